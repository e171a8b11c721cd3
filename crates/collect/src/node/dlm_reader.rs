//! The kernel DLM's lockspaces into samples: who masters, holds and waits.
//!
//! Reading `<ls>_all` costs the node: since about Linux 6.10 each read(2) walks the lockspace's list from its head, so a whole dump
//! grows with the square of the resources. Every read is bounded by bytes and time, and what was cut is said.

use super::discover::described;
use super::files::NodeFiles;
use super::lines::{Bounds, Next, read_lines, shown};
use super::openers::Openers;
use formats::cluster_nodes::parse_corosync_conf;
use formats::dlm::lock::{Age, Lock, Whose};
use formats::dlm::{self, ResourceName, all, locks, toss, waiters};
use sample::lockspace::{Dlm, LockspaceSample, Master, MasterCensus, Member, Queue, Reading, Recovery, Resource, ResourceLock, Unanswered};
use sample::message::Look;
use sample::{FileSystem, NodeClock};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where the kernel's DLM shows its lockspaces (`dlm_create_debug_file`, `fs/dlm/debug_fs.c`).
pub const DEBUG_DLM: &str = "/sys/kernel/debug/dlm";
const CONFIG_DLM: &str = "/sys/kernel/config/dlm/cluster";
const SYSFS_DLM: &str = "/sys/kernel/dlm";
const COROSYNC_CONF: &str = "/etc/corosync/corosync.conf";
/// A seq file of the DLM gives at most a page in one read(2).
const READ_SIZE: usize = 4096;
/// A million resources.
const MOST_BYTES: u64 = 512 << 20;

/// The lockspaces of a node, by name: `<ls>_all` stands beside `<ls>` and other files of it. A lockspace's own name may end in
/// `_all`, and a recording may lack some of the files.
pub fn lockspaces(files: &dyn NodeFiles) -> Vec<String> {
    let names = files.list(DEBUG_DLM).unwrap_or_default();
    let has = |name: &str| names.iter().any(|known| known == name);
    let is_one = |name: &&str| has(name) || ["toss", "waiters", "locks"].iter().any(|file| has(&format!("{name}_{file}")));
    names.iter().filter_map(|name| name.strip_suffix("_all")).filter(is_one).map(str::to_owned).collect()
}

/// Takes a sample of one lockspace.
pub fn sample(
    files: &dyn NodeFiles,
    now: &mut dyn FnMut() -> NodeClock,
    lockspace: &str,
    file_systems: &[FileSystem],
    look: &Look,
) -> LockspaceSample {
    let mut sample = LockspaceSample {
        lockspace: lockspace.to_owned(),
        dlm: Dlm::Kernel,
        file_system: file_systems.iter().find(|one| one.lockspace() == lockspace).map(|one| one.uuid.clone()),
        clock: now(),
        own_number: None,
        members: Vec::new(),
        recovery: recovery(files, lockspace),
        reading: Reading::default(),
        census: None,
        resources: Vec::new(),
        unanswered: unanswered(files, lockspace),
        kept: false,
    };
    (sample.members, sample.own_number) = members(files, lockspace);
    if !look.is_nothing() {
        read_resources(files, look, &mut sample);
        if look.all
            && let Some(census) = &mut sample.census
        {
            read_directory(files, lockspace, look, census, &mut sample.resources);
        }
    }
    sample
}

fn bounds(look: &Look) -> Bounds {
    Bounds { bytes: MOST_BYTES, time: Duration::from_millis(look.most_ms.max(50)) }
}

/// What is counted over all resources.
#[derive(Default)]
struct Counts {
    census: MasterCensus,
    openers: Openers,
}

/// A resource whose lines are being read.
struct Current {
    resource: Resource,
    own: u64,
    own_waiting: u64,
}

fn read_resources(files: &dyn NodeFiles, look: &Look, sample: &mut LockspaceSample) {
    let path = format!("{DEBUG_DLM}/{}_all", sample.lockspace);
    let (mut count, mut kept, mut current) = (Counts::default(), Vec::new(), None::<Current>);
    let (mut seen, mut number, mut ids) = (0u64, 0u64, Vec::new());
    let mut reading = Reading { file: path.clone(), ..Reading::default() };
    let mut wanted_left = if look.all || !look.inodes.is_empty() { usize::MAX } else { look.resources.len() };
    let clock = sample.clock;
    let read = read_lines(files, &path, bounds(look), READ_SIZE, |line| {
        number += 1;
        match all::parse_line(line) {
            Ok(all::AllLine::Resource(resource)) => {
                seen += 1;
                wanted_left -= usize::from(finish(current.take(), look, &mut count, &mut kept) && wanted_left != usize::MAX);
                if wanted_left == 0 {
                    return Next::Enough;
                }
                current = Some(Current { resource: begun(resource), own: 0, own_waiting: 0 });
            }
            Ok(all::AllLine::Lvb { bytes, .. }) => {
                if let Some(current) = &mut current {
                    current.resource.lvb = Some(bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")));
                }
            }
            Ok(all::AllLine::Lock(lock)) => {
                if let Some(current) = &mut current {
                    ids.push(lock.id);
                    current.lock(&lock);
                }
            }
            Ok(all::AllLine::Header | all::AllLine::Unknown(_)) => {}
            Err(problem) => {
                reading.problems.lines += 1;
                reading.problems.first.get_or_insert_with(|| format!("{path}:{number}: {problem}: {}", shown(line)));
            }
        }
        Next::Line
    });
    finish(current, look, &mut count, &mut kept);
    reading.seen = seen;
    match read {
        Ok(bounded) => {
            (reading.bytes, reading.wall_us, reading.cut) = (bounded.bytes, bounded.wall_us, bounded.cut);
            let clock = bounded.recorded_clock.unwrap_or(clock);
            sample.clock = clock;
            ages(files, &sample.lockspace, clock, &mut kept);
        }
        Err(error) => reading.cut = Some(described(&path, &error)),
    }
    if look.all && reading.cut.is_none() {
        let Counts { mut census, openers } = count;
        openers.tell(files, &mut census);
        sample.census = Some(census);
    }
    sample.reading = reading;
    sample.resources = kept.into_iter().map(|kept| kept.0).collect();
}

/// A resource and the clock readings at which its locks joined their queues and were asked for.
type Kept = (Resource, Vec<Joined>);

/// When a lock joined its queue and was last asked for, ns of the node's monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Joined {
    since_ns: Option<u64>,
    asked_ns: Option<u64>,
}

fn begun(resource: all::AllResource) -> Resource {
    let state = resource.recovering().then(|| "recovering".to_owned());
    Resource {
        master: match resource.master {
            dlm::Master::Here => Master::Here,
            dlm::Master::Node(node) => Master::Node(node),
            dlm::Master::LookingUp => Master::Unknown,
        },
        name: resource.name,
        locks: Vec::new(),
        inactive: false,
        state,
        lvb: None,
        referenced_by: Vec::new(),
    }
}

impl Current {
    fn lock(&mut self, lock: &Lock) {
        let queue = match lock.queue {
            dlm::Queue::Granted => Queue::Granted,
            dlm::Queue::Converting => Queue::Converting,
            dlm::Queue::Waiting => Queue::Waiting,
            dlm::Queue::Lookup => Queue::Lookup,
        };
        let node = match lock.whose {
            Whose::Of(node) => Some(node),
            Whose::Own | Whose::OwnMasteredOn(_) | Whose::OwnLookingUp => None,
        };
        if node.is_none() {
            self.own += 1;
            self.own_waiting += u64::from(queue != Queue::Granted);
        }
        let since = match lock.age {
            Age::SinceNs(since) => Some(since),
            Age::Us(_) | Age::None => None,
        };
        self.resource.locks.push(ResourceLock {
            node,
            queue,
            granted: lock.granted,
            requested: lock.requested,
            pid: lock.pid,
            // Made an age when the clock of the read is known.
            age_ns: since,
            asked_ago_ns: lock.blocked_ns,
            id: Some(u64::from(lock.id)),
        });
    }
}

/// Counts a resource, and keeps it if it was asked for.
fn finish(current: Option<Current>, look: &Look, count: &mut Counts, kept: &mut Vec<Kept>) -> bool {
    let Some(Current { mut resource, own, own_waiting }) = current else { return false };
    count.census.note(resource.master, own, own_waiting);
    if look.all {
        count.openers.note(&resource);
    }
    if !look.asks_for(&resource.name) {
        return false;
    }
    let joined = resource.locks.iter_mut().map(|lock| Joined { since_ns: lock.age_ns.take(), asked_ns: lock.asked_ago_ns.take() });
    let joined = joined.collect();
    kept.push((resource, joined));
    true
}

/// Times of the monotonic clock into ages; where that clock is not known (a capture), the ages that `<ls>_locks` tells.
fn ages(files: &dyn NodeFiles, lockspace: &str, clock: NodeClock, kept: &mut [Kept]) {
    if clock.monotonic_ns > 0 {
        for (resource, joined) in kept.iter_mut() {
            for (lock, joined) in resource.locks.iter_mut().zip(joined) {
                let ago = |at: Option<u64>| at.filter(|&at| at > 0).map(|at| clock.monotonic_ns.saturating_sub(at));
                (lock.age_ns, lock.asked_ago_ns) = (ago(joined.since_ns), ago(joined.asked_ns));
            }
        }
        return;
    }
    let mut told: BTreeMap<u64, u64> = BTreeMap::new();
    let path = format!("{DEBUG_DLM}/{lockspace}_locks");
    let bounds = Bounds { bytes: MOST_BYTES, time: Duration::from_secs(1) };
    // The ages are a convenience: without this file they are not known.
    let _ = read_lines(files, &path, bounds, READ_SIZE, |line| {
        if let Ok(Some(line)) = locks::parse_line(line)
            && let Age::Us(us) = line.lock.age
        {
            told.insert(u64::from(line.lock.id), us.saturating_mul(1000));
        }
        Next::Line
    });
    for (resource, _) in kept.iter_mut() {
        for lock in &mut resource.locks {
            lock.age_ns = lock.id.and_then(|id| told.get(&id).copied());
        }
    }
}

/// `<ls>_toss`: resources without locks, and this node's part of the directory.
fn read_directory(files: &dyn NodeFiles, lockspace: &str, look: &Look, census: &mut MasterCensus, resources: &mut Vec<Resource>) {
    let path = format!("{DEBUG_DLM}/{lockspace}_toss");
    let read = read_lines(files, &path, bounds(look), READ_SIZE, |line| {
        if let Ok(Some(record)) = toss::parse_line(line) {
            let (Some(master), Some(our)) = (record.master, record.our) else { return Next::Line };
            if record.directory == Some(our) {
                census.note_directory(master);
            }
            if look.asks_for(&record.name) {
                resources.push(inactive(record.name, master, our));
            }
        }
        Next::Line
    });
    census.directory_cut = read.map_or(true, |read| read.cut.is_some());
}

fn inactive(name: ResourceName, master: u32, our: u32) -> Resource {
    let master = if master == our { Master::Here } else { Master::Node(master) };
    Resource { name, master, locks: Vec::new(), inactive: true, state: None, lvb: None, referenced_by: Vec::new() }
}

/// Messages that wait for a reply. EAGAIN during recovery, EPERM under lockdown: then nothing is told.
fn unanswered(files: &dyn NodeFiles, lockspace: &str) -> Vec<Unanswered> {
    let Ok(text) = files.read(&format!("{DEBUG_DLM}/{lockspace}_waiters"), waiters::CUT_AT) else { return Vec::new() };
    let mut told = Vec::new();
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        if let Ok(waiter) = waiters::parse_line(line) {
            let Some(node) = waiter.node else { continue };
            told.push(Unanswered {
                node,
                message: waiters::message_word(waiter.wait_type).to_owned(),
                resource: ResourceName::new(waiter.name).map(|name| name.to_string()),
                for_ns: None,
                pid: None,
            });
        }
    }
    told
}

/// `recover_status`: bits that have `DLM_RS_DONE` (0x40) when nothing is to be recovered.
fn recovery(files: &dyn NodeFiles, lockspace: &str) -> Option<Recovery> {
    let text = files.read(&format!("{SYSFS_DLM}/{lockspace}/recover_status"), 64).ok()?;
    let status = dlm::recovery::RecoverStatus::parse(&text)?;
    let node = files.read(&format!("{SYSFS_DLM}/{lockspace}/recover_nodeid"), 64).ok();
    let node = node.and_then(|text| std::str::from_utf8(text.trim_ascii()).ok()?.parse::<u32>().ok()).filter(|node| *node > 0);
    let active = !status.is_done();
    Some(Recovery { active, dead_node: None, leader: node.filter(|_| active), state: status.to_string() })
}

/// The nodes by number, and which of them this one is.
fn members(files: &dyn NodeFiles, lockspace: &str) -> (Vec<Member>, Option<u32>) {
    let number = |path: &str| {
        let text = files.read(path, 64).ok()?;
        std::str::from_utf8(text.trim_ascii()).ok()?.parse::<u32>().ok()
    };
    let mut members: BTreeMap<u32, Member> = BTreeMap::new();
    let mut own = None;
    for entry in files.list(&format!("{CONFIG_DLM}/comms")).unwrap_or_default() {
        let directory = format!("{CONFIG_DLM}/comms/{entry}");
        let Some(id) = number(&format!("{directory}/nodeid")).or_else(|| entry.parse().ok()) else { continue };
        let address = files.read(&format!("{directory}/addr_list"), 4096).ok();
        let address = address.and_then(|text| {
            let mut lines = text.split(|&byte| byte == b'\n');
            lines.find_map(|line| dlm::configfs::parse_address(line).ok()).map(|address| address.to_string())
        });
        if number(&format!("{directory}/local")) == Some(1) {
            own = Some(id);
        }
        members.insert(id, Member { number: id, name: None, address, member: None });
    }
    let spaces = files.list(&format!("{CONFIG_DLM}/spaces/{lockspace}/nodes")).unwrap_or_default();
    for entry in &spaces {
        if let Ok(id) = entry.parse() {
            members.entry(id).or_insert_with(|| Member { number: id, ..Member::default() });
        }
    }
    if !spaces.is_empty() {
        for member in members.values_mut() {
            member.member = Some(spaces.contains(&member.number.to_string()));
        }
    }
    let configured = files.read(COROSYNC_CONF, 1 << 20).map(|text| parse_corosync_conf(&String::from_utf8_lossy(&text)));
    for node in configured.unwrap_or_default() {
        let Some(id) = node.number else { continue };
        let member = members.entry(id).or_insert_with(|| Member { number: id, ..Member::default() });
        member.name = node.name;
        member.address = member.address.take().or(node.address);
    }
    (members.into_values().collect(), own)
}
