//! Generated dumps of `locking_state`: the same arguments give the same bytes. Used by `xtask gen` and by all benchmarks.
//!
//! The mix follows dumps of a real cluster (Linux 6.1, three nodes): each file has four locks, in the kernel's order N, W,
//! O, M, newest file first; system files, whose M and W locks carry the generation of the file system, and the locks of the
//! whole file system stand at the end. M and N locks have been used, most W and O locks never. Each round uses a share of
//! all locks. A dump lacks the records that the kernel loses: one at the end of each read(2) of about a page.

use formats::ocfs2::locking_state::{LVB_BYTES, LevelStats};
use formats::ocfs2::print::{self, OwnedRecord};
use formats::ocfs2::{Action, Flags, Level, LockName, LockState, LockType, Stats, UnlockAction};

/// Generation of the generated file system.
pub const FS_GENERATION: u32 = 0xf10e_1d25;
/// Largest block of a system file; users' files lie behind it.
pub const LAST_SYSTEM_BLOCK: u64 = 0x21;
/// Block of the first file.
const FIRST_FILE: u64 = 0xfc00;
/// Files in one directory.
const FILES_PER_DIRECTORY: u64 = 1000;
/// Time of the first dump, µs since the epoch.
const START_US: u64 = 1_795_295_000_000_000;
/// Time between dumps, µs.
const ROUND_US: u64 = 2_000_000;
/// One M lock in so many waits at any time.
const WAITERS: u64 = 2000;

/// What is generated.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Locks on each node.
    pub locks: usize,
    /// Share of the locks that are used between two dumps.
    pub active: f64,
    /// Share of the M locks of files whose LVB is filled.
    pub lvb: f64,
    /// Whether LVB bytes from 0x80 on are printed sign-extended (x86 before Linux 6.2).
    pub signed_lvb: bool,
    /// Version of the format, 1 to 4.
    pub version: u32,
    /// Whether dumps are complete, instead of lacking one record for each read(2).
    pub complete: bool,
    /// Another seed gives other counters, users and losses.
    pub seed: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Shape { locks: 10_000, active: 0.05, lvb: 0.3, signed_lvb: true, version: 4, complete: false, seed: 1 }
    }
}

/// The locks of one node, as its kernel has them.
pub struct NodeLocks {
    shape: Shape,
    records: Vec<OwnedRecord>,
    random: Random,
    now_us: u64,
}

impl NodeLocks {
    /// The locks of one node before the first dump. All nodes have locks of the same names.
    pub fn new(shape: &Shape, node: u32) -> NodeLocks {
        let random = Random(shape.seed.wrapping_mul(0x1_0000_0001).wrapping_add(u64::from(node)));
        let mut locks = NodeLocks { shape: shape.clone(), records: Vec::with_capacity(shape.locks), random, now_us: START_US };
        let system = system_locks();
        let of_files = shape.locks.saturating_sub(system.len()) as u64;
        // Newest file first; the order within a file is the kernel's.
        for left in (1..=of_files).rev() {
            let file = FIRST_FILE + (left - 1) / 4;
            let directory = FIRST_FILE - 1 - (left - 1) / 4 / FILES_PER_DIRECTORY;
            let name = match left % 4 {
                0 => LockName::new(LockType::DENTRY, directory, file as u32),
                3 => LockName::new(LockType::RW, file, (0x06a1_0000 + file) as u32),
                2 => LockName::new(LockType::OPEN, file, 0),
                _ => LockName::new(LockType::META, file, 0),
            };
            locks.push(name);
        }
        for name in system.into_iter().take(shape.locks) {
            locks.push(name);
        }
        locks
    }

    /// Uses some of the locks, as in the time until the next dump.
    pub fn advance(&mut self) {
        self.now_us += ROUND_US;
        let (now_us, version) = (self.now_us, self.shape.version);
        for record in &mut self.records {
            let waits = record.name.kind() == LockType::META && self.random.below(WAITERS) == 0;
            let active = self.random.happens(self.shape.active);
            let Some(stats) = &mut record.stats else { continue };
            if active {
                let level = if self.random.happens(0.6) { &mut stats.pr } else { &mut stats.ex };
                use_level(level, &mut self.random, version, now_us);
            }
            if version >= 4 {
                stats.wait_since_us = Some(if waits { now_us - self.random.below(ROUND_US) } else { 0 });
            }
            record.state.flags = Flags(if waits { 0x43 } else { record.state.flags.0 & !Flags::BUSY });
            record.state.action = if waits { Action::CONVERT } else { Action(0) };
        }
    }

    /// Hands out the lines of a dump, each with its newline.
    pub fn lines(&self, mut each: impl FnMut(&str)) {
        let mut random = Random(self.random.0 ^ 0x5eed);
        let mut line = String::with_capacity(1024);
        let mut page = random.page();
        for record in &self.records {
            // The record that would follow the end of a read is the one the kernel loses.
            if page == 0 && !self.shape.complete {
                page = random.page();
                continue;
            }
            line.clear();
            print::write_line(&mut line, record);
            page = page.saturating_sub(line.len());
            each(&line);
        }
    }

    /// A dump as one text.
    #[allow(dead_code, reason = "used by some of the programs that share this file")]
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.records.len() * 400);
        self.lines(|line| text.push_str(line));
        text
    }

    fn push(&mut self, name: LockName) {
        let (version, random) = (self.shape.version, &mut self.random);
        let system = name.block() <= LAST_SYSTEM_BLOCK;
        let used = matches!(name.kind(), LockType::META | LockType::DENTRY) && (!system || name.block() % 4 == 1);
        let level = match name.kind() {
            _ if system && !used => Level::IV,
            LockType::META if random.happens(0.5) => Level::EX,
            LockType::RW if random.happens(0.5) => Level::IV,
            LockType::RW => Level::EX,
            _ => Level::PR,
        };
        let mut stats = Stats::default();
        if version >= 4 {
            (stats.pr.last_us, stats.ex.last_us, stats.wait_since_us) = (Some(0), Some(0), Some(0));
        }
        if used {
            let ago = random.below(3_600_000_000);
            use_level(&mut stats.pr, random, version, self.now_us - ago);
            if level == Level::EX {
                use_level(&mut stats.ex, random, version, self.now_us - ago);
            }
        }
        let filled = name.kind() == LockType::META && !system && random.happens(self.shape.lvb);
        self.records.push(OwnedRecord {
            version,
            name,
            state: LockState {
                level,
                flags: Flags(if level == Level::IV { 0x40 } else { 0x41 }),
                action: Action(0),
                unlock_action: UnlockAction(0),
                ro_holders: 0,
                ex_holders: 0,
                requested: level,
                blocking: Level::IV,
            },
            lvb: if filled { meta_lvb(random) } else { [0; LVB_BYTES] },
            signed_lvb: self.shape.signed_lvb,
            stats: (version > 1).then_some(stats),
        });
    }
}

/// Some acquisitions of one level: mostly a few, cached or after a short wait.
fn use_level(level: &mut LevelStats, random: &mut Random, version: u32, at_us: u64) {
    let gets = 1 + random.below(20);
    let longest_us = 1 << random.below(16);
    level.gets += gets;
    level.total_ns += gets * (200 + random.below(2000)) + longest_us * 1000;
    level.max_ns = level.max_ns.max(longest_us * 1000);
    level.last_us = (version >= 4).then_some(at_us);
}

/// Locks of the system files and of the whole file system, as they stand at the end of a dump.
pub fn system_locks() -> Vec<LockName> {
    let mut locks = Vec::new();
    for block in (5..=LAST_SYSTEM_BLOCK).rev() {
        locks.push(LockName::new(LockType::RW, block, FS_GENERATION));
        locks.push(LockName::new(LockType::OPEN, block, 0));
        locks.push(LockName::new(LockType::META, block, FS_GENERATION));
        if block == 0xd {
            for kind in [LockType::ORPHAN_SCAN, LockType::NFS_SYNC, LockType::RENAME] {
                locks.push(LockName::new(kind, 0, 0));
            }
            locks.push(LockName::new(LockType::SUPER, 2, 0));
        }
    }
    locks
}

/// An LVB of a metadata lock, version 5: a small file, three times of day, mode, one link, a generation.
fn meta_lvb(random: &mut Random) -> [u8; LVB_BYTES] {
    let mut lvb = [0; LVB_BYTES];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = lvb.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    put(0, &[5]);
    for at in [16, 24, 32] {
        let seconds = START_US / 1_000_000;
        put(at, &(seconds << 30 | random.below(1 << 30)).to_be_bytes());
    }
    put(40, &random.below(1 << 20).to_be_bytes());
    put(48, &0o100_644_u16.to_be_bytes());
    put(50, &1_u16.to_be_bytes());
    put(56, &(random.next() as u32).to_be_bytes());
    lvb
}

/// `SplitMix64`: a few lines that are the same everywhere and for ever.
pub struct Random(pub u64);

impl Random {
    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True in a share of all calls.
    pub fn happens(&mut self, share: f64) -> bool {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 <= share && share > 0.0
    }

    /// Bytes of one read: readers vary its size, so that losses fall elsewhere each time.
    fn page(&mut self) -> usize {
        3000 + self.below(1097) as usize
    }
}
