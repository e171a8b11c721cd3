//! What is known of each volume once heartbeats were watched.

use super::cluster::{self, Known};
use super::in_use::{Heartbeats, NodeUse, beating_without_slot, in_use};
use super::survey::{Found, Survey, survey};
use super::watch::{Clock, Watched, watch_all};
use crate::place::Place;
use formats::ocfs2_disk::{SlotMap, Stack, Superblock, Volume};
use std::collections::BTreeSet;
use std::time::Duration;

/// How a volume is used.
#[derive(Debug)]
pub struct Detail {
    /// Its cluster, if this machine knows it.
    pub known: Option<Known>,
    /// Its slot map; `None` on a heartbeat-only device.
    pub slot_map: Result<Option<SlotMap>, String>,
    /// Nodes with a slot.
    pub nodes: Vec<NodeUse>,
    /// Nodes that beat in its own region and have no slot; empty where nodes beat for other volumes too.
    pub others: BTreeSet<u8>,
    /// Its own region; `None` if its stack does not beat on disk.
    pub own: Option<Result<Watched, String>>,
}

impl Detail {
    /// What kept it from being judged.
    pub fn problems(&self) -> Vec<String> {
        let map = self.slot_map.as_ref().err().map(|why| format!("slot map: {why}"));
        let own = match &self.own {
            Some(Err(why)) => Some(why.clone()),
            Some(Ok(Watched { problem: Some(why), .. })) => Some(format!("heartbeat: {why}")),
            _ => None,
        };
        map.into_iter().chain(own).collect()
    }

    /// Name of a node where the cluster is known, else its number.
    pub fn node_name(&self, node: u32) -> String {
        self.known_name(node).unwrap_or_else(|| node.to_string())
    }

    /// Name of a node, if the cluster is known and has it.
    pub fn known_name(&self, node: u32) -> Option<String> {
        self.known.as_ref()?.nodes.get(&u8::try_from(node).ok()?).cloned()
    }
}

/// Watches the heartbeats of the volumes for `time`, all at once, and those of the regions that their clusters beat in if they are on
/// other devices. `told` is called with the number of regions before. `wall_clock` is this machine's, in seconds since 1970.
pub fn details(place: &Place, found: &mut Survey, time: Duration, clock: &dyn Clock, wall_clock: u64, told: impl Fn(usize)) -> Vec<Detail> {
    let known: Vec<Option<Known>> = found.volumes.iter().map(|volume| known_of(place, volume)).collect();
    let mut elsewhere = regions_elsewhere(place, found, &known);
    let mut beating: Vec<&mut Found> =
        found.volumes.iter_mut().chain(&mut elsewhere).filter(|volume| volume.superblock.beats_on_disk()).collect();
    told(beating.len());
    let superblocks: Vec<Superblock> = beating.iter().map(|volume| volume.superblock.clone()).collect();
    let watches = watch_all(&mut beating, time, clock);
    let mut watches: Vec<Watch> =
        superblocks.into_iter().zip(watches).map(|(superblock, (path, watched))| Watch { superblock, path, watched }).collect();
    let mut details = Vec::new();
    for (volume, known) in found.volumes.iter_mut().zip(known) {
        // Read last, so that nobody who took a slot meanwhile is missed.
        let slot_map = Volume::with(volume.superblock.clone(), &mut volume.reader).slot_map().map_err(|fault| fault.to_string());
        let heartbeats = heartbeats_of(volume, known.as_ref(), &watches, wall_clock);
        let map = slot_map.as_ref().ok().and_then(Option::as_ref);
        let nodes =
            map.map(|map| in_use(&volume.superblock, map, !volume.mounted.is_empty(), &heartbeats, known.as_ref())).unwrap_or_default();
        let own_region = Heartbeats { watched: own_watch(volume, &watches).into_iter().collect(), missing: None, wall_clock };
        let of_many = volume.superblock.global_heartbeat() && !volume.superblock.features.heartbeat_only();
        let others = if of_many { BTreeSet::new() } else { beating_without_slot(map, &own_region, known.as_ref()) };
        details.push(Detail { known, slot_map, nodes, others, own: None });
    }
    for (volume, detail) in found.volumes.iter().zip(&mut details) {
        let own = watches.iter().position(|watch| watch.path == volume.path);
        detail.own = own.map(|index| watches.swap_remove(index).watched);
    }
    details
}

struct Watch {
    superblock: Superblock,
    path: std::path::PathBuf,
    watched: Result<Watched, String>,
}

/// The cluster that the volume is of, if this machine knows it. One that names none is of the running cluster if it is mounted here.
fn known_of(place: &Place, volume: &Found) -> Option<Known> {
    match (volume.superblock.stack(), &volume.superblock.cluster) {
        (Stack::Named("o2cb"), Some(info)) => cluster::known(place, &info.name),
        (Stack::Classic, _) if !volume.mounted.is_empty() => cluster::known(place, &cluster::running_name(place)?),
        _ => None,
    }
}

/// Volumes that are not among those found and carry regions that the clusters of those beat in.
fn regions_elsewhere(place: &Place, found: &Survey, known: &[Option<Known>]) -> Vec<Found> {
    if found.all {
        return Vec::new();
    }
    let volumes = &found.volumes;
    let global: Vec<_> = volumes.iter().zip(known).filter(|(volume, _)| volume.superblock.global_heartbeat()).collect();
    let here = |uuid: &str| volumes.iter().any(|volume| volume.superblock.uuid_text() == uuid);
    let complete = |known: &Option<Known>| {
        known.as_ref().and_then(|known| known.regions.as_ref()).is_some_and(|regions| regions.iter().all(|uuid| here(uuid)))
    };
    if global.iter().all(|(_, known)| complete(known)) {
        return Vec::new();
    }
    let wanted = |other: &Found| {
        let uuid = other.superblock.uuid_text();
        let of_one = |(volume, known): &(&Found, &Option<Known>)| match known.as_ref().and_then(|known| known.regions.as_ref()) {
            Some(regions) => regions.contains(&uuid),
            None => other.superblock.global_heartbeat() && cluster_name(&other.superblock) == cluster_name(&volume.superblock),
        };
        !here(&uuid) && global.iter().any(of_one)
    };
    survey(place, &[], found.patience).volumes.into_iter().filter(wanted).collect()
}

fn cluster_name(superblock: &Superblock) -> Option<&str> {
    superblock.cluster.as_ref().map(|cluster| cluster.name.as_str())
}

fn own_watch<'a>(volume: &Found, watches: &'a [Watch]) -> Option<&'a Watched> {
    watches.iter().find(|watch| watch.path == volume.path)?.watched.as_ref().ok()
}

/// Where the volume's nodes beat: in its own region, or in those of its cluster.
fn heartbeats_of<'a>(volume: &Found, known: Option<&Known>, watches: &'a [Watch], wall_clock: u64) -> Heartbeats<'a> {
    let mut heartbeats = Heartbeats { watched: Vec::new(), missing: None, wall_clock };
    let mut add = |watch: &'a Watch| match &watch.watched {
        Ok(watched) => heartbeats.watched.push(watched),
        Err(why) => heartbeats.missing = Some(why.clone()),
    };
    if !volume.superblock.global_heartbeat() {
        watches.iter().filter(|watch| watch.path == volume.path).for_each(add);
        return heartbeats;
    }
    let Some(regions) = known.and_then(|known| known.regions.as_ref()) else {
        let name = cluster_name(&volume.superblock);
        watches.iter().filter(|watch| watch.superblock.global_heartbeat() && cluster_name(&watch.superblock) == name).for_each(add);
        let name = name.unwrap_or_default();
        heartbeats.missing = heartbeats.missing.or_else(|| Some(format!("this machine does not know the regions of cluster {name}")));
        return heartbeats;
    };
    let mut absent = None;
    for uuid in regions {
        match watches.iter().find(|watch| watch.superblock.uuid_text() == *uuid) {
            Some(watch) => add(watch),
            None => absent = Some(format!("region {uuid} is on no device of this machine")),
        }
    }
    heartbeats.missing = heartbeats.missing.or(absent);
    heartbeats
}

#[cfg(test)]
#[path = "detail_tests.rs"]
mod tests;
