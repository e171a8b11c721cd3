//! A node's collector over a made-up node: what happens to files happens here by hand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use collect::node::files::{Dump, NodeFiles};
use collect::node::{Collector, RootFiles};
use formats::ocfs2::locking_state::LevelStats;
use formats::ocfs2::print::{self, OwnedRecord};
use formats::ocfs2::{Level, LockName, LockType};
use sample::message::Configuration;
use sample::{Fault, FaultKind, FromNode, NodeClock, Sample, StatsKept, ToNode, WatchedLock};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

const UUID: &str = "D3C123F4B7EA4CAD87B04CA0CBCB3C0B";
const DIRECTORY: &str = "/sys/kernel/debug/ocfs2/D3C123F4B7EA4CAD87B04CA0CBCB3C0B";

fn record(inode: u64, gets: u64) -> OwnedRecord {
    let pr = LevelStats { gets, total_ns: gets * 10, last_us: Some(0), ..LevelStats::default() };
    OwnedRecord::held(LockName::new(LockType::META, inode, 0), pr)
}

fn text(locks: &[(u64, u64)]) -> String {
    locks.iter().map(|&(inode, gets)| print::line(&record(inode, gets))).collect()
}

/// A node in memory. Each path holds what its next reads give; the last one is given again.
#[derive(Default)]
struct Node {
    files: RefCell<BTreeMap<String, Vec<io::Result<String>>>>,
    identity: RefCell<u64>,
    dumps_taken: RefCell<u32>,
}

impl Node {
    fn mounted(locks: &[(u64, u64)]) -> Node {
        let node = Node::default();
        node.put("/proc/self/mountinfo", "36 35 254:16 / /mnt/shared rw - ocfs2 /dev/vdb rw\n");
        node.put(&format!("{DIRECTORY}/fs_state"), &format!("    Device => Id: 254,16  Uuid: {UUID}  Gen: 0xF5  Label: lab\n"));
        node.put(&format!("{DIRECTORY}/locking_state"), &text(locks));
        node
    }

    fn put(&self, path: &str, text: &str) {
        self.files.borrow_mut().insert(path.to_owned(), vec![Ok(text.to_owned())]);
    }

    fn locks(&self, passes: &[&[(u64, u64)]]) {
        let passes = passes.iter().map(|locks| Ok(text(locks))).collect();
        self.files.borrow_mut().insert(format!("{DIRECTORY}/locking_state"), passes);
    }

    fn fail(&self, path: &str, errno: rustix::io::Errno) {
        self.files.borrow_mut().insert(path.to_owned(), vec![Err(errno.into())]);
    }

    fn unmount(&self) {
        self.files.borrow_mut().retain(|path, _| !path.starts_with(DIRECTORY));
        self.put("/proc/self/mountinfo", "");
        self.put("/sys/kernel/debug/bdi/x", "");
    }

    fn next(&self, path: &str) -> io::Result<String> {
        let mut files = self.files.borrow_mut();
        let values = files.get_mut(path).ok_or(io::Error::from(rustix::io::Errno::NOENT))?;
        match values.as_mut_slice() {
            [Ok(only)] => Ok(only.clone()),
            [Err(error)] => Err(io::Error::from_raw_os_error(error.raw_os_error().unwrap())),
            _ => values.remove(0),
        }
    }
}

impl NodeFiles for Node {
    fn read(&self, path: &str, _limit: usize) -> io::Result<Vec<u8>> {
        self.next(path).map(String::into_bytes)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        if let Some(Err(error)) = self.files.borrow().get(path).and_then(|values| values.first()) {
            return Err(io::Error::from_raw_os_error(error.raw_os_error().unwrap()));
        }
        let prefix = format!("{path}/");
        let files = self.files.borrow();
        let mut names: Vec<String> =
            files.keys().filter_map(|path| path.strip_prefix(&prefix)?.split('/').next().map(str::to_owned)).collect();
        names.dedup();
        if names.is_empty() { Err(rustix::io::Errno::NOENT.into()) } else { Ok(names) }
    }

    fn dumps(&self, path: &str) -> io::Result<Vec<Dump>> {
        *self.dumps_taken.borrow_mut() += 1;
        let reader: Box<dyn Read> = match self.next(path) {
            Ok(text) => Box::new(Cursor::new(text.into_bytes())),
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Box::new(Broken),
            Err(error) => return Err(error),
        };
        Ok(vec![Dump {
            reader,
            identity: Some((1, *self.identity.borrow())),
            recorded_reads: None,
            recorded_clock: None,
            recorded_wall_us: None,
            live: true,
        }])
    }

    fn tasks(&self, _request: &sample::task::TaskRequest) -> sample::TasksSample {
        sample::TasksSample::default()
    }

    fn can_repeat(&self) -> bool {
        true
    }
}

/// An open file of a file system that was just unmounted.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(rustix::io::Errno::IO.into())
    }
}

struct Run {
    collector: Collector,
    second: u64,
}

impl Run {
    fn new() -> Run {
        Run { collector: Collector::new(Configuration { interval_ms: 2000, cpu_permille: 1000, ..Configuration::default() }), second: 0 }
    }

    fn round(&mut self, node: &Node) -> Vec<FromNode> {
        self.second += 2;
        let second = self.second;
        self.collector
            .round(node, &mut || NodeClock { monotonic_ns: second * 1_000_000_000, realtime_us: Some((1000 + second) * 1_000_000) })
    }

    fn sample(&mut self, node: &Node) -> Sample {
        let messages = self.round(node);
        let sample = messages.iter().find_map(|message| match message {
            FromNode::Sample(sample) => Some((**sample).clone()),
            _ => None,
        });
        sample.unwrap_or_else(|| panic!("no sample in {messages:?}"))
    }
}

fn faults(messages: &[FromNode]) -> Vec<Option<Fault>> {
    messages
        .iter()
        .filter_map(|message| match message {
            FromNode::Fault { fault, .. } => Some(fault.clone()),
            _ => None,
        })
        .collect()
}

fn gets(sample: &Sample, inode: u64) -> Option<u64> {
    sample.locks.iter().find(|lock| lock.name.block() == inode).map(|lock| lock.pr.gets)
}

#[test]
fn unmounted_and_mounted_again_are_told_and_old_counters_are_no_news() {
    let (mut run, node) = (Run::new(), Node::mounted(&[(3, 1), (1, 500)]));
    run.sample(&node);
    node.unmount();
    let told = run.round(&node);
    assert!(told.iter().any(|message| matches!(message, FromNode::FileSystems(found) if found.is_empty())), "{told:?}");
    let fault = faults(&told)[0].clone().unwrap();
    assert_eq!(fault.kind, FaultKind::NotMounted);
    // A state is told once, not every round.
    assert_eq!(run.round(&node), [FromNode::Alive]);
    let again = Node::mounted(&[(3, 1), (1, 700)]);
    let messages = run.round(&again);
    assert!(faults(&messages).contains(&None), "{messages:?}");
    let first = run.sample(&again);
    assert_eq!((first.seq, gets(&first, 1)), (2, None));
}

#[test]
fn mounted_again_between_two_dumps_is_noticed_by_the_files_identity() {
    let (mut run, node) = (Run::new(), Node::mounted(&[(3, 1), (1, 500)]));
    run.sample(&node);
    *node.identity.borrow_mut() = 2;
    node.locks(&[&[(3, 2), (1, 900)]]);
    let sample = run.sample(&node);
    assert_eq!((sample.seq, sample.interval_ns), (1, None), "a new start, not a delta");
}

#[test]
fn an_error_while_reading_is_a_state_with_file_and_errno_and_not_the_end() {
    let (mut run, node) = (Run::new(), Node::mounted(&[(1, 5)]));
    run.sample(&node);
    let path = format!("{DIRECTORY}/locking_state");
    node.fail(&path, rustix::io::Errno::IO);
    let fault = faults(&run.round(&node))[0].clone().unwrap();
    assert_eq!((fault.kind, fault.detail), (FaultKind::ReadFailed, format!("{path}: EIO")));
    node.fail(&path, rustix::io::Errno::ACCESS);
    assert_eq!(faults(&run.round(&node))[0].clone().unwrap().kind, FaultKind::NoPermission);
    node.locks(&[&[(1, 6)]]);
    assert_eq!(run.sample(&node).locks.len(), 1);
}

#[test]
fn no_permission_on_debugfs_names_the_directory() {
    let (mut run, node) = (Run::new(), Node::mounted(&[(1, 5)]));
    node.fail("/sys/kernel/debug/ocfs2", rustix::io::Errno::ACCESS);
    let fault = faults(&run.round(&node))[0].clone().unwrap();
    assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::NoPermission, "/sys/kernel/debug/ocfs2: EACCES"));
}

#[test]
fn a_dump_that_lacks_a_hot_lock_is_read_again_if_that_is_cheap() {
    let (mut run, node) = (Run::new(), Node::mounted(&[(3, 1), (1, 5)]));
    run.sample(&node);
    node.locks(&[&[(3, 1), (1, 6)]]);
    run.sample(&node);
    let before = *node.dumps_taken.borrow();
    node.locks(&[&[(3, 1)], &[(3, 1), (1, 9)]]);
    let sample = run.sample(&node);
    assert_eq!((*node.dumps_taken.borrow() - before, gets(&sample, 1), sample.dump.passes), (2, Some(3), 2));
}

#[test]
fn a_node_at_its_cpu_share_is_not_read_twice() {
    let node = Node::mounted(&[(3, 1), (1, 5)]);
    let mut run = Run::new();
    run.collector.follow(ToNode::Configure(Configuration { interval_ms: 100, cpu_permille: 0, ..Configuration::default() }));
    for gets in [5, 6] {
        node.locks(&[&[(3, 1), (1, gets)]]);
        run.sample(&node);
    }
    // Whatever this machine's clock resolution: a dump of 400 kB costs more than a ten-thousandth of a CPU.
    let many: Vec<(u64, u64)> = (10..1000).map(|inode| (inode, 1)).collect();
    let before = *node.dumps_taken.borrow();
    node.locks(&[&many, &[(3, 1), (1, 9)]]);
    let sample = run.sample(&node);
    assert_eq!(*node.dumps_taken.borrow() - before, 1);
    assert!(sample.pace.kept_ms > sample.pace.asked_ms, "{:?}", sample.pace);
}

#[test]
fn a_watched_idle_lock_is_told_with_its_level() {
    let (mut run, node) = (Run::new(), Node::mounted(&[(3, 1), (1, 5)]));
    run.sample(&node);
    run.collector.follow(ToNode::Watch(vec![WatchedLock { uuid: UUID.to_owned(), name: LockName::new(LockType::META, 1, 0) }]));
    let sample = run.sample(&node);
    assert_eq!((sample.locks.len(), sample.locks[0].state.level), (1, Level::PR));
}

#[test]
fn lines_of_formats_1_to_5_and_garbage_cost_themselves_only() {
    let (mut run, node) = (Run::new(), Node::mounted(&[]));
    let mut dump = String::new();
    for version in 1..=4 {
        dump += &print::line(&OwnedRecord { version, ..record(100 + u64::from(version), 7) });
    }
    dump += &print::line(&record(105, 7)).replacen("0x4", "0x5", 1).replace("\t\n", "\t99\t\n");
    dump += "cat: read error\n\n0x4\tM0000";
    node.put(&format!("{DIRECTORY}/locking_state"), &dump);
    let sample = run.sample(&node);
    assert_eq!((sample.known, sample.dump.problems.lines, sample.dump.version), (5, 3, Some(5)));
    assert!(sample.dump.problems.first.unwrap().contains("locking_state:6:"));
    assert_eq!(sample.stats, StatsKept::Yes);
}

#[test]
fn an_empty_dump_is_a_sample_of_nothing_not_of_the_last_values() {
    let (mut run, node) = (Run::new(), Node::mounted(&[(3, 1), (1, 5)]));
    run.sample(&node);
    node.locks(&[&[(3, 1), (1, 50)]]);
    run.sample(&node);
    node.locks(&[&[]]);
    let sample = run.sample(&node);
    assert!(sample.locks.iter().all(|lock| lock.seen_ago_ns > 0 && lock.pr.gets == 0), "{:?}", sample.locks);
}

#[test]
fn nothing_is_written_below_the_root() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join(DIRECTORY.trim_start_matches('/'));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("locking_state"), text(&[(1, 5)])).unwrap();
    std::fs::write(directory.join("locking_filter"), "0\n").unwrap();
    let stamp = |name: &str| std::fs::metadata(directory.join(name)).unwrap().modified().unwrap();
    let before = (stamp("locking_filter"), stamp("locking_state"), std::fs::read_dir(&directory).unwrap().count());
    let mut collector = Collector::new(Configuration::default());
    let files = RootFiles::below(root.path());
    for _ in 0..3 {
        collector.round(&files, &mut NodeClock::default);
    }
    assert_eq!((stamp("locking_filter"), stamp("locking_state"), std::fs::read_dir(&directory).unwrap().count()), before);
}
