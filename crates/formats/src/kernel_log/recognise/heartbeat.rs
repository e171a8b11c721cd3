//! `o2hb: …` and what `fs/ocfs2/cluster/heartbeat.c` and `quorum.c` log.

use super::super::pattern::holes;
use super::super::{Event, FenceMethod, Slot, SlotFault};
use super::{errno, region};

/// Makes an event of a region and its device.
type Make = fn(String, Option<String>) -> Event;

pub fn recognise(said: &str) -> Option<Event> {
    if let Some([mode]) = holes("Heartbeat mode set to {}", said) {
        return Some(Event::HeartbeatMode { global: mode == "global" });
    }
    let simple: [(&str, Make); 6] = [
        ("Heartbeat started on region {}", |region, device| Event::HeartbeatStarted { region, device }),
        ("Heartbeat stopped on region {}", |region, device| Event::HeartbeatStopped { region, device }),
        ("Region {} is now a quorum device", |region, device| Event::QuorumRegion { region, device }),
        ("Unable to stabilize heartbeat on region {}", |region, device| Event::Unsteady { region, device }),
        ("negotiate timeout approved by master node on region {}", |region, device| Event::NegotiationApproved { region, device }),
        ("all nodes hb write hung, maybe region {} is down.", |region, device| Event::AllHung { region, device }),
    ];
    for (pattern, make) in simple {
        if let Some([named]) = holes(pattern, said) {
            let (region, device) = region(named);
            return Some(make(region, device));
        }
    }
    if let Some([from, named]) = holes("receive negotiate timeout message from node {} on region {}", said) {
        let (region, device) = region(named);
        return Some(Event::NegotiationReceived { from: from.parse().ok()?, region, device });
    }
    let [node, seconds, rest] = holes("node {} hb write hung for {}s on region {}", said)?;
    let (named, asked) = match rest.split_once(", negotiate timeout with node ") {
        Some((named, asked)) => (named, Some(asked.trim_end_matches('.').parse().ok()?)),
        None => (rest, None),
    };
    let (region, device) = region(named);
    Some(Event::WriteHung { node: node.parse().ok()?, seconds: seconds.parse().ok()?, region, device, asked })
}

/// What comes with the head of a logged error or notice.
pub fn logged(said: &str) -> Option<Event> {
    if let Some([device, time]) = holes("Heartbeat write timeout to device {} after {} milliseconds", said) {
        return Some(Event::WriteTimeout { device: device.to_owned(), ms: time.parse().ok()? });
    }
    if said == "stopping heartbeat on all active regions." {
        return Some(Event::StoppingAllRegions);
    }
    if let Some([number, device]) = holes("Write error {} on device \"{}\"", said) {
        return Some(Event::HeartbeatIoError { errno: errno(number)?, device: Some(device.to_owned()) });
    }
    if let Some([number]) = holes("IO Error {}", said) {
        return Some(Event::HeartbeatIoError { errno: errno(number)?, device: None });
    }
    if let Some([node, device]) = holes("Node {} has written a bad crc to {}", said) {
        return Some(Event::BadChecksum { node: node.parse().ok()?, device: device.to_owned() });
    }
    if let Some([node, device, theirs, ours, _]) = holes("Node {} on device {} has a dead count of {} ms, but our count is {} ms.{}", said)
    {
        let (theirs_ms, ours_ms) = (theirs.parse().ok()?, ours.parse().ok()?);
        return Some(Event::DeadTimeDiffers { node: node.parse().ok()?, device: device.to_owned(), theirs_ms, ours_ms });
    }
    if let Some([given, needed]) = holes("blocksize {} incorrect for device, expected {}", said) {
        return Some(Event::WrongSector { given: given.parse().ok()?, needed: needed.parse().ok()? });
    }
    slot(said).or_else(|| quorum(said))
}

fn slot(said: &str) -> Option<Event> {
    // Before 3.0.
    if let Some([device]) = holes("Device \"{}\": another node is heartbeating in our slot!", said) {
        return Some(Event::SlotWritten { fault: SlotFault::Node, device: device.to_owned(), expected: None, on_disk: None });
    }
    let faults = [
        ("Another node is heartbeating on device", SlotFault::Node),
        ("Heartbeat generation mismatch on device", SlotFault::Generation),
        ("Heartbeat sequence mismatch on device", SlotFault::Sequence),
    ];
    let (rest, fault) = faults.into_iter().find_map(|(words, fault)| Some((said.strip_prefix(words)?, fault)))?;
    let [device, expected, on_disk] = holes(" ({}): expected({}), ondisk({})", rest)?;
    Some(Event::SlotWritten { fault, device: device.to_owned(), expected: slot_of(expected), on_disk: slot_of(on_disk) })
}

/// `2:0x5f3a, 0x6b02`: node, generation, beat.
fn slot_of(text: &str) -> Option<Slot> {
    let [node, generation, seq] = holes("{}:0x{}, 0x{}", text)?;
    let hexadecimal = |digits: &str| u64::from_str_radix(digits, 16).ok();
    Some(Slot { node: node.parse().ok()?, generation: hexadecimal(generation)?, seq: hexadecimal(seq)? })
}

fn quorum(said: &str) -> Option<Event> {
    let number = |text: &str| text.parse().ok();
    if let Some([connected, needed, beating]) = holes(
        "fencing this node because it is only connected to {} nodes and {} is needed to make a quorum out of {} heartbeating nodes",
        said,
    ) {
        return Some(Event::FenceMinority { connected: number(connected)?, needed: number(needed)?, beating: number(beating)? });
    }
    if let Some([connected, beating, lowest]) = holes(
        "fencing this node because it is connected to a half-quorum of {} out of {} nodes which doesn't include the lowest active node {}",
        said,
    ) {
        return Some(Event::FenceHalf { connected: number(connected)?, beating: number(beating)?, lowest: number(lowest)? });
    }
    let [beating, connected, lowest, reachable] = holes("not fencing this node, heartbeating: {}, connected: {}, lowest: {} ({})", said)?;
    Some(Event::NotFencing {
        beating: number(beating)?,
        connected: number(connected)?,
        lowest: number(lowest)?,
        reachable: reachable == "reachable",
    })
}

/// The last words (`o2quo_fence_self`).
pub fn fencing(said: &str) -> Option<Event> {
    let [_, how] = holes("{}*** ocfs2 is very sorry to be fencing this system by {} ***", said)?;
    match how {
        "restarting" => Some(Event::Fencing { how: FenceMethod::Restart }),
        "panicing" => Some(Event::Fencing { how: FenceMethod::Panic }),
        _ => None,
    }
}
