//! Arbitrary text as `send_tracking` and as the other small files of o2net and o2dlm.

#![no_main]

use formats::o2dlm::{MleState, PurgeList, net_stats, node_list, send_tracking};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let (sendings, _) = send_tracking::parse(text);
    for sending in sendings {
        assert!(sending.send_us.is_none() || sending.send_us <= sending.acquiring_us);
        assert!(sending.wait_us.is_none() || sending.wait_us <= sending.send_us);
    }
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count() as u64;
    let (stats, problems) = net_stats::parse(text);
    assert_eq!(stats.len() as u64 + problems.lines, lines);
    let mles = MleState::parse(text);
    assert!(mles.mles.len() as u64 + mles.problems.lines <= lines);
    let purged = PurgeList::parse(text);
    assert!(purged.resources.len() as u64 + purged.problems.lines <= lines);
    if let Some(nodes) = node_list::parse(text) {
        assert_eq!(node_list::parse(node_list::print(&nodes).as_bytes()), Some(nodes));
    }
});
