//! The ssh transport against real OpenSSH servers on loopback ports, one per node.
//!
//! Needs Debian's package openssh-server (`/usr/sbin/sshd`); without it the tests say so and pass, unless
//! `DLMTOP_REQUIRE_SSHD` is set.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed test panics")]

mod lab;

use collect::Event;
use collect::ssh::{SshOptions, start};
use lab::{Lab, Oddity, UUID, Viewer, busy_lock, idle_lock, proc_file, signal, wait_until};
use sample::message::Configuration;
use sample::{FaultKind, FromNode, Link, ToNode, WatchedLock, Way};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Starts a lab, or returns from the test if there is no sshd.
macro_rules! lab {
    ($nodes:expr) => {
        lab!($nodes, "")
    };
    ($nodes:expr, $sshd_config:expr) => {
        match Lab::new($nodes, &Oddity { sshd_config: $sshd_config }) {
            Some(lab) => lab,
            None => return,
        }
    };
}

/// Samples come, and what happens between two of them is in the second.
fn collects(viewer: &mut Viewer, lab: &Lab, node: usize) {
    let node = &lab.nodes[node];
    node.write_locks(10);
    viewer.sample(|sample| sample.known == 201);
    node.write_locks(17);
    let sample = viewer.sample(|sample| sample.locks.iter().any(|lock| lock.name == busy_lock() && lock.over_ns.is_some_and(|ns| ns > 0)));
    let lock = sample.locks.iter().find(|lock| lock.name == busy_lock()).unwrap();
    assert_eq!((lock.pr.gets, sample.uuid.as_str(), sample.known), (7, UUID, 201));
    assert!(sample.dump.problems.first.is_none(), "{:?}", sample.dump.problems);
    assert!(sample.dump.reads.is_some_and(|reads| reads > 10), "{:?}", sample.dump);
    assert!(sample.interval_ns.is_some_and(|ns| ns > 0) && sample.clock.realtime_us.is_some());
}

fn label(viewer: &mut Viewer) -> Option<String> {
    viewer.until("file systems", |event| match event {
        Event::Message(FromNode::FileSystems(systems)) => systems.first().map(|system| system.label.clone()),
        _ => None,
    })
}

fn no_process_on(lab: &Lab, node: usize) {
    wait_until("no process left on the node", || lab.nodes[node].processes().is_empty());
}

fn hidden_files() -> Vec<String> {
    let names = |folder: &str| fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let all = ["/dev/shm", "/run", "/tmp", "/var/tmp"].into_iter().flat_map(names);
    all.map(|entry| entry.path().display().to_string()).filter(|path| path.contains("/.dlmtop.")).collect()
}

#[test]
fn three_nodes_with_the_collector_installed() {
    let lab = lab!(3);
    let mut viewers = Vec::new();
    for node in &lab.nodes {
        node.install();
        viewers.push(Viewer::start(&node.name, lab.options()));
    }
    for (number, viewer) in viewers.iter_mut().enumerate() {
        viewer.until("connecting", |event| matches!(event, Event::Link(Link::Connecting(1))).then_some(()));
        assert_eq!(viewer.up(), Way::Installed);
        assert_eq!(label(viewer), Some(format!("lab{}", number + 1)));
        collects(viewer, &lab, number);
    }
    viewers.into_iter().for_each(Viewer::end);
    (0..3).for_each(|node| no_process_on(&lab, node));
    assert!(lab.clients().is_empty());
}

#[test]
fn the_uploaded_program_has_no_file_while_it_runs() {
    let lab = lab!(1);
    let mut viewer = Viewer::start("n1", lab.options());
    assert_eq!(viewer.up(), Way::Uploaded);
    collects(&mut viewer, &lab, 0);
    let running = lab.nodes[0].processes();
    assert_eq!(running.len(), 1, "the shell has become the collector");
    let program = fs::read_link(format!("/proc/{}/exe", running[0])).unwrap().display().to_string();
    assert!(program.contains("/.dlmtop.") && program.ends_with(" (deleted)"), "{program}");
    let file = program.trim_end_matches(" (deleted)").to_owned();
    assert!(!Path::new(&file).exists());
    viewer.end();
    no_process_on(&lab, 0);
    assert!(lab.clients().is_empty());
}

#[test]
fn a_shell_reads_where_nothing_may_be_run() {
    let lab = lab!(1);
    let mut viewer = Viewer::start("n1", SshOptions { upload: false, ..lab.options() });
    assert_eq!(viewer.up(), Way::Shell("not installed; upload is off".to_owned()));
    let host = viewer.until("hello", |event| match event {
        Event::Message(FromNode::Hello(hello)) => Some(hello.host.clone()),
        _ => None,
    });
    assert_eq!(host, rustix::system::uname().nodename().to_string_lossy());
    assert_eq!(label(&mut viewer), Some("lab1".to_owned()));
    collects(&mut viewer, &lab, 0);
    // Idle for longer than a ping: the viewer hears that the node lives.
    let slow = Configuration { interval_ms: 5000, ..lab.options().configuration };
    viewer.handle.as_ref().unwrap().tell(ToNode::Configure(slow));
    viewer.until("sign of life", |event| matches!(event, Event::Message(FromNode::Alive)).then_some(()));
    viewer.end();
    no_process_on(&lab, 0);
    assert!(lab.clients().is_empty());
}

#[test]
fn a_shell_tells_that_a_file_system_was_unmounted_and_is_back() {
    let lab = lab!(1);
    let mut viewer = Viewer::start("n1", SshOptions { upload: false, ..lab.options() });
    viewer.sample(|_| true);
    let (directory, aside) = (lab.nodes[0].root.join("sys/kernel/debug/ocfs2"), lab.path("aside"));
    fs::rename(&directory, &aside).unwrap();
    viewer.until("fault", |event| matches!(event, Event::Message(FromNode::Fault { fault: Some(_), .. })).then_some(()));
    fs::rename(&aside, &directory).unwrap();
    viewer.sample(|sample| sample.seq == 1);
    viewer.end();
}

#[test]
fn what_cannot_run_there_is_not_sent() {
    let lab = lab!(1);
    let text = lab.path("text");
    fs::write(&text, "#!/bin/sh\nexit 0\n").unwrap();
    let mut viewer = Viewer::start("n1", SshOptions { program: Some(text), ..lab.options() });
    assert_eq!(viewer.up(), Way::Shell("not installed; this program is no ELF file".to_owned()));
    viewer.sample(|_| true);
    viewer.end();
    // A program that starts, but is no collector.
    let mut viewer = Viewer::start("n1", SshOptions { program: Some("/bin/true".into()), ..lab.options() });
    assert_eq!(viewer.up(), Way::Shell("not installed; the uploaded program does not run there: sent".to_owned()));
    viewer.end();
    // Other tests upload at the same time: a name exists for some milliseconds.
    wait_until("no file left", || hidden_files().is_empty());
}

#[test]
fn a_program_that_does_not_fit_into_memory_there_leaves_the_shell() {
    let lab = lab!(1);
    // As if the disk were full after a thousand bytes.
    let head = lab.nodes[0].bin.join("head");
    fs::write(&head, "#!/bin/sh\ncase $1 in -c) exec /usr/bin/head -c 1000;; esac\nexec /usr/bin/head \"$@\"\n").unwrap();
    fs::set_permissions(&head, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut viewer = Viewer::start("n1", lab.options());
    let way = viewer.up();
    assert!(matches!(&way, Way::Shell(why) if why.starts_with("not installed; upload failed: cut 1000 of ")), "{way:?}");
    collects(&mut viewer, &lab, 0);
    viewer.end();
    no_process_on(&lab, 0);
}

#[test]
fn another_protocol_is_not_used() {
    let lab = lab!(2);
    lab.nodes[0].install_script("echo dlmtop-protocol 999");
    let mut viewer = Viewer::start("n1", SshOptions { upload: false, ..lab.options() });
    assert_eq!(viewer.up(), Way::Shell("another one is installed (dlmtop-protocol 999); upload is off".to_owned()));
    viewer.end();
    // It says the right number, and then talks in another way: the next way is taken at once.
    lab.nodes[1].install_script("case $* in 'collect --protocol') exec \"$REAL\" collect --protocol;; esac; echo Welcome to node2");
    let mut viewer = Viewer::start("n2", lab.options());
    assert_eq!(viewer.up(), Way::Uploaded);
    viewer.end();
}

#[test]
fn a_connection_cut_within_a_frame_is_made_again() {
    let lab = lab!(1);
    // The first time: hello, half of a frame, and, once hello has arrived, the death of the session's ssh server, which is
    // the script's parent. Then as it should be.
    let script = format!(
        "case $2 in --protocol) exec \"$REAL\" collect --protocol;; esac\n\
         [ -e '{0}' ] && exec \"$REAL\" collect\n\
         sleep 0.5 | \"$REAL\" collect\n\
         printf '\\000\\000\\020\\000abcdhalf'\n\
         until [ -e '{0}' ]; do sleep 0.02; done\n\
         kill -9 $PPID",
        lab.path("cut").display()
    );
    lab.nodes[0].install_script(&script);
    let mut viewer = Viewer::start("n1", lab.options());
    assert_eq!(viewer.up(), Way::Installed);
    fs::write(lab.path("cut"), "").unwrap();
    viewer.fault(FaultKind::ConnectionLost);
    viewer.until("connecting again", |event| matches!(event, Event::Link(Link::Connecting(1))).then_some(()));
    assert_eq!(viewer.up(), Way::Installed);
    collects(&mut viewer, &lab, 0);
    viewer.end();
}

#[test]
fn wishes_are_told_again_after_a_connection_is_lost() {
    for upload in [true, false] {
        let lab = lab!(1);
        lab.nodes[0].install_script(if upload { "exec \"$REAL\" \"$@\"" } else { "exit 1" });
        let mut viewer = Viewer::start("n1", SshOptions { upload, ..lab.options() });
        viewer.up();
        viewer.handle.as_ref().unwrap().tell(ToNode::Watch(vec![WatchedLock { uuid: UUID.to_owned(), name: idle_lock() }]));
        let watched = |sample: &sample::Sample| sample.seq > 1 && sample.locks.iter().any(|lock| lock.name == idle_lock());
        viewer.sample(watched);
        for session in lab.nodes[0].sessions() {
            signal(session, "KILL");
        }
        viewer.fault(FaultKind::ConnectionLost);
        viewer.up();
        viewer.sample(watched);
        viewer.end();
        no_process_on(&lab, 0);
    }
}

#[test]
fn a_node_that_hangs_is_silent_and_comes_back() {
    for upload in [true, false] {
        let lab = lab!(1);
        let mut options = SshOptions { upload, ..lab.options() };
        options.timeouts.connect = Duration::from_secs(1);
        options.timeouts.silence = Duration::from_millis(700);
        let mut viewer = Viewer::start("n1", options);
        viewer.sample(|_| true);
        let all = lab.nodes[0].sshds();
        for pid in &all {
            signal(*pid, "STOP");
        }
        let start = Instant::now();
        let fault = viewer.fault(FaultKind::Silent);
        assert!(start.elapsed() < Duration::from_secs(5), "{fault} after {:?}", start.elapsed());
        for pid in &all {
            signal(*pid, "CONT");
        }
        viewer.sample(|sample| sample.seq == 1);
        viewer.end();
        no_process_on(&lab, 0);
    }
}

#[test]
fn the_watchdog_bites_only_where_nothing_comes() {
    let lab = lab!(1);
    let mut options = lab.options();
    options.timeouts.silence = Duration::from_millis(1500);
    let mut viewer = Viewer::start("n1", options);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        viewer.until("no fault", |event| {
            assert!(!matches!(event, Event::Link(Link::Down { .. })), "{event:?}");
            Some(())
        });
    }
    viewer.end();
}

#[test]
fn failures_are_told_by_their_kind() {
    let lab = lab!(1);
    fs::remove_file(lab.path("n1-host-key.pub")).unwrap();
    fs::copy(lab.path("other-key.pub"), lab.path("n1-host-key.pub")).unwrap();
    let port = lab.nodes[0].port;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    lab.configure(&format!(
        "Host wrong-key\n HostName 127.0.0.1\n Port {port}\n HostKeyAlias n1\n\
         Host unknown-key\n HostName 127.0.0.1\n Port {port}\n HostKeyAlias nobody\n\
         Host no-login\n HostName 127.0.0.1\n Port {port}\n StrictHostKeyChecking no\n IdentityFile {other}\n\
         Host closed\n HostName 127.0.0.1\n Port {closed}\n\
         Host jump\n HostName 127.0.0.1\n ProxyJump closed\n",
        other = lab.path("other-key").display()
    ));
    // Only the first identity counts: the wrong one.
    let config = fs::read_to_string(lab.path("ssh_config")).unwrap();
    let only_other = lab.path("config-other");
    fs::write(&only_other, config.replace(&format!("IdentityFile {}\n", lab.path("key").display()), "")).unwrap();
    let mut viewers = Vec::new();
    for (destination, kind, evidence) in [
        ("wrong-key", FaultKind::HostKey, "Host key verification failed"),
        ("unknown-key", FaultKind::HostKey, "Host key verification failed"),
        ("no-login", FaultKind::Authentication, "Permission denied (publickey)"),
        ("closed", FaultKind::Refused, "Connection refused"),
        ("jump", FaultKind::Refused, "Connection refused"),
        ("no-such-name.invalid", FaultKind::CannotResolve, "Could not resolve hostname"),
    ] {
        let extra_args: Vec<OsString> = vec!["-F".into(), only_other.clone().into()];
        viewers.push((Viewer::start(destination, SshOptions { extra_args, ..lab.options() }), kind, evidence));
    }
    for (viewer, kind, evidence) in &mut viewers {
        let fault = viewer.fault(*kind);
        assert!(fault.detail.contains(*evidence), "{fault}");
        // And again, each attempt counted.
        viewer.until("second attempt", |event| matches!(event, Event::Link(Link::Connecting(2))).then_some(()));
    }
    for (viewer, _, _) in viewers {
        viewer.end();
    }
}

#[test]
fn an_ssh_that_is_not_there_is_told() {
    let mut viewer = Viewer::start("n1", SshOptions { ssh_program: "/nonexistent/ssh".into(), ..SshOptions::default() });
    let fault = viewer.fault(FaultKind::CannotRun);
    assert!(fault.detail.contains("/nonexistent/ssh") && fault.detail.contains("install"), "{fault}");
    viewer.end();
}

#[test]
fn a_login_that_runs_nothing_is_evidence() {
    let lab = lab!(1, "ForceCommand echo 'This account is closed.'; exit 1");
    let mut viewer = Viewer::start("n1", lab.options());
    let fault = viewer.fault(FaultKind::CannotRun);
    assert_eq!(fault.detail, "This account is closed.");
    viewer.end();
}

#[test]
fn sudo_that_asks_for_a_password_is_no_permission() {
    let lab = lab!(1);
    let sudo = lab.nodes[0].bin.join("sudo");
    fs::write(&sudo, "#!/bin/sh\n[ \"$1\" = -n ] || exit 9\necho 'sudo: a password is required' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&sudo, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut viewer = Viewer::start("n1", SshOptions { sudo: true, ..lab.options() });
    viewer.fault(FaultKind::NoPermission);
    fs::write(&sudo, "#!/bin/sh\nshift\nexec \"$@\"\n").unwrap();
    assert_eq!(viewer.up(), Way::Uploaded);
    viewer.end();
}

#[test]
fn what_a_login_prints_disturbs_nothing() {
    let noise = "ForceCommand printf 'Welcome!\\n@abc ready SunOS sparc\\n\\033[31m%05000d\\nno newline at the end' 7; \
                 echo complaint >&2; eval \"$SSH_ORIGINAL_COMMAND\"";
    let lab = lab!(1, noise);
    for upload in [true, false] {
        let mut viewer = Viewer::start("n1", SshOptions { upload, ..lab.options() });
        assert_eq!(viewer.up() == Way::Uploaded, upload);
        collects(&mut viewer, &lab, 0);
        viewer.end();
    }
}

#[test]
fn a_login_that_prints_without_end_is_given_up() {
    let lab = lab!(1, "ForceCommand yes lorem");
    let mut viewer = Viewer::start("n1", lab.options());
    let fault = viewer.fault(FaultKind::Protocol);
    assert!(fault.detail.contains("lorem"), "{fault}");
    viewer.end();
}

#[test]
fn no_destination_runs_anything() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    let file = file.display();
    for destination in [
        format!("-oProxyCommand=touch {file}"),
        format!("-oProxyCommand=touch\t{file}"),
        format!("root@-oProxyCommand=touch${{IFS}}{file}"),
        format!("a;touch {file}"),
        format!("$(touch {file})"),
        format!("`touch {file}`"),
        format!("a|touch {file}"),
        "-V".to_owned(),
    ] {
        let (sender, events) = channel();
        let error = start(1, &destination, SshOptions::default(), sender).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("user@host"), "{error}");
        assert!(events.recv().is_err(), "nothing was started");
    }
    assert!(!folder.path().join("x").exists());
}

#[test]
fn an_address_and_a_port_are_enough() {
    let lab = lab!(1);
    lab.nodes[0].install();
    let port = lab.nodes[0].port;
    lab.configure("Host 127.0.0.1\n HostKeyAlias n1\n");
    let user = String::from_utf8(std::process::Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    for destination in [format!("127.0.0.1:{port}"), format!("{}@127.0.0.1:{port}", user.trim()), format!("[127.0.0.1]:{port}")] {
        let mut viewer = Viewer::start(&destination, lab.options());
        assert_eq!(viewer.up(), Way::Installed);
        viewer.end();
    }
}

#[test]
fn the_end_of_ssh_leaves_nothing_on_the_node_nor_here() {
    let lab = lab!(1);
    // A proxy that is a process of its own with a child, if there is a program for it: counted as one of the node's.
    let relay = ["nc", "ncat", "socat"].into_iter().find(|name| Path::new("/usr/bin").join(name).exists());
    if let Some(relay) = relay {
        let port = lab.nodes[0].port;
        let command = if relay == "socat" { format!("socat - TCP:127.0.0.1:{port}") } else { format!("{relay} 127.0.0.1 {port}") };
        lab.configure(&format!("Host n1\n ProxyCommand sh -c 'DLMTOP_ROOT={} {command}; true'\n", lab.nodes[0].root.display()));
    }
    for (upload, killed) in [(true, false), (false, false), (true, true), (false, true)] {
        let mut viewer = Viewer::start("n1", SshOptions { upload, ..lab.options() });
        viewer.sample(|_| true);
        assert!(!lab.nodes[0].processes().is_empty() && !lab.clients().is_empty());
        if killed {
            // As if this program were killed: its ssh is gone at once, by no will of its own.
            let clients = lab.clients();
            assert!(proc_file(clients[0], "comm").starts_with("ssh"));
            for pid in clients {
                signal(pid, "KILL");
            }
            viewer.fault(FaultKind::ConnectionLost);
        }
        viewer.end();
        assert!(lab.clients().is_empty());
        no_process_on(&lab, 0);
    }
    // Other tests upload at the same time: a name exists for some milliseconds.
    wait_until("no file left", || hidden_files().is_empty());
}
