//! GFS2's lock value blocks: 32 bytes, big-endian, from a magic number on (`struct gfs2_rgrp_lvb`, `gfs2_quota_lvb`,
//! `gfs2_inode_lvb`, `include/uapi/linux/gfs2_ondisk.h`; the inode's since 5.8). An LVB that nobody wrote is all zero.
//!
//! ```text
//! 01 16 19 70  00 00 00 00  00 00 5a 31  00 00 00 10  00 00 00 00 00 00 00 07  00 00 00 02  00 00 00 00
//! magic        flags        free blocks  dinodes      inode generation         unlinked
//! ```

use crate::gfs2::GlockType;

/// First word of an LVB that was written (`GFS2_MAGIC`).
pub const MAGIC: u32 = 0x0116_1970;

/// What an LVB says, by the type of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gfs2Lvb {
    /// A resource group.
    Rgrp {
        /// `GFS2_RGF_*`.
        flags: u32,
        /// Free file system blocks.
        free: u32,
        /// Inodes in the group.
        dinodes: u32,
        /// Generation for the next inode.
        generation: u64,
        /// Inodes that are unlinked and not freed yet.
        unlinked: u32,
    },
    /// An inode: the generation that was deleted last.
    Inode {
        /// Generation (`no_formal_ino`).
        generation_deleted: u64,
    },
    /// A quota id, in file system blocks.
    Quota {
        /// Hard limit, 0 none.
        limit: u64,
        /// Warning from there on, 0 none.
        warn: u64,
        /// In use; negative values occur while nodes settle their changes.
        value: i64,
    },
}

impl Gfs2Lvb {
    /// What the bytes say of a resource of this type; `None` without the magic number, or for a type that has no LVB.
    pub fn decode(kind: GlockType, bytes: &[u8]) -> Option<Gfs2Lvb> {
        if word32(bytes, 0)? != MAGIC {
            return None;
        }
        match kind {
            GlockType::RGRP => Some(Gfs2Lvb::Rgrp {
                flags: word32(bytes, 4)?,
                free: word32(bytes, 8)?,
                dinodes: word32(bytes, 12)?,
                generation: word64(bytes, 16)?,
                unlinked: word32(bytes, 24)?,
            }),
            GlockType::INODE => Some(Gfs2Lvb::Inode { generation_deleted: word64(bytes, 8)? }),
            GlockType::QUOTA => {
                let value = word64(bytes, 24)?.cast_signed();
                Some(Gfs2Lvb::Quota { limit: word64(bytes, 8)?, warn: word64(bytes, 16)?, value })
            }
            _ => None,
        }
    }
}

fn word32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn word64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lvb(words: [u32; 8]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn by_the_type_of_the_resource() {
        let bytes = lvb([MAGIC, 1, 2, 3, 4, 5, 6, 0]);
        let rgrp = Gfs2Lvb::Rgrp { flags: 1, free: 2, dinodes: 3, generation: 4 << 32 | 5, unlinked: 6 };
        assert_eq!(Gfs2Lvb::decode(GlockType::RGRP, &bytes), Some(rgrp));
        let inode = Gfs2Lvb::Inode { generation_deleted: 2 << 32 | 3 };
        assert_eq!(Gfs2Lvb::decode(GlockType::INODE, &bytes), Some(inode));
        let quota = Gfs2Lvb::Quota { limit: 2 << 32 | 3, warn: 4 << 32 | 5, value: 6 << 32 };
        assert_eq!(Gfs2Lvb::decode(GlockType::QUOTA, &bytes), Some(quota));
        assert_eq!(Gfs2Lvb::decode(GlockType::FLOCK, &bytes), None);
    }

    #[test]
    fn never_written_or_too_short() {
        assert_eq!(Gfs2Lvb::decode(GlockType::RGRP, &[0; 32]), None);
        assert_eq!(Gfs2Lvb::decode(GlockType::RGRP, &lvb([MAGIC; 8])[..27]), None);
        assert_eq!(Gfs2Lvb::decode(GlockType::RGRP, b""), None);
    }
}
