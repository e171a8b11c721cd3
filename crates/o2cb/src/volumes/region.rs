//! Where the heartbeat of a volume is on this machine: what starting a region needs to know.

use super::survey::{Found, survey};
use crate::place::Place;
use formats::ocfs2_disk::{ClusterInfo, Superblock, Volume};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one answer of a device may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A region and the volume that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionOnDisk {
    /// The device, by the name to show and to open.
    pub device: PathBuf,
    /// UUID: 32 upper-case hexadecimal digits.
    pub uuid: String,
    /// Label; may be empty.
    pub label: String,
    /// The device's logical sector, and the size of a node's slot: configfs's `block_bytes`.
    pub block_bytes: u32,
    /// First sector: configfs's `start_block`.
    pub start_block: u64,
    /// Slots, 1 to 255: configfs's `blocks`.
    pub blocks: u32,
    /// Stack and cluster, if the volume names them; `None` on a volume of O2CB from before it had a name, and on a local one.
    pub cluster: Option<ClusterInfo>,
    /// Whether the volume is of a cluster that beats globally: only such ones carry regions that a configuration names.
    pub global: bool,
    /// Whether the device carries a heartbeat and no files.
    pub heartbeat_only: bool,
    /// Whether one machine mounts the volume without a cluster.
    pub local: bool,
}

/// Why there is no such region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionFault {
    /// No device carries the volume.
    #[error("no device of this machine carries volume {uuid}{}", unread_words(.unread))]
    NotFound {
        /// Which.
        uuid: String,
        /// Devices that could not be read: it may be on one of them.
        unread: Vec<String>,
    },
    /// Several devices that have nothing to do with each other carry it.
    #[error("{} all carry volume {uuid}: paths without multipath, or copies; name one of them", path_words(.devices))]
    Several {
        /// Which.
        uuid: String,
        /// Where.
        devices: Vec<PathBuf>,
    },
    /// The device carries no volume, or its heartbeat file cannot be used.
    #[error("{}: {what}", .device.display())]
    Device {
        /// Which.
        device: PathBuf,
        /// What is wrong.
        what: String,
    },
}

fn unread_words(unread: &[String]) -> String {
    if unread.is_empty() { String::new() } else { format!("; not all could be read: {}", unread.join("; ")) }
}

fn path_words(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The region of the volume with that UUID (hexadecimal digits of either case), on whichever device of this machine it is. Only reads.
pub fn find_region(place: &Place, uuid: &str) -> Result<RegionOnDisk, RegionFault> {
    let uuid = uuid.to_uppercase();
    let mut found = survey(place, &[], PATIENCE);
    let mut carriers: Vec<&mut Found> = found.volumes.iter_mut().filter(|volume| volume.superblock.uuid_text() == uuid).collect();
    match &mut carriers[..] {
        [] => {
            let unread = found.failed.iter().map(|(device, why)| format!("{}: {why}", device.display())).collect();
            Err(RegionFault::NotFound { uuid, unread })
        }
        [one] => region_on(one),
        several => Err(RegionFault::Several { uuid, devices: several.iter().map(|volume| volume.path.clone()).collect() }),
    }
}

/// The volume on `device`. Only reads.
fn volume_on(place: &Place, device: &Path) -> Result<Found, RegionFault> {
    let mut found = survey(place, &[device.to_owned()], PATIENCE);
    let fault = |device: &Path, what: &str| RegionFault::Device { device: device.to_owned(), what: what.to_owned() };
    match (found.volumes.pop(), found.failed.first()) {
        (_, Some((device, what))) => Err(fault(device, what)),
        (Some(volume), None) => Ok(volume),
        (None, None) => Err(fault(device, "no OCFS2 volume")),
    }
}

/// What the volume on `device` says of itself. Only reads.
pub fn superblock_of(place: &Place, device: &Path) -> Result<Superblock, RegionFault> {
    Ok(volume_on(place, device)?.superblock)
}

/// The region of the volume on `device`. Only reads.
pub fn region_of(place: &Place, device: &Path) -> Result<RegionOnDisk, RegionFault> {
    region_on(&mut volume_on(place, device)?)
}

/// The region of a volume that was found.
pub fn region_on(found: &mut Found) -> Result<RegionOnDisk, RegionFault> {
    let device = found.path.clone();
    let fault = |what: String| RegionFault::Device { device: device.clone(), what };
    let file = Volume::with(found.superblock.clone(), &mut found.reader).heartbeat_file().map_err(|error| fault(error.to_string()))?;
    let region = file.region(found.sector).map_err(|problem| fault(problem.to_string()))?;
    let superblock = &found.superblock;
    Ok(RegionOnDisk {
        uuid: superblock.uuid_text(),
        label: superblock.label.clone(),
        block_bytes: region.block_bytes,
        start_block: region.start_block,
        blocks: region.blocks,
        cluster: superblock.cluster.clone(),
        global: superblock.global_heartbeat(),
        heartbeat_only: superblock.features.heartbeat_only(),
        local: superblock.features.local(),
        device,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Machine;
    use super::*;

    const UUID: &str = "004b6e0110d04d8ea84f55c2fd471e4d";

    #[test]
    fn a_region_is_found_by_its_uuid() {
        let machine = Machine::new();
        machine.volume("sda", "o2cb1k");
        machine.volume("sdb", "heartbeat-only");
        let region = find_region(&machine.place(), UUID).unwrap();
        assert_eq!(region.device, machine.place().at("/dev/sdb"));
        assert_eq!((region.start_block, region.block_bytes, region.blocks), (296, 512, 255));
        assert_eq!((region.uuid.as_str(), region.label.as_str()), ("004B6E0110D04D8EA84F55C2FD471E4D", "hbvol1"));
        assert!(region.global && region.heartbeat_only && !region.local);
        assert_eq!(region.cluster.clone().unwrap().name, "web");
        assert_eq!(region_of(&machine.place(), &region.device), Ok(region));
    }

    #[test]
    fn sectors_are_the_devices_own() {
        let machine = Machine::new();
        machine.volume("sda", "metaecc4kn");
        machine.write("sys/devices/sda/queue/logical_block_size", "4096");
        let region = region_of(&machine.place(), &machine.place().at("/dev/sda")).unwrap();
        assert_eq!((region.start_block, region.block_bytes, region.blocks), (273, 4096, 255));
        machine.volume("sdb", "o2cb1k");
        machine.write("sys/devices/sdb/queue/logical_block_size", "4096");
        let fault = region_of(&machine.place(), &machine.place().at("/dev/sdb")).unwrap_err();
        assert!(fault.to_string().ends_with("the volume's blocks of 1024 bytes are smaller than the device's sectors of 4096"), "{fault}");
    }

    #[test]
    fn none_and_several_are_told() {
        let machine = Machine::new();
        machine.volume("sda", "heartbeat-only");
        machine.volume("sdb", "heartbeat-only");
        assert!(matches!(find_region(&machine.place(), UUID), Err(RegionFault::Several { devices, .. }) if devices.len() == 2));
        machine.disk("sdc", 64 << 20);
        let fault = find_region(&machine.place(), "00").unwrap_err().to_string();
        assert!(fault.starts_with("no device of this machine carries volume 00; not all could be read: "), "{fault}");
        let fault = region_of(&machine.place(), &machine.place().at("/dev/none")).unwrap_err().to_string();
        assert!(fault.contains("/dev/none: No such file"), "{fault}");
    }
}
