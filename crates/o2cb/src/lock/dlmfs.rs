//! What is at `/dlm`: dlmfs, or on a fake machine an ordinary folder.

use rustix::fs::{fstatfs, statfs};
use std::fs::File;
use std::io;
use std::path::Path;

/// `f_type` of dlmfs: `DLMFS_MAGIC` (`fs/ocfs2/dlmfs/dlmfs.c`).
const MAGIC: u64 = 0x76a9_f425;

/// How dlmfs is reached.
#[derive(Clone, Copy, Debug)]
pub struct Dlmfs {
    /// Whether it must be dlmfs. On an ordinary file system each node would get each lock.
    pub real: bool,
    /// Joins a domain, which is making its folder.
    pub join: fn(&Path) -> io::Result<()>,
}

impl Dlmfs {
    /// That of this machine; `real`: it is no fake one.
    pub fn new(real: bool) -> Dlmfs {
        Dlmfs { real, join: |folder| std::fs::create_dir(folder) }
    }

    /// Whether this folder is in it. The mount point itself is no folder that dlmfs locks.
    pub fn is_at(self, folder: &Path) -> io::Result<bool> {
        Ok(!self.real || statfs(folder)?.f_type as u64 == MAGIC)
    }

    /// Whether an open file is in it.
    pub fn has(self, file: &File) -> io::Result<bool> {
        Ok(!self.real || fstatfs(file)?.f_type as u64 == MAGIC)
    }
}
