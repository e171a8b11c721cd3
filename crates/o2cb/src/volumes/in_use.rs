//! Which nodes have a volume mounted: its slot map says who took a slot, the heartbeats say who of them lives.

use super::cluster::Known;
use super::watch::Watched;
use formats::o2hb::{Block, Expected, SlotHistory, State, common_dead_ms};
use formats::ocfs2_disk::{SlotMap, Stack, Superblock};
use std::collections::BTreeSet;
use std::time::Duration;

/// Dead time where nobody says one: O2CB's default threshold, 31.
const DEFAULT_DEAD_MS: u64 = 62_000;
/// How far clocks of machines may be apart, in seconds, for a last beat's time to be believed.
const CLOCKS_APART: u64 = 60;

/// How a node stands to a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// It has a slot and beats: it has mounted the volume.
    Mounted,
    /// It has a slot and does not live: it died, and nobody has replayed its journal yet.
    Stale(String),
    /// It cannot be told.
    Unknown(String),
}

/// A node with a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeUse {
    /// Slot.
    pub slot: usize,
    /// Node number as the slot map has it.
    pub node: u32,
    /// How it stands.
    pub state: Use,
}

/// Where a volume's nodes beat.
#[derive(Debug)]
pub struct Heartbeats<'a> {
    /// Regions that were watched.
    pub watched: Vec<&'a Watched>,
    /// Why not all regions of the cluster are among them; then a node that is silent in these may live by another one.
    pub missing: Option<String>,
    /// Clock of this machine, in seconds since 1970.
    pub wall_clock: u64,
}

/// Every node with a slot, in the order of slots.
pub fn in_use(
    superblock: &Superblock,
    map: &SlotMap,
    mounted_here: bool,
    heartbeats: &Heartbeats<'_>,
    known: Option<&Known>,
) -> Vec<NodeUse> {
    let taken = map.slots.iter().enumerate().filter_map(|(slot, node)| Some((slot, (*node)?)));
    taken
        .map(|(slot, node)| {
            let state = match superblock.stack() {
                Stack::Local if mounted_here => Use::Mounted,
                Stack::Local => Use::Unknown("a local volume has no heartbeat, and this machine has not mounted it".to_owned()),
                Stack::Named(stack) if stack != "o2cb" => Use::Unknown(format!("stack {stack} does not beat on disk")),
                _ => of_node(node, heartbeats, known),
            };
            NodeUse { slot, node, state }
        })
        .collect()
}

/// Nodes that beat in the regions, and beat only there have no slot of the volume.
pub fn beating_without_slot(map: Option<&SlotMap>, heartbeats: &Heartbeats<'_>, known: Option<&Known>) -> BTreeSet<u8> {
    let with_slot: BTreeSet<u32> = map.iter().flat_map(|map| map.nodes()).collect();
    let beating = heartbeats.watched.iter().flat_map(|watched| beating(watched, known));
    beating.filter(|node| !with_slot.contains(&u32::from(*node))).collect()
}

/// Nodes that beat in a region.
pub fn beating(watched: &Watched, known: Option<&Known>) -> Vec<u8> {
    let expected = Expected { dead_ms: dead_ms(watched, known), nodes: None };
    let slots = (0..=u8::MAX).zip(&watched.slots);
    let beats = |(node, slot): &(u8, &SlotHistory)| matches!(slot.judge(*node, watched.end, expected).state, State::Beating { .. });
    slots.filter(beats).map(|(node, _)| node).collect()
}

/// After how many milliseconds of silence a node of the region is dead, if anybody says: the cluster that runs, else the nodes that beat.
pub fn dead_ms(watched: &Watched, known: Option<&Known>) -> Option<u32> {
    known.and_then(|known| known.dead_ms).or_else(|| common_dead_ms(&watched.slots))
}

fn of_node(node: u32, heartbeats: &Heartbeats<'_>, known: Option<&Known>) -> Use {
    let Some(number) = u8::try_from(node).ok().filter(|number| *number < u8::MAX) else {
        return Use::Unknown(format!("no node of O2CB has number {node}"));
    };
    let mut stale = None;
    let mut unknown = heartbeats.missing.clone();
    for watched in &heartbeats.watched {
        match in_region(number, watched, heartbeats.wall_clock, known) {
            Use::Mounted => return Use::Mounted,
            Use::Stale(why) => stale = stale.or(Some(why)),
            Use::Unknown(why) => unknown = unknown.or(Some(why)),
        }
    }
    // Only who is dead in all regions is dead.
    match (unknown, stale) {
        (None, Some(why)) => Use::Stale(why),
        (Some(why), _) => Use::Unknown(why),
        (None, None) => Use::Unknown("no heartbeat was read".to_owned()),
    }
}

fn in_region(node: u8, watched: &Watched, wall_clock: u64, known: Option<&Known>) -> Use {
    let Some(slot) = watched.slots.get(usize::from(node)) else {
        return Use::Unknown(format!("the region has {} slots", watched.slots.len()));
    };
    let dead_ms = dead_ms(watched, known);
    match slot.judge(node, watched.end, Expected { dead_ms, nodes: None }).state {
        State::Beating { .. } => Use::Mounted,
        // One that beat when the reading failed is not silent.
        _ if watched.problem.is_some() => Use::Unknown(watched.problem.clone().unwrap_or_default()),
        State::Left => Use::Stale("it left its heartbeat, and kept the slot".to_owned()),
        State::Unused => Use::Stale("it never beat here".to_owned()),
        State::Unread | State::Unsettled => Use::Unknown("it was not watched long enough".to_owned()),
        State::Corrupt => Use::Unknown("its heartbeat block has a wrong checksum".to_owned()),
        State::Silent { at_least, dead_within } => silent(slot, watched, at_least, dead_within, wall_clock),
    }
}

/// Who is silent while watched may only be late; who was silent for as long as it takes others to declare it dead is dead. Short of
/// that, the time of its last beat tells, against the clock of a node that beats, else against this machine's.
fn silent(slot: &SlotHistory, watched: &Watched, at_least: Duration, dead_within: Option<Duration>, wall_clock: u64) -> Use {
    if dead_within == Some(Duration::ZERO) {
        return Use::Stale(format!("silent for {} s", at_least.as_secs()));
    }
    let clock = watched.slots.iter().filter(|slot| slot.seen_to_change()).filter_map(SlotHistory::latest);
    let clock = clock.filter(|block| block.intact()).map(|block| block.seq).max().unwrap_or(wall_clock);
    let age = slot.latest().map(|block: &Block| clock.saturating_sub(block.seq)).unwrap_or_default();
    let left = dead_within.unwrap_or(Duration::from_millis(DEFAULT_DEAD_MS));
    if age > left.as_secs() + at_least.as_secs() + CLOCKS_APART {
        return Use::Stale(format!("silent while watched; its last beat is {age} s old by the clocks"));
    }
    Use::Unknown(format!("silent for at least {} s; dead in at most {} s", at_least.as_secs(), left.as_secs()))
}

#[cfg(test)]
#[path = "in_use_tests.rs"]
mod tests;
