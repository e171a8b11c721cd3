//! One node's collector: everything between its files and its messages, one round at a time.

use super::discover::{Discovery, Found, States, described, discover, fs_file};
use super::dump::{measured, read_pass_told};
use super::files::NodeFiles;
use super::glock_reader::{GlockReader, Wanted};
use super::lockspaces::Lockspaces;
use super::o2cb_reader::O2cbReader;
use super::pace::Pacer;
use super::trace_instance::TraceKeeper;
use super::tracing::Tracer;
use sample::message::{Configuration, Hello, PROTOCOL};
use sample::{Fault, FaultKind, FileSystem, FromNode, Gfs2Sample, LockTable, NodeClock, Pace, ToNode, WatchedLock};
use std::collections::BTreeMap;
use std::io;

/// How often a sample's dump is read again at most because locks that matter were lost in it.
const MOST_PASSES: u32 = 4;

/// See the module's text.
pub struct Collector {
    configuration: Configuration,
    pacer: Pacer,
    watched: Vec<WatchedLock>,
    emit_all: bool,
    tables: BTreeMap<String, Table>,
    glock_readers: BTreeMap<String, GlockReader>,
    lockspaces: Lockspaces,
    /// While the viewer looks at the stack: else the regions' devices are not held open.
    o2cb: Option<O2cbReader>,
    tracer: Tracer,
    states: States,
    told_file_systems: Option<Vec<FileSystem>>,
    told_faults: BTreeMap<Option<String>, Fault>,
}

struct Table {
    locks: LockTable,
    identity: Option<(u64, u64)>,
}

impl Collector {
    /// A collector that has read nothing yet.
    pub fn new(configuration: Configuration) -> Collector {
        let pacer = Pacer::new(configuration.interval_ms, configuration.cpu_permille);
        Collector {
            configuration,
            pacer,
            watched: Vec::new(),
            emit_all: false,
            tables: BTreeMap::new(),
            glock_readers: BTreeMap::new(),
            lockspaces: Lockspaces::default(),
            o2cb: None,
            tracer: Tracer::new(TraceKeeper::new(None)),
            states: States::new(),
            told_file_systems: None,
            told_faults: BTreeMap::new(),
        }
    }

    /// Tells every lock in every sample, idle ones too: for a capture of one moment.
    #[must_use]
    pub fn emit_all(mut self) -> Collector {
        self.emit_all = true;
        self
    }

    /// Measures DLM waits of GFS2 with a trace instance that is made through `keeper`, unless the viewer forbids it.
    #[must_use]
    pub fn traced_by(mut self, keeper: TraceKeeper) -> Collector {
        self.tracer = Tracer::new(keeper);
        self
    }

    /// The first message.
    pub fn hello() -> FromNode {
        let uname = rustix::system::uname();
        FromNode::Hello(Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: uname.nodename().to_string_lossy().into_owned(),
            kernel: uname.release().to_string_lossy().into_owned(),
        })
    }

    /// Follows what the viewer asks.
    pub fn follow(&mut self, message: ToNode) {
        match message {
            ToNode::Configure(configuration) => {
                self.pacer.ask(configuration.interval_ms, configuration.cpu_permille);
                self.configuration = configuration;
                self.told_file_systems = None;
            }
            ToNode::Watch(watched) => self.watched = watched,
            ToNode::Look(look) => self.lockspaces.look(look),
            ToNode::Alive => {}
        }
    }

    /// Time from the start of one round to the next, ms.
    pub fn interval_ms(&self) -> u64 {
        self.pacer.interval_ms()
    }

    /// Looks at everything once. `now` gives the clocks when a dump begins.
    pub fn round(&mut self, files: &dyn NodeFiles, now: &mut dyn FnMut() -> NodeClock) -> Vec<FromNode> {
        let mut messages = Vec::new();
        // First, because it is small and the rest may take long.
        self.tell_o2cb(files, now, &mut messages);
        if self.configuration.file_systems {
            self.tell_file_systems(files, now, &mut messages);
        }
        if messages.is_empty() {
            messages.push(FromNode::Alive);
        }
        messages
    }

    fn tell_o2cb(&mut self, files: &dyn NodeFiles, now: &mut dyn FnMut() -> NodeClock, messages: &mut Vec<FromNode>) {
        if !self.lockspaces.looked_at().o2cb {
            self.o2cb = None;
            return;
        }
        let reader = self.o2cb.get_or_insert_with(O2cbReader::default);
        messages.push(FromNode::O2cb(Box::new(reader.sample(files, now))));
    }

    fn tell_file_systems(&mut self, files: &dyn NodeFiles, now: &mut dyn FnMut() -> NodeClock, messages: &mut Vec<FromNode>) {
        let discovery = discover(files, &self.configuration.only, &mut self.states);
        self.tell_discovery(&discovery, messages);
        self.tables.retain(|uuid, _| discovery.found.iter().any(|found| found.file_system.uuid == *uuid));
        let mut cpu_us = 0;
        for found in &discovery.found {
            let uuid = found.file_system.uuid.clone();
            match self.sample(found, files, now, &mut cpu_us) {
                Ok(sample) => {
                    self.tell_fault(Some(uuid), None, messages);
                    messages.push(FromNode::Sample(Box::new(sample)));
                }
                Err(fault) => {
                    self.tables.remove(&uuid);
                    self.tell_fault(Some(uuid), Some(fault), messages);
                }
            }
        }
        let gfs2 = self.gfs2_samples(&discovery.gfs2, files, now, &mut cpu_us, messages);
        let file_systems: Vec<FileSystem> = discovery.file_systems().cloned().collect();
        let samples: Vec<&Gfs2Sample> = gfs2.iter().collect();
        let (told, cost, _) = measured(|| self.lockspaces.tell(files, now, &file_systems, &samples));
        cpu_us += if files.can_repeat() { cost } else { 0 };
        messages.extend(told);
        messages.extend(gfs2.into_iter().map(|sample| FromNode::Gfs2(Box::new(sample))));
        self.pacer.spent(cpu_us);
    }

    fn gfs2_samples(
        &mut self,
        found: &[FileSystem],
        files: &dyn NodeFiles,
        now: &mut dyn FnMut() -> NodeClock,
        cpu_us: &mut u64,
        messages: &mut Vec<FromNode>,
    ) -> Vec<Gfs2Sample> {
        self.glock_readers.retain(|table, _| found.iter().any(|file_system| file_system.uuid == *table));
        let trace = self.configuration.trace && !found.is_empty();
        let clock = now();
        let (counted, cost, _) = measured(|| self.tracer.follow(files, clock, trace));
        *cpu_us += if files.can_repeat() { cost } else { 0 };
        let mut samples = Vec::new();
        for file_system in found {
            let table = &file_system.uuid;
            let reader = self.glock_readers.entry(table.clone()).or_insert_with(|| GlockReader::new(table));
            let mut traced = counted.of(file_system.device);
            if reader.is_new() {
                traced = traced.without_figures();
            }
            let look = self.lockspaces.looked_at();
            let wanted = Wanted { look, all: self.emit_all, most: self.configuration.most_locks, traced: &traced };
            match reader.sample(files, now, wanted) {
                Ok(mut sample) => {
                    *cpu_us += if files.can_repeat() { sample.pace.cpu_us } else { 0 };
                    let mut pacer = self.pacer.clone();
                    pacer.spent(*cpu_us);
                    (sample.pace.asked_ms, sample.pace.kept_ms) = (pacer.asked_ms(), pacer.interval_ms());
                    self.tell_fault(Some(table.clone()), None, messages);
                    samples.push(sample);
                }
                Err(fault) => {
                    self.glock_readers.remove(table);
                    self.tell_fault(Some(table.clone()), Some(fault), messages);
                }
            }
        }
        samples
    }

    fn sample(
        &mut self,
        found: &Found,
        files: &dyn NodeFiles,
        now: &mut dyn FnMut() -> NodeClock,
        cpu_us: &mut u64,
    ) -> Result<sample::Sample, Fault> {
        let uuid = &found.file_system.uuid;
        let path = fs_file(uuid, "locking_state");
        let filtered = is_filtered(files, uuid);
        let table = self.tables.entry(uuid.clone()).or_insert_with(|| Table { locks: new_table(found), identity: None });
        table.locks.set_most_locks(self.configuration.most_locks);
        table.locks.set_emit_all(self.emit_all);
        table.locks.set_filtered(filtered);
        table.locks.watch(self.watched.iter().filter(|watched| watched.uuid == *uuid).map(|watched| watched.name));
        let (mut spent_us, mut wall_us) = (0, 0);
        for pass in 1..=MOST_PASSES {
            let dumps = files.dumps(&path).map_err(|error| read_fault(&path, &error))?;
            for dump in dumps {
                if table.identity.is_some() && table.identity != dump.identity {
                    // Mounted again: every lock is another one now, and so may be the slot.
                    self.states.remove(uuid);
                    table.locks = new_table(found);
                    table.locks.set_most_locks(self.configuration.most_locks);
                    table.locks.set_filtered(filtered);
                }
                table.identity = dump.identity;
                // What reading a recording costs this machine says nothing of the node.
                let recorded = (!dump.live && !files.can_repeat()).then_some((0, dump.recorded_wall_us.unwrap_or(0)));
                let (end, cpu, wall) = measured(|| {
                    let clock = dump.recorded_clock.unwrap_or_else(&mut *now);
                    read_pass_told(dump, &mut table.locks, clock, &path, || files.cost().map(|cost| cost.reads))
                });
                // The node's CPU time counts, not that of a viewer which reads over a shell.
                let (cpu, wall) = recorded.unwrap_or((cpu, wall));
                spent_us += files.cost().map_or(cpu, |cost| cost.cpu_us);
                wall_us += wall;
                if let Some(error) = end.stopped {
                    return Err(read_fault(&path, &error));
                }
            }
            let each_us = spent_us / u64::from(pass);
            if !files.can_repeat() || !table.locks.notable_missed() || !self.pacer.allows(*cpu_us + spent_us, each_us) {
                break;
            }
        }
        *cpu_us += spent_us;
        // The next sample comes after what this one cost is known: its viewer must not think it late.
        let mut pacer = self.pacer.clone();
        pacer.spent(*cpu_us);
        let pace = Pace { asked_ms: pacer.asked_ms(), kept_ms: pacer.interval_ms(), cpu_us: spent_us, wall_us };
        Ok(table.locks.finish(pace))
    }

    fn tell_discovery(&mut self, discovery: &Discovery, messages: &mut Vec<FromNode>) {
        // The cause comes before what it takes away, and goes after that is back: a viewer that draws in between must not say
        // "unmounted" where debugfs is gone.
        if discovery.node_fault.is_some() {
            self.tell_fault(None, discovery.node_fault.clone(), messages);
        }
        let file_systems: Vec<FileSystem> = discovery.file_systems().cloned().collect();
        if self.told_file_systems.as_ref() != Some(&file_systems) {
            messages.push(FromNode::FileSystems(file_systems.clone()));
            self.told_file_systems = Some(file_systems);
        }
        self.tell_fault(None, discovery.node_fault.clone(), messages);
        let places: Vec<String> = self.told_faults.keys().flatten().cloned().collect();
        for place in places {
            let is_found = discovery.file_systems().any(|file_system| file_system.uuid == place);
            if !is_found && !discovery.faults.iter().any(|(faulty, _)| *faulty == place) {
                self.tell_fault(Some(place), None, messages);
            }
        }
        for (place, fault) in &discovery.faults {
            self.tell_fault(Some(place.clone()), Some(fault.clone()), messages);
        }
    }

    /// Tells a fault when it comes, changes or goes, not every round.
    fn tell_fault(&mut self, place: Option<String>, fault: Option<Fault>, messages: &mut Vec<FromNode>) {
        let told = self.told_faults.get(&place);
        if told == fault.as_ref() {
            return;
        }
        match &fault {
            Some(fault) => self.told_faults.insert(place.clone(), fault.clone()),
            None => self.told_faults.remove(&place),
        };
        messages.push(FromNode::Fault { uuid: place, fault });
    }
}

/// Whether `locking_filter` (seconds, format 4 only) hides idle locks; what cannot be read may.
fn is_filtered(files: &dyn NodeFiles, uuid: &str) -> bool {
    match files.read(&fs_file(uuid, "locking_filter"), 64) {
        Ok(text) => text.trim_ascii() != b"0",
        // An older kernel, or a recording.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn new_table(found: &Found) -> LockTable {
    LockTable::new(found.file_system.uuid.clone(), found.generation)
}

fn read_fault(path: &str, error: &io::Error) -> Fault {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => FaultKind::NoPermission,
        // The directory goes with the mount.
        io::ErrorKind::NotFound => FaultKind::NotMounted,
        _ => FaultKind::ReadFailed,
    };
    Fault::new(kind, described(path, error))
}
