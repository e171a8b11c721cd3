//! `o2net: …`, from `fs/ocfs2/cluster/tcp.c` and, where noted, `nodemanager.c`.

use super::super::pattern::holes;
use super::super::{Event, Peer, Setting};
use super::errno;

pub fn recognise(said: &str) -> Option<Event> {
    connection(said).or_else(|| refusal(said)).or_else(|| difference(said))
}

/// `NAME (num N) at ADDRESS:PORT`.
fn peer(text: &str) -> Option<Peer> {
    let [name, number, address, port] = holes("{} (num {}) at {}:{}", text)?;
    Some(Peer { name: name.to_owned(), number: number.parse().ok()?, address: address.parse().ok()?, port: port.parse().ok()? })
}

/// `10.105`: seconds, and milliseconds without leading zeros (`%lu.%lu` of `o2net_idle_timer`).
fn milliseconds(text: &str) -> Option<u64> {
    let (seconds, rest) = text.split_once('.')?;
    seconds.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(rest.parse().ok()?)
}

fn connection(said: &str) -> Option<Event> {
    if let Some(peer) = said.strip_prefix("Connected to node ").and_then(peer) {
        return Some(Event::Connected { peer, accepted: false });
    }
    if let Some(peer) = said.strip_prefix("Accepted connection from node ").and_then(peer) {
        return Some(Event::Connected { peer, accepted: true });
    }
    if let Some(peer) = said.strip_prefix("No longer connected to node ").and_then(peer) {
        return Some(Event::Disconnected { peer });
    }
    if let Some([node, state]) = holes("Connection to node {} shutdown, state {}", said) {
        return Some(Event::Shutdown { peer: peer(node)?, state: state.parse().ok()? });
    }
    // Before 3.17 it went on: `, shutting it down.`, and so it did.
    if let Some([node, time, _]) = holes("Connection to node {} has been idle for {} secs{}", said) {
        return Some(Event::Idle { peer: peer(node)?, ms: milliseconds(time)? });
    }
    // `, giving up.` before 3.17.
    if let Some([node, time, _]) = holes("No connection established with node {} after {} seconds,{}", said) {
        return Some(Event::NoConnection { node: node.parse().ok()?, ms: milliseconds(time)? });
    }
    let [node, number] = holes("Connect attempt to node {} failed with errno {}", said)?;
    Some(Event::ConnectFailed { peer: peer(node)?, errno: errno(number)? })
}

fn refusal(said: &str) -> Option<Event> {
    if let Some([address, port]) = holes("Attempt to connect from unknown node at {}:{}", said) {
        return Some(Event::UnknownNode { address: address.parse().ok()?, port: port.parse().ok()? });
    }
    if let Some([_, number, address]) =
        holes("Unexpected connect attempt seen at node {} from node {} ({})", said).and_then(|[here, _, from]: [&str; 3]| {
            let (number, rest) = from.split_once(", ")?;
            Some([here, number, rest.split_once(':')?.0])
        })
    {
        return Some(Event::UnexpectedConnect { number: number.parse().ok()?, address: address.parse().ok()? });
    }
    if let Some([name, address, _]) = holes("Attempt to connect from node '{}' at {}:{} but it already has an open connection", said) {
        return Some(Event::AlreadyConnected { name: name.to_owned(), address: address.parse().ok()? });
    }
    for deed in ["binding socket at", "listening on"] {
        if let Some([number, address, port]) = holes(&format!("Error {{}} while {deed} {{}}:{{}}"), said) {
            return Some(Event::SocketFailed { errno: errno(number)?, address: address.parse().ok()?, port: port.parse().ok()? });
        }
    }
    None
}

fn difference(said: &str) -> Option<Event> {
    for (words, setting) in
        [("network idle timeout", Setting::Idle), ("keepalive delay", Setting::Keepalive), ("heartbeat timeout", Setting::Heartbeat)]
    {
        if let Some([node, theirs, ours]) =
            holes(&format!("node {{}} uses a {words} of {{}} ms, but we use {{}} ms locally. Disconnecting."), said)
        {
            return Some(Event::SettingDiffers {
                peer: peer(node)?,
                setting,
                theirs_ms: theirs.parse().ok()?,
                ours_ms: ours.parse().ok()?,
            });
        }
    }
    if let Some([node, theirs, ours]) = holes("node {} Advertised net protocol version {} but {} is required. Disconnecting.", said) {
        return Some(Event::ProtocolDiffers { peer: peer(node)?, theirs: theirs.parse().ok()?, ours: ours.parse().ok()? });
    }
    // nodemanager.c
    let [what, _] = holes("cannot change {} after the first peer has agreed to it.{}", said)?;
    match what {
        "idle timeout" => Some(Event::TimeoutPinned { setting: Setting::Idle }),
        "keepalive delay" => Some(Event::TimeoutPinned { setting: Setting::Keepalive }),
        _ => None,
    }
}
