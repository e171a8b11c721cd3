//! Volumes of shapes that `mkfs.ocfs2` does not make: system directories whose extents are levels below, and damage.

use super::super::block_check::seal;
use super::*;

const BLOCK: usize = 512;
const GENERATION: u32 = 0x1234_5678;
const SYSTEM_DIR: u64 = 18;

/// A volume of 64 MiB in blocks of 512 bytes.
struct ByHand {
    extract: Extract,
    metaecc: bool,
}

fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

impl ByHand {
    fn new(metaecc: bool) -> ByHand {
        let mut volume = ByHand { extract: Extract::new(64 << 20), metaecc };
        let mut block = vec![0; BLOCK];
        put(&mut block, 0, b"OCFSV2");
        put(&mut block, 0x14, &(64u32 << 8).to_le_bytes());
        put(&mut block, 0x50, &2u64.to_le_bytes());
        put(&mut block, 0x60, &GENERATION.to_le_bytes());
        put(&mut block, 0xc2, &90u16.to_le_bytes());
        put(&mut block, 0xe0, &(if metaecc { 0x900u32 } else { 0x100 }).to_le_bytes());
        put(&mut block, 0xe8, &17u64.to_le_bytes());
        put(&mut block, 0xf0, &SYSTEM_DIR.to_le_bytes());
        put(&mut block, 0xf8, &9u32.to_le_bytes());
        put(&mut block, 0xfc, &12u32.to_le_bytes());
        put(&mut block, 0x100, &4u16.to_le_bytes());
        volume.seal_and_put(2, block, 0x80);
        volume
    }

    fn seal_and_put(&mut self, number: u64, mut block: Vec<u8>, check: usize) {
        if self.metaecc {
            seal(&mut block, check);
        }
        self.extract.put(number * BLOCK as u64, &block);
    }

    fn dinode(&mut self, number: u64, mode: u16, flags: u32, size: u64, list: &[u8]) {
        let mut block = vec![0; BLOCK];
        put(&mut block, 0, b"INODE01\0");
        put(&mut block, 0x20, &size.to_le_bytes());
        put(&mut block, 0x28, &mode.to_le_bytes());
        put(&mut block, 0x2c, &flags.to_le_bytes());
        put(&mut block, 0x50, &number.to_le_bytes());
        put(&mut block, 0x60, &GENERATION.to_le_bytes());
        put(&mut block, 0xc0, list);
        self.seal_and_put(number, block, 0x80);
    }

    fn extent_block(&mut self, number: u64, list: &[u8]) {
        let mut block = vec![0; BLOCK];
        put(&mut block, 0, b"EXBLK01\0");
        put(&mut block, 0x14, &GENERATION.to_le_bytes());
        put(&mut block, 0x18, &number.to_le_bytes());
        put(&mut block, 0x30, list);
        self.seal_and_put(number, block, 0x08);
    }

    /// A block of a directory: one entry, and the trailer.
    fn directory_block(&mut self, number: u64, inode: u64, name: &str) {
        let mut block = vec![0; BLOCK];
        put(&mut block, 0, &inode.to_le_bytes());
        put(&mut block, 8, &((BLOCK - 64) as u16).to_le_bytes());
        put(&mut block, 10, &[name.len() as u8, 1]);
        put(&mut block, 12, name.as_bytes());
        put(&mut block, BLOCK - 64 + 8, &64u16.to_le_bytes());
        put(&mut block, BLOCK - 64 + 16, b"DIRTRL1\0");
        self.seal_and_put(number, block, BLOCK - 8);
    }

    /// A system directory two levels deep: 18 → 100 → {101, 102} → blocks 800 to 815; `heartbeat` is in the last one.
    fn deep(metaecc: bool) -> ByHand {
        let mut volume = ByHand::new(metaecc);
        volume.dinode(SYSTEM_DIR, 0o040_755, 0x11, 16 * BLOCK as u64, &list(2, &[below(0, 2, 100)]));
        volume.extent_block(100, &list(1, &[below(0, 1, 101), below(1, 1, 102)]));
        volume.extent_block(101, &list(0, &[leaf(0, 1, 800)]));
        volume.extent_block(102, &list(0, &[leaf(1, 1, 808)]));
        for number in 800..815 {
            volume.directory_block(number, number, &format!("file{number}"));
        }
        volume.directory_block(815, 30, "heartbeat");
        volume.dinode(30, 0o100_644, 0x211, 32 * 4096, &list(0, &[leaf(0, 32, 1600)]));
        volume
    }
}

fn list(depth: u16, records: &[[u8; 16]]) -> Vec<u8> {
    let mut list = vec![0; 16];
    put(&mut list, 0, &depth.to_le_bytes());
    put(&mut list, 2, &19u16.to_le_bytes());
    put(&mut list, 4, &(records.len() as u16).to_le_bytes());
    list.extend(records.concat());
    list
}

fn leaf(position: u32, clusters: u16, block: u64) -> [u8; 16] {
    let mut record = [0; 16];
    put(&mut record, 0, &position.to_le_bytes());
    put(&mut record, 4, &clusters.to_le_bytes());
    put(&mut record, 8, &block.to_le_bytes());
    record
}

fn below(position: u32, clusters: u32, block: u64) -> [u8; 16] {
    let mut record = leaf(position, 0, block);
    put(&mut record, 4, &clusters.to_le_bytes());
    record
}

fn heartbeat(volume: ByHand) -> Result<HeartbeatFile, DiskFault<ExtractProblem>> {
    Volume::open(volume.extract).unwrap().heartbeat_file()
}

#[test]
fn directories_are_found_two_levels_down() {
    for metaecc in [false, true] {
        assert_eq!(heartbeat(ByHand::deep(metaecc)), Ok(HeartbeatFile { offset: 1600 * 512, length: 32 * 4096, fs_block_bytes: 512 }));
    }
}

#[test]
fn extent_blocks_are_verified() {
    let mut looped = ByHand::deep(false);
    looped.extent_block(101, &list(1, &[below(0, 1, 100)]));
    assert_eq!(heartbeat(looped), Err(DiskFault::Malformed { block: 101, what: "the extent block is not of the level below" }));
    let mut damaged = ByHand::deep(true);
    damaged.extract.put(101 * 512 + 0x50, &[0xff; 8]);
    assert_eq!(heartbeat(damaged), Err(DiskFault::Checksum { block: 101 }));
    let mut moved = ByHand::deep(false);
    moved.extract.put(102 * 512 + 0x18, &[7]);
    assert_eq!(heartbeat(moved), Err(DiskFault::Malformed { block: 102, what: "the extent block says to be another one" }));
    let mut old = ByHand::deep(false);
    old.extract.put(102 * 512 + 0x14, &[7]);
    assert_eq!(heartbeat(old), Err(DiskFault::Malformed { block: 102, what: "the extent block is of an earlier file system" }));
    let mut gone = ByHand::deep(false);
    gone.extract.put(102 * 512, &[0; 8]);
    assert_eq!(heartbeat(gone), Err(DiskFault::Malformed { block: 102, what: "no extent block is there" }));
}

#[test]
fn a_wide_tree_ends_at_the_bound() {
    let mut volume = ByHand::deep(false);
    // 28 times the same branch of 28 branches of 28 lists each: 21952 blocks.
    for (number, depth) in [(100, 3u16), (101, 2), (102, 1)] {
        let mut records = vec![0; 16];
        put(&mut records, 0, &depth.to_le_bytes());
        put(&mut records, 2, &[28, 0, 28, 0]);
        records.extend([below(0, 1, number + 1); 28].concat());
        volume.extent_block(number, &records);
    }
    volume.extent_block(103, &list(0, &[]));
    volume.dinode(SYSTEM_DIR, 0o040_755, 0x11, 16 * 512, &list(4, &[below(0, 2, 100)]));
    assert_eq!(heartbeat(volume), Err(DiskFault::TooManyBlocks));
}

#[test]
fn a_directory_block_without_trailer_is_refused_where_checksums_are() {
    let mut volume = ByHand::deep(true);
    volume.extract.put(800 * 512 + 512 - 64 + 16, &[0; 8]);
    assert_eq!(heartbeat(volume), Err(DiskFault::Malformed { block: 800, what: "the directory's block has no trailer" }));
}

#[test]
fn heartbeat_files_that_the_tools_refuse() {
    let with = |flags: u32, list: &[u8]| {
        let mut volume = ByHand::deep(false);
        volume.dinode(30, 0o100_644, flags, 32 * 4096, list);
        heartbeat(volume)
    };
    assert!(with(0x211, &list(0, &[leaf(0, 32, 1600)])).is_ok());
    assert_eq!(with(0x11, &list(0, &[leaf(0, 32, 1600)])), Err(DiskFault::Heartbeat("it is not marked as one")));
    assert_eq!(with(0x211, &list(0, &[])), Err(DiskFault::Heartbeat("it is not one extent")));
    assert_eq!(with(0x211, &list(0, &[leaf(0, 16, 1600), leaf(16, 16, 3200)])), Err(DiskFault::Heartbeat("it is not one extent")));
    assert_eq!(with(0x211, &list(1, &[below(0, 32, 100)])), Err(DiskFault::Heartbeat("it is not one extent")));
    let end = DiskFault::Heartbeat("its extent is beyond the volume's end");
    assert_eq!(with(0x211, &list(0, &[leaf(0, 32, 131_072 - 8)])), Err(end.clone()));
    assert_eq!(with(0x211, &list(0, &[leaf(0, 32, u64::MAX)])), Err(end));
    assert_eq!(with(0x210, &[]), Err(DiskFault::Malformed { block: 30, what: "the dinode is not in use" }));
    let mut nameless = ByHand::deep(false);
    nameless.directory_block(815, 30, "heartbeet");
    assert_eq!(heartbeat(nameless), Err(DiskFault::NoSystemFile("heartbeat")));
}

#[test]
fn superblocks_that_the_kernel_refuses() {
    let with = |at: u64, bytes: &[u8]| {
        let mut volume = ByHand::new(false);
        volume.extract.put(1024 + at, bytes);
        match Superblock::find(&mut volume.extract) {
            Err(DiskFault::Superblock(problem)) => problem,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(with(0xf8, &[10]), SuperblockProblem::BlockSize { bits: 10, place: 512 });
    assert_eq!(with(0xf8, &[0xff; 4]), SuperblockProblem::BlockSize { bits: u32::MAX, place: 512 });
    assert_eq!(with(0xc2, &[91]), SuperblockProblem::Version(0, 91));
    assert_eq!(with(0x50, &[3]), SuperblockProblem::Number(3));
    assert_eq!(with(0xfc, &[21]), SuperblockProblem::ClusterSize(21));
    assert_eq!(with(0xe8, &[0]), SuperblockProblem::NoRoot);
    assert_eq!(with(0xf0, &[0]), SuperblockProblem::NoSystemDirectory);
    assert_eq!(with(0x100, &[0, 1]), SuperblockProblem::Slots(256));
}

#[test]
fn what_cannot_be_read_is_not_taken_for_no_volume() {
    let mut short = Extract::new(3000);
    assert_eq!(Superblock::find(&mut short), Err(DiskFault::Read { offset: 2048, error: ExtractProblem::End }));
    assert_eq!(Superblock::find(&mut Extract::new(16_384)), Err(DiskFault::NotOcfs2));
}
