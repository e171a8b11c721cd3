//! Which cluster the forecast is about: the registered one, or that of a file.

use super::cluster::{Cluster, Node, Region};
use super::timing::{Settings, USUAL_HZ};
use crate::defaults::{KERNEL_TIMEOUTS, Timeouts};
use crate::found::{Found, FoundCluster, FoundRegion, Seen};
use crate::kernel::Look;
use crate::stack::Sources;
use anyhow::{Context as _, bail};
use formats::cluster_conf::HeartbeatMode;
use std::collections::{BTreeMap, BTreeSet};

/// A cluster, and how it is known.
#[derive(Clone, Debug)]
pub struct Source {
    /// The cluster.
    pub cluster: Cluster,
    /// Time between attempts to connect, milliseconds. No rule of the forecast depends on it.
    pub reconnect_ms: Option<u32>,
    /// What a node does to itself; `None`: unknown.
    pub fence_method: Option<String>,
    /// Whether it is the registered one.
    pub live: bool,
    /// Where it comes from.
    pub from: String,
    /// What was assumed.
    pub notes: Vec<String>,
    /// Nodes that are left out because they do not beat: number and name.
    pub silent: Vec<Node>,
}

/// What the arguments say about it.
#[derive(Clone, Debug, Default)]
pub struct Choice<'a> {
    /// The cluster's name.
    pub named: Option<&'a str>,
    /// `--config-file` was given: the kernel is not asked.
    pub file_only: bool,
    /// Ticks per second of the nodes' kernels.
    pub hz: Option<u32>,
}

/// Finds it.
pub fn find(look: &dyn Look, sources: &dyn Sources, choice: &Choice<'_>) -> anyhow::Result<Source> {
    let mut notes = Vec::new();
    let here = if choice.file_only || choice.hz.is_some() { None } else { built_hz(look) };
    let hz = choice.hz.or(here).unwrap_or(USUAL_HZ);
    if let Some(here) = here {
        notes.push(format!("CONFIG_HZ is {here} in the kernel here, and taken to be that on all nodes (--hz)."));
    } else if choice.hz.is_none() {
        notes.push(format!("The nodes' CONFIG_HZ is not known; timers as with {USUAL_HZ} (--hz)."));
    }
    if !choice.file_only {
        let found = Found::look(look);
        if let Seen::NeedsRoot | Seen::Odd(_) = found.clusters {
            bail!("whether a cluster is registered cannot be told: {}", found.clusters.words(|_| String::new()));
        }
        if let Some(cluster) = found.cluster().filter(|cluster| choice.named.is_none_or(|named| named == cluster.name)) {
            return live(&found, cluster, hz, notes);
        }
    }
    of_file(sources, choice, hz, notes)
}

fn live(found: &Found, cluster: &FoundCluster, hz: u32, mut notes: Vec<String>) -> anyhow::Result<Source> {
    fn known<T: Clone>(seen: &Seen<T>, what: &str) -> anyhow::Result<T> {
        seen.is().cloned().with_context(|| format!("{what} of the registered cluster: {}", seen.words(|_| String::new())))
    }
    let settings = Settings {
        threshold: known(&cluster.threshold, "the heartbeat threshold")?,
        idle_ms: known(&cluster.idle_ms, "the idle timeout")?,
        keepalive_ms: known(&cluster.keepalive_ms, "the keepalive delay")?,
        hz,
    };
    let mode = known(&cluster.mode, "the heartbeat mode")?;
    let mut nodes = Vec::new();
    for node in &cluster.nodes {
        nodes.push(Node { number: known(&node.number, "a node's number")?, name: node.name.clone() });
    }
    let mut silent = Vec::new();
    match found.beats.live.is().filter(|live| !live.is_empty()) {
        Some(live) => {
            (nodes, silent) = nodes.into_iter().partition(|node| live.contains(&u32::from(node.number)));
            if !silent.is_empty() {
                let names: Vec<&str> = silent.iter().map(|node: &Node| node.name.as_str()).collect();
                notes.push(format!("Left out, because no heartbeat of theirs is seen: {}.", names.join(", ")));
            }
        }
        None => notes.push(match &found.beats.live {
            Seen::Is(_) => "No node beats now: this is what would be if all nodes of the cluster beat.".to_owned(),
            seen => format!("Which nodes beat: {}; all nodes of the cluster are taken.", seen.words(|_| String::new())),
        }),
    }
    let mut whole = Cluster::new(&cluster.name, mode, nodes, 1, settings);
    let started: Vec<&FoundRegion> = cluster.regions.iter().filter(|region| region.is_started()).collect();
    if started.is_empty() {
        notes.push("No region is started here: this is what would be with one region on all nodes.".to_owned());
    } else {
        whole.regions = started.iter().map(|one| region(found, &whole, one)).collect();
        notes.extend(assumed(found, &whole, &started));
        if mode == HeartbeatMode::Local {
            notes.push("Volumes that only other nodes have mounted are not seen from here.".to_owned());
        }
    }
    Ok(Source {
        cluster: whole,
        reconnect_ms: cluster.reconnect_ms.is().copied(),
        fence_method: cluster.fence.is().cloned(),
        live: true,
        from: "the registered cluster (configfs)".to_owned(),
        notes,
        silent,
    })
}

fn region(found: &Found, cluster: &Cluster, region: &FoundRegion) -> Region {
    // What is not known of it is taken as here, and told by `assumed`.
    let members = members(cluster, region).unwrap_or_else(|_| (0..cluster.nodes.len()).collect());
    let quorum = counts(found, region).unwrap_or(true);
    let device = region.device.is().filter(|device| !device.is_empty()).cloned();
    Region { uuid: Some(region.uuid.clone()), device, members, quorum }
}

/// Who beats in a region; the error: why that is not known.
fn members(cluster: &Cluster, region: &FoundRegion) -> Result<BTreeSet<usize>, String> {
    let Some(live) = region.live.is() else { return Err(region.live.words(|_| String::new())) };
    let beats = |index: &usize| cluster.nodes.get(*index).is_some_and(|node| live.contains(&u32::from(node.number)));
    let members: BTreeSet<usize> = (0..cluster.nodes.len()).filter(beats).collect();
    if members.is_empty() { Err("none is seen there yet".to_owned()) } else { Ok(members) }
}

/// Whether a region counts for the rule of half the regions; the error: why that is not known.
fn counts(found: &Found, region: &FoundRegion) -> Result<bool, String> {
    match (&found.beats.quorum_regions, &region.number) {
        (Seen::Is(regions), Seen::Is(number)) => Ok(regions.contains(number)),
        (Seen::Is(_), number) => Err(number.words(|_| String::new())),
        (regions, _) => Err(regions.words(|_| String::new())),
    }
}

/// What is assumed of regions, because it is not known.
fn assumed(found: &Found, cluster: &Cluster, regions: &[&FoundRegion]) -> Vec<String> {
    let unknown = |why: &dyn Fn(&FoundRegion) -> Option<String>| {
        let told = regions.iter().enumerate().filter_map(|(index, region)| Some((cluster.region_name(index), why(region)?)));
        let mut of_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, why) in told {
            of_reason.entry(why).or_default().push(name);
        }
        of_reason.into_iter().map(|(why, names)| (why, names.join(", "))).collect::<Vec<_>>()
    };
    let mut notes = Vec::new();
    for (why, names) in unknown(&|region| members(cluster, region).err()) {
        notes.push(format!("Which nodes beat in {names}: {why}; all are taken."));
    }
    if cluster.mode == HeartbeatMode::Global {
        for (why, names) in unknown(&|region| counts(found, region).err()) {
            notes.push(format!("Whether a node counts {names} for its half of the regions: {why}; it is taken to."));
        }
    }
    notes
}

fn of_file(sources: &dyn Sources, choice: &Choice<'_>, hz: u32, mut notes: Vec<String>) -> anyhow::Result<Source> {
    let path = sources.config_path();
    let config = sources.config()?.with_context(|| format!("no cluster is registered here, and there is no {}", path.display()))?;
    let file = sources.defaults()?;
    let names: Vec<&str> = config.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    let named = choice.named.or(file.defaults.boot_cluster.as_deref().filter(|name| names.contains(name)));
    let found = match (named, config.clusters.as_slice()) {
        (Some(name), clusters) => clusters.iter().find(|cluster| cluster.name == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let Some(found) = found else {
        match (named, names.as_slice()) {
            (_, []) => bail!("{} has no cluster", path.display()),
            (Some(name), _) => bail!("{} has no cluster '{name}'; it has {}", path.display(), names.join(", ")),
            (None, _) => bail!("{} has several clusters: {}; name one", path.display(), names.join(", ")),
        }
    };
    if found.nodes.is_empty() {
        bail!("cluster '{}' of {} has no node", found.name, path.display());
    }
    let timeouts = &file.defaults.timeouts;
    let known = |choose: fn(&Timeouts) -> Option<u32>| choose(timeouts).or(choose(&KERNEL_TIMEOUTS)).unwrap_or_default();
    let settings = Settings {
        threshold: known(|timeouts| timeouts.threshold),
        idle_ms: known(|timeouts| timeouts.idle_ms),
        keepalive_ms: known(|timeouts| timeouts.keepalive_ms),
        hz,
    };
    let set = timeouts.threshold.is_some() || timeouts.idle_ms.is_some() || timeouts.keepalive_ms.is_some();
    let from = if set { format!("timeouts of {}", file.path.display()) } else { "the kernel's default timeouts".to_owned() };
    notes.extend(file.problems.iter().map(|problem| format!("Not used: {problem}")));
    let nodes = found.nodes.iter().map(|node| Node { number: node.number, name: node.name.clone() }).collect();
    let count = if found.mode == HeartbeatMode::Global { found.regions.len() } else { 1 };
    if count == 0 {
        bail!("cluster '{}' of {} has global heartbeat and no region", found.name, path.display());
    }
    let mut cluster = Cluster::new(&found.name, found.mode, nodes, count, settings);
    if found.mode == HeartbeatMode::Global {
        for (region, uuid) in cluster.regions.iter_mut().zip(&found.regions) {
            region.uuid = Some(uuid.clone());
        }
    } else {
        notes.push("Local heartbeat: each mounted volume is a region of its own; one is assumed, mounted on all nodes.".to_owned());
    }
    Ok(Source {
        cluster,
        reconnect_ms: timeouts.reconnect_ms.or(KERNEL_TIMEOUTS.reconnect_ms),
        fence_method: file.defaults.fence.map(|fence| fence.word().to_owned()),
        live: false,
        from: format!("{}, {from}", path.display()),
        notes,
        silent: Vec::new(),
    })
}

/// `CONFIG_HZ` of the kernel that runs here, from its configuration in `/boot`.
fn built_hz(look: &dyn Look) -> Option<u32> {
    let text = |path: &str| Some(String::from_utf8_lossy(&look.read(path).ok()?).into_owned());
    let config = text(&format!("/boot/config-{}", text("/proc/sys/kernel/osrelease")?.trim()))?;
    let value = config.lines().find_map(|line| line.strip_prefix("CONFIG_HZ="))?;
    value.trim().parse().ok().filter(|hz| (24..=10_000).contains(hz))
}
