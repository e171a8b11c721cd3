//! What the order of a dump tells: which locks are new, which were made again, which had only been overlooked. The rule is
//! in the head of [`super`].

use super::entries::{Entry, LARGEST_LABEL, PAST_BITS};
use super::{CLOCK_SLACK_US, FIRST_LABEL, GONE_AFTER, LockTable};
use crate::lock_sample::Life;
use foldhash::fast::FixedState;
use formats::ocfs2::{LockName, LockType};
use std::hash::BuildHasher as _;

/// Set in the order, beside a lock's number: found to be made again in this pass. There may be 2³¹ locks.
pub(super) const MADE_AGAIN: u32 = 1 << 31;

fn number(place: u32) -> u32 {
    place & !MADE_AGAIN
}

/// When a lock that counts as new came about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// Certainly after it, or its like, was seen last; so after the last pass if that had it.
    LastSeen,
    /// After the last pass, unless its last use says otherwise.
    LastPass,
    /// During the watch.
    Watch,
}

/// A name in 8 bytes.
pub(super) fn hash_of(name: LockName) -> u64 {
    FixedState::default().hash_one(name)
}

/// What was the list's head in an earlier pass, and where it stands now.
struct Head {
    pass: u32,
    at: u32,
    /// 0, too, if it is lacking now.
    position: usize,
}

impl LockTable {
    /// Tells new locks from known ones by the dump's order, and gives labels. See the module's text.
    pub(super) fn settle_order(&mut self, order: &mut [u32]) {
        let heads = self.heads_in(order);
        self.note_head(order);
        if self.first_look || self.filtered {
            self.watched_since = self.pass;
        }
        if self.first_look {
            // Nothing is known of what came before.
            self.label_all(order);
            self.first_look = order.is_empty();
            self.entries.shrink();
            return;
        }
        let (newest, survivor) = self.find_made_again(order);
        let head = heads.first().filter(|head| head.pass + 1 == self.pass).map_or(0, |head| head.position);
        let made_until = self.count_the_new(order, head);
        let before_a_head = heads.iter().map(|head| head.position).max().unwrap_or(0).saturating_sub(made_until);
        self.find_moved(order, made_until, &heads);
        self.tell_overlooked(order.get(made_until..).unwrap_or_default(), newest, before_a_head);
        if std::mem::take(&mut self.newest_lost) {
            self.newest_known = self.entries.iter().map(Entry::label).max().unwrap_or(0);
        }
        if self.newest_known == 0 {
            self.label_all(order);
        } else if newest == self.newest_known {
            self.give_labels(order.get(..survivor).unwrap_or_default(), newest);
        }
        while self.settled.front().is_some_and(|&(pass, _)| self.pass - pass > GONE_AFTER) {
            self.settled.pop_front();
        }
    }

    /// A label smaller than one that stands behind it is of a lock that was freed and made again. If the pass that saw it last
    /// had both, in their order then, it was made after that, and nothing of it is told yet; likewise if it stands before what
    /// was the head then, or later, or before some that were made again after that. Otherwise that pass may have shown it already,
    /// and lacked all those that tell of its move: what was told then is not told again.
    ///
    /// Returns the newest label whose lock went on, and its position.
    fn find_made_again(&mut self, order: &mut [u32]) -> (u32, usize) {
        let (mut newest, mut survivor) = (0, 0);
        let mut all_went_on = true;
        for (position, &place) in order.iter().enumerate().rev() {
            let label = self.entries.get(number(place)).map_or(0, Entry::label);
            if label >= newest && label != 0 {
                (newest, survivor) = (label, position);
            }
            all_went_on &= place & MADE_AGAIN == 0 && (label == newest || label == 0);
        }
        if all_went_on {
            return (newest, survivor);
        }
        let (mut newest, mut newest_then) = (0, [0; PAST_BITS as usize]);
        // How many passes ago those that stand behind and are made again were seen, the two least: one alone may be a total that
        // a 32-bit kernel changed while it was copied.
        let mut made_again_since = [u32::MAX; 2];
        for (position, place) in order.iter_mut().enumerate().rev() {
            let at = number(*place);
            let Some(&entry) = self.entries.get(at).filter(|entry| at < self.first_new && !shares_names(entry.letter())) else { continue };
            let (label, past) = (entry.label(), entry.past());
            // Of longer ago than the past tells: at least so many.
            let passes_ago = past.trailing_zeros().min(PAST_BITS);
            let stands_before_made = passes_ago >= made_again_since[1];
            if *place & MADE_AGAIN == 0 && (stands_before_made || label != 0 && label < newest) {
                self.forget_label(at);
                let stood_behind = || newest_then.get(passes_ago as usize).is_some_and(|&newest| label != 0 && label < newest);
                let mut settled_since = self.settled.iter().filter(|(pass, _)| pass + 1 + passes_ago >= self.pass);
                if stands_before_made || stood_behind() || settled_since.next().is_some_and(|&(_, head)| newest >= head) {
                    *place |= MADE_AGAIN;
                    self.count_as_new(at, Life::MadeAgain, Since::LastSeen);
                } else {
                    self.made_again += 1;
                }
            } else if label != 0 {
                (newest, survivor) = (label, position);
            }
            if *place & MADE_AGAIN != 0 && passes_ago < PAST_BITS {
                let [least, second] = made_again_since;
                made_again_since = [least.min(passes_ago), second.min(passes_ago.max(least))];
            }
            for (passes_ago, newest) in newest_then.iter_mut().enumerate() {
                if past >> passes_ago & 1 != 0 {
                    *newest = label.max(*newest);
                }
            }
        }
        (newest, survivor)
    }

    /// What stands before everything that was there before is new. So is all that stands before the last pass's first lock:
    /// a dump's first record is never lost. Returns where that ends.
    fn count_the_new(&mut self, order: &mut [u32], before_head: usize) -> usize {
        let before_known = order.iter().position(|&place| self.was_there(place)).unwrap_or(order.len());
        let made_until = before_head.max(before_known);
        for (position, place) in order.iter_mut().enumerate().take(made_until) {
            let at = number(*place);
            let before_head = position < before_head;
            if at >= self.first_new {
                self.count_as_new(at, Life::Made, if before_head { Since::LastSeen } else { Since::LastPass });
            } else if before_head && self.was_there(*place) {
                // What is before the last pass's head was made after that pass began.
                *place |= MADE_AGAIN;
                self.forget_label(at);
                self.count_as_new(at, Life::MadeAgain, Since::LastSeen);
            }
        }
        made_until
    }

    /// Where the heads of the last passes stand now, those of newer passes first. A head that was freed and made again stands
    /// further ahead: what is before it is all the newer.
    fn heads_in(&self, order: &[u32]) -> Vec<Head> {
        let mut heads: Vec<Head> = self.heads.iter().map(|&(pass, at)| Head { pass, at, position: 0 }).collect();
        if !heads.is_empty() {
            for (position, &place) in order.iter().enumerate() {
                for head in heads.iter_mut().filter(|head| head.at == number(place)) {
                    head.position = position;
                }
            }
        }
        heads
    }

    /// Keeps this pass's first lock: a dump's first record is never lost, so it is the list's head, unless a filter hides that.
    fn note_head(&mut self, order: &[u32]) {
        let first = order.first().map(|&place| number(place));
        if let Some(first) = first.filter(|&at| !self.head_unread && !self.filtered && !self.shares_its_name(at)) {
            // A quiet list has the same head for ever: once is enough, and keeps the look for heads cheap.
            self.heads.retain(|head| head.1 != first);
            self.heads.push_front((self.pass, first));
        }
        // What was made after a pass longer ago may have been known and given up in between.
        let pass = self.pass;
        self.heads.retain(|&(of, _)| pass - of < GONE_AFTER);
    }

    /// A known lock that stands before what was the head after it was seen last was freed and made again since.
    fn find_moved(&mut self, order: &mut [u32], from: usize, heads: &[Head]) {
        let Some(until) = heads.iter().map(|head| head.position).max().filter(|&until| until > from) else { return };
        for (position, place) in order.iter_mut().enumerate().take(until).skip(from) {
            let at = number(*place);
            let past = self.entries.get(at).map_or(0, Entry::past);
            if past == 0 || !self.was_there(*place) {
                continue;
            }
            let seen = self.pass - 1 - past.trailing_zeros();
            if heads.iter().any(|head| head.pass >= seen && position < head.position) {
                *place |= MADE_AGAIN;
                self.forget_label(at);
                self.count_as_new(at, Life::MadeAgain, Since::LastSeen);
            }
        }
    }

    /// A lock overlooked so far was made during the watch if it is newer than the first look's head, and nothing of it was
    /// told yet. Had it been known and given up, though, all of it would be told twice: so it must also be too new for that,
    /// newer than some that were made again in this pass, or at least newer than every survivor. What stands before one of the
    /// last passes' heads (up to `before_a_head`) was made after that pass, which is too new.
    fn tell_overlooked(&mut self, order: &[u32], newest: u32, before_a_head: usize) {
        if self.entries.len() as u32 == self.first_new {
            return;
        }
        let never_given_up = self.settled.front().map_or(u32::MAX, |&(_, label)| label);
        let long_watched = self.pass - self.watched_since > GONE_AFTER;
        let (mut older_label, mut made_again) = (0, 0);
        for (position, &place) in order.iter().enumerate().rev() {
            let at = number(place);
            let label = self.entries.get(at).map_or(0, Entry::label);
            made_again += u32::from(place & MADE_AGAIN != 0);
            let untold = || {
                position < before_a_head
                    || long_watched && self.entries.get(at).is_some_and(|entry| !self.given_up.contains(&hash_of(entry.name())))
                    || made_again > 1
                    || older_label != 0 && older_label >= never_given_up
                    || older_label == newest && newest >= self.first_look_label
            };
            if label != 0 {
                older_label = label;
            } else if at >= self.first_new && untold() {
                self.count_as_new(at, Life::Made, Since::Watch);
            }
        }
    }

    /// The lock of the newest label known, `newest`, was seen: what stands before it, `order`, is newer.
    fn give_labels(&mut self, order: &[u32], newest: u32) {
        // The lock with the newest label of all is no more: how old others before this one are is not known.
        let mut uncertain = newest < self.newest_label && order.iter().any(|&place| self.was_there(place));
        if self.newest_label > LARGEST_LABEL - order.len() as u32 - 1 {
            let start = FIRST_LABEL - self.entries.len().min(FIRST_LABEL as usize / 2) as u32;
            self.newest_label = self.entries.renumber_labels(start);
            self.newest_known = self.newest_label;
            uncertain = true;
        }
        for &place in order.iter().rev() {
            if let Some(entry) = self.entries.get_mut(number(place)).filter(|entry| !shares_names(entry.letter())) {
                self.newest_label += 1;
                self.newest_known = self.newest_label;
                entry.set_label(self.newest_label);
            }
        }
        if uncertain {
            self.settled.clear();
            self.first_look_label = self.first_look_label.max(self.newest_known);
        }
        self.settled.push_back((self.pass, self.newest_known));
    }

    /// Gives labels from nothing: only the order of this dump is known.
    fn label_all(&mut self, order: &[u32]) {
        for (position, &place) in order.iter().enumerate() {
            if let Some(entry) = self.entries.get_mut(number(place)).filter(|entry| !shares_names(entry.letter())) {
                entry.set_label(FIRST_LABEL - position as u32);
            }
        }
        (self.newest_label, self.newest_known, self.first_look_label) = (FIRST_LABEL, FIRST_LABEL, FIRST_LABEL);
        self.settled.clear();
        self.settled.push_back((self.pass, FIRST_LABEL));
    }

    pub(super) fn forget_label(&mut self, at: u32) {
        if let Some(entry) = self.entries.get_mut(at) {
            self.newest_lost |= entry.label() == self.newest_known;
            entry.forget_label();
        }
    }

    /// Whether this lock's record is of the lock that was known before this pass.
    fn was_there(&self, place: u32) -> bool {
        place < self.first_new && !self.shares_its_name(place)
    }

    /// A lock was made since: all its counters are news.
    fn count_as_new(&mut self, at: u32, life: Life, since: Since) {
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
        if self.previous_sample.is_none() && life == Life::Made {
            // Told in full as it is, since it was made.
            return;
        }
        let Some((mut pr, mut ex)) = pending.whole else { return };
        // Where the newest locks of the last dump are freed, one overlooked then may stand at the head now. Its last use tells.
        let last_us = pending.sample.pr.last_us.max(pending.sample.ex.last_us).filter(|&last| last > 0);
        if let (Some(last), Some(previous)) = (last_us, previous.realtime_us)
            && since == Since::LastPass
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
        if life == Life::Made {
            pending.sample.over_ns = (since != Since::Watch).then_some(over_ns);
        }
    }

    fn shares_its_name(&self, at: u32) -> bool {
        self.entries.get(at).is_some_and(|entry| shares_names(entry.letter()))
    }
}

/// Flock handles share one name: where it is first met moves when a handle is closed, and tells nothing.
fn shares_names(letter: u8) -> bool {
    char::from(letter) == LockType::FLOCK.letter()
}
