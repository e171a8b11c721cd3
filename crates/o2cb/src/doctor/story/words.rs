//! What a message says, for people.

use super::seconds;
use formats::kernel_log::{Event, FenceMethod, Setting, Side, SlotFault};

/// In words.
pub fn of(event: &Event) -> String {
    match event {
        Event::Connected { peer, .. } => format!("connected with node {}", peer.number),
        Event::Shutdown { peer, state: 7 } => format!("the connection to node {} was refused or reset", peer.number),
        Event::Shutdown { peer, state: 8 } => format!("node {} closed the connection", peer.number),
        Event::Shutdown { peer, state } => format!("the connection to node {} was closed (TCP state {state})", peer.number),
        Event::Disconnected { peer } => format!("the connection to node {} is gone", peer.number),
        Event::Idle { peer, ms } => format!("nothing from node {} for {}", peer.number, seconds(*ms)),
        Event::NoConnection { node, ms } => format!("node {node} beats, and no connection came about for {}", seconds(*ms)),
        Event::ConnectFailed { peer, errno } => format!("connecting to node {} failed with error {errno}", peer.number),
        Event::SettingDiffers { peer, setting, theirs_ms, ours_ms } => {
            let what = setting_word(*setting);
            format!("node {} has a {what} of {theirs_ms} ms, this one {ours_ms} ms", peer.number)
        }
        Event::WriteHung { node, seconds, device, asked, .. } => {
            let device = device.as_deref().unwrap_or("its region");
            let asks = asked.map_or_else(String::new, |asked| format!("; it asks node {asked} to wait"));
            format!("node {node}'s heartbeat write to {device} has hung for {seconds} s{asks}")
        }
        Event::NegotiationReceived { from, .. } => format!("node {from} says that its heartbeat write hangs, and asks to wait"),
        Event::NegotiationApproved { .. } => "all nodes' writes hang: it may wait".to_owned(),
        Event::AllHung { .. } => "all nodes' writes hang: they may wait".to_owned(),
        Event::WriteTimeout { device, ms } => format!("no heartbeat could be written to {device} for {}", seconds(*ms)),
        Event::StoppingAllRegions => "it stops its heartbeats".to_owned(),
        Event::HeartbeatIoError { errno, device } => {
            format!(
                "a heartbeat's read or write{} failed with error {errno}",
                device.as_ref().map_or_else(String::new, |device| format!(" on {device}"))
            )
        }
        Event::DiskError { device } => format!("the disk {device} returned an error"),
        Event::CarrierLost { interface } => format!("the interface {interface} lost its link"),
        Event::FenceMinority { connected, needed, beating } => {
            format!(
                "quorum: connected with {connected} of {beating} nodes that beat, itself included; {needed} are needed: it fences itself"
            )
        }
        Event::FenceHalf { connected, beating, lowest } => {
            format!("quorum: connected with half ({connected} of {beating}), without the lowest node {lowest}: it fences itself")
        }
        Event::NotFencing { beating, connected, lowest, reachable } => {
            let reached = if *reachable { "reachable" } else { "not reachable" };
            format!("quorum: connected with {connected} of {beating} nodes that beat, the lowest ({lowest}) {reached}: it stays")
        }
        Event::Fencing { how: FenceMethod::Restart } => "it restarts itself".to_owned(),
        Event::Fencing { how: FenceMethod::Panic } => "it panics".to_owned(),
        Event::Left { node, domain, .. } => format!("node {node} left domain {domain}"),
        Event::Evicted { node, domain } => format!("node {node} is dead: evicted from domain {domain}"),
        Event::RecoveryBegins { node, domain } => format!("its locks are taken over in domain {domain} (node {node})"),
        Event::RecoveryMaster { node, me, .. } => format!("node {node}{} leads the recovery", if *me { ", this one," } else { "" }),
        Event::RecoveryEnds { domain } => format!("the recovery of domain {domain} is done"),
        Event::WaitingForDeath { node, .. } => format!("somebody waits for node {node} to be declared dead"),
        Event::WaitingForRecovery { node, .. } => format!("somebody waits for the recovery of node {node}"),
        Event::LinkDown { node } => format!("messages to node {node} fail"),
        Event::ReplayBegins { node, device, .. } => format!("node {node}'s journal on {device} is replayed"),
        Event::ReplayEnds { node, device, .. } => format!("node {node}'s journal on {device} is replayed: done"),
        Event::CannotConnect { nodes } => format!("{} beat and were not connected for 60 s", super::nodes(nodes)),
        Event::CheckFailed => "the mount or domain is refused".to_owned(),
        Event::NotConfigured => "no node of the cluster is this machine".to_owned(),
        Event::NotStarted { global } => format!("the {} heartbeat does not run", if *global { "global" } else { "local" }),
        Event::Oops => "the kernel stumbled".to_owned(),
        Event::Panic { why } => format!("the kernel panicked: {why}"),
        Event::ProtocolDiffers { peer, theirs, ours } => {
            format!("node {} speaks version {theirs} of the protocol, this one {ours}", peer.number)
        }
        Event::UnknownNode { address, port } => format!("somebody connected from {address}:{port}, which is the address of no node"),
        Event::UnexpectedConnect { number, address } => {
            format!("node {number} connected from {address}, though only the node with the higher number does")
        }
        Event::AlreadyConnected { name, address } => format!("node {name} connected from {address} once more"),
        Event::SocketFailed { errno, address, port } => format!("{address}:{port} could not be had: error {errno}"),
        Event::TimeoutPinned { setting } => format!("the {} was not changed: nodes are connected", setting_word(*setting)),
        Event::HeartbeatMode { global } => format!("the heartbeat mode is {}", if *global { "global" } else { "local" }),
        Event::HeartbeatStarted { region, device } => format!("the heartbeat{} begins", on(region, device.as_deref())),
        Event::HeartbeatStopped { region, device } => format!("the heartbeat{} ends", on(region, device.as_deref())),
        Event::QuorumRegion { region, device } => format!("the heartbeat{} counts for the quorum", on(region, device.as_deref())),
        Event::Unsteady { region, device } => format!("the heartbeat{} did not become steady", on(region, device.as_deref())),
        Event::BadChecksum { node, device } => format!("the slot of node {node} on {device} is damaged"),
        Event::DeadTimeDiffers { node, device, theirs_ms, ours_ms } => {
            format!("node {node} on {device} counts others dead after {theirs_ms} ms, this one after {ours_ms} ms")
        }
        Event::SlotWritten { fault, device, .. } => {
            let what = match fault {
                SlotFault::Node => "the number of another node",
                SlotFault::Generation => "another generation than it wrote last",
                SlotFault::Sequence => "another beat than it wrote last",
            };
            format!("this node's slot on {device} has {what}")
        }
        Event::WrongSector { given, needed } => format!("slots of {given} bytes on a device with sectors of {needed}"),
        Event::Joining { domain, .. } => format!("this node joins domain {domain}"),
        Event::Joined { node, domain, .. } => format!("node {node} joined domain {domain}"),
        Event::Leaving { domain } => format!("this node leaves domain {domain}"),
        Event::NodeDiffers { node, address, port, on, local, joining, .. } => {
            format!("node {node} ({address}:{port}) is {}", in_one(*on, *local, *joining))
        }
        Event::RegionDiffers { region, on, local, joining, .. } => format!("region {region} is {}", in_one(*on, *local, *joining)),
        Event::ModeDiffers { global, local, joining, .. } => format!("global heartbeat is {}", in_one(*global, *local, *joining)),
        Event::NodeMismatch { node } => format!("node {node} refused the join: the node tables differ"),
        Event::RegionMismatch { node } => format!("node {node} refused the join: the regions differ"),
        Event::JoinTimedOut { domain, ms } => format!("joining domain {domain} was given up after {}", seconds(*ms)),
        Event::Mounting { device, slot, .. } => format!("the volume on {device} is mounted, in slot {slot}"),
        Event::Unmounting { device, .. } => format!("the volume on {device} was unmounted"),
        Event::NotCleanlyUnmounted { device } => format!("the last user of the volume on {device} had died"),
        Event::StackRegistered { stack } => format!("the cluster stack {stack} can be used"),
        Event::StackUnregistered { stack } => format!("the cluster stack {stack} can no longer be used"),
        Event::OtherStack => "another cluster stack is in use".to_owned(),
        Event::NoStackDriver { stack } => format!("the module of the cluster stack {stack} is missing"),
        Event::MountModeDiffers => "the heartbeat mode of a volume is not the cluster's".to_owned(),
        Event::HelperFailed { errno, command } => format!("`{command}` failed with {errno}"),
        Event::TaskHung { task, seconds } => format!("task {task} has hung for {seconds} s or more"),
        Event::OrderlyEnd => "this machine was told to stop or to restart".to_owned(),
    }
}

fn setting_word(setting: Setting) -> &'static str {
    match setting {
        Setting::Idle => "idle timeout",
        Setting::Keepalive => "keepalive delay",
        Setting::Heartbeat => "heartbeat timeout",
    }
}

/// ` on sdb`, or its region.
fn on(region: &str, device: Option<&str>) -> String {
    device.map_or_else(|| format!(" of region {region}"), |device| format!(" on {device}"))
}

fn in_one(on: Side, local: u32, joining: u32) -> String {
    let (has, lacks) = match on {
        Side::Here => (local, joining),
        Side::Joining => (joining, local),
    };
    format!("registered on node {has}, not on node {lacks}")
}
