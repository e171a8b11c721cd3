//! Regions of global mode.

use super::Plan;
use crate::found::{Found, FoundCluster, FoundRegion, Seen, cluster_folder};
use crate::step::{Action, Undo};
use crate::wanted::{RegionOnDisk, Wanted};
use formats::cluster_conf::HeartbeatMode;

/// The kernel's limit in global mode (`O2NM_MAX_REGIONS`).
const MOST_REGIONS: usize = 32;
/// With this many quorum regions or fewer, domains hold all regions (`O2HB_PIN_CUT_OFF`).
const PIN_CUT_OFF: usize = 3;

fn folder(cluster: &str, uuid: &str) -> String {
    format!("{}/heartbeat/{uuid}", cluster_folder(cluster))
}

fn start_line(plan: &mut Plan, cluster: &str) -> usize {
    plan.line(format!("Starting global heartbeat for cluster \"{cluster}\": "))
}

fn stop_line(plan: &mut Plan, cluster: &str) -> usize {
    plan.line(format!("Stopping global heartbeat on cluster \"{cluster}\": "))
}

fn making(cluster: &str, uuid: &str, disk: &RegionOnDisk) -> Vec<(Action, String)> {
    let at = folder(cluster, uuid);
    let device = disk.device.to_string_lossy().into_owned();
    let write = |file: &str, value: String| Action::write(format!("{at}/{file}"), value);
    vec![
        (Action::MakeFolder(at.clone()), format!("make region {uuid}")),
        (write("block_bytes", disk.block_bytes.to_string()), format!("its slots have {} bytes", disk.block_bytes)),
        (write("start_block", disk.start_block.to_string()), format!("its slots begin at block {}", disk.start_block)),
        (write("blocks", disk.blocks.to_string()), format!("it has {} slots", disk.blocks)),
        (Action::StartRegion { folder: at.clone(), device: device.clone() }, format!("start its heartbeat on {device}")),
    ]
}

fn start(plan: &mut Plan, cluster: &str, uuid: &str, disk: &RegionOnDisk) {
    let line = start_line(plan, cluster);
    for (action, what) in making(cluster, uuid, disk) {
        let undo = if matches!(action, Action::MakeFolder(_)) { Undo::Back } else { Undo::WithFolder };
        plan.step(line, action, undo, what);
    }
}

/// The region as it would be started again; `None` if it does not run or cannot be read.
fn on_disk(region: &FoundRegion) -> Option<RegionOnDisk> {
    let device = region.device.is().filter(|device| !device.is_empty() && region.is_started())?;
    Some(RegionOnDisk {
        device: format!("/dev/{device}").into(),
        block_bytes: *region.block_bytes.is()?,
        start_block: *region.start_block.is()?,
        blocks: *region.blocks.is()?,
    })
}

fn stop(plan: &mut Plan, line: usize, found: &Found, cluster: &str, region: &FoundRegion, restart: bool) {
    let again = on_disk(region).filter(|_| restart).map(|disk| making(cluster, &region.uuid, &disk).into_iter().map(|(action, _)| action));
    let undo = again.map_or(Undo::Stays("running it again goes on from here"), |actions| Undo::By(actions.collect()));
    let device = region.device.words(Clone::clone);
    let what = if region.is_started() {
        format!("stop the heartbeat of region {} on {device}", region.uuid)
    } else {
        format!("remove region {}, whose heartbeat does not run", region.uuid)
    };
    plan.step(line, Action::RemoveFolder(folder(cluster, &region.uuid)), undo, what);
    if found.counted(&region.uuid) == Some(true) {
        let what = "remove the C tools' count of its users, which would outlive it";
        let undo = Undo::Stays("the count of a region that is gone means nothing");
        plan.optional(line, Action::ForgetCount { uuid: region.uuid.clone() }, undo, what);
    }
}

/// Why a region of global mode cannot be stopped now. `quorum`: how many quorum regions there will be until then; `None`: unknown.
fn held(region: &FoundRegion, domains: &[&str], quorum: Option<usize>) -> Option<String> {
    if domains.is_empty() {
        return None;
    }
    if region.pinned == Seen::Is(true) || quorum.is_some_and(|quorum| quorum <= PIN_CUT_OFF) {
        let count = quorum.map_or("at most 3".to_owned(), |quorum| quorum.to_string());
        return Some(format!(
            "domain(s) {} exist and there are {count} quorum regions: with {PIN_CUT_OFF} or fewer the kernel holds them all; add regions \
             first and remove this one when they are quorum regions, or unmount",
            domains.join(", ")
        ));
    }
    None
}

/// Whether a region counts among the quorum regions; one of which that is unknown does.
fn is_quorum(found: &Found, region: &FoundRegion) -> bool {
    found.beats.quorum_regions.is().zip(region.number.is()).is_none_or(|(regions, number)| regions.contains(number))
}

fn domains(found: &Found) -> Vec<&str> {
    found.domains.is().into_iter().flatten().map(|domain| domain.name.as_str()).collect()
}

/// Starts what the configuration has and the kernel does not; stops what is the other way round.
pub fn regions(plan: &mut Plan, found: &Found, wanted: &Wanted) {
    let none = Vec::new();
    let cluster = found.cluster().filter(|cluster| cluster.name == wanted.cluster);
    let registered: &Vec<FoundRegion> = cluster.map_or(&none, |cluster| &cluster.regions);
    let cluster = &wanted.cluster;
    let missing: Vec<_> =
        wanted.regions.iter().filter(|region| !registered.iter().any(|found| found.uuid == region.uuid && found.is_started())).collect();
    let surplus: Vec<&FoundRegion> =
        registered.iter().filter(|found| wanted.regions.iter().all(|region| region.uuid != found.uuid)).collect();
    // Left by a start that did not succeed: they count, and cannot be started again as they are.
    for region in registered.iter().filter(|region| !region.is_started() && missing.iter().any(|missing| missing.uuid == region.uuid)) {
        let line = start_line(plan, cluster);
        stop(plan, line, found, cluster, region, false);
    }
    let mut room = MOST_REGIONS.saturating_sub(registered.iter().filter(|region| region.is_started() || surplus.contains(region)).count());
    for region in missing {
        let what = format!("start heartbeat region {}", region.uuid);
        match &region.disk {
            Ok(_) if room == 0 => plan.refuse(what, "the kernel has room for 32 regions: remove others first"),
            Ok(disk) => {
                room -= 1;
                start(plan, cluster, &region.uuid, disk);
            }
            // With other regions than its peers this machine could join no domain: then it does not begin at all.
            Err(why) if registered.iter().all(|region| !region.is_started()) => {
                plan.block(what, format!("Heartbeat region could not be found: {why}; nothing is begun with a part of the regions"));
            }
            Err(why) => plan.refuse(what, format!("Heartbeat region could not be found: {why}")),
        }
    }
    let domains = domains(found);
    let mut quorum = found.beats.quorum_regions.is().map(Vec::len);
    for region in surplus {
        if let Some(why) = held(region, &domains, quorum) {
            plan.refuse(format!("stop heartbeat region {}", region.uuid), why);
            continue;
        }
        if is_quorum(found, region) {
            quorum = quorum.map(|quorum| quorum.saturating_sub(1));
        }
        let line = stop_line(plan, cluster);
        stop(plan, line, found, cluster, region, true);
    }
}

/// The regions of a cluster that is registered.
pub fn start_heartbeat(found: &Found, wanted: &Wanted) -> Plan {
    let mut plan = Plan::default();
    let what = "start the heartbeat";
    match found.cluster().filter(|cluster| cluster.name == wanted.cluster) {
        None => plan.block(what, format!("Cluster '{0}' is not registered: `o2cb register-cluster {0}`", wanted.cluster)),
        Some(cluster) if cluster.local().is_none() => {
            plan.block(what, format!("cluster '{0}' has no node that is this machine: `o2cb register-cluster {0}`", cluster.name));
        }
        Some(cluster) if cluster.mode.has(&HeartbeatMode::Global) => regions(&mut plan, found, wanted),
        Some(cluster) => plan.notes.push(format!(
            "cluster '{}' has local heartbeat: mounting a volume starts its region, unmounting stops it; nothing to do",
            cluster.name
        )),
    }
    plan
}

/// Stops all regions of a cluster in global mode.
pub fn stop_heartbeat(found: &Found, name: &str) -> Plan {
    let mut plan = Plan::default();
    match found.cluster().filter(|cluster| cluster.name == name) {
        None => {
            let registered = found.cluster().map_or("none is".to_owned(), |other| format!("'{}' is", other.name));
            plan.block("stop the heartbeat", format!("Cluster '{name}' is not registered; {registered}"));
        }
        Some(cluster) if cluster.mode.has(&HeartbeatMode::Global) => stop_all(&mut plan, found, cluster, &domains(found)),
        Some(cluster) => plan.notes.push(format!(
            "cluster '{}' has local heartbeat: unmounting a volume stops its region; for a region that was left over: \
             `o2cb stop-heartbeat --stale`",
            cluster.name
        )),
    }
    plan
}

/// All regions; if one is held, none.
pub(super) fn stop_all(plan: &mut Plan, found: &Found, cluster: &FoundCluster, domains: &[&str]) {
    let line = stop_line(plan, &cluster.name);
    if !domains.is_empty() && !cluster.regions.is_empty() {
        // Stopping one after the other would end with three that are held, and no way back.
        let why = format!("domain(s) {} still use it: unmount volumes and end the users of dlmfs first", domains.join(", "));
        plan.block(format!("stop the heartbeat of cluster '{}'", cluster.name), why);
        return;
    }
    for region in &cluster.regions {
        stop(plan, line, found, &cluster.name, region, false);
    }
}
