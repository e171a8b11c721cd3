//! Asking the DLM for a lock: opening its file in dlmfs (`dlmfs_file_open`, `fs/ocfs2/dlmfs/dlmfs.c`).
//!
//! A question (`O_NONBLOCK`) is answered at once, a busy lock with ETXTBSY. But busy is also what no node holds any more and one
//! keeps, as dlmfs does until another node wants it: a question is no want, and that node is not told of it. Only a request that
//! waits makes it let go. So after some questions the lock is waited for in the DLM's queue, in the order of asking. No signal
//! ends that wait (`wait_event` in `user_dlm_cluster_lock`, `fs/ocfs2/dlmfs/userdlm.c`): the process that waits counts as load, and
//! after 120 s the kernel's log tells of it. It is the keeper, so the program itself can be ended. Where such a process makes the
//! kernel panic (`kernel.hung_task_panic`) it is only asked again and again. The time between questions grows to [`LONGEST`] only:
//! the one that has waited longest must not be the one that asks most seldom. It is spread, so that nodes do not ask in step.

use super::turn::Share;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::Path;
use std::time::Duration;

/// The first time between two questions.
const SHORTEST: Duration = Duration::from_millis(1);
/// The longest time between two questions, before it is spread.
const LONGEST: Duration = Duration::from_millis(100);
/// Questions that are asked before it is waited, or given up: a node that is just giving the lock back has done so then.
const QUESTIONS: u32 = 6;

/// How a busy lock is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is not.
    Once,
    /// In the DLM's own queue; no signal ends that.
    Queue,
    /// It is asked for again and again.
    Poll,
}

/// Why there is no lock.
#[derive(Debug)]
pub enum NoLock {
    /// Another node has it.
    Busy,
    /// The domain is gone.
    Gone,
    /// It is not wanted any more.
    Abandoned,
    /// The kernel refuses.
    Failed(io::Error),
}

/// Opens the lock's file, which is the lock. `open` is told whether to wait in the kernel; `wait` waits so long, and says whether the
/// lock is still wanted; `busy` is called when it turns out to be busy.
pub fn ask(
    mut open: impl FnMut(bool) -> io::Result<File>,
    way: Way,
    mut wait: impl FnMut(Duration) -> bool,
    mut busy: impl FnMut(),
) -> Result<File, NoLock> {
    let (mut pause, mut questions) = (SHORTEST, 0u32);
    loop {
        let error = match open(way == Way::Queue && questions >= QUESTIONS) {
            Ok(lock) => return Ok(lock),
            Err(error) => error,
        };
        match Errno::from_io_error(&error) {
            // A signal: the question was not asked.
            Some(Errno::INTR) => {}
            Some(Errno::NOENT) => return Err(NoLock::Gone),
            Some(Errno::TXTBSY) => {
                questions += 1;
                match way {
                    Way::Once if questions >= QUESTIONS => return Err(NoLock::Busy),
                    Way::Poll | Way::Queue if questions == 1 => busy(),
                    _ => {}
                }
                if !wait(spread(pause)) {
                    return Err(NoLock::Abandoned);
                }
                pause = (pause * 2).min(LONGEST);
            }
            _ => return Err(NoLock::Failed(error)),
        }
    }
}

/// Half to all of a time, by chance.
fn spread(time: Duration) -> Duration {
    // Each RandomState has keys of its own.
    let chance = (RandomState::new().hash_one(0) % 1024) as u32;
    time / 2 + time * chance / 2048
}

/// Opens a file of dlmfs, and makes it. Reading is PR, writing is EX.
pub fn open_lock(path: &Path, share: Share, wait: bool) -> io::Result<File> {
    let access = if share == Share::Shared { OFlags::RDONLY } else { OFlags::RDWR };
    let block = if wait { OFlags::empty() } else { OFlags::NONBLOCK };
    Ok(open(path, access | block | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::RUSR | Mode::WUSR)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    const ETXTBSY: i32 = 26;
    const EINTR: i32 = 4;
    const ENOENT: i32 = 2;
    const EINVAL: i32 = 22;

    /// A kernel that answers so, in this order.
    fn answers(answers: &[i32]) -> impl FnMut(bool) -> io::Result<File> {
        let mut answers = answers.iter();
        move |_| match answers.next().expect("asked too often") {
            0 => File::open("/dev/null"),
            number => Err(io::Error::from_raw_os_error(*number)),
        }
    }

    #[test]
    fn a_busy_lock_is_asked_for_again_ever_slower_but_never_slowly() {
        let mut open = vec![ETXTBSY; 40];
        open.push(0);
        let (waits, told) = (RefCell::new(Vec::new()), Cell::new(0));
        let wait = |time| {
            waits.borrow_mut().push(time);
            true
        };
        ask(answers(&open), Way::Poll, wait, || told.set(told.get() + 1)).unwrap();
        let waits = waits.into_inner();
        assert_eq!((waits.len(), told.get()), (40, 1));
        assert!(waits[0] <= SHORTEST && waits.iter().all(|wait| *wait <= LONGEST));
        assert!(waits[39] >= LONGEST / 2 && waits.windows(2).any(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn asking_once_gives_another_node_the_time_to_let_go() {
        let told = Cell::new(false);
        ask(answers(&[ETXTBSY, ETXTBSY, 0]), Way::Once, |_| true, || told.set(true)).unwrap();
        let no = ask(answers(&[ETXTBSY; QUESTIONS as usize]), Way::Once, |_| true, || told.set(true)).unwrap_err();
        assert!(matches!(no, NoLock::Busy) && !told.get());
    }

    #[test]
    fn after_some_questions_it_is_waited_for_in_the_kernel() {
        let waits = RefCell::new(Vec::new());
        let open = |waiting| {
            waits.borrow_mut().push(waiting);
            if waiting { File::open("/dev/null") } else { Err(io::Error::from_raw_os_error(ETXTBSY)) }
        };
        ask(open, Way::Queue, |_| true, || ()).unwrap();
        let waits = waits.into_inner();
        assert_eq!((waits.len(), waits.iter().filter(|waiting| **waiting).count()), (QUESTIONS as usize + 1, 1));
    }

    #[test]
    fn what_is_not_busy_is_not_waited_for() {
        let never = |_| panic!("waited");
        assert!(matches!(ask(answers(&[ENOENT]), Way::Poll, never, || ()), Err(NoLock::Gone)));
        let Err(NoLock::Failed(error)) = ask(answers(&[EINTR, EINVAL]), Way::Poll, never, || ()) else { panic!() };
        assert_eq!(error.raw_os_error(), Some(EINVAL));
        assert!(matches!(ask(answers(&[ETXTBSY]), Way::Poll, |_| false, || ()), Err(NoLock::Abandoned)));
    }
}
