//! Whole logs of real nodes, and every text that is known.

use super::*;
use std::net::Ipv4Addr;

fn one(text: &str) -> Event {
    recognise(text).unwrap_or_else(|| panic!("not recognised: {text}"))
}

fn node2() -> Peer {
    Peer { name: "node2".to_owned(), number: 2, address: Ipv4Addr::new(10, 9, 0, 2), port: 7777 }
}

const NODE2: &str = "node node2 (num 2) at 10.9.0.2:7777";

#[test]
fn connections() {
    let peer = node2();
    assert_eq!(one(&format!("o2net: Connected to {NODE2}")), Event::Connected { peer: peer.clone(), accepted: false });
    assert_eq!(one(&format!("o2net: Accepted connection from {NODE2}")), Event::Connected { peer: peer.clone(), accepted: true });
    assert_eq!(one(&format!("o2net: No longer connected to {NODE2}")), Event::Disconnected { peer: peer.clone() });
    assert_eq!(one(&format!("o2net: Connection to {NODE2} shutdown, state 8")), Event::Shutdown { peer: peer.clone(), state: 8 });
    // The fraction is of milliseconds and has no leading zeros.
    assert_eq!(one(&format!("o2net: Connection to {NODE2} has been idle for 5.64 secs.")), Event::Idle { peer: peer.clone(), ms: 5064 });
    let old = format!("o2net: Connection to {NODE2} has been idle for 30.0 secs, shutting it down.");
    assert_eq!(one(&old), Event::Idle { peer: peer.clone(), ms: 30000 });
    let none = Event::NoConnection { node: 2, ms: 30000 };
    assert_eq!(one("o2net: No connection established with node 2 after 30.0 seconds, check network and cluster configuration."), none);
    assert_eq!(one("o2net: No connection established with node 2 after 30.0 seconds, giving up."), none);
    let failed = format!("o2net: Connect attempt to {NODE2} failed with errno -113");
    assert_eq!(one(&failed), Event::ConnectFailed { peer: peer.clone(), errno: 113 });
    let unknown = one("o2net: Attempt to connect from unknown node at 10.9.0.99:40170");
    assert_eq!(unknown, Event::UnknownNode { address: Ipv4Addr::new(10, 9, 0, 99), port: 40170 });
    let unexpected = one("o2net: Unexpected connect attempt seen at node 'node3' (3, 10.9.0.3:7777) from node 'node1' (1, 10.9.0.1:4711)");
    assert_eq!(unexpected, Event::UnexpectedConnect { number: 1, address: Ipv4Addr::new(10, 9, 0, 1) });
    let twice = one("o2net: Attempt to connect from node 'node2' at 10.9.0.2:40170 but it already has an open connection");
    assert_eq!(twice, Event::AlreadyConnected { name: "node2".to_owned(), address: peer.address });
    let socket = Event::SocketFailed { errno: 99, address: Ipv4Addr::new(10, 77, 0, 77), port: 7777 };
    assert_eq!(one("o2net: Error -99 while binding socket at 10.77.0.77:7777"), socket);
    let differs = format!("o2net: {NODE2} uses a network idle timeout of 30000 ms, but we use 60000 ms locally. Disconnecting.");
    let expected = Event::SettingDiffers { peer: peer.clone(), setting: Setting::Idle, theirs_ms: 30000, ours_ms: 60000 };
    assert_eq!(one(&differs), expected);
    let differs = format!("o2net: {NODE2} uses a heartbeat timeout of 12000 ms, but we use 120000 ms locally. Disconnecting.");
    assert!(matches!(one(&differs), Event::SettingDiffers { setting: Setting::Heartbeat, theirs_ms: 12000, .. }));
    let version = format!("o2net: {NODE2} Advertised net protocol version 10 but 11 is required. Disconnecting.");
    assert_eq!(one(&version), Event::ProtocolDiffers { peer, theirs: 10, ours: 11 });
    let pinned = "o2net: cannot change idle timeout after the first peer has agreed to it.  2 connected peers";
    assert_eq!(one(pinned), Event::TimeoutPinned { setting: Setting::Idle });
}

#[test]
fn heartbeats() {
    let (region, device) = ("003042E03E0B4F679C65C95B76CAE8D4".to_owned(), Some("vdb".to_owned()));
    let of = "on region 003042E03E0B4F679C65C95B76CAE8D4 (vdb)";
    let pair = || (region.clone(), device.clone());
    let (region, device) = pair();
    assert_eq!(one(&format!("o2hb: Heartbeat started {of}")), Event::HeartbeatStarted { region: region.clone(), device: device.clone() });
    let bare = one("o2hb: Heartbeat stopped on region 003042E03E0B4F679C65C95B76CAE8D4");
    assert_eq!(bare, Event::HeartbeatStopped { region: region.clone(), device: None });
    let hung = Event::WriteHung { node: 2, seconds: 6, region: region.clone(), device: device.clone(), asked: Some(1) };
    assert_eq!(one(&format!("o2hb: node 2 hb write hung for 6s {of}, negotiate timeout with node 1.")), hung);
    let hung = Event::WriteHung { node: 1, seconds: 6, region: region.clone(), device: device.clone(), asked: None };
    assert_eq!(one(&format!("o2hb: node 1 hb write hung for 6s {of}.")), hung);
    let asked = Event::NegotiationReceived { from: 2, region: region.clone(), device: device.clone() };
    assert_eq!(one(&format!("o2hb: receive negotiate timeout message from node 2 {of}.")), asked);
    let approved = Event::NegotiationApproved { region: region.clone(), device: device.clone() };
    assert_eq!(one(&format!("o2hb: negotiate timeout approved by master node {of}.")), approved);
    let all = one("o2hb: all nodes hb write hung, maybe region 003042E03E0B4F679C65C95B76CAE8D4 (vdb) is down.");
    assert_eq!(all, Event::AllHung { region, device });
    let head = "(kworker/1:2,331,1):o2hb_write_timeout:316 ERROR: ";
    let timeout = Event::WriteTimeout { device: "vdb".to_owned(), ms: 12024 };
    assert_eq!(one(&format!("{head}Heartbeat write timeout to device vdb after 12024 milliseconds")), timeout);
    let stopping = "(kworker/1:2,331,1):o2hb_stop_all_regions:2577 ERROR: stopping heartbeat on all active regions.";
    assert_eq!(one(stopping), Event::StoppingAllRegions);
    let io = one("(swapper,0,0):o2hb_bio_end_io:447 ERROR: IO Error -5");
    assert_eq!(io, Event::HeartbeatIoError { errno: 5, device: None });
    let dead = "(o2hb-0030,9,0):o2hb_check_slot:1077 ERROR: Node 3 on device vdb has a dead count of 122000 ms, but our count is 14000 ms.\nPlease double check your configuration values for 'O2CB_HEARTBEAT_THRESHOLD'";
    let differs = Event::DeadTimeDiffers { node: 3, device: "vdb".to_owned(), theirs_ms: 122_000, ours_ms: 14_000 };
    assert_eq!(one(dead), differs);
    let slot = "(o2hb-0030,9,0):o2hb_check_own_slot:610 ERROR: Heartbeat generation mismatch on device (vdb): expected(2:0x1f, 0x6b0), ondisk(2:0x2e, 0x6b1)";
    let expected = Event::SlotWritten {
        fault: SlotFault::Generation,
        device: "vdb".to_owned(),
        expected: Some(Slot { node: 2, generation: 0x1f, seq: 0x6b0 }),
        on_disk: Some(Slot { node: 2, generation: 0x2e, seq: 0x6b1 }),
    };
    assert_eq!(one(slot), expected);
    let sector = one("(o2hb_ctl,9,0):o2hb_region_dev_store:1791 ERROR: blocksize 512 incorrect for device, expected 4096");
    assert_eq!(sector, Event::WrongSector { given: 512, needed: 4096 });
}

#[test]
fn decisions_of_the_quorum() {
    let head = "(kworker/0:1,12,0):o2quo_make_decision:143 ERROR: ";
    let minority = "fencing this node because it is only connected to 1 nodes and 2 is needed to make a quorum out of 3 heartbeating nodes";
    assert_eq!(one(&format!("{head}{minority}")), Event::FenceMinority { connected: 1, needed: 2, beating: 3 });
    let half =
        "fencing this node because it is connected to a half-quorum of 1 out of 2 nodes which doesn't include the lowest active node 1";
    assert_eq!(one(&format!("{head}{half}")), Event::FenceHalf { connected: 1, beating: 2, lowest: 1 });
    // A notice has no grade.
    let not = "(kworker/0:1,12,0):o2quo_make_decision:166 not fencing this node, heartbeating: 2, connected: 1, lowest: 1 (reachable)";
    assert_eq!(one(not), Event::NotFencing { beating: 2, connected: 1, lowest: 1, reachable: true });
    for (word, how) in [("restarting", FenceMethod::Restart), ("panicing", FenceMethod::Panic)] {
        assert_eq!(one(&format!("*** ocfs2 is very sorry to be fencing this system by {word} ***")), Event::Fencing { how });
    }
    let panic = "Kernel panic - not syncing: *** ocfs2 is very sorry to be fencing this system by panicing ***";
    assert_eq!(one(panic), Event::Fencing { how: FenceMethod::Panic });
}

#[test]
fn joins_that_are_refused() {
    assert_eq!(one("o2cb: This node could not connect to nodes: 1 12."), Event::CannotConnect { nodes: vec![1, 12] });
    assert_eq!(one("o2cb: Cluster check failed. Fix errors before retrying."), Event::CheckFailed);
    assert_eq!(one("o2cb: Local heartbeat has not been started."), Event::NotStarted { global: false });
    let head = "(kworker/u4:0,7,0):dlm_match_nodes:1216 ERROR: ";
    let node = one(&format!("{head}Domain D: Node 9 (10.9.0.9:7777) registered in joining node 2 but not in local node 1"));
    let address = Ipv4Addr::new(10, 9, 0, 9);
    let expected = Event::NodeDiffers { domain: "D".to_owned(), node: 9, address, port: 7777, on: Side::Joining, local: 1, joining: 2 };
    assert_eq!(node, expected);
    let region = one(&format!("{head}Domain D: Region 'AB' registered in local node 1 but not in joining node 2"));
    let expected = Event::RegionDiffers { domain: "D".to_owned(), region: "AB".to_owned(), on: Side::Here, local: 1, joining: 2 };
    assert_eq!(region, expected);
    let mode = one(&format!("{head}Domain D: Joining node 2 has global heartbeat enabled but local node 1 does not"));
    assert_eq!(mode, Event::ModeDiffers { domain: "D".to_owned(), global: Side::Joining, local: 1, joining: 2 });
    assert_eq!(one("(mount.ocfs2,9,0):dlm_try_to_join_domain:1710 ERROR: node mismatch -22, node 1"), Event::NodeMismatch { node: 1 });
    assert_eq!(one("(mount.ocfs2,9,0):dlm_query_region:1 ERROR: Region mismatch -22, node 1"), Event::RegionMismatch { node: 1 });
}

#[test]
fn volumes_and_machine() {
    let mounting = one("ocfs2: Mounting device (254,16) on (node 2, slot 1) with ordered data mode.");
    assert_eq!(mounting, Event::Mounting { device: "254,16".to_owned(), node: Some(2), slot: 1 });
    assert!(matches!(
        one("ocfs2: Mounting device (7,0) on (node local, slot 0) with ordered data mode."),
        Event::Mounting { node: None, .. }
    ));
    let helper = one("ocfs2: Error -2 running user helper \"/sbin/ocfs2_hb_ctl -K -u AB\"");
    assert_eq!(helper, Event::HelperFailed { errno: -2, command: "/sbin/ocfs2_hb_ctl -K -u AB".to_owned() });
    let disk = one("blk_update_request: I/O error, dev sdb, sector 2048 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 0");
    assert_eq!(disk, Event::DiskError { device: "sdb".to_owned() });
    assert_eq!(one("I/O error, dev dm-3, sector 8 op 0x0:(READ)"), Event::DiskError { device: "dm-3".to_owned() });
    assert_eq!(one("igb 0000:01:00.0 eth0: igb: eth0 NIC Link is Down"), Event::CarrierLost { interface: "eth0".to_owned() });
    assert_eq!(one("INFO: task cp:412 blocked for more than 120 seconds."), Event::TaskHung { task: "cp:412".to_owned(), seconds: 120 });
    for nothing in
        ["", "usb 1-1: new", "ocfs2: something else", "o2net: ", "(x,1,0):f:1 ERROR: status = -112", "o2dlm: Node x joins domain D"]
    {
        assert_eq!(recognise(nothing), None, "{nothing}");
    }
}

/// Events of a log of the lab, by their kind.
fn kinds(log: &str) -> Vec<String> {
    let messages = Message::all_of(log.as_bytes());
    let events = messages.into_iter().filter_map(|message| message.event);
    events.map(|event| format!("{event:?}").split([' ', '{']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn survivors_of_a_killed_node() {
    let first = kinds(include_str!("../../testdata/kernel_log/killed-survivor1.txt"));
    let tail = ["Evicted", "Evicted", "RecoveryBegins", "RecoveryMaster", "RecoveryEnds"];
    assert_eq!(first, [&["Idle", "Idle", "Disconnected", "WaitingForDeath"], &tail[..]].concat());
    let second = kinds(include_str!("../../testdata/kernel_log/killed-survivor2.txt"));
    assert_eq!(second.last().map(String::as_str), Some("ReplayEnds"));
}

#[test]
fn a_start_with_global_heartbeat() {
    let log = include_str!("../../testdata/kernel_log/global-start.txt");
    let messages = Message::all_of(log.as_bytes());
    let joined = messages.iter().filter_map(|message| match &message.event {
        Some(Event::Joining { nodes: Some(nodes), .. } | Event::Joined { nodes: Some(nodes), .. }) => Some(nodes.len()),
        _ => None,
    });
    assert!(joined.count() >= 4, "{:?}", kinds(log));
    assert!(messages.iter().all(|message| message.text.trim() != "("), "a piece is left over");
    assert!(kinds(log).iter().any(|kind| kind == "QuorumRegion"));
}
