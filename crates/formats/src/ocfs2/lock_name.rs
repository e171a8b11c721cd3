//! Names of OCFS2 locks: `M000000` + 16 hex digits of the block + 8 of the generation (`ocfs2_build_lock_name`), and
//! the shorter dentry form `N` + 16 hex digits of the parent + 8 of the inode (`ocfs2_dlm_seq_show`).
//!
//! ```
//! use formats::ocfs2::{LockName, LockType};
//! let name = LockName::parse(b"M0000000000000000007e0200000000").unwrap();
//! assert_eq!((name.kind(), name.block(), name.low()), (LockType::META, 0x7e02, 0));
//! assert_eq!(name.to_string(), "M0000000000000000007e0200000000");
//! ```

use crate::scan::hex8;
use std::fmt;

/// The letter that opens a lock's name (`ocfs2_lock_type_char`, `ocfs2_lockid.h`). Letters of later kernels are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockType(u8);

impl LockType {
    /// Inode metadata.
    pub const META: LockType = LockType(b'M');
    /// File data; no current kernel makes it.
    pub const DATA: LockType = LockType(b'D');
    /// Superblock: mount and recovery.
    pub const SUPER: LockType = LockType(b'S');
    /// Renames across directories.
    pub const RENAME: LockType = LockType(b'R');
    /// Serialises writers, and direct I/O.
    pub const RW: LockType = LockType(b'W');
    /// Validity of a directory entry.
    pub const DENTRY: LockType = LockType(b'N');
    /// Open and unlink across nodes.
    pub const OPEN: LockType = LockType(b'O');
    /// flock(2), one per open file handle: several records may share one name.
    pub const FLOCK: LockType = LockType(b'F');
    /// Global quota information.
    pub const QINFO: LockType = LockType(b'Q');
    /// Lookup by nfsd against delete.
    pub const NFS_SYNC: LockType = LockType(b'Y');
    /// Sequence of orphan scans.
    pub const ORPHAN_SCAN: LockType = LockType(b'P');
    /// Reference-count tree (reflink).
    pub const REFCOUNT: LockType = LockType(b'T');
    /// FITRIM, there only while one runs.
    pub const TRIM_FS: LockType = LockType(b'I');

    /// All 13 types with their field's name and what they protect, in the order users meet them.
    pub const ALL: [(LockType, &'static str, &'static str); 13] = [
        (LockType::META, "metadata", "inode metadata: size, times, directory contents"),
        (LockType::RW, "write", "serialises writers of a file, and direct I/O"),
        (LockType::OPEN, "open", "keeps a deleted file alive while a node has it open"),
        (LockType::FLOCK, "flock", "flock(2) by processes"),
        (LockType::DENTRY, "dentry", "validity of a directory entry"),
        (LockType::SUPER, "superblock", "mount and recovery"),
        (LockType::RENAME, "rename", "renames across directories"),
        (LockType::QINFO, "quota", "global quota information"),
        (LockType::NFS_SYNC, "nfs", "nfsd lookups against deletes"),
        (LockType::ORPHAN_SCAN, "orphan scan", "sequence of orphan scans"),
        (LockType::REFCOUNT, "refcount", "reference-count tree (reflink)"),
        (LockType::TRIM_FS, "trim", "FITRIM, only while one runs"),
        (LockType::DATA, "data", "file data (old kernels)"),
    ];

    /// The type of this letter; `None` unless it is an ASCII capital.
    pub fn from_letter(letter: u8) -> Option<LockType> {
        letter.is_ascii_uppercase().then_some(LockType(letter))
    }

    /// The letter, as in the lock's name.
    pub fn letter(self) -> char {
        char::from(self.0)
    }

    /// One word for it; "unknown" for a letter of a later kernel.
    pub fn word(self) -> &'static str {
        self.row().map_or("unknown", |row| row.1)
    }

    /// What it protects, in words.
    pub fn protects(self) -> &'static str {
        self.row().map_or("a type this program does not know", |row| row.2)
    }

    /// Whether its block number is an inode's, so that paths and hot files can be told from it.
    pub fn names_inode(self) -> bool {
        matches!(self, Self::META | Self::DATA | Self::RW | Self::DENTRY | Self::OPEN | Self::FLOCK)
    }

    /// Whether the kernel keeps waiting statistics for it. The flock path never calls `ocfs2_update_lock_stats`.
    pub fn has_stats(self) -> bool {
        self != Self::FLOCK
    }

    fn row(self) -> Option<&'static (LockType, &'static str, &'static str)> {
        Self::ALL.iter().find(|row| row.0 == self)
    }
}

impl fmt::Display for LockType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

impl fmt::Debug for LockType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.letter(), self.word())
    }
}

/// A lock's name as 16 bytes: type, block, and either the generation or (dentry) the low 32 bits of the inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockName {
    kind: LockType,
    block: u64,
    low: u32,
}

/// Length of the printed name of every type but dentry.
pub const NAME_LENGTH: usize = 31;
/// Length of the printed name of a dentry lock.
pub const DENTRY_LENGTH: usize = 25;
/// Fill between the letter and the block (`OCFS2_LOCK_ID_PAD`).
const PAD: &[u8] = b"000000";

impl LockName {
    /// A name from its parts. `low` is the generation, or the low 32 bits of the inode for a dentry lock.
    pub fn new(kind: LockType, block: u64, low: u32) -> Self {
        LockName { kind, block, low }
    }

    /// Reads a printed name of 31 characters, or 25 for a dentry lock. `None` if it has another shape.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<LockName> {
        let (&letter, rest) = text.split_first()?;
        let kind = LockType::from_letter(letter)?;
        let digits = match (kind, text.len()) {
            (LockType::DENTRY, DENTRY_LENGTH) => rest,
            (LockType::DENTRY, _) => return None,
            (_, NAME_LENGTH) => rest.strip_prefix(PAD)?,
            _ => return None,
        };
        let (block_high, digits) = digits.split_at_checked(8)?;
        let (block_low, low) = digits.split_at_checked(8)?;
        let block = u64::from(hex8(block_high)?) << 32 | u64::from(hex8(block_low)?);
        Some(LockName { kind, block, low: hex8(low)? })
    }

    /// The type.
    pub fn kind(self) -> LockType {
        self.kind
    }

    /// Block number: the inode for most types, the parent directory for a dentry lock, 0 or 2 for locks of the whole file system.
    pub fn block(self) -> u64 {
        self.block
    }

    /// The generation; for a dentry lock the low 32 bits of the inode.
    pub fn low(self) -> u32 {
        self.low
    }

    /// The inode this lock is about, where its name tells one. A dentry lock's is cut to 32 bits by the kernel
    /// (`%08x` of an unsigned int), so it is told only where the parent's block shows that 32 bits may suffice.
    pub fn inode(self) -> Option<u64> {
        match self.kind {
            LockType::DENTRY => Some(u64::from(self.low)),
            kind if kind.names_inode() => Some(self.block),
            _ => None,
        }
    }

    /// Whether [`LockName::inode`] may lack high bits: dentry locks on volumes of more than 2³² blocks.
    pub fn inode_may_be_cut(self) -> bool {
        self.kind == LockType::DENTRY && self.block > u64::from(u32::MAX)
    }

    /// The 16-byte key: letter, three zero bytes, `low`, `block`, both big-endian, so that keys sort like names.
    pub fn to_key(self) -> [u8; 16] {
        let mut key = [0; 16];
        let (head, tail) = key.split_at_mut(8);
        let (letter, low) = head.split_at_mut(4);
        letter.copy_from_slice(&[self.kind.0, 0, 0, 0]);
        low.copy_from_slice(&self.low.to_be_bytes());
        tail.copy_from_slice(&self.block.to_be_bytes());
        key
    }

    /// Reads what [`LockName::to_key`] made; `None` if it is no such key.
    pub fn from_key(key: [u8; 16]) -> Option<LockName> {
        let [letter, 0, 0, 0, l0, l1, l2, l3, block @ ..] = key else { return None };
        Some(LockName { kind: LockType::from_letter(letter)?, block: u64::from_be_bytes(block), low: u32::from_be_bytes([l0, l1, l2, l3]) })
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pad = if self.kind == LockType::DENTRY { "" } else { "000000" };
        write!(f, "{}{pad}{:016x}{:08x}", self.kind, self.block, self.low)
    }
}

impl std::str::FromStr for LockName {
    type Err = BadLockName;
    fn from_str(text: &str) -> Result<Self, BadLockName> {
        LockName::parse(text.as_bytes()).ok_or(BadLockName)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for LockName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for LockName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text is no lock name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLockName;

impl fmt::Display for BadLockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an OCFS2 lock name: expected a letter and 30 characters, or N and 24 (dentry)")
    }
}

impl std::error::Error for BadLockName {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_13_types_read_and_print() {
        for (kind, _, _) in LockType::ALL {
            let name = LockName::new(kind, 0x1_2345_6789, 0xdead_beef);
            let text = name.to_string();
            assert_eq!(text.len(), if kind == LockType::DENTRY { DENTRY_LENGTH } else { NAME_LENGTH });
            assert_eq!(LockName::parse(text.as_bytes()), Some(name), "{text}");
            assert_eq!(LockName::from_key(name.to_key()), Some(name));
        }
    }

    #[test]
    fn a_dentry_name_tells_parent_and_cut_inode() {
        let name = LockName::parse(b"N000000000000fc020000fc0d").unwrap();
        assert_eq!((name.block(), name.inode()), (0xfc02, Some(0xfc0d)));
        assert!(!name.inode_may_be_cut());
        assert!(LockName::new(LockType::DENTRY, 1 << 33, 7).inode_may_be_cut());
    }

    #[test]
    fn other_shapes_are_refused() {
        for bad in [
            "",
            "M",
            "m0000000000000000007e0200000000",
            "M0000010000000000007e0200000000",
            "N0000000000000000007e0200000000",
            "M000000000000000000xe0200000000",
            "M0000000000000000007e02000000000",
        ] {
            assert_eq!(LockName::parse(bad.as_bytes()), None, "{bad}");
        }
        // A letter of a later kernel is kept.
        assert_eq!(LockName::parse(b"Z0000000000000000007e0200000000").unwrap().kind().word(), "unknown");
    }

    proptest! {
        #[test]
        fn names_and_keys_read_back(letter in b'A'..=b'Z', block: u64, low: u32) {
            let name = LockName::new(LockType::from_letter(letter).unwrap(), block, low);
            prop_assert_eq!(LockName::parse(name.to_string().as_bytes()), Some(name));
            prop_assert_eq!(LockName::from_key(name.to_key()), Some(name));
        }
    }
}
