//! Captures that others make are played: `gfs2_lockcapture` and sos, as folders and as archives, put together from a real node's
//! files. In them, on Linux 6.1, a process waits for inode 22382.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test panics")]

use collect::event::Event;
use collect::recording::{Frame, Player};
use sample::message::{Configuration, Look};
use sample::{FromNode, Gfs2Sample};
use std::fs;
use std::io::Write as _;
use std::path::Path;

const GLOCKS: &[u8] = include_bytes!("../../formats/testdata/gfs2/flock-node2/glocks");
const GLSTATS: &[u8] = include_bytes!("../../formats/testdata/gfs2/flock-node2/glstats");
const SBSTATS: &[u8] = include_bytes!("../../formats/testdata/gfs2/flock-node2/sbstats");
const LOCKS: &[u8] = include_bytes!("../../formats/testdata/dlm/61-node2/gfs1_locks");
const ALL: &[u8] = include_bytes!("../../formats/testdata/dlm/61-node2/gfs1_all");
const TEXT: &[u8] = include_bytes!("../../formats/testdata/dlm/61-node2/gfs1");
const MOUNTS: &[u8] = b"debugfs /sys/kernel/debug debugfs rw 0 0\n/dev/vdb /mnt/gfs gfs2 rw,relatime 0 0\n";

type Files = Vec<(String, Vec<u8>)>;

/// Two runs of one node, 122 s apart, as `gfs2_lockcapture` writes them.
fn lockcapture(node: &str) -> Files {
    let mut files = Files::new();
    for (run, time) in [(1, "03:53:29"), (2, "03:55:31")] {
        let mut add =
            |path: &str, bytes: &[u8]| files.push((format!("gfs2_lockcapture-2026-11-27/run{run}/{node}/{path}"), bytes.to_vec()));
        add("gfs2_lockcapture.log", b"2026-11-27 03:53:29 INFO Pass\n");
        let host = format!(
            "HOSTNAME={node}\nTIMESTAMP=2026-11-27 {time}\nUNAMEA=Linux {node} 6.1.0\nUPTIME= 03:53 up 2 days\nNODE_NAME={node}\nNODE_ID=2"
        );
        add("hostinformation.txt", host.as_bytes());
        add("dlm/gfs1/gfs1", TEXT);
        add("dlm/gfs1/gfs1_locks", LOCKS);
        add("dlm/gfs1/gfs1_all", ALL);
        add("dlm/gfs1/gfs1_lockdebug", b"\nResource len 24\n");
        add("gfs2/labgfs:gfs1/glocks", GLOCKS);
        add("gfs2/labgfs:gfs1/glstats", GLSTATS);
        add("gfs2/labgfs:gfs1/sbstats", SBSTATS);
        add("proc/mounts", MOUNTS);
        add("proc/1703/status", b"Name:\tbash\nState:\tD (disk sleep)\nPid:\t1703\n");
        add("proc/1703/stack", b"[<0>] gfs2_glock_wait+0x3d/0x90 [gfs2]\n");
    }
    files
}

/// What sos copies of a node.
fn sosreport() -> Files {
    let top = "sosreport-node-2-2026-11-27-abcdefg";
    let files: [(&str, &[u8]); 8] = [
        ("sys/kernel/debug/gfs2/labgfs:gfs1/glocks", GLOCKS),
        ("sys/kernel/debug/gfs2/labgfs:gfs1/glstats", GLSTATS),
        ("sys/kernel/debug/gfs2/labgfs:gfs1/sbstats", SBSTATS),
        ("sys/kernel/debug/dlm/gfs1", TEXT),
        ("sys/kernel/debug/dlm/gfs1_locks", LOCKS),
        ("sys/kernel/debug/dlm/gfs1_all", ALL),
        ("proc/mounts", MOUNTS),
        ("sos_commands/dlm/dlm_tool_dump", b"x\n"),
    ];
    files.iter().map(|(path, bytes)| (format!("{top}/{path}"), bytes.to_vec())).collect()
}

fn write(root: &Path, files: &Files) {
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn tar(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn play(path: &Path) -> (Vec<String>, Vec<Frame>) {
    let mut player = Player::open(path, Configuration::default()).unwrap();
    player.look(Look { all: true, tasks: true, ..Look::default() });
    let nodes = player.nodes().to_vec();
    (nodes, std::iter::from_fn(|| player.next_frame()).collect())
}

fn messages(frame: &Frame) -> impl Iterator<Item = &FromNode> {
    frame.events.iter().filter_map(|event| if let Event::Message(message) = &event.event { Some(message) } else { None })
}

fn samples(frame: &Frame) -> Vec<&Gfs2Sample> {
    messages(frame).filter_map(|message| if let FromNode::Gfs2(sample) = message { Some(&**sample) } else { None }).collect()
}

/// That every frame has the wait, its file system's mount point, and the locks of the DLM.
fn check(frames: &[Frame], nodes: usize) {
    for frame in frames {
        let samples = samples(frame);
        assert_eq!(samples.len(), nodes);
        for sample in samples {
            assert_eq!((sample.table.as_str(), sample.dump.problems.lines), ("labgfs:gfs1", 0));
            assert!(sample.glocks.iter().any(|glock| glock.name.inode() == Some(22382) && glock.reason.is_some()));
        }
        let lockspaces = messages(frame).filter(|message| matches!(message, FromNode::Lockspace(sample) if !sample.resources.is_empty()));
        assert_eq!(lockspaces.count(), nodes);
    }
    let mounted =
        messages(&frames[0]).any(|message| matches!(message, FromNode::FileSystems(found) if found[0].mount_points == ["/mnt/gfs"]));
    assert!(mounted);
}

#[test]
fn a_lockcapture_in_folders_is_played_run_by_run() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &lockcapture("node1"));
    write(root.path(), &lockcapture("node2"));
    let capture = root.path().join("gfs2_lockcapture-2026-11-27");
    for folder in [root.path(), &capture] {
        let (nodes, frames) = play(folder);
        assert_eq!(nodes, ["node1", "node2"]);
        assert_eq!(frames.iter().map(|frame| (frame.number, frame.after_us)).collect::<Vec<_>>(), [(1, 0), (2, 122_000_000)]);
        check(&frames, 2);
        // The second run tells what happened since the first.
        assert!(samples(&frames[1]).iter().all(|sample| sample.interval_ns == Some(122_000_000_000)));
    }
    let (nodes, frames) = play(&capture.join("run2"));
    assert_eq!((nodes.len(), frames.len()), (2, 1));
    let (nodes, frames) = play(&capture.join("run1/node2"));
    assert_eq!((nodes.as_slice(), frames.len()), (&["node2".to_owned()][..], 1));
    check(&frames, 1);
}

#[test]
fn lockcaptures_of_several_nodes_are_put_together() {
    let root = tempfile::tempdir().unwrap();
    for node in ["node1", "node2"] {
        let name = format!("gfs2_lockcapture-2026-11-27-{node}.tar.bz2");
        fs::write(root.path().join(name), bzip2(&tar(&lockcapture(node)))).unwrap();
    }
    let (nodes, frames) = play(root.path());
    assert_eq!((nodes.len(), frames.len()), (2, 2));
    check(&frames, 2);
    let (nodes, frames) = play(&root.path().join("gfs2_lockcapture-2026-11-27-node1.tar.bz2"));
    assert_eq!((nodes.as_slice(), frames.len()), (&["node1".to_owned()][..], 2));
    check(&frames, 1);
}

#[test]
fn a_sosreport_is_played_under_its_hosts_name() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &sosreport());
    let archive = root.path().join("report.tar.xz");
    fs::write(&archive, xz(&tar(&sosreport()))).unwrap();
    for path in [&root.path().join("sosreport-node-2-2026-11-27-abcdefg"), &archive] {
        let (nodes, frames) = play(path);
        assert_eq!(nodes, ["node-2"]);
        check(&frames, 1);
    }
}

#[test]
fn what_is_not_read_says_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("sosreport.tar.gz");
    fs::write(&path, b"\x1f\x8b\x08\0rest").unwrap();
    let error = Player::open(&path, Configuration::default()).err().unwrap().to_string();
    assert!(error.contains("unpack it first"), "{error}");
    // A compressed file that is cut is an error, not an empty recording.
    for (name, bytes) in [("cut.tar.bz2", bzip2(&tar(&sosreport()))), ("cut.tar.xz", xz(&tar(&sosreport())))] {
        let path = root.path().join(name);
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(Player::open(&path, Configuration::default()).is_err());
    }
}

#[test]
fn the_dlm_tells_who_brought_inodes_into_memory_where_glocks_do_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dlmtop/tests/recordings/gfs2-61-file-present.tar.zst");
    let (nodes, frames) = play(&path);
    assert_eq!(nodes[0], "node1");
    let mut own = frames[0].events.iter().filter(|event| event.node == 0).filter_map(|event| match &event.event {
        Event::Message(FromNode::Lockspace(sample)) => sample.census.clone(),
        _ => None,
    });
    // The mount brought 13 inodes into memory, the `cp` that then ran on this node one. Kernel 6.1 names the holder of no iopen glock.
    let openers = own.next().unwrap().openers;
    let of_node1: Vec<_> = openers.iter().filter(|of| of.node.is_none()).map(|of| (of.pid, of.locks, of.of)).collect();
    assert_eq!(of_node1, [(810, 13, 14), (865, 1, 14)]);
    // It masters what node2 and node3 have open too, and knows their processes.
    let others: Vec<_> = openers.iter().filter(|of| of.node.is_some()).map(|of| (of.node, of.pid, of.locks)).collect();
    assert_eq!(others, [(Some(2), 774, 12), (Some(3), 774, 12)]);
}
