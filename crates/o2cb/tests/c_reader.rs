//! Files are refused exactly where the reader of ocfs2-tools refuses them, as its own program shows. Without ocfs2-tools this
//! test says so and compares nothing.

#![allow(clippy::unwrap_used)]

#[path = "../../formats/tests/odd/mod.rs"]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod odd;

use formats::cluster_conf::Document;
use formats::config_problem::{Problem, Refuser};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The C program, if it is here: `O2CB_OF_OCFS2_TOOLS`, or where distributions put it.
fn c_o2cb() -> Option<PathBuf> {
    let named = std::env::var_os("O2CB_OF_OCFS2_TOOLS").map(PathBuf::from);
    let usual = ["/usr/sbin/o2cb", "/sbin/o2cb"].map(PathBuf::from);
    // The program of this crate may stand in its place: only the C one explains itself so.
    let is_c = |path: &Path| Command::new(path).arg("--help").output().is_ok_and(|help| all(&help).contains("Toggles the heartbeat mode"));
    named.into_iter().chain(usual).find(|path| is_c(path))
}

fn all(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

fn reader_refuses(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.rule.refuser == Some(Refuser::Reader))
}

#[test]
fn files_are_refused_as_the_c_reader_refuses_them() {
    let Some(program) = c_o2cb() else {
        eprintln!("SKIPPED: no o2cb of ocfs2-tools here (apt-get install ocfs2-tools); nothing was compared with the C reader");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.conf");
    let mut differences = Vec::new();
    let (mut refused, mut crashed) = (0, 0);
    let files = odd::files();
    for file in &files {
        std::fs::write(&path, &file.text).unwrap();
        let output = Command::new(&program).arg(format!("--config-file={}", path.display())).arg("list-clusters").output().unwrap();
        // A cluster without a name crashes it.
        let c_refuses = !output.status.success();
        refused += u32::from(c_refuses);
        crashed += u32::from(output.status.signal().is_some());
        let document = Document::parse(&file.text);
        let problems = document.problems(None);
        // The table of odd files itself is right about the C reader.
        if file.errors.iter().any(|(rule, _)| rule.refuser == Some(Refuser::Reader)) != c_refuses {
            differences.push(format!("{}: C refuses: {c_refuses}; expected {:?} {:?}", file.name, file.errors, file.warnings));
        }
        if reader_refuses(&problems) != c_refuses {
            differences.push(format!("{}: C refuses: {c_refuses}; {problems:?}", file.name));
            continue;
        }
        if c_refuses {
            continue;
        }
        // What is sound here, C lists too, and in the same order.
        let listed = String::from_utf8_lossy(&output.stdout).into_owned();
        let (config, _) = document.judge(None);
        let mut lines = listed.lines();
        for cluster in &config.clusters {
            if !lines.any(|line| line == cluster.name) {
                differences.push(format!("{}: C lists {listed:?}, we {config:?}", file.name));
            }
        }
    }
    eprintln!("{} files compared, {refused} refused by both, {crashed} of them by a crash of the C program", files.len());
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}
