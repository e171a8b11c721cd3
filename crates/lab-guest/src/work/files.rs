//! Opening files, with the path in what is said of failures.

use anyhow::Context as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Makes the directory if it is not there; another node may make it at the same moment.
pub fn make_directory(directory: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())
}

/// How often an open is tried that another node's creation of the file was in the way of.
const TRIES: u32 = 20;

/// Opens a file that several nodes write to, and makes it if it is not there. OCFS2 says `EEXIST` even without `O_EXCL` when
/// another node makes the file at the same moment.
pub fn open_shared(path: &Path) -> anyhow::Result<File> {
    let mut left = TRIES;
    loop {
        left -= 1;
        match OpenOptions::new().create(true).append(true).read(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && left > 0 => {}
            result => return result.with_context(|| path.display().to_string()),
        }
    }
}

/// Makes a new file with a line in it; an error if it is there already.
pub fn create(path: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new().create_new(true).write(true).open(path)?.write_all(line.as_bytes())
}

/// Appends a line to a file that is there.
pub fn append(path: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(line.as_bytes())
}
