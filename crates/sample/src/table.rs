//! The locks of one file system on one node, as far as dumps have shown them: cumulative counters per lock, and what
//! of them is news.
//!
//! # What a dump leaves out, and how its order tells old from new
//!
//! The kernel loses about one record per read(2) (`ocfs2_dlm_seq_start` ignores its position), so absence means little:
//! a lock is *gone* only after [`GONE_AFTER`] passes without it. Presence means little too: a lock not known before may
//! be new, or may just have been lost so far, and then its counters are no news. The order tells them apart. The list
//! grows at its head only (`ocfs2_add_lockres_tracking`), so surviving locks keep their order:
//! - A lock not known before is *made* since the last pass if nothing that was known before stands in front of it;
//!   else it has been overlooked, and its counters are news only if it stands before what was the list's head in the first look.
//! - Locks of known age carry a label, larger for newer. The first lock that carries the largest label seen in a pass is
//!   the newest survivor; a labelled lock in front of it was freed and *made again*, whatever its counters say. Labels are
//!   given only where the age is certain: in the first look, and to what stands in front of the newest label of all.

use crate::delta::{Counters, Difference, difference, whole};
use crate::lock_sample::{LevelDelta, Life, LockSample};
use crate::message::{DumpReport, NodeClock, Omitted, Pace, Problems, Sample, StatsKept};
use crate::wait::{Sighting, WaitTrack};
use entries::{Entries, Entry};
use formats::ocfs2::lock_state::Flags;
use formats::ocfs2::locking_state::{LevelStats, Record, Stats};
use formats::ocfs2::{Level, LockName, LockType};
use hashbrown::{HashMap, HashSet};
use std::collections::VecDeque;

mod entries;

/// A lock unseen in this many passes is gone. Each pass misses about a tenth at random: one lock in a hundred million is
/// wrongly given up.
pub const GONE_AFTER: u32 = 8;
/// A lock that was just active or waiting is reported as "not seen" for so many passes.
const CARRIED_PASSES: u32 = 3;
/// How far the kernel's times of last use may lag behind the clock as it is read here, µs.
const CLOCK_SLACK_US: u64 = 1_000_000;
/// First label; there is room below it for the locks of the first pass and above it for later ones.
const FIRST_LABEL: u32 = 1 << 31;

/// A lock that this sample may report: its news are complete only when the pass has ended.
struct Pending {
    sample: LockSample,
    /// The news if the lock turns out to be made anew in this pass, instead of the sum in `sample`.
    whole: Option<(LevelDelta, LevelDelta)>,
    /// `sample`'s deltas before this pass.
    before_pass: (LevelDelta, LevelDelta),
    changed: bool,
}

/// What is followed of locks that wait, or were just active.
#[derive(Clone)]
struct Notable {
    /// As the last sample told it.
    last: Option<LockSample>,
    wait: Option<WaitTrack>,
    /// Monotonic time of the last sighting.
    seen_ns: u64,
}

/// The lock table of one file system on one node. See the module's text.
pub struct LockTable {
    uuid: String,
    fs_generation: Option<u32>,
    entries: Entries,
    notable: HashMap<u32, Notable>,
    system_blocks: HashSet<u64>,
    watched: HashSet<LockName>,
    most_locks: usize,
    emit_all: bool,
    // This pass.
    pass: u32,
    pass_clocks: VecDeque<(u32, NodeClock)>,
    order: Vec<u32>,
    first_look: bool,
    /// Entries from this number on were added in this pass.
    first_new: u32,
    newest_label: u32,
    /// Label of the list's head in the first look: what stands before it was made during the watch.
    first_look_label: u32,
    // This sample.
    seq: u64,
    sample_clock: NodeClock,
    previous_sample: Option<NodeClock>,
    pending: HashMap<u32, Pending>,
    dump: DumpReport,
    first_omitted: Omitted,
    unread: Option<u64>,
    stats: StatsKept,
    held_without_stats: u64,
    newest_us: u64,
    made: u64,
    made_again: u64,
    gone: u64,
}

impl LockTable {
    /// An empty table. `fs_generation` (from `fs_state`) tells system files: locks carry it in their names.
    pub fn new(uuid: impl Into<String>, fs_generation: Option<u32>) -> LockTable {
        LockTable {
            uuid: uuid.into(),
            fs_generation,
            entries: Entries::default(),
            notable: HashMap::new(),
            system_blocks: HashSet::new(),
            watched: HashSet::new(),
            most_locks: crate::message::Configuration::default().most_locks,
            emit_all: false,
            pass: 0,
            pass_clocks: VecDeque::new(),
            order: Vec::new(),
            first_look: true,
            first_new: 0,
            newest_label: 0,
            first_look_label: 0,
            seq: 0,
            sample_clock: NodeClock::default(),
            previous_sample: None,
            pending: HashMap::new(),
            dump: DumpReport::default(),
            first_omitted: Omitted::default(),
            unread: Some(0),
            stats: StatsKept::Unknown,
            held_without_stats: 0,
            newest_us: 0,
            made: 0,
            made_again: 0,
            gone: 0,
        }
    }

    /// The most locks a sample may hold: at least 1 and at most a million, whatever the viewer asks for.
    pub fn set_most_locks(&mut self, most: usize) {
        self.most_locks = most.clamp(1, 1_000_000);
    }

    /// Whether samples hold every lock, idle ones too: for a capture of one moment.
    pub fn set_emit_all(&mut self, all: bool) {
        self.emit_all = all;
    }

    /// Locks that every sample holds, idle or not.
    pub fn watch(&mut self, names: impl IntoIterator<Item = LockName>) {
        self.watched = names.into_iter().collect();
    }

    /// Locks known, each name once.
    pub fn known(&self) -> usize {
        self.entries.len()
    }

    /// Bytes kept now for all known locks, idle ones: entries and index.
    pub fn bytes_kept(&self) -> usize {
        self.entries.bytes_kept()
    }

    /// Begins reading the file once. The first pass of a sample sets the sample's time.
    pub fn begin_pass(&mut self, clock: NodeClock) {
        if self.dump.passes == 0 {
            self.sample_clock = clock;
        }
        self.pass += 1;
        self.pass_clocks.push_back((self.pass, clock));
        if self.pass_clocks.len() > GONE_AFTER as usize + 2 {
            self.pass_clocks.pop_front();
        }
        self.order = Vec::with_capacity(self.entries.len() + self.entries.len() / 8);
        self.first_new = self.entries.len() as u32;
        self.entries.rewind();
        self.dump.passes += 1;
        self.newest_us = 0;
    }

    /// Takes one record of the current pass, in the dump's order.
    #[inline]
    pub fn record(&mut self, record: &Record<'_>) {
        self.dump.records += 1;
        if self.dump.version < Some(record.version) {
            self.dump.version = Some(record.version);
        }
        let name = record.name;
        let stats = record.stats.unwrap_or_default();
        self.note_stats(&stats, record);
        let waits = stats.wait_since_us.unwrap_or(0) != 0 || record.state.flags.has(Flags::BUSY);
        // Flock records are always looked at: several share a name, and their counters are always zero.
        let matters = waits || name.kind() == LockType::FLOCK || self.emit_all || self.watched.contains(&name);
        let fingerprint = record.state.fingerprint() as u16;
        let Some(at) = self.entries.find(name) else {
            let at = self.insert(record, &stats, fingerprint);
            self.order.push(at);
            if matters || !stats.all_zero() {
                self.news(at, record, &stats, None);
            }
            return;
        };
        let seen = self.pass as u8;
        let Some(entry) = self.entries.get_mut(at) else { return };
        let before = *entry;
        let repeated = before.seen == seen;
        entry.seen = seen;
        if !repeated {
            // A second record of one name (flock handles) is no anchor of the order.
            self.order.push(at);
            entry.state = fingerprint;
        }
        let quiet = before.has(&stats) && before.state == fingerprint;
        if quiet && !repeated && !matters && !before.is_noted() {
            return;
        }
        entry.keep(&stats);
        self.news(at, record, &stats, Some((before, repeated)));
    }

    /// Counts a line of the current pass that was not understood; `place` names file and line.
    pub fn problem(&mut self, place: impl FnOnce() -> String) {
        self.dump.problems.lines += 1;
        if self.dump.problems.first.is_none() {
            self.dump.problems.first = Some(place());
        }
    }

    /// Ends the pass. `reads`: how many read(2)s returned data, `None` if not known.
    pub fn end_pass(&mut self, bytes: u64, reads: Option<u64>) {
        self.dump.bytes += bytes;
        self.dump.reads = match (self.dump.reads, reads) {
            (before, Some(now)) if self.dump.passes == 1 || before.is_some() => Some(before.unwrap_or(0) + now),
            _ => None,
        };
        let order = std::mem::take(&mut self.order);
        self.settle_order(&order);
        // The kernel loses a record at the end of each read but the last.
        let lost = reads.map(|reads| reads.saturating_sub(1));
        let share = |lost: u64, of: u64| lost as f64 / (lost + of).max(1) as f64;
        self.unread = match (self.unread, lost, self.dump.passes) {
            (_, Some(lost), 1) => Some(lost),
            // Losses of further passes are independent: what is left is the product.
            (Some(left), Some(lost), _) => Some((left as f64 * share(lost, order.len() as u64)).round() as u64),
            _ => None,
        };
    }

    /// Whether a lock that waited or was active in the last sample was lacking in every pass of this one so far.
    pub fn notable_missed(&self) -> bool {
        self.notable.keys().any(|&at| self.entries.get(at).is_some_and(|entry| self.passes_since(entry) >= self.dump.passes))
    }

    /// Ends the sample and hands it out.
    pub fn finish(&mut self, pace: Pace) -> Sample {
        let passes = self.dump.passes;
        let clock = self.sample_clock;
        let interval_ns = self.previous_sample.map(|before| clock.monotonic_ns.saturating_sub(before.monotonic_ns));
        let mut locks: Vec<LockSample> = Vec::with_capacity(self.pending.len());
        let mut notable: HashMap<u32, Notable> = HashMap::with_capacity(self.pending.len());
        // As many will be active next time: a table that grows moves what it holds again and again.
        let next = HashMap::with_capacity(if self.emit_all { 0 } else { self.pending.len() });
        let pending = std::mem::replace(&mut self.pending, next);
        let now = self.pass_clocks.back().map_or(clock, |&(_, clock)| clock);
        for (at, pending) in pending {
            if let Some(entry) = self.entries.get_mut(at) {
                entry.note(false);
            }
            let mut lock = pending.sample;
            lock.system = self.is_system(lock.name);
            let followed = self.notable.get(&at);
            let waits = lock.wait.is_some();
            if lock.is_active() || waits {
                let wait = followed.and_then(|notable| notable.wait).filter(|_| waits);
                let mut last = lock.clone();
                (last.lvb, last.rest) = (None, None);
                notable.insert(at, Notable { last: Some(last), wait, seen_ns: now.monotonic_ns });
            }
            if lock.is_active() || waits || pending.changed || self.emit_all || self.watched.contains(&lock.name) {
                locks.push(lock);
            }
        }
        // Locks that this sample's dumps lack: reported as such, with what was known, until they are given up.
        for (at, before) in std::mem::take(&mut self.notable) {
            let Some(entry) = self.entries.get(at) else { continue };
            let lacking = self.passes_since(entry);
            if lacking < passes || lacking > CARRIED_PASSES {
                if let (Some(entry), false) = (self.entries.get_mut(at), notable.contains_key(&at)) {
                    entry.note(false);
                }
                continue;
            }
            let Some(mut lock) = before.last.clone() else { continue };
            lock.seen_ago_ns = now.monotonic_ns.saturating_sub(before.seen_ns).max(1);
            lock.pr = LevelDelta { max_ns: lock.pr.max_ns, last_us: lock.pr.last_us, ..LevelDelta::default() };
            lock.ex = LevelDelta { max_ns: lock.ex.max_ns, last_us: lock.ex.last_us, ..LevelDelta::default() };
            lock.over_ns = Some(0);
            locks.push(lock);
            notable.insert(at, before);
        }
        self.notable = notable;
        for &at in self.notable.keys() {
            if let Some(entry) = self.entries.get_mut(at) {
                entry.note(true);
            }
        }
        let mut omitted = std::mem::take(&mut self.first_omitted);
        cut_to(&mut locks, self.most_locks, &self.watched, &mut omitted);
        let census = self.census();
        let stats = match self.stats {
            StatsKept::Yes => StatsKept::Yes,
            _ if self.held_without_stats > 0 => StatsKept::No,
            _ => StatsKept::Unknown,
        };
        if stats == StatsKept::No {
            for lock in &mut locks {
                lock.stats_unknown = true;
            }
        }
        self.seq += 1;
        self.previous_sample = Some(clock);
        let mut dump = std::mem::take(&mut self.dump);
        dump.missed = self.unread;
        Sample {
            uuid: self.uuid.clone(),
            seq: self.seq,
            clock,
            clock_last: now,
            interval_ns,
            dump,
            known: self.entries.len() as u64,
            census,
            made: std::mem::take(&mut self.made),
            made_again: std::mem::take(&mut self.made_again),
            gone: std::mem::take(&mut self.gone),
            stats,
            locks,
            omitted,
            pace,
        }
    }

    /// Passes that have ended or begun since this lock was seen; 0: seen in the last one.
    fn passes_since(&self, entry: &Entry) -> u32 {
        u32::from((self.pass as u8).wrapping_sub(entry.seen))
    }

    fn insert(&mut self, record: &Record<'_>, stats: &Stats, fingerprint: u16) -> u32 {
        let name = record.name;
        let at = self.entries.insert(name);
        if let Some(entry) = self.entries.get_mut(at) {
            entry.keep(stats);
            entry.seen = self.pass as u8;
            entry.state = fingerprint;
        }
        if matches!(name.kind(), LockType::META | LockType::RW) && name.low() != 0 && Some(name.low()) == self.fs_generation {
            self.system_blocks.insert(name.block());
        }
        at
    }

    #[inline]
    fn note_stats(&mut self, stats: &Stats, record: &Record<'_>) {
        self.newest_us = self.newest_us.max(stats.newest_us());
        if self.stats != StatsKept::Yes && record.stats.is_some() {
            if !stats.all_zero() {
                self.stats = StatsKept::Yes;
            } else if record.name.kind().has_stats() && record.state.level >= Level::PR {
                self.held_without_stats += 1;
            }
        }
        if record.stats.is_none() {
            self.held_without_stats += 1;
        }
    }

    /// Notes what a record tells beyond what was known. `before`: the entry as it was, and whether this pass had it already.
    fn news(&mut self, at: u32, record: &Record<'_>, stats: &Stats, before: Option<(Entry, bool)>) {
        let (_, clock) = self.pass_clocks.back().copied().unwrap_or_default();
        let now_pr = counters(&stats.pr);
        let now_ex = counters(&stats.ex);
        let (mut pr, mut ex, mut life) = (LevelDelta::default(), LevelDelta::default(), Life::Ongoing);
        let mut over_ns = None;
        let mut changed = false;
        match before {
            // A first look at the whole table: lifetime figures, as `over_ns` says.
            None if self.first_look => (pr, ex) = (whole(now_pr), whole(now_ex)),
            // Not known before: counts only if the pass's end finds it new.
            None => over_ns = Some(0),
            Some((entry, _)) => {
                over_ns = Some(clock.monotonic_ns.saturating_sub(self.seen_at_ns(&entry)));
                let [pr_before, ex_before] = entry.counters();
                let ongoing = (difference(pr_before, now_pr), difference(ex_before, now_ex));
                if let (Difference::Ongoing(pr_news), Difference::Ongoing(ex_news)) = ongoing {
                    (pr, ex) = (pr_news, ex_news);
                } else {
                    (pr, ex, life) = (whole(now_pr), whole(now_ex), Life::MadeAgain);
                    self.made_again += 1;
                }
                changed = entry.state != record.state.fingerprint() as u16;
            }
        }
        for (delta, level) in [(&mut pr, &stats.pr), (&mut ex, &stats.ex)] {
            delta.max_ns = level.max_ns;
            delta.last_us = level.last_us;
        }
        let repeated = before.is_some_and(|(_, repeated)| repeated);
        let changed = changed && !repeated;
        let free_at_ns = before.filter(|(_, repeated)| !repeated).map(|(entry, _)| self.seen_at_ns(&entry));
        let wait = self.follow_wait(at, record, stats, clock, free_at_ns);
        let waits = wait.is_some();
        let stats_unknown = record.stats.is_none() || !record.name.kind().has_stats();
        let watched = self.watched.contains(&record.name);
        let all = (whole(now_pr), whole(now_ex));
        let sample = LockSample {
            name: record.name,
            system: false,
            state: record.state,
            handles: 1,
            waiting_handles: u32::from(waits),
            pr,
            ex,
            refresh: stats.refresh,
            over_ns,
            stats_unknown,
            wait,
            seen_ago_ns: 0,
            life,
            lvb: if watched { lvb_digits(record.lvb) } else { None },
            rest: (watched && !record.rest.is_empty()).then(|| String::from_utf8_lossy(record.rest).trim().to_owned()),
        };
        if let Some(entry) = self.entries.get_mut(at) {
            entry.note(true);
        }
        match self.pending.get_mut(&at) {
            None => {
                let whole = Some(all);
                let before_pass = (LevelDelta::default(), LevelDelta::default());
                if self.first_look && !self.emit_all && self.pending.len() >= 8 * self.most_locks {
                    self.keep_the_longest();
                }
                self.pending.insert(at, Pending { sample, whole, before_pass, changed });
            }
            // Another handle of the same flock, or (rarely) a record that the kernel printed twice.
            Some(pending) if repeated => {
                let flock = record.name.kind() == LockType::FLOCK;
                let old = &mut pending.sample;
                if flock {
                    old.handles += 1;
                    old.waiting_handles += u32::from(waits);
                }
                let longer = |wait: &Option<crate::Wait>| wait.as_ref().map(|wait| wait.for_ns);
                if longer(&sample.wait) > longer(&old.wait) || (old.wait.is_none() && sample.state.level > old.state.level) {
                    old.state = sample.state;
                    old.wait = sample.wait;
                }
                if !flock {
                    old.pr.add(&sample.pr);
                    old.ex.add(&sample.ex);
                }
            }
            // A later pass of the same sample.
            Some(pending) => {
                let (pr_before, ex_before) = (pending.sample.pr, pending.sample.ex);
                let over = match (pending.sample.over_ns, sample.over_ns) {
                    (Some(before), Some(now)) => Some(before + now),
                    _ => None,
                };
                let life = if pending.sample.life == Life::Ongoing { sample.life } else { pending.sample.life };
                pending.before_pass = (pr_before, ex_before);
                pending.whole = Some(all);
                pending.changed |= changed;
                pending.sample = sample;
                pending.sample.pr.add(&pr_before);
                pending.sample.ex.add(&ex_before);
                pending.sample.over_ns = over;
                pending.sample.life = life;
            }
        }
    }

    /// A first look at a million used locks need not hold a million samples: those with the least wait are summed up.
    fn keep_the_longest(&mut self) {
        let waits: Vec<u64> = self.pending.values().map(|pending| pending.sample.total_ns()).collect();
        let mut waits = waits;
        let middle = waits.len().saturating_sub(self.most_locks).min(waits.len().saturating_sub(1));
        let (_, &mut least, _) = waits.select_nth_unstable(middle);
        let (watched, omitted, entries) = (&self.watched, &mut self.first_omitted, &mut self.entries);
        self.pending.retain(|&at, pending| {
            let lock = &pending.sample;
            let keep = lock.total_ns() >= least || lock.wait.is_some() || watched.contains(&lock.name);
            if !keep {
                omitted.add(lock);
                if let Some(entry) = entries.get_mut(at) {
                    entry.note(false);
                }
            }
            keep
        });
    }

    /// Follows the wait that a record tells of. `seen_at_ns`: when the lock was seen before.
    fn follow_wait(
        &mut self,
        at: u32,
        record: &Record<'_>,
        stats: &Stats,
        clock: NodeClock,
        seen_at_ns: Option<u64>,
    ) -> Option<crate::Wait> {
        let before = self.notable.get(&at).and_then(|notable| notable.wait);
        let sighting = Sighting {
            wait_since_us: stats.wait_since_us,
            busy: record.state.flags.has(Flags::BUSY),
            gets: stats.pr.gets.wrapping_add(stats.ex.gets),
            monotonic_ns: clock.monotonic_ns,
            realtime_us: clock.realtime_us,
            // Seen before, and not waiting then.
            free_at_ns: if before.is_none() { seen_at_ns } else { None },
            realtime_floor_us: self.newest_us,
        };
        let track = WaitTrack::step(before, sighting)?;
        let wait = track.at(clock.monotonic_ns, record.state.wanted());
        let followed = self.notable.entry(at).or_insert_with(|| Notable { last: None, wait: None, seen_ns: clock.monotonic_ns });
        followed.wait = Some(track);
        Some(wait)
    }

    /// Monotonic time of the pass that saw this lock last.
    fn seen_at_ns(&self, entry: &Entry) -> u64 {
        let pass = self.pass_clocks.iter().rev().find(|(pass, _)| *pass as u8 == entry.seen).or(self.pass_clocks.front());
        pass.map_or(0, |(_, clock)| clock.monotonic_ns)
    }

    /// Tells new locks from known ones by the dump's order, and gives labels. See the module's text.
    fn settle_order(&mut self, order: &[u32]) {
        if self.first_look {
            // Nothing is known of what came before.
            for (position, &at) in order.iter().enumerate() {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.label = FIRST_LABEL - position as u32;
                }
            }
            self.newest_label = FIRST_LABEL;
            self.first_look_label = FIRST_LABEL;
            self.first_look = order.is_empty();
            self.entries.shrink();
            return;
        }
        let (mut newest, mut newest_survivor) = (0, 0);
        for (position, &at) in order.iter().enumerate() {
            let label = self.entries.get(at).map_or(0, |entry| entry.label);
            if label > newest {
                (newest, newest_survivor) = (label, position);
            }
        }
        let (mut only_new_so_far, mut first_overlooked) = (true, order.len());
        for (position, &at) in order.iter().enumerate() {
            let Some(entry) = self.entries.get_mut(at) else { continue };
            let came_again = position < newest_survivor && entry.label != 0;
            if at >= self.first_new {
                // Behind a lock that was there before, it was there too and has been overlooked.
                if only_new_so_far {
                    self.count_as_new(at, Life::Made, true);
                }
            } else if came_again {
                entry.label = 0;
                self.count_as_new(at, Life::MadeAgain, true);
            } else if !self.pending.get(&at).is_some_and(|pending| pending.sample.life == Life::MadeAgain) {
                only_new_so_far = false;
            }
            if position >= newest_survivor && !only_new_so_far {
                first_overlooked = position;
                break;
            }
        }
        if self.entries.len() as u32 > self.first_new {
            self.tell_overlooked(order.get(first_overlooked..).unwrap_or_default());
        }
        // Newer than the newest lock of known age: so are all that stand before it.
        if newest == self.newest_label {
            if self.newest_label > u32::MAX - order.len() as u32 - 1 {
                let start = FIRST_LABEL - self.entries.len().min(FIRST_LABEL as usize / 2) as u32;
                (self.newest_label, self.first_look_label) = self.entries.renumber_labels(start, self.first_look_label);
            }
            for &at in order.iter().take(newest_survivor).rev() {
                if let Some(entry) = self.entries.get_mut(at) {
                    self.newest_label += 1;
                    entry.label = self.newest_label;
                }
            }
        }
    }

    /// A lock overlooked so far that is newer than the head of the list in the first look (a dump's first record is never
    /// lost) was made during the watch: nothing of its counters was told yet.
    fn tell_overlooked(&mut self, order: &[u32]) {
        let mut older_label = 0;
        for &at in order.iter().rev() {
            let label = self.entries.get(at).map_or(0, |entry| entry.label);
            if label != 0 {
                older_label = label;
            } else if at >= self.first_new && older_label >= self.first_look_label {
                self.count_as_new(at, Life::Made, false);
            }
        }
    }

    /// A lock was made since the last pass: all its counters are news of this pass.
    fn count_as_new(&mut self, at: u32, life: Life, since_last_pass: bool) {
        let mut clocks = self.pass_clocks.iter().rev().map(|(_, clock)| *clock);
        let (now, previous) = (clocks.next().unwrap_or_default(), clocks.next().unwrap_or_default());
        let over_ns = now.monotonic_ns.saturating_sub(previous.monotonic_ns);
        let Some(pending) = self.pending.get_mut(&at) else {
            // Made again with the very counters it had: never used, nothing to count.
            self.made += u64::from(life == Life::Made);
            self.made_again += u64::from(life == Life::MadeAgain);
            return;
        };
        if life == Life::Made {
            self.made += 1;
        } else if pending.sample.life != Life::MadeAgain {
            self.made_again += 1;
        }
        let Some((mut pr, mut ex)) = pending.whole else { return };
        // Where the newest locks of the last dump are freed, one overlooked then may stand at the head now. Its last use tells.
        let last_us = pending.sample.pr.last_us.max(pending.sample.ex.last_us).filter(|&last| last > 0);
        if let (Some(last), Some(previous)) = (last_us, previous.realtime_us)
            && since_last_pass
            && last.saturating_add(CLOCK_SLACK_US) < previous
        {
            pending.sample.over_ns = Some(0);
            return;
        }
        for (delta, now) in [(&mut pr, &pending.sample.pr), (&mut ex, &pending.sample.ex)] {
            delta.max_ns = now.max_ns;
            delta.last_us = now.last_us;
        }
        pr.add(&pending.before_pass.0);
        ex.add(&pending.before_pass.1);
        pending.sample.pr = pr;
        pending.sample.ex = ex;
        pending.sample.life = life;
        pending.sample.over_ns = since_last_pass.then_some(over_ns);
    }

    fn is_system(&self, name: LockName) -> bool {
        let system_file = |block: u64| self.system_blocks.contains(&block) && Some(block) != self.root_block();
        match name.kind() {
            LockType::DENTRY => system_file(u64::from(name.low())) || system_file(name.block()),
            kind if kind.names_inode() => system_file(name.block()),
            _ => false,
        }
    }

    /// The root directory: mkfs.ocfs2 makes it first, so it is the lowest of the blocks whose locks carry the file
    /// system's generation. Found without touching the device, which may hang.
    fn root_block(&self) -> Option<u64> {
        self.system_blocks.iter().copied().min()
    }

    /// Counts the known locks by type, and forgets those that too many passes have lacked.
    fn census(&mut self) -> Vec<(char, u64)> {
        let pass = self.pass as u8;
        let is_gone = |entry: &Entry| u32::from(pass.wrapping_sub(entry.seen)) >= GONE_AFTER;
        let mut counts = [0u64; 128];
        let mut gone = 0;
        for entry in self.entries.iter() {
            if is_gone(entry) {
                gone += 1;
            } else if let Some(count) = counts.get_mut(usize::from(entry.letter())) {
                *count += 1;
            }
        }
        if gone > 0 {
            self.gone += gone;
            let notable = &self.notable;
            let moved = self.entries.retain(|entry| !is_gone(entry), |at| notable.contains_key(&at));
            self.notable = std::mem::take(&mut self.notable).into_iter().filter_map(|(at, lock)| Some((*moved.get(&at)?, lock))).collect();
            self.newest_label = self.entries.iter().map(|entry| entry.label).max().unwrap_or(0);
        }
        let letters = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        letters.map(|(letter, &count)| (char::from(letter as u8), count)).collect()
    }
}

fn counters(level: &LevelStats) -> Counters {
    Counters { gets: level.gets as u32, fails: level.fails, total_ns: level.total_ns }
}

fn lvb_digits(tokens: &[u8]) -> Option<String> {
    use std::fmt::Write as _;
    let bytes = formats::ocfs2::lvb::bytes(tokens)?;
    if bytes.iter().all(|&byte| byte == 0) {
        return None;
    }
    Some(bytes.iter().fold(String::with_capacity(128), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    }))
}

/// Keeps the locks that matter most: watched and waiting ones, then by time spent; sums up the rest.
fn cut_to(locks: &mut Vec<LockSample>, most: usize, watched: &HashSet<LockName>, omitted: &mut Omitted) {
    if locks.len() <= most {
        return;
    }
    let rank = |lock: &LockSample| {
        let wait = lock.wait.as_ref().map_or(0, |wait| wait.for_ns);
        std::cmp::Reverse((watched.contains(&lock.name), wait, lock.total_ns(), lock.pr.gets + lock.ex.gets))
    };
    locks.select_nth_unstable_by_key(most, rank);
    for lock in locks.drain(most..) {
        omitted.add(&lock);
    }
}

impl Omitted {
    fn add(&mut self, lock: &LockSample) {
        self.locks += 1;
        self.pr_gets += lock.pr.gets;
        self.pr_ns += lock.pr.total_ns;
        self.ex_gets += lock.ex.gets;
        self.ex_ns += lock.ex.total_ns;
    }
}

impl Problems {
    /// Whether every line was understood.
    pub fn is_empty(&self) -> bool {
        self.lines == 0
    }
}

#[cfg(test)]
mod tests;
