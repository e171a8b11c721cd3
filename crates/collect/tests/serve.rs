//! The collector's end of a connection as a process: it must never outlive its viewer.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use sample::gfs2::Tracing;
use sample::message::Configuration;
use sample::wire::{Decoder, encode};
use sample::{FromNode, ToNode};
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

fn collector(patience_ms: u64) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_collect-node"));
    command.arg("collect").env("DLMTOP_ROOT", env!("CARGO_MANIFEST_DIR")).env("COLLECT_PATIENCE_MS", patience_ms.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_silent_viewer_is_a_viewer_that_is_gone() {
    let began = Instant::now();
    let mut collector = collector(300);
    let input = collector.stdin.take().unwrap();
    let mut said = Vec::new();
    // Ends with the process: its input is still open.
    collector.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    assert!(collector.wait().unwrap().success());
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(!said.is_empty(), "it said hello before");
    drop(input);
}

#[test]
fn a_viewer_that_says_it_lives_is_served() {
    let mut collector = collector(2_000);
    let mut input = collector.stdin.take().unwrap();
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        input.write_all(&encode(&ToNode::Alive).unwrap()).unwrap();
        assert!(collector.try_wait().unwrap().is_none(), "ended though its viewer lives");
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(input);
    assert!(collector.wait().unwrap().success());
}

/// A node with a GFS2 and a tracefs.
fn traced_node() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let mounts = "36 35 254:32 / /mnt/gfs2 rw - gfs2 /dev/vdc rw\n24 20 0:12 / /sys/kernel/tracing rw - tracefs tracefs rw\n";
    put("proc/self/mountinfo", mounts);
    put("proc/self/stat", "100 (dlmtop) S 1 1 1 0 -1 4194304 1 0 0 0 5 1 0 0 20 0 1 0 7 0\n");
    put("sys/fs/gfs2/lab:gfs1/id", "254:32\n");
    put("sys/kernel/debug/gfs2/lab:gfs1/glocks", "G:  s:EX n:2/7 f:Iqob t:EX d:EX/0 a:0 v:0 r:3 m:50 p:1\n");
    fs::create_dir_all(root.path().join("sys/kernel/tracing/instances")).unwrap();
    fs::create_dir_all(root.path().join("proc/self/ns")).unwrap();
    std::os::unix::fs::symlink("pid:[55]", root.path().join("proc/self/ns/pid")).unwrap();
    root
}

fn instances(root: &Path) -> usize {
    fs::read_dir(root.join("sys/kernel/tracing/instances")).unwrap().count()
}

/// A collector on that node that was told its configuration and has given a sample of its GFS2; how its tracing stands.
fn measuring(root: &Path, trace: bool, patience_ms: u64) -> (Child, Tracing) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_collect-node"));
    command.arg("collect").env("DLMTOP_ROOT", root).env("COLLECT_PATIENCE_MS", patience_ms.to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let configuration = Configuration { trace, ..Configuration::default() };
    child.stdin.as_mut().unwrap().write_all(&encode(&ToNode::Configure(configuration)).unwrap()).unwrap();
    let tracing = told(&mut child);
    (child, tracing)
}

/// How the tracing of its first sample stands.
fn told(child: &mut Child) -> Tracing {
    let mut decoder = Decoder::default();
    let mut piece = [0; 4096];
    loop {
        let length = child.stdout.as_mut().unwrap().read(&mut piece).unwrap();
        assert!(length > 0, "it ended");
        decoder.push(piece.get(..length).unwrap());
        while let Some(message) = decoder.message::<FromNode>().unwrap() {
            if let FromNode::Gfs2(sample) = message {
                return sample.tracing;
            }
        }
    }
}

/// Waits for the end with the input open: `wait` alone would close it.
fn waited_for(child: &mut Child) -> ExitStatus {
    let input = child.stdin.take();
    let status = child.wait().unwrap();
    drop(input);
    status
}

/// An end: its name, the collector's patience in ms, and how it is brought about.
type End = (&'static str, u64, fn(&mut Child) -> ExitStatus);

#[test]
fn no_end_leaves_a_trace_instance() {
    let root = traced_node();
    let ends: [End; 3] = [
        ("the viewer is gone", 60_000, |child| {
            drop(child.stdin.take());
            child.wait().unwrap()
        }),
        ("the viewer is silent", 1_000, waited_for),
        ("SIGTERM", 60_000, |child| {
            let pid = rustix::process::Pid::from_child(child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            waited_for(child)
        }),
    ];
    for (end, patience_ms, by) in ends {
        let (mut child, tracing) = measuring(root.path(), true, patience_ms);
        assert_eq!((tracing, instances(root.path())), (Tracing::On { lacking: None }, 1), "{end}");
        let status = by(&mut child);
        assert_eq!(status.signal(), (end == "SIGTERM").then_some(15), "{end}: {status}");
        assert_eq!(instances(root.path()), 0, "{end}");
    }
}

#[test]
fn a_viewer_that_forbids_tracing_gets_no_instance() {
    let root = traced_node();
    let (mut child, tracing) = measuring(root.path(), false, 60_000);
    assert_eq!((tracing, instances(root.path())), (Tracing::Off, 0));
    drop(child.stdin.take());
    child.wait().unwrap();
}
