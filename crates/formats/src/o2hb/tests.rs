//! Blocks as kernels wrote them, and slots over time.

use super::*;
use proptest::prelude::*;
use std::time::Duration;

/// A slot's sector as a node writes it.
fn sector(length: usize, seq: u64, node: u8, generation: u64, dead_ms: u32) -> Vec<u8> {
    let mut sector = vec![0; length];
    sector[..8].copy_from_slice(&seq.to_le_bytes());
    sector[8] = node;
    sector[16..24].copy_from_slice(&generation.to_le_bytes());
    sector[24..28].copy_from_slice(&dead_ms.to_le_bytes());
    let checksum = Block::parse(&sector).unwrap().computed;
    sector[12..16].copy_from_slice(&checksum.to_le_bytes());
    sector
}

fn block(seq: u64, node: u8, generation: u64) -> Block {
    Block::parse(&sector(512, seq, node, generation, 62_000)).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn watched(readings: &[(u64, Block)]) -> SlotHistory {
    let mut history = SlotHistory::new();
    for (at, block) in readings {
        history.observe(seconds(*at), *block);
    }
    history
}

/// What Debian's kernel 6.1 wrote on three nodes, as `debugfs.ocfs2 -R hb` printed it.
#[test]
fn checksums_are_those_of_the_kernel() {
    for (node, seq, generation, checksum, dead_ms) in [
        (1, 0x6b02_0757, 0xfb58_1420_bc3b_da69, 0x4ec1_bf4e, 62_000),
        (2, 0x6b02_0756, 0xa3f1_109e_9826_3e92, 0x5c03_b51b, 62_000),
        (3, 0x6b02_0756, 0x711d_ecbe_6aeb_3599, 0xdd48_541b, 62_000),
        (1, 0x6b02_0d7b, 0xbc88_a867_4536_ea4f, 0xc6b9_4b91, 14_000),
        (2, 0x6b02_0d76, 0, 0x965e_07f3, 14_000),
    ] {
        let block = Block::parse(&sector(512, seq, node, generation, dead_ms)).unwrap();
        assert_eq!(block.computed, checksum, "node {node}");
        assert!(block.intact() && block.used());
        assert_eq!((block.seq, block.node, block.generation, block.dead_ms), (seq, node, generation, dead_ms));
    }
}

/// `debugfs.ocfs2` reads every device in steps of 512 bytes and checks nothing: slot 1 of a device with sectors of 4 KiB is found
/// only by the device's own sector, and its checksum is over all of that.
#[test]
fn sectors_of_4096_bytes_are_checked_as_a_whole() {
    let mut region = vec![0; 4096];
    region.extend(sector(4096, 7, 1, 9, 14_000));
    assert!(!Block::parse(&region[512..1024]).unwrap().used());
    assert_eq!(Block::parse(&region[4096..]).unwrap().node, 1);
    assert!(Block::parse(&region[4096..]).unwrap().intact());
    // The same block read as 512 bytes is taken for damaged.
    assert!(!Block::parse(&region[4096..4096 + 512]).unwrap().intact());
    let mut damaged = region[4096..].to_vec();
    damaged[4000] = 1;
    assert!(!Block::parse(&damaged).unwrap().intact());
}

#[test]
fn an_empty_slot_was_never_used_and_is_not_damaged() {
    let empty = Block::parse(&[0; 512]).unwrap();
    assert!(empty.intact() && !empty.used());
    assert_eq!(watched(&[(0, empty), (4, empty)]).judge(9, seconds(4), Expected::default()).state, State::Unused);
    assert_eq!(SlotHistory::new().judge(9, seconds(4), Expected::default()).state, State::Unread);
    assert_eq!(Block::parse(&[0; 27]), None);
}

#[test]
fn one_who_writes_beats() {
    let judgement = watched(&[(0, block(10, 1, 5)), (4, block(14, 1, 5))]).judge(1, seconds(5), Expected::default());
    assert_eq!(judgement, Judgement { state: State::Beating { age: seconds(1) }, remarks: vec![] });
}

#[test]
fn one_reading_settles_nothing_and_nor_do_two_that_are_too_close() {
    let unsettled = |readings: &[(u64, Block)]| watched(readings).judge(1, seconds(9), Expected::default()).state == State::Unsettled;
    assert!(unsettled(&[(0, block(10, 1, 5))]));
    assert!(unsettled(&[(0, block(10, 1, 5)), (3, block(10, 1, 5))]));
    assert!(!unsettled(&[(0, block(10, 1, 5)), (4, block(10, 1, 5))]));
}

#[test]
fn silence_is_counted_to_the_death() {
    let history = watched(&[(0, block(10, 1, 5)), (2, block(12, 1, 5)), (7, block(12, 1, 5))]);
    let state = history.judge(1, seconds(7), Expected::default()).state;
    assert_eq!(state, State::Silent { at_least: seconds(5), dead_within: Some(seconds(57)) });
    let expected = Expected { dead_ms: Some(4000), ..Expected::default() };
    assert_eq!(history.judge(1, seconds(7), expected).state, State::Silent { at_least: seconds(5), dead_within: Some(Duration::ZERO) });
    let old = Block::parse(&sector(512, 3, 1, 5, 0)).unwrap();
    assert_eq!(
        watched(&[(0, old), (4, old)]).judge(1, seconds(4), Expected::default()).state,
        State::Silent { at_least: seconds(4), dead_within: None }
    );
}

#[test]
fn generation_0_is_a_clean_leave() {
    assert_eq!(watched(&[(0, block(10, 2, 0))]).judge(2, seconds(0), Expected::default()).state, State::Left);
    let just_now = watched(&[(0, block(10, 2, 4)), (4, block(12, 2, 0))]).judge(2, seconds(4), Expected::default());
    assert_eq!(just_now, Judgement { state: State::Left, remarks: vec![] });
}

#[test]
fn damage_is_told_and_counts_as_no_beat() {
    let mut damaged = sector(512, 10, 1, 5, 62_000);
    damaged[0] ^= 1;
    let damaged = Block::parse(&damaged).unwrap();
    assert_eq!(watched(&[(0, block(10, 1, 5)), (4, damaged)]).judge(1, seconds(4), Expected::default()).state, State::Corrupt);
    // Damage to a slot that nobody uses is damage.
    let mut dirt = vec![0; 512];
    dirt[100] = 1;
    let dirt = Block::parse(&dirt).unwrap();
    assert!(dirt.used());
    assert_eq!(watched(&[(0, dirt)]).judge(1, seconds(0), Expected::default()).state, State::Corrupt);
    let healed = watched(&[(0, damaged), (2, block(12, 1, 5))]).judge(1, seconds(2), Expected::default());
    assert_eq!(healed, Judgement { state: State::Beating { age: seconds(0) }, remarks: vec![Remark::CorruptSeen] });
}

#[test]
fn a_slot_of_another_node_is_misplaced() {
    let judgement = watched(&[(0, block(10, 3, 5)), (4, block(12, 3, 5))]).judge(1, seconds(4), Expected::default());
    assert_eq!(judgement.remarks, [Remark::Misplaced { written_by: 3 }]);
}

#[test]
fn thresholds_and_nodes_are_compared_with_what_is_expected() {
    let history = watched(&[(0, block(10, 9, 5)), (4, block(12, 9, 5))]);
    let expected = Expected { dead_ms: Some(14_000), nodes: Some(&[1, 2]) };
    let remarks = history.judge(9, seconds(4), expected).remarks;
    assert_eq!(remarks, [Remark::ThresholdMismatch { found: 62_000, expected: 14_000 }, Remark::UnknownNode]);
    assert!(history.judge(9, seconds(4), Expected { dead_ms: Some(62_000), nodes: Some(&[9]) }).remarks.is_empty());
    // One that has left has neither.
    assert!(watched(&[(0, block(10, 9, 0))]).judge(9, seconds(4), expected).remarks.is_empty());
}

#[test]
fn two_writers_give_themselves_away_by_taking_turns() {
    let (a, b) = (block(10, 1, 5), block(11, 1, 6));
    let remarks = |readings: &[(u64, Block)]| watched(readings).judge(1, seconds(4), Expected::default()).remarks;
    assert_eq!(remarks(&[(0, a), (1, b), (2, block(12, 1, 5))]), [Remark::TwoWriters]);
    // One change may be a node that came back.
    assert_eq!(remarks(&[(0, a), (4, b)]), [Remark::NewGeneration]);
    // Leaving and coming back with another generation is as it should be.
    assert_eq!(remarks(&[(0, a), (4, block(12, 1, 5))]), []);
}

#[test]
fn most_of_those_who_beat_set_the_expected_time() {
    let beating = |dead_ms| {
        let at = |seq| Block::parse(&sector(512, seq, 1, 5, dead_ms)).unwrap();
        watched(&[(0, at(1)), (4, at(2))])
    };
    let gone = watched(&[(0, block(1, 1, 5)), (4, block(1, 1, 5))]);
    assert_eq!(common_dead_ms(&[beating(14_000), beating(62_000), beating(14_000), gone.clone(), gone.clone()]), Some(14_000));
    assert_eq!(common_dead_ms(&[beating(62_000), beating(14_000)]), Some(14_000));
    assert_eq!(common_dead_ms(&[gone]), None);
}

proptest! {
    #[test]
    fn no_readings_panic(readings in proptest::collection::vec((0u64..20, proptest::collection::vec(0u8..3, 20..64)), 0..9), slot: u8) {
        let mut history = SlotHistory::new();
        for (at, bytes) in &readings {
            if let Some(block) = Block::parse(bytes) {
                history.observe(seconds(*at), block);
            }
        }
        let judgement = history.judge(slot, seconds(3), Expected { dead_ms: Some(1), nodes: Some(&[1]) });
        prop_assert_eq!(judgement.state == State::Unread, history.latest().is_none());
        let _ = common_dead_ms([&history]);
    }
}
