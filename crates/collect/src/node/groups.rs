//! Sums over groups of glocks: in which group was one used since the last pass? Memory is the same for any number of glocks.

/// Groups. Many, so that a used glock has few neighbours that are followed with it.
const GROUPS: usize = 1 << 19;
/// A group that was quiet in so many passes is not followed any more.
pub const QUIET_PASSES: u8 = 8;
/// So many glocks are added to their groups at once: the sums lie all over a memory larger than the near caches, and of many additions
/// in a row the waits for it can overlap. What that gives could not be told from the noise of a busy machine.
const AT_ONCE: usize = 256;

/// The sums, once begun; each group is named by a hash of any of its glocks.
#[derive(Debug, Default)]
pub struct Groups {
    before: Vec<u32>,
    now: Vec<u32>,
    /// Groups, and what is still to be added to their sums.
    later: Vec<(u32, u32)>,
    /// For how many more passes a group is followed.
    follow: Vec<u8>,
    /// A bit for each group that is followed or holds a pinned glock: small enough to stay in the processor's nearest cache.
    marked: Vec<u64>,
}

impl Groups {
    /// Sums of nothing.
    pub fn begun() -> Groups {
        Groups {
            before: vec![0; GROUPS],
            now: vec![0; GROUPS],
            later: Vec::with_capacity(AT_ONCE),
            follow: vec![0; GROUPS],
            marked: vec![0; GROUPS / 64],
        }
    }

    /// Whether they were not begun.
    pub fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    /// Adds the totals of a glock; says whether its group is marked.
    #[inline]
    pub fn add(&mut self, hash: u64, dlm_requests: u64, queued: u64) -> bool {
        // A random factor for each glock and total. A use goes unnoticed once in some 2^31.
        let word = hash.wrapping_mul(queued.wrapping_add(1)).wrapping_add(hash.rotate_left(32).wrapping_mul(dlm_requests.wrapping_add(1)));
        if self.later.len() == AT_ONCE {
            self.add_up();
        }
        self.later.push((group(hash) as u32, (word >> 32) as u32));
        self.is_marked(hash)
    }

    #[inline(never)]
    fn add_up(&mut self) {
        for (group, word) in self.later.drain(..) {
            if let Some(sum) = self.now.get_mut(group as usize) {
                *sum = sum.wrapping_add(word);
            }
        }
    }

    #[inline]
    fn is_marked(&self, hash: u64) -> bool {
        self.marked.get(group(hash) / 64).is_some_and(|bits| bits >> (group(hash) % 64) & 1 != 0)
    }

    /// Marks the groups of these glocks beside those that are followed.
    pub fn pin(&mut self, hashes: impl Iterator<Item = u64>) {
        for (bits, follow) in self.marked.iter_mut().zip(self.follow.chunks(64)) {
            *bits = follow.iter().rev().fold(0, |bits, &follow| bits << 1 | u64::from(follow > 0));
        }
        for hash in hashes {
            if let Some(bits) = self.marked.get_mut(group(hash) / 64) {
                *bits |= 1 << (group(hash) % 64);
            }
        }
    }

    /// For how many more passes the group is followed.
    pub fn follow(&self, hash: u64) -> u8 {
        self.follow.get(group(hash)).copied().unwrap_or(0)
    }

    /// Ends a pass; [`Groups::pin`] comes next. `compare`: both passes saw every glock. Says whether any group is followed.
    pub fn end(&mut self, compare: bool) -> bool {
        self.add_up();
        let mut any = false;
        for ((before, now), follow) in self.before.iter().zip(&self.now).zip(&mut self.follow) {
            *follow = if compare && before != now { QUIET_PASSES } else { follow.saturating_sub(1) };
            any |= *follow > 0;
        }
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.fill(0);
        any
    }
}

fn group(hash: u64) -> usize {
    hash as usize % GROUPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_whose_sum_changes_is_followed_until_it_was_quiet_for_long() {
        let mut groups = Groups::begun();
        let hashes = [0x1234_5678_9abc_def1, 0x0fed_cba9_8765_4321];
        let mut pass = |used: u64, compare: bool| {
            let marked = [groups.add(hashes[0], 5, 9 + used), groups.add(hashes[1], 5, 9)];
            groups.end(compare);
            groups.pin(std::iter::empty());
            marked
        };
        assert_eq!([pass(0, false), pass(0, true), pass(1, true)], [[false; 2]; 3]);
        for _ in 0..QUIET_PASSES {
            assert_eq!(pass(1, true), [true, false]);
        }
        assert_eq!(pass(1, true), [false, false]);
    }

    #[test]
    fn a_pinned_glock_marks_its_group_only_while_it_is_pinned() {
        let mut groups = Groups::begun();
        groups.pin([77].into_iter());
        assert_eq!((groups.add(77, 1, 1), groups.add(78, 1, 1), groups.follow(77)), (true, false, 0));
        groups.pin(std::iter::empty());
        assert!(!groups.add(77, 1, 1));
    }
}
