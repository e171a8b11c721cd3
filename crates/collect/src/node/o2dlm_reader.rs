//! O2CB's domains into samples: who masters, holds and waits.
//!
//! `locking_state` gives one resource per read(2), and each pass makes the kernel log "buggy .next function" lines (6.1), so it is
//! read only when something of it is asked for, within bounds. `dlm_state` and `send_tracking` are small and always read.

use super::discover::described;
use super::files::NodeFiles;
use super::lines::{Bounds, Next, read_lines};
use formats::cluster_nodes::parse_cluster_conf;
use formats::o2dlm::{self, DlmState, Reader, send_tracking};
use sample::lockspace::{Dlm, LockspaceSample, Master, MasterCensus, Member, Queue, Reading, Recovery, Resource, ResourceLock, Unanswered};
use sample::message::Look;
use sample::{FileSystem, NodeClock, Problems};
use std::time::Duration;

/// Where O2CB's DLM shows its domains (`dlm_debug_init`, `fs/ocfs2/dlm/dlmdebug.c`).
pub const DEBUG_O2DLM: &str = "/sys/kernel/debug/o2dlm";
const SEND_TRACKING: &str = "/sys/kernel/debug/o2net/send_tracking";
const CONFIGFS_CLUSTERS: &str = "/sys/kernel/config/cluster";
const CLUSTER_CONF: &str = "/etc/ocfs2/cluster.conf";
const READ_SIZE: usize = 4096;
/// A million resources.
const MOST_BYTES: u64 = 512 << 20;

/// The domains of a node, by name.
pub fn lockspaces(files: &dyn NodeFiles) -> Vec<String> {
    files.list(DEBUG_O2DLM).unwrap_or_default()
}

/// Takes a sample of one domain.
pub fn sample(
    files: &dyn NodeFiles,
    now: &mut dyn FnMut() -> NodeClock,
    domain: &str,
    file_systems: &[FileSystem],
    look: &Look,
) -> LockspaceSample {
    let state = files.read(&format!("{DEBUG_O2DLM}/{domain}/dlm_state"), 64 << 10).map(|text| DlmState::parse(&text)).ok();
    let own = state.as_ref().and_then(|state| state.node);
    let mut sample = LockspaceSample {
        lockspace: domain.to_owned(),
        dlm: Dlm::O2dlm,
        file_system: file_systems.iter().find(|one| one.lockspace() == domain).map(|one| one.uuid.clone()),
        clock: now(),
        own_number: own,
        members: members(files, state.as_ref()),
        recovery: state.as_ref().map(recovery),
        reading: Reading::default(),
        census: None,
        resources: Vec::new(),
        unanswered: unanswered(files),
        kept: false,
    };
    if !look.is_nothing() {
        read_resources(files, look, &mut sample);
    }
    sample
}

fn read_resources(files: &dyn NodeFiles, look: &Look, sample: &mut LockspaceSample) {
    let path = format!("{DEBUG_O2DLM}/{}/locking_state", sample.lockspace);
    let own = sample.own_number;
    let mut reader = Reader::default();
    let (mut census, mut kept, mut seen) = (MasterCensus::default(), Vec::new(), 0u64);
    let mut take = |resource: Option<o2dlm::Resource>| {
        let Some(resource) = resource else { return };
        seen += 1;
        let resource_name = resource.name.clone();
        let resource = told(resource, own);
        note(&resource, &mut census);
        if look.asks_for(&resource_name) {
            kept.push(resource);
        }
    };
    let bounds = Bounds { bytes: MOST_BYTES, time: Duration::from_millis(look.most_ms.max(50)) };
    let read = read_lines(files, &path, bounds, READ_SIZE, |line| {
        take(reader.push_line(line));
        Next::Line
    });
    take(reader.end());
    let mut reading = Reading { file: path.clone(), seen, ..Reading::default() };
    reading.problems = Problems {
        lines: reader.problems.lines,
        first: reader.problems.first.as_ref().map(|(number, problem, line)| format!("{path}:{number}: {problem}: {}", line.escape_debug())),
    };
    match read {
        Ok(bounded) => {
            (reading.bytes, reading.wall_us, reading.cut) = (bounded.bytes, bounded.wall_us, bounded.cut);
            sample.clock = bounded.recorded_clock.unwrap_or(sample.clock);
        }
        Err(error) => reading.cut = Some(described(&path, &error)),
    }
    if look.all && reading.cut.is_none() {
        sample.census = Some(census);
    }
    sample.reading = reading;
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    sample.resources = kept;
}

fn note(resource: &Resource, census: &mut MasterCensus) {
    if resource.inactive {
        return;
    }
    let own = resource.locks.iter().filter(|lock| lock.node.is_none());
    let waiting = own.clone().filter(|lock| lock.queue != Queue::Granted).count() as u64;
    census.note(resource.master, own.count() as u64, waiting);
}

/// A resource in the words of both DLMs.
fn told(resource: o2dlm::Resource, own: Option<u32>) -> Resource {
    let master = match resource.owner {
        Some(owner) if Some(owner) == own => Master::Here,
        Some(owner) => Master::Node(owner),
        None => Master::Unknown,
    };
    let states = resource.state;
    let notable = states.recovering() || states.migrating() || states.in_progress() || states.recovery_waiting();
    let locks: Vec<ResourceLock> = resource.locks.iter().map(|lock| told_lock(lock, own)).collect();
    Resource {
        inactive: resource.on_purge && locks.is_empty(),
        name: resource.name,
        master,
        locks,
        state: notable.then(|| states.words().join(", ")),
        lvb: resource
            .lvb
            .filter(|lvb| lvb.iter().any(|byte| *byte != 0))
            .map(|lvb| lvb.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))),
        referenced_by: resource.referenced_by,
    }
}

fn told_lock(lock: &o2dlm::Lock, own: Option<u32>) -> ResourceLock {
    let queue = match lock.queue {
        o2dlm::Queue::Granted => Queue::Granted,
        o2dlm::Queue::Converting => Queue::Converting,
        o2dlm::Queue::Blocked => Queue::Waiting,
    };
    ResourceLock {
        node: if Some(lock.node) == own { None } else { Some(lock.node) },
        queue,
        granted: lock.granted,
        requested: lock.requested,
        pid: None,
        age_ns: None,
        asked_ago_ns: None,
        id: Some(lock.cookie_seq),
    }
}

fn recovery(state: &DlmState) -> Recovery {
    Recovery {
        active: state.in_recovery(),
        dead_node: state.dead_node,
        leader: state.recovery_master,
        state: if state.in_recovery() { "recovering".to_owned() } else { state.state.clone() },
    }
}

fn unanswered(files: &dyn NodeFiles) -> Vec<Unanswered> {
    let Ok(text) = files.read(SEND_TRACKING, 1 << 20) else { return Vec::new() };
    let (sending, _) = send_tracking::parse(&text);
    let told = sending.into_iter().map(|sending| Unanswered {
        node: sending.node,
        message: send_tracking::message_word(sending.message_type)
            .map_or_else(|| format!("message type {}", sending.message_type), str::to_owned),
        resource: None,
        for_ns: sending.wait_us.or(sending.send_us).map(|us| us.saturating_mul(1000)),
        pid: Some(sending.pid),
    });
    told.collect()
}

/// The nodes by number: the running configuration, then the file it is made from, then the numbers in the domain's map.
fn members(files: &dyn NodeFiles, state: Option<&DlmState>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    let read = |path: &str| files.read(path, 4096).ok().map(|text| String::from_utf8_lossy(text.trim_ascii()).into_owned());
    for cluster in files.list(CONFIGFS_CLUSTERS).unwrap_or_default() {
        let directory = format!("{CONFIGFS_CLUSTERS}/{cluster}/node");
        for name in files.list(&directory).unwrap_or_default() {
            let Some(number) = read(&format!("{directory}/{name}/num")).and_then(|text| text.parse().ok()) else { continue };
            let address = read(&format!("{directory}/{name}/ipv4_address"));
            members.push(Member { number, name: Some(name), address, member: None });
        }
    }
    if members.is_empty()
        && let Ok(text) = files.read(CLUSTER_CONF, 1 << 20)
    {
        let nodes = parse_cluster_conf(&String::from_utf8_lossy(&text));
        members.extend(
            nodes
                .into_iter()
                .filter_map(|node| Some(Member { number: node.number?, name: node.name, address: node.address, member: None })),
        );
    }
    if let Some(state) = state {
        for &number in &state.domain_map {
            if !members.iter().any(|member| member.number == number) {
                members.push(Member { number, ..Member::default() });
            }
        }
        for member in &mut members {
            member.member = Some(state.domain_map.contains(&member.number));
        }
    }
    members.sort_by_key(|member| member.number);
    members
}
