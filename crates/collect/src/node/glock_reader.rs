//! `glocks` and `glstats` of one GFS2 into samples: what is active, who waits, who is asked to give up. Lines are parsed while
//! they are read, and only glocks that matter are kept.

use super::activity::{Activity, ByGlock, Did};
use super::discover::described;
use super::discover_gfs2::{debug_file, health};
use super::dump::measured;
use super::files::NodeFiles;
use super::growth::{GrowthWindow, Held};
use super::lines::{Bounds, Next, read_lines, shown};
use formats::gfs2::glocks::{Line, is_background, parse_line};
use formats::gfs2::{Dialect, Glock, GlockFlags, GlockName, GlockState, GlockType, Holder, SbStats, glstats};
use formats::scan::split_line;
use sample::gfs2::{Demote, GlockFigures, Growth, HolderSample, InodeFacts, TypeFigures, WaitReason};
use sample::message::Look;
use sample::{DumpReport, Fault, FaultKind, Gfs2Sample, GlockSample, NodeClock, Pace, Problems};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// GFS2's seq files give at most this in one read(2).
const READ_SIZE: usize = 64 << 10;
/// Ten million glocks.
const BOUNDS: Bounds = Bounds { bytes: 4 << 30, time: Duration::from_secs(120) };
/// Holders of one glock that are told.
const MOST_HOLDERS: usize = 200;
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
}

impl GlockReader {
    /// A reader that has read nothing yet.
    pub fn new(table: &str) -> GlockReader {
        GlockReader { table: table.to_owned(), ..GlockReader::default() }
    }

    /// Takes a sample. `now` gives the node's clocks.
    pub fn sample(&mut self, files: &dyn NodeFiles, now: &mut dyn FnMut() -> NodeClock, wanted: Wanted<'_>) -> Result<Gfs2Sample, Fault> {
        let path = debug_file(&self.table, "glocks");
        let mut clock = now();
        let ((stats, read), cpu_us, wall_us) = measured(|| {
            let (stats, omitted) = self.read_stats(files, wanted.most);
            let read = self.read_glocks(files, &path, clock, wanted, &stats);
            ((stats, omitted), read)
        });
        let (mut read, (stats, omitted)) = (read?, stats);
        if let Some(recorded) = read.recorded_clock {
            clock = recorded;
        }
        self.seq += 1;
        let interval_ns = self.previous.map(|before| clock.monotonic_ns.saturating_sub(before.monotonic_ns)).filter(|_| self.seq > 1);
        self.previous = Some(clock);
        let mut glocks = std::mem::take(&mut read.glocks);
        for (name, mut figures) in stats {
            figures.over_ns = figures.over_ns.and(interval_ns);
            // Freed between the two files: only its counts are known.
            glocks.entry(name).or_insert_with(|| GlockSample::counted_only(name)).stats = Some(figures);
        }
        let growth = self.grew(&read.types, std::mem::take(&mut read.held), clock);
        let types = self.types(files, read.types);
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
            dump: read.report,
            pace: Pace { asked_ms, kept_ms, cpu_us, wall_us },
            growth,
        })
    }

    /// The counts of the most active glocks, and how many more were active.
    fn read_stats(&mut self, files: &dyn NodeFiles, most: usize) -> (ByGlock<GlockFigures>, u64) {
        let mut active = Vec::new();
        let activity = &mut self.activity;
        activity.begin();
        let path = debug_file(&self.table, "glstats");
        let read = read_lines(files, &path, BOUNDS, READ_SIZE, |line| {
            let Ok(stats) = glstats::parse_line(line) else { return Next::Line };
            let did = activity.note(stats.name, stats.dlm_requests, stats.queued);
            let own = |ns: i64| u64::try_from(ns).ok().filter(|_| stats.dlm_requests >= OWN_AFTER);
            let (dlm_requests, queued, over_ns) = match did {
                Did::Counts { dlm_requests, queued } => (dlm_requests, queued, Some(0)),
                Did::Since { made } => (stats.dlm_requests, stats.queued, made.then_some(0)),
                Did::Unknown => return Next::Line,
            };
            if dlm_requests > 0 || queued > 0 {
                let figures = GlockFigures {
                    dlm_requests,
                    queued,
                    blocking_rtt_ns: own(stats.srttb_ns),
                    between_requests_ns: own(stats.sirt_ns),
                    over_ns,
                };
                active.push((stats.name, figures));
            }
            Next::Line
        });
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
        active: &ByGlock<GlockFigures>,
    ) -> Result<Read, Fault> {
        let dialect = std::mem::take(&mut self.dialect);
        let mut pass = Pass {
            wanted,
            active,
            current: None,
            holders: Vec::new(),
            read: Read { held: Some(Held::default()), ..Read::default() },
            dialect,
        };
        let mut number = 0u64;
        let mut problems = Problems::default();
        let bounded = read_lines(files, path, BOUNDS, READ_SIZE, |line| {
            number += 1;
            match parse_line(line) {
                Ok(parsed) => pass.line(line, &parsed),
                Err(problem) => {
                    problems.lines += 1;
                    problems.first.get_or_insert_with(|| format!("{path}:{number}: {problem}: {}", shown(line)));
                }
            }
            Next::Line
        });
        pass.finish();
        let Pass { mut read, dialect, .. } = pass;
        self.dialect = dialect;
        let bounded = bounded.map_err(|error| read_fault(path, &error))?;
        read.recorded_clock = bounded.recorded_clock;
        if let Some(cut) = bounded.cut {
            read.held = None;
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

    /// What the inodes in memory grew by. `held`: `None` if the dump was cut, whose counts are of a part.
    fn grew(&mut self, types: &BTreeMap<u8, TypeFigures>, held: Option<Held>, clock: NodeClock) -> Option<Growth> {
        let Some(held) = held else {
            self.growth.forget();
            return None;
        };
        let count = |kind: GlockType| types.get(&kind.0).map_or(0, |of| of.by_state.iter().sum());
        self.growth.step(clock.monotonic_ns, count(GlockType::INODE), count(GlockType::IOPEN), held)
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

fn no_figures(kind: u8) -> TypeFigures {
    TypeFigures {
        kind: GlockType(kind),
        by_state: [0; 5],
        held: 0,
        contended: 0,
        waiting: 0,
        dlm_requests: None,
        queued: None,
        blocking_rtt_ns: None,
    }
}

/// What one pass over `glocks` gave.
#[derive(Debug, Default)]
struct Read {
    glocks: BTreeMap<GlockName, GlockSample>,
    types: BTreeMap<u8, TypeFigures>,
    known: u64,
    /// Who holds the iopen glocks; `None` if not all were read.
    held: Option<Held>,
    report: DumpReport,
    recorded_clock: Option<NodeClock>,
}

/// The lines of one pass. Most glocks are of no interest, which is known only after their last line; so texts are made of one when
/// it is, from the lines of its holders, which are kept until then.
struct Pass<'w> {
    wanted: Wanted<'w>,
    active: &'w ByGlock<GlockFigures>,
    current: Option<Current>,
    /// `H:` lines of the current glock, each with its newline.
    holders: Vec<u8>,
    read: Read,
    dialect: Dialect,
}

/// The glock whose lines are being read.
struct Current {
    glock: Glock<'static>,
    inode: Option<InodeFacts>,
    only_background: bool,
    held: bool,
    granted: bool,
    waiting: u64,
    kept: usize,
    omitted: u64,
}

impl Pass<'_> {
    fn line(&mut self, text: &[u8], line: &Line<'_>) {
        match line {
            Line::Glock(glock) => {
                self.finish();
                self.dialect.note(glock);
                self.current = Some(Current::new(glock));
            }
            Line::Holder(holder) => {
                self.dialect.note_holder(holder.flags);
                let Some(current) = &mut self.current else { return };
                if let (GlockType::IOPEN, false, Some(held)) = (current.glock.name.kind, current.granted, &mut self.read.held)
                    && !holder.flags.waiting()
                {
                    held.note(holder);
                }
                current.holder(holder);
                if current.kept < MOST_HOLDERS {
                    current.kept += 1;
                    self.holders.extend_from_slice(text);
                    self.holders.push(b'\n');
                } else {
                    current.omitted += 1;
                }
            }
            Line::Inode(inode) => {
                if let Some(current) = &mut self.current {
                    current.inode = Some(InodeFacts {
                        formal: inode.formal,
                        address: inode.address,
                        directory: inode.is_directory(),
                        system: inode.is_system(),
                        size: inode.size,
                    });
                }
            }
            Line::Rgrp(_) | Line::RgrpLvb(_) | Line::Reservation(_) => {}
        }
    }

    /// Ends the current glock: counts it, and keeps it if it matters.
    fn finish(&mut self) {
        let Some(current) = self.current.take() else { return };
        self.read.known += 1;
        let (name, flags) = (current.glock.name, current.glock.flags);
        let figures = self.read.types.entry(name.kind.0).or_insert_with(|| no_figures(name.kind.0));
        let states = [GlockState::UN, GlockState::SH, GlockState::DF, GlockState::EX];
        let at = states.iter().position(|known| *known == current.glock.state).unwrap_or(4);
        if let Some(count) = figures.by_state.get_mut(at) {
            *count += 1;
        }
        figures.held += u64::from(current.held);
        figures.contended += u64::from(current.waiting > 0);
        figures.waiting += current.waiting;
        let look = self.wanted.look;
        // Making a resource's name of every glock would cost as much as reading it.
        let names_any = || !look.resources.is_empty() || !look.inodes.is_empty();
        let is_asked_for = || self.wanted.all || look.all || names_any() && look.asks_for(&formats::dlm::ResourceName::from(name));
        let asked_to_demote = flags.demote_asked() && (current.held || flags.demoting());
        if current.waiting > 0 || asked_to_demote || self.active.contains_key(&name) || is_asked_for() {
            self.read.glocks.insert(name, current.sample(&self.holders, &self.dialect));
        }
        self.holders.clear();
    }
}

impl Current {
    fn new(glock: &Glock<'_>) -> Current {
        Current {
            glock: Glock { rest: b"", ..*glock },
            inode: None,
            only_background: true,
            held: false,
            granted: false,
            waiting: 0,
            kept: 0,
            omitted: 0,
        }
    }

    fn holder(&mut self, holder: &Holder<'_>) {
        let background = is_background(&self.glock, holder);
        self.only_background &= background;
        if holder.flags.waiting() {
            self.waiting += 1;
        } else {
            self.granted = true;
            self.held |= !background;
        }
    }

    /// The glock for the viewer; `holders` are the lines that were kept.
    fn sample(self, holders: &[u8], dialect: &Dialect) -> GlockSample {
        let glock = &self.glock;
        let demote = (glock.flags.demote_asked() || glock.flags.demote_deferred()).then(|| Demote {
            state: glock.demote_state.word().to_owned(),
            for_ns: glock.demote_us.saturating_mul(1000),
            under_way: glock.flags.demoting(),
            deferred: !glock.flags.demote_asked(),
        });
        let mut samples = Vec::with_capacity(self.kept);
        let mut rest = holders;
        while let Some((line, tail)) = split_line(rest) {
            if let Ok(Line::Holder(holder)) = parse_line(line) {
                samples.push(holder_sample(&holder));
            }
            rest = tail;
        }
        GlockSample {
            name: glock.name,
            state: glock.state.word().to_owned(),
            target: glock.target.word().to_owned(),
            flags: glock.flags.to_string(),
            flags_words: String::new(),
            demote,
            reason: (self.waiting > 0).then(|| self.reason(dialect)),
            holders: samples,
            holders_omitted: self.omitted,
            background: self.only_background,
            stats: None,
            inode: self.inode,
        }
    }

    /// By what the line shows; see `do_xmote` and `run_queue` in `fs/gfs2/glock.c`.
    fn reason(&self, dialect: &Dialect) -> WaitReason {
        let flags = self.glock.flags;
        if self.granted {
            WaitReason::LocalHolder
        } else if flags.frozen() {
            WaitReason::Recovery
        } else if flags.reply_here() {
            WaitReason::ReplyUnprocessed
        } else if flags.changing() && flags.flushing_log() && flags.demoting() {
            WaitReason::LogFlush
        } else if flags.changing() && flags.invalidating() {
            WaitReason::Invalidating
        } else if flags.reply_pending(dialect) == Some(true) || flags.changing() && self.glock.state != self.glock.target {
            WaitReason::RemoteHolder
        } else if flags.instantiating() {
            WaitReason::DiskRead
        } else {
            WaitReason::Unknown
        }
    }
}

fn holder_sample(holder: &Holder<'_>) -> HolderSample {
    HolderSample {
        state: holder.state.word().to_owned(),
        flags: holder.flags.to_string(),
        waiting: holder.flags.waiting(),
        pid: holder.pid,
        comm: String::from_utf8_lossy(holder.comm).into_owned(),
        symbol: String::from_utf8_lossy(holder.symbol).into_owned(),
        seen_for_ns: 0,
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
