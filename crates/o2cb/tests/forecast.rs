//! `o2cb forecast` as users run it: exit codes, and where words go.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::process::{Command, Output};

const CONFIG: &str = "cluster:
\tname = web
\tnode_count = 2
\theartbeat_mode = local

node:
\tcluster = web
\tname = db1
\tnumber = 1
\tip_address = 10.9.0.1
\tip_port = 7777

node:
\tcluster = web
\tname = db2
\tnumber = 2
\tip_address = 10.9.0.2
\tip_port = 7777
";

fn forecast(config: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_o2cb")).args(["forecast", "--config-file", config]).args(arguments).output().unwrap()
}

#[test]
fn exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.conf").display().to_string();
    let missing = forecast(&path, &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no "), "{missing:?}");
    fs::write(&path, CONFIG).unwrap();
    let good = forecast(&path, &["--split", "db1/db2", "--hz", "250"]);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    assert!(String::from_utf8_lossy(&good.stdout).contains("Verdict: db2 fences itself at "), "{good:?}");
    for wrong in [&["--kill", "db3"][..], &["--split", "1,2"], &["--stall", "sdx@1"], &["--threshold", "2"], &["--nonsense"]] {
        let wrong = forecast(&path, wrong);
        assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
        assert!(wrong.stdout.is_empty() && !wrong.stderr.is_empty(), "{wrong:?}");
    }
    let json = forecast(&path, &["--stall", "*@*", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((json["outlook"]["victims"].as_array().unwrap().len(), &json["outlook"]["left"][0]), (0, &serde_json::json!([1, 2])));
}
