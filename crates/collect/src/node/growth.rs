//! How many inodes came into a node's memory in the last half minute.
//!
//! Each inode in memory has one iopen glock with one holder, queued when the inode was read. So their number is what grows under a
//! process that reads a whole tree, though it has hardly a file open at any moment. Which process it is, the DLM's locks tell
//! ([`super::openers`]): kernels of 6.x name no holder of an iopen glock (`GL_NOPID`, `gfs2_inode_lookup`).

use sample::gfs2::Growth;
use std::collections::VecDeque;

/// Growth is told over at least so long, ns, as soon as that much has been seen.
const WINDOW_NS: u64 = 30_000_000_000;

#[derive(Clone, Copy, Debug)]
struct Moment {
    at_ns: u64,
    inode: u64,
    iopen: u64,
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
    pub fn step(&mut self, at_ns: u64, inode: u64, iopen: u64) -> Option<Growth> {
        self.moments.push_back(Moment { at_ns, inode, iopen });
        // The oldest one is the last that is a whole window away.
        while self.moments.get(1).is_some_and(|second| at_ns.saturating_sub(second.at_ns) >= WINDOW_NS) {
            self.moments.pop_front();
        }
        let (now, then) = (self.moments.back()?, self.moments.front().filter(|_| self.moments.len() > 1)?);
        let grew = |now: u64, then: u64| i64::try_from(i128::from(now) - i128::from(then)).unwrap_or(0);
        Some(Growth { over_ns: at_ns.saturating_sub(then.at_ns), inode: grew(now.inode, then.inode), iopen: grew(now.iopen, then.iopen) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn what_came_and_went_in_the_window() {
        let mut window = GrowthWindow::default();
        assert_eq!(window.step(SECOND, 10, 10), None);
        let told = window.step(3 * SECOND, 60, 4).unwrap();
        assert_eq!((told.over_ns, told.inode, told.iopen), (2 * SECOND, 50, -6));
        window.forget();
        assert_eq!(window.step(5 * SECOND, 60, 4), None);
    }

    #[test]
    fn it_is_told_over_the_window_and_not_since_ever() {
        let mut window = GrowthWindow::default();
        let told: Vec<_> = (0..40).filter_map(|number| window.step(number * 2 * SECOND, 0, number * 100)).collect();
        let last = told.last().unwrap();
        assert_eq!((last.over_ns, last.iopen), (30 * SECOND, 1500));
        assert_eq!(window.moments.len(), 16);
    }
}
