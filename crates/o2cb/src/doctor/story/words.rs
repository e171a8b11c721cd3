//! What a message says, for people.

use super::seconds;
use formats::kernel_log::{Event, FenceMethod, Setting};

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
            let what = match setting {
                Setting::Idle => "idle timeout",
                Setting::Keepalive => "keepalive delay",
                Setting::Heartbeat => "heartbeat timeout",
            };
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
        other => format!("{other:?}"),
    }
}
