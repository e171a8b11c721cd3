//! Whose turn it is on this node: a flock on a file below `/run`.
//!
//! A lock of the DLM belongs to the node: two processes of one node both get it. So each takes its turn here first. The file goes
//! with its last user, which holds it alone then; one that waited for a file that is gone takes its turn at the new one.

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// With whom a turn is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Others that share may have their turn at the same time.
    Shared,
    /// Nobody else.
    Exclusive,
}

/// What is to become of the thing in dlmfs that a turn is about: the file's only byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is not ours, and stays.
    Foreign,
    /// An `o2cb lock` made it: the last one that uses it removes it.
    Made,
    /// An `o2cb lock` was told to keep it.
    Kept,
}

impl Mark {
    fn byte(self) -> u8 {
        match self {
            Mark::Foreign => b'f',
            Mark::Made => b'm',
            Mark::Kept => b'k',
        }
    }
}

/// A turn; it ends when this is dropped, also by a crash.
#[derive(Debug)]
pub struct Turn {
    file: File,
    path: PathBuf,
}

impl Turn {
    /// Takes a turn; `None` if somebody else has it.
    pub fn take(path: &Path, share: Share) -> io::Result<Option<Turn>> {
        let operation = match share {
            Share::Shared => FlockOperation::NonBlockingLockShared,
            Share::Exclusive => FlockOperation::NonBlockingLockExclusive,
        };
        loop {
            let Some(file) = open(path)? else { continue };
            match flock(&file, operation) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let turn = Turn { file, path: path.to_owned() };
            if turn.is_there()? {
                return Ok(Some(turn));
            }
        }
    }

    /// Waits for a turn, for whoever sets `given_up` if it is not wanted any more: from then on no file is made, and nothing is delivered.
    /// For a thread that may be cut off at any time by the end of its process.
    pub fn wait(path: &Path, share: Share, given_up: &Mutex<bool>, deliver: impl FnOnce(io::Result<Turn>)) {
        let (now, waiting) = match share {
            Share::Shared => (FlockOperation::NonBlockingLockShared, FlockOperation::LockShared),
            Share::Exclusive => (FlockOperation::NonBlockingLockExclusive, FlockOperation::LockExclusive),
        };
        loop {
            // Held from the making of a file until it is delivered or dropped.
            let mut gate = given_up.lock().unwrap_or_else(PoisonError::into_inner);
            if *gate {
                return;
            }
            let file = match open(path) {
                Ok(Some(file)) => file,
                Ok(None) => continue,
                Err(error) => return deliver(Err(error)),
            };
            let mut got = flock(&file, now);
            if got == Err(Errno::WOULDBLOCK) {
                drop(gate);
                got = flock(&file, waiting);
                gate = given_up.lock().unwrap_or_else(PoisonError::into_inner);
                if *gate {
                    return;
                }
            }
            let turn = Turn { file, path: path.to_owned() };
            match got.map_err(io::Error::from).and_then(|()| turn.is_there()) {
                Ok(true) => return deliver(Ok(turn)),
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return deliver(Err(error)),
            }
        }
    }

    /// Whether the file is the one at its path still: its last user may have removed it.
    pub fn is_there(&self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match self.path.symlink_metadata() {
            Ok(now) => Ok((now.dev(), now.ino()) == (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether nobody else has a turn or will have one before this ends. If somebody has, this one may be over: it is only asked
    /// at the end.
    pub fn alone(&self) -> bool {
        flock(&self.file, FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    /// What is noted.
    pub fn mark(&self) -> io::Result<Mark> {
        let mut byte = [0];
        Ok(match self.file.read_at(&mut byte, 0)? {
            1 if byte == [Mark::Made.byte()] => Mark::Made,
            1 if byte == [Mark::Kept.byte()] => Mark::Kept,
            _ => Mark::Foreign,
        })
    }

    /// When something was noted last; two answers are equal if nothing was in between. `None`: nobody has turns.
    pub fn last_use(path: &Path) -> Option<SystemTime> {
        path.symlink_metadata().and_then(|data| data.modified()).ok()
    }

    /// Notes it.
    pub fn set_mark(&self, mark: Mark) -> io::Result<()> {
        self.file.write_all_at(&[mark.byte()], 0)
    }

    /// Lets others share it from now on. `false`: somebody removed the file in between.
    pub fn shared(&self) -> io::Result<bool> {
        loop {
            match flock(&self.file, FlockOperation::LockShared) {
                Ok(()) => return self.is_there(),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Removes its file if this is its only user and nothing is to be done for it later: one that was taken, but not needed, leaves
    /// none.
    pub fn leave(&self) -> io::Result<()> {
        if self.alone() && self.mark()? == Mark::Foreign { self.remove() } else { Ok(()) }
    }

    /// Removes its file, and the folder if nothing else is in it. To be called when [`Turn::alone`]; the turn should end then.
    pub fn remove(&self) -> io::Result<()> {
        std::fs::remove_file(&self.path)?;
        match self.path.parent().map(std::fs::remove_dir) {
            // Other locks of the domain have their turns there.
            Some(Err(error)) if !matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => Err(error),
            _ => Ok(()),
        }
    }
}

/// A turn that was waited for, on its way to whoever wanted it. If that one has gone, it leaves no file.
#[derive(Debug)]
pub struct Offered(Option<Turn>);

impl Offered {
    /// A turn that was got, if it was.
    pub fn new(turn: Option<Turn>) -> Offered {
        Offered(turn)
    }

    /// Whoever wanted it is there.
    pub fn claim(mut self) -> Option<Turn> {
        self.0.take()
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        // Nobody is left to be told that this failed; a file that stays is harmless.
        let _ = self.0.as_ref().map(Turn::leave);
    }
}

/// Opens or makes the file, in a folder of root's own; `None` if the folder was removed meanwhile.
fn open(path: &Path) -> io::Result<Option<File>> {
    if let Some(folder) = path.parent() {
        match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
            Ok(()) => {}
            // It was there, and then it was not.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.symlink_metadata().map_or(true, |data| data.is_dir()) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    match OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(nofollow).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn waited(path: &Path) -> Turn {
        let mut got = None;
        Turn::wait(path, Share::Exclusive, &Mutex::new(false), |turn| got = Some(turn));
        got.unwrap().unwrap()
    }

    #[test]
    fn one_that_gave_up_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web/a");
        Turn::wait(&path, Share::Exclusive, &Mutex::new(true), |_| panic!("delivered"));
        assert!(!path.exists());
        // Given up while it waits.
        let given_up = Mutex::new(false);
        let held = now(&path, Share::Exclusive).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| Turn::wait(&path, Share::Exclusive, &given_up, |_| panic!("delivered")));
            *given_up.lock().unwrap() = true;
            held.remove().unwrap();
            drop(held);
            waiting.join().unwrap();
        });
        assert!(!path.exists());
    }

    fn now(path: &Path, share: Share) -> Option<Turn> {
        Turn::take(path, share).unwrap()
    }

    #[test]
    fn readers_share_and_a_writer_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web/backup");
        let first = now(&path, Share::Shared).unwrap();
        let second = now(&path, Share::Shared).unwrap();
        assert!(now(&path, Share::Exclusive).is_none() && !first.alone());
        drop(first);
        assert!(second.alone() && now(&path, Share::Shared).is_none());
        second.remove().unwrap();
        assert!(!folder.path().join("web").exists());
    }

    #[test]
    fn a_mark_stays_for_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web/backup");
        let turn = now(&path, Share::Exclusive).unwrap();
        assert_eq!(turn.mark().unwrap(), Mark::Foreign);
        for mark in [Mark::Made, Mark::Kept, Mark::Foreign, Mark::Made] {
            turn.set_mark(mark).unwrap();
            assert_eq!(turn.mark().unwrap(), mark);
        }
        drop(turn);
        assert_eq!(now(&path, Share::Shared).unwrap().mark().unwrap(), Mark::Made);
    }

    #[test]
    fn a_turn_that_nobody_claims_leaves_only_what_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web/backup");
        let offered = |share| Offered::new(now(&path, share));
        drop(offered(Share::Exclusive));
        assert!(!folder.path().join("web").exists());
        offered(Share::Exclusive).claim().unwrap();
        assert!(path.exists(), "whoever claimed it does that");
        let other = now(&path, Share::Shared).unwrap();
        drop(offered(Share::Shared));
        assert!(path.exists(), "somebody else has a turn");
        other.set_mark(Mark::Made).unwrap();
        drop(other);
        drop(offered(Share::Exclusive));
        assert_eq!(now(&path, Share::Shared).unwrap().mark().unwrap(), Mark::Made, "the next one clears up");
    }

    /// Each of many threads removes the file when it can: never two at once, and at the end nothing is left.
    #[test]
    fn turns_are_taken_one_by_one_while_the_file_comes_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web/backup");
        let (inside, rounds) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let turn = waited(&path);
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        rounds.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        assert!(turn.alone());
                        turn.remove().unwrap();
                    }
                });
            }
        });
        assert_eq!(rounds.into_inner(), 800);
        assert!(!folder.path().join("web").exists());
    }
}
