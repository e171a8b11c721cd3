//! What OCFS2 keeps on disk, as far as a cluster stack needs it (`fs/ocfs2/ocfs2_fs.h`): the superblock, the system directory, the
//! slot map and where the heartbeat is.
//!
//! ```text
//! superblock ── s_system_dir_blkno ──► directory "//" ──► dinode "heartbeat" ──► one extent: 255 sectors, a node each
//!                                                    └──► dinode "slot_map"  ──► who has mounted the volume
//! ```
//!
//! Nothing here opens a file: what is read comes from a [`Storage`], so that a device, an image and a few remembered blocks
//! ([`Extract`]) are read by the same code. Every walk is bounded by a number of blocks, whatever the disk says. All numbers on
//! disk are little endian.

mod block_check;
mod bytes;
mod dinode;
mod directory;
mod extent;
mod extract;
mod fault;
mod features;
mod heartbeat_file;
mod slot_map;
mod storage;
mod superblock;
#[cfg(test)]
mod tests;
mod volume;

pub use block_check::Check;
pub use dinode::{Content, Dinode};
pub use directory::{Entries, Entry};
pub use extent::{Extent, ExtentList, Record};
pub use extract::{Extract, ExtractProblem, Recorder};
pub use fault::DiskFault;
pub use features::Features;
pub use heartbeat_file::{HeartbeatFile, Region, RegionProblem};
pub use slot_map::SlotMap;
pub use storage::Storage;
pub use superblock::{BACKUP_OFFSETS, ClusterInfo, Stack, Superblock, SuperblockProblem};
pub use volume::Volume;
