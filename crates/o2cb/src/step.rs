//! One change to the machine: what it is, how it is read back, how it is undone.

use crate::errno::Deed;
use crate::firewall::Opening;
use crate::found::{Seen, count_key, start_time};
use crate::kernel::{CLUSTER_STACK, Look, PLUGINS};
use std::io;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A module is loaded with all it needs.
    LoadModule(String),
    /// A module is unloaded with all that nothing else needs; nothing happens if it is not loaded.
    UnloadModule(String),
    /// A file system without a device is mounted.
    Mount {
        /// Its type.
        fs_type: String,
        /// Where.
        at: String,
    },
    /// It is unmounted.
    Unmount {
        /// Its type.
        fs_type: String,
        /// Where.
        at: String,
        /// Only if there is nothing in it.
        if_empty: bool,
    },
    /// A folder is made.
    MakeFolder(String),
    /// A folder is removed. The kernel may need a moment until a node's connection is gone.
    RemoveFolder(String),
    /// A file is removed.
    RemoveFile(String),
    /// A value is written.
    Write {
        /// Where.
        file: String,
        /// The name of the file in older kernels.
        older: Option<String>,
        /// What, with a newline where the kernel wants one.
        value: String,
    },
    /// The heartbeat of a region is started.
    StartRegion {
        /// Its folder in configfs.
        folder: String,
        /// Its device.
        device: String,
    },
    /// A region of local mode is stopped as the C tools do it: users are counted down until it is gone.
    StopCounted {
        /// Its UUID.
        uuid: String,
        /// Its folder in configfs.
        folder: String,
    },
    /// The C tools' count of a region's users is removed.
    ForgetCount {
        /// The region's UUID.
        uuid: String,
    },
    /// The firewall lets other nodes in.
    OpenPort(Opening),
    /// It does so no longer.
    ClosePort(Opening),
    /// A process is ended.
    EndProcess {
        /// Its pid.
        pid: u32,
        /// When it started.
        started: u64,
        /// Its name.
        name: String,
    },
}

/// How a change is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// By its opposite; what a file said is read just before it is written.
    Back,
    /// By these, in order.
    By(Vec<Action>),
    /// It goes with the folder around it.
    WithFolder,
    /// It stays: why that does no harm.
    Stays(&'static str),
}

/// A change in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The change.
    pub action: Action,
    /// In words.
    pub what: String,
    /// The init script's line that this belongs to: an index into [`crate::plan::Plan::lines`].
    pub line: Option<usize>,
    /// How it is taken back.
    pub undo: Undo,
    /// If the machine refuses it, the rest goes on.
    pub optional: bool,
}

impl Action {
    /// Writes `value` to `file`.
    pub fn write(file: impl Into<String>, value: impl Into<String>) -> Action {
        Action::Write { file: file.into(), older: None, value: value.into() }
    }

    /// Exactly what is done, for `--dry-run`.
    pub fn shown(&self) -> String {
        match self {
            Action::LoadModule(module) => format!("/sbin/modprobe {module}"),
            Action::UnloadModule(module) => format!("/sbin/modprobe -r {module}"),
            Action::Mount { fs_type, at } => format!("mount -t {fs_type} {fs_type} {at}"),
            Action::Unmount { at, if_empty, .. } => format!("umount {at}{}", if *if_empty { " (if nothing is in it)" } else { "" }),
            Action::MakeFolder(path) => format!("mkdir {path}"),
            Action::RemoveFolder(path) => format!("rmdir {path}"),
            Action::RemoveFile(path) => format!("unlink {path}"),
            Action::Write { file, value, .. } => format!("write {value:?} to {file}"),
            Action::StartRegion { folder, device } => format!("open {device} and write the open file's number to {folder}/dev"),
            Action::StopCounted { uuid, .. } => format!("/sbin/ocfs2_hb_ctl -K -u {uuid}, until the region is gone"),
            Action::ForgetCount { uuid } => format!("ipcrm -S {:#010x}", count_key(uuid)),
            Action::OpenPort(opening) => opening.shown(true),
            Action::ClosePort(opening) => opening.shown(false),
            Action::EndProcess { pid, name, .. } => format!("SIGTERM to {pid} ({name}), SIGKILL after 5 s"),
        }
    }

    /// The file or folder that an error is about; empty where there is none.
    pub fn path(&self) -> String {
        match self {
            Action::Mount { at, .. } | Action::Unmount { at, .. } => at.clone(),
            Action::MakeFolder(path) | Action::RemoveFolder(path) | Action::RemoveFile(path) => path.clone(),
            Action::Write { file, .. } => file.clone(),
            Action::StartRegion { folder, .. } => format!("{folder}/dev"),
            Action::StopCounted { folder, .. } => folder.clone(),
            _ => String::new(),
        }
    }

    /// What kind of deed it is, for the meaning of an error.
    pub fn deed(&self) -> Deed {
        match self {
            Action::Write { .. } => Deed::Write,
            Action::MakeFolder(_) => Deed::Make,
            Action::RemoveFolder(_) | Action::StopCounted { .. } => Deed::Remove,
            Action::StartRegion { .. } => Deed::Start,
            _ => Deed::Other,
        }
    }

    /// Whether it takes more than a moment.
    pub fn is_slow(&self) -> bool {
        matches!(self, Action::StartRegion { .. } | Action::EndProcess { .. } | Action::StopCounted { .. })
    }

    /// Looks whether the machine now is as this change would have it. The error says what it is instead.
    pub fn check(&self, look: &dyn Look) -> Result<(), String> {
        let (done, instead) = match self {
            Action::LoadModule(module) => (is_loaded(look, module), format!("module {module} is not there")),
            Action::UnloadModule(module) => (!in_proc_modules(look, module), format!("module {module} is still there")),
            Action::Mount { fs_type, at } => (is_mounted(look, fs_type, at), format!("no {fs_type} is mounted at {at}")),
            Action::Unmount { fs_type, at, if_empty } => {
                (*if_empty || !is_mounted(look, fs_type, at), format!("{fs_type} is still mounted at {at}"))
            }
            Action::MakeFolder(path) => (look.list(path).is_ok(), format!("there is no {path}")),
            Action::RemoveFolder(path) | Action::StopCounted { folder: path, .. } => {
                (is_gone(look.list(path)), format!("{path} is still there"))
            }
            Action::RemoveFile(path) => {
                let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
                let there = look.list(folder).is_ok_and(|entries| entries.iter().any(|entry| entry.name == name));
                (!there, format!("{path} is still there"))
            }
            Action::OpenPort(opening) => return opening.check(look, true),
            Action::ClosePort(opening) => return opening.check(look, false),
            Action::Write { file, older, value } => return reads_back(look, file, older.as_deref(), value),
            Action::StartRegion { folder, .. } => {
                let pid = Seen::text(look, &format!("{folder}/pid")).is().is_some_and(|pid| !pid.trim().is_empty());
                (pid, format!("{folder} has no heartbeat thread"))
            }
            Action::ForgetCount { uuid } => {
                let there = crate::found::Found::look(look).counted(uuid) == Some(true);
                (!there, format!("the semaphore set {:#010x} is still there", count_key(uuid)))
            }
            Action::EndProcess { pid, started, name } => {
                (start_time(look, *pid) != Some(*started), format!("process {pid} ({name}) still runs"))
            }
        };
        if done { Ok(()) } else { Err(instead) }
    }
}

fn is_gone<T>(looked: io::Result<T>) -> bool {
    looked.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn reads_back(look: &dyn Look, file: &str, older: Option<&str>, value: &str) -> Result<(), String> {
    let mut read = look.read(file);
    if let (Err(_), Some(older)) = (&read, older) {
        read = look.read(older);
    }
    let read = read.map_err(|error| format!("it cannot be read back: {}", crate::errno::shown(&error)))?;
    let read = String::from_utf8_lossy(&read);
    if read.trim() == value.trim() {
        return Ok(());
    }
    let why = if file.ends_with("/heartbeat/dead_threshold") || file.ends_with("/heartbeat/mode") {
        ": the kernel ignores this value in silence while any region exists"
    } else {
        ""
    };
    Err(format!("it reads back {:?}{why}", read.trim()))
}

fn is_mounted(look: &dyn Look, fs_type: &str, at: &str) -> bool {
    let mounts = look.read("/proc/self/mounts").map(|text| formats::mounts::parse_mounts(&text).0).unwrap_or_default();
    mounts.iter().any(|mount| mount.fs_type == fs_type && mount.mount_point == at)
}

fn in_proc_modules(look: &dyn Look, module: &str) -> bool {
    let text = look.read("/proc/modules").unwrap_or_default();
    String::from_utf8_lossy(&text).lines().any(|line| line.split(' ').next() == Some(module))
}

/// A module may be built into the kernel: what counts is what it brings.
fn is_loaded(look: &dyn Look, module: &str) -> bool {
    let words = |path: &str, word: &str| Seen::text(look, path).is().is_some_and(|text| text.split_whitespace().any(|found| found == word));
    match module {
        "configfs" | "ocfs2_dlmfs" => words("/proc/filesystems", module),
        "ocfs2_stackglue" => look.read(CLUSTER_STACK).is_ok(),
        // Of several plugins the kernel tells one only; see `found::machine::plugins`.
        "ocfs2_stack_o2cb" => words(PLUGINS, "o2cb") || in_proc_modules(look, module),
        _ => in_proc_modules(look, module),
    }
}
