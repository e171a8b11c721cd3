//! Dinodes (`struct ocfs2_dinode`, `fs/ocfs2/ocfs2_fs.h`): one block each, whose number is the inode's number.

use super::bytes::{u16_at, u32_at, u64_at};
use super::extent::ExtentList;

const SIGNATURE: &[u8] = b"INODE01\0";
/// `OCFS2_VALID_FL`: the dinode is in use.
const VALID: u32 = 0x1;
/// `OCFS2_HEARTBEAT_FL`.
const HEARTBEAT: u32 = 0x200;
/// `OCFS2_INLINE_DATA_FL` of `i_dyn_features`.
const INLINE: u16 = 0x1;
/// File type in `i_mode`.
const TYPE_MASK: u16 = 0o170_000;
const DIRECTORY: u16 = 0o040_000;
/// Where what the dinode holds begins: an extent list, or the length of inline data.
const CONTENT: usize = 0xc0;
const INLINE_DATA: usize = 0xc8;

/// A file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dinode {
    /// Its block.
    pub block: u64,
    /// Size in bytes.
    pub size: u64,
    /// Type and permissions, as in `st_mode`.
    pub mode: u16,
    /// Flags (`OCFS2_*_FL`): 0x211 for the heartbeat file (valid, system, heartbeat).
    pub flags: u32,
    /// Features of this file alone (`OCFS2_*_FL` of `i_dyn_features`).
    pub dyn_features: u16,
    /// What it holds.
    pub content: Content,
}

/// What a dinode holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its data, within the dinode's block.
    Inline(Vec<u8>),
    /// Where its data is.
    Extents(ExtentList),
}

impl Dinode {
    /// Reads block `number` of a volume of that generation; the message says what is wrong with it.
    pub fn parse(block: &[u8], number: u64, generation: u32) -> Result<Dinode, &'static str> {
        if !block.starts_with(SIGNATURE) {
            return Err("no dinode is there");
        }
        if u64_at(block, 0x50) != Some(number) {
            return Err("the dinode says to be another one");
        }
        if u32_at(block, 0x60) != Some(generation) {
            return Err("the dinode is of an earlier file system");
        }
        let cut = "the dinode is cut short";
        let flags = u32_at(block, 0x2c).ok_or(cut)?;
        if flags & VALID == 0 {
            return Err("the dinode is not in use");
        }
        let size = u64_at(block, 0x20).ok_or(cut)?;
        let dyn_features = u16_at(block, 0x76).ok_or(cut)?;
        let content = if dyn_features & INLINE != 0 {
            let room = usize::from(u16_at(block, CONTENT).ok_or(cut)?);
            let length = usize::try_from(size).unwrap_or(usize::MAX);
            let data = block.get(INLINE_DATA..).and_then(|data| data.get(..length)).filter(|_| length <= room);
            Content::Inline(data.ok_or("more inline data than the block has room for")?.to_vec())
        } else {
            Content::Extents(ExtentList::parse(block, CONTENT)?)
        };
        Ok(Dinode { block: number, size, mode: u16_at(block, 0x28).ok_or(cut)?, flags, dyn_features, content })
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.mode & TYPE_MASK == DIRECTORY
    }

    /// Whether it is marked as the heartbeat file.
    pub fn is_heartbeat(&self) -> bool {
        self.flags & HEARTBEAT != 0
    }
}
