use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

const CONF: &str = "cluster:\n\tname = web\n\tnode_count = 2\n\nnode:\n\tcluster = web\n\tname = a\n\tnumber = 1\n\tip_address = 10.0.0.1\n\tip_port = 7777\n\nnode:\n\tcluster = web\n\tname = b\n\tnumber = 2\n\tip_address = 10.0.0.2\n\tip_port = 7777\n\n";

fn said(conf: &str, start: &str) -> Said {
    Said::new(conf.as_bytes(), Sysconfig::parse(start.as_bytes()))
}

#[test]
fn order_layout_and_defaults_do_not_differ() {
    let other = "# b first\nnode:\n  name = b\n  number = 2\n  ip_address = 10.0.0.2\n  ip_port = 7777\n  cluster = web\nnode:\n  name = a\n  number = 1\n  ip_address = 10.0.0.1\n  ip_port = 7777\n  cluster = web\ncluster:\n  heartbeat_mode = local\n  node_count = 2\n  name = web\n";
    let start = "O2CB_HEARTBEAT_THRESHOLD=31\nO2CB_STACK=o2cb\nO2CB_ENABLED=true\n";
    assert_eq!(differences(&said(CONF, ""), &said(other, start)), Vec::<String>::new());
}

#[test]
fn each_difference_is_told() {
    let other = CONF
        .replace("10.0.0.2", "10.0.0.3")
        .replace("name = a", "name = c")
        .replace("node_count = 2", "node_count = 3\n\theartbeat_mode = global")
        .replace("7777\n\nnode", "7778\n\nnode")
        + "heartbeat:\n\tcluster = web\n\tregion = 77D95EF51C0149D2823674FCC162CF8B\n\ncluster:\n\tname = x\n\tnode_count = 0\n";
    let start = "O2CB_IDLE_TIMEOUT_MS=10000\nO2CB_BOOTCLUSTER=web\nO2CB_KEEPALIVE_DELAY_MS=$X\n";
    assert_eq!(
        differences(&said(CONF, ""), &said(&other, start)),
        [
            "cluster 'web': heartbeat_mode: here local, there global",
            "cluster 'web': node_count: here 2, there 3",
            "cluster 'web': node 'b': ip_address: here 10.0.0.2, there 10.0.0.3",
            "cluster 'web': node 'a': not there",
            "cluster 'web': node 'c': only there",
            "cluster 'web': heartbeat region '77D95EF51C0149D2823674FCC162CF8B': only there",
            "cluster 'x': only there",
            "O2CB_BOOTCLUSTER: here '' (not set), there 'web'",
            "O2CB_IDLE_TIMEOUT_MS: here 30000 (not set), there 10000",
            "O2CB_KEEPALIVE_DELAY_MS: here 2000 (not set), there unusable",
        ]
    );
    let refused = differences(&said(CONF, ""), &said(&CONF.replace("\tname = web", "name = web"), ""));
    assert!(refused[0].starts_with("its cluster.conf is refused: 2:1: "), "{refused:?}");
}

/// A machine with this configuration, and an ssh that runs commands here, in a folder for each node.
fn machine(folder: &Path) -> (Place, PathBuf) {
    let place = Place::under(&folder.join("here"), None);
    fs::create_dir_all(place.at("/etc/ocfs2")).unwrap();
    fs::write(place.cluster_conf(), CONF).unwrap();
    let ssh = folder.join("ssh");
    let script = format!(
        "#!/bin/sh\nwhile test \"$1\" != --; do shift; done\ntest $# = 3 || exit 9\ntest \"$2\" = stuck && exec sleep 1000\nroot='{}'/$2\n\
         test -d \"$root\" || {{ echo \"ssh: no host $2\" >&2; exit 255; }}\neval \"$(printf %s \"$3\" | sed \"s,/etc/,$root/etc/,g\")\"\n",
        folder.display()
    );
    fs::write(&ssh, script).unwrap();
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    (place, ssh)
}

fn node(folder: &Path, name: &str, conf: &str) {
    fs::create_dir_all(folder.join(name).join("etc/ocfs2")).unwrap();
    fs::create_dir_all(folder.join(name).join("etc/default")).unwrap();
    fs::write(folder.join(name).join("etc/ocfs2/cluster.conf"), conf).unwrap();
}

#[test]
fn nodes_are_asked_over_ssh() {
    let folder = tempfile::tempdir().unwrap();
    let (place, ssh) = machine(folder.path());
    node(folder.path(), "same", CONF);
    node(folder.path(), "other", &CONF.replace("7777", "7778"));
    node(folder.path(), "timeouts", CONF);
    fs::write(folder.path().join("timeouts/etc/default/o2cb"), "O2CB_HEARTBEAT_THRESHOLD=61\n").unwrap();
    let long = Duration::from_secs(60);
    let ask =
        |names: &[&str], timeout| compare(&place, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), timeout, &ssh).unwrap();
    assert_eq!(ask(&["same"], long), 0);
    assert_eq!(ask(&["other"], long), FAILED);
    assert_eq!(ask(&["same", "timeouts"], long), FAILED);
    assert_eq!(ask(&["nowhere"], long), FAILED);
    let files = remote::files(&ssh, "timeouts", long).unwrap();
    assert_eq!(files.sysconfig, b"O2CB_HEARTBEAT_THRESHOLD=61\n");
    assert!(remote::files(&ssh, "same", long).unwrap().sysconfig.is_empty());
    assert_eq!(remote::files(&ssh, "nowhere", long).unwrap_err(), "ssh: no host nowhere");
    assert!(remote::files(&ssh, "stuck", Duration::from_millis(50)).unwrap_err().contains("in time"));
    assert!(remote::files(&folder.path().join("none"), "same", long).unwrap_err().contains("does not start"));
    // A name that looks like an option is a name.
    assert_eq!(remote::files(&ssh, "-oProxyCommand=x", long).unwrap_err(), "ssh: no host -oProxyCommand=x");
}
