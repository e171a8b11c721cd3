//! The locks of one file system on one node, as far as dumps have shown them: cumulative counters per lock, and what
//! of them is news.
//!
//! # What a dump leaves out, and how its order tells old from new
//!
//! The kernel loses about one record per read(2) (`ocfs2_dlm_seq_start` ignores its position), so absence means little:
//! a lock is *gone* only after [`GONE_AFTER`] passes without it. Presence means little too: a lock not known before may
//! be new, or may just have been lost so far, and then its counters are no news. The order tells them apart. The list
//! grows at its head only (`ocfs2_add_lockres_tracking`), so surviving locks keep their order:
//! - A lock not known before is *made* since the last pass if nothing that was known before stands in front of it, or if it
//!   stands before the last pass's first lock, since a dump's first record is never lost. Else it has been overlooked, and its
//!   counters are news if it stands before what was the list's head in the first look, or if one of the next two rules says so.
//! - A dump's first record is never lost: it is the list's head. What stands before the head of one of the last passes was made
//!   after that pass, and nothing of it is told yet. (`locking_filter` hides idle locks: such a pass shows no head.)
//! - A lock that is met for the first time after more than [`GONE_AFTER`] passes, and was never given up, was made during the watch:
//!   by the same odds as a lock that so many passes lack is gone.
//! - Locks of known age carry a label, larger for newer. A labelled lock that stands before one with a larger label was
//!   freed and *made again*, whatever its counters say. Labels are given only where the age is certain: in the first look,
//!   and to what stands before the newest label of all.
//! - All of a lock made again is news only if the pass that saw it last still saw the old one. A lock proves that which stood
//!   before it then and stands behind it now. Without proof only its growth is told, so that what a sample tells of a lock
//!   always happened since it was last seen.
//! - Flock names have a record per handle: their place tells nothing.

use crate::lock_sample::{LevelDelta, LockSample};
use crate::message::{DumpReport, NodeClock, Omitted, Pace, Problems, Sample, StatsKept};
use crate::wait::WaitTrack;
use entries::{Entries, Entry};
use formats::ocfs2::lock_state::Flags;
use formats::ocfs2::locking_state::{Record, Stats};
use formats::ocfs2::{Level, LockName, LockType};
use hashbrown::{HashMap, HashSet};
use std::collections::VecDeque;

mod entries;
mod news;
mod order;

use order::hash_of;

/// A lock unseen in this many passes is gone. Each pass misses about a tenth at random: one lock in a hundred million is
/// wrongly given up.
pub const GONE_AFTER: u32 = 8;
/// Names given up that are remembered, at most: 8 MB.
const MOST_GIVEN_UP: usize = 1 << 19;
/// A lock that was just active or waiting is reported as "not seen" for so many passes.
const CARRIED_PASSES: u32 = 3;
/// How far the kernel's times of last use may lag behind the clock as it is read here, µs.
const CLOCK_SLACK_US: u64 = 1_000_000;
/// First label; there is room below it for the locks of the first pass and above it for later ones.
const FIRST_LABEL: u32 = 1 << 27;

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
    last: Option<Box<LockSample>>,
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
    /// `locking_filter` may hide idle locks in this pass.
    filtered: bool,
    /// Entries from this number on were added in this pass.
    first_new: u32,
    /// A line before the first record was not understood: that record is not the list's head.
    head_unread: bool,
    /// The list's head in each of the last passes that showed it, the newest first: the pass, and the lock.
    heads: VecDeque<(u32, u32)>,
    /// Since this pass every dump has shown every lock with the odds that are its own, idle or not: since the first look, or the
    /// last filtered pass.
    watched_since: u32,
    /// Hashes of the names that were known and given up as gone.
    given_up: HashSet<u64>,
    /// The largest label given so far, and the largest that a known lock has.
    newest_label: u32,
    newest_known: u32,
    /// The lock of the newest label known was made again in this pass.
    newest_lost: bool,
    /// Label of the list's head in the first look: what stands before it was made during the watch.
    first_look_label: u32,
    /// Passes at whose end everything newer than the newest label known was labelled, and that label then: what stands
    /// before it was made after that pass. None of it can have been given up as gone.
    settled: VecDeque<(u32, u32)>,
    // This sample.
    seq: u64,
    sample_clock: NodeClock,
    previous_sample: Option<NodeClock>,
    // In boxes: what is kept of an active lock is large, and a hash table has room for twice as many.
    pending: HashMap<u32, Box<Pending>>,
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
            filtered: false,
            first_new: 0,
            head_unread: false,
            heads: VecDeque::new(),
            watched_since: 0,
            given_up: HashSet::new(),
            newest_label: 0,
            newest_known: 0,
            newest_lost: false,
            first_look_label: 0,
            settled: VecDeque::new(),
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

    /// Whether dumps from now on may hide idle locks: `locking_filter` (v4) is not 0. What stands before the last dump's head is
    /// then not always new.
    pub fn set_filtered(&mut self, filtered: bool) {
        self.filtered = filtered;
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
        self.head_unread = false;
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
        if repeated {
            if name.kind() != LockType::FLOCK {
                // Freed and made again while this dump was read: the first record is of the newer lock.
                return;
            }
        } else {
            entry.see(seen);
            entry.state = fingerprint;
            self.order.push(at);
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
        self.head_unread |= self.order.is_empty();
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
        let mut order = std::mem::take(&mut self.order);
        self.settle_order(&mut order);
        self.lengthen_waits();
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
        let pending = std::mem::take(&mut self.pending);
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
                notable.insert(at, Notable { last: Some(Box::new(last)), wait, seen_ns: now.monotonic_ns });
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
            let Some(mut lock) = before.last.as_deref().cloned() else { continue };
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
            if self.given_up.len() > MOST_GIVEN_UP {
                self.given_up.clear();
            }
            self.given_up.extend(self.entries.iter().filter(|entry| is_gone(entry)).map(|entry| hash_of(entry.name())));
            let (notable, heads) = (&self.notable, &self.heads);
            let moved =
                self.entries.retain(|entry| !is_gone(entry), |at| heads.iter().any(|head| head.1 == at) || notable.contains_key(&at));
            self.heads = self.heads.iter().filter_map(|&(pass, at)| Some((pass, *moved.get(&at)?))).collect();
            self.notable = std::mem::take(&mut self.notable).into_iter().filter_map(|(at, lock)| Some((*moved.get(&at)?, lock))).collect();
            self.newest_known = self.entries.iter().map(Entry::label).max().unwrap_or(0);
        }
        let letters = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        letters.map(|(letter, &count)| (char::from(letter as u8), count)).collect()
    }
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
