//! Locks that somebody on this node has waited for, for long, as OCFS2 itself tells it.

use crate::found::Seen;
use crate::kernel::{DEBUGFS, Look};
use formats::ocfs2::{LockType, locking_state};
use std::time::SystemTime;

/// The most that is read of one file, bytes: about 100,000 locks.
const MOST: usize = 40 << 20;
/// A wait is long from here, seconds.
pub const LONG_S: u64 = 30;

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

/// All of them, longest first.
pub type Waits = Seen<Vec<Wait>>;

/// Reads `locking_state` of each volume of this node once; its reading costs the kernel nothing in its log.
pub fn look(look: &dyn Look) -> Waits {
    let folder = format!("{DEBUGFS}/ocfs2");
    let now_us = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_micros());
    Seen::of(look.list(&folder).and_then(|volumes| {
        let mut waits = Vec::new();
        for volume in volumes.into_iter().filter(|entry| entry.folder) {
            let text = match look.read_start(&format!("{folder}/{}/locking_state", volume.name), MOST) {
                Ok(text) => text,
                // Unmounted meanwhile, or another folder.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            waits.extend(of(&volume.name, &text, now_us));
        }
        waits.sort_by_key(|wait| std::cmp::Reverse(wait.seconds));
        Ok(waits)
    }))
}

fn of(volume: &str, text: &[u8], now_us: u128) -> Vec<Wait> {
    let wait = |line: &[u8]| {
        let record = locking_state::parse_line(line).ok()?;
        let since = record.stats?.wait_since_us.filter(|since| *since != 0)?;
        let seconds = u64::try_from(now_us.checked_sub(u128::from(since))? / 1_000_000).ok()?;
        let flock = record.name.kind() == LockType::FLOCK;
        (seconds >= LONG_S).then(|| Wait { volume: volume.to_owned(), lock: record.name.to_string(), flock, since_us: since, seconds })
    };
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).filter_map(wait).collect()
}
