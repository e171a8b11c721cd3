//! What the order of a dump tells: which locks are new, which were made again, which had only been overlooked. The rule is
//! in the head of [`super`].

use super::{CLOCK_SLACK_US, FIRST_LABEL, LockTable};
use crate::lock_sample::Life;

impl LockTable {
    /// Tells new locks from known ones by the dump's order, and gives labels. See the module's text.
    pub(super) fn settle_order(&mut self, order: &[u32]) {
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
        // From the oldest up: a label smaller than one that stands behind it is of a lock that was freed and made again.
        let (mut newest, mut newest_survivor) = (0, 0);
        for (position, &at) in order.iter().enumerate().rev() {
            let Some(entry) = self.entries.get_mut(at) else { continue };
            if entry.label >= newest && entry.label != 0 {
                (newest, newest_survivor) = (entry.label, position);
            } else if entry.label != 0 {
                entry.label = 0;
                self.count_as_new(at, Life::MadeAgain, true);
            }
        }
        let (mut only_new_so_far, mut first_overlooked) = (true, order.len());
        for (position, &at) in order.iter().enumerate() {
            if at >= self.first_new {
                // Behind a lock that was there before, it was there too and has been overlooked.
                if only_new_so_far {
                    self.count_as_new(at, Life::Made, true);
                }
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
}
