//! Which devices are read, and which are others' paths or pieces.

use super::block_devices::{BlockDevice, Kind};

/// Smallest device that `mkfs.ocfs2` makes anything on, in bytes: a heartbeat-only one.
const LEAST: u64 = 1 << 20;

/// Why a device is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// No medium is in it, or nothing is set up on it.
    Empty {
        /// Whether a medium could be put in.
        removable: bool,
    },
    /// Too small for any volume.
    Small(u64),
    /// A path that the kernel hides.
    Hidden,
    /// A path of a multipath map, or a member of a RAID: what it carries is found there.
    PartOf {
        /// The kernel's name of that.
        holder: String,
        /// Whether each path shows all of it.
        path: bool,
    },
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Skipped::Empty { removable: true } => f.write_str("no medium"),
            Skipped::Empty { removable: false } => f.write_str("size 0"),
            Skipped::Small(size) => write!(f, "{size} bytes; the smallest volume has 1 MiB"),
            Skipped::Hidden => f.write_str("a path that the kernel hides behind its multipath device"),
            Skipped::PartOf { holder, path: true } => write!(f, "a path of {holder}"),
            Skipped::PartOf { holder, path: false } => write!(f, "a member of {holder}"),
        }
    }
}

/// Why `device` is not read; `None` if it is. `all` are the devices of the machine.
///
/// Paths of a multipath map are not even tried: reading a passive one fails and fills the kernel's log. Disks with partitions and
/// devices with other holders are read like all others.
pub fn skipped(device: &BlockDevice, all: &[BlockDevice]) -> Option<Skipped> {
    if device.hidden {
        return Some(Skipped::Hidden);
    }
    let disk = device.disk.as_ref().and_then(|disk| all.iter().find(|other| other.name == *disk));
    for held in [Some(device), disk].into_iter().flatten() {
        for holder in all.iter().filter(|other| held.holders.contains(&other.name)) {
            match holder.kind {
                Kind::Multipath => return Some(Skipped::PartOf { holder: holder.name.clone(), path: true }),
                Kind::Raid => return Some(Skipped::PartOf { holder: holder.name.clone(), path: false }),
                Kind::Plain => {}
            }
        }
    }
    match device.size {
        0 => Some(Skipped::Empty { removable: device.removable }),
        size if size < LEAST => Some(Skipped::Small(size)),
        _ => None,
    }
}

/// Whether `upper` is built on `lower`, over any number of steps.
pub fn built_on(upper: &str, lower: &str, all: &[BlockDevice]) -> bool {
    let mut open = vec![lower];
    let mut seen = Vec::new();
    while let Some(name) = open.pop() {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let holders = all.iter().filter(|device| device.name == name).flat_map(|device| &device.holders);
        open.extend(holders.map(String::as_str));
    }
    upper != lower && seen.contains(&upper)
}

#[cfg(test)]
mod tests {
    use super::super::block_devices::list;
    use super::super::testing::Machine;
    use super::*;

    fn reasons(machine: &Machine) -> Vec<(String, Option<String>)> {
        let all = list(&machine.place()).devices;
        all.iter().map(|device| (device.name.clone(), skipped(device, &all).map(|skipped| skipped.to_string()))).collect()
    }

    fn reason(machine: &Machine, name: &str) -> Option<String> {
        reasons(machine).into_iter().find(|(device, _)| device == name).unwrap().1
    }

    /// `mounted.ocfs2` takes the first disk of a driver for the whole disk of every partition of that driver, and drops it.
    #[test]
    fn a_partition_hides_no_disk() {
        let machine = Machine::new();
        for disk in ["vda", "vdb", "nvme0n1", "nvme1n1", "xvdb"] {
            machine.disk(disk, 64 << 20);
        }
        machine.partition("vdb", "vdb1", 32 << 20);
        machine.partition("nvme1n1", "nvme1n1p1", 32 << 20);
        assert!(reasons(&machine).iter().all(|(_, reason)| reason.is_none()), "{:?}", reasons(&machine));
        assert_eq!(reasons(&machine).len(), 7);
    }

    /// `mounted.ocfs2` lists each path of a multipath map beside the map.
    #[test]
    fn paths_and_members_are_found_at_their_holder() {
        let machine = Machine::new();
        for name in ["sda", "sdb", "sdc", "sdd", "dm-0", "dm-1", "dm-2", "md0"] {
            machine.disk(name, 64 << 20);
        }
        machine.partition("sda", "sda1", 32 << 20);
        machine.write("sys/devices/dm-0/dm/uuid", "mpath-3600");
        machine.write("sys/devices/dm-1/dm/uuid", "part1-mpath-3600");
        machine.write("sys/devices/dm-2/dm/uuid", "LVM-abc");
        machine.write("sys/devices/md0/md/level", "raid1");
        for (lower, upper) in [("sda", "dm-0"), ("sdb", "dm-0"), ("dm-0", "dm-1"), ("sdc", "md0"), ("sdd", "dm-2")] {
            machine.write(&format!("sys/devices/{lower}/holders/{upper}/x"), "");
        }
        for (name, why) in [("sda", "a path of dm-0"), ("sdb", "a path of dm-0"), ("sda1", "a path of dm-0"), ("sdc", "a member of md0")] {
            assert_eq!(reason(&machine, name).as_deref(), Some(why), "{name}");
        }
        // Those that are built, and what carries a logical volume, are read: holders alone hide nothing.
        for name in ["dm-0", "dm-1", "dm-2", "md0", "sdd"] {
            assert_eq!(reason(&machine, name), None, "{name}");
        }
        let all = list(&machine.place()).devices;
        assert!(built_on("dm-1", "sda", &all) && built_on("dm-0", "sda", &all));
        assert!(!built_on("sda", "dm-0", &all) && !built_on("sda", "sda", &all) && !built_on("md0", "sda", &all));
    }

    #[test]
    fn what_cannot_carry_a_volume_is_told() {
        let machine = Machine::new();
        machine.disk("loop0", 0);
        machine.disk("sr0", 0);
        machine.write("sys/devices/sr0/removable", "1");
        machine.disk("fd0", 4096);
        machine.disk("hb", 1 << 20);
        machine.disk("nvme0c0n1", 1 << 30);
        machine.write("sys/devices/nvme0c0n1/hidden", "1");
        assert_eq!(reason(&machine, "loop0").unwrap(), "size 0");
        assert_eq!(reason(&machine, "sr0").unwrap(), "no medium");
        assert_eq!(reason(&machine, "fd0").unwrap(), "4096 bytes; the smallest volume has 1 MiB");
        assert_eq!(reason(&machine, "hb"), None);
        assert!(reason(&machine, "nvme0c0n1").unwrap().contains("hides"));
    }
}
