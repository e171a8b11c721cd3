//! `glocks` and `glstats` of one GFS2 into samples: what is active, who waits, who is asked to give up. Lines are parsed while
//! they are read, and only glocks that matter are kept.

use super::activity::{Activity, ByGlock, Did};
use super::discover::described;
use super::discover_gfs2::{debug_file, health};
use super::dump::measured;
use super::files::NodeFiles;
use super::glock_pass::{Ended, Pass, Read, no_figures};
use super::growth::GrowthWindow;
use super::lines::{Bounds, Lines, Next, read_lines_to};
use super::trace_figures::OfMount;
use formats::gfs2::{Dialect, GlockFlags, GlockName, GlockState, GlockStats, GlockType, SbStats, glstats};
use sample::gfs2::{GlockFigures, Growth, TypeFigures};
use sample::message::Look;
use sample::{DumpReport, Fault, FaultKind, Gfs2Sample, GlockSample, NodeClock, Pace};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// GFS2's seq files give at most this in one read(2).
const READ_SIZE: usize = 64 << 10;
/// Ten million glocks.
const BOUNDS: Bounds = Bounds { bytes: 4 << 30, time: Duration::from_secs(120) };
/// A round trip is the glock's own after so many requests; before, it is the mean of its type that the kernel starts from.
const OWN_AFTER: u64 = 8;

/// One GFS2 on one node, from sample to sample.
#[derive(Debug, Default)]
pub struct GlockReader {
    table: String,
    seq: u64,
    previous: Option<NodeClock>,
    sbstats: Option<SbStats>,
    activity: Activity,
    /// When each waiter was first seen, ns of the monotonic clock.
    waiters: HashMap<Waiter, u64>,
    /// Of glocks with waiters: the queue's length in the last sample, and the lock calls until then.
    queues: HashMap<GlockName, (u64, Option<u64>)>,
    dialect: Dialect,
    growth: GrowthWindow,
}

/// A waiter, as it can be known again in the next dump.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Waiter {
    glock: GlockName,
    pid: Option<u32>,
    state: GlockState,
    symbol: String,
    /// Of several alike.
    number: usize,
}

/// What is wanted of a sample.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// Glocks that the viewer looks at.
    pub look: &'w Look,
    /// Every glock: a capture of one moment.
    pub all: bool,
    /// The most glocks that a sample may hold.
    pub most: usize,
    /// What the kernel's histograms counted of this mount since the last sample.
    pub traced: &'w OfMount,
}

impl GlockReader {
    /// A reader that has read nothing yet.
    pub fn new(table: &str) -> GlockReader {
        GlockReader { table: table.to_owned(), ..GlockReader::default() }
    }

    /// Whether it has given no sample yet.
    pub fn is_new(&self) -> bool {
        self.seq == 0
    }

    /// Takes a sample. `now` gives the node's clocks.
    pub fn sample(&mut self, files: &dyn NodeFiles, now: &mut dyn FnMut() -> NodeClock, wanted: Wanted<'_>) -> Result<Gfs2Sample, Fault> {
        let path = debug_file(&self.table, "glocks");
        let mut clock = now();
        let ((stats, told, read), cpu_us, wall_us) = measured(|| {
            let (stats, omitted) = self.read_stats(files, wanted.most);
            // Active by the histograms only: `glstats` does not follow them, or they are gone by now.
            let told = wanted.traced.most_waited(&stats, wanted.most);
            let read = self.read_glocks(files, &path, clock, wanted, &|name| stats.contains_key(&name) || told.0.contains(&name));
            ((stats, omitted), told, read)
        });
        let (read, (stats, mut omitted), (told, more)) = (read?, stats, told);
        // Which of those are the same is not known.
        omitted = omitted.max(more);
        if let Some(recorded) = read.recorded_clock {
            clock = recorded;
        }
        self.seq += 1;
        let interval_ns = self.previous.map(|before| clock.monotonic_ns.saturating_sub(before.monotonic_ns)).filter(|_| self.seq > 1);
        self.previous = Some(clock);
        let mut glocks = read.glocks;
        for (name, mut figures) in stats {
            figures.over_ns = figures.over_ns.and(interval_ns);
            // Freed between the two files: only its counts are known.
            glocks.entry(name).or_insert_with(|| GlockSample::counted_only(name)).stats = Some(figures);
        }
        for name in told {
            glocks.entry(name).or_insert_with(|| GlockSample::counted_only(name));
        }
        for (name, glock) in &mut glocks {
            glock.traced = wanted.traced.of(*name);
        }
        let types: BTreeMap<u8, TypeFigures> = read.types.into_iter().flatten().map(|figures| (figures.kind.0, figures)).collect();
        let growth = self.grew(&types, read.cut, clock);
        let types = self.types(files, types);
        let (asked_ms, kept_ms) = (0, 0);
        Ok(Gfs2Sample {
            table: self.table.clone(),
            seq: self.seq,
            clock,
            interval_ns,
            health: health(files, &self.table),
            types,
            glocks: glocks.into_values().collect(),
            omitted,
            known: read.known,
            tracing: wanted.traced.state.clone(),
            dump: read.report,
            pace: Pace { asked_ms, kept_ms, cpu_us, wall_us },
            growth,
        })
    }

    /// The counts of the most active glocks, and how many more were active.
    fn read_stats(&mut self, files: &dyn NodeFiles, most: usize) -> (ByGlock<GlockFigures>, u64) {
        self.activity.begin();
        let path = debug_file(&self.table, "glstats");
        let mut stats = StatsPass { activity: &mut self.activity, active: Vec::new() };
        let read = read_lines_to(files, &path, BOUNDS, READ_SIZE, &mut stats);
        let StatsPass { activity, mut active } = stats;
        // Without the file (no debugfs entry, or no permission for it alone) counts are unknown, not 0.
        activity.end(read.is_ok_and(|read| read.cut.is_none()));
        let omitted = active.len().saturating_sub(most);
        if omitted > 0 && most > 0 {
            active.select_nth_unstable_by_key(most - 1, |(name, figures)| (Reverse((figures.dlm_requests, figures.queued)), *name));
        }
        active.truncate(most);
        (active.into_iter().collect(), omitted as u64)
    }

    fn read_glocks(
        &mut self,
        files: &dyn NodeFiles,
        path: &str,
        clock: NodeClock,
        wanted: Wanted<'_>,
        active: &dyn Fn(GlockName) -> bool,
    ) -> Result<Read, Fault> {
        let dialect = std::mem::take(&mut self.dialect);
        let mut pass = Pass::new(path, wanted, active, dialect);
        let bounded = read_lines_to(files, path, BOUNDS, READ_SIZE, &mut pass);
        let Ended { mut read, mut problems, dialect } = pass.end();
        self.dialect = dialect;
        let bounded = bounded.map_err(|error| read_fault(path, &error))?;
        read.recorded_clock = bounded.recorded_clock;
        if let Some(cut) = bounded.cut {
            read.cut = true;
            problems.lines += 1;
            problems.first.get_or_insert(cut);
        }
        read.report = DumpReport {
            passes: 1,
            records: read.known,
            bytes: bounded.bytes,
            reads: Some(bounded.reads),
            missed: Some(0),
            version: None,
            problems,
        };
        self.follow_waiters(&mut read, bounded.recorded_clock.unwrap_or(clock));
        for glock in read.glocks.values_mut() {
            glock.flags_words = GlockFlags::parse(glock.flags.as_bytes()).words(&self.dialect);
        }
        Ok(read)
    }

    /// For how long each waiter has been seen. GFS2 records no start of a wait, and a process that waits in two samples may have
    /// held the lock many times in between. But each call that is queued is counted (`qcnt`): where the queue has grown by just so
    /// many as were queued since the last sample, nobody has left it, and who waited then waits still.
    fn follow_waiters(&mut self, read: &mut Read, clock: NodeClock) {
        let (mut now, mut queues) = (HashMap::new(), HashMap::new());
        for glock in read.glocks.values_mut().filter(|glock| glock.holders.iter().any(|holder| holder.waiting)) {
            let queue = glock.holders.len() as u64 + glock.holders_omitted;
            let calls = self.activity.calls(glock.name);
            let nobody_left = self.queues.get(&glock.name).is_some_and(|&(queue_then, calls_then)| {
                let queued = calls.zip(calls_then).and_then(|(now, then)| now.checked_sub(then));
                queued.is_some_and(|queued| queue.checked_sub(queue_then) == Some(queued))
            });
            queues.insert(glock.name, (queue, calls));
            let mut alike: HashMap<(Option<u32>, String, String), usize> = HashMap::new();
            for holder in glock.holders.iter_mut().filter(|holder| holder.waiting) {
                let number = alike.entry((holder.pid, holder.state.clone(), holder.symbol.clone())).or_default();
                *number += 1;
                let waiter = Waiter {
                    glock: glock.name,
                    pid: holder.pid,
                    state: GlockState::parse(holder.state.as_bytes()).unwrap_or(GlockState::UNKNOWN),
                    symbol: holder.symbol.clone(),
                    number: *number,
                };
                let first = self.waiters.get(&waiter).copied().filter(|_| nobody_left).unwrap_or(clock.monotonic_ns);
                holder.seen_for_ns = clock.monotonic_ns.saturating_sub(first);
                now.insert(waiter, first);
            }
        }
        self.activity.pin(queues.keys().copied().collect());
        (self.waiters, self.queues) = (now, queues);
    }

    /// What the inodes in memory grew by. A dump that was cut counts a part of them only.
    fn grew(&mut self, types: &BTreeMap<u8, TypeFigures>, cut: bool, clock: NodeClock) -> Option<Growth> {
        if cut {
            self.growth.forget();
            return None;
        }
        let count = |kind: GlockType| types.get(&kind.0).map_or(0, |of| of.by_state.iter().sum());
        self.growth.step(clock.monotonic_ns, count(GlockType::INODE), count(GlockType::IOPEN))
    }

    fn types(&mut self, files: &dyn NodeFiles, mut types: BTreeMap<u8, TypeFigures>) -> Vec<TypeFigures> {
        let text = files.read(&debug_file(&self.table, "sbstats"), 4 << 20).ok();
        let Some(stats) = text.and_then(|text| SbStats::parse(&text).ok()) else {
            self.sbstats = None;
            return types.into_values().collect();
        };
        if let Some(before) = &self.sbstats {
            let rtt = stats.weighted_srttb(before);
            for ((now, then), rtt) in stats.types.iter().zip(&before.types).zip(rtt).filter(|((now, then), _)| now.kind == then.kind) {
                let (Some(dlm), Some(queue)) = (now.dlm.checked_sub(then.dlm), now.queue.checked_sub(then.queue)) else { continue };
                if dlm == 0 && queue == 0 && !types.contains_key(&now.kind) {
                    continue;
                }
                let figures = types.entry(now.kind).or_insert_with(|| no_figures(now.kind));
                (figures.dlm_requests, figures.queued) = (Some(dlm), Some(queue));
                figures.blocking_rtt_ns = rtt;
            }
        }
        self.sbstats = Some(stats);
        types.into_values().collect()
    }
}

/// The lines of one pass over `glstats`.
struct StatsPass<'a> {
    activity: &'a mut Activity,
    active: Vec<(GlockName, GlockFigures)>,
}

impl StatsPass<'_> {
    /// Notes a glock's totals: its counts since the last pass, if it was used, and the interval that they are of.
    #[inline]
    fn note(&mut self, name: GlockName, dlm_requests: u64, queued: u64) -> Option<GlockFigures> {
        let (dlm_requests, queued, over_ns) = match self.activity.note(name, dlm_requests, queued) {
            Did::Counts { dlm_requests, queued } => (dlm_requests, queued, Some(0)),
            Did::Since { made } => (dlm_requests, queued, made.then_some(0)),
            Did::Unknown => return None,
        };
        let used = dlm_requests > 0 || queued > 0;
        used.then_some(GlockFigures { dlm_requests, queued, blocking_rtt_ns: None, between_requests_ns: None, over_ns })
    }

    fn keep(&mut self, stats: &GlockStats<'_>, figures: GlockFigures) {
        let own = |ns: i64| u64::try_from(ns).ok().filter(|_| stats.dlm_requests >= OWN_AFTER);
        let (blocking_rtt_ns, between_requests_ns) = (own(stats.srttb_ns), own(stats.sirt_ns));
        self.active.push((stats.name, GlockFigures { blocking_rtt_ns, between_requests_ns, ..figures }));
    }
}

impl Lines for StatsPass<'_> {
    fn line(&mut self, line: &[u8]) -> Next {
        if let Ok(stats) = glstats::parse_line(line)
            && let Some(figures) = self.note(stats.name, stats.dlm_requests, stats.queued)
        {
            self.keep(&stats, figures);
        }
        Next::Line
    }

    #[inline]
    fn ahead(&mut self, text: &[u8]) -> usize {
        let mut rest = text;
        while let Some(used) = glstats::used(rest) {
            let Some((line, after)) = rest.split_at_checked(used.bytes) else { break };
            // Its times are wanted of a used glock only. A plain line always parses.
            if let Some(figures) = self.note(used.name, used.dlm_requests, used.queued)
                && let Ok(stats) = glstats::parse_line(line.trim_ascii_end())
            {
                self.keep(&stats, figures);
            }
            rest = after;
        }
        text.len() - rest.len()
    }
}

fn read_fault(path: &str, error: &std::io::Error) -> Fault {
    let kind = match error.kind() {
        std::io::ErrorKind::PermissionDenied => FaultKind::NoPermission,
        std::io::ErrorKind::NotFound => FaultKind::NotMounted,
        _ => FaultKind::ReadFailed,
    };
    Fault::new(kind, described(path, error))
}
