//! Files of real clusters, `testdata/dlm/`: the three nodes of one on Linux 6.1, taken at one time of rest, and a node on 6.12.

use super::all::{self, AllLine};
use super::text::{TextReader, TextResource};
use super::{Age, Lock, Master, Queue, ResourceName, locks, toss};
use crate::Mode;
use std::collections::BTreeMap;

macro_rules! node {
    ($directory:literal) => {
        Node {
            text: include_bytes!(concat!("../../testdata/dlm/", $directory, "/gfs1")),
            locks: include_bytes!(concat!("../../testdata/dlm/", $directory, "/gfs1_locks")),
            all: include_bytes!(concat!("../../testdata/dlm/", $directory, "/gfs1_all")),
            toss: include_bytes!(concat!("../../testdata/dlm/", $directory, "/gfs1_toss")),
        }
    };
}

struct Node {
    text: &'static [u8],
    locks: &'static [u8],
    all: &'static [u8],
    toss: &'static [u8],
}

const NODES_61: [Node; 3] = [node!("61-node1"), node!("61-node2"), node!("61-node3")];
const NODE_612: Node = node!("612-node2");

fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    file.strip_suffix(b"\n").unwrap_or(file).split(|&byte| byte == b'\n')
}

fn text(file: &[u8]) -> Vec<TextResource> {
    let mut reader = TextReader::new();
    let mut resources: Vec<TextResource> = lines(file).filter_map(|line| reader.line(line).unwrap()).collect();
    resources.extend(reader.finish());
    resources
}

type Resources = BTreeMap<ResourceName, (Master, Vec<Lock>)>;

fn from_text(file: &[u8]) -> Resources {
    text(file).into_iter().map(|resource| (resource.name, (resource.master.unwrap(), resource.locks))).collect()
}

fn from_all(file: &[u8]) -> Resources {
    let mut resources = Resources::new();
    let mut last = None;
    for line in lines(file) {
        match all::parse_line(line).unwrap() {
            AllLine::Header => assert_eq!(last, None),
            AllLine::Resource(resource) => {
                resources.insert(resource.name.clone(), (resource.master, Vec::new()));
                last = Some(resource.name);
            }
            AllLine::Lock(lock) => resources.get_mut(last.as_ref().unwrap()).unwrap().1.push(lock),
            AllLine::Lvb { bytes, .. } => assert_eq!(bytes.len(), 32),
            AllLine::Unknown(line) => panic!("{}", String::from_utf8_lossy(line)),
        }
    }
    resources
}

fn from_locks(file: &[u8]) -> Resources {
    let mut resources = Resources::new();
    for line in lines(file).filter_map(|line| locks::parse_line(line).unwrap()) {
        let (master, locks) = resources.entry(line.resource_name().unwrap()).or_insert((line.resource_node, Vec::new()));
        assert_eq!((*master, line.rest), (line.resource_node, &b""[..]));
        locks.push(line.lock);
    }
    resources
}

/// What all three formats tell of a lock.
fn common(resources: &Resources) -> BTreeMap<&ResourceName, (Master, Vec<Lock>)> {
    let strip = |lock: &Lock| Lock {
        pid: None,
        xid: None,
        age: Age::None,
        exflags: None,
        flags: None,
        wait_type: None,
        highbast: None,
        lvb_seq: None,
        blocked_ns: None,
        ..*lock
    };
    resources.iter().map(|(name, (master, locks))| (name, (*master, locks.iter().map(strip).collect()))).collect()
}

fn mastered(resources: &Resources) -> usize {
    resources.values().filter(|(master, _)| *master == Master::Here).count()
}

#[test]
fn three_formats_tell_the_same() {
    for node in NODES_61.iter().chain([&NODE_612]) {
        let (text, all, locks) = (from_text(node.text), from_all(node.all), from_locks(node.locks));
        assert_eq!(common(&text), common(&all));
        assert_eq!(common(&locks), common(&all));
        for (from_locks, from_all) in locks.values().zip(all.values()) {
            for (from_locks, from_all) in from_locks.1.iter().zip(&from_all.1) {
                let (Age::Us(us), Age::SinceNs(since_ns)) = (from_locks.age, from_all.age) else { panic!() };
                assert!(us > 0 && since_ns > 0);
                let told = |lock: &Lock| (lock.pid, lock.exflags, lock.flags);
                assert_eq!(told(from_locks), told(from_all));
            }
        }
    }
}

#[test]
fn masters_are_as_many_as_master_copy_lines() {
    let mut counts = Vec::new();
    for node in &NODES_61 {
        let copies = lines(node.text).filter(|line| *line == b"Master Copy").count();
        assert_eq!([from_text(node.text), from_all(node.all), from_locks(node.locks)].map(|resources| mastered(&resources)), [copies; 3]);
        counts.push(copies);
    }
    assert_eq!(counts, [29, 8, 4]);
}

#[test]
fn each_lock_on_its_master_is_a_lock_of_its_owner() {
    let nodes: Vec<Resources> = NODES_61.iter().map(|node| from_all(node.all)).collect();
    for (number, resources) in (1u32..).zip(&nodes) {
        for (name, (master, locks)) in resources {
            for lock in locks.iter().filter(|lock| lock.whose.is_other_nodes()) {
                assert_eq!(*master, Master::Here);
                let owner = &nodes[lock.whose.number() as usize - 1][name];
                let own = owner.1.iter().find(|own| Some(own.id) == lock.remote_id).unwrap();
                assert_eq!((owner.0, own.remote_id, own.granted), (Master::Node(number), Some(lock.id), lock.granted));
            }
        }
    }
}

#[test]
fn directory_records_name_the_masters() {
    let masters: Vec<Resources> = NODES_61.iter().map(|node| from_all(node.all)).collect();
    let mut records = 0;
    for (number, node) in (1..).zip(&NODES_61) {
        for line in lines(node.toss).filter_map(|line| toss::parse_line(line).unwrap()) {
            assert_eq!(line.our, Some(number));
            if line.is_directory_record() {
                records += 1;
                let master = line.master.unwrap() as usize;
                assert_eq!(masters[master - 1][&line.name].0, Master::Here, "{}", line.name);
            }
        }
    }
    assert!(records > 0);
}

#[test]
fn kernel_612() {
    let all = from_all(NODE_612.all);
    assert!(all.values().flat_map(|(_, locks)| locks).any(|lock| lock.highbast == Some(Mode::EX) && lock.blocked_ns.is_some()));
    assert!(all.values().flat_map(|(_, locks)| locks).all(|lock| lock.queue == Queue::Granted));
    let text = text(NODE_612.text);
    let lvbs: Vec<_> = text.iter().filter_map(|resource| resource.lvb.as_ref()).collect();
    assert!(lvbs.iter().any(|lvb| !lvb.valid) && lvbs.iter().all(|lvb| lvb.bytes.len() == 32));
    let toss: Vec<_> = lines(NODE_612.toss).filter_map(|line| toss::parse_line(line).unwrap()).collect();
    assert_eq!(toss.iter().map(toss::TossLine::is_directory_record).collect::<Vec<_>>(), [false, true, true, true, true]);
    assert_eq!(super::flags::resource_flag_words(toss[0].flags).to_string(), "INACTIVE HASHED");
}
