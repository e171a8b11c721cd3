//! The whole program in batch mode over recordings of real clusters: `recordings/README.md` says what happened in them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test panics")]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

fn recording(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    if name == "ocfs2-hot" {
        folder.join("demo/ocfs2-hot.tar.zst")
    } else {
        folder.join("tests/recordings").join(name).with_extension("tar.zst")
    }
}

fn dlmtop(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dlmtop")).args(arguments).env("TZ", "UTC").env_remove("DLMTOP_ROOT").output().unwrap()
}

fn play(name: &str, arguments: &[&str]) -> Output {
    let path = recording(name);
    dlmtop(&[&["--from", path.to_str().unwrap()], arguments].concat())
}

fn json(name: &str, arguments: &[&str]) -> Vec<Value> {
    let output = play(name, &[&["--json"], arguments].concat());
    assert!(output.stderr.is_empty() || output.status.code() == Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Seconds of a snapshot after the recording's first frame.
fn at(snapshot: &Value) -> u64 {
    snapshot["after_us"].as_u64().unwrap() / 1_000_000
}

fn locks(snapshot: &Value) -> &Vec<Value> {
    snapshot["file_systems"][0]["locks"].as_array().unwrap()
}

#[test]
fn the_hot_directory_and_the_hot_file_are_ranked_first_while_they_are_hot() {
    // By the time that was waited; by average locks of a file that was wanted once, for long, may come before: at 42 s three of
    // inode 12822, made again, of which one was waited for 55 ms.
    for (order, places) in [("time", 1), ("average", 4)] {
        for snapshot in json("ocfs2-hot", &["--top", "4", "--sort", order]) {
            let hot = match at(&snapshot) {
                18..=69 => 12820,
                78..=105 => 32770,
                _ => continue,
            };
            let is_hot = |lock: &Value| (lock["type"].as_str(), lock["inode"].as_u64()) == (Some("M"), Some(hot));
            assert!(locks(&snapshot).iter().take(places).any(is_hot), "by {order} at {} s: {snapshot}", at(&snapshot));
        }
    }
}

#[test]
fn nothing_is_told_of_quiet_intervals() {
    for snapshot in json("ocfs2-hot", &["--system"]) {
        if matches!(at(&snapshot), 3..=12 | 108..=120 | 141..=162) {
            let totals = &snapshot["file_systems"][0]["totals"];
            assert_eq!((totals["ex_count"].as_u64(), totals["pr_count"].as_u64()), (Some(0), Some(0)), "at {} s", at(&snapshot));
        }
    }
}

#[test]
fn the_stuck_interval_has_its_start_nodes_and_length() {
    let snapshots = json("ocfs2-hot", &[]);
    let stuck: Vec<u64> = snapshots.iter().filter(|snapshot| !snapshot["stuck"].as_array().unwrap().is_empty()).map(at).collect();
    assert_eq!((stuck.first(), stuck.last()), (Some(&138), Some(&168)));
    let ended: Vec<&Value> = snapshots.iter().flat_map(|snapshot| snapshot["ended"].as_array().unwrap()).collect();
    assert_eq!(ended.len(), 1);
    let episode = ended[0];
    assert_eq!((episode["type"].as_str(), episode["inode"].as_u64()), (Some("F"), Some(32770)));
    // The events say: asked at 1795319129.056, got it after 35.480 s; node3 asked at …131.344 and …134.536.
    assert_eq!(episode["since_us"].as_u64(), Some(1_795_319_129_071_595));
    let wait = |node: &str| episode["waits"].as_array().unwrap().iter().find(|wait| wait["node"] == node).unwrap().clone();
    let node1 = wait("node1");
    assert!(node1["longest_ns"].as_u64().unwrap() < 35_480_000_000 && node1["over_after_ns"].as_u64().unwrap() > 35_450_000_000, "{node1}");
    // It had given the lock back before the next dump, which then has no record of it: one more had to tell that it is gone.
    assert!(node1["over_after_ns"].as_u64().unwrap() < 42_000_000_000);
    assert_eq!(wait("node3")["handles"], 2);
    assert_eq!(episode["holders"].as_array().unwrap().iter().filter(|node| **node == "node2").count(), 1);
}

/// The same recording without its second dumps: what a single plain read per interval gives.
#[test]
fn records_that_the_kernel_lost_neither_vanish_nor_count_backwards() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = zstd_tar_without_second_dumps(folder.path());
    let output = dlmtop(&["--from", bytes.to_str().unwrap(), "--json", "--top", "1", "--sort", "time"]);
    let mut lacking = 0;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let snapshot: Value = serde_json::from_str(line).unwrap();
        let first = locks(&snapshot).first();
        for part in first.iter().flat_map(|lock| lock["nodes"].as_array().unwrap()) {
            lacking += u32::from(!part["missed_ns"].is_null());
        }
        if (24..=69).contains(&at(&snapshot)) {
            assert_eq!(first.unwrap()["inode"], 12820, "at {} s", at(&snapshot));
        }
        if matches!(at(&snapshot), 3..=12 | 108..=120 | 141..=162) {
            let totals = &snapshot["file_systems"][0]["totals"];
            assert_eq!((totals["ex_count"].as_u64(), totals["pr_count"].as_u64()), (Some(0), Some(0)), "at {} s", at(&snapshot));
        }
    }
    // More than a quarter of the plain dumps lack the hot directory's lock: that must have been met here.
    assert!(lacking > 5, "{lacking}");
}

fn zstd_tar_without_second_dumps(folder: &std::path::Path) -> PathBuf {
    let source = std::fs::File::open(recording("ocfs2-hot")).unwrap();
    let mut decoder = zstd::stream::Decoder::new(source).unwrap();
    decoder.window_log_max(31).unwrap();
    let path = folder.join("plain.tar");
    let mut out = tar::Builder::new(std::fs::File::create(&path).unwrap());
    for entry in tar::Archive::new(decoder).entries().unwrap() {
        let entry = entry.unwrap();
        if !entry.path().unwrap().ends_with("locking_state.rnd") {
            let mut header = entry.header().clone();
            let name = entry.path().unwrap().into_owned();
            out.append_data(&mut header, name, entry).unwrap();
        }
    }
    out.finish().unwrap();
    path
}

#[test]
fn a_capture_of_one_moment_lists_the_locks_of_all_nodes() {
    let snapshots = json("ocfs2-61-load", &["--batch", "--count", "1"]);
    assert_eq!(snapshots.len(), 1);
    let view = &snapshots[0]["file_systems"][0];
    assert_eq!(view["since"], "lock made");
    for node in ["node1", "node2", "node3"] {
        let on_node =
            locks(&snapshots[0]).iter().filter(|lock| lock["nodes"].as_array().unwrap().iter().any(|part| part["node"] == node)).count();
        assert!(on_node > 20, "{node}: {on_node}");
    }
}

#[test]
fn the_blocked_flock_is_named_with_inode_nodes_and_start() {
    let output = play("ocfs2-61-blocked-flock", &[]);
    let text = text(&output);
    assert!(text.contains("flock lock of inode 32273: node2 waits for EX"), "{text}");
    assert!(text.contains("held by node1 at EX"), "{text}");
    assert!(text.contains("node2 waits for EX since 2026-11-21 21:06:14.399 (at least 18.3s)"), "{text}");
    assert!(text.contains("node3 waits for PR since 2026-11-21 21:06:15.527"), "{text}");
}

#[test]
fn a_dead_node_is_told_within_two_intervals_and_counts_no_more() {
    let snapshots = json("node-death", &[]);
    let state = |snapshot: &Value| snapshot["file_systems"][0]["nodes"][2]["state"].as_str().unwrap().to_owned();
    // Frame 15 is the first; node3's last one is 19 (57 s), it is killed at 60 s.
    for snapshot in &snapshots {
        let second = at(snapshot) + 45;
        assert_eq!(state(snapshot), if second <= 60 { "live" } else { "late" }, "at {second} s");
        if second > 60 {
            for lock in locks(snapshot) {
                assert!(lock["nodes"].as_array().unwrap().iter().all(|part| part["node"] != "node3"));
            }
        }
    }
    let told = snapshots.iter().find(|snapshot| at(snapshot) + 45 == 63).unwrap();
    let findings: Vec<&str> = told["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert!(findings.contains(&"node-late"), "{findings:?}");
    let output = play("node-death", &["--count", "7"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("node3: no sample in time"));
}

#[test]
fn several_file_systems_and_the_choice_of_one() {
    let uuids = |arguments: &[&str]| -> Vec<String> {
        json("ocfs2-61-global", arguments)[0]["file_systems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|view| view["uuid"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(uuids(&[]), ["3C297ACBFCE148888FD30866FF94FBBF", "49F9095A1703418AAFB516964EFCFA92"]);
    assert_eq!(uuids(&["49F9095A1703418AAFB516964EFCFA92"]), ["49F9095A1703418AAFB516964EFCFA92"]);
}

#[test]
fn totals_do_not_depend_on_rows_filters_or_order() {
    let totals = |arguments: &[&str]| -> Vec<Value> {
        json("ocfs2-hot", &[&["--count", "12"], arguments].concat())
            .iter()
            .map(|snapshot| snapshot["file_systems"][0]["totals"].clone())
            .collect()
    };
    let all = totals(&[]);
    for arguments in [&["--top", "1"][..], &["-t", "W"], &["--sort", "inode", "--reverse"], &["--system"]] {
        assert_eq!(totals(arguments), all, "{arguments:?}");
    }
}

#[test]
fn csv_has_one_heading_and_every_line_as_many_fields() {
    let output = play("ocfs2-hot", &["--csv", "--count", "10"]);
    let text = text(&output);
    let mut lines = text.lines();
    let fields = lines.next().unwrap().split(',').count();
    assert!(text.starts_with("time_us,uuid,node,type,inode,"));
    let mut count = 0;
    for line in lines {
        assert_eq!(line.split(',').count(), fields, "{line}");
        count += 1;
    }
    assert!(count > 100);
}

#[test]
fn columns_types_and_order_of_glocks_are_chosen() {
    let arguments = ["--columns", "glock,inode,dlm_requests,blocking_rtt_ns", "--type", "2,iopen", "--sort", "count", "--top", "3"];
    let csv = text(&play("gfs2-hot", &[&["--csv", "--count", "9"], &arguments[..]].concat()));
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    assert_eq!(lines.next().unwrap(), ["time_us", "uuid", "node", "glock", "inode", "dlm_requests", "blocking_rtt_ns"]);
    let rows: Vec<Vec<&str>> = lines.collect();
    assert!(rows.len() > 8 && rows.iter().all(|row| row.len() == 7 && row[3].starts_with(['2', '5'])), "{csv}");
    assert!(rows.iter().any(|row| row[3] == "2/d5ee" && row[2] == "*" && row[5].parse::<u64>().is_ok_and(|count| count > 50)), "{csv}");
    let told = text(&play("gfs2-hot", &[&["--batch", "--count", "9", "-d"], &arguments[..]].concat()));
    let headings: Vec<&str> = told.lines().filter(|line| line.trim_start().starts_with("GLOCK")).collect();
    assert!(
        !headings.is_empty() && headings.iter().all(|line| line.split_whitespace().eq(["GLOCK", "INO", "DLM", "ROUND", "TRIP"])),
        "{told}"
    );
    // Columns that only OCFS2 has leave those of glocks as they are.
    let told = text(&play("gfs2-hot", &["--batch", "--count", "9", "--columns", "ex_count"]));
    assert!(told.contains("DLM WAIT") && told.contains("GLOCK"), "{told}");
}

#[test]
fn a_nodes_name_hides_no_number_of_chosen_columns() {
    let told = text(&play("ocfs2-hot", &["--batch", "--count", "9", "-d", "--top", "1", "--columns", "ex_count,pr_count"]));
    let row = told.lines().find(|line| line.contains("node1") && !line.contains("live")).unwrap();
    assert_eq!(row.split_whitespace().count(), 3, "{row}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::io::Read;
    let mut child = Command::new(env!("CARGO_BIN_EXE_dlmtop"))
        .args(["--from", recording("ocfs2-hot").to_str().unwrap(), "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true), "{output:?}");
}

/// A folder that stands for a machine with one mounted file system.
fn machine() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let source = std::fs::File::open(recording("ocfs2-61-load")).unwrap();
    let mut archive = tar::Archive::new(zstd::stream::Decoder::new(source).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if let Ok(path) = entry.path().unwrap().strip_prefix("node1") {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            entry.unpack(path).unwrap();
        }
    }
    std::fs::create_dir_all(root.path().join("proc/self")).unwrap();
    std::fs::write(root.path().join("proc/self/mountinfo"), "36 35 254:16 / /mnt/shared rw - ocfs2 /dev/vdb rw\n").unwrap();
    root
}

#[test]
fn this_machine_is_watched_without_any_argument() {
    let root = machine();
    let output = Command::new(env!("CARGO_BIN_EXE_dlmtop"))
        .args(["--json", "--count", "2", "-i", "0.2", "/mnt/shared"])
        .env("DLMTOP_ROOT", root.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = text(&output);
    let snapshots: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(snapshots[0]["file_systems"][0]["mount_points"][0], "/mnt/shared");
    // Nothing changed, but the capture's waiter still waits: nothing else is told of the second interval.
    assert_eq!(snapshots[1]["file_systems"][0]["since"], "interval");
    assert!(locks(&snapshots[1]).iter().all(|lock| lock["waiting_ns"].is_u64()), "{}", snapshots[1]);
    let wrong = Command::new(env!("CARGO_BIN_EXE_dlmtop"))
        .args(["--batch", "--count", "1", "/mnt/wrong"])
        .env("DLMTOP_ROOT", root.path())
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("/mnt/wrong") && said.contains("mounted are /mnt/shared"), "{said}");
}

#[test]
fn plain_output_has_no_escape_codes() {
    use std::io::{BufRead, BufReader};
    let root = machine();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dlmtop"))
        .args(["o2locktop", "/mnt/shared"])
        .env("DLMTOP_ROOT", root.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        assert!(!line.contains('\x1b') && !line.contains("unknow"), "{line}");
        lines.push(line);
        if lines.last().unwrap().starts_with("TYPE INO") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lines[0].starts_with("o2locktop (dlmtop ") && lines[0].contains("/mnt/shared lockspace: D3C123F4"), "{lines:?}");
    assert!(lines[1].contains(" lock acquisitions: total 0, EX 0, PR 0"), "{lines:?}");
}

#[test]
fn errors_are_on_stderr_with_the_right_status() {
    for (arguments, status, said) in [
        (&["--from", "/nonexistent"][..], 1, "/nonexistent"),
        (&["--from", env!("CARGO_MANIFEST_DIR")], 1, "no lock state in it"),
        (&["--sort", "size"], 2, "average"),
        (&["--json", "--csv"], 2, "cannot be used"),
        (&["--columns", "glock,size"], 2, "no column \"size\"; of OCFS2's locks there are type"),
        (&["--type", "M,inodes"], 2, "no lock type \"inodes\""),
        (&["-t", "0", "demo"], 2, "no lock type \"0\""),
        (&["o2locktop", "-l", "0", "/mnt"], 2, ""),
    ] {
        let output = dlmtop(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    }
}

#[test]
fn on_a_machine_without_ocfs2_the_cause_and_the_remedy_are_told() {
    let empty = tempfile::tempdir().unwrap();
    let run = || {
        let root = empty.path().to_str().unwrap();
        Command::new(env!("CARGO_BIN_EXE_dlmtop")).args(["--batch", "--count", "1"]).env("DLMTOP_ROOT", root).output().unwrap()
    };
    let output = run();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("debugfs not mounted") && stderr.contains("mount -t debugfs"), "{stderr}");
    std::fs::create_dir_all(empty.path().join("sys/kernel/debug/bdi")).unwrap();
    let stderr = String::from_utf8_lossy(&run().stderr).into_owned();
    assert!(stderr.contains("no OCFS2 or GFS2 file system is mounted"), "{stderr}");
}

#[test]
fn text_of_the_demo() {
    let output = dlmtop(&["demo", "--count", "4", "--top", "6", "--detail"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(text(&output));
}

#[test]
fn json_of_a_lock() {
    let snapshots = json("ocfs2-hot", &["--count", "11", "--top", "1"]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&locks(&snapshots[10])[0]).unwrap());
}
