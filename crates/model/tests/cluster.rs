//! The cluster's model, fed by hand with scripted times.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test panics")]

use formats::ocfs2::lock_state::{Action, UnlockAction, Wanted};
use formats::ocfs2::{Flags, Level, LockName, LockState, LockType};
use model::{Cluster, NodeState, Rules, Snapshot, SortKey, ViewTime};
use proptest::prelude::*;
use sample::{
    DumpReport, Fault, FaultKind, FileSystem, FromNode, LevelDelta, Life, Link, LockSample, NodeClock, Omitted, Pace, Sample, StatsKept,
    Wait, Way,
};

const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

fn at(second: u64) -> ViewTime {
    ViewTime { monotonic_us: second * 1_000_000, realtime_us: Some((1000 + second) * 1_000_000) }
}

fn lock(kind: LockType, inode: u64, ex_gets: u64, ex_ns: u64) -> LockSample {
    LockSample {
        name: LockName::new(kind, inode, 0),
        system: false,
        state: LockState {
            level: Level::EX,
            flags: Flags(0x41),
            action: Action(0),
            unlock_action: UnlockAction(0),
            ro_holders: 0,
            ex_holders: 0,
            requested: Level::EX,
            blocking: Level::IV,
        },
        handles: 1,
        waiting_handles: 0,
        pr: LevelDelta::default(),
        ex: LevelDelta { gets: ex_gets, total_ns: ex_ns, max_ns: ex_ns, ..LevelDelta::default() },
        refresh: 0,
        over_ns: Some(2_000_000_000),
        stats_unknown: false,
        wait: None,
        seen_ago_ns: 0,
        life: Life::Ongoing,
        lvb: None,
        rest: None,
    }
}

fn waiting(mut lock: LockSample, seconds: u64) -> LockSample {
    lock.state.level = Level::NL;
    lock.waiting_handles = 1;
    lock.wait =
        Some(Wait { since_us: Some(1_000_000_000), for_ns: seconds * 1_000_000_000, at_least: false, wanted: Wanted::Level(Level::EX) });
    lock
}

fn sample(uuid: &str, seq: u64, second: u64, locks: Vec<LockSample>) -> FromNode {
    let clock = NodeClock { monotonic_ns: second * 1_000_000_000, realtime_us: Some((1000 + second) * 1_000_000) };
    FromNode::Sample(Box::new(Sample {
        uuid: uuid.to_owned(),
        seq,
        clock,
        clock_last: clock,
        interval_ns: (seq > 1).then_some(2_000_000_000),
        dump: DumpReport { passes: 1, ..DumpReport::default() },
        known: 10,
        census: Vec::new(),
        made: 0,
        made_again: 0,
        gone: 0,
        stats: StatsKept::Yes,
        locks,
        omitted: Omitted::default(),
        pace: Pace { asked_ms: 2000, kept_ms: 2000, cpu_us: 100, wall_us: 200 },
    }))
}

fn file_system(uuid: &str, point: &str) -> FromNode {
    FromNode::FileSystems(vec![FileSystem { uuid: uuid.to_owned(), mount_points: vec![point.to_owned()], ..FileSystem::default() }])
}

fn cluster(nodes: usize) -> Cluster {
    let mut cluster = Cluster::new((1..=nodes).map(|number| format!("node{number}")), Rules::default());
    for node in 0..nodes {
        cluster.link(node, Link::Up(Way::Installed));
        cluster.message(node, file_system(A, "/mnt/shared"), at(0));
    }
    cluster
}

fn state(snapshot: &Snapshot, node: usize) -> &NodeState {
    &snapshot.file_systems[0].nodes.iter().find(|view| view.node == node).unwrap().state
}

fn rules(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_node_that_stops_answering_is_late_within_two_intervals_and_leaves_totals_and_ranks() {
    let mut cluster = cluster(2);
    for second in [2, 4] {
        cluster.message(0, sample(A, second, second, vec![lock(LockType::META, 7, 5, 500)]), at(second));
        cluster.message(1, sample(A, second, second, vec![lock(LockType::META, 7, 50, 9000)]), at(second));
    }
    let both = cluster.tick(at(4));
    assert_eq!((both.file_systems[0].totals.ex_gets, both.file_systems[0].rows[0].figures.rank_ns), (110, 140));
    for second in [6, 8] {
        cluster.message(0, sample(A, second, second, vec![lock(LockType::META, 7, 5, 500)]), at(second));
        cluster.tick(at(second));
    }
    cluster.message(0, sample(A, 9, 8, vec![lock(LockType::META, 7, 5, 500)]), at(8));
    let one = cluster.tick(at(8));
    assert!(matches!(state(&one, 1), NodeState::Late(4_000_000)), "{:?}", state(&one, 1));
    assert_eq!((one.file_systems[0].totals.ex_gets, one.file_systems[0].rows[0].nodes.len()), (5, 1));
    assert!(rules(&one).contains(&"node-late"));
    // It comes back: counted again at once.
    cluster.message(1, sample(A, 10, 10, vec![lock(LockType::META, 7, 50, 9000)]), at(10));
    assert_eq!(*state(&cluster.tick(at(10)), 1), NodeState::Live);
}

#[test]
fn a_broken_connection_and_an_unmount_are_told_at_once_with_their_cause() {
    let mut cluster = cluster(2);
    for node in 0..2 {
        cluster.message(node, sample(A, 1, 2, vec![lock(LockType::META, 7, 5, 500)]), at(2));
    }
    cluster.link(0, Link::Down { fault: Fault::new(FaultKind::ConnectionLost, "closed"), retry_in_ms: Some(1000) });
    cluster.message(1, FromNode::FileSystems(Vec::new()), at(3));
    let snapshot = cluster.tick(at(3));
    let kinds: Vec<FaultKind> = [0, 1]
        .map(|node| match state(&snapshot, node) {
            NodeState::Down(fault) => fault.kind,
            other => panic!("{other:?}"),
        })
        .to_vec();
    assert_eq!(kinds, [FaultKind::ConnectionLost, FaultKind::NotMounted]);
    assert!(snapshot.file_systems[0].rows.is_empty());
    assert_eq!(snapshot.file_systems[0].totals.ex_gets, 0);
}

#[test]
fn a_stuck_lock_is_on_top_of_any_busy_one_and_names_its_holder() {
    let mut cluster = cluster(2);
    let flock = lock(LockType::FLOCK, 9, 0, 0);
    cluster.message(0, sample(A, 2, 2, vec![lock(LockType::META, 7, 1, 90_000_000_000), waiting(flock.clone(), 6)]), at(2));
    cluster.message(1, sample(A, 2, 2, vec![flock]), at(2));
    let snapshot = cluster.tick(at(2));
    let mut rows = snapshot.file_systems[0].rows.clone();
    for key in [SortKey::Average, SortKey::Time, SortKey::Count, SortKey::Max, SortKey::Waiting] {
        key.sort(&mut rows, false, usize::MAX);
        assert_eq!(rows[0].name.block(), 9, "{key:?}");
    }
    let finding = &snapshot.findings[0];
    assert_eq!((finding.rule, finding.nodes.as_slice()), ("stuck-lock", &[0][..]));
    assert!(finding.text.contains("node1 waits for EX 6.0 s; held by node2 at EX"), "{}", finding.text);
    assert!(finding.evidence.iter().any(|line| line.contains("lock_wait 1000000000")), "{:?}", finding.evidence);
    // Its holder is asked for on all nodes.
    assert!(cluster.watched().iter().any(|watched| watched.name.block() == 9));
}

#[test]
fn an_ended_hang_is_told_once_and_the_row_goes_on() {
    let mut cluster = cluster(1);
    cluster.message(0, sample(A, 2, 6, vec![waiting(lock(LockType::META, 9, 0, 0), 6)]), at(6));
    assert_eq!(cluster.tick(at(6)).stuck.len(), 1);
    cluster.message(0, sample(A, 3, 8, vec![lock(LockType::META, 9, 1, 8_000_000_000)]), at(8));
    let ended = cluster.tick(at(8));
    assert_eq!((ended.stuck.len(), ended.ended.len()), (0, 1));
    assert_eq!(ended.ended[0].waits[0].over_after_ns, Some(8_000_200_000));
    cluster.message(0, sample(A, 4, 10, Vec::new()), at(10));
    let later = cluster.tick(at(10));
    assert_eq!((later.ended.len(), later.ended_before.len()), (0, 1));
}

#[test]
fn a_dead_waiters_episode_has_no_end() {
    let mut cluster = cluster(1);
    cluster.message(0, sample(A, 2, 2, vec![waiting(lock(LockType::META, 9, 0, 0), 6)]), at(2));
    cluster.tick(at(2));
    let snapshot = cluster.tick(at(20));
    assert_eq!((snapshot.stuck.len(), snapshot.ended.len()), (1, 0));
}

#[test]
fn a_lock_that_a_dump_lacks_counts_in_no_sum_and_keeps_its_rank_only_if_it_was_hot_for_a_while() {
    let mut cluster = cluster(1);
    let hot = || lock(LockType::META, 7, 5, 500);
    let lacking = || LockSample { seen_ago_ns: 1, ex: LevelDelta::default(), ..hot() };
    let rank = |snapshot: &Snapshot| snapshot.file_systems[0].rows.first().map(|row| row.figures.rank_ns);
    cluster.message(0, sample(A, 2, 2, vec![hot()]), at(2));
    cluster.tick(at(2));
    cluster.message(0, sample(A, 3, 4, vec![lacking()]), at(4));
    let once = cluster.tick(at(4));
    assert_eq!((rank(&once), once.file_systems[0].totals.ex_gets), (Some(0), 0));
    for second in [6, 8, 10, 12] {
        cluster.message(0, sample(A, second, second, vec![hot()]), at(second));
        cluster.tick(at(second));
    }
    cluster.message(0, sample(A, 20, 14, vec![lacking()]), at(14));
    let again = cluster.tick(at(14));
    assert_eq!((rank(&again), again.file_systems[0].totals.ex_gets), (Some(50), 0));
}

#[test]
fn samples_between_two_ticks_add_up_and_an_old_one_is_not_fresh() {
    let mut cluster = cluster(1);
    for second in [1, 2] {
        cluster.message(0, sample(A, second + 1, second, vec![lock(LockType::META, 7, 5, 500)]), at(second));
    }
    let snapshot = cluster.tick(at(2));
    assert_eq!((snapshot.file_systems[0].totals.ex_gets, snapshot.file_systems[0].nodes[0].fresh), (10, true));
    assert!(!cluster.tick(at(3)).file_systems[0].nodes[0].fresh);
}

#[test]
fn a_node_that_comes_back_tells_no_lifetime_counts_among_intervals() {
    let mut cluster = cluster(2);
    for node in 0..2 {
        cluster.message(node, sample(A, 1, 1, vec![lock(LockType::META, 5, 500, 500)]), at(1));
    }
    assert_eq!(cluster.tick(at(1)).file_systems[0].totals.ex_gets, 1000, "all since the locks were made");
    let counts = |cluster: &mut Cluster, second| cluster.tick(at(second)).file_systems[0].totals.ex_gets;
    for node in 0..2 {
        cluster.message(node, sample(A, 2, 3, vec![lock(LockType::META, 5, 3, 3)]), at(3));
    }
    assert_eq!(counts(&mut cluster, 3), 6);
    // Its collector starts anew: first its locks' whole life ...
    cluster.link(1, Link::Connecting(1));
    cluster.link(1, Link::Up(Way::Installed));
    cluster.message(0, sample(A, 3, 5, vec![lock(LockType::META, 5, 4, 4)]), at(5));
    cluster.message(1, sample(A, 1, 5, vec![lock(LockType::META, 5, 506, 506)]), at(5));
    assert_eq!(counts(&mut cluster, 5), 4);
    cluster.message(0, sample(A, 4, 7, vec![lock(LockType::META, 5, 1, 1)]), at(7));
    cluster.message(1, sample(A, 2, 7, vec![lock(LockType::META, 5, 2, 2)]), at(7));
    assert_eq!(counts(&mut cluster, 7), 3);
    // ... also if its second sample comes before the first was shown.
    cluster.link(1, Link::Connecting(1));
    cluster.link(1, Link::Up(Way::Installed));
    cluster.message(1, sample(A, 1, 8, vec![lock(LockType::META, 5, 508, 508)]), at(8));
    cluster.message(1, sample(A, 2, 9, vec![lock(LockType::META, 5, 7, 7)]), at(9));
    cluster.message(0, sample(A, 5, 9, vec![]), at(9));
    assert_eq!(counts(&mut cluster, 9), 7);
}

#[test]
fn a_late_node_is_a_moment_to_tick() {
    let mut cluster = cluster(2);
    for node in 0..2 {
        cluster.message(node, sample(A, 2, 1, vec![]), at(1));
    }
    cluster.tick(at(1));
    cluster.message(0, sample(A, 3, 3, vec![]), at(3));
    assert!(!cluster.turned_late(at(4)));
    assert!(cluster.turned_late(at(5)), "node 1's sample is nearly two intervals old");
    cluster.tick(at(5));
    assert!(!cluster.turned_late(at(6)), "told already");
}

#[test]
fn counts_may_be_added_up_if_each_sample_is_told_once() {
    let mut cluster = Cluster::new(["a".to_owned()], Rules { each_sample_once: true, ..Rules::default() });
    cluster.link(0, Link::Up(Way::Installed));
    cluster.message(0, file_system(A, "/mnt/shared"), at(0));
    cluster.message(0, sample(A, 2, 2, vec![lock(LockType::META, 7, 5, 500), waiting(lock(LockType::META, 9, 3, 30), 6)]), at(2));
    assert_eq!(cluster.tick(at(2)).file_systems[0].totals.ex_gets, 8);
    let again = cluster.tick(at(3));
    assert_eq!((again.file_systems[0].totals.ex_gets, again.file_systems[0].rows.len(), again.stuck.len()), (0, 1, 1));
}

#[test]
fn another_file_system_at_the_same_mount_point_is_told_and_not_mixed_in() {
    let rules = Rules { mount_point: Some("/mnt/shared".to_owned()), ..Rules::default() };
    let mut cluster = Cluster::new(["a", "b", "c"].map(str::to_owned), rules);
    for (node, uuid) in [A, A, B].into_iter().enumerate() {
        cluster.link(node, Link::Up(Way::Installed));
        cluster.message(node, file_system(uuid, "/mnt/shared"), at(1));
        cluster.message(node, sample(uuid, 2, 1, vec![lock(LockType::META, 7, 5, 500)]), at(1));
    }
    let snapshot = cluster.tick(at(1));
    let other = snapshot.file_system(B).unwrap();
    let down = other.nodes.iter().find(|node| node.node == 2).unwrap();
    assert!(matches!(&down.state, NodeState::Down(fault) if fault.kind == FaultKind::OtherUuid), "{:?}", down.state);
    assert_eq!(snapshot.file_system(A).unwrap().totals.ex_gets, 10);
    assert!(other.rows.is_empty());
}

#[test]
fn a_skewed_clock_is_told_and_changes_no_wait() {
    let mut cluster = cluster(1);
    let FromNode::Sample(mut skewed) = sample(A, 2, 2, vec![waiting(lock(LockType::META, 9, 0, 0), 1)]) else { panic!() };
    skewed.clock.realtime_us = Some(4_602_000_000);
    cluster.message(0, FromNode::Sample(skewed), at(2));
    let snapshot = cluster.tick(at(2));
    assert!(rules(&snapshot).contains(&"clock-skew"));
    assert_eq!(
        (snapshot.file_systems[0].rows[0].figures.stuck, snapshot.file_systems[0].rows[0].figures.waiting_ns()),
        (false, 1_000_000_000)
    );
}

proptest! {
    /// Totals are the sum over everything that came, whatever the order of nodes and samples.
    #[test]
    fn totals_add_up(parts in proptest::collection::vec((0usize..3, 1u64..6, 0u64..1000, 0u64..1_000_000), 0..40)) {
        let mut cluster = cluster(3);
        let mut per_node: Vec<Vec<LockSample>> = vec![Vec::new(); 3];
        let (mut gets, mut ns) = (0, 0);
        for (node, inode, ex_gets, ex_ns) in parts {
            if per_node[node].iter().all(|lock| lock.name.block() != inode) {
                per_node[node].push(lock(LockType::META, inode, ex_gets, ex_ns));
                gets += ex_gets;
                ns += ex_ns;
            }
        }
        for (node, locks) in per_node.into_iter().enumerate() {
            cluster.message(node, sample(A, 2, 2, locks), at(2));
        }
        let snapshot = cluster.tick(at(2));
        let view = &snapshot.file_systems[0];
        prop_assert_eq!((view.totals.ex_gets, view.totals.ex_ns), (gets, ns));
        let rows: u64 = view.rows.iter().map(|row| row.figures.ex.gets).sum();
        prop_assert_eq!(rows, gets);
    }
}
