//! How a file is replaced: a new one is written beside it, forced to the disk, and renamed over it.

use super::{FileError, LockedFile, beside, failed};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::Path;

/// What has just been done. Between any two of them the machine may stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// What an editor left that was stopped is gone.
    Cleared,
    /// The new file is there, empty.
    Created,
    /// Half of its bytes.
    HalfWritten,
    /// All of its bytes.
    Written,
    /// Owner, mode and labels of the old one.
    Dressed,
    /// On the disk, under its own name.
    Synced,
    /// In the place of the old one.
    Renamed,
    /// The folder is on the disk.
    FolderSynced,
}

/// Which file is written, and what was done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The copy of the old file.
    Backup(Step),
    /// The file.
    File(Step),
}

impl LockedFile {
    /// [`LockedFile::replace`] that tells each step.
    pub(super) fn replace_with(&self, old: Option<&[u8]>, new: &[u8], tell: &mut dyn FnMut(Stage)) -> Result<(), FileError> {
        if old == Some(new) {
            return Ok(());
        }
        if let Some(old) = old {
            let backup = beside(&self.folder, &self.target, "", ".bak");
            self.put(&backup, old, old, &mut |step| tell(Stage::Backup(step)))?;
        }
        self.put(&self.target, old.unwrap_or_default(), new, &mut |step| tell(Stage::File(step)))
    }

    /// Writes `bytes` to `path`, dressed like the file, if the file still is `old`.
    fn put(&self, path: &Path, old: &[u8], bytes: &[u8], tell: &mut dyn FnMut(Step)) -> Result<(), FileError> {
        let new = beside(&self.folder, path, ".", ".new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&new, "remove what is left of it")(error)),
            _ => tell(Step::Cleared),
        }
        let written = self.write(&new, path, old, bytes, tell);
        if written.is_err() {
            // The reason is told; the next editor clears what stays.
            let _ = fs::remove_file(&new);
        }
        written
    }

    fn write(&self, new: &Path, path: &Path, old: &[u8], bytes: &[u8], tell: &mut dyn FnMut(Step)) -> Result<(), FileError> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new).map_err(failed(new, "create it"))?;
        tell(Step::Created);
        let (first, second) = bytes.split_at(bytes.len() / 2);
        file.write_all(first).map_err(failed(new, "write it"))?;
        tell(Step::HalfWritten);
        file.write_all(second).map_err(failed(new, "write it"))?;
        tell(Step::Written);
        self.dress(&file, new)?;
        tell(Step::Dressed);
        file.sync_all().map_err(failed(new, "force it to the disk"))?;
        tell(Step::Synced);
        if self.read()?.unwrap_or_default() != old {
            return Err(FileError::ChangedMeanwhile(self.target.clone()));
        }
        fs::rename(new, path).map_err(failed(path, "replace it"))?;
        tell(Step::Renamed);
        let folder = File::open(&self.folder).and_then(|folder| folder.sync_all());
        folder.map_err(failed(&self.folder, "force the folder to the disk"))?;
        tell(Step::FolderSynced);
        Ok(())
    }

    /// Gives a file the owner, labels and mode of the one in use; a first one is readable by all, as ocfs2-tools make it.
    fn dress(&self, file: &File, path: &Path) -> Result<(), FileError> {
        let old = match File::open(&self.target) {
            Ok(old) => old,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return file.set_permissions(Permissions::from_mode(0o644)).map_err(failed(path, "set its mode"));
            }
            Err(error) => return Err(failed(&self.target, "open it")(error)),
        };
        let (wanted, found) = (old.metadata(), file.metadata());
        let wanted = wanted.map_err(failed(&self.target, "read its owner"))?;
        let found = found.map_err(failed(path, "read its owner"))?;
        if (wanted.uid(), wanted.gid()) != (found.uid(), found.gid()) {
            fchown(file, Some(wanted.uid()), Some(wanted.gid())).map_err(failed(path, "give it the owner of the old file"))?;
        }
        copy_labels(&old, file).map_err(failed(path, "give it the labels of the old file"))?;
        // Last: a change of owner may clear bits of the mode.
        file.set_permissions(Permissions::from_mode(wanted.mode() & 0o7777)).map_err(failed(path, "set its mode"))
    }
}

/// Copies extended attributes: access lists and security labels.
fn copy_labels(from: &File, to: &File) -> io::Result<()> {
    let mut names = vec![0; 65_536];
    let length = match rustix::fs::flistxattr(from, &mut names[..]) {
        // Nothing to copy where the file system knows no such thing.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => return Ok(()),
        length => length?,
    };
    let mut value = vec![0; 65_536];
    let mut present = vec![0; 65_536];
    for name in names.get(..length).unwrap_or_default().split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let length = match rustix::fs::fgetxattr(from, name, &mut value[..]) {
            // Gone since it was listed.
            Err(rustix::io::Errno::NODATA) => continue,
            length => length?,
        };
        let wanted = value.get(..length).unwrap_or_default();
        // The system gave the new file its labels: those that are right need no permission to be set.
        if rustix::fs::fgetxattr(to, name, &mut present[..]).is_ok_and(|length| present.get(..length) == Some(wanted)) {
            continue;
        }
        rustix::fs::fsetxattr(to, name, wanted, rustix::fs::XattrFlags::empty())?;
    }
    Ok(())
}
