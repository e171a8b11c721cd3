use super::news::{Change, news};
use super::testing::{UUID, all_beat, at, block, cluster, memory, sample, trouble, watch};
use super::{CellState, O2cbView, SlotRemark};
use crate::finding::Severity;
use formats::o2dlm::DlmState;
use formats::o2hb::Block;
use sample::o2cb::{Domain, O2cbSample, Registered, Sending, Slots, Thread};
use sample::{Fault, FaultKind, Link};

fn cell(view: &O2cbView, number: u8) -> &super::CellView {
    view.clusters[0].regions[0].slots.iter().find(|cell| cell.number == number).unwrap()
}

#[test]
fn all_is_well() {
    let views = watch(10, all_beat, |_, _| {});
    let view = views.last().unwrap();
    assert_eq!(view.verdict, "OK: 3 of 3 nodes beat in 1 region, all connected");
    assert_eq!((view.severity, view.troubles.as_slice()), (None, &[][..]));
    assert_eq!((cell(view, 1).state, cell(view, 1).age_ms, cell(view, 1).fence_in_ms), (CellState::Beating, Some(900), Some(11_100)));
}

/// Node 3 beats until second 10 and never again.
fn node3_stops(second: u64) -> Vec<(u8, Block)> {
    vec![(1, block(1, 1000 + second)), (2, block(2, 1000 + second)), (3, block(3, 1000 + second.min(10)))]
}

#[test]
fn a_silent_node_is_counted_down_to_its_end() {
    let views = watch(26, node3_stops, |second, cluster| {
        if second >= 24 {
            cluster.live = Some(vec![1, 2]);
            cluster.regions[0].live = Some(vec![1, 2]);
            cluster.connected = Some(vec![2]);
        }
    });
    let severity = |second: usize| trouble(&views[second / 2], "silent").map(|trouble| trouble.severity);
    assert_eq!((severity(14), severity(16), severity(20)), (None, Some(Severity::Warning), Some(Severity::Critical)));
    assert_eq!(views[9].verdict, "node3 silent for 8.0 s: fences itself in 4 s, declared dead in 6 s");
    let evidence = &trouble(&views[9], "silent").unwrap().evidence;
    assert!(evidence[0].contains(&format!("slot 3 of region {UUID}, read by node1 from dm-0")), "{evidence:?}");
    // It could not fence itself, and the others wait.
    assert!(views[11].verdict.starts_with("node3 silent for 12 s: longer than the 12 s"), "{}", views[11].verdict);
    assert_eq!(cell(&views[12], 3).state, CellState::Dead);
    assert_eq!(trouble(&views[12], "dead").map(|trouble| trouble.severity), Some(Severity::Note));
    let told: Vec<(Change, &str)> =
        views.windows(2).flat_map(|pair| news(Some(&pair[0]), &pair[1])).map(|news| (news.change, news.rule)).collect();
    let expected = [
        (Change::Began, "silent"),
        (Change::Worse, "silent"),
        (Change::Began, "dead"),
        (Change::Ended, "silent"),
        (Change::Began, "node-down"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_nodes_own_word_is_exact_and_the_other_nodes_see_it_through_their_slots() {
    let mut memory = memory(&["node1", "node2"]);
    let mut view = O2cbView::default();
    for second in (0..=8u64).step_by(2) {
        let slots = vec![(1, block(1, 1000 + second)), (2, block(2, 1000))];
        memory.take(0, sample(1, 100 + second, slots.clone()), at(second));
        // Node 2's disk hangs: its clock is another, its device does not answer, and its kernel counts.
        let mut hangs = sample(2, 5000 + second, Vec::new());
        cluster(&mut hangs).regions[0].elapsed_ms = Some(900 + 1000 * second);
        cluster(&mut hangs).regions[0].slots = Slots::Unanswered { for_ms: 1000 * second };
        memory.take(1, hangs, at(second));
        view = memory.tick(at(second));
    }
    assert_eq!(view.verdict, "node2 silent for 8.9 s: fences itself in 3 s, declared dead in 5 s (and 1 more)");
    assert_eq!(cell(&view, 2).read_by.as_deref(), Some("node1"));
    assert_eq!(trouble(&view, "device-silent").unwrap().text, "node2: dm-0 does not answer for 8.0 s (region 3C297ACB)");
    // Ages go on between two words.
    assert!(memory.tick(at(9)).verdict.starts_with("node2 silent for 9.9 s: fences itself in 2 s"));
    // It is not heard any more: that is no end of its trouble.
    memory.link(1, Link::Down { fault: Fault::new(FaultKind::Silent, "nothing came for 15 s"), retry_in_ms: None });
    let after = memory.tick(at(9));
    let told = news(Some(&view), &after);
    assert!(told.iter().any(|news| (news.change, news.rule) == (Change::Unseen, "device-silent")), "{told:?}");
    assert!(told.iter().any(|news| (news.change, news.rule) == (Change::Began, "not-seen")), "{told:?}");
}

#[test]
fn when_all_writes_hang_nobody_fences() {
    let views = watch(
        10,
        |_| (1..=3).map(|node| (node, block(node, 1000))).collect(),
        |second, cluster| {
            cluster.regions[0].elapsed_ms = Some(900 + second * 1000);
        },
    );
    assert!(views.last().unwrap().verdict.contains("all writes hang: nodes that agree on that do not fence"));
}

#[test]
fn odd_slots_are_told() {
    let slots = |second: u64| {
        let mut slots = all_beat(second);
        slots[1].1.node = 9;
        slots[2].1.dead_ms = 62_000;
        slots.push((5, block(5, 1000 + second)));
        // Two machines take turns.
        slots[0].1.generation = 0xf0 + (second / 2) % 2;
        slots.push((7, Block { stored: 2, ..block(7, 1) }));
        slots.push((8, Block { generation: 0, ..block(8, 1) }));
        slots
    };
    let views = watch(10, slots, |_, _| {});
    let view = views.last().unwrap();
    for (rule, severity) in [
        ("two-writers", Severity::Critical),
        ("misplaced", Severity::Warning),
        ("threshold-mismatch", Severity::Warning),
        ("unknown-node", Severity::Critical),
        ("corrupt", Severity::Warning),
    ] {
        assert_eq!(trouble(view, rule).map(|trouble| trouble.severity), Some(severity), "{rule}");
    }
    assert_eq!(cell(view, 3).remarks, [SlotRemark::ThresholdMismatch { found_ms: 62_000, expected_ms: 14_000 }]);
    assert_eq!((cell(view, 7).state, cell(view, 8).state), (CellState::Corrupt, CellState::Left));
    assert_eq!(
        trouble(view, "threshold-mismatch").unwrap().text,
        "slot 3, node3's, in region 3C297ACB has threshold 31, the cluster 7: nodes disagree on when one is dead"
    );
}

#[test]
fn what_was_not_read_is_not_called_unused() {
    let views = watch(4, all_beat, |_, cluster| cluster.regions[0].slots = Slots::Failed("Permission denied".to_owned()));
    let view = views.last().unwrap();
    assert_eq!((cell(view, 2).state, cell(view, 2).age_ms), (CellState::Unread, None));
    // Of itself it knows from its kernel.
    assert_eq!((cell(view, 1).state, cell(view, 1).age_ms), (CellState::Beating, Some(900)));
    assert!(trouble(view, "device-unreadable").is_some());
}

#[test]
fn a_silent_connection_is_told_before_the_kernel_gives_it_up() {
    let views = watch(24, all_beat, |second, cluster| {
        for connection in &mut cluster.connections {
            connection.received_ms = Some(400 + 1000 * second);
        }
        if second >= 12 {
            cluster.connected = Some(Vec::new());
        }
    });
    assert_eq!(views[3].verdict, "nothing has come from node2 to node1 for 6.4 s: counts as lost in 3 s (and 1 more)");
    assert_eq!(trouble(&views[4], "no-quorum"), None);
    // connected_nodes is empty: node 1 is alone of three.
    let alone = trouble(&views[10], "no-quorum").unwrap();
    assert_eq!((alone.severity, alone.text.contains("connected to 1 of 3")), (Severity::Critical, true), "{alone:?}");
    let apart = trouble(&views[10], "not-connected").unwrap();
    assert_eq!((apart.severity, apart.text.as_str()), (Severity::Warning, "node1 and node2: not connected, and both beat"));
    assert_eq!(trouble(&views[6], "not-connected").unwrap().severity, Severity::Note, "it may be connecting");
}

#[test]
fn unanswered_messages_threads_domains_and_settings() {
    let state =
        DlmState { state: "JOINED".to_owned(), recovery_active: true, dead_node: Some(3), recovery_master: Some(1), ..DlmState::default() };
    let views = watch(2, all_beat, |_, cluster| {
        let message = Sending {
            node: 2,
            message: "convert lock".to_owned(),
            process: "dlm-3C".to_owned(),
            for_us: Some(12_000_000),
            ..Sending::default()
        };
        cluster.sending = Some(vec![message]);
        cluster.regions[0].thread = Some(Thread::Gone(500));
        cluster.domains = Some(vec![Domain { name: UUID.to_owned(), state: Some(state.clone()) }]);
    });
    let view = views.last().unwrap();
    assert_eq!(trouble(view, "unanswered").unwrap().text, "node2 has not answered node1 for 12 s: convert lock (dlm-3C)");
    assert_eq!(trouble(view, "thread-gone").unwrap().severity, Severity::Critical);
    let recovery = &trouble(view, "recovery").unwrap().text;
    assert_eq!(recovery, "node1: domain 3C297ACB is recovered from node3, led by node1: locks may be kept back");
    let mut memory = memory(&["node1", "node2"]);
    memory.take(0, sample(1, 100, all_beat(0)), at(0));
    let mut other = sample(2, 100, all_beat(0));
    cluster(&mut other).threshold = Some(31);
    memory.take(1, other, at(0));
    let view = memory.tick(at(0));
    assert_eq!(trouble(&view, "settings-differ").unwrap().text, "nodes differ in dead_threshold: 31 on node2; 7 on node1");
}

#[test]
fn in_global_mode_one_region_of_three_may_fail() {
    let other = |digit: &str| format!("{digit}{}", &UUID[1..]);
    let views = watch(10, all_beat, |second, cluster| {
        cluster.global = Some(true);
        cluster.quorum_regions = Some(vec![0, 1, 2]);
        for number in 1..=2 {
            let mut region = cluster.regions[0].clone();
            (region.uuid, region.number) = (other(&number.to_string()), Some(number));
            cluster.regions.push(region);
        }
        cluster.regions[0].elapsed_ms = Some(900 + 1000 * second);
    });
    let text = &trouble(views.last().unwrap(), "silent").unwrap().text;
    assert_eq!(text, "node1 silent for 10 s: fails there in 1 s, and goes on: 2 of 3 regions are well (region 3C297ACB)");
}

#[test]
fn no_cluster_is_said_and_waited_on() {
    let mut memory = memory(&["node1"]);
    assert!(!memory.all_told());
    memory.take(0, O2cbSample { cluster: Registered::None, ..O2cbSample::default() }, at(0));
    let view = memory.tick(at(0));
    assert_eq!(view.verdict, "no cluster: node1: no cluster is registered");
    assert!(view.clusters.is_empty());
    memory.take(0, sample(1, 100, all_beat(0)), at(2));
    let online = memory.tick(at(2));
    assert_eq!(online.clusters.len(), 1);
    assert_eq!(news(Some(&view), &online).iter().map(|news| news.rule).collect::<Vec<_>>(), ["no-cluster"]);
    // A node that says nothing any more is late, and its old word is not shown as new.
    let late = memory.tick(at(60));
    assert!(late.clusters.is_empty() && late.verdict.starts_with("node1 is not seen: late"), "{}", late.verdict);
}

#[test]
fn lines_keep_their_width() {
    let views = watch(26, node3_stops, |_, _| {});
    for view in &views {
        for width in [40, 80, 200] {
            for line in super::page::lines(view, width, 50) {
                // Names and states have their columns; only the narrowest screens cut them.
                assert!(line.text.chars().count() <= width.max(80), "{width}: {}", line.text);
                assert!(line.text.is_ascii(), "{}", line.text);
            }
        }
    }
}
