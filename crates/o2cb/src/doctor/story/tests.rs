//! Stories of logs as real kernels write them, from both ends of each death.

use super::{Basis, Kind, Known, Story, tell};
use formats::kernel_log::Message;

const REGION: &str = "region 003042E03E0B4F679C65C95B76CAE8D4 (dm-0)";
const PEER: &str = "node node2 (num 2) at 10.77.0.2:7777";

fn told(log: &str, own: u32) -> Vec<Story> {
    tell(&Message::all_of(log.as_bytes()), Known { own: Some(own), threshold: Some(7), until: None }, "a test")
}

fn only(log: &str, own: u32) -> Story {
    let stories = told(log, own);
    assert_eq!(stories.len(), 1, "{stories:#?}");
    stories.into_iter().next().unwrap()
}

#[test]
fn a_stalled_disk_as_its_node_tells_it() {
    let log = format!(
        "[  100.00] ocfs2: Mounting device (254,0) on (node 2, slot 1) with ordered data mode.\n\
         [  206.02] o2hb: node 2 hb write hung for 6s on {REGION}, negotiate timeout with node 1.\n\
         [  212.02] (kworker/0:1,12,0):o2hb_write_timeout:316 ERROR: Heartbeat write timeout to device dm-0 after 12020 milliseconds\n\
         [  212.02] (kworker/0:1,12,0):o2hb_stop_all_regions:2577 ERROR: stopping heartbeat on all active regions.\n\
         [  212.02] *** ocfs2 is very sorry to be fencing this system by restarting ***\n"
    );
    let story = only(&log, 9);
    assert_eq!((story.kind, story.node, story.total_ms()), (Kind::DiskFence, Some(2), Some(12_020)));
    assert!(
        story.cause.contains("storage of node 2 hung") && story.cause.contains("12.0 s") && story.cause.contains("asked node 1"),
        "{story:?}"
    );
    assert!(story.lines[0].words.contains("last good heartbeat on dm-0") && story.lines[0].at.boot_us == Some(200_000_000));
}

#[test]
fn a_failing_disk_is_told_apart_from_one_that_hangs() {
    let log = "[  201.00] (swapper,0,0):o2hb_bio_end_io:447 ERROR: IO Error -5\n\
               [  203.00] (swapper,0,0):o2hb_bio_end_io:447 ERROR: IO Error -5\n\
               [  212.02] (kworker/0:1,12,0):o2hb_write_timeout:316 ERROR: Heartbeat write timeout to device dm-0 after 12020 milliseconds\n\
               [  212.02] *** ocfs2 is very sorry to be fencing this system by restarting ***\n";
    let story = only(log, 2);
    assert!(story.cause.contains("storage of node 2 failed") && story.lines.len() == 4, "{story:#?}");
}

#[test]
fn a_stalled_disk_as_a_survivor_tells_it() {
    let log = format!(
        "[  206.02] o2hb: receive negotiate timeout message from node 2 on {REGION}.\n\
         [  212.10] o2net: Connection to {PEER} has been idle for 10.105 secs.\n\
         [  216.10] o2net: No longer connected to {PEER}\n\
         [  216.10] o2cb: o2dlm has evicted node 2 from domain D\n\
         [  216.11] o2cb: o2dlm has evicted node 2 from domain E\n\
         [  228.00] o2dlm: Begin recovery on domain D for node 2\n\
         [  228.00] o2dlm: Node 1 (me) is the Recovery Master for the dead node 2 in domain D\n\
         [  230.00] o2dlm: End recovery on domain D\n\
         [  230.10] ocfs2: Begin replay journal (node 2, slot 1) on device (254,0)\n\
         [  230.50] ocfs2: End replay journal (node 2, slot 1) on device (254,0)\n"
    );
    let story = only(&log, 9);
    assert_eq!((story.kind, story.node, story.total_ms()), (Kind::NodeDied, Some(2), Some(24_480)));
    assert!(story.headline.contains("storage of node 2 hung") && story.open.contains("concluded"), "{story:#?}");
    assert_eq!(story.lines.len(), 10);
}

#[test]
fn a_hang_that_was_over_is_no_cause_of_a_death() {
    let log = |said: u32| {
        format!(
            "[  {said}.00] o2hb: receive negotiate timeout message from node 2 on {REGION}.\n\
             [  222.10] o2net: Connection to {PEER} has been idle for 10.105 secs.\n\
             [  226.10] o2cb: o2dlm has evicted node 2 from domain D\n"
        )
    };
    let story =
        |said, threshold| tell(&Message::all_of(log(said).as_bytes()), Known { own: Some(9), threshold, until: None }, "a test").remove(0);
    // It would have said so again each 6 s: until 212 it did not.
    let quiet = story(150, Some(7));
    assert!(quiet.headline.contains("no sign before") && quiet.basis == Basis::NoSign, "{quiet:#?}");
    assert!(quiet.open.contains("its heartbeat write hung, 76.1 s before it was evicted, and not again"), "{quiet:#?}");
    assert!(story(196, Some(7)).headline.contains("no sign before"));
    // It beat elsewhere until 212, when it fenced itself.
    assert!(story(206, Some(7)).headline.contains("storage of node 2 hung"));
    // Each 30 s, as by default.
    assert!(story(175, None).headline.contains("storage of node 2 hung"));
    assert!(story(150, None).headline.contains("no sign before"));
    let all = story(206, Some(7)).cause;
    assert!(!all.contains("storage of others worked"), "{all}");
}

#[test]
fn a_timeout_in_one_region_of_several_is_no_death() {
    let hung = format!(
        "[  206.02] o2hb: node 1 hb write hung for 6s on {REGION}, negotiate timeout with node 3.\n\
         [  212.02] (kworker/0:1,12,0):o2hb_write_timeout:316 ERROR: Heartbeat write timeout to device dm-0 after 12020 milliseconds\n"
    );
    let story = only(&hung, 1);
    assert_eq!((story.kind, story.node, story.lines.len()), (Kind::StorageHung, Some(1), 2));
    assert!(story.headline.contains("timed out") && story.cause.contains("dm-0 for 12.0 s"), "{story:#?}");
    let fenced =
        format!("{hung}[  212.02] (kworker/0:1,12,0):o2hb_stop_all_regions:2577 ERROR: stopping heartbeat on all active regions.\n");
    let story = only(&fenced, 1);
    assert_eq!(story.kind, Kind::DiskFence);
    assert!(story.cause.contains("asked node 3 to wait, and no approval came"), "{story:#?}");
}

#[test]
fn a_silence_without_an_end_is_open() {
    let story = only(&format!("[ 20.0] o2net: Connection to {PEER} has been idle for 10.0 secs.\n"), 1);
    assert!(!story.cause.contains("was kept") && story.cause.contains("not in this log"), "{story:#?}");
    assert!(story.headline.ends_with("fell silent"), "{story:#?}");
}

#[test]
fn a_cut_network_from_both_ends() {
    let survivor = format!(
        "[  210.10] o2net: Connection to {PEER} has been idle for 10.105 secs.\n\
         [  220.20] o2net: Connection to {PEER} has been idle for 10.105 secs.\n\
         [  229.00] (kworker/0:1,12,0):o2quo_make_decision:166 not fencing this node, heartbeating: 2, connected: 1, lowest: 1 (reachable)\n\
         [  230.30] o2net: Connection to {PEER} has been idle for 10.105 secs.\n\
         [  240.40] o2net: Connection to {PEER} has been idle for 10.105 secs.\n\
         [  243.00] o2net: No longer connected to {PEER}\n\
         [  243.00] o2cb: o2dlm has evicted node 2 from domain D\n"
    );
    let story = only(&survivor, 1);
    assert!(story.headline.contains("network between node 1 and node 2 lost") && story.cause.contains("1 of 2 nodes"), "{story:#?}");
    let victim = "[  209.90] o2net: Connection to node node1 (num 1) at 10.77.0.1:7777 has been idle for 10.0 secs.\n\
         [  219.90] o2net: Connection to node node1 (num 1) at 10.77.0.1:7777 has been idle for 10.0 secs.\n\
         [  229.00] (kworker/0:1,12,0):o2quo_make_decision:150 ERROR: fencing this node because it is connected to a half-quorum of 1 out of 2 nodes which doesn't include the lowest active node 1\n\
         [  229.00] (kworker/0:1,12,0):o2hb_stop_all_regions:2577 ERROR: stopping heartbeat on all active regions.\n\
         [  229.00] *** ocfs2 is very sorry to be fencing this system by restarting ***\n";
    // One that fell silent and came again long before is no part of it, and a word of that is not in the log.
    let once = "[  100.00] o2net: Connection to node node3 (num 3) at 10.77.0.3:7777 has been idle for 10.0 secs.\n";
    let story = only(&format!("{once}{victim}"), 2);
    assert!(story.cause.contains("network between node 2 and node 1 lost") && story.total_ms() == Some(29_100), "{story:#?}");
    // A peer that was lost in a former life of the node, when it was taken offline itself, is no part of it.
    let earlier = "[  100.00] o2net: No longer connected to node node3 (num 3) at 10.77.0.3:7777\n\
         [  120.00] o2hb: Heartbeat mode set to local\n";
    let story = only(&format!("{earlier}{victim}"), 2);
    assert_eq!((story.kind, story.total_ms()), (Kind::NetworkFence, Some(29_100)));
    assert!(
        story.cause.contains("network between node 2 and node 1 lost") && story.cause.contains("lost the quorum decision"),
        "{story:#?}"
    );
    assert!(story.cause.contains("only half (1 of 2)") && story.cause.contains("lowest node 1"), "{story:#?}");
}

#[test]
fn a_node_without_power_gives_no_sign() {
    for log in ["killed-survivor1.txt", "killed-survivor2.txt"] {
        let path = format!("{}/../formats/testdata/kernel_log/{log}", env!("CARGO_MANIFEST_DIR"));
        let story = only(&std::fs::read_to_string(path).unwrap(), 1);
        assert_eq!((story.kind, story.node), (Kind::NodeDied, Some(3)));
        assert!(story.cause.contains("node 3 died (no sign before)") && story.open.contains("look alike"), "{story:#?}");
        assert!(story.lines[0].words.contains("last message from node 3") && story.total_ms() > Some(15_000), "{story:#?}");
    }
}

#[test]
fn deaths_of_the_lab() {
    let read = |log: &str| std::fs::read_to_string(format!("{}/../formats/testdata/kernel_log/{log}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let story = only(&read("stalled-survivor.txt"), 1);
    assert!(story.node == Some(3) && story.cause.contains("storage of node 3 hung"), "{story:#?}");
    let story = only(&read("cut-survivor.txt"), 1);
    assert!(
        story.node == Some(3) && story.cause.contains("network between node 1 and node 3 lost") && story.cause.contains("2 of 3 nodes"),
        "{story:#?}"
    );
    let story = only(&read("stalled-victim.txt"), 3);
    assert_eq!((story.kind, story.total_ms()), (Kind::DiskFence, Some(12_160)));
    assert!(story.cause.contains("it asked node 1 to wait, and no approval came"), "{story:#?}");
}

#[test]
fn a_decision_of_the_quorum_about_another_node_is_no_cause() {
    let other = PEER.replace("node2 (num 2)", "node3 (num 3)");
    let log = format!(
        "[  100.00] o2net: Connection to {other} has been idle for 10.0 secs.\n\
         [  110.00] o2net: Connection to {other} has been idle for 10.0 secs.\n\
         [  119.00] (kworker/0:1,12,0):o2quo_make_decision:166 not fencing this node, heartbeating: 3, connected: 2, lowest: 1 (reachable)\n\
         [  120.00] o2net: Connection to {other} has been idle for 10.0 secs.\n\
         [  130.00] o2cb: o2dlm has evicted node 3 from domain D\n\
         [  300.00] o2net: Connection to {PEER} has been idle for 10.0 secs.\n\
         [  306.00] o2net: No longer connected to {PEER}\n\
         [  306.00] o2cb: o2dlm has evicted node 2 from domain D\n"
    );
    let causes: Vec<(Option<u32>, Basis, String)> = told(&log, 1).into_iter().map(|story| (story.node, story.basis, story.cause)).collect();
    assert_eq!(causes.len(), 2, "{causes:#?}");
    assert!(causes[0].2.contains("network between node 1 and node 3 lost") && causes[0].1 == Basis::Concluded, "{causes:#?}");
    assert!(causes[1].2.contains("node 2 died (no sign before)") && causes[1].1 == Basis::NoSign, "{causes:#?}");
}

#[test]
fn a_decision_after_a_silence_that_was_over_is_no_cause() {
    let other = PEER.replace("node2 (num 2)", "node3 (num 3)");
    let log = format!(
        "[  100.00] o2net: Connection to {PEER} has been idle for 10.0 secs.\n\
         [  200.00] o2net: Connection to {other} has been idle for 10.0 secs.\n\
         [  210.00] o2net: Connection to {other} has been idle for 10.0 secs.\n\
         [  218.00] (kworker/0:1,12,0):o2quo_make_decision:166 not fencing this node, heartbeating: 3, connected: 2, lowest: 1 (reachable)\n\
         [  220.00] o2net: Connection to {other} has been idle for 10.0 secs.\n\
         [  232.00] o2cb: o2dlm has evicted node 3 from domain D\n\
         [  400.00] o2net: Connection to {PEER} has been idle for 10.0 secs.\n\
         [  404.00] o2cb: o2dlm has evicted node 2 from domain D\n"
    );
    let stories = told(&log, 1);
    let of = |node| stories.iter().find(|story| story.kind == Kind::NodeDied && story.node == Some(node)).unwrap();
    assert!(of(3).headline.contains("network between node 1 and node 3 lost"), "{stories:#?}");
    let story = of(2);
    assert!(story.headline.contains("node 2 died (no sign before)"), "{story:#?}");
    // Its silence of 400, and not the one of 100 s.
    assert_eq!((story.lines.len(), story.total_ms()), (3, Some(14_000)), "{story:#?}");
    // A connection that ended stays lost until it is made anew, and so does one that never came about.
    for lost in [
        format!("No longer connected to {PEER}"),
        "No connection established with node 2 after 10.0 seconds, check network and cluster configuration.".to_owned(),
    ] {
        let log = format!(
            "[  100.00] o2net: {lost}\n\
             [  219.00] (kworker/0:1,12,0):o2quo_make_decision:166 not fencing this node, heartbeating: 3, connected: 2, lowest: 1 (reachable)\n\
             [  232.00] o2cb: o2dlm has evicted node 2 from domain D\n"
        );
        assert!(only(&log, 1).headline.contains("network between node 1 and node 2 lost"), "{lost}");
    }
}

#[test]
fn a_decision_is_told_with_those_that_are_lost_then() {
    let other = PEER.replace("node2 (num 2)", "node3 (num 3)");
    let log = format!(
        "[  100.00] o2net: Connection to {PEER} has been idle for 10.0 secs.\n\
         [  209.00] o2net: Connection to {other} has been idle for 10.0 secs.\n\
         [  218.00] (kworker/0:1,12,0):o2quo_make_decision:166 not fencing this node, heartbeating: 3, connected: 2, lowest: 1 (reachable)\n"
    );
    let stories = told(&log, 1);
    let lines: Vec<(Option<u32>, usize)> = stories.iter().map(|story| (story.node, story.lines.len())).collect();
    assert_eq!(lines, [(Some(2), 2), (Some(3), 3)], "{stories:#?}");
    assert!(stories.iter().all(|story| story.kind == Kind::ConnectionLost && story.basis == Basis::NoSign), "its cause is a guess");
}

#[test]
fn a_hang_that_was_approved_is_no_cause() {
    let received = format!("o2hb: receive negotiate timeout message from node 2 on {REGION}.");
    let all = format!("o2hb: all nodes hb write hung, maybe {REGION} is down.");
    let death = |said: &[(u32, &str)]| {
        let said = said.iter().fold(String::new(), |log, (at, text)| log + &format!("[  {at}.00] {text}\n"));
        only(&format!("{said}[  216.00] o2cb: o2dlm has evicted node 2 from domain D\n"), 1)
    };
    let story = death(&[(206, &received), (207, &all)]);
    assert_eq!(story.basis, Basis::NoSign, "{story:#?}");
    assert!(story.headline.contains("while the storage of all nodes hung") && story.cause.contains("told that it may wait"), "{story:#?}");
    assert!(!story.cause.contains("no approval") && story.open.contains("10.0 s before it was evicted"), "{story:#?}");
    // It asked again, and was not answered.
    let story = death(&[(200, &received), (201, &all), (208, &received)]);
    assert!(story.cause.contains("storage of node 2 hung") && story.cause.contains("no approval after that"), "{story:#?}");
    assert_eq!(story.basis, Basis::Concluded);
    // An answer about another region is none.
    let story = death(&[(206, &received), (207, &all.replace("003042", "113042"))]);
    assert_eq!(story.basis, Basis::Concluded, "{story:#?}");
}

#[test]
fn how_a_hang_ended_is_told_only_where_the_log_goes_on() {
    let asks = format!("[  206.00] o2hb: node 2 hb write hung for 6s on {REGION}, negotiate timeout with node 1.\n");
    let with = |last: &str| only(&format!("{asks}{last}"), 2);
    // Half of its timeout later it fences: what was said until then does not tell.
    for last in ["", "[  212.90] o2hb: Heartbeat mode set to local\n", "[  212.90] whatever\n"] {
        let story = with(last);
        assert!(story.kind == Kind::StorageHung && story.basis == Basis::NoSign && !story.open.is_empty(), "{story:#?}");
        assert!(!story.cause.contains("went on") && !story.headline.contains("for a while"), "{story:#?}");
    }
    let story = with("[  220.00] whatever\n");
    assert!(story.cause.contains("and then went on") && story.open.is_empty() && story.basis == Basis::Said, "{story:#?}");
    // So of another node that asked to wait, and of all.
    let asked = format!("[  206.00] o2hb: receive negotiate timeout message from node 2 on {REGION}.\n");
    assert!(!only(&asked, 1).cause.contains("not evicted") && only(&asked, 1).basis == Basis::NoSign);
    assert!(only(&format!("{asked}[  220.00] whatever\n"), 1).cause.contains("it was not evicted since"));
    let all = format!("{asked}[  206.50] o2hb: all nodes hb write hung, maybe {REGION} is down.\n");
    assert!(!only(&all, 1).headline.contains("nobody") && !only(&all, 1).open.is_empty());
    assert!(only(&format!("{all}[  230.00] whatever\n"), 1).headline.ends_with("and nobody was fenced"));
}

#[test]
fn a_fence_without_a_word_before_has_no_cause() {
    let story = only("[   50.0] *** ocfs2 is very sorry to be fencing this system by restarting ***\n", 2);
    assert_eq!((story.kind, story.basis), (Kind::Fence, Basis::NoSign));
    // Whoever is alone in a domain that it joins is the one that joins.
    let log =
        "[  10.0] o2dlm: Joining domain D ( 3 ) 1 nodes\n[   50.0] *** ocfs2 is very sorry to be fencing this system by restarting ***\n";
    assert_eq!(only(log, 9).node, Some(3));
}

#[test]
fn a_reset_is_no_farewell() {
    let log = |state| {
        format!(
            "[  200.00] o2net: Connection to {PEER} shutdown, state {state}\n[  200.00] o2net: No longer connected to {PEER}\n\
             [  210.00] o2cb: o2dlm has evicted node 2 from domain D\n"
        )
    };
    let story = only(&log(7), 1);
    assert!(story.headline.contains("its connection was reset") && !story.cause.contains("closed"), "{story:#?}");
    assert!(only(&log(8), 1).cause.contains("node 2 closed its connections"));
}

#[test]
fn an_approval_is_told_only_where_it_is_in_the_log() {
    let log = format!(
        "[  206.02] o2hb: node 2 hb write hung for 6s on {REGION}, negotiate timeout with node 1.\n\
         [  206.03] o2hb: negotiate timeout approved by master node on {REGION}.\n\
         [  212.02] (kworker/0:1,12,0):o2hb_write_timeout:316 ERROR: Heartbeat write timeout to device dm-0 after 12020 milliseconds\n"
    );
    let log = log + "[  212.02] *** ocfs2 is very sorry to be fencing this system by restarting ***\n";
    assert!(only(&log, 2).cause.contains("it asked node 1 to wait, and an approval came"));
    let again = log.replace(
        "[  212.02] (kworker",
        &format!("[  212.02] o2hb: node 2 hb write hung for 6s on {REGION}, negotiate timeout with node 1.\n[  212.02] (kworker"),
    );
    assert!(only(&again, 2).cause.contains("it asked node 1 to wait, and no approval came"));
}

#[test]
fn nothing_is_told_as_a_program_sees_it() {
    let story = only(
        "[ 5.0] INFO: task cp:412 blocked for more than 120 seconds.\n[ 9.5] Kernel panic - not syncing: hung_task: blocked tasks\n",
        1,
    );
    assert_eq!(story.lines[0].words, "task cp:412 has hung for 120 s or more");
}

#[test]
fn what_is_normal_or_over_is_no_death() {
    let start = format!(
        "[  1.0] o2net: Connection to {PEER} shutdown, state 8\n[  3.0] o2net: Connected to {PEER}\n\
         [  9.0] o2dlm: Node 2 leaves domain D ( 1 ) 1 nodes\n[  9.1] o2net: Connection to {PEER} shutdown, state 8\n[  9.1] o2net: No longer connected to {PEER}\n"
    );
    assert_eq!(told(&start, 1), []);
    let back = format!(
        "[ 20.0] o2net: Connection to {PEER} has been idle for 10.0 secs.\n[ 21.0] o2net: No longer connected to {PEER}\n[ 25.0] o2net: Connected to {PEER}\n"
    );
    let story = only(&back, 1);
    assert!(story.kind == Kind::ConnectionLost && story.headline.contains("came back") && story.total_ms() == Some(15_000), "{story:#?}");
    let all = format!(
        "[ 20.0] o2hb: node 1 hb write hung for 6s on {REGION}.\n[ 21.0] o2hb: receive negotiate timeout message from node 2 on {REGION}.\n[ 21.1] o2hb: all nodes hb write hung, maybe {REGION} is down.\n"
    );
    let story = only(&all, 1);
    assert!(story.kind == Kind::StorageHung && story.headline.contains("all nodes hung"), "{story:#?}");
}

#[test]
fn a_console_of_two_boots_and_a_panic() {
    let log = "[    0.000000] Linux version 6.1\n[   50.0] *** ocfs2 is very sorry to be fencing this system by restarting ***\n\
               [    0.000000] Linux version 6.1\n[    9.0] BUG: unable to handle page fault\n[    9.5] Kernel panic - not syncing: Fatal exception\n";
    let kinds: Vec<Kind> = told(log, 1).iter().map(|story| story.kind).collect();
    assert_eq!(kinds, [Kind::Fence, Kind::Crash]);
}

#[test]
fn a_refused_join_is_told_with_its_nodes() {
    let story = only(
        "[  150.0] o2cb: This node could not connect to nodes:\n[  150.0]  1\n[  150.0] .\n[  150.0] o2cb: Cluster check failed. Fix errors before retrying.\n",
        2,
    );
    assert!(story.kind == Kind::JoinFailed && story.cause.contains("node 1 beat and were not connected"), "{story:#?}");
    assert!(!story.kind.is_incident());
}
