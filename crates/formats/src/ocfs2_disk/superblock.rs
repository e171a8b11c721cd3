//! The superblock (`struct ocfs2_super_block` within the dinode of block 2, `fs/ocfs2/ocfs2_fs.h`) and its backups.

use super::block_check::{self, Check};
use super::bytes::{text, u16_at, u32_at, u64_at};
use super::fault::DiskFault;
use super::features::Features;
use super::storage::Storage;
use std::fmt;

/// Bytes where `mkfs.ocfs2` keeps copies of the superblock, if the volume is that large and has feature `backup-super`.
pub const BACKUP_OFFSETS: [u64; 6] = [1 << 30, 1 << 32, 1 << 34, 1 << 36, 1 << 38, 1 << 40];

/// Block sizes that OCFS2 knows, in the order in which the kernel tries them (`ocfs2_sb_probe`).
const BLOCK_SIZES: [u32; 4] = [512, 1024, 2048, 4096];
const SIGNATURE: &[u8] = b"OCFSV2";
/// The superblock's number, in blocks of the file system.
const SUPER_BLOCK: u64 = 2;
/// Where a dinode keeps its checksum.
pub(super) const DINODE_CHECK: usize = 0x80;
/// The most nodes that can mount a volume at a time.
const MAX_SLOTS: u16 = 255;

/// What the superblock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    /// Byte of the device where it was found.
    pub offset: u64,
    /// log2 of the block size in bytes, 9 to 12.
    pub block_bits: u32,
    /// log2 of the cluster size in bytes, 12 to 20.
    pub cluster_bits: u32,
    /// Size of the volume, in clusters.
    pub clusters: u32,
    /// Made anew by each mkfs; every dinode of the volume repeats it.
    pub fs_generation: u32,
    /// Features.
    pub features: Features,
    /// Block of the root directory's dinode.
    pub root_block: u64,
    /// Block of the system directory's dinode.
    pub system_dir_block: u64,
    /// How many nodes can mount the volume at a time, 0 to 255; 0 on heartbeat-only devices.
    pub max_slots: u16,
    /// Label; empty if it has none.
    pub label: String,
    /// UUID.
    pub uuid: [u8; 16],
    /// Stack and cluster, if the superblock names them.
    pub cluster: Option<ClusterInfo>,
    /// What its checksum says; `None` without feature `metaecc`.
    pub check: Option<Check>,
}

/// Which cluster stack the volume belongs to (`struct ocfs2_cluster_info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterInfo {
    /// Stack: `o2cb`, `pcmk`, `cman`; 4 letters.
    pub stack: String,
    /// Name of the cluster, up to 16 bytes.
    pub name: String,
    /// Flags of the stack as they are on disk; bit 0 is o2cb's global heartbeat. 0 without feature `clusterinfo`.
    pub flags: u8,
}

/// What keeps nodes apart on a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack<'a> {
    /// Nothing: one machine mounts it.
    Local,
    /// O2CB, as before stacks had names: local heartbeat, and the volume does not say which cluster.
    Classic,
    /// The stack of that name.
    Named(&'a str),
}

/// Why the kernel would refuse a superblock (`ocfs2_verify_volume`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuperblockProblem {
    /// Another block size than where it was found.
    BlockSize {
        /// log2 that it names.
        bits: u32,
        /// Block size in bytes by the place where it was found.
        place: u32,
    },
    /// Another version than 0.90.
    Version(u16, u16),
    /// It says to be another block.
    Number(u64),
    /// log2 of the cluster size is not 12 to 20.
    ClusterSize(u32),
    /// No root directory.
    NoRoot,
    /// No system directory.
    NoSystemDirectory,
    /// More than 255 slots.
    Slots(u16),
    /// Shorter than a superblock.
    Short,
}

impl fmt::Display for SuperblockProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SuperblockProblem::BlockSize { bits, place } => {
                write!(f, "it names a block size of 2^{bits} bytes, but lies where only blocks of {place} bytes would put it")
            }
            SuperblockProblem::Version(major, minor) => write!(f, "version {major}.{minor}; only 0.90 is known"),
            SuperblockProblem::Number(number) => write!(f, "it says to be block {number}"),
            SuperblockProblem::ClusterSize(bits) => write!(f, "a cluster size of 2^{bits} bytes; 2^12 to 2^20 are possible"),
            SuperblockProblem::NoRoot => f.write_str("no root directory"),
            SuperblockProblem::NoSystemDirectory => f.write_str("no system directory"),
            SuperblockProblem::Slots(slots) => write!(f, "{slots} slots; up to 255 are possible"),
            SuperblockProblem::Short => f.write_str("cut short"),
        }
    }
}

impl Superblock {
    /// Finds the superblock; its block size is known only when it is found, so all four places are looked at.
    pub fn find<S: Storage>(storage: &mut S) -> Result<Superblock, DiskFault<S::Error>> {
        let mut refused = None;
        let mut unread = None;
        for size in BLOCK_SIZES {
            let offset = SUPER_BLOCK * u64::from(size);
            match storage.read(offset, size as usize) {
                Ok(mut block) => match parse(&mut block, offset, size, SUPER_BLOCK) {
                    Some(Ok(superblock)) => return Ok(superblock),
                    Some(Err(problem)) => refused = refused.or(Some(problem)),
                    None => {}
                },
                Err(error) => unread = unread.or(Some(DiskFault::Read { offset, error })),
            }
        }
        // What was not read might have been the superblock.
        Err(unread.or(refused.map(DiskFault::Superblock)).unwrap_or(DiskFault::NotOcfs2))
    }

    /// The backups that a device of `size` bytes carries, intact ones only, in the order of their offsets. They may be remnants: a
    /// volume that was formatted over keeps them.
    pub fn backups<S: Storage>(storage: &mut S, size: u64) -> Result<Vec<Superblock>, DiskFault<S::Error>> {
        let mut found = Vec::new();
        for offset in BACKUP_OFFSETS.into_iter().filter(|offset| offset + u64::from(BLOCK_SIZES[3]) <= size) {
            let bytes = storage.read(offset, BLOCK_SIZES[3] as usize).map_err(|error| DiskFault::Read { offset, error })?;
            found.extend(BLOCK_SIZES.into_iter().find_map(|size| {
                let mut block = bytes.get(..size as usize)?.to_vec();
                parse(&mut block, offset, size, offset / u64::from(size))?.ok()
            }));
        }
        Ok(found.into_iter().filter(|backup| backup.check != Some(Check::Bad)).collect())
    }

    /// UUID as the tools and the kernel's files write it: 32 upper-case hexadecimal digits.
    pub fn uuid_text(&self) -> String {
        format!("{:032X}", u128::from_be_bytes(self.uuid))
    }

    /// Block size in bytes.
    pub fn block_bytes(&self) -> u32 {
        1 << self.block_bits
    }

    /// Cluster size in bytes.
    pub fn cluster_bytes(&self) -> u32 {
        1 << self.cluster_bits
    }

    /// Size of the volume in blocks.
    pub fn blocks(&self) -> u64 {
        u64::from(self.clusters) << (self.cluster_bits - self.block_bits)
    }

    /// Size of the volume in bytes.
    pub fn bytes(&self) -> u64 {
        u64::from(self.clusters) << self.cluster_bits
    }

    /// What keeps nodes apart.
    pub fn stack(&self) -> Stack<'_> {
        match &self.cluster {
            _ if self.features.local() => Stack::Local,
            Some(cluster) => Stack::Named(&cluster.stack),
            None => Stack::Classic,
        }
    }

    /// Whether nodes that mount it beat in the cluster's regions instead of in its own.
    pub fn global_heartbeat(&self) -> bool {
        !self.features.local() && self.cluster.as_ref().is_some_and(|cluster| cluster.stack == "o2cb" && cluster.flags & 1 != 0)
    }

    /// Whether its nodes beat on disks: O2CB's do, those of other stacks do not.
    pub fn beats_on_disk(&self) -> bool {
        matches!(self.stack(), Stack::Classic | Stack::Named("o2cb"))
    }
}

/// `None` if no superblock is there; a problem if one is there and the kernel would refuse it. A single wrong bit is put right.
fn parse(block: &mut [u8], offset: u64, size: u32, number: u64) -> Option<Result<Superblock, SuperblockProblem>> {
    block.starts_with(SIGNATURE).then(|| {
        let incompat = u32_at(block, 0xe0).ok_or(SuperblockProblem::Short)?;
        let metaecc = Features { incompat, ..Features::default() }.metaecc();
        let check = metaecc.then(|| block_check::verify(block, DINODE_CHECK));
        let superblock = fields(block, offset, check).ok_or(SuperblockProblem::Short)?;
        verify(block, &superblock, size, number)?;
        Ok(superblock)
    })
}

fn fields(block: &[u8], offset: u64, check: Option<Check>) -> Option<Superblock> {
    let features = Features { compat: u32_at(block, 0xdc)?, incompat: u32_at(block, 0xe0)?, ro_compat: u32_at(block, 0xe4)? };
    let cluster = if features.names_stack() {
        Some(ClusterInfo {
            stack: text(block.get(0x160..0x164)?),
            flags: if features.clusterinfo() { *block.get(0x164)? } else { 0 },
            name: text(block.get(0x168..0x178)?),
        })
    } else {
        None
    };
    Some(Superblock {
        offset,
        block_bits: u32_at(block, 0xf8)?,
        cluster_bits: u32_at(block, 0xfc)?,
        clusters: u32_at(block, 0x14)?,
        fs_generation: u32_at(block, 0x60)?,
        features,
        root_block: u64_at(block, 0xe8)?,
        system_dir_block: u64_at(block, 0xf0)?,
        max_slots: u16_at(block, 0x100)?,
        label: text(block.get(0x110..0x150)?),
        uuid: *block.get(0x150..)?.first_chunk()?,
        cluster,
        check,
    })
}

fn verify(block: &[u8], superblock: &Superblock, size: u32, number: u64) -> Result<(), SuperblockProblem> {
    let bits = superblock.block_bits;
    if bits >= u32::BITS || 1u32 << bits != size {
        return Err(SuperblockProblem::BlockSize { bits, place: size });
    }
    let short = SuperblockProblem::Short;
    match (u16_at(block, 0xc0).ok_or(short)?, u16_at(block, 0xc2).ok_or(short)?) {
        (0, 90) => {}
        (major, minor) => return Err(SuperblockProblem::Version(major, minor)),
    }
    match u64_at(block, 0x50).ok_or(short)? {
        named if named == number => {}
        named => return Err(SuperblockProblem::Number(named)),
    }
    if !(12..=20).contains(&superblock.cluster_bits) {
        return Err(SuperblockProblem::ClusterSize(superblock.cluster_bits));
    }
    if superblock.root_block == 0 {
        return Err(SuperblockProblem::NoRoot);
    }
    if superblock.system_dir_block == 0 {
        return Err(SuperblockProblem::NoSystemDirectory);
    }
    if superblock.max_slots > MAX_SLOTS {
        return Err(SuperblockProblem::Slots(superblock.max_slots));
    }
    Ok(())
}
