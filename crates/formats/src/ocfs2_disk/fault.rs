//! Why something on disk could not be read.

use super::superblock::SuperblockProblem;
use std::fmt;

/// Why a walk over a volume ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskFault<E> {
    /// The storage did not give the bytes.
    Read {
        /// Byte where they start.
        offset: u64,
        /// What the storage says.
        error: E,
    },
    /// No superblock of OCFS2 is there.
    NotOcfs2,
    /// A superblock is there, and the kernel would refuse it.
    Superblock(SuperblockProblem),
    /// A block is not what it should be.
    Malformed {
        /// Its number, in blocks of the file system.
        block: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A block's checksum is wrong, and no single bit explains it.
    Checksum {
        /// Its number, in blocks of the file system.
        block: u64,
    },
    /// The system directory has no file of this name.
    NoSystemFile(&'static str),
    /// The heartbeat file cannot be a region.
    Heartbeat(&'static str),
    /// The walk would read more blocks than any sane volume needs.
    TooManyBlocks,
}

impl<E: fmt::Display> fmt::Display for DiskFault<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskFault::Read { offset, error } => write!(f, "cannot read at byte {offset}: {error}"),
            DiskFault::NotOcfs2 => f.write_str("no OCFS2 superblock"),
            DiskFault::Superblock(problem) => write!(f, "superblock: {problem}"),
            DiskFault::Malformed { block, what } => write!(f, "block {block}: {what}"),
            DiskFault::Checksum { block } => write!(f, "block {block}: wrong checksum"),
            DiskFault::NoSystemFile(name) => write!(f, "the system directory has no file '{name}'"),
            DiskFault::Heartbeat(what) => write!(f, "heartbeat file: {what}"),
            DiskFault::TooManyBlocks => f.write_str("too many blocks to read; the volume's structure is damaged"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for DiskFault<E> {}
