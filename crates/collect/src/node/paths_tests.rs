use super::*;
use crate::node::files::Dump;
use formats::dlm::ResourceName;
use formats::gfs2::GlockName;
use sample::gfs2::InodeFacts;
use sample::lockspace::{Dlm, Master, Reading, Resource};
use sample::task::{TaskFile, TaskRequest, TaskSample};
use sample::{GlockSample, NodeClock};
use std::cell::RefCell;
use std::io;
use std::sync::mpsc::{Sender, channel};

const SECOND: u64 = 1_000_000_000;

/// A kernel that answers so, or not at all.
#[derive(Default)]
struct Kernel {
    answer: RefCell<Option<Result<String, String>>>,
    asked: RefCell<Vec<(String, i32, String)>>,
    hanging: RefCell<Vec<Sender<()>>>,
}

impl NodeFiles for Kernel {
    fn read(&self, _: &str, _: usize) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn dumps(&self, _: &str) -> io::Result<Vec<Dump>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn can_repeat(&self) -> bool {
        true
    }

    fn tasks(&self, _: &TaskRequest) -> TasksSample {
        TasksSample::default()
    }

    fn path_of(&self, mount: &str, handle: &FileHandle) -> Answer {
        self.asked.borrow_mut().push((mount.to_owned(), handle.kind, handle.hex()));
        if let Some(told) = &*self.answer.borrow() {
            return Answer::Told(told.clone());
        }
        let (living, gone) = channel();
        self.hanging.borrow_mut().push(living);
        Answer::Late(gone)
    }
}

fn file_system(kind: FileSystemKind, uuid: &str) -> FileSystem {
    FileSystem { uuid: uuid.to_owned(), kind, mount_points: vec![format!("/mnt/{}", kind.word())], ..FileSystem::default() }
}

fn glock(name: &str, formal: Option<u64>) -> GlockSample {
    let name = GlockName::parse(name.as_bytes()).unwrap();
    let inode = formal.map(|formal| InodeFacts { formal, address: name.number, directory: true, system: false, size: None });
    GlockSample { state: "EX".into(), target: "EX".into(), inode, ..GlockSample::counted_only(name) }
}

fn gfs2(glocks: Vec<GlockSample>) -> Gfs2Sample {
    Gfs2Sample { table: "c:fs".into(), seq: 1, glocks, ..Gfs2Sample::default() }
}

fn lockspace(resources: &[(&str, Option<&str>)]) -> LockspaceSample {
    let resource = |(name, lvb): &(&str, Option<&str>)| Resource {
        name: ResourceName::new(name.as_bytes()).unwrap(),
        master: Master::Here,
        locks: Vec::new(),
        inactive: false,
        state: None,
        lvb: lvb.map(str::to_owned),
        referenced_by: Vec::new(),
    };
    LockspaceSample {
        lockspace: "ABC".into(),
        dlm: Dlm::O2dlm,
        file_system: Some("ABC".into()),
        clock: NodeClock::default(),
        own_number: None,
        members: Vec::new(),
        recovery: None,
        reading: Reading::default(),
        census: None,
        resources: resources.iter().map(resource).collect(),
        unanswered: Vec::new(),
        kept: false,
    }
}

/// Asks for inode 7 of a GFS2 at second `at`.
fn ask(paths: &mut Paths, kernel: &Kernel, at: u64, formal: Option<u64>) -> Option<Result<String, String>> {
    let (systems, sample) = ([file_system(FileSystemKind::Gfs2, "c:fs")], gfs2(vec![glock("2/7", formal)]));
    let mut told = paths.tell(kernel, at * SECOND, &[7], (&systems, &[&sample], &[]), &TasksSample::default());
    told.pop().map(|told| told.told)
}

fn saying(told: Result<&str, &str>) -> Kernel {
    Kernel { answer: RefCell::new(Some(told.map(str::to_owned).map_err(str::to_owned))), ..Kernel::default() }
}

#[test]
fn a_path_is_asked_for_once_and_again_after_a_while() {
    let (kernel, mut paths) = (saying(Ok("/mnt/gfs2/dir")), Paths::default());
    for at in [0, 2, 299] {
        assert_eq!(ask(&mut paths, &kernel, at, Some(1)), Some(Ok("/mnt/gfs2/dir".to_owned())));
    }
    assert_eq!(*kernel.asked.borrow(), [("/mnt/gfs2".to_owned(), 4, "00000000000000010000000000000007".to_owned())]);
    ask(&mut paths, &kernel, 300, Some(1));
    assert_eq!(kernel.asked.borrow().len(), 2);
    // Another file under the same number.
    ask(&mut paths, &kernel, 301, Some(2));
    assert_eq!(kernel.asked.borrow().len(), 3);
}

#[test]
fn that_there_is_no_path_is_remembered_for_a_shorter_while() {
    let (kernel, mut paths) = (saying(Err("stale")), Paths::default());
    for at in [0, 59, 60] {
        assert_eq!(ask(&mut paths, &kernel, at, Some(1)), Some(Err("stale".to_owned())));
    }
    assert_eq!(kernel.asked.borrow().len(), 2);
}

#[test]
fn a_node_without_the_inode_says_nothing_and_asks_nothing() {
    let (kernel, mut paths) = (saying(Ok("/mnt/gfs2/dir")), Paths::default());
    assert_eq!(ask(&mut paths, &kernel, 0, None), None);
    assert!(kernel.asked.borrow().is_empty());
}

#[test]
fn what_a_process_has_open_is_not_asked_for() {
    let (kernel, mut paths) = (saying(Ok("/mnt/gfs2/dir")), Paths::default());
    let file = TaskFile { fd: 3, inode: Some(7), path: Some("/mnt/gfs2/file".into()) };
    let told = TasksSample { tasks: vec![TaskSample { files: vec![file], ..TaskSample::default() }], ..TasksSample::default() };
    let (systems, sample) = ([file_system(FileSystemKind::Gfs2, "c:fs")], gfs2(vec![glock("2/7", Some(1))]));
    assert!(paths.tell(&kernel, 0, &[7], (&systems, &[&sample], &[]), &told).is_empty());
    assert!(kernel.asked.borrow().is_empty());
}

#[test]
fn while_a_child_hangs_no_other_one_is_sent() {
    let (kernel, mut paths) = (Kernel::default(), Paths::default());
    let late = ask(&mut paths, &kernel, 0, Some(1)).unwrap().unwrap_err();
    assert!(late.contains("did not answer in"), "{late}");
    // Another inode of the same file system, and the same one when its answer is too old.
    let again = ask(&mut paths, &kernel, 2, Some(2)).unwrap().unwrap_err();
    assert!(again.contains("hangs in the kernel still"), "{again}");
    assert!(ask(&mut paths, &kernel, 100, Some(1)).unwrap().unwrap_err().contains("hangs in the kernel still"));
    assert_eq!(kernel.asked.borrow().len(), 1);
    // It ends at last.
    kernel.hanging.borrow_mut().clear();
    *kernel.answer.borrow_mut() = Some(Ok("/mnt/gfs2/dir".to_owned()));
    assert_eq!(ask(&mut paths, &kernel, 102, Some(1)), Some(Ok("/mnt/gfs2/dir".to_owned())));
}

#[test]
fn few_are_asked_for_in_one_round() {
    let (kernel, mut paths) = (saying(Ok("/mnt/gfs2/dir")), Paths::default());
    let inodes: Vec<u64> = (1..=10).collect();
    let (systems, sample) =
        ([file_system(FileSystemKind::Gfs2, "c:fs")], gfs2(inodes.iter().map(|inode| glock(&format!("2/{inode:x}"), Some(1))).collect()));
    let mut round = |at: u64| paths.tell(&kernel, at * SECOND, &inodes, (&systems, &[&sample], &[]), &TasksSample::default()).len();
    assert_eq!([round(0), round(2), round(4)], [4, 8, 10]);
}

#[test]
fn memory_is_bounded() {
    let mut paths = Paths::default();
    for number in 0..2000 {
        paths.remember(("c:fs".to_owned(), number, 0), number, Ok(String::new()));
    }
    assert_eq!(paths.known.len(), MOST_KNOWN);
    assert!(paths.known.contains_key(&("c:fs".to_owned(), 1999, 0)) && !paths.known.contains_key(&("c:fs".to_owned(), 0, 0)));
}

#[test]
fn an_inode_of_ocfs2_needs_its_generation() {
    let (kernel, mut paths) = (saying(Ok("/mnt/ocfs2/dir")), Paths::default());
    let systems = [file_system(FileSystemKind::Ocfs2, "ABC")];
    let mut ask = |resources: &[(&str, Option<&str>)]| {
        let mut told = paths.tell(&kernel, 0, &[0x1b39], (&systems, &[], &[lockspace(resources)]), &TasksSample::default());
        told.pop().map(|told| told.told)
    };
    assert_eq!(ask(&[]), None);
    let untold = ask(&[("M0000000000000000001b3900000000", None)]).unwrap().unwrap_err();
    assert!(untold.contains("generation"), "{untold}");
    assert_eq!(ask(&[("W0000000000000000001b39f10e1d25", None)]), Some(Ok("/mnt/ocfs2/dir".to_owned())));
    // The DLM is not read in every round: what was learnt stays.
    assert_eq!(ask(&[]), Some(Ok("/mnt/ocfs2/dir".to_owned())));
    assert_eq!(*kernel.asked.borrow(), [("/mnt/ocfs2".to_owned(), 1, "00000000391b0000251d0ef1".to_owned())]);
}

#[test]
fn the_generation_stands_in_the_value_block_too() {
    // Version 5, and all zero but the generation, in the last word but one of what is decoded.
    let at = 4 + 4 + 4 + 4 + 8 + 8 + 8 + 8 + 2 + 2 + 4;
    let mut lvb = [0u8; 64];
    (lvb[0], lvb[at + 3]) = (5, 0x25);
    let hex = lvb.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(lvb_generation(&hex), Some(0x25));
    assert_eq!(lvb_generation(&"0".repeat(128)), None);
    assert_eq!(lvb_generation("05"), None);
}
