//! Locks that somebody on this node has waited for, for long, as OCFS2 itself tells it.
//!
//! Each reading of `locking_state` lacks a tenth of the locks, other ones each time (`ocfs2_dlm_seq_start`, `fs/ocfs2/dlmglue.c`, loses a
//! record at each read(2)): that a lock is not in it says nothing.

use crate::found::Seen;
use crate::kernel::{DEBUGFS, Look};
use formats::ocfs2::LockType;
use formats::ocfs2::locking_state::{self, Record};
use std::io;
use std::time::SystemTime;

/// The most that is read of one file, bytes: about 100,000 locks.
const MOST: usize = 40 << 20;
/// A wait is long from here, seconds.
pub const LONG_S: u64 = 30;
/// How often a file is read for the waits: one in a hundred locks is in none of two readings.
const PASSES: usize = 2;
/// How often it is read at most until each wait was seen again: one in some thousands is in none of four.
const MORE_PASSES: usize = 4;
/// The kernel tells the start of a wait anew by a clock that is steered (`ocfs2_track_lock_wait`): by less than this, µs.
const STEERED_US: u64 = 1_000_000;

/// A lock that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// UUID of the volume.
    pub volume: String,
    /// Name of the lock.
    pub lock: String,
    /// Whether it is an flock(2): programs that wait for programs, for as long as they like.
    pub flock: bool,
    /// When it began, µs since 1970 by this node's clock, which may have been set since.
    pub since_us: u64,
    /// For how long, seconds, by that clock.
    pub seconds: u64,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Waits of [`LONG_S`] or more, longest first.
    pub long: Vec<Wait>,
    /// Volumes with more locks than were read.
    pub cut: Vec<String>,
}

/// Reads `locking_state` of each volume of this node; its reading costs the kernel nothing in its log.
pub fn look(look: &dyn Look) -> Seen<Waits> {
    let now_us = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_micros());
    Seen::of(read(look, now_us, MOST))
}

fn read(look: &dyn Look, now_us: u128, most: usize) -> io::Result<Waits> {
    let mut waits = Waits::default();
    for volume in look.list(&format!("{DEBUGFS}/ocfs2"))?.into_iter().filter(|entry| entry.folder) {
        for _ in 0..PASSES {
            let Some((text, cut)) = text(look, &volume.name, most)? else { break };
            for wait in records(&text).filter_map(|record| long(&volume.name, &record, now_us)) {
                if waits.long.iter().all(|known| (&known.volume, &known.lock) != (&wait.volume, &wait.lock)) {
                    waits.long.push(wait);
                }
            }
            if cut && !waits.cut.contains(&volume.name) {
                waits.cut.push(volume.name.clone());
            }
        }
    }
    waits.long.sort_by_key(|wait| std::cmp::Reverse(wait.seconds));
    Ok(waits)
}

/// Those of `waits` that have not ended: a lock that is read now and that nobody waits for, or for another while, or whose volume is
/// gone, has ended its wait; one that is in no reading counts as unchanged.
pub fn lasting(look: &dyn Look, waits: &[Wait]) -> Seen<Vec<Wait>> {
    Seen::of(read_again(look, waits))
}

fn read_again(look: &dyn Look, waits: &[Wait]) -> io::Result<Vec<Wait>> {
    let mut open: Vec<&Wait> = waits.iter().collect();
    let mut ended: Vec<&Wait> = Vec::new();
    for _ in 0..MORE_PASSES {
        let mut volumes: Vec<&str> = open.iter().map(|wait| wait.volume.as_str()).collect();
        volumes.sort_unstable();
        volumes.dedup();
        for volume in volumes {
            let of_volume = |wait: &&Wait| wait.volume == volume;
            let Some((text, _)) = text(look, volume, MOST)? else {
                ended.extend(open.extract_if(.., |wait| of_volume(&*wait)));
                continue;
            };
            for record in records(&text) {
                let name = record.name.to_string();
                let Some(at) = open.iter().position(|wait| of_volume(wait) && wait.lock == name) else { continue };
                let wait = open.swap_remove(at);
                if record.stats.and_then(|stats| stats.wait_since_us).is_none_or(|since| since.abs_diff(wait.since_us) >= STEERED_US) {
                    ended.push(wait);
                }
            }
        }
    }
    Ok(waits.iter().filter(|wait| !ended.contains(wait)).cloned().collect())
}

/// A volume's locks, and whether that is only the beginning of them; `None`: it was unmounted meanwhile, or it is another folder.
fn text(look: &dyn Look, volume: &str, most: usize) -> io::Result<Option<(Vec<u8>, bool)>> {
    match look.read_spread(&format!("{DEBUGFS}/ocfs2/{volume}/locking_state"), most) {
        Ok(text) => {
            let cut = text.len() >= most;
            Ok(Some((text, cut)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn records(text: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.filter_map(|line| locking_state::parse_line(line).ok())
}

fn long(volume: &str, record: &Record<'_>, now_us: u128) -> Option<Wait> {
    let since = record.stats?.wait_since_us.filter(|since| *since != 0)?;
    let seconds = u64::try_from(now_us.checked_sub(u128::from(since))? / 1_000_000).ok()?;
    let flock = record.name.kind() == LockType::FLOCK;
    let wait = || Wait { volume: volume.to_owned(), lock: record.name.to_string(), flock, since_us: since, seconds };
    (seconds >= LONG_S).then(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Entry;
    use std::cell::Cell;

    /// A kernel that loses other locks at each reading.
    struct Loses {
        readings: Vec<String>,
        next: Cell<usize>,
    }

    impl Look for Loses {
        fn read(&self, _: &str) -> io::Result<Vec<u8>> {
            let reading = self.readings.get(self.next.get()).ok_or(io::ErrorKind::NotFound)?;
            self.next.set(self.next.get() + 1);
            Ok(reading.clone().into_bytes())
        }

        fn list(&self, _: &str) -> io::Result<Vec<Entry>> {
            Ok(vec![Entry { name: "U".to_owned(), folder: true }])
        }

        fn link(&self, _: &str) -> io::Result<String> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn host_name(&self) -> io::Result<String> {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn line(block: u8, since_us: u64) -> String {
        let lvb = "0x0\t".repeat(64);
        format!(
            "0x4\tM0000000000000000{block:06x}00000000\t5\t0x41\t0x1\t0x0\t0\t0\t5\t-1\t{lvb}1\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t{since_us}\t\n"
        )
    }

    fn loses(readings: &[&str]) -> Loses {
        Loses { readings: readings.iter().map(|&reading| reading.to_owned()).collect(), next: Cell::new(0) }
    }

    const NOW_US: u128 = 1_000_000_000;

    #[test]
    fn what_one_reading_loses_another_has() {
        let (one, two) = (line(1, 900_000_000), line(2, 800_000_000));
        let waits = read(&loses(&[&one, &format!("{two}{one}")]), NOW_US, MOST).unwrap();
        let told: Vec<_> = waits.long.iter().map(|wait| (wait.seconds, wait.since_us)).collect();
        assert_eq!((told, waits.cut), (vec![(200, 800_000_000), (100, 900_000_000)], Vec::new()));
        let cut = read(&loses(&[&one, &one]), NOW_US, one.len() - 9).unwrap();
        assert_eq!((cut.long, cut.cut), (Vec::new(), vec!["U".to_owned()]));
    }

    #[test]
    fn a_wait_is_over_only_if_its_lock_is_seen_without_it() {
        let lines: String = (1..=3).map(|block| line(block, 900_000_000)).collect();
        let waits = read(&loses(&[&lines, &lines]), NOW_US, MOST).unwrap().long;
        // The first is in the third reading only, the second never, the third waits for another while.
        let later = [line(3, 950_000_000), String::new(), line(1, 0), String::new()];
        let look = loses(&later.each_ref().map(String::as_str));
        let lasting = read_again(&look, &waits).unwrap();
        assert_eq!(lasting, waits[1..2]);
        assert_eq!(look.next.get(), MORE_PASSES);
        assert_eq!(read_again(&loses(&[]), &waits).unwrap(), [], "the volume was unmounted");
        // Nothing more is read once all were seen.
        let look = loses(&[&lines]);
        assert_eq!((read_again(&look, &waits).unwrap(), look.next.get()), (waits, 1));
    }
}
