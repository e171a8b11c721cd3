//! Names of glocks: a type and a number, printed `2/183f3` in debugfs (type decimal, number hex; `gfs2_dump_glock`,
//! `fs/gfs2/glock.c`, all kernels since 2.6.32).

use crate::scan::{decimal, hex};
use std::fmt;

/// What a glock protects (`LM_TYPE_*`, `fs/gfs2/glock.h`). Numbers of later kernels are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GlockType(pub u8);

impl GlockType {
    /// The whole file system: live, freeze (called trans before), rename.
    pub const NONDISK: GlockType = GlockType(1);
    /// An inode's metadata and data. The number is its disk address, which is `st_ino`.
    pub const INODE: GlockType = GlockType(2);
    /// Allocation bitmaps of a resource group.
    pub const RGRP: GlockType = GlockType(3);
    /// The superblock.
    pub const META: GlockType = GlockType(4);
    /// Who has an inode in memory, so who may delete it.
    pub const IOPEN: GlockType = GlockType(5);
    /// flock(2) on an inode.
    pub const FLOCK: GlockType = GlockType(6);
    /// Not used by any kernel.
    pub const PLOCK: GlockType = GlockType(7);
    /// A quota id.
    pub const QUOTA: GlockType = GlockType(8);
    /// A journal.
    pub const JOURNAL: GlockType = GlockType(9);

    /// The nine types: number, the kernel's name (as in `sbstats`), what they protect.
    pub const ALL: [(GlockType, &'static str, &'static str); 9] = [
        (GlockType::NONDISK, "nondisk", "the whole file system: live, freeze, rename"),
        (GlockType::INODE, "inode", "an inode's metadata and data"),
        (GlockType::RGRP, "rgrp", "allocation bitmaps of a resource group"),
        (GlockType::META, "meta", "the superblock"),
        (GlockType::IOPEN, "iopen", "who has the inode in memory and so may delete it"),
        (GlockType::FLOCK, "flock", "flock(2) by processes"),
        (GlockType::PLOCK, "plock", "not used"),
        (GlockType::QUOTA, "quota", "a quota id"),
        (GlockType::JOURNAL, "journal", "a node's journal"),
    ];

    /// The kernel's name; "unknown" for a number of a later kernel.
    pub fn word(self) -> &'static str {
        self.row().map_or("unknown", |row| row.1)
    }

    /// What it protects, in words.
    pub fn protects(self) -> &'static str {
        self.row().map_or("a type this program does not know", |row| row.2)
    }

    /// Whether its number is an inode's.
    pub fn names_inode(self) -> bool {
        matches!(self, Self::INODE | Self::IOPEN | Self::FLOCK)
    }

    fn row(self) -> Option<&'static (GlockType, &'static str, &'static str)> {
        Self::ALL.iter().find(|row| row.0 == self)
    }
}

impl fmt::Debug for GlockType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.word())
    }
}

/// Type and number: one glock on every node, and one resource of the DLM.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GlockName {
    /// Type.
    pub kind: GlockType,
    /// Number: a disk address for types 2, 3, 5 and 6.
    pub number: u64,
}

impl GlockName {
    /// A name from its parts.
    pub fn new(kind: GlockType, number: u64) -> GlockName {
        GlockName { kind, number }
    }

    /// Reads `2/183f3`. `None` if it has another shape.
    pub fn parse(text: &[u8]) -> Option<GlockName> {
        let slash = memchr::memchr(b'/', text)?;
        let kind = u8::try_from(decimal(text.get(..slash)?)?).ok()?;
        Some(GlockName::new(GlockType(kind), hex(text.get(slash + 1..)?)?))
    }

    /// The inode it is about, if its type names one: `st_ino`.
    pub fn inode(self) -> Option<u64> {
        self.kind.names_inode().then_some(self.number)
    }
}

impl fmt::Display for GlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:x}", self.kind.0, self.number)
    }
}

impl fmt::Debug for GlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_articles_inode() {
        let name = GlockName::parse(b"2/183f3").unwrap();
        assert_eq!((name.kind, name.inode(), name.to_string().as_str()), (GlockType::INODE, Some(99315), "2/183f3"));
        for text in ["2", "2/", "/2", "2/xyz", "-1/2", "2/1 ", "256/1", "2/11112222333344445"] {
            assert_eq!(GlockName::parse(text.as_bytes()), None, "{text}");
        }
    }
}
