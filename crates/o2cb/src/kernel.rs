//! Everything that is done to the machine, and everything that is looked at.
//!
//! Two walls: a query gets a [`Look`], which has no method that changes anything; only verbs that change something get a
//! [`Kernel`]. So `status` and `--dry-run` cannot load, mount or write, whatever their code says.

use crate::program::Answer;
use std::io;
use std::time::Duration;

mod real;

#[cfg(test)]
pub(crate) mod model;

pub use real::Machine;

/// `/sys/kernel/config/cluster`: there while `ocfs2_nodemanager` is loaded and configfs is mounted.
pub const CLUSTERS: &str = "/sys/kernel/config/cluster";
/// Where configfs belongs.
pub const CONFIGFS: &str = "/sys/kernel/config";
/// Where dlmfs belongs.
pub const DLMFS: &str = "/dlm";
/// Where debugfs belongs.
pub const DEBUGFS: &str = "/sys/kernel/debug";
/// The label of the stack that OCFS2 uses (`ocfs2_stackglue`).
pub const CLUSTER_STACK: &str = "/sys/fs/ocfs2/cluster_stack";
/// The names of the stack plugins that are loaded.
pub const PLUGINS: &str = "/sys/fs/ocfs2/loaded_cluster_plugins";

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// Looking. Paths are absolute on the machine.
pub trait Look {
    /// The whole content of a file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// At most the first `most` bytes of a file.
    fn read_start(&self, path: &str, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = self.read(path)?;
        bytes.truncate(most);
        Ok(bytes)
    }
    /// The same of a file of which each read(2) loses a record, where it ends: by reads of random size, so that none is lost each time.
    fn read_spread(&self, path: &str, most: usize) -> io::Result<Vec<u8>> {
        self.read_start(path, most)
    }
    /// The names in a folder, sorted. Entries are not opened and not stat'ed.
    fn list(&self, folder: &str) -> io::Result<Vec<Entry>>;
    /// Where a symbolic link points. What it points to is not touched.
    fn link(&self, path: &str) -> io::Result<String>;
    /// The host's name.
    fn host_name(&self) -> io::Result<String>;
}

/// Changing. Each method does one thing; an error is the kernel's errno wherever there is one.
pub trait Kernel: Look {
    /// Writes `value` with exactly one write(2) to a file that exists.
    fn write(&mut self, file: &str, value: &str) -> io::Result<()>;
    /// mkdir(2).
    fn make_folder(&mut self, path: &str) -> io::Result<()>;
    /// rmdir(2).
    fn remove_folder(&mut self, path: &str) -> io::Result<()>;
    /// unlink(2).
    fn remove_file(&mut self, path: &str) -> io::Result<()>;
    /// Mounts a file system that has no device.
    fn mount(&mut self, fs_type: &str, at: &str) -> io::Result<()>;
    /// umount(2), never lazily and never by force.
    fn unmount(&mut self, at: &str) -> io::Result<()>;
    /// `/sbin/modprobe MODULE`.
    fn load_module(&mut self, module: &str) -> io::Result<()>;
    /// `/sbin/modprobe -r MODULE`, which also takes modules that nothing needs any more.
    fn unload_module(&mut self, module: &str) -> io::Result<()>;
    /// Opens `device` and writes the number of the open file to the region's `dev`. Returns when the heartbeat is steady: up to
    /// 9 iterations of 2 s, in global mode 15 for the first region.
    fn start_region(&mut self, folder: &str, device: &str) -> io::Result<()>;
    /// Runs a program without a shell, its arguments as they are, until `deadline`.
    fn run(&mut self, program: &str, arguments: &[String], deadline: Duration) -> io::Result<Answer>;
    /// Asks a process to end and, if it does not within 5 s, kills it. `started`: its start time, field 22 of `/proc/PID/stat`,
    /// so that never another process that got its pid is hit.
    fn end_process(&mut self, pid: u32, started: u64) -> io::Result<()>;
    /// Waits.
    fn pause(&mut self, time: Duration);
}
