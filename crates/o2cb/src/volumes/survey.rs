//! Which volumes are on the devices of this machine.

use super::block_devices::{self, BlockDevice};
use super::choice::{Skipped, built_on, skipped};
use crate::place::Place;
use collect::device::{ReadProblem, Reader};
use formats::mounts::{Mount, parse_mountinfo};
use formats::ocfs2_disk::{Check, DiskFault, Superblock};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// What is smaller, bytes, has no place for a superblock: mkfs.ocfs2 wants a megabyte nearly.
const SMALLEST: u64 = 16 << 10;
/// Devices that are read at a time: dead ones wait together.
const AT_ONCE: usize = 64;

/// A volume.
#[derive(Debug)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// The kernel's name of the device; `None` for an image.
    pub name: Option<String>,
    /// Devices below that show the same volume: what the device is built on.
    pub below: Vec<PathBuf>,
    /// Other devices with a volume of the same UUID that have nothing to do with this one: paths without multipath, or copies.
    pub twins: Vec<PathBuf>,
    /// Logical sector in bytes.
    pub sector: u32,
    /// What the volume says of itself.
    pub superblock: Superblock,
    /// Where this machine has it mounted.
    pub mounted: Vec<String>,
    /// How it is read.
    pub reader: Reader,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    /// Whether all devices of the machine were looked at.
    pub all: bool,
    /// How long one answer of a device may take.
    pub patience: Duration,
    /// Volumes, in the order of the devices.
    pub volumes: Vec<Found>,
    /// Devices that were not read, with the reason.
    pub skipped: Vec<(PathBuf, Skipped)>,
    /// Devices that carry none.
    pub without: Vec<PathBuf>,
    /// Devices that could not be judged, or whose volume is damaged.
    pub failed: Vec<(PathBuf, String)>,
    /// Those of them that only root may read.
    pub denied: Vec<PathBuf>,
    /// What of the machine could not be found out.
    pub problems: Vec<String>,
}

/// A device to look at.
struct Target {
    path: PathBuf,
    device: Option<BlockDevice>,
    /// The user named it: then it is looked at more closely.
    named: bool,
}

enum Outcome {
    Volume(Box<Found>),
    Nothing,
    Failed(String),
    Denied(String),
}

/// Looks at `named` devices, or at all of the machine if none is named. Each answer of a device may take `patience`.
pub fn survey(place: &Place, named: &[PathBuf], patience: Duration) -> Survey {
    let listing = block_devices::list(place);
    let all = named.is_empty();
    let mut survey = Survey { all, patience, problems: if all { listing.problems } else { Vec::new() }, ..Survey::default() };
    let mut targets = Vec::new();
    if named.is_empty() {
        for device in &listing.devices {
            match skipped(device, &listing.devices) {
                Some(reason) => survey.skipped.push((device.path.clone(), reason)),
                None => targets.push(Target { path: device.path.clone(), device: Some(device.clone()), named: false }),
            }
        }
    } else {
        targets.extend(named.iter().map(|path| {
            let device = listing.devices.iter().find(|device| device.path == *path).cloned();
            Target { path: path.clone(), device, named: true }
        }));
    }
    let (mounts, _) = parse_mountinfo(&fs::read(place.at("/proc/self/mountinfo")).unwrap_or_default());
    for (target, outcome) in look_at_all(place, targets, &listing.devices, patience) {
        match outcome {
            Outcome::Volume(mut found) => {
                let number = found.reader.facts().number.or(target.device.as_ref().map(|device| device.number));
                found.mounted = mounts_of(&mounts, number);
                if found.superblock.check == Some(Check::Bad) {
                    survey.failed.push((target.path, "superblock: wrong checksum; the kernel refuses it".to_owned()));
                }
                survey.volumes.push(*found);
            }
            Outcome::Nothing => survey.without.push(target.path),
            Outcome::Failed(why) => survey.failed.push((target.path, why)),
            Outcome::Denied(why) => {
                survey.denied.push(target.path.clone());
                survey.failed.push((target.path, why));
            }
        }
    }
    if named.is_empty() {
        fold(&mut survey.volumes, &listing.devices);
    }
    survey
}

/// In parallel; the order stays.
fn look_at_all(place: &Place, targets: Vec<Target>, all: &[BlockDevice], patience: Duration) -> Vec<(Target, Outcome)> {
    let workers = targets.len().min(AT_ONCE);
    let queue = Mutex::new(targets.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some((index, target)) = next else { return };
                    let outcome = look_at(place, &target, all, patience);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, target, outcome));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(index, _, _)| *index);
    done.into_iter().map(|(_, target, outcome)| (target, outcome)).collect()
}

fn look_at(place: &Place, target: &Target, all: &[BlockDevice], patience: Duration) -> Outcome {
    // Below a folder there are images only, which cannot hang.
    let this_machine = place.at("/") == Path::new("/");
    let opened = if this_machine { Reader::in_child(&target.path, patience) } else { Reader::here(&target.path) };
    let mut reader = match opened {
        Ok(reader) => reader,
        Err(ReadProblem::Denied(why)) => return Outcome::Denied(why),
        Err(problem) => return Outcome::Failed(problem.to_string()),
    };
    let facts = reader.facts();
    // A node that udev has not made anew, or a file that somebody wrote where a node was missing, is not the device of that name.
    if let (Some(device), Some(number)) = (&target.device, facts.number) {
        if number != device.number {
            let (major, minor) = device.number;
            return Outcome::Failed(format!("its node is device {}:{}, not {major}:{minor}", number.0, number.1));
        }
    } else if target.device.is_some() && place.at("/") == Path::new("/") {
        return Outcome::Failed("its node is no block device".to_owned());
    }
    if facts.size < SMALLEST {
        return Outcome::Nothing;
    }
    let superblock = match Superblock::find(&mut reader) {
        Ok(superblock) => superblock,
        Err(DiskFault::NotOcfs2) if !target.named => return Outcome::Nothing,
        Err(fault @ (DiskFault::NotOcfs2 | DiskFault::Superblock(_))) => return without_superblock(&fault, &mut reader),
        Err(DiskFault::Read { error, .. }) => return Outcome::Failed(error.to_string()),
        Err(fault) => return Outcome::Failed(fault.to_string()),
    };
    let device = target.device.as_ref().or_else(|| all.iter().find(|device| Some(device.number) == facts.number));
    Outcome::Volume(Box::new(Found {
        path: target.path.clone(),
        name: device.map(|device| device.name.clone()),
        below: Vec::new(),
        twins: Vec::new(),
        sector: device.and_then(|device| device.sector).unwrap_or(facts.sector),
        superblock,
        mounted: Vec::new(),
        reader,
    }))
}

/// The first superblock is gone or damaged; the backups may be remnants of a volume that was there, so they are only told of.
fn without_superblock(fault: &DiskFault<ReadProblem>, reader: &mut Reader) -> Outcome {
    let size = reader.facts().size;
    let backup = Superblock::backups(reader, size).ok().and_then(|backups| backups.into_iter().next());
    match (backup, fault) {
        (Some(backup), _) => Outcome::Failed(format!(
            "{fault}; a backup of one is intact at byte {} (UUID {}): was a volume overwritten here? see fsck.ocfs2 -r",
            backup.offset,
            backup.uuid_text()
        )),
        (None, DiskFault::NotOcfs2) => Outcome::Nothing,
        (None, _) => Outcome::Failed(fault.to_string()),
    }
}

fn mounts_of(mounts: &[Mount], number: Option<(u32, u32)>) -> Vec<String> {
    let here = mounts.iter().filter(|mount| mount.fs_type == "ocfs2" && number.is_some() && mount.device == number);
    here.map(|mount| mount.mount_point.clone()).collect()
}

/// A volume that shows through what is built on its device is told once, on top; where the same volume is on devices that have
/// nothing to do with each other, each is told of the others.
fn fold(volumes: &mut Vec<Found>, all: &[BlockDevice]) {
    let same = |a: &Found, b: &Found| a.superblock.uuid == b.superblock.uuid && a.superblock.fs_generation == b.superblock.fs_generation;
    let over = |upper: &Found, lower: &Found| match (&upper.name, &lower.name) {
        (Some(upper), Some(lower)) => built_on(upper, lower, all),
        _ => false,
    };
    let mut tops: Vec<Found> = Vec::new();
    let mut lower: Vec<Found> = Vec::new();
    let covered: Vec<bool> = volumes.iter().map(|volume| volumes.iter().any(|other| same(other, volume) && over(other, volume))).collect();
    for (volume, covered) in volumes.drain(..).zip(covered) {
        if covered { lower.push(volume) } else { tops.push(volume) }
    }
    for volume in lower {
        for top in tops.iter_mut().filter(|top| same(top, &volume) && over(top, &volume)) {
            top.below.push(volume.path.clone());
        }
    }
    for index in 0..tops.len() {
        let Some(top) = tops.get(index) else { continue };
        let uuid = top.superblock.uuid;
        let others = tops.iter().enumerate().filter(|(other, volume)| *other != index && volume.superblock.uuid == uuid);
        let twins = others.map(|(_, volume)| volume.path.clone()).collect();
        if let Some(top) = tops.get_mut(index) {
            top.twins = twins;
        }
    }
    *volumes = tops;
}

#[cfg(test)]
mod tests {
    use super::super::testing::Machine;
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn paths(machine: &Machine, survey: &Survey) -> Vec<String> {
        let root = machine.place().at("/dev");
        survey.volumes.iter().map(|volume| volume.path.strip_prefix(&root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn volumes_of_all_drivers_are_found_and_the_rest_is_told() {
        let machine = Machine::new();
        machine.volume("nvme0n1", "o2cb1k");
        machine.volume("md0", "heartbeat-only");
        machine.volume("mmcblk0", "local512");
        machine.disk("loop0", 0);
        machine.disk("sda", 64 << 20);
        machine.write("dev/sda", &"x".repeat(20_000));
        machine.disk("sdb", 64 << 20);
        let survey = survey(&machine.place(), &[], PATIENCE);
        assert_eq!(paths(&machine, &survey), ["md0", "mmcblk0", "nvme0n1"]);
        assert_eq!(survey.without, [machine.place().at("/dev/sda")]);
        assert_eq!(survey.skipped.len(), 1);
        // No node: told, and the listing went on.
        assert_eq!(survey.failed.len(), 1);
        assert_eq!(survey.failed[0].0, machine.place().at("/dev/sdb"));
    }

    #[test]
    fn a_volume_that_shows_through_is_told_once() {
        let machine = Machine::new();
        for name in ["sda", "dm-0", "sdb"] {
            machine.volume(name, "o2cb1k");
        }
        machine.write("sys/devices/sda/holders/dm-0/x", "");
        let survey = survey(&machine.place(), &[], PATIENCE);
        assert_eq!(paths(&machine, &survey), ["dm-0", "sdb"]);
        assert_eq!(survey.volumes[0].below, [machine.place().at("/dev/sda")]);
        assert_eq!(survey.volumes[0].twins, [machine.place().at("/dev/sdb")]);
        assert_eq!(survey.volumes[1].twins, [machine.place().at("/dev/dm-0")]);
    }

    #[test]
    fn named_devices_are_looked_at_more_closely() {
        let machine = Machine::new();
        machine.volume("sda", "backup");
        machine.volume("sdb", "metaecc4kn");
        let size = fs::metadata(machine.place().at("/dev/sda")).unwrap().len();
        assert!(size > 1 << 30);
        machine.overwrite("sda", 8192, &[0; 4096]);
        machine.overwrite("sdb", 8192 + 0x110, &[0xff; 40]);
        let survey = survey(&machine.place(), &[machine.place().at("/dev/sda"), machine.place().at("/dev/sdb")], PATIENCE);
        assert_eq!(paths(&machine, &survey), ["sdb"]);
        let why: Vec<_> = survey.failed.iter().map(|(_, why)| why.as_str()).collect();
        assert!(why[0].contains("a backup of one is intact at byte 1073741824 (UUID BBAE5064"), "{why:?}");
        assert!(why[1].contains("wrong checksum") && why.len() == 2, "{why:?}");
    }

    #[test]
    fn defect_31_where_it_is_mounted_is_told_without_mtab_and_whatever_mtab_says() {
        let machine = Machine::new();
        machine.volume("sda", "o2cb1k");
        let number = fs::read_to_string(machine.place().at("/sys/class/block/sda/dev")).unwrap();
        machine.write(
            "proc/self/mountinfo",
            &format!("36 35 {} / /mnt/a\\040b rw - ocfs2 /dev/sda rw\n36 35 9:9 / /mnt/c rw - ocfs2 /dev/x rw\n", number.trim()),
        );
        assert!(!machine.place().at("/etc/mtab").exists());
        assert_eq!(survey(&machine.place(), &[], PATIENCE).volumes[0].mounted, ["/mnt/a b"]);
        machine.write("etc/mtab", "/dev/sda /mnt/old ocfs2 rw 0 0\n");
        assert_eq!(survey(&machine.place(), &[], PATIENCE).volumes[0].mounted, ["/mnt/a b"]);
    }
}
