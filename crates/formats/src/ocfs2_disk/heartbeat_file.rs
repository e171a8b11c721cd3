//! Where the heartbeat is: the system file `heartbeat`, one extent in which each node writes a sector of its own.

use std::fmt;

/// Nodes that a region has room for (`O2NM_MAX_NODES`).
const MAX_NODES: u64 = 255;
/// Smallest sector of a device.
const MIN_SECTOR: u32 = 512;

/// The heartbeat file's place on the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatFile {
    /// Byte of the device where it starts.
    pub offset: u64,
    /// Length in bytes.
    pub length: u64,
    /// Block size of the file system, in bytes.
    pub fs_block_bytes: u32,
}

/// A region as the kernel's heartbeat wants it (`start_block`, `block_bytes`, `blocks` of its folder in configfs).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First sector: `offset / block_bytes`.
    pub start_block: u64,
    /// Bytes of a sector, and of a node's slot: the device's logical sector size.
    pub block_bytes: u32,
    /// Slots, up to 255: node numbers from 0 to one less can beat.
    pub blocks: u32,
}

/// Why a heartbeat file is no region on a device of such sectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionProblem {
    /// No size of a sector: not a power of two of at least 512 bytes.
    Sector(u32),
    /// Blocks of the file system are smaller than a sector of the device.
    SmallBlocks {
        /// Block size of the file system, in bytes.
        fs: u32,
        /// Sector size of the device, in bytes.
        sector: u32,
    },
    /// Shorter than a sector.
    Short,
}

impl fmt::Display for RegionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegionProblem::Sector(sector) => write!(f, "{sector} bytes are no sector size"),
            RegionProblem::SmallBlocks { fs, sector } => {
                write!(f, "the volume's blocks of {fs} bytes are smaller than the device's sectors of {sector}")
            }
            RegionProblem::Short => f.write_str("the heartbeat file is shorter than a sector"),
        }
    }
}

impl std::error::Error for RegionProblem {}

impl HeartbeatFile {
    /// The region on a device whose logical sectors are so long.
    pub fn region(&self, sector: u32) -> Result<Region, RegionProblem> {
        if !sector.is_power_of_two() || sector < MIN_SECTOR {
            return Err(RegionProblem::Sector(sector));
        }
        if self.fs_block_bytes < sector {
            return Err(RegionProblem::SmallBlocks { fs: self.fs_block_bytes, sector });
        }
        let blocks = (self.length / u64::from(sector)).min(MAX_NODES) as u32;
        if blocks == 0 {
            return Err(RegionProblem::Short);
        }
        Ok(Region { start_block: self.offset / u64::from(sector), block_bytes: sector, blocks })
    }
}

impl Region {
    /// Byte of the device where it starts.
    pub fn offset(&self) -> u64 {
        self.start_block.saturating_mul(u64::from(self.block_bytes))
    }

    /// Length in bytes, at most 255 sectors.
    pub fn length(&self) -> usize {
        self.blocks as usize * self.block_bytes as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_count_in_sectors_of_the_device() {
        let file = HeartbeatFile { offset: 275 * 4096, length: 256 * 4096, fs_block_bytes: 4096 };
        assert_eq!(file.region(512), Ok(Region { start_block: 2200, block_bytes: 512, blocks: 255 }));
        assert_eq!(file.region(4096), Ok(Region { start_block: 275, block_bytes: 4096, blocks: 255 }));
        let region = file.region(4096).unwrap();
        assert_eq!((region.offset(), region.length()), (275 * 4096, 255 * 4096));
        let small = HeartbeatFile { offset: 4096, length: 12 * 512, fs_block_bytes: 512 };
        assert_eq!(small.region(512).unwrap().blocks, 12);
        assert_eq!(small.region(4096), Err(RegionProblem::SmallBlocks { fs: 512, sector: 4096 }));
        assert_eq!(small.region(0), Err(RegionProblem::Sector(0)));
        assert_eq!(small.region(768), Err(RegionProblem::Sector(768)));
        assert_eq!(HeartbeatFile { length: 511, ..small }.region(512), Err(RegionProblem::Short));
    }
}
