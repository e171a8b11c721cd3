//! The block devices of this machine, as the kernel lists them in `/sys/class/block`: whatever their drivers call them.

use crate::place::Place;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A block device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockDevice {
    /// The kernel's name: `sda1`, `nvme0n1p2`, `dm-3`.
    pub name: String,
    /// Major and minor number.
    pub number: (u32, u32),
    /// The node to open, by its name in `/dev/mapper` if it has one.
    pub path: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// Logical sector in bytes, if sysfs tells it.
    pub sector: Option<u32>,
    /// The disk that it is a partition of.
    pub disk: Option<String>,
    /// Devices that are built on it: multipath maps, RAIDs, logical volumes.
    pub holders: Vec<String>,
    /// What the kernel or the device-mapper build it of.
    pub kind: Kind,
    /// Whether its medium can be taken out.
    pub removable: bool,
    /// Whether the kernel hides it: a path that is used through the multipath device that the kernel made of it.
    pub hidden: bool,
}

/// What kind of device it is, as far as it matters to what it is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A disk, a partition, a logical volume: its bytes are whose name it has.
    Plain,
    /// A multipath map: each of its paths shows the same bytes.
    Multipath,
    /// A RAID: its members hold pieces.
    Raid,
}

/// The list, and what went wrong with making it.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Devices, by name.
    pub devices: Vec<BlockDevice>,
    /// What could not be found out.
    pub problems: Vec<String>,
}

/// sysfs and `/proc/partitions` count in these, whatever the device's sector is.
const UNIT: u64 = 512;

/// Lists them: `/sys/class/block`, and what only `/proc/partitions` names.
pub fn list(place: &Place) -> Listing {
    let mut listing = Listing::default();
    let folder = place.at("/sys/class/block");
    match fs::read_dir(&folder) {
        Ok(entries) => {
            for entry in entries.flatten() {
                match of_sysfs(place, &entry.path()) {
                    Some(device) => listing.devices.push(device),
                    // It went away meanwhile, or is none: sysfs always tells number and size.
                    None => listing.problems.push(format!("{}: no size or number", entry.path().display())),
                }
            }
        }
        Err(error) => listing.problems.push(format!("{}: {error}", folder.display())),
    }
    let known: BTreeSet<String> = listing.devices.iter().map(|device| device.name.clone()).collect();
    let partitions = fs::read_to_string(place.at("/proc/partitions")).unwrap_or_default();
    listing.devices.extend(partitions.lines().filter_map(|line| of_partitions(place, line)).filter(|device| !known.contains(&device.name)));
    listing.devices.sort_by_key(|device| natural(&device.name));
    listing
}

/// The device whose folder in sysfs is `folder`.
fn of_sysfs(place: &Place, folder: &Path) -> Option<BlockDevice> {
    let text = |file: &str| fs::read_to_string(folder.join(file)).ok().map(|text| text.trim().to_owned());
    let flag = |file: &str| text(file).is_some_and(|text| text == "1");
    let name = folder.file_name()?.to_string_lossy().into_owned();
    let (major, minor) = text("dev")?.split_once(':').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))?;
    let partition = folder.join("partition").exists();
    // The entry is a link to `…/DISK/PARTITION`.
    let disk = if partition {
        fs::read_link(folder).ok().and_then(|to| Some(to.parent()?.file_name()?.to_string_lossy().into_owned()))
    } else {
        None
    };
    let mut holders: Vec<_> = fs::read_dir(folder.join("holders")).into_iter().flatten().flatten().collect();
    holders.sort_by_key(fs::DirEntry::file_name);
    let kind = match text("dm/uuid") {
        Some(uuid) if uuid.starts_with("mpath-") => Kind::Multipath,
        _ if folder.join("md").exists() => Kind::Raid,
        _ => Kind::Plain,
    };
    Some(BlockDevice {
        number: (major, minor),
        path: node(place, &name, text("dm/name").as_deref()),
        size: text("size")?.parse::<u64>().ok()?.saturating_mul(UNIT),
        sector: text("queue/logical_block_size").or_else(|| text("../queue/logical_block_size")).and_then(|text| text.parse().ok()),
        disk,
        holders: holders.into_iter().map(|holder| holder.file_name().to_string_lossy().into_owned()).collect(),
        kind,
        removable: flag("removable") || (partition && flag("../removable")),
        hidden: flag("hidden"),
        name,
    })
}

/// `major minor blocks name`, in blocks of 1024 bytes.
fn of_partitions(place: &Place, line: &str) -> Option<BlockDevice> {
    let mut words = line.split_whitespace();
    let number = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let size = words.next()?.parse::<u64>().ok()?.saturating_mul(2 * UNIT);
    let name = words.next()?.to_owned();
    Some(BlockDevice {
        path: node(place, &name, None),
        name,
        number,
        size,
        sector: None,
        disk: None,
        holders: Vec::new(),
        kind: Kind::Plain,
        removable: false,
        hidden: false,
    })
}

/// `/dev/mapper/NAME` where udev made it, else `/dev/` and the kernel's name, in which `!` stands for `/`.
fn node(place: &Place, name: &str, mapped: Option<&str>) -> PathBuf {
    let mapped = mapped.map(|mapped| place.at(&format!("/dev/mapper/{mapped}"))).filter(|path| path.exists());
    mapped.unwrap_or_else(|| place.at(&format!("/dev/{}", name.replace('!', "/"))))
}

/// Sorts `sda2` before `sda10`.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word);
        let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (digits, tail) = tail.split_at(digits);
        parts.push((word.to_owned(), digits.parse().unwrap_or(0)));
        rest = tail;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::testing::Machine;
    use super::*;

    #[test]
    fn defect_15_devices_of_every_driver_are_listed() {
        let machine = Machine::new();
        for name in ["sda", "vda", "nvme0n1", "md127", "mmcblk0", "xvda", "dasda", "pmem0", "rbd0", "nbd3", "bcache0", "zram0"] {
            machine.disk(name, 4 << 20);
        }
        machine.partition("nvme0n1", "nvme0n1p10", 2 << 20);
        machine.partition("nvme0n1", "nvme0n1p2", 2 << 20);
        let listing = list(&machine.place());
        let names: Vec<_> = listing.devices.iter().map(|device| device.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "bcache0",
                "dasda",
                "md127",
                "mmcblk0",
                "nbd3",
                "nvme0n1",
                "nvme0n1p2",
                "nvme0n1p10",
                "pmem0",
                "rbd0",
                "sda",
                "vda",
                "xvda",
                "zram0"
            ]
        );
        assert_eq!(listing.problems, Vec::<String>::new());
        let partition = &listing.devices[6];
        assert_eq!((partition.disk.as_deref(), partition.size, partition.sector), (Some("nvme0n1"), 2 << 20, Some(512)));
        assert_eq!(partition.path, machine.place().at("/dev/nvme0n1p2"));
    }

    #[test]
    fn maps_have_their_names_and_kinds() {
        let machine = Machine::new();
        machine.disk("sda", 4 << 20);
        machine.disk("dm-0", 4 << 20);
        machine.write("sys/class/block/dm-0/dm/name", "mpatha\n");
        machine.write("sys/class/block/dm-0/dm/uuid", "mpath-3600\n");
        machine.write("sys/class/block/sda/holders/dm-0/x", "");
        machine.write("dev/mapper/mpatha", "");
        machine.disk("cciss!c0d0", 4 << 20);
        let devices = list(&machine.place()).devices;
        assert_eq!((devices[1].kind, devices[1].path.clone()), (Kind::Multipath, machine.place().at("/dev/mapper/mpatha")));
        assert_eq!(devices[2].holders, ["dm-0"]);
        assert_eq!(devices[0].path, machine.place().at("/dev/cciss/c0d0"));
    }

    #[test]
    fn without_sysfs_the_partitions_are_told() {
        let machine = Machine::new();
        machine.write("proc/partitions", "major minor  #blocks  name\n\n 254        0       4096 vda\n 254 1 1024 vda1\n");
        let listing = list(&machine.place());
        assert_eq!(
            listing.devices.iter().map(|device| (device.name.as_str(), device.size)).collect::<Vec<_>>(),
            [("vda", 4 << 20), ("vda1", 1 << 20)]
        );
        assert_eq!(listing.problems.len(), 1);
    }
}
