//! What the histograms counted in an interval, as figures of one mount's glocks.

use super::activity::{ByGlock, Pinned};
use super::trace_table::Difference;
use formats::gfs2::GlockName;
use sample::gfs2::{GlockFigures, TracedFigures, Tracing};
use std::cmp::Reverse;

/// What was counted in one interval on all mounts.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Replies of the DLM and their times; `None`: not measured.
    pub lock_times: Option<Difference>,
    /// Remote demotes; likewise.
    pub demotes: Option<Difference>,
    /// How long ago the node's time of day was set, by which the kernel measures waits (`gfs2_update_reply_times`), ns.
    pub since_set_ns: Option<u64>,
    /// How the measuring stands.
    pub state: Tracing,
}

/// What was counted in one interval on one mount.
#[derive(Clone, Debug, Default)]
pub struct OfMount {
    /// Glocks of which something was counted.
    pub active: ByGlock<TracedFigures>,
    /// All others: 0 or not known.
    others: TracedFigures,
    /// How the measuring stands.
    pub state: Tracing,
}

impl Counted {
    /// What is of the mount of this device number.
    pub fn of(&self, device: Option<(u32, u32)>) -> OfMount {
        let mut of_mount = OfMount { state: self.state.clone(), ..OfMount::default() };
        let Some((major, minor)) = device else { return of_mount };
        // `MKDEV`, `include/linux/kdev_t.h`.
        let device = u64::from(major) << 20 | u64::from(minor);
        let zero = |counted: &Option<Difference>| counted.as_ref().filter(|counted| counted.complete).map(|_| 0);
        let (no_reply, no_demote) = (zero(&self.lock_times), zero(&self.demotes));
        of_mount.others = TracedFigures { dlm_wait_ns: no_reply, dlm_replies: no_reply, remote_demotes: no_demote };
        let others = of_mount.others;
        let here = |counted: &Option<Difference>| {
            let counts = counted.iter().flat_map(|counted| &counted.counts);
            counts.filter(|((of, _), _)| *of == device).map(|((_, name), counts)| (*name, *counts)).collect::<Vec<_>>()
        };
        for (name, (replies, wait)) in here(&self.lock_times) {
            let figures = of_mount.active.entry(name).or_insert(others);
            figures.dlm_replies = Some(replies);
            figures.dlm_wait_ns = wait.filter(|wait| self.is_believed(replies, *wait));
        }
        for (name, (demotes, _)) in here(&self.demotes) {
            of_mount.active.entry(name).or_insert(others).remote_demotes = Some(demotes);
        }
        of_mount
    }

    /// Whether no request began before the time of day was set: else that step is part of its wait.
    fn is_believed(&self, replies: u64, wait_ns: u64) -> bool {
        self.since_set_ns.is_none_or(|since| wait_ns.checked_div(replies).is_some_and(|mean| mean < since))
    }
}

impl OfMount {
    /// A glock's figures.
    pub fn of(&self, name: GlockName) -> TracedFigures {
        self.active.get(&name).copied().unwrap_or(self.others)
    }

    /// The glocks that are active here and not in `stats`: those that waited longest, as many as there is room for beside those, and
    /// how many more there are.
    pub fn most_waited(&self, stats: &ByGlock<GlockFigures>, most: usize) -> (Pinned, u64) {
        let mut active: Vec<(&GlockName, &TracedFigures)> = self.active.iter().filter(|(name, _)| !stats.contains_key(name)).collect();
        active
            .sort_unstable_by_key(|(name, figures)| (Reverse((figures.dlm_wait_ns, figures.remote_demotes, figures.dlm_replies)), **name));
        let more = active.len().saturating_sub(most.saturating_sub(stats.len()));
        active.truncate(active.len() - more);
        (active.into_iter().map(|(name, _)| *name).collect(), more as u64)
    }

    /// The same without figures: of a first sample, which has no interval.
    #[must_use]
    pub fn without_figures(self) -> OfMount {
        OfMount { state: self.state, ..OfMount::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::gfs2::GlockType;

    fn name(number: u64) -> GlockName {
        GlockName::new(GlockType::INODE, number)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the fields have it")]
    fn counted(rows: &[(u64, u64, u64, Option<u64>)], complete: bool) -> Option<Difference> {
        Some(Difference { counts: rows.iter().map(|&(dev, number, hits, sum)| ((dev, name(number)), (hits, sum))).collect(), complete })
    }

    /// 253:1 and 253:2.
    const FIRST: u64 = 253 << 20 | 1;
    const SECOND: u64 = 253 << 20 | 2;

    #[test]
    fn mounts_are_told_apart_and_what_is_not_counted_is_0() {
        let counted = Counted {
            lock_times: counted(&[(FIRST, 7, 2, Some(90)), (SECOND, 7, 1, Some(5))], true),
            demotes: counted(&[(FIRST, 8, 3, Some(0))], true),
            ..Counted::default()
        };
        let first = counted.of(Some((253, 1)));
        assert_eq!(first.of(name(7)), TracedFigures { dlm_wait_ns: Some(90), dlm_replies: Some(2), remote_demotes: Some(0) });
        assert_eq!(first.of(name(8)), TracedFigures { dlm_wait_ns: Some(0), dlm_replies: Some(0), remote_demotes: Some(3) });
        assert_eq!(first.of(name(9)).dlm_replies, Some(0));
        assert_eq!((first.active.len(), counted.of(Some((253, 2))).active.len(), counted.of(None).active.len()), (2, 1, 0));
        assert_eq!(counted.of(None).of(name(7)), TracedFigures::default());
    }

    #[test]
    fn what_a_full_or_missing_histogram_does_not_have_is_not_known() {
        let counted = Counted { lock_times: counted(&[(FIRST, 7, 2, Some(90))], false), ..Counted::default() };
        let mount = counted.of(Some((253, 1)));
        assert_eq!(mount.of(name(7)), TracedFigures { dlm_wait_ns: Some(90), dlm_replies: Some(2), remote_demotes: None });
        assert_eq!(mount.of(name(8)), TracedFigures::default());
    }

    #[test]
    fn a_wait_that_may_hold_a_step_of_the_clock_is_not_known() {
        let rows = [(FIRST, 7, 1, Some(3_600_000_000_000)), (FIRST, 8, 1, Some(1_000_000))];
        let figures = |since_set_ns| {
            let counted = Counted { lock_times: counted(&rows, true), since_set_ns, ..Counted::default() };
            let mount = counted.of(Some((253, 1)));
            (mount.of(name(7)), mount.of(name(8)).dlm_wait_ns)
        };
        assert_eq!(figures(None).0.dlm_wait_ns, Some(3_600_000_000_000));
        assert_eq!((figures(Some(0)).0.dlm_wait_ns, figures(Some(0)).0.dlm_replies, figures(Some(0)).1), (None, Some(1), None));
        assert_eq!((figures(Some(2_000_000_000)).0.dlm_wait_ns, figures(Some(2_000_000_000)).1), (None, Some(1_000_000)));
    }
}
