#![no_main]
//! A volume of which a few bytes are known: every walk over it ends, reads a bounded number of bytes, and finds what the
//! superblock allows.

use formats::ocfs2_disk::{Extract, Storage, Superblock, Volume};
use libfuzzer_sys::fuzz_target;

/// Counts what is read.
struct Counting(Extract, usize);

impl Storage for Counting {
    type Error = formats::ocfs2_disk::ExtractProblem;
    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, Self::Error> {
        self.1 += length;
        self.0.read(offset, length)
    }
}

/// Input: pieces of the volume, each a sector number (4 bytes), a length (2) and so many bytes.
fn extract(mut data: &[u8]) -> Extract {
    let mut extract = Extract::new(1 << 36);
    while let Some((head, rest)) = data.split_at_checked(6) {
        let sector = u32::from_le_bytes(head[..4].try_into().unwrap());
        let length = usize::from(u16::from_le_bytes(head[4..].try_into().unwrap())).min(rest.len());
        extract.put(u64::from(sector) * 512, &rest[..length]);
        data = &rest[length..];
    }
    extract
}

fuzz_target!(|data: &[u8]| {
    let extract = extract(data);
    assert!(Extract::parse(&extract.text()).is_ok());
    let mut storage = Counting(extract, 0);
    if let Ok(backups) = Superblock::backups(&mut storage, 1 << 36) {
        assert!(backups.len() <= 4);
    }
    let Ok(mut volume) = Volume::open(storage) else { return };
    let superblock = volume.superblock().clone();
    let _ = (superblock.features.words(), superblock.uuid_text(), superblock.stack());
    if let Ok(Some(map)) = volume.slot_map() {
        assert_eq!(map.slots.len(), usize::from(superblock.max_slots));
    }
    if let Ok(file) = volume.heartbeat_file() {
        assert!(file.offset + file.length <= superblock.bytes());
        for sector in [0, 512, 4096, 768] {
            if let Ok(region) = file.region(sector) {
                assert!(region.blocks >= 1 && region.blocks <= 255);
                assert!(region.offset() >= file.offset.saturating_sub(u64::from(sector)));
            }
        }
    }
    // Four superblocks, four backups, and 2048 blocks.
    assert!(volume.storage_mut().1 <= (2048 + 16) * 4096);
});
