//! `meta` of a recorded frame: the node's clocks, and for each file when it was read in how many reads.
//!
//! ```text
//! realtime 1795299889.002085216
//! uptime 282.94
//! slot_due 1795299889.000
//! file /sys/kernel/debug/ocfs2/UUID/locking_state bytes=355854 reads=92 at=0.017212 dur=0.085736
//! ```

use sample::NodeClock;
use std::collections::BTreeMap;

/// What is known of one frame of one node. Absent values are `None`: an old or foreign recording still plays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// Node's clock at the frame's start, µs since the epoch.
    pub realtime_us: Option<u64>,
    /// Node's monotonic clock then, ns.
    pub uptime_ns: Option<u64>,
    /// When the frame was due by the node's clock, µs since the epoch.
    pub due_us: Option<u64>,
    /// Per file: reads that returned data, and its start after the frame's, µs.
    pub files: BTreeMap<String, (u64, u64)>,
    /// Per file: how long reading it took, µs.
    pub durations: BTreeMap<String, u64>,
}

impl Meta {
    /// Reads the file; lines it does not know are passed over.
    pub fn parse(text: &str) -> Meta {
        let mut meta = Meta::default();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(' ') else { continue };
            match key {
                "realtime" => meta.realtime_us = micros(value),
                "uptime" => meta.uptime_ns = micros(value).map(|us| us * 1000),
                "slot_due" => meta.due_us = micros(value),
                "file" => {
                    let mut words = value.split(' ');
                    let Some(path) = words.next() else { continue };
                    let of = |wanted: &str| value.split(' ').find_map(|word| word.strip_prefix(wanted));
                    // The last read returns nothing.
                    let reads = of("reads=").and_then(|reads| reads.parse::<u64>().ok()).map(|reads| reads.saturating_sub(1));
                    if let Some(duration) = of("dur=").and_then(micros) {
                        meta.durations.insert(path.to_owned(), duration);
                    }
                    if let (Some(reads), Some(at)) = (reads, of("at=").and_then(micros)) {
                        meta.files.insert(path.to_owned(), (reads, at));
                    }
                }
                _ => {}
            }
        }
        meta
    }

    /// When the frame began by the node's clock, µs since the epoch: when it was due, if that is told.
    pub fn start_us(&self) -> Option<u64> {
        self.due_us.or(self.realtime_us)
    }

    /// How long after the frame's start something was read, µs.
    pub fn late_us(&self, read: NodeClock) -> Option<u64> {
        Some(read.realtime_us?.saturating_sub(self.start_us()?))
    }

    /// The node's clocks when `file` was begun.
    pub fn clock_at(&self, file: &str) -> NodeClock {
        let after_us = self.files.get(file).map_or(0, |&(_, at)| at);
        NodeClock {
            monotonic_ns: self.uptime_ns.unwrap_or(0) + after_us * 1000,
            realtime_us: self.realtime_us.map(|start| start + after_us),
        }
    }
}

/// `12.345678901` seconds as µs.
fn micros(text: &str) -> Option<u64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let mut digits: String = part.chars().take(6).collect();
    while digits.len() < 6 {
        digits.push('0');
    }
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(digits.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_meta() {
        let meta = Meta::parse(
            "seq 42\nrealtime 1795299889.002085216\nuptime 282.94\nslot_due 1795299889.000\n\
             file /sys/a/locking_state bytes=355854 reads=92 at=0.017212 dur=0.085736\nfile /sys/b err=ENOENT\npids -\n",
        );
        assert_eq!(meta.files.get("/sys/a/locking_state"), Some(&(91, 17_212)));
        let clock = meta.clock_at("/sys/a/locking_state");
        assert_eq!((clock.monotonic_ns, clock.realtime_us), (282_957_212_000, Some(1_795_299_889_019_297)));
        assert_eq!(meta.due_us, Some(1_795_299_889_000_000));
        assert_eq!(meta.late_us(clock), Some(19_297));
        assert_eq!((meta.late_us(NodeClock::default()), Meta::default().late_us(clock)), (None, None));
    }
}
