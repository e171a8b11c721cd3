//! A heartbeat block (`struct o2hb_disk_heartbeat_block`, `fs/ocfs2/cluster/ocfs2_heartbeat.h`), little endian.

/// What a slot of a region holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Block {
    /// The writer's clock in seconds since 1970 when it wrote; 0 if nobody ever did. The kernel only compares it with the last one.
    pub seq: u64,
    /// Number of the node that wrote it.
    pub node: u8,
    /// Random, new for each start of the region, never 0; 0: the node left cleanly.
    pub generation: u64,
    /// After how many milliseconds of silence the writer thinks a node dead: its threshold times 2000. 0 from kernels before 2.6.26.
    pub dead_ms: u32,
    /// Checksum as it is on disk.
    pub stored: u32,
    /// Checksum of what is on disk.
    pub computed: u32,
}

const CHECKSUM: std::ops::Range<usize> = 12..16;

impl Block {
    /// Reads a slot: a whole sector, over which the checksum is. `None` if it is shorter than a block.
    pub fn parse(sector: &[u8]) -> Option<Block> {
        let u64_at = |at: usize| sector.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk));
        let u32_at = |at: usize| sector.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk));
        Some(Block {
            seq: u64_at(0)?,
            node: *sector.get(8)?,
            generation: u64_at(16)?,
            dead_ms: u32_at(24)?,
            stored: u32_at(CHECKSUM.start)?,
            computed: checksum(sector)?,
        })
    }

    /// Whether the checksum is that of what is on disk.
    pub fn intact(&self) -> bool {
        self.stored == self.computed
    }

    /// Whether somebody ever wrote it. An empty block has a valid checksum.
    pub fn used(&self) -> bool {
        self.seq != 0 || !self.intact()
    }
}

/// `crc32_le(0, …)` over the sector with its checksum as 0 (`o2hb_compute_block_crc_le`).
fn checksum(sector: &[u8]) -> Option<u32> {
    let mut hasher = crc32fast::Hasher::new_with_initial(!0);
    hasher.update(sector.get(..CHECKSUM.start)?);
    hasher.update(&[0; 4]);
    hasher.update(sector.get(CHECKSUM.end..)?);
    Some(!hasher.finalize())
}
