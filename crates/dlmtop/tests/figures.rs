//! Figures of real recordings, computed a second time from the raw dumps without any of the program's crates. The fields are
//! those of the kernel's `ocfs2_dlm_seq_show`, version 4: the name is the second; acquisitions are the 75th and 76th, times
//! the 79th and 80th, at PR and EX.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test panics")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

/// Acquisitions at PR and EX, time at PR and EX.
type Counters = [u64; 4];
/// By node and lock.
type Locks = BTreeMap<(String, String), Counters>;

/// What each frame's dumps show of each lock last; the second dump of a frame is the later one.
fn frames(recording: &Path) -> Vec<Locks> {
    let archive = zstd::stream::Decoder::new(std::fs::File::open(recording).unwrap()).unwrap();
    let mut dumps: BTreeMap<(String, String, String), String> = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let parts: Vec<&str> = path.split('/').collect();
        let Some(frame) = parts.iter().position(|part| *part == "frames") else { continue };
        let file = parts[parts.len() - 1];
        if file.starts_with("locking_state") {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            dumps.insert((parts[frame + 1].to_owned(), parts[frame + 2].to_owned(), file.to_owned()), text);
        }
    }
    let mut frames: BTreeMap<&str, Locks> = BTreeMap::new();
    for ((frame, node, _), text) in &dumps {
        let locks = frames.entry(frame).or_default();
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!((fields[0], fields.len()), ("0x4", 87), "{line}");
            if !fields[1].starts_with('F') {
                let counters = [74, 75, 78, 79].map(|at| fields[at].parse().unwrap());
                locks.insert((node.clone(), fields[1].to_owned()), counters);
            }
        }
    }
    frames.into_values().collect()
}

fn told(recording: &Path) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dlmtop"));
    command.args(["--json", "--system", "--top", "100000", "--from"]).arg(recording).env_remove("DLMTOP_ROOT");
    String::from_utf8(command.output().unwrap().stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn rows(snapshot: &Value) -> Locks {
    let mut rows = Locks::new();
    for lock in snapshot["file_systems"][0]["locks"].as_array().unwrap().iter().filter(|lock| lock["type"] != "F") {
        for part in lock["nodes"].as_array().unwrap().iter().filter(|part| part["missed_ns"].is_null()) {
            let figures = ["pr_count", "ex_count", "pr_time_ns", "ex_time_ns"].map(|figure| part[figure].as_u64().unwrap());
            let name = |value: &Value| value.as_str().unwrap().to_owned();
            rows.insert((name(&part["node"]), name(&lock["name"])), figures);
        }
    }
    rows
}

/// Whether the later counters (gets, then times) can be of the same lock as the earlier ones.
fn lived(before: &Counters, after: &Counters) -> bool {
    let grown = (0..4).all(|at| before[at] <= after[at]);
    grown && (0..2).all(|at| before[at] < after[at] || before[at + 2] == after[at + 2])
}

/// Every interval of every lock that is in all frames of its node, never counts backwards, and never has waited longer without
/// an acquisition more, as one that was made again may: it lives all the time.
fn check(recording: &Path, least_locks: usize, least_gets: u64) {
    let (frames, snapshots) = (frames(recording), told(recording));
    assert_eq!(frames.len(), snapshots.len());
    let nodes = |locks: &Locks| locks.keys().map(|(node, _)| node.clone()).collect::<BTreeSet<_>>();
    let everywhere: BTreeSet<_> = frames.iter().map(nodes).reduce(|all, frame| &all & &frame).unwrap();
    let lives = |key: &(String, String)| {
        let counters: Option<Vec<Counters>> = frames.iter().map(|frame| frame.get(key).copied()).collect();
        everywhere.contains(&key.0) && counters.is_some_and(|counters| counters.windows(2).all(|pair| lived(&pair[0], &pair[1])))
    };
    let living: Vec<_> = frames[0].keys().filter(|key| lives(key)).collect();
    let mut sum = 0;
    for (at, pair) in frames.windows(2).enumerate() {
        let rows = rows(&snapshots[at + 1]);
        for key in &living {
            let (before, after) = (pair[0][key], pair[1][key]);
            let happened: Counters = std::array::from_fn(|at| after[at] - before[at]);
            assert_eq!(rows.get(key).copied().unwrap_or_default(), happened, "{key:?} in interval {}", at + 1);
            sum += happened[0] + happened[1];
        }
    }
    let whole: u64 = living.iter().map(|key| (0..2).map(|at| frames[frames.len() - 1][key][at] - frames[0][key][at]).sum::<u64>()).sum();
    assert_eq!(sum, whole);
    assert!(living.len() >= least_locks && sum >= least_gets, "{} locks, {sum} acquisitions", living.len());
    // The first sample tells what the locks' counters hold.
    let lifetimes = rows(&snapshots[0]);
    for (key, counters) in &frames[0] {
        assert_eq!(lifetimes.get(key).copied().unwrap_or_default(), *counters, "{key:?} in the first sample");
    }
    // Totals are what the rows add up to.
    for snapshot in &snapshots {
        let totals = &snapshot["file_systems"][0]["totals"];
        let rows = rows(snapshot);
        for (at, figure) in ["pr_count", "ex_count", "pr_time_ns", "ex_time_ns"].into_iter().enumerate() {
            let sum: u64 = rows.values().map(|counters| counters[at]).sum();
            assert_eq!(totals[figure].as_u64(), Some(sum), "{figure} at {}", snapshot["after_us"]);
        }
    }
}

#[test]
fn intervals_of_the_demo_are_the_differences_of_its_dumps() {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/ocfs2-hot.tar.zst"), 1789, 11_816);
}

#[test]
fn intervals_of_a_node_death_are_the_differences_of_its_dumps() {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/node-death.tar.zst"), 2891, 745);
}
