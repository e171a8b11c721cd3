//! Reading a GFS2 node whose files change from one sample to the next.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "fixture/tracefs.rs"]
mod tracefs;

use collect::node::{Collector, RootFiles, TraceKeeper};
use sample::gfs2::{TracedFigures, Tracing, WaitReason};
use sample::lockspace::{Dlm, Master, Queue};
use sample::message::{Configuration, FileSystemKind, Look};
use sample::{FaultKind, FromNode, Gfs2Sample, LockspaceSample, NodeClock, ToNode};
use std::fs;
use std::path::Path;

struct Node {
    root: tempfile::TempDir,
    collector: Collector,
    seconds: u64,
}

const MOUNTS: &str = "36 35 254:32 / /mnt/gfs2 rw - gfs2 /dev/vdc rw,rgrplvb\n";
const SBSTATS: &str = include_str!("../../formats/testdata/gfs2/hot/sbstats");

impl Node {
    fn new() -> Node {
        let node = Node { root: tempfile::tempdir().unwrap(), collector: Collector::new(Configuration::default()), seconds: 0 };
        node.put("proc/self/mountinfo", MOUNTS);
        node.put("sys/fs/gfs2/lab:gfs1/id", "254:32\n");
        node.put("sys/fs/gfs2/lab:gfs1/withdraw", "0\n");
        node.put("sys/kernel/debug/gfs2/lab:gfs1/sbstats", SBSTATS);
        node
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `waiters` of 2/7 behind a holder, after so many lock calls.
    fn glock(&self, waiters: &[u32], calls: u64) {
        let mut text = String::from("G:  s:EX n:2/7 f:DyIqob t:EX d:UN/1500000 a:2 v:0 r:4 m:50 p:1\n");
        text += " H: s:EX f:H e:0 p:9 [tar] gfs2_create_inode+0x7e/0x250 [gfs2]\n";
        for pid in waiters {
            text += &format!(" H: s:SH f:AW e:0 p:{pid} [a b] ls] inode_permission+0x1d/0x190\n");
        }
        text += " I: n:1/7 t:4 f:0x00 d:0x00000001 s:3864 p:0\nG:  s:SH n:5/7 f:Iqob t:SH d:EX/0 a:0 v:0 r:3 m:50 p:0\n";
        text += " H: s:SH f:EH e:0 p:0 [(none)] gfs2_dir_search+0xbf/0xf0 [gfs2]\n";
        self.put("sys/kernel/debug/gfs2/lab:gfs1/glocks", &text);
        let stats = format!(
            "G: n:2/7 rtt:1/1 rttb:1204000/803000 irt:9000/8 dcnt: 12 qcnt: {calls}\nG: n:5/7 rtt:0/0 rttb:0/0 irt:0/0 dcnt: 1 qcnt: 1\n"
        );
        self.put("sys/kernel/debug/gfs2/lab:gfs1/glstats", &stats);
    }

    fn round(&mut self) -> Vec<FromNode> {
        self.seconds += 2;
        let monotonic_ns = self.seconds * 1_000_000_000;
        let mut clock = || NodeClock { monotonic_ns, realtime_us: None };
        self.collector.round(&RootFiles::below(self.root.path()), &mut clock)
    }

    fn sample(&mut self) -> Gfs2Sample {
        let told = self.round().into_iter().find_map(|message| match message {
            FromNode::Gfs2(sample) => Some(*sample),
            _ => None,
        });
        told.unwrap()
    }

    /// For how long its waiters are told to wait, seconds.
    fn waits(&mut self) -> Vec<u64> {
        let sample = self.sample();
        let glock = sample.glocks.iter().find(|glock| glock.name.to_string() == "2/7").unwrap();
        glock.holders.iter().filter(|holder| holder.waiting).map(|holder| holder.seen_for_ns / 1_000_000_000).collect()
    }
}

#[test]
fn a_glock_with_waiters_is_told_with_all_that_its_lines_say() {
    let mut node = Node::new();
    node.glock(&[21, 22], 100);
    let first = node.sample();
    assert_eq!((first.seq, first.interval_ns, first.known), (1, None, 2));
    node.glock(&[21, 22], 104);
    let sample = node.sample();
    // The iopen glock has the kernel's own holder only, and did nothing.
    assert_eq!(sample.glocks.len(), 1);
    let glock = &sample.glocks[0];
    assert_eq!((glock.state.as_str(), glock.flags.as_str(), glock.reason), ("EX", "DyIqob", Some(WaitReason::LocalHolder)));
    let demote = glock.demote.as_ref().unwrap();
    assert_eq!((demote.state.as_str(), demote.for_ns, demote.under_way), ("UN", 1_500_000_000, false));
    let holder = &glock.holders[0];
    assert_eq!((holder.pid, holder.comm.as_str(), holder.symbol.as_str(), holder.waiting), (Some(9), "tar", "gfs2_create_inode", false));
    assert_eq!((glock.holders[1].pid, glock.holders[1].comm.as_str()), (Some(21), "a b] ls"));
    assert!(glock.inode.is_some_and(|inode| inode.directory && !inode.system));
    let stats = glock.stats.unwrap();
    assert_eq!((stats.dlm_requests, stats.queued, stats.over_ns), (0, 4, Some(2_000_000_000)));
    let inode = sample.types.iter().find(|figures| figures.kind.0 == 2).unwrap();
    assert_eq!((inode.dlm_requests, inode.queued, inode.waiting, inode.held, inode.contended), (Some(0), Some(0), 2, 1, 1));
}

#[test]
fn a_wait_lasts_only_if_nobody_can_have_left_the_queue() {
    let mut node = Node::new();
    node.glock(&[21], 100);
    assert_eq!(node.waits(), [0]);
    // Nothing was queued since: it is the same wait.
    assert_eq!(node.waits(), [2]);
    // One was queued, and the queue is longer by one: it goes on, and another begins.
    node.glock(&[21, 22], 101);
    assert_eq!(node.waits(), [4, 0]);
    // Ten were queued, and the queue is as long: somebody left it, perhaps these.
    node.glock(&[21, 22], 111);
    assert_eq!(node.waits(), [0, 0]);
    assert_eq!(node.waits(), [2, 2]);
    // Without the counts nothing is proven.
    fs::remove_file(node.root.path().join("sys/kernel/debug/gfs2/lab:gfs1/glstats")).unwrap();
    assert_eq!(node.waits(), [0, 0]);
}

#[test]
fn a_gfs2_that_is_unmounted_is_told_and_its_readings_are_forgotten() {
    let mut node = Node::new();
    node.glock(&[], 1);
    node.sample();
    fs::remove_dir_all(node.root.path().join("sys/kernel/debug/gfs2/lab:gfs1")).unwrap();
    node.put("proc/self/mountinfo", "");
    let messages = node.round();
    assert!(messages.iter().any(|message| matches!(message, FromNode::FileSystems(none) if none.is_empty())), "{messages:?}");
    let fault = messages.iter().find_map(|message| match message {
        FromNode::Fault { fault: Some(fault), .. } => Some(fault.kind),
        _ => None,
    });
    assert!(matches!(fault, Some(FaultKind::NoDebugfs | FaultKind::NotMounted)), "{messages:?}");
    node.put("proc/self/mountinfo", MOUNTS);
    node.put("sys/kernel/debug/gfs2/lab:gfs1/sbstats", SBSTATS);
    node.glock(&[], 500);
    let sample = node.sample();
    assert_eq!((sample.seq, sample.interval_ns), (1, None));
}

const ALL: &str = "version rsb 1.1 lvb 1.1 lkb 1.1
rsb 0000000000000001 0 0 0 0 0 0 24 str        6               7
lkb 1d7 0 0 318 0 0 0 2 5 -1 5 0 0 0 1000000000 2500000000
lkb 1de 1 189 339 0 0 10000 1 -1 5 0 0 0 0 2000000000 0
rsb 0000000000000002 3 0 0 0 0 0 24 str        2               8
lkb 1 3 2 11 0 0 0 2 3 -1 0 0 0 0 500000000 0
";

fn lockspaces(messages: &[FromNode]) -> Vec<&LockspaceSample> {
    let told = messages.iter().filter_map(|message| match message {
        FromNode::Lockspace(sample) => Some(sample.as_ref()),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_dlm_is_read_only_when_it_is_looked_at() {
    let mut node = Node::new();
    node.glock(&[], 1);
    node.put("sys/kernel/debug/dlm/gfs1", "");
    node.put("sys/kernel/debug/dlm/gfs1_all", ALL);
    node.put("sys/kernel/debug/dlm/gfs1_waiters", "d9 3 2        6               7\n");
    node.put("sys/kernel/dlm/gfs1/recover_status", "55\n");
    node.put("sys/kernel/config/dlm/cluster/comms/2/nodeid", "2\n");
    node.put("sys/kernel/config/dlm/cluster/comms/2/local", "1\n");
    node.put("etc/corosync/corosync.conf", "nodelist {\n node {\n ring0_addr: 10.0.0.1\n name: one\n nodeid: 1\n }\n}\n");
    let messages = node.round();
    let told = lockspaces(&messages);
    assert_eq!((told.len(), told[0].reading.bytes, told[0].resources.len(), &told[0].census), (1, 0, 0, &None));
    assert_eq!((told[0].dlm, told[0].file_system.as_deref(), told[0].own_number), (Dlm::Kernel, Some("lab:gfs1"), Some(2)));
    assert_eq!(
        told[0].members.iter().map(|member| (member.number, member.name.as_deref())).collect::<Vec<_>>(),
        [(1, Some("one")), (2, None)]
    );
    assert!(told[0].recovery.as_ref().is_some_and(|recovery| !recovery.active));
    assert_eq!((told[0].unanswered[0].node, told[0].unanswered[0].for_ns), (2, Some(0)));

    node.collector.follow(ToNode::Look(Look { inodes: vec![7], most_ms: 1000, ..Look::default() }));
    let messages = node.round();
    let told = lockspaces(&messages)[0];
    assert_eq!((told.resources.len(), told.reading.seen, &told.census), (1, 2, &None));
    assert_eq!(told.unanswered[0].for_ns, Some(2_000_000_000));
    let resource = &told.resources[0];
    assert_eq!((resource.name.to_string().as_str(), resource.master), ("6/7", Master::Here));
    let locks: Vec<_> = resource.locks.iter().map(|lock| (lock.node, lock.queue, lock.age_ns, lock.asked_ago_ns)).collect();
    // At 4 s of the node's monotonic clock.
    assert_eq!(
        locks,
        [(None, Queue::Granted, Some(3_000_000_000), Some(1_500_000_000)), (Some(1), Queue::Waiting, Some(2_000_000_000), None)]
    );
    // The list is not read again at once; whether there is recovery is told every time.
    node.put("sys/kernel/dlm/gfs1/recover_status", "1\n");
    let messages = node.round();
    let told = lockspaces(&messages)[0];
    assert_eq!((told.kept, told.resources.len(), told.reading.bytes), (true, 0, 0));
    assert!(told.recovery.as_ref().is_some_and(|recovery| recovery.active));
    assert_eq!(told.unanswered[0].for_ns, Some(4_000_000_000));

    node.collector.follow(ToNode::Look(Look { all: true, most_ms: 1000, ..Look::default() }));
    let messages = node.round();
    let census = lockspaces(&messages)[0].census.clone().unwrap();
    assert_eq!((census.resources, census.mastered, census.mastered_unused, census.copies), (2, 1, 0, vec![(3, 1)]));
}

#[test]
fn the_kind_of_a_file_system_is_told() {
    let mut node = Node::new();
    node.glock(&[], 1);
    let told = node.round().into_iter().find_map(|message| match message {
        FromNode::FileSystems(found) => Some(found),
        _ => None,
    });
    let found = &told.unwrap()[0];
    assert_eq!((found.kind, found.uuid.as_str(), found.lockspace()), (FileSystemKind::Gfs2, "lab:gfs1", "gfs1"));
    assert_eq!((found.device, found.mount_points.as_slice()), (Some((254, 32)), &["/mnt/gfs2".to_owned()][..]));
    assert!(Path::new(&found.mount_points[0]).is_absolute());
}

/// Iopen glocks of so many inodes, as kernels of 6.x print them.
fn iopen(node: &Node, inodes: u64) {
    let mut text = String::new();
    for number in 1..=inodes {
        text += &format!("G:  s:SH n:5/{number:x} f:Iqob t:SH d:EX/0 a:0 v:0 r:3 m:50 p:0\n");
        text += " H: s:SH f:EH e:0 p:0 [(none)] gfs2_inode_lookup+0xbf/0xf0 [gfs2]\n";
    }
    node.put("sys/kernel/debug/gfs2/lab:gfs1/glocks", &text);
}

#[test]
fn inodes_that_come_into_memory_are_told() {
    let mut node = Node::new();
    iopen(&node, 10);
    assert_eq!(node.sample().growth, None);
    iopen(&node, 510);
    let growth = node.sample().growth.unwrap();
    assert_eq!((growth.over_ns, growth.iopen, growth.inode), (2_000_000_000, 500, 0));
}

#[test]
fn a_path_is_asked_for_only_where_it_is_looked_at() {
    let mut node = Node::new();
    node.glock(&[21], 100);
    let mut told = |paths: Vec<u64>| -> Vec<String> {
        node.collector.follow(ToNode::Look(Look { tasks: true, most_ms: 1000, paths, ..Look::default() }));
        let tasks = node.round().into_iter().find_map(|message| match message {
            FromNode::Tasks(tasks) => Some(tasks.paths),
            _ => None,
        });
        tasks.unwrap().into_iter().map(|path| format!("{} {} {:?}", path.file_system, path.inode, path.told)).collect()
    };
    assert!(told(Vec::new()).is_empty());
    // Of inode 8 the node has no lock. Files below a folder have no kernel that could be asked.
    let refused = "Err(\"these files are not this machine's: there is no kernel to ask\")";
    assert_eq!(told(vec![7, 8]), [format!("lab:gfs1 7 {refused}")]);
}

#[test]
fn a_glock_that_only_the_histogram_tells_of_is_told() {
    let mut node = Node::new();
    node.put("proc/self/mountinfo", &format!("{MOUNTS}24 20 0:12 / /sys/kernel/tracing rw - tracefs tracefs rw\n"));
    node.put("proc/self/stat", "100 (dlmtop) S 1 1 1 0 -1 4194304 1 0 0 0 5 1 0 0 20 0 1 0 7 0\n");
    fs::create_dir_all(node.root.path().join("sys/kernel/tracing/instances")).unwrap();
    fs::create_dir_all(node.root.path().join("proc/self/ns")).unwrap();
    std::os::unix::fs::symlink("pid:[55]", node.root.path().join("proc/self/ns/pid")).unwrap();
    let keeper = TraceKeeper::new(Some(tracefs::boxed(node.root.path())));
    node.collector = Collector::new(Configuration::default()).traced_by(keeper);
    node.glock(&[], 100);
    let first = node.sample();
    assert_eq!(
        (first.tracing, first.glocks.iter().map(|glock| glock.traced).max_by_key(TracedFigures::is_active)),
        (Tracing::On { lacking: None }, Some(TracedFigures::default()))
    );
    // 254:32, and another mount's.
    let dev = 254 << 20 | 32;
    let rows = [(dev, 5, 7, 2, 900), (dev, 2, 0x99, 1, 40), (dev + 1, 2, 0x98, 5, 7)];
    let mut text = "# event histogram\n#\n# trigger info: hist [active]\n#\n\n".to_owned();
    for (dev, kind, number, hits, tdiff) in rows {
        text += &format!("{{ dev: {dev:>10}, gltype: {kind:>10}, glnum: {number:>10} }} hitcount: {hits:>10}  tdiff: {tdiff:>10}\n");
    }
    text += "\nTotals:\n    Hits: 8\n    Entries: 3\n    Dropped: 0\n";
    node.put("sys/kernel/tracing/instances/dlmtop-55-100-7-1/events/gfs2/gfs2_glock_lock_time/hist", &text);
    let sample = node.sample();
    let told: Vec<_> = sample.glocks.iter().map(|glock| (glock.name.to_string(), glock.state.as_str(), glock.traced.dlm_wait_ns)).collect();
    // 5/7 did nothing by glstats, but its lines were read; 2/99 is in no file; 2/7 is asked to be given up, and got no reply.
    assert_eq!(told, [("2/7".to_owned(), "EX", Some(0)), ("2/99".to_owned(), "", Some(40)), ("5/7".to_owned(), "SH", Some(900))]);
    assert_eq!(sample.glocks[2].traced, TracedFigures { dlm_wait_ns: Some(900), dlm_replies: Some(2), remote_demotes: Some(0) });
}
