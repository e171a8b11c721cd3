//! Configuration files are changed one editor at a time, and as a whole: whatever happens, there is the old file or the new one.
//!
//! Beside a file `cluster.conf` lie, in its folder, `.cluster.conf.lock` (empty; who changes the file holds a lock on it, also
//! while reading what is to be changed), `cluster.conf.bak` (the file before its last change) and, for a moment,
//! `.cluster.conf.new` and `.cluster.conf.bak.new`.

mod replace;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes: 255 nodes and 32 regions take 30 kB.
const LARGEST: u64 = 4 << 20;
/// Symbolic links that are followed, as the kernel does.
const LINKS: u32 = 40;

/// A file could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says no.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was to be done.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A folder, a device, a pipe.
    #[error("{}: not a file; name a file with --config-file", .0.display())]
    NotAFile(PathBuf),
    /// Far larger than any configuration.
    #[error("{}: larger than {LARGEST} bytes, which no configuration is", .0.display())]
    TooLarge(PathBuf),
    /// Somebody who does not know of the lock changed it.
    #[error("{}: changed by another program meanwhile; nothing was written: do it again", .0.display())]
    ChangedMeanwhile(PathBuf),
    /// Links that end nowhere.
    #[error("{}: too many symbolic links", .0.display())]
    Links(PathBuf),
}

fn failed<'a>(path: &'a Path, action: &'static str) -> impl FnOnce(io::Error) -> FileError + 'a {
    move |source| FileError::Io { path: path.to_owned(), action, source }
}

/// Reads a file; `None` if there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(FileError::NotAFile(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, "read it")(error)),
    }
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed(path, "open it"))?,
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed(path, "read it"))?;
    if bytes.len() as u64 > LARGEST { Err(FileError::TooLarge(path.to_owned())) } else { Ok(Some(bytes)) }
}

/// A file that nobody else changes as long as this lives.
#[derive(Debug)]
pub struct LockedFile {
    /// The file itself, behind all symbolic links.
    target: PathBuf,
    folder: PathBuf,
    /// Closing it gives the lock back.
    _lock: File,
}

impl LockedFile {
    /// Waits until no other editor has the file. Its folder is made if it is not there; the file need not be.
    pub fn lock(path: &Path) -> Result<LockedFile, FileError> {
        let target = behind_links(path)?;
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        match DirBuilder::new().mode(0o755).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(&folder, "make the folder")(error)),
            _ => {}
        }
        let path = beside(&folder, &target, ".", ".lock");
        // Not for others: who can open it can hold the lock.
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(failed(&path, "open the lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                crate::say(&format!("o2cb: waiting for another program that is changing {}", target.display()));
                lock.lock().map_err(failed(&path, "lock it"))?;
            }
            Err(TryLockError::Error(error)) => return Err(failed(&path, "lock it")(error)),
        }
        Ok(LockedFile { target, folder, _lock: lock })
    }

    /// Reads it; `None` if there is none.
    pub fn read(&self) -> Result<Option<Vec<u8>>, FileError> {
        read(&self.target)
    }

    /// Puts `new` in the place of `old`, which [`LockedFile::read`] gave. Owner, mode and labels stay; `old` becomes the backup.
    /// When this returns, the new file is on the disk.
    pub fn replace(&self, old: Option<&[u8]>, new: &[u8]) -> Result<(), FileError> {
        self.replace_with(old, new, &mut |_| {})
    }
}

/// Where a path leads: the last of its symbolic links is resolved even if nothing is there.
fn behind_links(path: &Path) -> Result<PathBuf, FileError> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = target.parent().unwrap_or(Path::new("")).join(link),
            // Not a link, or not there.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => return Ok(target),
            Err(error) => return Err(failed(&target, "read it")(error)),
        }
    }
    Err(FileError::Links(path.to_owned()))
}

/// A file beside another one, its name between two texts.
fn beside(folder: &Path, target: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = OsString::from(before);
    name.push(target.file_name().unwrap_or_default());
    name.push(after);
    folder.join(name)
}
