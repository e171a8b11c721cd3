//! Slot maps joined with heartbeats.

use super::super::region::RegionOnDisk;
use super::*;
use formats::ocfs2_disk::Extract;
use std::path::PathBuf;

const NOW: u64 = 0x6b02_0757;

fn superblock(image: &str) -> Superblock {
    let text = std::fs::read_to_string(format!("{}/../formats/testdata/ocfs2_disk/{image}.txt", env!("CARGO_MANIFEST_DIR"))).unwrap();
    Superblock::find(&mut Extract::parse(&text).unwrap()).unwrap()
}

fn block(seq: u64, node: u8, generation: u64) -> Block {
    Block { seq, node, generation, dead_ms: 62_000, stored: 0, computed: 0 }
}

/// A region of 8 slots; each that is named was read at 0 s and 4 s.
fn watched(slots: &[(u8, Block, Block)]) -> Watched {
    let empty = block(0, 0, 0);
    let mut histories = vec![SlotHistory::new(); 8];
    for (number, history) in (0..=u8::MAX).zip(&mut histories) {
        let (first, second) =
            slots.iter().find(|(node, ..)| *node == number).map_or((empty, empty), |(_, first, second)| (*first, *second));
        history.observe(Duration::ZERO, first);
        history.observe(Duration::from_secs(4), second);
    }
    let region = RegionOnDisk {
        device: PathBuf::from("/dev/x"),
        uuid: String::new(),
        label: String::new(),
        block_bytes: 512,
        start_block: 0,
        blocks: 8,
        cluster: None,
        global: false,
        heartbeat_only: false,
        local: false,
    };
    Watched { region, slots: histories, end: Duration::from_secs(4), problem: None }
}

fn states(superblock: &Superblock, nodes: &[u32], watched: &[&Watched], missing: Option<&str>) -> Vec<Use> {
    let map = SlotMap { slots: nodes.iter().map(|node| Some(*node)).collect() };
    let heartbeats = Heartbeats { watched: watched.to_vec(), missing: missing.map(str::to_owned), wall_clock: NOW };
    in_use(superblock, &map, false, &heartbeats, None).into_iter().map(|node| node.state).collect()
}

/// `mounted.ocfs2 -f` shows what the slot map says: all of these as mounted.
#[test]
fn slots_of_the_dead_are_told_from_those_of_the_living() {
    let region = watched(&[
        (1, block(NOW - 4, 1, 5), block(NOW, 1, 5)),
        (2, block(NOW - 9000, 2, 6), block(NOW - 9000, 2, 6)),
        (3, block(NOW - 9, 3, 6), block(NOW - 9, 3, 6)),
        (4, block(NOW - 9, 4, 0), block(NOW - 9, 4, 0)),
    ]);
    let states = states(&superblock("o2cb1k"), &[1, 2, 3, 4, 5, 300, 9], &[&region], None);
    assert_eq!(states[0], Use::Mounted);
    assert_eq!(states[1], Use::Stale("silent while watched; its last beat is 9000 s old by the clocks".to_owned()));
    assert_eq!(states[2], Use::Unknown("silent for at least 4 s; dead in at most 58 s".to_owned()));
    assert!(matches!(&states[3], Use::Stale(why) if why.contains("left")));
    assert!(matches!(&states[4], Use::Stale(why) if why.contains("never")));
    assert_eq!(states[5], Use::Unknown("no node of O2CB has number 300".to_owned()));
    assert_eq!(states[6], Use::Unknown("the region has 8 slots".to_owned()));
}

/// The clock of a node that beats counts before this machine's, which may be wrong.
#[test]
fn the_clusters_own_clock_counts() {
    let late = (2, block(NOW - 9000, 2, 6), block(NOW - 9000, 2, 6));
    let beside = watched(&[(1, block(NOW - 9004, 1, 5), block(NOW - 9000, 1, 5)), late]);
    assert!(matches!(states(&superblock("o2cb1k"), &[2], &[&beside], None)[0], Use::Unknown(_)));
    assert!(matches!(states(&superblock("o2cb1k"), &[2], &[&watched(&[late])], None)[0], Use::Stale(_)));
}

#[test]
fn who_lives_by_one_region_lives() {
    let beats = (1, block(NOW - 4, 1, 5), block(NOW, 1, 5));
    let dead = (1, block(NOW - 9000, 1, 5), block(NOW - 9000, 1, 5));
    let (a, b) = (watched(&[dead]), watched(&[beats]));
    let global = superblock("global2k");
    assert_eq!(states(&global, &[1], &[&a, &b], None), [Use::Mounted]);
    assert!(matches!(states(&global, &[1], &[&a, &a], None)[0], Use::Stale(_)));
    // A region that was not read may be the one.
    assert_eq!(states(&global, &[1], &[&a], Some("region 00 is on no device")), [Use::Unknown("region 00 is on no device".to_owned())]);
    assert_eq!(states(&global, &[1], &[&b], Some("region 00 is on no device")), [Use::Mounted]);
    assert!(matches!(states(&global, &[1], &[], None)[0], Use::Unknown(_)));
    let broken = Watched { problem: Some("Input/output error".to_owned()), ..watched(&[dead]) };
    assert_eq!(states(&global, &[1], &[&broken], None), [Use::Unknown("Input/output error".to_owned())]);
}

#[test]
fn volumes_without_disk_heartbeat_are_not_guessed_at() {
    assert!(matches!(&states(&superblock("pcmk"), &[1], &[], None)[0], Use::Unknown(why) if why == "stack pcmk does not beat on disk"));
    assert!(matches!(&states(&superblock("local512"), &[0], &[], None)[0], Use::Unknown(why) if why.contains("local")));
    let map = SlotMap { slots: vec![Some(0)] };
    let none = Heartbeats { watched: vec![], missing: None, wall_clock: NOW };
    assert_eq!(in_use(&superblock("local512"), &map, true, &none, None)[0].state, Use::Mounted);
}

#[test]
fn who_beats_without_a_slot_is_told() {
    let region = watched(&[(1, block(NOW - 4, 1, 5), block(NOW, 1, 5)), (7, block(NOW - 4, 7, 5), block(NOW, 7, 5))]);
    let heartbeats = Heartbeats { watched: vec![&region], missing: None, wall_clock: NOW };
    let map = SlotMap { slots: vec![Some(1), None] };
    assert_eq!(beating_without_slot(Some(&map), &heartbeats, None), BTreeSet::from([7]));
    assert_eq!(beating_without_slot(None, &heartbeats, None), BTreeSet::from([1, 7]));
}
