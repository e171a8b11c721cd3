#![no_main]
//! Heartbeat blocks over time: no panic, and no judgement that contradicts what was read.

use formats::o2hb::{Block, Expected, SlotHistory, State, common_dead_ms};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

/// Input: a slot number, then readings: seconds since the last (1 byte), whether its checksum is put right (1), and 32 bytes of a block.
fuzz_target!(|data: &[u8]| {
    let Some((slot, mut data)) = data.split_first() else { return };
    let mut history = SlotHistory::new();
    let mut now = Duration::ZERO;
    while let Some((reading, rest)) = data.split_at_checked(34) {
        now += Duration::from_secs(u64::from(reading[0]));
        let mut sector = [0; 512];
        sector[..32].copy_from_slice(&reading[2..]);
        let mut block = Block::parse(&sector).unwrap();
        if reading[1] & 1 == 1 {
            sector[12..16].copy_from_slice(&block.computed.to_le_bytes());
            block = Block::parse(&sector).unwrap();
            assert!(block.intact());
        }
        history.observe(now, block);
        let judgement = history.judge(*slot, now, Expected { dead_ms: Some(14_000), nodes: Some(&[1, 2]) });
        match judgement.state {
            State::Unread => panic!("it was read"),
            State::Unused => assert!(!block.used()),
            State::Left => assert!(block.generation == 0 && block.seq != 0),
            State::Corrupt => assert!(!block.intact()),
            State::Beating { age } => assert!(block.intact() && age <= now && history.seen_to_change()),
            State::Unsettled => assert!(!history.seen_to_change()),
            State::Silent { at_least, .. } => assert!(at_least >= Duration::from_secs(4) && at_least <= now),
        }
        data = rest;
    }
    let _ = common_dead_ms([&history]);
});
