//! The collector's end of a connection as a process: it must never outlive its viewer.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use sample::ToNode;
use sample::wire::encode;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
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
