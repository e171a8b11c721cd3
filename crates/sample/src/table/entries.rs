//! The store of known locks: 52 bytes each and an index of 4-byte numbers, so that a million idle locks cost 64 MB.

use crate::delta::Counters;
use foldhash::fast::FixedState;
use formats::ocfs2::locking_state::Stats;
use formats::ocfs2::{LockName, LockType};
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Letters are ASCII: their upper bit is free.
const NOTED: u8 = 0x80;

/// So many passes before the last sighting are remembered.
pub const PAST_BITS: u32 = 4;
const PAST: u32 = (1 << PAST_BITS) - 1;
/// No label is larger.
pub const LARGEST_LABEL: u32 = u32::MAX >> PAST_BITS;

/// What is kept of every lock, idle ones too. Words of 32 bits, so that no padding is kept a million times.
#[derive(Clone, Copy)]
pub struct Entry {
    block: [u32; 2],
    total_pr: [u32; 2],
    total_ex: [u32; 2],
    low: u32,
    gets_pr: u32,
    gets_ex: u32,
    fails_pr: u32,
    fails_ex: u32,
    /// The upper 28 bits: the label. The others: [`Entry::past`].
    label_and_past: u32,
    /// Fingerprint of the state.
    pub state: u16,
    /// Type letter; the upper bit: something is kept of this lock beside its entry.
    letter: u8,
    /// Low 8 bits of the pass that saw it last.
    pub seen: u8,
}

impl Entry {
    fn new(name: LockName) -> Entry {
        Entry {
            block: halves(name.block()),
            total_pr: [0; 2],
            total_ex: [0; 2],
            low: name.low(),
            gets_pr: 0,
            gets_ex: 0,
            fails_pr: 0,
            fails_ex: 0,
            label_and_past: 0,
            state: 0,
            letter: name.kind().letter() as u8,
            seen: 0,
        }
    }

    /// The lock's name.
    pub fn name(&self) -> LockName {
        LockName::new(LockType::from_letter(self.letter()).unwrap_or(LockType::META), whole(self.block), self.low)
    }

    /// The lock's type letter.
    pub fn letter(&self) -> u8 {
        self.letter & !NOTED
    }

    /// Whether something is kept of this lock beside its entry: idle ones, which are most, need no further look.
    #[inline]
    pub fn is_noted(&self) -> bool {
        self.letter & NOTED != 0
    }

    /// Says whether something is kept of this lock beside its entry.
    pub fn note(&mut self, noted: bool) {
        self.letter = if noted { self.letter | NOTED } else { self.letter & !NOTED };
    }

    /// Age: larger is newer; 0: not given yet.
    #[inline]
    pub fn label(&self) -> u32 {
        self.label_and_past >> PAST_BITS
    }

    /// Gives the label, up to [`LARGEST_LABEL`]. The past begins anew: earlier passes did not compare this label.
    pub fn set_label(&mut self, label: u32) {
        self.label_and_past = label << PAST_BITS;
    }

    /// Its age is not known any more.
    pub fn forget_label(&mut self) {
        self.label_and_past &= PAST;
    }

    /// Notes that this pass has it.
    #[inline]
    pub fn see(&mut self, pass: u8) {
        let past = (self.past() << 1 | 1).checked_shl(u32::from(pass.wrapping_sub(self.seen)).wrapping_sub(1)).unwrap_or(0);
        self.label_and_past = self.label_and_past & !PAST | past & PAST;
        self.seen = pass;
    }

    /// Which of the passes before the one that saw it last had it, too, with this label: the lowest bit stands for the pass
    /// just before.
    #[inline]
    pub fn past(&self) -> u32 {
        self.label_and_past & PAST
    }

    #[inline]
    fn is(&self, name: LockName) -> bool {
        self.low == name.low() && whole(self.block) == name.block() && char::from(self.letter()) == name.kind().letter()
    }

    /// Counters at PR and EX as last seen.
    pub fn counters(&self) -> [Counters; 2] {
        [
            Counters { gets: self.gets_pr, fails: self.fails_pr, total_ns: whole(self.total_pr) },
            Counters { gets: self.gets_ex, fails: self.fails_ex, total_ns: whole(self.total_ex) },
        ]
    }

    /// Whether the counters are those of `stats`.
    #[inline]
    pub fn has(&self, stats: &Stats) -> bool {
        self.gets_pr == stats.pr.gets as u32
            && self.gets_ex == stats.ex.gets as u32
            && whole(self.total_pr) == stats.pr.total_ns
            && whole(self.total_ex) == stats.ex.total_ns
            && self.fails_pr == stats.pr.fails
            && self.fails_ex == stats.ex.fails
    }

    /// Keeps the counters of `stats`.
    #[inline]
    pub fn keep(&mut self, stats: &Stats) {
        self.gets_pr = stats.pr.gets as u32;
        self.gets_ex = stats.ex.gets as u32;
        self.total_pr = halves(stats.pr.total_ns);
        self.total_ex = halves(stats.ex.total_ns);
        self.fails_pr = stats.pr.fails;
        self.fails_ex = stats.ex.fails;
    }
}

#[inline]
fn halves(value: u64) -> [u32; 2] {
    [(value >> 32) as u32, value as u32]
}

#[inline]
fn whole([high, low]: [u32; 2]) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// All known locks, found by name. An entry keeps its number until [`Entries::retain`].
#[derive(Default)]
pub struct Entries {
    list: Vec<Entry>,
    index: HashTable<u32>,
    hasher: FixedState,
    /// The number after the one found last in order.
    guess: u32,
    /// The number after the one found last elsewhere.
    aside: u32,
    /// How many in a row were found elsewhere.
    strayed: u32,
}

/// So many numbers after the expected one are tried: a dump lacks single records, rarely two in a row.
const LOOK_AHEAD: u32 = 4;

impl Entries {
    /// How many locks are known.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Bytes in use, spare room included.
    pub fn bytes_kept(&self) -> usize {
        self.list.capacity() * size_of::<Entry>() + self.index.allocation_size()
    }

    /// Every entry.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.list.iter()
    }

    /// The entry of this number.
    #[inline]
    pub fn get(&self, at: u32) -> Option<&Entry> {
        self.list.get(at as usize)
    }

    /// The entry of this number, to be changed.
    #[inline]
    pub fn get_mut(&mut self, at: u32) -> Option<&mut Entry> {
        self.list.get_mut(at as usize)
    }

    /// Starts at the head of the next dump.
    pub fn rewind(&mut self) {
        (self.guess, self.aside, self.strayed) = (0, 0, 0);
    }

    fn hash(hasher: &FixedState, name: LockName) -> u64 {
        hasher.hash_one(u128::from_be_bytes(name.to_key()))
    }

    /// The number of `name`. Dumps repeat their order but for the records they lack: the number wanted is mostly the next
    /// one, or one of the few after it. Locks that earlier dumps lacked stand at the end of the list, in their order too.
    #[inline]
    pub fn find(&mut self, name: LockName) -> Option<u32> {
        for at in self.guess..self.guess + LOOK_AHEAD {
            if self.list.get(at as usize).is_some_and(|entry| entry.is(name)) {
                self.guess = at + 1;
                self.strayed = 0;
                return Some(at);
            }
        }
        self.find_elsewhere(name)
    }

    fn find_elsewhere(&mut self, name: LockName) -> Option<u32> {
        let at = if self.list.get(self.aside as usize).is_some_and(|entry| entry.is(name)) {
            self.aside
        } else {
            let (list, hash) = (&self.list, Self::hash(&self.hasher, name));
            *self.index.find(hash, |&at| list.get(at as usize).is_some_and(|entry| entry.is(name)))?
        };
        self.aside = at + 1;
        self.strayed += 1;
        if self.strayed > LOOK_AHEAD {
            // The dump goes on elsewhere.
            self.guess = at + 1;
            self.strayed = 0;
        }
        Some(at)
    }

    /// Adds a lock that is not known yet.
    pub fn insert(&mut self, name: LockName) -> u32 {
        let at = self.list.len() as u32;
        if self.list.len() == self.list.capacity() {
            // A little at a time: doubling would keep up to half of a large table empty.
            self.list.reserve_exact(self.list.len() / 64 + 64);
        }
        self.list.push(Entry::new(name));
        let (list, hasher) = (&self.list, &self.hasher);
        self.index.insert_unique(Self::hash(hasher, name), at, |&at| hash_at(list, hasher, at));
        at
    }

    /// Gives back spare room beyond a sixty-fourth.
    pub fn shrink(&mut self) {
        let room = self.list.len() + self.list.len() / 64 + 64;
        if self.list.capacity() > room {
            self.list.shrink_to(room);
        }
    }

    /// Drops entries; the others are numbered anew. Returns the new number of each old one that `follow` names.
    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool, follow: impl Fn(u32) -> bool) -> hashbrown::HashMap<u32, u32> {
        let mut moved = hashbrown::HashMap::new();
        let mut kept = 0;
        for (at, entry) in self.list.iter().enumerate() {
            if keep(entry) {
                if follow(at as u32) {
                    moved.insert(at as u32, kept);
                }
                kept += 1;
            }
        }
        self.list.retain(keep);
        self.shrink();
        if self.index.capacity() > 4 * (self.list.len() + 64) {
            self.index = HashTable::new();
        } else {
            self.index.clear();
        }
        let (list, hasher) = (&self.list, &self.hasher);
        self.index.reserve(list.len(), |&at| hash_at(list, hasher, at));
        for at in 0..list.len() as u32 {
            self.index.insert_unique(hash_at(list, hasher, at), at, |&at| hash_at(list, hasher, at));
        }
        moved
    }

    /// Renews all labels in their order, close together from `start` on; returns the largest.
    pub fn renumber_labels(&mut self, start: u32) -> u32 {
        let mut by_age: Vec<u32> = (0..self.list.len() as u32).collect();
        by_age.sort_by_key(|&at| self.list.get(at as usize).map_or(0, Entry::label));
        let (mut old, mut new) = (0, start);
        for at in by_age {
            let Some(entry) = self.list.get_mut(at as usize).filter(|entry| entry.label() != 0) else { continue };
            if entry.label() != old {
                old = entry.label();
                new += 1;
            }
            entry.label_and_past = new << PAST_BITS | entry.past();
        }
        new
    }
}

fn hash_at(list: &[Entry], hasher: &FixedState, at: u32) -> u64 {
    list.get(at as usize).map_or(0, |entry| Entries::hash(hasher, entry.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_52_bytes() {
        assert_eq!(size_of::<Entry>(), 52);
    }

    #[test]
    fn a_million_idle_locks_keep_at_most_64_bytes_each() {
        let mut entries = Entries::default();
        for inode in 0..1_000_000 {
            entries.insert(LockName::new(LockType::META, inode, 0));
        }
        entries.shrink();
        let each = entries.bytes_kept() as f64 / 1e6;
        assert!(each <= 64.0, "{each}");
    }

    #[test]
    fn entries_are_found_after_others_are_dropped() {
        let mut entries = Entries::default();
        let name = |inode| LockName::new(LockType::META, inode, 0);
        for inode in 0..1000 {
            entries.insert(name(inode));
        }
        let moved = entries.retain(|entry| entry.name().block() % 3 == 0, |at| at == 9 || at == 10);
        assert_eq!(moved.into_iter().collect::<Vec<_>>(), [(9, 3)]);
        for inode in 0..1000 {
            let found = entries.find(name(inode));
            assert_eq!(found.is_some(), inode % 3 == 0);
            if let Some(at) = found {
                assert_eq!(entries.get(at).unwrap().name(), name(inode));
            }
        }
    }
}
