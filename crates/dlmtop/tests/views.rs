//! The views beside the hot locks, over recordings of real clusters: every figure was read from the raw files by hand.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

fn recording(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name)
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dlmtop")).args(arguments).env("NO_COLOR", "1").output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A view of a recording, one JSON object for each frame.
fn json(view: &[&str], name: &str) -> Vec<Value> {
    let path = recording(name);
    let text = run(&[view, &["--from", path.to_str().unwrap(), "--json"]].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn named<'v>(values: &'v [Value], key: &str, name: &str) -> &'v Value {
    values.iter().find(|value| text(value, key) == name).unwrap_or(&Value::Null)
}

#[test]
fn one_inode_on_every_node_with_its_master() {
    let told = json(&["inode", "14285"], "gfs2-61-file-present.tar.zst");
    let lockspace = &list(&told[0], "lockspaces")[0];
    assert_eq!((text(&told[0], "hex"), text(lockspace, "lockspace"), text(lockspace, "kind")), ("37cd", "gfs1", "gfs2"));
    let resources = list(lockspace, "resources");
    let names: Vec<&str> = resources.iter().map(|resource| text(resource, "name")).collect();
    assert_eq!(names, ["2/37cd", "5/37cd"]);
    for resource in resources {
        assert_eq!((text(resource, "master"), resource["master_number"].as_u64()), ("node2", Some(2)));
        let glocks: Vec<&str> = list(resource, "glocks").iter().map(|glock| text(glock, "node")).collect();
        assert_eq!(glocks, ["node1", "node2"]);
    }
    let locks = list(&resources[0], "locks");
    let modes: Vec<(&str, &str)> = locks.iter().map(|lock| (text(lock, "node"), text(lock, "granted"))).collect();
    assert_eq!(modes, [("node1", "EX"), ("node2", "NL")]);
    // The same by its number in hex, as GFS2 prints it.
    assert_eq!(json(&["inode", "0x37cd"], "gfs2-61-file-present.tar.zst"), told);
}

/// node1 deleted the file; node2, which had used it, keeps both its glocks unused, and with them both resources and their master.
#[test]
fn after_the_file_is_deleted_what_stays_is_told_with_who_keeps_it() {
    for name in ["gfs2-61-file-deleted.tar.zst", "gfs2-61-file-deleted-15s.tar.zst"] {
        let told = json(&["inode", "14285"], name);
        let resources = list(&list(&told[0], "lockspaces")[0], "resources");
        for (resource, mode, unused_on) in [("2/37cd", "EX", "node3"), ("5/37cd", "PR", "node1")] {
            let of = named(resources, "name", resource);
            assert_eq!(text(of, "master"), "node2", "{name}");
            let locks: Vec<(&str, &str)> = list(of, "locks").iter().map(|lock| (text(lock, "node"), text(lock, "granted"))).collect();
            assert_eq!(locks, [("node2", mode)], "{name}");
            let glocks: Vec<&str> = list(of, "glocks").iter().map(|glock| text(glock, "node")).collect();
            assert_eq!(glocks, ["node2"], "{name}");
            // Its record in the directory node's `gfs1_toss`.
            assert!(list(of, "inactive_on").iter().any(|node| node == unused_on), "{name}: {of}");
        }
    }
    let (before, after) = (recording("gfs2-61-file-present.tar.zst"), recording("gfs2-61-file-deleted.tar.zst"));
    let arguments = ["life", "--only", "0x37cd", "--from", before.to_str().unwrap(), "--then", after.to_str().unwrap(), "--json"];
    let told: Value = serde_json::from_str(&run(&arguments)).unwrap();
    let changes = list(&list(&told, "lockspaces")[0], "changes");
    let of = |node: &str, resource: &str| {
        changes.iter().find(|change| text(change, "node") == node && text(change, "resource") == resource).unwrap_or(&Value::Null)
    };
    for resource in ["2/37cd", "5/37cd"] {
        let released = of("node1", resource);
        assert!(text(released, "change").starts_with("released") && text(released, "kept_by").contains("node2"), "{released}");
    }
    assert_eq!((text(of("node2", "2/37cd"), "change"), text(of("node2", "5/37cd"), "change")), ("raised from NL to EX", "kept, PR"));
}

#[test]
fn masters_as_counted_by_hand() {
    let told = json(&["masters"], "gfs2-61-file-present.tar.zst");
    let lockspace = &list(&told[0], "lockspaces")[0];
    // `grep -c 'Master Copy' gfs1` and `grep -c '^G:' glocks` on each node.
    for (node, mastered, glocks) in [("node1", 29, 101), ("node2", 8, 101), ("node3", 4, 99)] {
        let of = named(list(lockspace, "nodes"), "node", node);
        let sum: u64 = list(of, "glocks").iter().filter_map(|kind| kind["count"].as_u64()).sum();
        assert_eq!((of["mastered"].as_u64(), sum), (Some(mastered), glocks), "{node}");
    }
    assert_eq!(lockspace["resources"].as_u64(), Some(41));
    assert!(list(lockspace, "members").iter().all(|member| member["estimated"] == Value::Bool(false)));
}

#[test]
fn a_blocked_flock_names_holder_waiters_and_ages() {
    let told = json(&["waits"], "gfs2-61-blocked-flock.tar.zst");
    let chain = named(list(&told[0], "chains"), "resource", "6/1b3b");
    let root = &chain["root"]["actor"];
    assert_eq!((text(root, "node"), root["pid"].as_u64(), chain["inode"].as_u64()), ("node1", Some(1748), Some(6971)));
    assert_eq!(text(&chain["root"], "mode"), "EX");
    let waiters: Vec<(&str, Option<u64>, &str)> = list(chain, "waiters")
        .iter()
        .map(|waiter| (text(&waiter["actor"], "node"), waiter["actor"]["pid"].as_u64(), text(waiter, "mode")))
        .collect();
    assert_eq!(waiters, [("node2", Some(1700), "EX"), ("node3", Some(1691), "PR")]);
    // `time_ms` (µs) of the two waiting locks in the nodes' own gfs1_locks.
    let ages: Vec<u64> = list(chain, "waiters").iter().filter_map(|waiter| Some(waiter["for_ns"].as_u64()? / 1_000_000_000)).collect();
    assert_eq!(ages, [26, 20]);
}

#[test]
fn a_blocked_flock_of_ocfs2_names_holder_and_waiters() {
    let told = json(&["waits"], "ocfs2-61-blocked-flock.tar.zst");
    let chain = list(&told[0], "chains").iter().find(|chain| chain["inode"].as_u64() == Some(32273)).unwrap();
    assert_eq!((text(&chain["root"]["actor"], "node"), text(&chain["root"], "mode")), ("node1", "EX"));
    let waiters: Vec<(&str, &str)> =
        list(chain, "waiters").iter().map(|waiter| (text(&waiter["actor"], "node"), text(waiter, "mode"))).collect();
    assert_eq!(waiters, [("node2", "EX"), ("node3", "PR")]);
}

/// 120.2 s: node2 pid 328 takes a flock on inode 54767 and is stopped. node1 pid 339 waits from 124.0 s, node3 with two processes
/// from 127.1 and 130.0 s; 161.0 s: released, and handed on until 164.1 s. Before that, a directory is hot on all three nodes
/// for 55 s and a file is appended to under flock for 32 s: slow, never stuck.
#[test]
fn the_stuck_flock_of_a_time_series_is_found_with_start_and_end_and_nothing_else_is() {
    const START_US: u64 = 1_795_300_096_000_000;
    let frames = json(&["waits"], "gfs2-hot.tar.zst");
    let mut stuck = Vec::new();
    for frame in &frames {
        let at = (frame["time_us"].as_u64().unwrap() - START_US) / 1_000_000;
        for chain in list(frame, "chains").iter().filter(|chain| !chain["stuck"].is_null()) {
            assert_eq!(text(chain, "resource"), "6/d5ef", "{at}");
            let since = (chain["stuck"]["since_us"].as_u64().unwrap() - START_US) as f64 / 1e6;
            stuck.push((at, since, text(&chain["root"]["actor"], "node").to_owned(), chain["root"]["actor"]["pid"].as_u64()));
        }
    }
    let held: Vec<_> = stuck.iter().filter(|(at, ..)| *at < 161).collect();
    assert!(held.len() >= 10, "{stuck:?}");
    for (at, since, node, pid) in held {
        // The events say: asked at 124.036 s. The node tells its uptime in hundredths of a second.
        assert!((since - 124.036).abs() < 0.05, "{at}: since {since}");
        assert_eq!((node.as_str(), *pid), ("node2", Some(328)), "{at}");
    }
    let (first, last) = (stuck.first().unwrap().0, stuck.last().unwrap().0);
    // From the second frame after five seconds of waiting, to the last one before the last waiter got it.
    assert!((129..=135).contains(&first) && (159..=164).contains(&last), "{first} {last}");
    let ended: Vec<&Value> = frames.iter().flat_map(|frame| list(frame, "ended")).collect();
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!((text(ended[0], "resource"), ended[0]["blocker"]["actor"]["pid"].as_u64()), ("6/d5ef", Some(328)));
    let after = |key: &str| (ended[0][key].as_u64().unwrap() - START_US) as f64 / 1e6;
    assert!(after("last_seen_us") <= 164.1 && after("ended_before_us") >= 163.1, "{ended:?}");
    let waited: Vec<(&str, Option<u64>)> = list(ended[0], "waits")
        .iter()
        .filter(|wait| wait["actor"]["pid"].is_number())
        .map(|wait| (text(&wait["actor"], "node"), wait["actor"]["pid"].as_u64()))
        .collect();
    for pid in [("node1", Some(339)), ("node3", Some(333)), ("node3", Some(334))] {
        assert!(waited.contains(&pid), "{waited:?}");
    }
}

/// 50.1 s: node3 takes flocks on both file systems, nodes 1 and 2 wait from 54 and 56 s; 60.2 s: its power is cut. GFS2 recovers at
/// 82.4 s, OCFS2 some 65 s after the death.
#[test]
fn a_dead_node_is_named_recovery_is_seen_and_the_waiters_go_on() {
    const START_US: u64 = 1_795_300_404_000_000;
    let frames = json(&["waits"], "node-death-both.tar.zst");
    let at = |frame: &Value| (frame["time_us"].as_u64().unwrap() - START_US) / 1_000_000;
    let mut recovering = Vec::new();
    let mut last_stuck = [0, 0];
    for frame in &frames {
        let seconds = at(frame);
        for (verdict, last) in list(frame, "verdicts").iter().zip(&mut last_stuck) {
            if text(&verdict["verdict"], "word") == "recovering" {
                recovering.push(seconds);
            }
            if matches!(text(&verdict["verdict"], "word"), "stuck" | "recovering") {
                *last = seconds;
            }
        }
        // node3's flock, while it lived.
        if (56..60).contains(&seconds) {
            let chain = named(list(frame, "chains"), "resource", "6/d5f1");
            let root = &chain["root"]["actor"];
            assert_eq!((text(root, "node"), root["pid"].as_u64()), ("node3", Some(367)), "{seconds}");
        }
        if (63..82).contains(&seconds) {
            assert!(!list(frame, "nodes_not_seen").is_empty(), "{seconds}");
        }
        if (66..120).contains(&seconds) {
            let all = frame["verdicts"].to_string();
            assert!(all.contains("node 3") || all.contains("node3"), "{seconds}: {all}");
        }
    }
    assert!(recovering.iter().any(|at| (123..=132).contains(at)), "{recovering:?}");
    // OCFS2 first, then GFS2, as they sort.
    assert!(last_stuck.iter().all(|at| *at < 140), "{last_stuck:?}");
}

#[test]
fn the_articles_copy_of_a_file_seen_from_two_captures() {
    let (before, after) = (recording("gfs2-61-article-after-mount.tar.zst"), recording("gfs2-61-article-after-copy.tar.zst"));
    let arguments = ["life", "--from", before.to_str().unwrap(), "--then", after.to_str().unwrap(), "--json"];
    let told: Value = serde_json::from_str(&run(&arguments)).unwrap();
    let lockspace = &list(&told, "lockspaces")[0];
    // `grep -c 'Master Copy'` on each node of both captures.
    for (node, mastered) in [("node1", (32, 36)), ("node2", (4, 4)), ("node3", (4, 4))] {
        let of = &named(list(lockspace, "nodes"), "node", node)["mastered"];
        assert_eq!((of["before"].as_u64(), of["after"].as_u64()), (Some(mastered.0), Some(mastered.1)), "{node}");
    }
    let made: Vec<(&str, &str)> = list(lockspace, "changes")
        .iter()
        .filter(|change| change["inode"].as_u64() == Some(0x2445) && text(change, "change").starts_with("created"))
        .map(|change| (text(change, "node"), text(change, "resource")))
        .collect();
    assert!(made.contains(&("node1", "2/2445")) && made.contains(&("node1", "5/2445")), "{made:?}");
    assert!(list(lockspace, "changes").iter().all(|change| !text(change, "rule").is_empty()));
}

#[test]
fn every_view_tells_every_recording_as_text() {
    let folder = recording("");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "zst") {
            continue;
        }
        for view in [&["waits"][..], &["masters"], &["inode", "12820"], &["hot"]] {
            let text = run(&[view, &["--from", path.to_str().unwrap(), "--batch"]].concat());
            assert!(text.starts_with("===") && !text.contains('\x1b'), "{view:?} {}", path.display());
        }
    }
}
