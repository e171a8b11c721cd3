//! What `debugfs.ocfs2` 1.8.7 says of each image (`stats`, `stat //heartbeat`, `slotmap`) is what we say.
//!
//! The images were made by `mkfs.ocfs2`, node entries and heartbeats were written into them where `debugfs.ocfs2` found the files, and
//! [`write_extracts`] kept the bytes that a walk reads.

use super::*;
use crate::o2hb::Block;

/// An image: name; UUID; label; bits of block and cluster; slots; start of the heartbeat in blocks of the file system; nodes in the
/// slot map; sector size of its device; slots of the heartbeat that were written.
struct Expected {
    name: &'static str,
    uuid: &'static str,
    label: &'static str,
    bits: (u32, u32),
    max_slots: u16,
    heartbeat: u64,
    nodes: Option<&'static [u32]>,
    sector: u32,
    beats: &'static [u8],
}

const IMAGES: [Expected; 11] = [
    Expected {
        name: "local512",
        uuid: "ACE223A127414BFD8FD6D93399D77D72",
        label: "lone",
        bits: (9, 12),
        max_slots: 1,
        heartbeat: 296,
        nodes: Some(&[]),
        sector: 512,
        beats: &[],
    },
    Expected {
        name: "o2cb512",
        uuid: "8A62991E5DB2410A96ECB0D3839765C9",
        label: "half-k",
        bits: (9, 12),
        max_slots: 4,
        heartbeat: 296,
        nodes: Some(&[1, 2]),
        sector: 512,
        beats: &[1, 2],
    },
    Expected {
        name: "o2cb1k",
        uuid: "E880624DB1594027BD7B0E5B240B064B",
        label: "one-k",
        bits: (10, 12),
        max_slots: 4,
        heartbeat: 284,
        nodes: Some(&[1, 2, 3]),
        sector: 512,
        beats: &[1, 2, 3],
    },
    Expected {
        name: "global2k",
        uuid: "0B44B98F1BA849B88CC52E735CCDDA5E",
        label: "two-k",
        bits: (11, 12),
        max_slots: 3,
        heartbeat: 276,
        nodes: Some(&[0, 254]),
        sector: 512,
        beats: &[0, 254],
    },
    Expected {
        name: "o2cb4k",
        uuid: "4A770C944C064304963DFBAB23E009AD",
        label: "four-k",
        bits: (12, 12),
        max_slots: 4,
        heartbeat: 273,
        nodes: Some(&[1]),
        sector: 512,
        beats: &[1],
    },
    Expected {
        name: "metaecc4kn",
        uuid: "758E847F0CC84325A2E0E6708D01E3FF",
        label: "checksums",
        bits: (12, 12),
        max_slots: 4,
        heartbeat: 273,
        nodes: Some(&[1, 2]),
        sector: 4096,
        beats: &[1, 2],
    },
    Expected {
        name: "extents-metaecc-indexed",
        uuid: "BA1FBC031E5A4AFC91B97B457471D1A2",
        label: "extents",
        bits: (10, 12),
        max_slots: 4,
        heartbeat: 288,
        nodes: Some(&[5]),
        sector: 512,
        beats: &[5],
    },
    Expected {
        name: "extents-plain",
        uuid: "7901438E52DA400B803CE99AF78C2730",
        label: "plain",
        bits: (10, 12),
        max_slots: 4,
        heartbeat: 288,
        nodes: Some(&[1]),
        sector: 512,
        beats: &[1],
    },
    Expected {
        name: "heartbeat-only",
        uuid: "004B6E0110D04D8EA84F55C2FD471E4D",
        label: "hbvol1",
        bits: (9, 12),
        max_slots: 0,
        heartbeat: 296,
        nodes: None,
        sector: 512,
        beats: &[1, 3],
    },
    Expected {
        name: "classic",
        uuid: "F0C7CF7AA9534E82970EDD0E15AD54BA",
        label: "classic",
        bits: (12, 12),
        max_slots: 2,
        heartbeat: 275,
        nodes: Some(&[1, 2]),
        sector: 512,
        beats: &[1, 2],
    },
    Expected {
        name: "pcmk",
        uuid: "C76E6CAE410349B1B60C22D39C0361F2",
        label: "pcmk",
        bits: (12, 12),
        max_slots: 2,
        heartbeat: 273,
        nodes: Some(&[]),
        sector: 512,
        beats: &[],
    },
];

#[test]
fn superblocks_slot_maps_and_heartbeats_are_where_the_tools_find_them() {
    for expected in IMAGES {
        let name = expected.name;
        let mut volume = Volume::open(image(name)).unwrap();
        let superblock = volume.superblock().clone();
        assert_eq!(superblock.uuid_text(), expected.uuid, "{name}");
        assert_eq!(superblock.label, expected.label, "{name}");
        assert_eq!((superblock.block_bits, superblock.cluster_bits), expected.bits, "{name}");
        assert_eq!(superblock.max_slots, expected.max_slots, "{name}");
        assert_eq!(superblock.offset, 2 << superblock.block_bits, "{name}");
        assert_eq!(superblock.check, superblock.features.metaecc().then_some(Check::Good), "{name}");
        let nodes = volume.slot_map().unwrap().map(|map| map.nodes().collect::<Vec<_>>());
        assert_eq!(nodes.as_deref(), expected.nodes, "{name}");
        let file = volume.heartbeat_file().unwrap();
        assert_eq!(file.offset, expected.heartbeat << superblock.block_bits, "{name}");
        // 256 blocks, rounded to clusters.
        assert_eq!(file.length, 256 << superblock.block_bits, "{name}");
        let region = file.region(expected.sector).unwrap();
        assert_eq!(region.start_block * u64::from(expected.sector), file.offset, "{name}");
        assert_eq!(region.blocks, 255, "{name}");
        let bytes = volume.storage_mut().read(region.offset(), region.length()).unwrap();
        let slots = bytes.chunks(region.block_bytes as usize).map(|sector| Block::parse(sector).unwrap());
        let used: Vec<_> = slots.enumerate().filter(|(_, block)| block.used()).collect();
        assert_eq!(used.iter().map(|(slot, _)| *slot as u8).collect::<Vec<_>>(), expected.beats, "{name}");
        assert!(used.iter().all(|(slot, block)| block.intact() && usize::from(block.node) == *slot), "{name}");
    }
}

#[test]
fn stacks_clusters_and_kinds_of_heartbeat() {
    let stack = |name: &str| {
        let superblock = Superblock::find(&mut image(name)).unwrap();
        let words = match superblock.stack() {
            Stack::Local => "local".to_owned(),
            Stack::Classic => "classic".to_owned(),
            Stack::Named(stack) => format!("{stack} {}", superblock.cluster.as_ref().unwrap().name),
        };
        (words, superblock.global_heartbeat(), superblock.beats_on_disk(), superblock.features.heartbeat_only())
    };
    assert_eq!(stack("local512"), ("local".to_owned(), false, false, false));
    assert_eq!(stack("classic"), ("classic".to_owned(), false, true, false));
    assert_eq!(stack("o2cb1k"), ("o2cb web".to_owned(), false, true, false));
    assert_eq!(stack("global2k"), ("o2cb web".to_owned(), true, true, false));
    assert_eq!(stack("heartbeat-only"), ("o2cb web".to_owned(), true, true, true));
    assert_eq!(stack("pcmk"), ("pcmk hacluster".to_owned(), false, false, false));
}

/// `debugfs.ocfs2 -R "stats -h"` of two images; it orders the names otherwise.
#[test]
fn features_as_the_tools_name_them() {
    let words = |name: &str| {
        let mut words = Superblock::find(&mut image(name)).unwrap().features.words();
        words.sort();
        words
    };
    let said = |text: &str| {
        let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    assert_eq!(
        words("metaecc4kn"),
        said(
            "backup-super strict-journal-super sparse extended-slotmap inline-data metaecc xattr indexed-dirs refcount discontig-bg clusterinfo append-dio unwritten"
        )
    );
    assert_eq!(words("heartbeat-only"), said("strict-journal-super heartbeat-device extended-slotmap clusterinfo"));
}

#[test]
fn backups_are_found_where_mkfs_puts_them() {
    let mut storage = image("backup");
    let superblock = Superblock::find(&mut storage).unwrap();
    let size = storage.size;
    let backups = Superblock::backups(&mut storage, size).unwrap();
    let [backup] = &backups[..] else { panic!("{backups:?}") };
    assert_eq!(backup.offset, 1 << 30);
    assert_eq!(*backup, Superblock { offset: 1 << 30, ..superblock.clone() });
    // The first one is overwritten: the volume is still found through the backup.
    storage.put(superblock.offset, &[0xff; 512]);
    assert_eq!(Superblock::find(&mut storage), Err(DiskFault::NotOcfs2));
    assert_eq!(Volume::with(backup.clone(), storage).heartbeat_file().unwrap().offset, 273 << 12);
    // A device that ends before it has none.
    assert_eq!(Superblock::backups(&mut image("backup"), 1 << 30).unwrap(), []);
}

#[test]
fn one_wrong_bit_is_mended_and_more_are_told() {
    let mut storage = image("metaecc4kn");
    let byte = storage.read(2 * 4096 + 0x110, 1).unwrap()[0];
    storage.put(2 * 4096 + 0x110, &[byte ^ 0x20]);
    let mended = Superblock::find(&mut storage).unwrap();
    assert_eq!((mended.label.as_str(), mended.check), ("checksums", Some(Check::Mended)));
    storage.put(2 * 4096 + 0x110, &[byte ^ 0x21]);
    assert_eq!(Superblock::find(&mut storage).unwrap().check, Some(Check::Bad));
    // The system directory's dinode, and a block of a system directory with extents.
    let mut storage = image("metaecc4kn");
    storage.put(6 * 4096 + 0x28, &[0, 0]);
    assert_eq!(Volume::open(storage).unwrap().heartbeat_file(), Err(DiskFault::Checksum { block: 6 }));
    let mut storage = image("extents-metaecc-indexed");
    storage.put(284 * 1024 + 40, &[0xaa, 0xaa]);
    assert_eq!(Volume::open(storage).unwrap().heartbeat_file(), Err(DiskFault::Checksum { block: 284 }));
}

/// Makes the extracts anew: `OCFS2_IMAGES=FOLDER cargo test -p formats write_extracts -- --ignored`, where the folder has an image
/// of each name.
#[test]
#[ignore = "needs images of mkfs.ocfs2"]
fn write_extracts() {
    struct Image(std::fs::File);
    impl Storage for Image {
        type Error = std::io::Error;
        fn read(&mut self, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
            let mut bytes = vec![0; length];
            std::os::unix::fs::FileExt::read_exact_at(&self.0, &mut bytes, offset).map(|()| bytes)
        }
    }
    let folder = std::env::var("OCFS2_IMAGES").expect("OCFS2_IMAGES names a folder");
    for name in IMAGES.map(|expected| expected.name).into_iter().chain(["backup"]) {
        let file = std::fs::File::open(format!("{folder}/{name}")).unwrap();
        let size = file.metadata().unwrap().len();
        let mut recorder = Recorder::new(Image(file), size);
        walk(&mut recorder).unwrap();
        Superblock::backups(&mut recorder, size).unwrap();
        let text = format!("# Read of an image that mkfs.ocfs2 1.8.7 made.\n{}", recorder.extract.text());
        std::fs::write(format!("{}/testdata/ocfs2_disk/{name}.txt", env!("CARGO_MANIFEST_DIR")), text).unwrap();
    }
}
