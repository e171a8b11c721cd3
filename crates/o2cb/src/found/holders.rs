//! Who uses the stack: mounts in every mount namespace, processes with something of dlmfs or a region's device open.
//!
//! Only links and texts below `/proc` are read; no file of dlmfs or OCFS2 is opened or stat'ed, which may hang.

use crate::kernel::{DLMFS, Look};
use formats::mounts::parse_mountinfo;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// A mounted OCFS2 file system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamespaceMount {
    /// Where, as its namespace sees it.
    pub mount_point: String,
    /// What is mounted.
    pub source: String,
    /// Device number: major, minor.
    pub device: (u32, u32),
    /// A process of the namespace: the lowest pid that sees it.
    pub pid: u32,
}

/// A process that holds something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Its pid.
    pub pid: u32,
    /// Its name (`comm`).
    pub name: String,
    /// When it started: clock ticks since boot, field 22 of its `stat`. With the pid it names one process for ever.
    pub started: u64,
    /// What it holds: paths, or `its working folder`.
    pub holds: Vec<String>,
}

/// All processes, ascending.
pub(super) fn pids(look: &dyn Look) -> io::Result<Vec<u32>> {
    let mut pids: Vec<u32> = look.list("/proc")?.into_iter().filter_map(|entry| entry.name.parse().ok()).collect();
    pids.sort_unstable();
    Ok(pids)
}

/// When a process started; `None` if there is none, or only what is left of one (a zombie holds nothing).
pub fn start_time(look: &dyn Look, pid: u32) -> Option<u64> {
    let stat = look.read(&format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name may hold blanks and brackets; what follows its last bracket does not.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then_some(())?;
    fields.nth(18)?.parse().ok()
}

/// Every mount of OCFS2 in any mount namespace, each once. The error is that of listing `/proc`.
pub fn mounts_everywhere(look: &dyn Look) -> io::Result<Vec<NamespaceMount>> {
    let mut found: BTreeMap<((u32, u32), String), NamespaceMount> = BTreeMap::new();
    let mut namespaces = BTreeSet::new();
    for pid in pids(look)? {
        // Without root the link of a foreign process cannot be read; its mountinfo can.
        if let Ok(namespace) = look.link(&format!("/proc/{pid}/ns/mnt"))
            && !namespaces.insert(namespace)
        {
            continue;
        }
        // A process that ended in between holds no mount.
        let Ok(text) = look.read(&format!("/proc/{pid}/mountinfo")) else { continue };
        for mount in parse_mountinfo(&text).0.into_iter().filter(|mount| mount.fs_type == "ocfs2") {
            let Some(device) = mount.device else { continue };
            found.entry((device, mount.mount_point.clone())).or_insert(NamespaceMount {
                mount_point: mount.mount_point,
                source: mount.source,
                device,
                pid,
            });
        }
    }
    Ok(found.into_values().collect())
}

/// Ids of dlmfs mounts as a process sees them: the first field of `mountinfo`.
fn dlmfs_ids(mountinfo: &str) -> BTreeSet<&str> {
    let lines = mountinfo.lines().filter(|line| line.split_once(" - ").is_some_and(|(_, tail)| tail.starts_with("ocfs2_dlmfs ")));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

/// Processes with an open file, a working folder or a root in dlmfs, wherever it is mounted.
pub fn dlmfs_holders(look: &dyn Look) -> io::Result<Vec<Holder>> {
    let below = |path: &str| path == DLMFS || path.strip_prefix(DLMFS).is_some_and(|rest| rest.starts_with('/'));
    holders(look, |pid| {
        let mountinfo = look.read(&format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        let mountinfo = String::from_utf8_lossy(&mountinfo);
        let ids = dlmfs_ids(&mountinfo);
        if ids.is_empty() {
            return Vec::new();
        }
        let mut holds = Vec::new();
        for file in look.list(&format!("/proc/{pid}/fd")).unwrap_or_default() {
            let fdinfo = look.read(&format!("/proc/{pid}/fdinfo/{}", file.name)).unwrap_or_default();
            let fdinfo = String::from_utf8_lossy(&fdinfo);
            let id = fdinfo.lines().find_map(|line| line.strip_prefix("mnt_id:")).map(str::trim);
            if id.is_some_and(|id| ids.contains(id)) {
                holds.push(look.link(&format!("/proc/{pid}/fd/{}", file.name)).unwrap_or_else(|_| "a file of dlmfs".to_owned()));
            }
        }
        for (link, what) in [("cwd", "its working folder"), ("root", "its root")] {
            holds.extend(look.link(&format!("/proc/{pid}/{link}")).ok().filter(|path| below(path)).map(|path| format!("{path} ({what})")));
        }
        holds
    })
}

/// The paths under which the block device with this kernel name is opened: its own, and of a device-mapper device also that by its
/// name, which is a node and no link where udev does not run.
fn device_paths(look: &dyn Look, device: &str) -> Vec<String> {
    let mapped = look.read(&format!("/sys/class/block/{device}/dm/name")).ok();
    let mapped = mapped.map(|name| format!("/dev/mapper/{}", String::from_utf8_lossy(&name).trim()));
    [format!("/dev/{device}")].into_iter().chain(mapped).collect()
}

/// Where the block device with this kernel name is mounted, of those mounts.
pub fn device_mount<'m>(look: &dyn Look, device: &str, mounts: &'m [NamespaceMount]) -> Option<&'m NamespaceMount> {
    let text = look.read(&format!("/sys/class/block/{device}/dev")).ok();
    let number = text.and_then(|text| {
        let text = String::from_utf8_lossy(&text).into_owned();
        let (major, minor) = text.trim().split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    let paths = device_paths(look, device);
    mounts.iter().find(|mount| number == Some(mount.device) || paths.contains(&mount.source))
}

/// Processes that have the block device with this kernel name open.
pub fn device_holders(look: &dyn Look, device: &str) -> io::Result<Vec<Holder>> {
    // A link of /proc/PID/fd names what was opened, after all symbolic links.
    let paths = device_paths(look, device);
    holders(look, |pid| {
        let files = look.list(&format!("/proc/{pid}/fd")).unwrap_or_default();
        let links = files.into_iter().filter_map(|file| look.link(&format!("/proc/{pid}/fd/{}", file.name)).ok());
        let mut holds: Vec<String> = links.filter(|link| paths.contains(link)).collect();
        holds.dedup();
        holds
    })
}

fn holders(look: &dyn Look, mut held: impl FnMut(u32) -> Vec<String>) -> io::Result<Vec<Holder>> {
    let own = std::process::id();
    let mut holders = Vec::new();
    for pid in pids(look)?.into_iter().filter(|&pid| pid != own) {
        let Some(started) = start_time(look, pid) else { continue };
        let holds = held(pid);
        if !holds.is_empty() {
            let name = look.read(&format!("/proc/{pid}/comm")).unwrap_or_default();
            holders.push(Holder { pid, name: String::from_utf8_lossy(&name).trim_end().to_owned(), started, holds });
        }
    }
    Ok(holders)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::model::ModelKernel;

    const HOST: &str = "36 35 254:16 / /mnt/a rw - ocfs2 /dev/vdb rw\n40 35 0:44 / /dlm rw - ocfs2_dlmfs ocfs2_dlmfs rw\n";
    const CONTAINER: &str = "99 90 254:32 / /data rw - ocfs2 /dev/vdc rw\n";

    #[test]
    fn mounts_of_all_namespaces_are_found_once() {
        let mut kernel = ModelKernel::new();
        kernel.process(1, "systemd", 10, "mnt:[1]", HOST);
        kernel.process(70, "bash", 700, "mnt:[1]", HOST);
        kernel.process(80, "container", 800, "mnt:[2]", CONTAINER);
        let mounts = mounts_everywhere(&kernel).unwrap();
        let told: Vec<_> = mounts.iter().map(|mount| (mount.mount_point.as_str(), mount.device, mount.pid)).collect();
        assert_eq!(told, [("/mnt/a", (254, 16), 1), ("/data", (254, 32), 80)]);
    }

    #[test]
    fn users_of_dlmfs_and_of_a_device() {
        let mut kernel = ModelKernel::new();
        kernel.process(70, "my (odd) app", 700, "mnt:[1]", HOST);
        kernel.open_file(70, 3, "/dlm/web/lock1", 40);
        kernel.open_file(70, 4, "/home/x", 35);
        kernel.process(71, "fsck.ocfs2", 701, "mnt:[1]", HOST);
        kernel.open_file(71, 3, "/dev/vdb", 22);
        kernel.process(72, "bash", 702, "mnt:[1]", HOST);
        kernel.put_link("/proc/72/cwd", "/dlm/web");
        let users = dlmfs_holders(&kernel).unwrap();
        let told: Vec<_> = users.iter().map(|user| (user.pid, user.name.as_str(), user.started, user.holds.join(","))).collect();
        assert_eq!(
            told,
            [(70, "my (odd) app", 700, "/dlm/web/lock1".to_owned()), (72, "bash", 702, "/dlm/web (its working folder)".to_owned())]
        );
        assert_eq!(device_holders(&kernel, "vdb").unwrap()[0].pid, 71);
        assert!(device_holders(&kernel, "vd").unwrap().is_empty());
    }

    #[test]
    fn a_device_mapper_device_has_two_names() {
        let mut kernel = ModelKernel::new();
        kernel.put("/sys/class/block/dm-3/dev", "254:3\n");
        kernel.put("/sys/class/block/dm-3/dm/name", "vg-data\n");
        kernel.process(71, "fsck.ocfs2", 701, "mnt:[1]", "36 35 254:3 / /mnt/a rw - ocfs2 /dev/disk/by-label/a rw\n");
        kernel.open_file(71, 3, "/dev/mapper/vg-data", 22);
        assert_eq!(device_holders(&kernel, "dm-3").unwrap()[0].holds, ["/dev/mapper/vg-data"]);
        let mounts = mounts_everywhere(&kernel).unwrap();
        assert_eq!(device_mount(&kernel, "dm-3", &mounts).map(|mount| mount.mount_point.as_str()), Some("/mnt/a"));
        assert_eq!(device_mount(&kernel, "dm-4", &mounts), None);
    }
}
