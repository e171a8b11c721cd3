//! In which order locks are shown.

use crate::glock_row::GlockRow;
use crate::row::LockRow;
use std::cmp::{Ordering, Reverse};

/// What the rows are sorted by; stuck locks come first in every order but inode and type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// Sum of average waits over nodes and levels, as o2locktop sorts; a wait under way of 1 s or more counts as its length.
    #[default]
    Average,
    /// Total time spent acquiring.
    Time,
    /// Acquisitions.
    Count,
    /// Longest wait under way.
    Waiting,
    /// Longest single acquisition since the lock was made.
    Max,
    /// Inode.
    Inode,
    /// Type, then inode.
    Type,
}

impl SortKey {
    /// All, in the order of the sort menu, with the name used on the command line and in the configuration.
    pub const ALL: [(SortKey, &'static str, &'static str); 7] = [
        (SortKey::Average, "average", "sum of average waits over nodes and levels (o2locktop's order)"),
        (SortKey::Time, "time", "total time spent acquiring"),
        (SortKey::Count, "count", "acquisitions"),
        (SortKey::Waiting, "waiting", "longest wait under way"),
        (SortKey::Max, "max", "longest single acquisition since the lock was made"),
        (SortKey::Inode, "inode", "inode, ascending"),
        (SortKey::Type, "type", "type, then inode"),
    ];

    /// The key of this name.
    pub fn from_name(name: &str) -> Option<SortKey> {
        Self::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// What it sorts glocks by, in words.
    pub fn words_of_glocks(self) -> &'static str {
        match self {
            SortKey::Average => "stuck and waiting first, longest first; then time that the DLM took",
            SortKey::Time => "time that the DLM took to answer; where it is not measured, requests by round trip",
            SortKey::Count => "local lock calls",
            SortKey::Waiting => "longest wait that was seen, or that another node asks for it",
            SortKey::Max => "longest smoothed round trip of requests to the DLM",
            SortKey::Inode => "number, ascending",
            SortKey::Type => "type, then number",
        }
    }

    /// How two rows stand to each other. Total: equal figures are told apart by name, so rows do not dance.
    pub fn compare(self, a: &LockRow, b: &LockRow) -> Ordering {
        let stuck_first = || {
            Reverse(a.figures.stuck)
                .cmp(&Reverse(b.figures.stuck))
                .then_with(|| if a.figures.stuck { b.figures.waiting_ns().cmp(&a.figures.waiting_ns()) } else { Ordering::Equal })
        };
        let descending = |of: fn(&LockRow) -> u64| of(b).cmp(&of(a));
        let by_inode = || (a.name.inode(), a.name.block()).cmp(&(b.name.inode(), b.name.block()));
        let order = match self {
            SortKey::Average => stuck_first().then_with(|| descending(weight)).then_with(|| descending(time)),
            SortKey::Time => stuck_first().then_with(|| descending(time)),
            SortKey::Count => stuck_first().then_with(|| descending(|row| row.figures.gets())),
            SortKey::Waiting => stuck_first().then_with(|| descending(|row| row.figures.waiting_ns())),
            SortKey::Max => stuck_first().then_with(|| descending(|row| row.figures.max_ns())),
            SortKey::Inode => by_inode(),
            SortKey::Type => a.kind().cmp(&b.kind()).then_with(by_inode),
        };
        order.then_with(|| descending(time)).then_with(|| a.name.cmp(&b.name))
    }

    /// How two glocks stand to each other, in the order that is nearest to this one's words. Time is what the DLM took to answer, where
    /// that is measured; else GFS2 tells no time per lock, and it is requests by round trip.
    pub fn compare_glocks(self, a: &GlockRow, b: &GlockRow) -> Ordering {
        let stuck_first = || Reverse(a.stuck).cmp(&Reverse(b.stuck));
        let descending = |of: fn(&GlockRow) -> u64| of(b).cmp(&of(a));
        let spent = |row: &GlockRow| {
            row.dlm_wait_ns.unwrap_or_else(|| row.dlm_requests.unwrap_or(0).saturating_mul(row.blocking_rtt_ns.unwrap_or(0)))
        };
        let waited = |row: &GlockRow| row.waited_ns.max(row.demote_ns.unwrap_or(0));
        let order = match self {
            SortKey::Inode => a.name.number.cmp(&b.name.number),
            SortKey::Type => a.name.kind.cmp(&b.name.kind).then(a.name.number.cmp(&b.name.number)),
            SortKey::Count => stuck_first().then_with(|| descending(|row| row.queued.unwrap_or(0))),
            SortKey::Waiting => stuck_first().then_with(|| descending(waited)).then_with(|| descending(|row| row.waiting)),
            SortKey::Max => stuck_first().then_with(|| descending(|row| row.blocking_rtt_ns.unwrap_or(0))),
            SortKey::Time => stuck_first().then_with(|| descending(spent)),
            SortKey::Average => {
                stuck_first().then_with(|| descending(|row| row.waiting)).then_with(|| descending(waited)).then_with(|| descending(spent))
            }
        };
        order.then_with(|| descending(|row| row.dlm_requests.unwrap_or(0))).then_with(|| a.name.cmp(&b.name))
    }

    /// Sorts the first `most` rows into place; the rest follow in no order. All are sorted if `most` is beyond them.
    pub fn sort(self, rows: &mut [LockRow], reverse: bool, most: usize) {
        let compare = |a: &LockRow, b: &LockRow| if reverse { self.compare(b, a) } else { self.compare(a, b) };
        if most > 0 && most < rows.len() {
            rows.select_nth_unstable_by(most - 1, compare);
        }
        let end = most.min(rows.len());
        if let Some(head) = rows.get_mut(..end) {
            head.sort_unstable_by(compare);
        }
    }
}

/// A wait of this length counts as an average of its length: it is no momentary one any more.
const LONG_WAIT_NS: u64 = 1_000_000_000;

fn weight(row: &LockRow) -> u64 {
    let waiting = row.figures.waiting_ns();
    if waiting >= LONG_WAIT_NS { row.figures.rank_ns.max(waiting) } else { row.figures.rank_ns }
}

fn time(row: &LockRow) -> u64 {
    row.figures.total_ns()
}
