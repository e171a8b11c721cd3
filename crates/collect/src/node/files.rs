//! A node's files: of this machine, of a folder that stands for one, or of a frame of a recording.

use super::handle_path::{self, Answer};
use super::o2cb_slots::DeviceAt;
use super::{task_reader, tcp_sockets};
use formats::file_handle::FileHandle;
use formats::sock_diag::Socket;
use sample::task::TaskRequest;
use sample::{NodeClock, TasksSample};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What the collector needs of a node's file tree. Paths start with `/` and hold no `..`.
pub trait NodeFiles {
    /// The file's contents, at most `limit` bytes.
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>>;
    /// The names in a directory, sorted.
    fn list(&self, path: &str) -> io::Result<Vec<String>>;
    /// The dumps of this path to be read for one sample, first to last: one live file, or the dumps that a frame holds.
    fn dumps(&self, path: &str) -> io::Result<Vec<Dump>>;
    /// Whether a dump may be read again at once for a further pass.
    fn can_repeat(&self) -> bool;
    /// Where a symbolic link of `/proc` leads; a recording has none.
    fn link(&self, _path: &str) -> io::Result<String> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// The processes behind locks. On a live node a child looks, which can be killed if something hangs.
    fn tasks(&self, request: &TaskRequest) -> TasksSample;
    /// The path of an inode by its file handle, on the file system mounted at `mount`; a child asks, since that may hang.
    fn path_of(&self, _mount: &str, _handle: &FileHandle) -> Answer {
        Answer::Told(Err("no path is asked for the way this node is read".to_owned()))
    }
    /// Where a block device is that the kernel names so; `None`: it cannot be read the way this node is read.
    fn device(&self, _name: &str) -> Option<DeviceAt> {
        None
    }
    /// The node's TCP sockets over IPv4, as its kernel tells them.
    fn tcp_sockets(&self) -> io::Result<Vec<Socket>> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// What the dump cost that was just read to its end, where it was read by another process than this one.
    fn cost(&self) -> Option<DumpCost> {
        None
    }
}

/// What a dump cost its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DumpCost {
    /// Reads that returned data.
    pub reads: u64,
    /// CPU time, µs.
    pub cpu_us: u64,
}

/// One dump, opened.
pub struct Dump {
    /// Its bytes.
    pub reader: Box<dyn Read>,
    /// Changes when the file is another one under the same path: the file system was mounted again.
    pub identity: Option<(u64, u64)>,
    /// How many reads that returned data made a recorded dump; `None` for a live file, whose reads are counted.
    pub recorded_reads: Option<u64>,
    /// The node's clocks when a recorded dump began; `None` for a live file, which is read now.
    pub recorded_clock: Option<NodeClock>,
    /// How long a recorded dump took on its node, µs.
    pub recorded_wall_us: Option<u64>,
    /// Whether the reader is the kernel, whose record losses depend on the sizes of reads.
    pub live: bool,
}

/// Files below a folder: `/` for this machine.
#[derive(Clone, Debug)]
pub struct RootFiles {
    root: PathBuf,
    live: bool,
}

impl RootFiles {
    /// The files of this machine.
    pub fn this_machine() -> RootFiles {
        RootFiles { root: PathBuf::from("/"), live: true }
    }

    /// A folder that stands for a machine; read as if it were live.
    pub fn below(root: impl Into<PathBuf>) -> RootFiles {
        RootFiles { root: root.into(), live: true }
    }

    /// A capture: files that do not change, whose reads are not known.
    pub fn capture(root: impl Into<PathBuf>) -> RootFiles {
        RootFiles { root: root.into(), live: false }
    }

    /// Whether they are this machine's own.
    pub fn is_this_machine(&self) -> bool {
        self.live && self.root == Path::new("/")
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(Path::new(path).strip_prefix("/").unwrap_or(Path::new(path)))
    }
}

impl NodeFiles for RootFiles {
    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path(path))?.take(limit as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.path(path))? {
            // A name that is no UTF-8 is none of the kernel's.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn dumps(&self, path: &str) -> io::Result<Vec<Dump>> {
        let file = File::open(self.path(path))?;
        let stat = rustix::fs::fstat(&file)?;
        let identity = Some((stat.st_dev, stat.st_ino));
        // A capture does not tell when it was made.
        let recorded_clock = (!self.live).then(NodeClock::default);
        Ok(vec![Dump { reader: Box::new(file), identity, recorded_reads: None, recorded_clock, recorded_wall_us: None, live: self.live }])
    }

    fn can_repeat(&self) -> bool {
        self.live
    }

    fn link(&self, path: &str) -> io::Result<String> {
        Ok(std::fs::read_link(self.path(path))?.to_string_lossy().into_owned())
    }

    fn tasks(&self, request: &TaskRequest) -> TasksSample {
        if self.live { task_reader::in_child(request) } else { task_reader::look(self, request) }
    }

    fn path_of(&self, mount: &str, handle: &FileHandle) -> Answer {
        if self.live && self.root == Path::new("/") {
            return handle_path::ask(mount, handle);
        }
        Answer::Told(Err("these files are not this machine's: there is no kernel to ask".to_owned()))
    }

    fn device(&self, name: &str) -> Option<DeviceAt> {
        // The kernel writes `!` for the `/` of a name (`dev_set_name`, `kobject_set_name_vargs`).
        let path = self.path(&format!("/dev/{}", name.replace('!', "/")));
        match (self.is_this_machine(), self.live) {
            (true, _) => Some(DeviceAt::Machine(path)),
            (false, true) => Some(DeviceAt::File(path)),
            (false, false) => None,
        }
    }

    fn tcp_sockets(&self) -> io::Result<Vec<Socket>> {
        if self.is_this_machine() { tcp_sockets::ask() } else { Err(io::ErrorKind::Unsupported.into()) }
    }
}
