//! What one record tells beyond what was known of its lock.

use super::entries::Entry;
use super::order::MADE_AGAIN;
use super::{CLOCK_SLACK_US, LockTable, Notable, Pending};
use crate::delta::{Counters, Difference, difference, whole};
use crate::lock_sample::{LevelDelta, Life, LockSample};
use crate::message::NodeClock;
use crate::wait::{Sighting, WaitTrack};
use formats::ocfs2::Flags;
use formats::ocfs2::locking_state::{LevelStats, Record, Stats};

impl LockTable {
    /// Notes what a record tells beyond what was known. `before`: the entry as it was, and whether this pass had it already.
    pub(super) fn news(&mut self, at: u32, record: &Record<'_>, stats: &Stats, before: Option<(Entry, bool)>) {
        let (_, clock) = self.pass_clocks.back().copied().unwrap_or_default();
        let now_pr = counters(&stats.pr);
        let now_ex = counters(&stats.ex);
        let (mut pr, mut ex, mut life) = (LevelDelta::default(), LevelDelta::default(), Life::Ongoing);
        let mut over_ns = None;
        let mut changed = false;
        match before {
            // The first sample, in all its passes: lifetime figures, as `over_ns` says.
            None if self.previous_sample.is_none() => (pr, ex) = (whole(now_pr), whole(now_ex)),
            // Not known before: counts only if the pass's end finds it new.
            None => over_ns = Some(0),
            Some((entry, _)) => {
                over_ns = Some(clock.monotonic_ns.saturating_sub(self.seen_at_ns(&entry)));
                let [pr_before, ex_before] = entry.counters();
                let ongoing = (difference(pr_before, now_pr), difference(ex_before, now_ex));
                let anew =
                    |news: &LevelDelta, level: &LevelStats| news.gets == 0 && news.total_ns > 0 && self.was_used_unseen(&entry, level);
                if let (Difference::Ongoing(pr_news), Difference::Ongoing(ex_news)) = ongoing
                    && !anew(&pr_news, &stats.pr)
                    && !anew(&ex_news, &stats.ex)
                {
                    (pr, ex) = (pr_news, ex_news);
                } else {
                    (pr, ex, life) = (whole(now_pr), whole(now_ex), Life::MadeAgain);
                    self.made_again += 1;
                    // It stands elsewhere now: its age is not known.
                    self.forget_label(at);
                    if let Some(place) = self.order.last_mut().filter(|place| **place == at) {
                        *place |= MADE_AGAIN;
                    }
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
                self.pending.insert(at, Box::new(Pending { sample, whole, before_pass, changed }));
            }
            // Another handle of the same flock.
            Some(pending) if repeated => {
                let old = &mut pending.sample;
                old.handles += 1;
                old.waiting_handles += u32::from(waits);
                let longer = |wait: &Option<crate::Wait>| wait.as_ref().map(|wait| wait.for_ns);
                if longer(&sample.wait) > longer(&old.wait) || (old.wait.is_none() && sample.state.level > old.state.level) {
                    old.state = sample.state;
                    old.wait = sample.wait;
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

    /// Without the node's clock, waits that this pass saw first are as long as the newest time in the whole dump says.
    pub(super) fn lengthen_waits(&mut self) {
        let Some(&(_, NodeClock { monotonic_ns, realtime_us: None })) = self.pass_clocks.back() else { return };
        for (at, notable) in &mut self.notable {
            let Some(length_ns) = notable.wait.as_mut().and_then(|track| track.lengthen(monotonic_ns, self.newest_us)) else { continue };
            if let Some(wait) = self.pending.get_mut(at).and_then(|pending| pending.sample.wait.as_mut()) {
                wait.for_ns = wait.for_ns.max(length_ns);
            }
        }
    }

    /// Whether a lock was used after a pass that lacked it. Where as many acquisitions are counted as before, it is another lock of
    /// the same name: each use of the one that was known would have been counted.
    fn was_used_unseen(&self, entry: &Entry, level: &LevelStats) -> bool {
        let mut later = self.pass_clocks.iter().skip_while(|(pass, _)| *pass as u8 != entry.seen).skip(1);
        let missed_at_us = later.next().and_then(|(_, clock)| clock.realtime_us);
        missed_at_us.zip(level.last_us).is_some_and(|(missed, last)| last > missed.saturating_add(CLOCK_SLACK_US))
    }

    /// Monotonic time of the pass that saw this lock last.
    fn seen_at_ns(&self, entry: &Entry) -> u64 {
        let pass = self.pass_clocks.iter().rev().find(|(pass, _)| *pass as u8 == entry.seen).or(self.pass_clocks.front());
        pass.map_or(0, |(_, clock)| clock.monotonic_ns)
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
