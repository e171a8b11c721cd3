//! Man pages and completions, as a package or an administrator installs them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

#[test]
fn a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_o2cb")).args(["man", "--into"]).arg(folder.path()).status().unwrap();
    assert!(status.success());
    let main = fs::read_to_string(folder.path().join("o2cb.1")).unwrap();
    let page = fs::read_to_string(folder.path().join("o2cb-online.1")).unwrap();
    assert!(main.contains("o2cb\\-online(1)") && page.contains("OPTION"), "{main}");
    assert!(!folder.path().join("o2cb-collect.1").exists(), "hidden");
    let missing = Command::new(env!("CARGO_BIN_EXE_o2cb")).args(["man", "--into", "/does/not/exist"]).output().unwrap();
    let said = String::from_utf8(missing.stderr).unwrap();
    assert!(missing.status.code() == Some(1) && said.contains("/does/not/exist"), "{said}");
}

#[test]
fn a_reader_of_completions_may_have_seen_enough() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_o2cb"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.is_empty()), (Some(0), true), "{output:?}");
}
