//! Changing the defaults' file: the old one or the new one is there, never half of one.

use anyhow::{Context as _, anyhow};
use formats::sysconfig::Sysconfig;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, fchown};
use std::path::Path;

/// Sets these variables; comments, other variables, owner and mode stay. A symbolic link is followed.
pub fn change(path: &Path, changes: &[(&'static str, String)]) -> anyhow::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (bytes, metadata) = match fs::read(&target) {
        Ok(bytes) => (bytes, Some(fs::metadata(&target).with_context(|| target.display().to_string())?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), None),
        Err(error) => return Err(error).with_context(|| target.display().to_string()),
    };
    let mut file = Sysconfig::parse(&bytes);
    for (variable, value) in changes {
        file.set(variable, value).map_err(|_| anyhow!("{}: {variable} cannot be set: the file ends within a quote", target.display()))?;
    }
    let new = file.to_bytes();
    if new == bytes && metadata.is_some() {
        return Ok(());
    }
    replace(&target, &new, metadata.as_ref()).with_context(|| target.display().to_string())
}

fn replace(path: &Path, bytes: &[u8], like: Option<&fs::Metadata>) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // One that is left by a run that was killed is overwritten.
    let temporary = folder.join(format!(".{}.o2cb-new", name.to_string_lossy()));
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mode = like.map_or(0o644, |metadata| metadata.mode() & 0o7777);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
    if let Some(metadata) = like {
        fchown(&file, Some(metadata.uid()), Some(metadata.gid()))?;
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn unknown_variables_comments_and_the_mode_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("o2cb");
        fs::write(&path, "# ours\nO2CB_ENABLED=false\nSITE=\"a b\"\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        change(&link, &[("O2CB_ENABLED", "true".to_owned()), ("O2CB_IDLE_TIMEOUT_MS", "60000".to_owned())]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "# ours\nO2CB_ENABLED=true\nSITE=\"a b\"\nO2CB_IDLE_TIMEOUT_MS=60000\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
