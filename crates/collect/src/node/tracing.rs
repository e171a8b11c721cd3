//! DLM waits and remote demotes of each glock, counted by the kernel in an own tracefs instance ([`super::trace_instance`]).
//!
//! The cost follows the requests to the DLM, not the number of glocks. Where it cannot be had, the reason is told, and everything
//! else goes on.

use super::discover::{described, mounts};
use super::files::NodeFiles;
use super::trace_events::{EVENTS, Event};
use super::trace_figures::Counted;
use super::trace_instance::{InstanceName, Owner, TraceKeeper};
use super::trace_table::{Difference, Reading, difference};
use sample::NodeClock;
use sample::gfs2::Tracing;

/// A full table is about 2 MB of text.
const MOST_BYTES: usize = 64 << 20;
/// A table that fills is made anew, but not more often than this, ns.
const MADE_AGAIN_AFTER_NS: u64 = 10_000_000_000;
/// The time of day moved by more than this against the monotonic clock: it was set. µs.
const CLOCK_SET_US: u64 = 100_000;
/// The usual place of tracefs (`tracing_init_dentry`, `kernel/trace/trace.c`).
const USUAL_PLACE: &str = "/sys/kernel/tracing";

/// The measuring on one node, from round to round.
pub struct Tracer {
    keeper: TraceKeeper,
    state: State,
}

enum State {
    /// Nothing is to be measured.
    Idle,
    /// It cannot be, for this reason.
    Failed(String),
    /// It is.
    Running(Box<Running>),
}

struct Running {
    owner: Owner,
    /// Folder of all instances.
    instances: String,
    number: u32,
    made: Made,
    made_at_ns: u64,
    /// The clocks at the last reading.
    clock: NodeClock,
    /// When the time of day was set last, ns of the monotonic clock.
    clock_set_ns: Option<u64>,
    /// Instances of dead processes that could not be removed.
    left: Option<String>,
}

/// An instance with its triggers.
struct Made {
    path: String,
    /// The last reading of each of [`EVENTS`]; `None` where it cannot be measured.
    last: [Option<Reading>; 2],
    /// What cannot be, and why.
    lacking: Vec<String>,
}

impl Tracer {
    /// A tracer that writes through `keeper`.
    pub fn new(keeper: TraceKeeper) -> Tracer {
        Tracer { keeper, state: State::Idle }
    }

    /// What was counted since the last call, if it is `wanted`; else whatever was made is removed.
    pub fn follow(&mut self, files: &dyn NodeFiles, now: NodeClock, wanted: bool) -> Counted {
        if !wanted || !self.keeper.may_write() {
            if let State::Running(running) = &self.state {
                // What cannot be removed now is at the end of the process.
                let _ = self.keeper.remove(&running.made.path);
            }
            self.state = State::Idle;
            return Counted::default();
        }
        let told = match &mut self.state {
            State::Idle => Running::start(&self.keeper, files, now).map(|running| {
                let counted = Counted { state: running.told(None), ..Counted::default() };
                self.state = State::Running(Box::new(running));
                counted
            }),
            State::Failed(why) => return Counted { state: Tracing::Failed(why.clone()), ..Counted::default() },
            State::Running(running) => running.count(&self.keeper, files, now).inspect_err(|_| {
                let _ = self.keeper.remove(&running.made.path);
            }),
        };
        told.unwrap_or_else(|why| {
            self.state = State::Failed(why.clone());
            Counted { state: Tracing::Failed(why), ..Counted::default() }
        })
    }
}

impl Running {
    fn start(keeper: &TraceKeeper, files: &dyn NodeFiles, now: NodeClock) -> Result<Running, String> {
        let mounts = mounts(files);
        let mut places = mounts.iter().filter(|mount| mount.fs_type == "tracefs").map(|mount| mount.mount_point.as_str());
        let first = places.next().ok_or("tracefs is not mounted")?;
        let place = if places.any(|place| place == USUAL_PLACE) { USUAL_PLACE } else { first };
        let instances = format!("{place}/instances");
        let owner = Owner::this_process(files).ok_or("/proc does not tell of this process")?;
        let left = remove_left(keeper, files, &instances, &owner);
        let made = make(keeper, files, &instances, InstanceName { owner, number: 1 })?;
        Ok(Running { owner, instances, number: 1, made, made_at_ns: now.monotonic_ns, clock: now, clock_set_ns: None, left })
    }

    /// What was counted since the last reading.
    fn count(&mut self, keeper: &TraceKeeper, files: &dyn NodeFiles, now: NodeClock) -> Result<Counted, String> {
        if was_set(&self.clock, &now) {
            self.clock_set_ns = Some(now.monotonic_ns);
        }
        self.clock = now;
        let mut readings = self.made.read(files)?;
        let is_full = EVENTS.iter().zip(&readings).any(|(event, reading)| reading.as_ref().is_some_and(|reading| event.is_full(reading)));
        let mut trouble = full(&readings).or_else(|| not_understood(&readings));
        let mut next = None;
        if is_full && now.monotonic_ns.saturating_sub(self.made_at_ns) >= MADE_AGAIN_AFTER_NS {
            // The new one counts before the old one is read for the last time, so that nothing is lost but what comes between two
            // readings that follow each other.
            match self.made_again(keeper, files, &mut readings) {
                Ok(made) => next = Some(made),
                Err(why) => trouble = Some(format!("a full histogram cannot be made anew: {why}")),
            }
        }
        let mut differences = self.made.last.iter().zip(&readings).map(|(last, now)| Some(difference(last.as_ref()?, now.as_ref()?)));
        let (lock_times, demotes): (Option<Difference>, Option<Difference>) = (differences.next().flatten(), differences.next().flatten());
        drop(differences);
        match next {
            Some(made) => {
                let old = std::mem::replace(&mut self.made, made);
                self.made_at_ns = now.monotonic_ns;
                if let Err(error) = keeper.remove(&old.path) {
                    trouble.get_or_insert_with(|| described(&old.path, &error));
                }
            }
            None => self.made.last = readings,
        }
        let since_set_ns = self.clock_set_ns.map(|at| now.monotonic_ns.saturating_sub(at));
        Ok(Counted { lock_times, demotes, since_set_ns, state: self.told(trouble) })
    }

    /// Another instance, with its first reading; `readings` becomes the last one of this.
    fn made_again(&mut self, keeper: &TraceKeeper, files: &dyn NodeFiles, readings: &mut [Option<Reading>; 2]) -> Result<Made, String> {
        self.number += 1;
        let mut made = make(keeper, files, &self.instances, InstanceName { owner: self.owner, number: self.number })?;
        let both = self.made.read(files).and_then(|last| Ok((last, made.read(files)?)));
        match both {
            Ok((last, first)) => {
                *readings = last;
                made.last = first;
                Ok(made)
            }
            Err(why) => {
                // What cannot be removed now is at the end of the process.
                let _ = keeper.remove(&made.path);
                Err(why)
            }
        }
    }

    fn told(&self, trouble: Option<String>) -> Tracing {
        let all: Vec<String> = trouble.into_iter().chain(self.made.lacking.iter().cloned()).chain(self.left.clone()).collect();
        Tracing::On { lacking: (!all.is_empty()).then(|| all.join("; ")) }
    }
}

impl Made {
    /// Reads all histograms.
    fn read(&self, files: &dyn NodeFiles) -> Result<[Option<Reading>; 2], String> {
        let mut readings = [const { None }; 2];
        for ((event, last), reading) in EVENTS.iter().zip(&self.last).zip(&mut readings) {
            if last.is_some() {
                let path = event.file(&self.path, "hist");
                let text = files.read(&path, MOST_BYTES).map_err(|error| described(&path, &error))?;
                *reading = Some(Reading::parse(&text, event.value).map_err(|why| format!("{path}: {why}"))?);
            }
        }
        Ok(readings)
    }
}

/// Makes an instance and its triggers. If none works there is no instance, and the error says why.
fn make(keeper: &TraceKeeper, files: &dyn NodeFiles, instances: &str, name: InstanceName) -> Result<Made, String> {
    let path = keeper.make(instances, name).map_err(|error| described(instances, &error))?;
    // Nothing is recorded there: the kernel's usual 1.4 MB for each CPU are not needed. If it keeps them, that costs memory only.
    let _ = keeper.write(&path, "buffer_size_kb", "4");
    let mut made = Made { path, last: [const { None }; 2], lacking: Vec::new() };
    for (event, last) in EVENTS.iter().zip(&mut made.last) {
        match set(keeper, files, &made.path, event) {
            Ok(()) => *last = Some(Reading::default()),
            Err(why) => made.lacking.push(why),
        }
    }
    if made.last.iter().any(Option::is_some) {
        return Ok(made);
    }
    if let Err(error) = keeper.remove(&made.path) {
        made.lacking.push(described(&made.path, &error));
    }
    Err(made.lacking.join("; "))
}

/// Sets one trigger.
fn set(keeper: &TraceKeeper, files: &dyn NodeFiles, instance: &str, event: &Event) -> Result<(), String> {
    let path = event.file(instance, "format");
    let format = files.read(&path, 1 << 20).map_err(|error| described(&path, &error))?;
    if let Some(field) = event.lacking(&format) {
        return Err(format!("this kernel's {} has no field {field}: {} are not known", event.name, event.tells));
    }
    keeper.write(instance, &event.relative("trigger"), event.trigger).map_err(|error| {
        let said = described(&event.file(instance, "trigger"), &error);
        format!("{said} (no hist triggers in this kernel?): {} are not known", event.tells)
    })
}

/// Removes the instances of processes that are gone; returns what could not be.
fn remove_left(keeper: &TraceKeeper, files: &dyn NodeFiles, instances: &str, owner: &Owner) -> Option<String> {
    let names = files.list(instances).unwrap_or_default();
    let left = names.iter().filter_map(|name| name.parse::<InstanceName>().ok()).filter(|name| owner.knows_dead(&name.owner, files));
    let mut failed = None;
    for name in left {
        if let Err(error) = keeper.remove_left(instances, name) {
            failed = Some(format!("left by a process that is gone: {}", described(&format!("{instances}/{name}"), &error)));
        }
    }
    failed
}

/// Events that a full table did not count.
fn full(readings: &[Option<Reading>; 2]) -> Option<String> {
    let mut events = EVENTS.iter().zip(readings).filter_map(|(event, reading)| Some((event, reading.as_ref()?)));
    let (event, reading) = events.find(|(_, reading)| reading.dropped > 0)?;
    Some(format!("the histogram of {} is full: {} events of glocks that are not in it were not counted", event.tells, reading.dropped))
}

fn not_understood(readings: &[Option<Reading>; 2]) -> Option<String> {
    let mut events = EVENTS.iter().zip(readings).filter_map(|(event, reading)| Some((event, reading.as_ref()?)));
    let (event, reading) = events.find(|(_, reading)| reading.problems > 0)?;
    Some(format!("{} lines of the histogram of {} were not understood", reading.problems, event.tells))
}

/// Whether the time of day was set between two readings of the clocks.
fn was_set(before: &NodeClock, now: &NodeClock) -> bool {
    let (Some(then), Some(today)) = (before.realtime_us, now.realtime_us) else { return false };
    let passed_us = now.monotonic_ns.saturating_sub(before.monotonic_ns) / 1000;
    then.saturating_add(passed_us).abs_diff(today) > CLOCK_SET_US
}

#[cfg(test)]
#[path = "tracing_tests.rs"]
mod tests;
