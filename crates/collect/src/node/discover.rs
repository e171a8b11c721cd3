//! Which cluster file systems a node has, found from /proc, sysfs and debugfs alone: nothing on the mounts themselves is
//! touched, no device is opened and no other program is run.

use super::files::NodeFiles;
use formats::mounts::{Mount, parse_mountinfo, parse_mounts};
use formats::ocfs2::FsState;
use formats::ocfs2::fs_state::is_uuid;
use sample::message::FileSystemKind;
use sample::{Fault, FaultKind, FileSystem};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Where OCFS2 shows itself (`ocfs2_debugfs_root`).
pub const DEBUG_OCFS2: &str = "/sys/kernel/debug/ocfs2";
const DEBUGFS: &str = "/sys/kernel/debug";
/// A mount table of tens of thousands of mounts fits.
const MOST_MOUNTS: usize = 16 << 20;
const MOST_FS_STATE: usize = 64 << 10;

/// One file system and what else the collector needs of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// For the viewer.
    pub file_system: FileSystem,
    /// Generation, by which system files are told.
    pub generation: Option<u32>,
}

/// All that was found, and what was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Discovery {
    /// File systems with a lock state, by UUID.
    pub found: Vec<Found>,
    /// GFS2 file systems, by lock table.
    pub gfs2: Vec<FileSystem>,
    /// Why the node as a whole, or (mount point, fault) a wanted or mounted one, has none.
    pub node_fault: Option<Fault>,
    /// Mounted or wanted, but without lock state.
    pub faults: Vec<(String, Fault)>,
}

impl Discovery {
    /// The file systems of both kinds.
    pub fn file_systems(&self) -> impl Iterator<Item = &FileSystem> {
        self.found.iter().map(|found| &found.file_system).chain(&self.gfs2)
    }
}

/// The path of a file of one file system.
pub fn fs_file(uuid: &str, file: &str) -> String {
    format!("{DEBUG_OCFS2}/{uuid}/{file}")
}

/// What the `fs_state` files said, by UUID: each is read once per mount.
///
/// Opening `fs_state` while the file system is being mounted or unmounted can crash the node: `ocfs2_osb_dump` follows
/// `osb->journal`, which `ocfs2_dismount_volume` has freed and cleared by then, while the file is still there (seen on 6.1.192:
/// "Kernel mode fault at addr 0x28" below `ocfs2_osb_debug_open`). The mount table has a file system only after it is whole and
/// loses it before it is taken apart, so the file is read only for a mount that is in the table.
pub type States = BTreeMap<String, FsState>;

/// Looks at `files`. `only`: mount points or UUIDs; empty for all.
pub fn discover(files: &dyn NodeFiles, only: &[String], states: &mut States) -> Discovery {
    let all_mounts = mounts(files);
    let mounts: Vec<Mount> = of_type(&all_mounts, "ocfs2");
    let mut discovery = Discovery { gfs2: super::discover_gfs2::discover(files, &of_type(&all_mounts, "gfs2")), ..Discovery::default() };
    let uuids: Vec<String> = match files.list(DEBUG_OCFS2) {
        Ok(names) => names.into_iter().filter(|name| is_uuid(name)).collect(),
        // A node of GFS2, whose OCFS2 mounts, if it has any, are told below.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !discovery.gfs2.is_empty() => Vec::new(),
        Err(error) => {
            discovery.node_fault = Some(no_debug_fault(files, &error, &mounts));
            return discovery;
        }
    };
    if !files.can_repeat() {
        // A recording cannot be hurt, and its frames may be anything.
        states.clear();
    }
    states.retain(|uuid, _| uuids.contains(uuid));
    let may_read = may_read_states(files, &uuids, &mounts, states);
    let mut mounts_left = mounts.clone();
    let only_one = uuids.len() == 1 && mounts.len() == 1;
    for uuid in uuids {
        let state = match states.get(&uuid) {
            Some(state) => state.clone(),
            None if may_read => {
                let path = fs_file(&uuid, "fs_state");
                match files.read(&path, MOST_FS_STATE) {
                    Ok(text) => {
                        let state = FsState::parse(&text);
                        states.insert(uuid.clone(), state.clone());
                        state
                    }
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        discovery.faults.push((uuid, Fault::new(FaultKind::NoPermission, described(&path, &error))));
                        continue;
                    }
                    // Unmounted between the listing and now, or a capture that lacks the file: the lock state tells which.
                    Err(_) => FsState::default(),
                }
            }
            // Being mounted or unmounted, or mounted in another mount namespace only.
            None => FsState::default(),
        };
        let is_here = |mount: &Mount| match (mount.device, state.device) {
            (Some(mounted), Some(device)) => mounted == device,
            // A capture with /proc/mounts only: clear if there is but one.
            _ => only_one,
        };
        let here: Vec<&Mount> = mounts.iter().filter(|mount| is_here(mount)).collect();
        mounts_left.retain(|mount| !is_here(mount));
        let file_system = FileSystem {
            uuid: uuid.clone(),
            kind: FileSystemKind::Ocfs2,
            label: state.label.clone().filter(|label| !label.is_empty()),
            device: state.device,
            device_path: here.first().map(|mount| mount.source.clone()),
            mount_points: here.iter().map(|mount| mount.mount_point.clone()).collect(),
            stack: state.stack.clone(),
            slot: state.slot,
        };
        discovery.found.push(Found { file_system, generation: state.generation });
    }
    // Mounted, but without a directory in debugfs: `-M local`, or another file system's name for the device.
    for mount in mounts_left.iter().filter(|_| !only_one) {
        let fault =
            Fault::new(FaultKind::NoLockState, format!("{} ({}) has no directory in {DEBUG_OCFS2}", mount.mount_point, mount.source));
        discovery.faults.push((mount.mount_point.clone(), fault));
    }
    if !only.is_empty() {
        keep_only(&mut discovery, only);
    } else if discovery.found.is_empty() && discovery.gfs2.is_empty() && discovery.faults.is_empty() {
        discovery.node_fault = Some(Fault::new(FaultKind::NotMounted, "no OCFS2 or GFS2 file system is mounted"));
    }
    discovery
}

/// Whether every directory whose state is not known yet has a mount of its own in the table.
fn may_read_states(files: &dyn NodeFiles, uuids: &[String], mounts: &[Mount], states: &States) -> bool {
    if !files.can_repeat() {
        return true;
    }
    let known: BTreeSet<(u32, u32)> = states.values().filter_map(|state| state.device).collect();
    let mounted: BTreeSet<(u32, u32)> = mounts.iter().filter_map(|mount| mount.device).collect();
    let unknown = uuids.iter().filter(|uuid| !states.contains_key(*uuid)).count();
    unknown <= mounted.difference(&known).count()
}

fn keep_only(discovery: &mut Discovery, only: &[String]) {
    let named = |file_system: &FileSystem, wanted: &str| {
        file_system.uuid.eq_ignore_ascii_case(&wanted.replace('-', ""))
            || file_system.uuid == wanted
            || file_system.mount_points.iter().any(|point| point == trimmed(wanted))
    };
    for wanted in only {
        let known = discovery.file_systems().any(|file_system| named(file_system, wanted));
        // Where no mount table was captured, one file system is the wanted one.
        let alone = discovery.file_systems().count() == 1 && discovery.file_systems().all(|one| one.mount_points.is_empty());
        let told = discovery.faults.iter().any(|(place, _)| place == trimmed(wanted));
        if !known && !alone && !told {
            let others: Vec<&str> =
                discovery.file_systems().flat_map(|file_system| &file_system.mount_points).map(String::as_str).take(5).collect();
            let detail = match others.as_slice() {
                [] => format!("{wanted}: no OCFS2 or GFS2 file system is mounted"),
                points => format!("{wanted}: no OCFS2 or GFS2 mount point; mounted are {}", points.join(", ")),
            };
            discovery.faults.push((wanted.clone(), Fault::new(FaultKind::NotMounted, detail)));
        }
    }
    let alone = discovery.file_systems().count() == 1;
    let kept = |one: &FileSystem| only.iter().any(|wanted| named(one, wanted)) || (alone && one.mount_points.is_empty());
    discovery.found.retain(|found| kept(&found.file_system));
    discovery.gfs2.retain(kept);
    discovery.faults.retain(|(place, _)| only.iter().any(|wanted| trimmed(wanted) == place || wanted == place) || is_uuid(place));
}

/// A mount point without the slashes that a user's shell may add.
fn trimmed(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => path,
        trimmed => trimmed,
    }
}

/// All mounts.
pub(super) fn mounts(files: &dyn NodeFiles) -> Vec<Mount> {
    match files.read("/proc/self/mountinfo", MOST_MOUNTS) {
        Ok(text) => parse_mountinfo(&text).0,
        Err(_) => files.read("/proc/mounts", MOST_MOUNTS).map(|text| parse_mounts(&text).0).unwrap_or_default(),
    }
}

fn of_type(mounts: &[Mount], fs_type: &str) -> Vec<Mount> {
    mounts.iter().filter(|mount| mount.fs_type == fs_type).cloned().collect()
}

/// Why there is no `/sys/kernel/debug/ocfs2`: three causes, three remedies.
fn no_debug_fault(files: &dyn NodeFiles, error: &io::Error, mounts: &[Mount]) -> Fault {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return Fault::new(FaultKind::NoPermission, described(DEBUG_OCFS2, error));
    }
    let debugfs_empty = files.list(DEBUGFS).map_or(true, |names| names.is_empty());
    if debugfs_empty {
        Fault::new(FaultKind::NoDebugfs, format!("{DEBUGFS} is empty"))
    } else if let Some(mount) = mounts.first() {
        Fault::new(FaultKind::NoLockState, format!("{} is mounted, but there is no {DEBUG_OCFS2}", mount.mount_point))
    } else {
        Fault::new(FaultKind::NotMounted, "no OCFS2 or GFS2 file system is mounted")
    }
}

/// A failed file operation in words: the file and the errno's name.
pub fn described(path: &str, error: &io::Error) -> String {
    match error.raw_os_error().and_then(errno_name) {
        Some(name) => format!("{path}: {name}"),
        None => format!("{path}: {error}"),
    }
}

fn errno_name(errno: i32) -> Option<&'static str> {
    use rustix::io::Errno;
    let names = [
        (Errno::PERM, "EPERM"),
        (Errno::NOENT, "ENOENT"),
        (Errno::IO, "EIO"),
        (Errno::ACCESS, "EACCES"),
        (Errno::NODEV, "ENODEV"),
        (Errno::NOTDIR, "ENOTDIR"),
        (Errno::INVAL, "EINVAL"),
        (Errno::MFILE, "EMFILE"),
        (Errno::NFILE, "ENFILE"),
        (Errno::NOMEM, "ENOMEM"),
        (Errno::STALE, "ESTALE"),
        (Errno::NXIO, "ENXIO"),
    ];
    names.iter().find(|(known, _)| known.raw_os_error() == errno).map(|&(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::super::files::RootFiles;
    use super::*;
    use std::fs;

    const UUID: &str = "D3C123F4B7EA4CAD87B04CA0CBCB3C0B";
    const MOUNTINFO: &str = "30 25 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n\
                             36 35 254:16 / /mnt/my\\040share rw - ocfs2 /dev/vdb rw\n\
                             37 35 254:32 / /mnt/local rw - ocfs2 /dev/vdc rw,heartbeat=none\n";

    fn node(parts: &[(&str, &str)]) -> (tempfile::TempDir, RootFiles) {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in parts {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let files = RootFiles::below(root.path());
        (root, files)
    }

    fn fs_state() -> String {
        format!("    Device => Id: 254,16  Uuid: {UUID}  Gen: 0xF10E1D25  Label: lab\n")
    }

    #[test]
    fn a_mounted_file_system_is_found_with_its_names() {
        let state = fs_state();
        let path = format!("sys/kernel/debug/ocfs2/{UUID}/fs_state");
        let (_root, files) = node(&[("proc/self/mountinfo", MOUNTINFO), (&path, &state)]);
        let discovery = discover(&files, &[], &mut States::new());
        let found = &discovery.found[0];
        assert_eq!(found.file_system.mount_points, ["/mnt/my share"]);
        assert_eq!((found.file_system.device_path.as_deref(), found.generation), (Some("/dev/vdb"), Some(0xf10e_1d25)));
        // The local mount has no cluster locks, and says so.
        assert_eq!((discovery.faults[0].0.as_str(), discovery.faults[0].1.kind), ("/mnt/local", FaultKind::NoLockState));
    }

    #[test]
    fn a_wanted_mount_point_that_is_none_is_told_with_those_that_are() {
        let state = fs_state();
        let path = format!("sys/kernel/debug/ocfs2/{UUID}/fs_state");
        let (_root, files) = node(&[("proc/self/mountinfo", MOUNTINFO), (&path, &state)]);
        let discovery = discover(&files, &["/mnt/shared".to_owned()], &mut States::new());
        assert!(discovery.found.is_empty());
        let fault = &discovery.faults[0].1;
        assert_eq!(fault.kind, FaultKind::NotMounted);
        assert!(fault.detail.contains("/mnt/my share"), "{fault}");
        assert_eq!(discover(&files, &["/mnt/my share/".to_owned()], &mut States::new()).found.len(), 1);
        assert_eq!(discover(&files, &["d3c123f4-b7ea-4cad-87b0-4ca0cbcb3c0b".to_owned()], &mut States::new()).found.len(), 1);
    }

    #[test]
    fn fs_state_is_read_once_and_only_for_a_mount_in_the_table() {
        let state = fs_state();
        let path = format!("sys/kernel/debug/ocfs2/{UUID}/fs_state");
        let (root, files) = node(&[("proc/self/mountinfo", ""), (&path, &state)]);
        let mut states = States::new();
        // Its mount is not in the table (yet, or any more): not read, so nothing is known of it but its name.
        assert_eq!(discover(&files, &[], &mut states).found[0].generation, None);
        fs::write(root.path().join("proc/self/mountinfo"), MOUNTINFO).unwrap();
        assert_eq!(discover(&files, &[], &mut states).found[0].generation, Some(0xf10e_1d25));
        // Unmounting now: what was read is still known, and the file is not opened.
        fs::remove_file(root.path().join(&path)).unwrap();
        fs::write(root.path().join("proc/self/mountinfo"), "").unwrap();
        assert_eq!(discover(&files, &[], &mut states).found[0].generation, Some(0xf10e_1d25));
        fs::remove_dir_all(root.path().join(format!("sys/kernel/debug/ocfs2/{UUID}"))).unwrap();
        assert!(discover(&files, &[], &mut states).found.is_empty() && states.is_empty());
    }

    #[test]
    fn three_causes_of_a_missing_directory() {
        let kind = |parts: &[(&str, &str)]| {
            let (_root, files) = node(parts);
            discover(&files, &[], &mut States::new()).node_fault.unwrap().kind
        };
        assert_eq!(kind(&[("sys/kernel/debug/x", ""), ("proc/self/mountinfo", "")]), FaultKind::NotMounted);
        assert_eq!(kind(&[("proc/self/mountinfo", MOUNTINFO)]), FaultKind::NoDebugfs);
        assert_eq!(kind(&[("sys/kernel/debug/x", ""), ("proc/self/mountinfo", MOUNTINFO)]), FaultKind::NoLockState);
    }
}
