//! A volume's system files, found from its superblock.

use super::block_check::{self, Check};
use super::dinode::{Content, Dinode};
use super::directory::{Entries, trailer_check};
use super::extent::{self, Extent, ExtentList, Record};
use super::fault::DiskFault;
use super::heartbeat_file::HeartbeatFile;
use super::slot_map::SlotMap;
use super::storage::Storage;
use super::superblock::{DINODE_CHECK, Superblock};

/// Blocks that all walks over a volume may read together. A system directory of 255 slots has some 1600 entries, 96 blocks of 512
/// bytes; its extent tree a few more.
const MOST_BLOCKS: u32 = 2048;

/// A volume that is being read.
#[derive(Debug)]
pub struct Volume<S> {
    storage: S,
    superblock: Superblock,
    blocks_left: u32,
}

impl<S: Storage> Volume<S> {
    /// Finds the superblock.
    pub fn open(mut storage: S) -> Result<Self, DiskFault<S::Error>> {
        let superblock = Superblock::find(&mut storage)?;
        Ok(Volume::with(superblock, storage))
    }

    /// The volume whose superblock this is: a backup, where the first one is damaged.
    pub fn with(superblock: Superblock, storage: S) -> Self {
        Volume { storage, superblock, blocks_left: MOST_BLOCKS }
    }

    /// Its superblock.
    pub fn superblock(&self) -> &Superblock {
        &self.superblock
    }

    /// What it is read from.
    pub fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// Where its heartbeat is. Refused where the C tools (`ocfs2_fill_heartbeat_desc`) refuse it: the file must be one extent.
    pub fn heartbeat_file(&mut self) -> Result<HeartbeatFile, DiskFault<S::Error>> {
        let dinode = self.system_file("heartbeat")?;
        if !dinode.is_heartbeat() {
            return Err(DiskFault::Heartbeat("it is not marked as one"));
        }
        let Content::Extents(ExtentList { depth: 0, records }) = dinode.content else {
            return Err(DiskFault::Heartbeat("it is not one extent"));
        };
        let [Record::Extent(extent)] = records[..] else { return Err(DiskFault::Heartbeat("it is not one extent")) };
        let blocks = u64::from(extent.clusters) << self.cluster_shift();
        if extent.position != 0 || extent.block.checked_add(blocks).is_none_or(|end| end > self.superblock.blocks()) {
            return Err(DiskFault::Heartbeat("its extent is beyond the volume's end"));
        }
        Ok(HeartbeatFile {
            offset: extent.block << self.superblock.block_bits,
            length: blocks << self.superblock.block_bits,
            fs_block_bytes: self.superblock.block_bytes(),
        })
    }

    /// Who has mounted it, by the disk; `None` on a heartbeat-only device, which nobody can mount.
    pub fn slot_map(&mut self) -> Result<Option<SlotMap>, DiskFault<S::Error>> {
        if self.superblock.features.heartbeat_only() {
            return Ok(None);
        }
        let dinode = self.system_file("slot_map")?;
        let (slots, extended) = (self.superblock.max_slots, self.superblock.features.extended_slot_map());
        let bytes = self.start_of(&dinode, SlotMap::length(slots, extended))?;
        let cut = DiskFault::Malformed { block: dinode.block, what: "the slot map is shorter than the volume's slots need" };
        SlotMap::parse(&bytes, slots, extended).map(Some).ok_or(cut)
    }

    /// The system file of that name: global ones are `slot_map`, `heartbeat`, `global_bitmap`, …
    pub fn system_file(&mut self, name: &'static str) -> Result<Dinode, DiskFault<S::Error>> {
        let directory = self.dinode(self.superblock.system_dir_block)?;
        let inode = self.look_up(&directory, name.as_bytes())?.ok_or(DiskFault::NoSystemFile(name))?;
        self.dinode(inode)
    }

    /// The dinode of that block.
    pub fn dinode(&mut self, number: u64) -> Result<Dinode, DiskFault<S::Error>> {
        let block = self.block(number, Some(DINODE_CHECK))?;
        Dinode::parse(&block, number, self.superblock.fs_generation).map_err(|what| DiskFault::Malformed { block: number, what })
    }

    /// The inode that `directory` has under `name`.
    pub fn look_up(&mut self, directory: &Dinode, name: &[u8]) -> Result<Option<u64>, DiskFault<S::Error>> {
        if !directory.is_directory() {
            return Err(DiskFault::Malformed { block: directory.block, what: "no directory is there" });
        }
        let list = match &directory.content {
            Content::Inline(data) => return find_entry(data, directory.block, name),
            Content::Extents(list) => list.clone(),
        };
        let mut left = directory.size >> self.superblock.block_bits;
        for extent in self.extents(list)? {
            if extent.unwritten {
                return Err(DiskFault::Malformed { block: directory.block, what: "the directory has an unwritten extent" });
            }
            let blocks = u64::from(extent.clusters) << self.cluster_shift();
            for index in 0..blocks.min(left) {
                let number = extent.block.saturating_add(index);
                let block = self.directory_block(number)?;
                if let Some(inode) = find_entry(&block, number, name)? {
                    return Ok(Some(inode));
                }
            }
            left = left.saturating_sub(blocks);
        }
        Ok(None)
    }

    /// All extents below `root`, in the file's order. Each level below must be one less deep, so that no loop is followed.
    fn extents(&mut self, root: ExtentList) -> Result<Vec<Extent>, DiskFault<S::Error>> {
        let mut extents = Vec::new();
        let mut open = vec![(root.depth, root.records.into_iter())];
        while let Some((depth, records)) = open.last_mut() {
            let below = match records.next() {
                None => {
                    open.pop();
                    continue;
                }
                Some(Record::Extent(extent)) => {
                    extents.push(extent);
                    continue;
                }
                Some(Record::Below(number)) => (number, *depth),
            };
            let (number, depth) = below;
            let block = self.block(number, Some(extent::BLOCK_CHECK))?;
            let malformed = |what| DiskFault::Malformed { block: number, what };
            let list = ExtentList::parse_block(&block, number, self.superblock.fs_generation).map_err(malformed)?;
            if list.depth.checked_add(1) != Some(depth) {
                return Err(malformed("the extent block is not of the level below"));
            }
            open.push((list.depth, list.records.into_iter()));
        }
        Ok(extents)
    }

    /// The first `length` bytes of a file, fewer if its first extent is shorter.
    fn start_of(&mut self, file: &Dinode, length: usize) -> Result<Vec<u8>, DiskFault<S::Error>> {
        let list = match &file.content {
            Content::Inline(data) => return Ok(data.get(..length).unwrap_or(data).to_vec()),
            Content::Extents(list) => list.clone(),
        };
        let Some(extent) = self.extents(list)?.first().copied().filter(|extent| extent.position == 0 && !extent.unwritten) else {
            return Err(DiskFault::Malformed { block: file.block, what: "the file has no data at its start" });
        };
        let blocks = (u64::from(extent.clusters) << self.cluster_shift()).min(file.size >> self.superblock.block_bits);
        let mut bytes = Vec::new();
        for index in 0..blocks {
            if bytes.len() >= length {
                break;
            }
            bytes.extend(self.block(extent.block.saturating_add(index), None)?);
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    fn directory_block(&mut self, number: u64) -> Result<Vec<u8>, DiskFault<S::Error>> {
        let mut block = self.block(number, None)?;
        if self.superblock.features.metaecc() {
            let field =
                trailer_check(&block).ok_or(DiskFault::Malformed { block: number, what: "the directory's block has no trailer" })?;
            if block_check::verify(&mut block, field) == Check::Bad {
                return Err(DiskFault::Checksum { block: number });
            }
        }
        Ok(block)
    }

    /// Block `number`, checked if the volume has checksums and one is at byte `check`.
    fn block(&mut self, number: u64, check: Option<usize>) -> Result<Vec<u8>, DiskFault<S::Error>> {
        if number >= self.superblock.blocks() {
            return Err(DiskFault::Malformed { block: number, what: "it is beyond the volume's end" });
        }
        self.blocks_left = self.blocks_left.checked_sub(1).ok_or(DiskFault::TooManyBlocks)?;
        let offset = number << self.superblock.block_bits;
        let length = self.superblock.block_bytes() as usize;
        let mut block = self.storage.read(offset, length).map_err(|error| DiskFault::Read { offset, error })?;
        match check {
            Some(field) if self.superblock.features.metaecc() && block_check::verify(&mut block, field) == Check::Bad => {
                Err(DiskFault::Checksum { block: number })
            }
            _ => Ok(block),
        }
    }

    /// log2 of the blocks in a cluster.
    fn cluster_shift(&self) -> u32 {
        self.superblock.cluster_bits - self.superblock.block_bits
    }
}

fn find_entry<E>(bytes: &[u8], block: u64, name: &[u8]) -> Result<Option<u64>, DiskFault<E>> {
    for entry in Entries::new(bytes) {
        let entry = entry.map_err(|what| DiskFault::Malformed { block, what })?;
        if entry.name == name {
            return Ok(Some(entry.inode));
        }
    }
    Ok(None)
}
