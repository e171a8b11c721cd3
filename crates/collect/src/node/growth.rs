//! How many inodes came into a node's memory in the last half minute, and through whom.
//!
//! Each inode in memory has one iopen glock with one holder, queued when the inode was read. So their number is what grows under a
//! process that reads a whole tree, though it has hardly a file open at any moment. Older kernels name that holder's process;
//! those of 6.x do not (`GL_NOPID`, `gfs2_inode_lookup`): there the DLM's locks tell ([`super::openers`]).

use formats::gfs2::Holder;
use sample::gfs2::{GrewBy, Growth};
use std::collections::{HashMap, VecDeque};

/// Growth is told over at least so long, ns, as soon as that much has been seen.
const WINDOW_NS: u64 = 30_000_000_000;
/// Processes that are counted.
const MOST_PROCESSES: usize = 4096;
/// Processes that are told.
const MOST_TOLD: usize = 5;

/// Iopen glocks at one moment, by who holds them.
#[derive(Clone, Debug, Default)]
pub struct Held {
    by: HashMap<u32, (String, u64)>,
    unnamed: u64,
}

impl Held {
    /// Counts one glock by its first holder.
    pub fn note(&mut self, holder: &Holder<'_>) {
        let Some(pid) = holder.pid else {
            self.unnamed += 1;
            return;
        };
        if let Some((_, count)) = self.by.get_mut(&pid) {
            *count += 1;
        } else if self.by.len() < MOST_PROCESSES {
            self.by.insert(pid, (String::from_utf8_lossy(holder.comm).into_owned(), 1));
        }
    }
}

#[derive(Clone, Debug)]
struct Moment {
    at_ns: u64,
    inode: u64,
    iopen: u64,
    held: Held,
}

/// The moments of the last half minute.
#[derive(Debug, Default)]
pub struct GrowthWindow {
    moments: VecDeque<Moment>,
}

impl GrowthWindow {
    /// Forgets what was seen: the next sample is the first again.
    pub fn forget(&mut self) {
        self.moments.clear();
    }

    /// Takes the counts of one moment, and tells what they grew by.
    pub fn step(&mut self, at_ns: u64, inode: u64, iopen: u64, held: Held) -> Option<Growth> {
        self.moments.push_back(Moment { at_ns, inode, iopen, held });
        // The oldest one is the last that is a whole window away.
        while self.moments.get(1).is_some_and(|second| at_ns.saturating_sub(second.at_ns) >= WINDOW_NS) {
            self.moments.pop_front();
        }
        let (now, then) = (self.moments.back()?, self.moments.front().filter(|_| self.moments.len() > 1)?);
        let grew = |now: u64, then: u64| i64::try_from(i128::from(now) - i128::from(then)).unwrap_or(0);
        let before = |pid: u32| then.held.by.get(&pid).map_or(0, |(_, count)| *count);
        let more = now.held.by.iter().filter_map(|(&pid, (comm, count))| {
            let glocks = count.checked_sub(before(pid)).filter(|more| *more > 0)?;
            Some(GrewBy { pid, comm: comm.clone(), glocks })
        });
        let mut by: Vec<GrewBy> = more.collect();
        by.sort_by_key(|grew| (std::cmp::Reverse(grew.glocks), grew.pid));
        by.truncate(MOST_TOLD);
        Some(Growth {
            over_ns: at_ns.saturating_sub(then.at_ns),
            inode: grew(now.inode, then.inode),
            iopen: grew(now.iopen, then.iopen),
            by,
            unnamed: grew(now.held.unnamed, then.held.unnamed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::gfs2::glocks::{Line, parse_line};

    const SECOND: u64 = 1_000_000_000;

    fn held(by: &[(i64, &str, usize)]) -> Held {
        let mut held = Held::default();
        for (pid, comm, count) in by {
            let line = format!(" H: s:SH f:EH e:0 p:{pid} [{comm}] gfs2_inode_lookup+0x7e/0x250 [gfs2]");
            let Ok(Line::Holder(holder)) = parse_line(line.as_bytes()) else { panic!("{line}") };
            (0..*count).for_each(|_| held.note(&holder));
        }
        held
    }

    #[test]
    fn what_came_in_the_window_and_through_whom() {
        let mut window = GrowthWindow::default();
        assert_eq!(window.step(SECOND, 10, 10, held(&[(7, "tar", 10)])), None);
        let told = window.step(3 * SECOND, 60, 50, held(&[(7, "tar", 12), (1405, "find", 37), (9, "ls", 1)])).unwrap();
        assert_eq!((told.over_ns, told.inode, told.iopen, told.unnamed), (2 * SECOND, 50, 40, 0));
        let by: Vec<_> = told.by.iter().map(|grew| (grew.pid, grew.comm.as_str(), grew.glocks)).collect();
        assert_eq!(by, [(1405, "find", 37), (7, "tar", 2), (9, "ls", 1)]);
    }

    #[test]
    fn it_is_told_over_the_window_and_not_since_ever() {
        let mut window = GrowthWindow::default();
        let told: Vec<_> = (0..40).filter_map(|number| window.step(number * 2 * SECOND, 0, number * 100, Held::default())).collect();
        let last = told.last().unwrap();
        assert_eq!((last.over_ns, last.iopen), (30 * SECOND, 1500));
        assert_eq!(window.moments.len(), 16);
    }

    #[test]
    fn fewer_is_no_less_than_that_and_nobody_is_blamed() {
        let mut window = GrowthWindow::default();
        window.step(0, 9, 9, held(&[(7, "tar", 9)]));
        let told = window.step(2 * SECOND, 4, 4, held(&[(7, "tar", 4)])).unwrap();
        assert_eq!((told.inode, told.iopen, told.by.len()), (-5, -5, 0));
    }

    #[test]
    fn where_the_kernel_names_no_holder_that_is_told() {
        let mut window = GrowthWindow::default();
        window.step(0, 1, 1, held(&[(0, "(none)", 1)]));
        let told = window.step(2 * SECOND, 9, 9, held(&[(0, "(none)", 9)])).unwrap();
        assert_eq!((told.iopen, told.unnamed, told.by.len()), (8, 8, 0));
    }

    #[test]
    fn more_processes_than_can_be_counted_take_no_more_memory() {
        let mut all = Held::default();
        for pid in 1..=5000 {
            let line = format!(" H: s:SH f:EH e:0 p:{pid} [x] f+0x1/0x2");
            let Ok(Line::Holder(holder)) = parse_line(line.as_bytes()) else { panic!("{line}") };
            all.note(&holder);
        }
        assert_eq!((all.by.len(), all.unnamed), (MOST_PROCESSES, 0));
    }
}
