use super::*;
use crate::node::RootFiles;
use crate::node::trace_instance::TraceFs;
use formats::gfs2::{GlockName, GlockType};
use sample::gfs2::TracedFigures;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

#[path = "../../tests/fixture/tracefs.rs"]
mod tracefs;

const INSTANCES: &str = "sys/kernel/tracing/instances";
const STAT: &str = "(dlmtop) S 1 1 1 0 -1 4194304 1 0 0 0 5 1 0 0 20 0 1 0";

/// A node whose process 100, started at tick 7, is this one.
struct Node {
    root: tempfile::TempDir,
    tracer: Tracer,
    keeper: TraceKeeper,
    seconds: u64,
}

impl Node {
    fn new() -> Node {
        let root = tempfile::tempdir().unwrap();
        let keeper = TraceKeeper::new(Some(tracefs::boxed(root.path())));
        let node = Node { tracer: Tracer::new(keeper.clone()), keeper, root, seconds: 100 };
        node.put("proc/self/mountinfo", "24 20 0:12 / /sys/kernel/tracing rw - tracefs tracefs rw\n");
        node.put("proc/self/stat", &format!("100 {STAT} 7 0\n"));
        node.put("proc/100/stat", &format!("100 {STAT} 7 0\n"));
        fs::create_dir_all(node.root.path().join("proc/self/ns")).unwrap();
        std::os::unix::fs::symlink("pid:[55]", node.root.path().join("proc/self/ns/pid")).unwrap();
        fs::create_dir_all(node.root.path().join(INSTANCES)).unwrap();
        node
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn clock(&self, ahead_us: u64) -> NodeClock {
        NodeClock { monotonic_ns: self.seconds * 1_000_000_000, realtime_us: Some(self.seconds * 1_000_000 + ahead_us) }
    }

    /// Two seconds later.
    fn follow(&mut self, wanted: bool) -> Counted {
        self.seconds += 2;
        let clock = self.clock(0);
        self.tracer.follow(&RootFiles::below(self.root.path()), clock, wanted)
    }

    fn instances(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.root.path().join(INSTANCES))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Writes what an event's histogram shows.
    fn hist(&self, instance: &str, event: usize, rows: &[(u64, u64, u64)], dropped: u64) {
        let mut text = "# event histogram\n#\n# trigger info: hist [active]\n#\n\n".to_owned();
        for (glnum, hits, sum) in rows {
            // 253:1
            let value = if event == 0 { format!("  tdiff: {sum:>10}") } else { String::new() };
            text += &format!("{{ dev:  265289729, gltype:          2, glnum: {glnum:>10} }} hitcount: {hits:>10}{value}\n");
        }
        text += &format!("\nTotals:\n    Hits: 9\n    Entries: {}\n    Dropped: {dropped}\n", rows.len());
        self.put(&format!("{INSTANCES}/{instance}/events/gfs2/{}/hist", tracefs::EVENTS[event]), &text);
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join(INSTANCES).join(path)).unwrap()
    }
}

fn figures(counted: &Counted, number: u64) -> TracedFigures {
    counted.of(Some((253, 1))).of(GlockName::new(GlockType::INODE, number))
}

fn known(wait: u64, replies: u64, demotes: u64) -> TracedFigures {
    TracedFigures { dlm_wait_ns: Some(wait), dlm_replies: Some(replies), remote_demotes: Some(demotes) }
}

const OWN: &str = "dlmtop-55-100-7-1";

#[test]
fn an_instance_is_made_read_and_removed() {
    let mut node = Node::new();
    let first = node.follow(true);
    assert_eq!((first.state.clone(), figures(&first, 7)), (Tracing::On { lacking: None }, TracedFigures::default()));
    assert_eq!(node.instances(), [OWN]);
    assert_eq!(node.read(&format!("{OWN}/events/gfs2/gfs2_glock_lock_time/trigger")), EVENTS[0].trigger);
    assert_eq!(node.read(&format!("{OWN}/events/gfs2/gfs2_demote_rq/trigger")), EVENTS[1].trigger);
    assert_eq!(node.read(&format!("{OWN}/buffer_size_kb")), "4");
    node.hist(OWN, 0, &[(7, 2, 500)], 0);
    node.hist(OWN, 1, &[(7, 1, 0), (8, 4, 0)], 0);
    let counted = node.follow(true);
    assert_eq!((figures(&counted, 7), figures(&counted, 8), figures(&counted, 9)), (known(500, 2, 1), known(0, 0, 4), known(0, 0, 0)));
    // Nothing new.
    assert_eq!(figures(&node.follow(true), 7), known(0, 0, 0));
    node.hist(OWN, 0, &[(7, 5, 900)], 0);
    assert_eq!(figures(&node.follow(true), 7), known(400, 3, 0));
    assert_eq!(node.follow(false).state, Tracing::Off);
    assert!(node.instances().is_empty());
}

#[test]
fn what_dead_processes_left_is_removed_and_nothing_else() {
    let mut node = Node::new();
    // 200 lives; 300 has another start now; 400 is gone; of another pid namespace nothing is known.
    node.put("proc/200/stat", &format!("200 {STAT} 9 0\n"));
    node.put("proc/300/stat", &format!("300 {STAT} 9 0\n"));
    for name in ["dlmtop-55-200-9-1", "dlmtop-55-300-8-1", "dlmtop-55-400-9-3", "dlmtop-56-400-9-1", "dlmtop-mine", "others"] {
        fs::create_dir(node.root.path().join(INSTANCES).join(name)).unwrap();
    }
    node.follow(true);
    assert_eq!(node.instances(), [OWN, "dlmtop-55-200-9-1", "dlmtop-56-400-9-1", "dlmtop-mine", "others"]);
}

#[test]
fn an_end_removes_the_instance_and_no_other_is_made() {
    let mut node = Node::new();
    node.follow(true);
    node.keeper.close();
    assert!(node.instances().is_empty());
    assert_eq!(node.follow(true).state, Tracing::Off);
    assert!(node.instances().is_empty());
}

#[test]
fn a_histogram_that_fills_is_made_anew_and_says_what_is_lacking() {
    let mut node = Node::new();
    node.follow(true);
    node.hist(OWN, 0, &[(7, 2, 500)], 3);
    // Made only just now: not yet again.
    let counted = node.follow(true);
    assert_eq!((figures(&counted, 7).dlm_replies, figures(&counted, 8).dlm_replies), (Some(2), None));
    assert_eq!(figures(&counted, 8).remote_demotes, Some(0));
    assert!(counted.state.trouble().unwrap().contains("3 events of glocks"), "{:?}", counted.state);
    assert_eq!(node.instances(), [OWN]);
    node.seconds += 10;
    node.hist(OWN, 0, &[(7, 3, 600)], 9);
    let counted = node.follow(true);
    assert_eq!((figures(&counted, 7).dlm_wait_ns, figures(&counted, 8).dlm_replies), (Some(100), None));
    let second = "dlmtop-55-100-7-2";
    assert_eq!(node.instances(), [second]);
    node.hist(second, 0, &[(8, 1, 70)], 0);
    let counted = node.follow(true);
    assert_eq!(
        (figures(&counted, 7), figures(&counted, 8), counted.state.clone()),
        (known(0, 0, 0), known(70, 1, 0), Tracing::On { lacking: None })
    );
}

#[test]
fn a_clock_that_is_set_makes_waits_unknown_but_not_counts() {
    let mut node = Node::new();
    node.follow(true);
    node.hist(OWN, 0, &[(7, 2, 3_600_000_000_000)], 0);
    node.seconds += 2;
    let clock = node.clock(3_600_000_000);
    let counted = node.tracer.follow(&RootFiles::below(node.root.path()), clock, true);
    assert_eq!((figures(&counted, 7).dlm_wait_ns, figures(&counted, 7).dlm_replies), (None, Some(2)));
}

/// tracefs that refuses something.
struct Refuses {
    tracefs: Box<dyn TraceFs>,
    part: &'static str,
    error: i32,
    asked: Arc<Mutex<u32>>,
}

impl TraceFs for Refuses {
    fn make(&self, path: &Path) -> std::io::Result<()> {
        *self.asked.lock().unwrap() += 1;
        if self.part == "make" { Err(std::io::Error::from_raw_os_error(self.error)) } else { self.tracefs.make(path) }
    }

    fn write(&self, path: &Path, text: &str) -> std::io::Result<()> {
        if path.to_str().unwrap().contains(self.part) {
            return Err(std::io::Error::from_raw_os_error(self.error));
        }
        self.tracefs.write(path, text)
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.tracefs.remove(path)
    }
}

fn refusing(part: &'static str, error: i32) -> (Node, Arc<Mutex<u32>>) {
    let mut node = Node::new();
    let asked = Arc::new(Mutex::new(0));
    let tracefs = Refuses { tracefs: tracefs::boxed(node.root.path()), part, error, asked: Arc::clone(&asked) };
    node.keeper = TraceKeeper::new(Some(Box::new(tracefs)));
    node.tracer = Tracer::new(node.keeper.clone());
    (node, asked)
}

#[test]
fn a_kernel_that_refuses_is_asked_once_and_its_reason_is_told() {
    let (mut node, asked) = refusing("make", 1);
    for _ in 0..2 {
        let counted = node.follow(true);
        assert!(matches!(&counted.state, Tracing::Failed(why) if why.contains("instances")), "{:?}", counted.state);
        assert_eq!(figures(&counted, 7), TracedFigures::default());
    }
    assert_eq!(*asked.lock().unwrap(), 1);
    // GFS2 is unmounted, and mounted again.
    node.follow(false);
    node.follow(true);
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[test]
fn without_hist_triggers_nothing_stays() {
    let (mut node, _) = refusing("trigger", 22);
    let counted = node.follow(true);
    assert!(matches!(&counted.state, Tracing::Failed(why) if why.contains("no hist triggers")), "{:?}", counted.state);
    assert!(node.instances().is_empty());
}

#[test]
fn one_event_without_the_other_is_measured() {
    let (mut node, _) = refusing("gfs2_demote_rq", 22);
    node.follow(true);
    node.hist(OWN, 0, &[(7, 2, 500)], 0);
    let counted = node.follow(true);
    assert_eq!(figures(&counted, 7), TracedFigures { remote_demotes: None, ..known(500, 2, 0) });
    assert!(counted.state.trouble().unwrap().contains("remote demotes are not known"), "{:?}", counted.state);
}

#[test]
fn no_tracefs_and_a_vanished_instance_are_told() {
    let mut node = Node::new();
    node.put("proc/self/mountinfo", "36 35 254:32 / /mnt/gfs2 rw - gfs2 /dev/vdc rw\n");
    assert_eq!(node.follow(true).state, Tracing::Failed("tracefs is not mounted".to_owned()));
    let mut node = Node::new();
    node.follow(true);
    fs::remove_dir_all(node.root.path().join(INSTANCES).join(OWN)).unwrap();
    assert!(matches!(node.follow(true).state, Tracing::Failed(_)));
}
