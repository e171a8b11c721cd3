//! Which of very many glocks are active, in memory that does not grow with them.
//!
//! `glstats` tells totals since each glock was made, so a count over an interval needs the totals before it. For up to
//! `MOST_EXACT` glocks they are all kept. Beyond, only a sum over each of many groups of glocks is (`groups`): where a
//! group's sum has changed, some glock of it was used, and from then on the totals of that group's glocks are kept until it has
//! been quiet for `QUIET_PASSES`. What a glock did in the pass that woke its group is not told of it (`sbstats` counts it all the same).

use super::groups::{Groups, QUIET_PASSES};
use foldhash::quality::RandomState;
use formats::gfs2::GlockName;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

/// Values by glock.
pub type ByGlock<V> = HashMap<GlockName, V, RandomState>;

/// Glocks by name.
pub type Pinned = HashSet<GlockName, RandomState>;

/// Glocks whose totals are kept, whether active or not.
const MOST_EXACT: usize = 50_000;
/// What a glock did since the last pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// Its counts of the interval.
    Counts {
        /// Requests to the DLM.
        dlm_requests: u64,
        /// Local lock calls.
        queued: u64,
    },
    /// Its totals since it was made, at most an interval ago or in the first pass.
    Since {
        /// It was made in this interval.
        made: bool,
    },
    /// It is not followed: nothing can be told yet.
    Unknown,
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct Activity {
    hasher: RandomState,
    /// Totals of the last sighting, and its pass.
    exact: ByGlock<(u64, u64, u32)>,
    pass: u32,
    /// Glocks in this pass.
    seen: usize,
    /// Groups' sums in the last pass and in this one. Empty while all is exact.
    groups: Groups,
    /// The sums of the last pass are of every glock.
    whole_before: bool,
    /// The sums began in the middle of this pass.
    began_within: bool,
    /// Glocks whose totals are kept whatever they do.
    pinned: Pinned,
}

impl Activity {
    /// Begins a pass over all glocks.
    pub fn begin(&mut self) {
        self.pass += 1;
        self.seen = 0;
    }

    /// Keeps the totals of these from the next pass on, and of those named before no longer.
    pub fn pin(&mut self, names: Pinned) {
        self.pinned = names;
        self.mark();
    }

    fn mark(&mut self) {
        self.groups.pin(self.pinned.iter().map(|name| self.hasher.hash_one(name)));
    }

    /// Lock calls of a glock since it was made, as of the last pass; `None` if it was not seen or is not followed.
    pub fn calls(&self, name: GlockName) -> Option<u64> {
        self.exact.get(&name).filter(|(.., pass)| *pass == self.pass).map(|&(_, calls, _)| calls)
    }

    /// One glock's totals.
    #[inline]
    pub fn note(&mut self, name: GlockName, dlm_requests: u64, queued: u64) -> Did {
        self.seen += 1;
        if self.groups.is_empty() {
            if self.exact.len() < MOST_EXACT || self.exact.contains_key(&name) {
                return match self.exact.insert(name, (dlm_requests, queued, self.pass)) {
                    Some(before) => since(before, dlm_requests, queued),
                    // Never seen: all of it is new, but in the first pass.
                    None => Did::Since { made: self.pass > 1 },
                };
            }
            self.groups = Groups::begun();
            self.mark();
            // This pass' sums lack what came before: they are not compared with the next ones.
            self.began_within = true;
            self.exact.clear();
        }
        let hash = self.hasher.hash_one(name);
        if self.groups.add(hash, dlm_requests, queued) { self.note_followed(hash, name, dlm_requests, queued) } else { Did::Unknown }
    }

    fn note_followed(&mut self, hash: u64, name: GlockName, dlm_requests: u64, queued: u64) -> Did {
        let follow = self.groups.follow(hash);
        if follow == 0 && !self.pinned.contains(&name) {
            return Did::Unknown;
        }
        match self.exact.insert(name, (dlm_requests, queued, self.pass)) {
            Some(before) => since(before, dlm_requests, queued),
            // All of it is new, but in a group's first pass, and for a glock that was pinned just now.
            None if (1..QUIET_PASSES).contains(&follow) => Did::Since { made: true },
            None => Did::Unknown,
        }
    }

    /// Ends a pass. `whole`: every glock was seen.
    pub fn end(&mut self, whole: bool) {
        let pass = self.pass;
        if whole {
            self.exact.retain(|_, &mut (.., seen)| seen == pass);
        }
        let compare = self.whole_before && whole;
        self.whole_before = whole && !std::mem::take(&mut self.began_within);
        if self.groups.is_empty() {
            return;
        }
        let any_followed = self.groups.end(compare);
        self.mark();
        let (hasher, groups, pinned) = (&self.hasher, &self.groups, &self.pinned);
        self.exact.retain(|name, _| groups.follow(hasher.hash_one(name)) > 0 || pinned.contains(name));
        if !any_followed && self.seen < MOST_EXACT / 2 {
            // Few again: all can be kept; what they did until the next pass is not known.
            *self = Activity { pinned: std::mem::take(&mut self.pinned), ..Activity::default() };
        }
    }
}

/// What was done between two sightings.
fn since((requests, calls, _): (u64, u64, u32), dlm_requests: u64, queued: u64) -> Did {
    match (dlm_requests.checked_sub(requests), queued.checked_sub(calls)) {
        (Some(dlm_requests), Some(queued)) => Did::Counts { dlm_requests, queued },
        // Freed and made again: all of it is new.
        _ => Did::Since { made: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::gfs2::GlockType;

    fn name(number: u64) -> GlockName {
        GlockName::new(GlockType::INODE, number)
    }

    #[test]
    fn few_glocks_are_counted_exactly() {
        let mut activity = Activity::default();
        let mut pass = |rows: &[(u64, u64, u64)]| {
            activity.begin();
            let did: Vec<Did> = rows.iter().map(|&(number, dlm, queued)| activity.note(name(number), dlm, queued)).collect();
            activity.end(true);
            did
        };
        assert_eq!(pass(&[(1, 5, 9)]), [Did::Since { made: false }]);
        assert_eq!(pass(&[(1, 7, 19), (2, 1, 1)]), [Did::Counts { dlm_requests: 2, queued: 10 }, Did::Since { made: true }]);
        // Freed and made again.
        assert_eq!(pass(&[(1, 1, 2)]), [Did::Since { made: true }]);
        assert_eq!(pass(&[(1, 1, 2), (2, 1, 1)]), [Did::Counts { dlm_requests: 0, queued: 0 }, Did::Since { made: true }]);
    }

    #[test]
    fn calls_are_those_of_the_last_pass() {
        let mut activity = Activity::default();
        activity.begin();
        activity.note(name(1), 5, 9);
        activity.end(true);
        assert_eq!((activity.calls(name(1)), activity.calls(name(2))), (Some(9), None));
        activity.begin();
        activity.end(false);
        assert_eq!(activity.calls(name(1)), None);
    }

    #[test]
    fn of_very_many_only_the_active_ones_are_kept() {
        const MANY: u64 = 200_000;
        let mut activity = Activity::default();
        let mut told = Vec::new();
        for pass in 0..6u64 {
            activity.begin();
            for number in 0..MANY {
                let used = if number % 20_000 == 7 { pass } else { 0 };
                if let Did::Counts { dlm_requests: 1.., .. } = activity.note(name(number), 1 + used, 1 + used) {
                    told.push((pass, number));
                }
            }
            activity.end(true);
        }
        // Pass 0 fills the sums, pass 1 has whole ones, in pass 2 they differ, from pass 4 on the ten active ones are counted.
        assert!(activity.exact.len() < 200, "{}", activity.exact.len());
        for pass in 4..6 {
            let of_pass: Vec<u64> = told.iter().filter(|(of, _)| *of == pass).map(|&(_, number)| number).collect();
            assert_eq!(of_pass.len(), 10, "{of_pass:?}");
            assert!(of_pass.iter().all(|number| number % 20_000 == 7));
        }
    }

    #[test]
    fn what_was_pinned_just_now_is_not_taken_for_new() {
        let mut activity = Activity::default();
        let mut pinned = Vec::new();
        for pass in 0..5 {
            activity.begin();
            for number in 0..60_000 {
                let did = activity.note(name(number), 9, 90 + pass * u64::from(number == 70));
                if number == 7 {
                    pinned.push(did);
                }
            }
            activity.end(true);
            if pass == 2 {
                activity.pin([name(7)].into_iter().collect());
            }
        }
        let nothing = Did::Counts { dlm_requests: 0, queued: 0 };
        assert_eq!(pinned, [Did::Since { made: false }, Did::Unknown, Did::Unknown, Did::Unknown, nothing]);
        assert_eq!(activity.calls(name(7)), Some(90));
    }
}
