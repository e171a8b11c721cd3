//! Extent lists (`struct ocfs2_extent_list`, `ocfs2_extent_block`, `fs/ocfs2/ocfs2_fs.h`): which blocks hold a file.

use super::bytes::{u16_at, u32_at, u64_at};

/// A run of blocks of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Where in the file, in clusters.
    pub position: u32,
    /// Length in clusters.
    pub clusters: u32,
    /// First block on the volume.
    pub block: u64,
    /// Whether it holds no data yet and reads as zeros.
    pub unwritten: bool,
}

/// One record of a list: an extent in a leaf, else where the next list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// An extent of the file.
    Extent(Extent),
    /// Block number of the extent block whose list goes on from here.
    Below(u64),
}

/// A list, of a dinode or of an extent block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtentList {
    /// How many levels of extent blocks are below; 0: the records are extents.
    pub depth: u16,
    /// Records in use, in the file's order.
    pub records: Vec<Record>,
}

const HEADER: usize = 16;
const RECORD: usize = 16;
/// Flag of an extent that holds no data yet.
const UNWRITTEN: u8 = 1;
/// An extent block: signature, where its checksum, generation, number and list are.
pub(super) const BLOCK_SIGNATURE: &[u8] = b"EXBLK01\0";
pub(super) const BLOCK_CHECK: usize = 0x08;
const BLOCK_GENERATION: usize = 0x14;
const BLOCK_NUMBER: usize = 0x18;
const BLOCK_LIST: usize = 0x30;

impl ExtentList {
    /// Reads the list that starts at byte `at` of `block`; the message says what is wrong with it.
    pub fn parse(block: &[u8], at: usize) -> Result<ExtentList, &'static str> {
        let list = block.get(at..).unwrap_or_default();
        let (Some(depth), Some(count), Some(used)) = (u16_at(list, 0), u16_at(list, 2), u16_at(list, 4)) else {
            return Err("the extent list is cut short");
        };
        let room = list.len().saturating_sub(HEADER) / RECORD;
        if usize::from(count) > room || used > count {
            return Err("the extent list names more records than it has room for");
        }
        let records = list.get(HEADER..).unwrap_or_default().chunks_exact(RECORD).take(usize::from(used));
        let records = records.map(|record| record_of(record, depth)).collect::<Option<_>>().ok_or("an extent record is cut short")?;
        Ok(ExtentList { depth, records })
    }

    /// Reads extent block `number` of a volume of that generation.
    pub(super) fn parse_block(block: &[u8], number: u64, generation: u32) -> Result<ExtentList, &'static str> {
        if !block.starts_with(BLOCK_SIGNATURE) {
            return Err("no extent block is there");
        }
        if u64_at(block, BLOCK_NUMBER) != Some(number) {
            return Err("the extent block says to be another one");
        }
        if u32_at(block, BLOCK_GENERATION) != Some(generation) {
            return Err("the extent block is of an earlier file system");
        }
        ExtentList::parse(block, BLOCK_LIST)
    }
}

fn record_of(record: &[u8], depth: u16) -> Option<Record> {
    let block = u64_at(record, 8)?;
    if depth > 0 {
        return Some(Record::Below(block));
    }
    Some(Record::Extent(Extent {
        position: u32_at(record, 0)?,
        clusters: u32::from(u16_at(record, 4)?),
        block,
        unwritten: record.get(7)? & UNWRITTEN != 0,
    }))
}
