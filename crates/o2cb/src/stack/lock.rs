//! One changing `o2cb` at a time on a machine.

use crate::errno;
use crate::place::Place;
use anyhow::bail;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};

/// The lock's file. Its content means nothing.
const FILE: &str = "/run/o2cb.lock";

/// Takes the lock; waits for another one and says so. It is released when the file is closed, also by a crash.
pub fn take(place: &Place) -> anyhow::Result<File> {
    let path = place.at(FILE);
    let file = match OpenOptions::new().write(true).create(true).truncate(false).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            bail!("{}: {}: this needs root", path.display(), errno::shown(&error))
        }
        Err(error) => bail!("{}: {}", path.display(), errno::shown(&error)),
    };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        writeln!(io::stderr(), "o2cb: another o2cb is at work; waiting for it")?;
        flock(&file, FlockOperation::LockExclusive)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_has_to_wait() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        let place = Place::under(folder.path(), None);
        let held = take(&place).unwrap();
        let other = OpenOptions::new().write(true).open(place.at(FILE)).unwrap();
        assert!(flock(&other, FlockOperation::NonBlockingLockExclusive).is_err());
        drop(held);
        flock(&other, FlockOperation::NonBlockingLockExclusive).unwrap();
    }
}
