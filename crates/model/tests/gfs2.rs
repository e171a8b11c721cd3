//! GFS2 and lockspaces in the cluster: what counts when, and what is too old to be told.

#![expect(clippy::indexing_slicing, reason = "a test that fails may panic")]

use formats::Mode;
use formats::gfs2::{GlockName, GlockType};
use model::verdict::Verdict;
use model::{Cluster, Rules, Snapshot, ViewTime};
use sample::gfs2::{GlockFigures, HolderSample, TracedFigures, Tracing, TypeFigures};
use sample::lockspace::{Dlm, LockspaceSample, Master, Queue, Reading, Resource, ResourceLock};
use sample::message::FileSystemKind;
use sample::{FileSystem, FromNode, Gfs2Sample, GlockSample, Link, NodeClock, Pace, Way};

const TABLE: &str = "c:fs";

fn at(seconds: u64) -> ViewTime {
    ViewTime { monotonic_us: seconds * 1_000_000, realtime_us: Some((1000 + seconds) * 1_000_000) }
}

fn cluster(rules: Rules) -> Cluster {
    let mut cluster = Cluster::new(["node1".to_owned()], rules);
    cluster.link(0, Link::Up(Way::Local));
    let file_system =
        FileSystem { uuid: TABLE.to_owned(), kind: FileSystemKind::Gfs2, mount_points: vec!["/g".to_owned()], ..FileSystem::default() };
    cluster.message(0, FromNode::FileSystems(vec![file_system]), at(0));
    cluster
}

fn glock(number: u64, requests: u64) -> GlockSample {
    let stats = GlockFigures { dlm_requests: requests, queued: requests * 2, over_ns: Some(2_000_000_000), ..GlockFigures::default() };
    let name = GlockName::new(GlockType::INODE, number);
    let (state, flags) = ("EX".to_owned(), "Iqob".to_owned());
    GlockSample { state: state.clone(), target: state, flags, stats: Some(stats), ..GlockSample::counted_only(name) }
}

fn sample(seq: u64, glocks: Vec<GlockSample>) -> FromNode {
    let requests = glocks.iter().filter_map(|glock| glock.stats).map(|stats| stats.dlm_requests).sum();
    let types = vec![TypeFigures {
        kind: GlockType::INODE,
        by_state: [0, 0, 0, 9, 0],
        held: 0,
        contended: 0,
        waiting: 0,
        dlm_requests: Some(requests),
        queued: Some(0),
        blocking_rtt_ns: None,
    }];
    FromNode::Gfs2(Box::new(Gfs2Sample {
        table: TABLE.to_owned(),
        seq,
        clock: NodeClock { monotonic_ns: seq * 2_000_000_000, realtime_us: None },
        interval_ns: (seq > 1).then_some(2_000_000_000),
        types,
        glocks,
        known: 9,
        pace: Pace { asked_ms: 2000, kept_ms: 2000, ..Pace::default() },
        ..Gfs2Sample::default()
    }))
}

fn requests(snapshot: &Snapshot) -> Vec<(u64, Option<u64>)> {
    let view = &snapshot.file_systems[0];
    view.glocks.iter().map(|row| (row.name.number, row.dlm_requests)).collect()
}

#[test]
fn samples_between_two_ticks_are_added_up_and_each_is_told_once() {
    let mut cluster = cluster(Rules { each_sample_once: true, ..Rules::default() });
    cluster.message(0, sample(1, Vec::new()), at(0));
    cluster.tick(at(0));
    cluster.message(0, sample(2, vec![glock(7, 3), glock(8, 5)]), at(2));
    cluster.message(0, sample(3, vec![glock(7, 4), glock(9, 1)]), at(4));
    let snapshot = cluster.tick(at(4));
    assert_eq!(requests(&snapshot), [(7, Some(7)), (8, Some(5)), (9, Some(1))]);
    assert_eq!(snapshot.file_systems[0].gfs2[0].types[0].dlm_requests, Some(13));
    // No new sample: nothing is told again.
    let snapshot = cluster.tick(at(5));
    assert_eq!((requests(&snapshot), snapshot.file_systems[0].gfs2[0].types[0].dlm_requests), (Vec::new(), None));
}

#[test]
fn a_late_nodes_glocks_do_not_count_and_an_unmounted_file_system_tells_none() {
    let mut cluster = cluster(Rules::default());
    cluster.message(0, sample(2, vec![glock(7, 3)]), at(2));
    assert_eq!(cluster.tick(at(3)).file_systems[0].glocks.len(), 1);
    let late = cluster.tick(at(9));
    assert!(late.file_systems[0].glocks.is_empty() && late.file_systems[0].gfs2.is_empty());
    cluster.message(0, sample(3, vec![glock(7, 3)]), at(10));
    cluster.message(0, FromNode::FileSystems(Vec::new()), at(11));
    assert!(cluster.tick(at(11)).file_systems[0].glocks.is_empty());
}

#[test]
fn a_withdrawn_file_system_says_so_first() {
    let mut cluster = cluster(Rules::default());
    let FromNode::Gfs2(mut withdrawn) = sample(2, Vec::new()) else { return };
    withdrawn.health.withdrawn = Some(true);
    cluster.message(0, FromNode::Gfs2(withdrawn), at(2));
    let snapshot = cluster.tick(at(2));
    assert_eq!(snapshot.file_systems[0].verdict.as_ref().unwrap().verdict, Verdict::Withdrawn);
    assert!(
        snapshot.findings.iter().any(|finding| finding.rule == "withdrawn" && finding.text.contains("node1")),
        "{:?}",
        snapshot.findings
    );
}

fn lockspace(age_ns: u64) -> FromNode {
    let lock = |node, queue, granted, requested| ResourceLock {
        node,
        queue,
        granted,
        requested,
        pid: None,
        age_ns: Some(age_ns),
        asked_ago_ns: None,
        id: None,
    };
    let resource = Resource {
        name: GlockName::new(GlockType::FLOCK, 7).into(),
        master: Master::Here,
        locks: vec![lock(None, Queue::Granted, Mode::EX, None), lock(Some(2), Queue::Waiting, Mode::IV, Some(Mode::EX))],
        inactive: false,
        state: None,
        lvb: None,
        referenced_by: Vec::new(),
    };
    FromNode::Lockspace(Box::new(LockspaceSample {
        lockspace: "fs".to_owned(),
        dlm: Dlm::Kernel,
        file_system: Some(TABLE.to_owned()),
        clock: NodeClock::default(),
        own_number: Some(1),
        members: Vec::new(),
        recovery: None,
        reading: Reading { file: "fs_all".to_owned(), ..Reading::default() },
        census: None,
        resources: vec![resource],
        unanswered: Vec::new(),
        kept: false,
    }))
}

#[test]
fn a_wait_that_the_dlm_told_long_ago_is_no_wait_any_more() {
    let mut cluster = cluster(Rules::default());
    let FromNode::Gfs2(mut first) = sample(2, Vec::new()) else { return };
    first.glocks.push(GlockSample { stats: None, ..glock(7, 0) });
    cluster.message(0, FromNode::Gfs2(first.clone()), at(2));
    cluster.message(0, lockspace(8_000_000_000), at(2));
    assert_eq!(cluster.tick(at(2)).waits.chains.len(), 1);
    // Samples of GFS2 go on; the DLM was not read again.
    for seconds in [4, 6, 8] {
        cluster.message(0, FromNode::Gfs2(first.clone()), at(seconds));
        let snapshot = cluster.tick(at(seconds));
        assert_eq!(snapshot.waits.chains.len(), usize::from(seconds <= 6), "{seconds}");
        // What is granted lasts.
        assert_eq!(snapshot.lockspaces[0].resources.iter().filter(|resource| !resource.locks.is_empty()).count(), 1);
    }
}

#[test]
fn a_wait_that_lasts_is_stuck_and_asks_for_a_closer_look_on_all_nodes() {
    let mut cluster = cluster(Rules::default());
    let waiter = |seen_for_ns| HolderSample {
        state: "EX".to_owned(),
        flags: "W".to_owned(),
        waiting: true,
        pid: Some(42),
        comm: "cp".to_owned(),
        symbol: "gfs2_create_inode".to_owned(),
        seen_for_ns,
    };
    for (seq, seconds) in [(2, 0), (3, 2), (4, 4), (5, 6)] {
        let FromNode::Gfs2(mut sample) = sample(seq, Vec::new()) else { return };
        sample.glocks.push(GlockSample { stats: None, holders: vec![waiter(seconds * 1_000_000_000)], ..glock(7, 0) });
        cluster.message(0, FromNode::Gfs2(sample), at(seconds));
        let snapshot = cluster.tick(at(seconds));
        assert_eq!(snapshot.stuck_chains[0].is_some(), seconds >= 5, "{seconds}");
        assert_eq!(cluster.suspects().len(), usize::from(seconds >= 1));
    }
}

/// A process waits for glock 2/7, which another one of the node holds; the node's kernel was asked for its path.
fn waited_for(told: Result<String, String>, file_system: &str) -> Snapshot {
    let holder = |waiting: bool, pid| HolderSample {
        state: "EX".to_owned(),
        flags: if waiting { "W" } else { "H" }.to_owned(),
        waiting,
        pid: Some(pid),
        comm: "rm".to_owned(),
        symbol: "gfs2_unlink".to_owned(),
        seen_for_ns: 8_000_000_000,
    };
    let glock = GlockSample {
        holders: vec![holder(false, 1), holder(true, 2)],
        reason: Some(sample::gfs2::WaitReason::LocalHolder),
        ..glock(7, 1)
    };
    let path = sample::task::PathSample { file_system: file_system.to_owned(), inode: 7, told, ago_ns: 3_000_000_000 };
    let mut cluster = cluster(Rules::default());
    cluster.message(0, sample(2, vec![glock]), at(2));
    cluster.message(0, FromNode::Tasks(Box::new(sample::TasksSample { paths: vec![path], ..Default::default() })), at(2));
    cluster.tick(at(2))
}

#[test]
fn a_path_by_file_handle_stands_in_the_sentence_with_who_told_it() {
    let chain = &waited_for(Ok("/g/dir".to_owned()), TABLE).waits.chains[0].clone();
    assert_eq!(chain.path.as_deref(), Some("/g/dir"));
    assert!(chain.sentence(&[]).contains(", /g/dir,"), "{}", chain.sentence(&[]));
    assert!(chain.evidence(&[], 0).contains(&"node1: path by its file handle, 3.0 s ago".to_owned()), "{:?}", chain.evidence(&[], 0));
}

#[test]
fn why_there_is_no_path_is_told_and_another_file_systems_inode_is_none_of_it() {
    let chain = &waited_for(Err("gone".to_owned()), TABLE).waits.chains[0].clone();
    assert_eq!((chain.path.as_deref(), chain.path_said.as_deref()), (None, Some("node1: no path by its file handle: gone")));
    let chain = &waited_for(Ok("/other/dir".to_owned()), "c:other").waits.chains[0].clone();
    assert_eq!((chain.path.as_deref(), chain.path_said.as_deref()), (None, None));
}

/// A glock with what the histograms counted: wait, replies, demotes.
fn traced(number: u64, figures: (u64, u64, u64)) -> GlockSample {
    let (wait, replies, demotes) = figures;
    let traced = TracedFigures { dlm_wait_ns: Some(wait), dlm_replies: Some(replies), remote_demotes: Some(demotes) };
    GlockSample { stats: None, traced, ..glock(number, 0) }
}

fn measured(seq: u64, glocks: Vec<GlockSample>) -> FromNode {
    let FromNode::Gfs2(mut told) = sample(seq, glocks) else { unreachable!() };
    told.tracing = Tracing::On { lacking: None };
    FromNode::Gfs2(told)
}

fn waits(snapshot: &Snapshot) -> Vec<(u64, Option<u64>, Option<u64>)> {
    snapshot.file_systems[0].glocks.iter().map(|row| (row.name.number, row.dlm_wait_ns, row.remote_demotes)).collect()
}

#[test]
fn dlm_waits_of_samples_between_two_ticks_are_added_up() {
    let mut cluster = cluster(Rules::default());
    cluster.message(0, measured(1, vec![]), at(1));
    cluster.tick(at(2));
    cluster.message(0, measured(2, vec![traced(7, (100, 2, 1)), traced(8, (5, 1, 0))]), at(3));
    cluster.message(0, measured(3, vec![traced(7, (50, 1, 0)), traced(9, (1, 1, 0))]), at(5));
    let snapshot = cluster.tick(at(6));
    assert_eq!(waits(&snapshot), [(7, Some(150), Some(1)), (8, Some(5), Some(0)), (9, Some(1), Some(0))]);
    // Seen in the histogram only, they are active all the same; the one that waited longest comes first.
    let mut rows: Vec<_> = snapshot.file_systems[0].glocks.iter().filter(|row| row.is_hot()).collect();
    rows.sort_by(|a, b| model::SortKey::Average.compare_glocks(a, b));
    assert_eq!(rows.iter().map(|row| row.name.number).collect::<Vec<_>>(), [7, 8, 9]);
}

#[test]
fn what_one_of_two_samples_did_not_measure_is_not_known() {
    let mut cluster = cluster(Rules::default());
    cluster.message(0, measured(1, vec![]), at(1));
    cluster.tick(at(2));
    cluster.message(0, sample(2, vec![glock(7, 3)]), at(3));
    cluster.message(0, measured(3, vec![traced(7, (50, 1, 0))]), at(5));
    assert_eq!(waits(&cluster.tick(at(6))), [(7, None, None)]);
}

#[test]
fn a_node_that_cannot_measure_says_so_once() {
    let mut cluster = cluster(Rules::default());
    let FromNode::Gfs2(mut told) = sample(1, vec![]) else { unreachable!() };
    told.tracing = Tracing::Failed("tracefs is not mounted".to_owned());
    cluster.message(0, FromNode::Gfs2(told), at(1));
    let notes: Vec<String> = cluster.tick(at(2)).findings.into_iter().map(|finding| finding.text).collect();
    assert_eq!(notes, ["node1: not all DLM waits and remote demotes are measured: tracefs is not mounted"]);
    cluster.message(0, measured(2, vec![]), at(3));
    assert!(cluster.tick(at(4)).findings.is_empty());
}
