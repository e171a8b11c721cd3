//! A kernel for tests that keeps the real one's rules (`nodemanager.c`, `heartbeat.c`, `tcp.c` of `fs/ocfs2/cluster`, as measured
//! on 6.1): each errno, what is ignored in silence, what survives, and what is pinned. It can fail at a chosen change, or lose one.

mod configfs;
mod firewall;
mod modules;
mod tests;
mod texts;

use super::{Entry, Kernel, Look};
use crate::program::Answer;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

pub use configfs::{Cluster, Region};

pub const EIO: i32 = 5;
pub const EBUSY: i32 = 16;
pub const EEXIST: i32 = 17;
pub const EINVAL: i32 = 22;
pub const EFBIG: i32 = 27;
pub const ENOSPC: i32 = 28;
pub const ERANGE: i32 = 34;
pub const ENAMETOOLONG: i32 = 36;
pub const ENOTEMPTY: i32 = 39;
pub const EADDRINUSE: i32 = 98;
pub const EADDRNOTAVAIL: i32 = 99;

pub fn errno<T>(number: i32) -> io::Result<T> {
    Err(io::Error::from_raw_os_error(number))
}

fn missing<T>() -> io::Result<T> {
    Err(io::ErrorKind::NotFound.into())
}

/// The kernel, and the machine around it.
#[derive(Clone, Debug)]
pub struct ModelKernel {
    pub host: String,
    files: BTreeMap<String, Vec<u8>>,
    links: BTreeMap<String, String>,
    folders: BTreeSet<String>,
    /// Loaded modules.
    pub modules: BTreeSet<String>,
    /// Modules that this kernel does not have.
    pub no_such_module: BTreeSet<String>,
    /// Type and place.
    pub mounts: Vec<(String, String)>,
    pub stack: String,
    /// One for the whole kernel: it survives the cluster.
    pub threshold: u32,
    pub global: bool,
    pub cluster: Option<Cluster>,
    /// Volumes mounted on this node: their domains, and in local mode their regions' pins.
    pub volumes: BTreeSet<String>,
    /// Folders of dlmfs with the locks in them.
    pub user_domains: BTreeMap<String, BTreeSet<String>>,
    /// Other nodes that beat, and those with a connection.
    pub live: BTreeSet<u8>,
    pub connected: BTreeSet<u8>,
    /// Regions that have not become quorum regions.
    pub no_quorum: BTreeSet<String>,
    pub addresses: Vec<Ipv4Addr>,
    pub busy_ports: Vec<(Ipv4Addr, u16)>,
    /// Block devices and their sector sizes.
    pub devices: BTreeMap<String, u32>,
    /// The C tools' counts of region users.
    pub counts: BTreeMap<String, u32>,
    /// Whether `ocfs2_hb_ctl` is installed.
    pub hb_ctl: bool,
    /// Whether `firewall-cmd` and `ufw` are installed.
    pub firewall_programs: bool,
    /// Rich rules of firewalld that the kernel has now, with their zone.
    pub running_rules: BTreeSet<String>,
    /// debugfs is for root.
    pub root: bool,
    /// Before this many changes, fail with this errno.
    pub fail_at: Option<(usize, i32)>,
    /// Say that this change was made, and do not make it.
    pub lose_at: Option<usize>,
    /// Every change that was asked for, in order.
    pub log: Vec<String>,
    pub ended: Vec<u32>,
}

impl ModelKernel {
    /// A machine that has just been started: host `db1` with 10.9.0.1, nothing loaded.
    pub fn new() -> ModelKernel {
        let mut kernel = ModelKernel {
            host: "db1".to_owned(),
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            folders: ["/sys/kernel/config", "/sys/kernel/debug"].map(str::to_owned).into(),
            modules: BTreeSet::new(),
            no_such_module: BTreeSet::new(),
            mounts: Vec::new(),
            stack: "o2cb".to_owned(),
            threshold: 31,
            global: false,
            cluster: None,
            volumes: BTreeSet::new(),
            user_domains: BTreeMap::new(),
            live: BTreeSet::new(),
            connected: BTreeSet::new(),
            no_quorum: BTreeSet::new(),
            addresses: vec![Ipv4Addr::new(10, 9, 0, 1)],
            busy_ports: Vec::new(),
            devices: BTreeMap::new(),
            counts: BTreeMap::new(),
            hb_ctl: true,
            firewall_programs: true,
            running_rules: BTreeSet::new(),
            root: true,
            fail_at: None,
            lose_at: None,
            log: Vec::new(),
            ended: Vec::new(),
        };
        kernel.put("/proc/sys/kernel/panic_on_oops", "0\n");
        kernel.put("/proc/sys/kernel/panic", "0\n");
        kernel
    }

    /// A file with this text.
    pub fn put(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.as_bytes().to_vec());
    }

    /// A symbolic link.
    pub fn put_link(&mut self, path: &str, to: &str) {
        self.links.insert(path.to_owned(), to.to_owned());
    }

    /// A process.
    pub fn process(&mut self, pid: u32, name: &str, started: u64, namespace: &str, mountinfo: &str) {
        let short: String = name.chars().take(15).collect();
        let zeros = "0 ".repeat(18);
        self.put(&format!("/proc/{pid}/stat"), &format!("{pid} ({short}) S {zeros}{started} 0 0\n"));
        self.put(&format!("/proc/{pid}/comm"), &format!("{short}\n"));
        self.put(&format!("/proc/{pid}/mountinfo"), mountinfo);
        self.put_link(&format!("/proc/{pid}/ns/mnt"), namespace);
    }

    /// A file that a process has open, in the mount with this id.
    pub fn open_file(&mut self, pid: u32, number: u32, path: &str, mount: u32) {
        self.put_link(&format!("/proc/{pid}/fd/{number}"), path);
        self.put(&format!("/proc/{pid}/fdinfo/{number}"), &format!("pos:\t0\nflags:\t0100000\nmnt_id:\t{mount}\nino:\t7\n"));
    }

    /// How many changes were asked for.
    pub fn changes(&self) -> usize {
        self.log.len()
    }

    /// Counts a change. `Ok(false)`: it is to be lost.
    fn change(&mut self, what: String) -> io::Result<bool> {
        let index = self.log.len();
        self.log.push(what);
        match self.fail_at {
            Some((at, number)) if at == index => errno(number),
            _ => Ok(self.lose_at != Some(index)),
        }
    }

    pub fn is_mounted(&self, fs_type: &str) -> bool {
        self.mounts.iter().any(|(mounted, _)| mounted == fs_type)
    }

    /// All domains of this node.
    pub fn domains(&self) -> BTreeSet<&str> {
        self.volumes.iter().chain(self.user_domains.keys()).map(String::as_str).collect()
    }
}

impl Look for ModelKernel {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        if path.starts_with("/sys/kernel/debug/") && !self.root {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if let Some(bytes) = self.files.get(path) {
            return Ok(bytes.clone());
        }
        self.text(path).map_or_else(missing, |text| Ok(text.into_bytes()))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Entry>> {
        if folder.starts_with("/sys/kernel/debug/") && !self.root {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if let Some(names) = self.names(folder) {
            let mut entries: Vec<Entry> = names.into_iter().map(|(name, folder)| Entry { name, folder }).collect();
            entries.sort();
            return Ok(entries);
        }
        let below = format!("{}/", folder.trim_end_matches('/'));
        let names = self.files.keys().chain(self.links.keys()).filter_map(|path| path.strip_prefix(&below));
        let entries: BTreeSet<Entry> = names
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => Entry { name: name.to_owned(), folder: true },
                None => Entry { name: rest.to_owned(), folder: false },
            })
            .collect();
        if entries.is_empty() && !self.folders.contains(folder) { missing() } else { Ok(entries.into_iter().collect()) }
    }

    fn link(&self, path: &str) -> io::Result<String> {
        self.links.get(path).map_or_else(missing, |to| Ok(to.clone()))
    }

    fn host_name(&self) -> io::Result<String> {
        Ok(self.host.clone())
    }
}

impl Kernel for ModelKernel {
    fn write(&mut self, file: &str, value: &str) -> io::Result<()> {
        if !self.change(format!("write {value:?} {file}"))? {
            return Ok(());
        }
        if let Some(place) = file.strip_prefix("/sys/kernel/config/cluster/") {
            return self.write_attribute(place, value);
        }
        match file {
            super::CLUSTER_STACK if self.modules.contains("ocfs2_stackglue") => {
                let label = value.strip_suffix('\n').unwrap_or(value);
                if label.len() != 4 {
                    return errno(EINVAL);
                }
                if label != self.stack && !self.domains().is_empty() {
                    return errno(EBUSY);
                }
                label.clone_into(&mut self.stack);
                Ok(())
            }
            _ if self.files.contains_key(file) => {
                self.put(file, &format!("{}\n", value.trim_end()));
                Ok(())
            }
            _ => missing(),
        }
    }

    fn make_folder(&mut self, path: &str) -> io::Result<()> {
        if !self.change(format!("mkdir {path}"))? {
            return Ok(());
        }
        match path.strip_prefix("/sys/kernel/config/cluster/") {
            Some(place) => self.make_item(place),
            None if self.folders.insert(path.to_owned()) => Ok(()),
            None => errno(EEXIST),
        }
    }

    fn remove_folder(&mut self, path: &str) -> io::Result<()> {
        if !self.change(format!("rmdir {path}"))? {
            return Ok(());
        }
        if let Some(place) = path.strip_prefix("/sys/kernel/config/cluster/") {
            return self.remove_item(place);
        }
        if let Some(domain) = path.strip_prefix("/dlm/") {
            return match self.user_domains.get(domain) {
                None => missing(),
                Some(locks) if !locks.is_empty() => errno(ENOTEMPTY),
                Some(_) => self.user_domains.remove(domain).map_or_else(missing, |_| Ok(())),
            };
        }
        if self.folders.remove(path) { Ok(()) } else { missing() }
    }

    fn remove_file(&mut self, path: &str) -> io::Result<()> {
        if !self.change(format!("unlink {path}"))? {
            return Ok(());
        }
        let lock = path.strip_prefix("/dlm/").and_then(|place| place.split_once('/'));
        match lock.and_then(|(domain, lock)| self.user_domains.get_mut(domain).map(|locks| locks.remove(lock))) {
            Some(true) => Ok(()),
            _ => missing(),
        }
    }

    fn mount(&mut self, fs_type: &str, at: &str) -> io::Result<()> {
        if !self.change(format!("mount {fs_type} {at}"))? {
            return Ok(());
        }
        if self.list(at).is_err() {
            return missing();
        }
        if fs_type != "debugfs" && !self.modules.contains(fs_type) {
            return errno(19);
        }
        self.mounts.push((fs_type.to_owned(), at.to_owned()));
        Ok(())
    }

    fn unmount(&mut self, at: &str) -> io::Result<()> {
        if !self.change(format!("umount {at}"))? {
            return Ok(());
        }
        if at == super::DLMFS && !self.user_domains.is_empty() {
            return errno(EBUSY);
        }
        match self.mounts.iter().rposition(|(_, place)| place == at) {
            Some(index) => {
                self.mounts.remove(index);
                Ok(())
            }
            None => errno(EINVAL),
        }
    }

    fn load_module(&mut self, module: &str) -> io::Result<()> {
        if self.change(format!("modprobe {module}"))? { self.load(module) } else { Ok(()) }
    }

    fn unload_module(&mut self, module: &str) -> io::Result<()> {
        if self.change(format!("modprobe -r {module}"))? { self.unload(module) } else { Ok(()) }
    }

    fn start_region(&mut self, folder: &str, device: &str) -> io::Result<()> {
        if !self.change(format!("start {folder} {device}"))? {
            return Ok(());
        }
        match folder.strip_prefix("/sys/kernel/config/cluster/") {
            Some(place) => self.start(place, device),
            None => missing(),
        }
    }

    fn run(&mut self, program: &str, arguments: &[String], _: Duration) -> io::Result<Answer> {
        if !self.change(format!("run {program} {}", arguments.join(" ")))? {
            return Ok(Answer { code: Some(0), ..Answer::default() });
        }
        self.program(program, arguments)
    }

    fn end_process(&mut self, pid: u32, _: u64) -> io::Result<()> {
        if self.change(format!("end {pid}"))? {
            self.ended.push(pid);
            let folder = format!("/proc/{pid}/");
            self.files.retain(|path, _| !path.starts_with(&folder));
            self.links.retain(|path, _| !path.starts_with(&folder));
        }
        Ok(())
    }

    fn pause(&mut self, _: Duration) {}
}
