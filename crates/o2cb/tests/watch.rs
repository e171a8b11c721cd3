//! `o2cb watch` as a program, on machines of folders.

#![expect(clippy::unwrap_used, reason = "a failed test panics")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// node1 of two, alone so far, without a region.
fn machine() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let cluster = "sys/kernel/config/cluster/lab";
    for number in 1..=2 {
        put(root.path(), &format!("{cluster}/node/node{number}/num"), &format!("{number}\n"));
        put(root.path(), &format!("{cluster}/node/node{number}/ipv4_address"), &format!("10.77.0.{number}\n"));
        put(root.path(), &format!("{cluster}/node/node{number}/ipv4_port"), "7777\n");
        put(root.path(), &format!("{cluster}/node/node{number}/local"), if number == 1 { "1\n" } else { "0\n" });
    }
    put(root.path(), &format!("{cluster}/idle_timeout_ms"), "30000\n");
    put(root.path(), &format!("{cluster}/heartbeat/dead_threshold"), "31\n");
    put(root.path(), &format!("{cluster}/heartbeat/mode"), "local\n");
    root
}

fn watch(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_o2cb")).arg("watch").args(arguments).env("O2CB_ROOT", root).env("TZ", "UTC").output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn without_a_cluster_it_says_so_and_the_exit_code_tells() {
    let root = tempfile::tempdir().unwrap();
    let output = watch(root.path(), &["--batch", "--count", "1"]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert!(stdout(&output).contains("O2CB's modules are not loaded"), "{output:?}");
}

#[test]
fn a_line_of_json_for_each_reading() {
    let root = machine();
    let output = watch(root.path(), &["--json", "--count", "2", "--interval", "0.5"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = stdout(&output);
    let objects: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [first, second] = objects.as_slice() else { panic!("{text}") };
    assert_eq!((first["schema"].as_u64(), first["number"].as_u64(), second["number"].as_u64()), (Some(1), Some(1), Some(2)));
    let cluster = &first["clusters"][0];
    assert_eq!(
        (cluster["name"].as_str(), cluster["fence_ms"].as_u64(), cluster["dead_ms"].as_u64()),
        (Some("lab"), Some(60_000), Some(62_000))
    );
    assert_eq!(cluster["members"][1]["name"], "node2");
    assert!(first["severity"].is_null() && second["time_us"].as_u64() > first["time_us"].as_u64());
}

#[test]
fn a_warning_goes_to_the_log_and_the_hook_and_decides_the_exit_code() {
    let root = machine();
    let cluster = "sys/kernel/config/cluster/lab/heartbeat/3C297ACBFCE148888FD30866FF94FBBF";
    for (file, value) in [("block_bytes", "512\n"), ("start_block", "1\n"), ("blocks", "255\n"), ("dev", "ubda\n"), ("pid", "4194999\n")] {
        put(root.path(), &format!("{cluster}/{file}"), value);
    }
    let told = root.path().join("told");
    let script = format!("read -r json; echo \"$O2CB_RULE $json\" >> {}", told.display());
    let output = watch(root.path(), &["--count", "4", "--interval", "0.5", "--log=stderr", "--hook", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("<2>"), "{stderr}");
    assert_eq!(stderr.matches("the heartbeat thread of region 3C297ACB is gone").count(), 1, "told once: {stderr}");
    assert_eq!(stderr.matches("<4>").count(), 1, "its disk cannot be read: {stderr}");
    let told = fs::read_to_string(told).unwrap();
    assert!(told.contains("thread-gone {\"change\":\"began\",\"severity\":\"critical\""), "{told}");
}

#[test]
fn wrong_usage() {
    let root = tempfile::tempdir().unwrap();
    for arguments in [&["--warn", "100"][..], &["--interval", "0"], &["--json", "--batch"], &["--all-nodes", "-n", "a"]] {
        assert_eq!(watch(root.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    let output = watch(root.path(), &["--all-nodes"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("part of no cluster"));
}

/// Whoever counts readings is told of all that they found.
#[test]
fn the_hook_runs_to_its_end_before_a_counted_watch_ends() {
    let root = machine();
    let cluster = "sys/kernel/config/cluster/lab/heartbeat/3C297ACBFCE148888FD30866FF94FBBF";
    for (file, value) in [("block_bytes", "512\n"), ("start_block", "1\n"), ("blocks", "255\n"), ("dev", "ubda\n"), ("pid", "4194999\n")] {
        put(root.path(), &format!("{cluster}/{file}"), value);
    }
    let told = root.path().join("told");
    let script = format!("read -r json; sleep 0.3; echo \"$O2CB_RULE\" >> {}", told.display());
    let output = watch(root.path(), &["--count", "1", "--hook", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let mut rules: Vec<String> = fs::read_to_string(told).unwrap().lines().map(str::to_owned).collect();
    rules.sort();
    assert_eq!(rules, ["device-unreadable", "thread-gone"], "{output:?}");
}

#[test]
fn a_hangup_that_is_ignored_from_the_start_does_not_end_it() {
    let root = machine();
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "trap '' HUP; exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_o2cb"),
        "watch",
        "--json",
        "--count",
        "3",
        "--interval",
        "0.5",
    ]);
    let mut child = command.env("O2CB_ROOT", root.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    assert!(Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(lines.count(), 2);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
