//! The verbs about the configuration, as the program does them: what it prints, writes, and how it ends. Each defect of
//! ocfs2-tools' `o2cb` that is named here is one that ours does not share.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// A configuration file of its own.
struct Bench {
    _folder: TempDir,
    path: PathBuf,
}

/// How a run ended: code, stdout, stderr.
type Ended = (i32, String, String);

impl Bench {
    fn new(text: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cluster.conf");
        if !text.is_empty() {
            fs::write(&path, text).unwrap();
        }
        Bench { _folder: folder, path }
    }

    fn run(&self, arguments: &str) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_o2cb"));
        command.arg(format!("--config-file={}", self.path.display())).args(arguments.split_whitespace());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
    }

    fn done(&self, arguments: &str) -> String {
        let (code, out, errors) = self.run(arguments);
        assert_eq!((code, errors.as_str()), (0, ""), "{arguments}");
        out
    }

    fn fails(&self, arguments: &str, words: &[&str]) {
        let before = fs::read(&self.path).ok();
        let (code, _, errors) = self.run(arguments);
        assert_eq!(code, 1, "{arguments}: {errors}");
        for word in words {
            assert!(errors.contains(word), "{arguments}: {word} in {errors}");
        }
        assert!(errors.starts_with("o2cb: "), "{errors}");
        assert_eq!(fs::read(&self.path).ok(), before, "{arguments}: written");
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

const UUID: &str = "77D95EF51C0149D2823674FCC162CF8B";

fn web() -> Bench {
    let bench = Bench::new("");
    bench.done("add-cluster web");
    bench.done("add-node --ip 10.0.0.1 web n1");
    bench.done("add-node web n2 --number 7 --ip 10.0.0.2 --port 7000");
    let (code, _, _) = bench.run(&format!("add-heartbeat web {UUID}"));
    assert_eq!(code, 0);
    bench
}

#[test]
fn a_configuration_is_made_verb_by_verb() {
    let bench = web();
    let expected = format!(
        "cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 2\n\nnode:\n\tcluster = web\n\tnumber = 0\n\tip_port = 7777\n\tip_address = 10.0.0.1\n\tname = n1\n\nnode:\n\tcluster = web\n\tnumber = 7\n\tip_port = 7000\n\tip_address = 10.0.0.2\n\tname = n2\n\nheartbeat:\n\tcluster = web\n\tregion = {UUID}\n\n"
    );
    assert_eq!(bench.text(), expected);
    assert_eq!(bench.done("list-clusters"), "web\n");
    assert_eq!(bench.done("list-nodes --oneline web"), "node: 0 n1 10.0.0.1:7777 web\nnode: 7 n2 10.0.0.2:7000 web\n");
    assert_eq!(bench.done("list-heartbeats web --oneline"), format!("heartbeat: {UUID} web\n"));
    assert_eq!(
        bench.done("list-cluster --oneline web"),
        format!("heartbeat: {UUID} web\nnode: 0 n1 10.0.0.1:7777 web\nnode: 7 n2 10.0.0.2:7000 web\ncluster: 2 local web\n")
    );
    assert_eq!(
        bench.done("list-cluster web"),
        format!(
            "heartbeat:\n\tregion = {UUID}\n\tcluster = web\n\nnode:\n\tnumber = 0\n\tname = n1\n\tip_address = 10.0.0.1\n\tip_port = 7777\n\tcluster = web\n\nnode:\n\tnumber = 7\n\tname = n2\n\tip_address = 10.0.0.2\n\tip_port = 7000\n\tcluster = web\n\ncluster:\n\tnode_count = 2\n\theartbeat_mode = local\n\tname = web\n\n"
        )
    );
    let (code, _, errors) = bench.run("-v heartbeat-mode web global");
    assert_eq!(code, 0);
    assert!(errors.contains("Using config file '") && errors.contains("Changed heartbeat mode in cluster 'web' to 'global'"), "{errors}");
    bench.done("remove-node web n1");
    bench.done(&format!("remove-heartbeat web {}", UUID.to_lowercase()));
    assert_eq!(bench.done("list-cluster --oneline web"), "node: 7 n2 10.0.0.2:7000 web\ncluster: 1 global web\n");
    bench.done("add-node --ip 10.0.0.1 web n0");
    assert!(bench.done("list-nodes --oneline web").contains("node: 0 n0 "), "the lowest free number");
    bench.done("remove-cluster web");
    assert_eq!((bench.text().as_str(), bench.done("list-clusters").as_str()), ("", ""));
}

#[test]
fn the_c_program_lists_what_ours_wrote() {
    let bench = web();
    let config = format!("--config-file={}", bench.path.display());
    for arguments in ["list-clusters", "list-cluster web", "list-cluster --oneline web", "list-nodes web", "list-heartbeats web"] {
        let output = match Command::new("/sbin/o2cb").arg(&config).args(arguments.split(' ')).output() {
            Ok(output) if output.status.success() => output,
            _ => {
                eprintln!("SKIPPED: no o2cb of ocfs2-tools here (apt-get install ocfs2-tools); nothing was compared");
                return;
            }
        };
        assert_eq!(String::from_utf8(output.stdout).unwrap(), bench.done(arguments), "{arguments}");
    }
}

#[test]
fn defect_1_a_refused_file_is_told_by_line_and_the_rest_is_listed() {
    let bench = web();
    fs::write(&bench.path, bench.text().replace("number = 7\n", "number = 700\n") + "cluster :\n").unwrap();
    let (code, out, errors) = bench.run("list-nodes --oneline web");
    assert_eq!((code, out.as_str()), (1, "node: 0 n1 10.0.0.1:7777 web\n"));
    let at = |place: &str| format!("{}:{place}: ", bench.path.display());
    assert!(errors.contains(&at("15:11")) && errors.contains(&at("24:8")), "{errors}");
    let (code, out, _) = bench.run("config check");
    assert_eq!(code, 1);
    assert!(out.contains(&format!("{}a blank before the colon of a header; write 'cluster:'\n", at("24:8"))), "{out}");
    bench.fails("add-cluster x", &[&at("15:11"), "not understood"]);
}

#[test]
fn defect_2_a_cluster_without_name_does_not_crash() {
    let bench = Bench::new("cluster:\n\tnode_count = 1\n");
    for verb in ["list-clusters", "config check", "list-cluster x", "add-cluster x"] {
        assert_eq!(bench.run(verb).0, 1, "{verb}");
    }
    assert!(bench.run("config check").1.contains(":1:1: the cluster has no name; add 'name = mycluster'"));
}

#[test]
fn defect_3_what_the_kernel_would_refuse_is_not_written() {
    let bench = web();
    for (arguments, word) in [
        ("add-node --ip 10.0.0.3 web n1", "Node 'n1' already exists"),
        ("add-node --ip 10.0.0.1 web n3", "10.0.0.1 is another node's too"),
        ("add-node --ip 10.0.0.3 --number 7 web n3", "the number 7 is another node's too"),
        ("add-node --ip 0.0.0.0 web n3", "0.0.0.0"),
        ("add-node --ip 10.0.0.3 web a/b", "cannot be the name of a folder"),
        ("add-node --ip 10.0.0.3 web sixty-five-bytes-sixty-five-bytes-sixty-five-bytes-sixty-five-byt", "65 bytes"),
        ("add-cluster my-cluster", "letters and digits"),
        ("add-cluster abcdefghijklmnopq", "17 characters"),
        ("add-heartbeat web /dev/doesnotexist", "neither a UUID"),
        ("add-heartbeat web /etc/passwd", "neither a UUID"),
        ("add-node web no-such-host.invalid", "--ip"),
    ] {
        bench.fails(arguments, &[word]);
    }
    // Wrong usage: the arguments themselves are no port or number.
    for arguments in [
        "--port 0",
        "--port -5",
        "--port 65535",
        "--port 70000",
        "--number 255",
        "--number -1",
        "--number 0x1",
        "--ip n3",
        "--ip 10.0.0.01",
    ] {
        let (code, _, errors) = bench.run(&format!("add-node {arguments} web n3"));
        assert_eq!(code, 2, "{arguments}: {errors}");
    }
    assert_eq!(bench.run("add-node --ip 10.0.0.8 --number 010 web n8").0, 0);
    assert!(bench.done("list-nodes --oneline web").contains("node: 10 n8 "), "decimal, as in the file");
    bench.done("heartbeat-mode web local");
    fs::write(&bench.path, bench.text().replace("heartbeat_mode = local", "heartbeat_mode = global")).unwrap();
    for region in 1..32 {
        assert_eq!(bench.run(&format!("add-heartbeat web {region:032x}")).0, 0);
    }
    bench.fails("add-heartbeat web ffffffffffffffffffffffffffffffff", &["more than 32 regions"]);
}

#[test]
fn defect_4_comments_links_and_unknown_things_stay() {
    let text = "# ours\ncluster:\n  name=web\n  node_count=99\n  colour=red\n\n# keep me\nthing:\n  x=y\n";
    let bench = Bench::new(text);
    let real = bench.path.with_file_name("real.conf");
    fs::rename(&bench.path, &real).unwrap();
    symlink("real.conf", &bench.path).unwrap();
    let (code, _, errors) = bench.run("add-node --ip 10.0.0.1 web n1");
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(fs::symlink_metadata(&bench.path).unwrap().is_symlink());
    let expected = "# ours\ncluster:\n  name=web\n  node_count=1\n  colour=red\n\nnode:\n  cluster=web\n  number=0\n  ip_port=7777\n  ip_address=10.0.0.1\n  name=n1\n\n# keep me\nthing:\n  x=y\n";
    assert_eq!(fs::read_to_string(&real).unwrap(), expected);
    assert_eq!(fs::read_to_string(real.with_file_name("real.conf.bak")).unwrap(), text);
    bench.done("remove-node web n1");
    assert_eq!(fs::read_to_string(&real).unwrap(), text.replace("99", "0"));
}

#[test]
fn defect_4_editors_that_meet_lose_nothing() {
    let bench = Bench::new("");
    bench.done("add-cluster web");
    let config = format!("--config-file={}", bench.path.display());
    let children: Vec<_> = (0..12)
        .map(|node| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_o2cb"));
            command.args([&config, "add-node", "--ip", &format!("10.0.0.{node}"), "web", &format!("n{node}")]).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(bench.done("list-nodes --oneline web").lines().count(), 12);
    assert!(bench.done("list-cluster --oneline web").contains("cluster: 12 local web\n"));
}

#[test]
fn defect_5_what_fails_ends_with_1() {
    let bench = web();
    bench.fails("add-cluster web", &["Cluster 'web' already exists"]);
    for verb in ["list-cluster", "list-nodes", "list-heartbeats", "remove-cluster"] {
        bench.fails(&format!("{verb} nope"), &["Unknown cluster 'nope'", "'web'"]);
    }
    bench.fails("remove-node web nope", &["Unknown node 'nope'"]);
    bench.fails(&format!("add-heartbeat web {UUID}"), &["already exists"]);
    bench.fails("heartbeat-mode nope global", &["Unknown cluster 'nope'"]);
    assert_eq!((bench.run("--help").0, bench.run("--version").0, bench.run("list-cluster").0), (0, 0, 2));
    assert_eq!(bench.run("heartbeat-mode web GLOBAL").0, 2, "exactly global or local");
}

#[test]
fn an_edit_may_repair_a_file_but_not_add_to_a_broken_one() {
    let bench = web();
    let twice = "node:\n\tcluster = web\n\tname = n3\n\tnumber = 0\n\tip_address = 10.0.0.1\n\tip_port = 0\n\n";
    fs::write(&bench.path, bench.text() + twice).unwrap();
    bench.fails("add-node --ip 10.0.0.4 web n4", &["refused anyway", "config check"]);
    bench.done("remove-node web n3");
    bench.done("add-node --ip 10.0.0.4 web n4");
}

#[test]
fn fmt_writes_the_usual_form_once() {
    let bench = Bench::new(
        "# ours\nnode:\n  name=b\n  number=2\n  ip_address=10.0.0.2\n  ip_port=7777\n  cluster=web\nnode:\n# first\n  number=1\n  name=a\n  ip_address=10.0.0.1\n  ip_port=7777\n  cluster=web\ncluster:\n  node_count=2\n  name=web",
    );
    bench.fails("config fmt --check", &["not in its usual form"]);
    bench.done("config fmt");
    let expected = "cluster:\n\tname = web\n\tnode_count = 2\n\nnode:\n\tcluster = web\n# first\n\tnumber = 1\n\tip_port = 7777\n\tip_address = 10.0.0.1\n\tname = a\n\n# ours\nnode:\n\tcluster = web\n\tnumber = 2\n\tip_port = 7777\n\tip_address = 10.0.0.2\n\tname = b\n\n";
    assert_eq!(bench.text(), expected);
    bench.done("config fmt --check");
    Bench::new("\tx\n").fails("config fmt", &[":1:3: "]);
    Bench::new("").fails("config fmt", &["not there"]);
}

#[test]
fn check_as_json() {
    let bench = Bench::new("cluster:\n\tname = web\n\tnode_count = x\n");
    let (code, out, _) = bench.run("config check --json");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["errors"].as_u64()), (1, Some(1)));
    let problems = json["files"][0]["problems"].as_array().unwrap();
    let problem = problems.iter().find(|problem| problem["grade"] == "error").unwrap();
    assert_eq!((problem["line"].as_u64(), problem["column"].as_u64()), (Some(3), Some(15)));
    assert_eq!((problem["rule"].as_str(), problem["refused_by"].as_str()), (Some("not-a-number"), Some("reader")));
    Bench::new("").fails("config check", &["not there"]);
}

/// The C programs print for people only.
#[test]
fn defect_26_what_is_told_is_there_for_programs_too() {
    let bench = web();
    let json = |arguments: &str| {
        let (code, out, errors) = bench.run(arguments);
        let document: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments}: {error}: {out}{errors}"));
        (code, document)
    };
    fs::write(&bench.path, bench.text().replace("number = 7\n", "number = 700\n")).unwrap();
    let (code, check) = json("config check --json");
    assert_eq!((code, check["errors"].as_u64()), (1, Some(1)));
    let problems = check["files"][0]["problems"].as_array().unwrap();
    assert!(problems.iter().any(|problem| problem["line"].as_u64() == Some(15) && problem["grade"] == "error"), "{problems:?}");
    let (code, status) = json("status --json web");
    assert_eq!((Some(u64::try_from(code).unwrap()), status["cluster"].as_str()), (status["exit_code"].as_u64(), Some("web")));
    assert!(status["findings"].as_array().is_some_and(|findings| !findings.is_empty()), "a refused configuration is a finding");
    let (code, volumes) = json(&format!("volumes --json {}", bench.path.display()));
    assert_eq!((code, volumes["volumes"].as_array().map(Vec::len)), (1, Some(0)));
    assert_eq!(volumes["without"][0].as_str(), Some(bench.path.to_str().unwrap()));
}
