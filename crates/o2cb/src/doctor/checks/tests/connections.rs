//! Nodes that are lost, fall silent, or differ.

use super::{Bench, says};
use crate::doctor::check::Verdict;
use crate::doctor::facts::disks::Pulse;
use crate::doctor::facts::probe::{Outcome, Probe};
use formats::cluster_conf::HeartbeatMode;
use formats::o2hb::State;
use sample::o2cb::Connection;
use std::net::Ipv4Addr;
use std::time::Duration;

#[test]
fn only_what_is_lost_both_times_is_lost() {
    let mut bench = Bench::local();
    bench.kernel.connected = [3].into();
    let mut later = bench.kernel.clone();
    bench.later = Some(later.clone());
    says(&bench.only("connection-blocked"), &["node db2 (2) beats on disk and is not connected"]);
    // It was just connecting.
    later.connected = [2, 3].into();
    bench.later = Some(later.clone());
    assert!(bench.report().findings().is_empty());
    // It was just declared dead.
    (later.live, later.connected) = ([3].into(), [3].into());
    bench.later = Some(later);
    assert!(bench.report().findings().is_empty());
}

#[test]
fn a_node_that_just_died_is_no_firewall() {
    let mut bench = Bench::local();
    bench.kernel.connected = [3].into();
    for disk in &mut bench.disks.volumes {
        disk.beats[1].state = State::Silent { at_least: Duration::from_secs(5), dead_within: Some(Duration::from_secs(57)) };
    }
    let finding = bench.only("connection-blocked");
    says(&finding, &["node db2 (2) has not beaten on disk for 5 s", "it died, or its storage hangs"]);
    assert!(!finding.fix.iter().any(|fix| fix.contains("let TCP")), "{finding:?}");
    // On one of its disks it beats.
    bench.disks.volumes[2].beats[1].state = State::Beating { age: Duration::ZERO };
    says(&bench.only("connection-blocked"), &["node db2 (2) beats on disk"]);
}

#[test]
fn the_attempt_to_connect_is_believed_before_the_log() {
    let mut bench = Bench::local();
    bench.kernel.connected = [3].into();
    bench.kernel.cluster.as_mut().unwrap().nodes.get_mut("db1").unwrap().number = Some(9);
    bench.machine.write("dev/kmsg", "5,9,4990000000,-;o2net: Connection to node db2 (num 2) at 10.9.0.2:7777 shutdown, state 7\n");
    let mut cause = |outcome| {
        bench.probes = vec![Probe { node: 2, at: (Ipv4Addr::new(10, 9, 0, 2), 7777), outcome, ms: 1 }];
        bench.one("connection-blocked").cause
    };
    assert!(cause(Outcome::Connected).contains("no firewall is in the way"));
    assert!(cause(Outcome::Refused).contains("refused or reset"));
    assert!(cause(Outcome::Silence).contains("a firewall drops"));
    assert!(cause(Outcome::Unreachable("No route to host".to_owned())).starts_with("a firewall rejects"));
    assert!(cause(Outcome::Other("Operation not permitted".to_owned())).contains("Operation not permitted"));
    bench.machine.write("dev/kmsg", "5,9,4990000000,-;o2net: node db2 (num 2) at 10.9.0.2:7777 uses a network idle timeout of 30000 ms, but we use 60000 ms locally. Disconnecting.\n");
    bench.probes = vec![Probe { node: 2, at: (Ipv4Addr::new(10, 9, 0, 2), 7777), outcome: Outcome::Connected, ms: 1 }];
    assert!(bench.one("connection-blocked").cause.contains("see timeouts-differ"));
}

/// The log has a node's silence of so many seconds at these times, and then `more`. The machine runs for 5000 s.
fn silent_at(times: &[u32], more: &str) -> Bench {
    let mut bench = Bench::local();
    bench.kernel.cluster.as_mut().unwrap().idle = 30_000;
    let line = |at: &u32| format!("5,9,{at}000000,-;o2net: Connection to node db2 (num 2) at 10.9.0.2:7777 has been idle for 30.0 secs.\n");
    bench.machine.write("dev/kmsg", &format!("{}{more}", times.iter().map(line).collect::<String>()));
    bench.machine.write("etc/default/o2cb", "O2CB_ENABLED=true\nO2CB_BOOTCLUSTER=web\nO2CB_IDLE_TIMEOUT_MS=30000\n");
    bench
}

#[test]
fn a_silent_connection_is_told_before_the_fence() {
    let finding = silent_at(&[4950, 4980], "").only("connection-blocked");
    // 66 s after the first word of it.
    says(
        &finding,
        &[
            "nothing had come from node db2 (2) over the network for 60 s when the kernel last said so, 20 s ago; if nothing came since, in 16 s",
            "it still beats on disk",
        ],
    );
    let mut bench = silent_at(&[4980], "");
    for disk in &mut bench.disks.volumes {
        disk.beats[1].state = State::Silent { at_least: Duration::from_secs(5), dead_within: None };
    }
    says(&bench.only("connection-blocked"), &["for 30 s when", "does not beat on disk either"]);
    // A message came: it would have been said again.
    assert!(silent_at(&[4900, 4930], "").report().findings().is_empty());
    // The run that is over is not counted in.
    says(&silent_at(&[4800, 4980], "").only("connection-blocked"), &["for 30 s when", "in 46 s the quorum decides"]);
    let ended = |said: &str| format!("5,10,4985000000,-;{said}\n");
    for over in ["o2net: Connected to node db2 (num 2) at 10.9.0.2:7777", "o2cb: o2dlm has evicted node 2 from domain D"] {
        assert!(silent_at(&[4980], &ended(over)).report().findings().is_empty(), "{over}");
    }
    // Not of another node.
    let other = ended("o2net: Connected to node db3 (num 3) at 10.9.0.3:7777");
    says(&silent_at(&[4980], &other).only("connection-blocked"), &["node db2 (2)"]);
}

/// What TCP tells of both other nodes: over the connection with `db2` nothing has come for so long.
fn tcp(received_ms: u64) -> Vec<Connection> {
    let of = |node, received_ms| Connection { node, established: true, received_ms: Some(received_ms), ..Connection::default() };
    vec![of(2, received_ms), of(3, 900)]
}

#[test]
fn tcp_is_believed_before_the_log() {
    let mut bench = silent_at(&[4950, 4980], "");
    // A message came a second after the last word of its silence.
    bench.tcp = Some(tcp(19_000));
    let report = bench.report();
    assert!(report.findings().is_empty() && report.code() == 0, "{}", report.text(true));
    // One came between the two: the clock began anew.
    bench.tcp = Some(tcp(49_000));
    let finding = bench.only("connection-blocked");
    says(
        &finding,
        &["nothing has come from node db2 (2) over the network for 49 s; in 47 s the quorum decides", "data came last 49 s ago"],
    );
    assert_eq!(finding.evidence.iter().filter(|seen| seen.starts_with("kernel log")).count(), 1, "{finding:?}");
    // The log is not needed.
    std::fs::remove_file(bench.machine.place().at("/dev/kmsg")).unwrap();
    says(&bench.one("connection-blocked"), &["for 49 s; in 47 s"]);
}

#[test]
fn only_what_is_connected_both_times_is_silent() {
    // Its connection was just lost, or it was just declared dead.
    for live in [vec![2, 3], vec![3]] {
        let mut bench = silent_at(&[4980], "");
        let mut later = bench.kernel.clone();
        bench.later = Some(later.clone());
        says(&bench.only("connection-blocked"), &["for 30 s when", "TCP was not asked: no module tcp_diag"]);
        (later.live, later.connected) = (live.into_iter().collect(), [3].into());
        bench.later = Some(later);
        assert!(bench.report().findings().is_empty());
    }
}

#[test]
fn a_decision_of_the_quorum_is_told() {
    let decision = "5,10,4966000000,-;(kworker/0:1,12,0):o2quo_make_decision:166 not fencing this node, heartbeating: 3, connected: 2, lowest: 1 (reachable)\n";
    let idle = |at: u32| format!("5,11,{at}000000,-;o2net: Connection to node db2 (num 2) at 10.9.0.2:7777 has been idle for 30.0 secs.\n");
    let stays = "the quorum has decided: this node stays; the other one counts as dead once it has not beaten on disk for 62 s";
    let mut bench = silent_at(&[4900, 4930, 4960], &(decision.to_owned() + &idle(4990)));
    says(&bench.only("connection-blocked"), &["for 120 s when", stays]);
    bench.tcp = Some(tcp(130_000));
    let finding = bench.only("connection-blocked");
    says(&finding, &["for 130 s", stays]);
    assert!(!finding.cause.contains("cancels"), "{finding:?}");
    // One of a silence before is over.
    says(&silent_at(&[], &(decision.to_owned() + &idle(4970))).only("connection-blocked"), &["in 36 s the quorum decides"]);
    bench.tcp = Some(tcp(60_000));
    says(&bench.only("connection-blocked"), &["for 60 s; in 36 s the quorum decides"]);
}

#[test]
fn without_the_log_nobody_knows_who_is_silent() {
    let mut bench = Bench::local();
    std::fs::remove_file(bench.machine.place().at("/dev/kmsg")).unwrap();
    bench.later = Some(bench.kernel.clone());
    let report = bench.report();
    assert!(
        matches!(report.verdict("connection-blocked"), Verdict::Unknown(why, found) if found.is_empty() && why.contains("whether connected nodes are silent: the kernel's log")),
        "{:?}",
        report.verdict("connection-blocked")
    );
    for id in ["heartbeat-slots", "timeouts-differ"] {
        assert!(matches!(report.verdict(id), Verdict::Unknown(why, _) if why.contains("the kernel's log")), "{id}");
    }
    // But TCP does.
    bench.tcp = Some(tcp(900));
    assert!(matches!(bench.report().verdict("connection-blocked"), Verdict::Fine(_)));
}

#[test]
fn the_note_is_that_of_the_last_reading() {
    let mut bench = Bench::local();
    let mut later = bench.kernel.clone();
    later.connected = [3].into();
    bench.later = Some(later.clone());
    let note = |bench: &Bench| match bench.report().verdict("connection-blocked") {
        Verdict::Fine(note) => note.clone(),
        other => panic!("{other:?}"),
    };
    let words = note(&bench);
    assert!(words.contains("2 other node(s) beat") && words.contains("node db2 (2) had no connection"), "{words}");
    (later.live, later.connected) = ([3].into(), [3].into());
    bench.later = Some(later);
    assert_eq!(note(&bench), "1 other node(s) beat, all are connected");
}

#[test]
fn a_node_may_beat_where_it_was_not_seen() {
    let mut bench = Bench::local();
    for disk in &mut bench.disks.volumes {
        disk.beats[1].state = State::Silent { at_least: Duration::from_secs(5), dead_within: None };
    }
    let pulse = |bench: &Bench| bench.disks.pulse(Some("web"), 2);
    assert_eq!(pulse(&bench), Some(Pulse::Silent { seconds: 5 }));
    bench.kernel.connected = [3].into();
    bench.disks.failed = vec![("/dev/vdx".to_owned(), "no answer".to_owned())];
    assert_eq!(pulse(&bench), None);
    let finding = bench.one("connection-blocked");
    assert!(!finding.what.contains("has not beaten") && !finding.cause.contains("it died"), "{finding:?}");
    bench.disks.failed.clear();
    bench.disks.denied = vec!["/dev/vdx".to_owned()];
    assert_eq!(pulse(&bench), None);
    bench.disks.denied.clear();
    bench.disks.volumes[2].problems = vec!["heartbeat: no answer".to_owned()];
    assert_eq!(pulse(&bench), None);
    bench.disks.volumes[2].beats[1].state = State::Beating { age: Duration::ZERO };
    assert_eq!(pulse(&bench), Some(Pulse::Beats), "where it was seen to beat it beats");
}

#[test]
fn what_a_stuck_message_does_not_tell_is_not_said() {
    let mut bench = Bench::local();
    let sending = "0000000000000001:\n  pid:          190\n  tgid:         190\n  process name: cp\n  node:         3\n  sc:           0\n  message id:   0\n  message type: 503\n  message key:  0x1\n  sock acquiry: 15000009 usecs ago\n  send start:   15000008 usecs ago\n  wait start:   15000000 usecs ago\n";
    bench.kernel.put("/sys/kernel/debug/o2net/send_tracking", sending);
    let finding = bench.only("messages-stuck");
    says(&finding, &["did not get through"]);
    assert!(!finding.cause.contains("keepalives"), "{finding:?}");
}

#[test]
fn a_difference_that_was_mended_here_is_over() {
    let log = |said: &str| {
        let bench = Bench::local();
        bench.machine.write("dev/kmsg", &format!("3,9,4990000000,-;(kworker/u4:0,7,0):dlm_match_nodes:1216 ERROR: Domain D: {said}\n"));
        bench.report().verdict("nodes-differ").findings().len()
    };
    // db3 is registered here now, as it was on the joining node; 9 is not.
    assert_eq!(log("Node 3 (10.9.0.3:7777) registered in joining node 2 but not in local node 1"), 0);
    assert_eq!(log("Node 3 (10.9.0.3:7778) registered in joining node 2 but not in local node 1"), 1);
    assert_eq!(log("Node 9 (10.9.0.9:7777) registered in local node 1 but not in joining node 2"), 0);
    assert_eq!(log("Node 3 (10.9.0.3:7777) registered in local node 1 but not in joining node 2"), 1);
    let region = |uuid: &str, mode| {
        let bench = Bench::new(mode);
        bench.machine.write("dev/kmsg", &format!("3,9,4990000000,-;(kworker/u4:0,7,0):dlm_match_regions:1072 ERROR: Domain D: Region '{uuid}' registered in joining node 2 but not in local node 1\n"));
        bench.report().verdict("nodes-differ").findings().len()
    };
    assert_eq!(region(&crate::stack::samples::uuid(1), HeartbeatMode::Global), 0);
    assert_eq!(region(&crate::stack::samples::uuid(9), HeartbeatMode::Global), 1);
}

#[test]
fn a_join_of_a_moment_is_no_trouble() {
    let uuid = crate::stack::samples::uuid(0);
    let path = format!("/sys/kernel/debug/o2dlm/{uuid}/dlm_state");
    let state = |word: &str, dead: &str| {
        format!("Domain: {uuid}  Key: 0x1  Protocol: 1.3\nThread Pid: 9  Node: 1  State: {word}\nDomain Map: 1 2 \n{dead}")
    };
    let recovers = "Dead Node: 3\nRecovery Pid: 9  Master: 1  State: ACTIVE\nRecovery Map: 3 \n";
    for (then, lasting) in [(state("NEW", ""), "NEW, not joined"), (state("JOINED", recovers), "recovers from the death")] {
        let mut bench = Bench::local();
        bench.kernel.put(&path, &then);
        bench.later = Some(bench.kernel.clone());
        says(&bench.only("domains"), &[lasting]);
        let mut later = bench.kernel.clone();
        later.put(&path, &state("JOINED", ""));
        bench.later = Some(later);
        assert!(matches!(bench.report().verdict("domains"), Verdict::Fine(_)));
    }
}
