//! What the node's shell answers, parsed: how a request went, clocks, and CPU time.

use sample::NodeClock;
use std::io;

/// How a request went: `end STATUS READS WORDS…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Exit status of the program that read; 0: all was read.
    pub status: u32,
    /// Reads that returned data, as dd counted them.
    pub reads: u64,
    /// What the program complained of.
    pub words: String,
}

impl End {
    /// Reads the line after its marker.
    pub fn parse(answer: &str) -> Option<End> {
        let mut words = answer.strip_prefix("end ")?.splitn(3, ' ');
        let (status, reads) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(End { status, reads, words: words.next().unwrap_or_default().to_owned() })
    }

    /// The error that the program met, if it did. Programs tell errno as text only (`LC_ALL=C`: glibc's, musl's or busybox's).
    pub fn error(&self) -> Option<io::Error> {
        const TEXTS: &[(&str, rustix::io::Errno)] = {
            use rustix::io::Errno;
            &[
                ("no such file or directory", Errno::NOENT),
                ("operation not permitted", Errno::PERM),
                ("permission denied", Errno::ACCESS),
                ("input/output error", Errno::IO),
                ("i/o error", Errno::IO),
                ("no such device", Errno::NODEV),
                ("not a directory", Errno::NOTDIR),
                ("invalid argument", Errno::INVAL),
                ("too many open files", Errno::MFILE),
                ("cannot allocate memory", Errno::NOMEM),
                ("out of memory", Errno::NOMEM),
                ("stale file handle", Errno::STALE),
            ]
        };
        if self.status == 0 {
            return None;
        }
        let words = self.words.to_lowercase();
        let known = TEXTS.iter().find(|(text, _)| words.contains(text));
        Some(known.map_or_else(
            || io::Error::other(super::classify::evidence(&self.words)),
            |(_, errno)| io::Error::from_raw_os_error(errno.raw_os_error()),
        ))
    }
}

/// `UPTIME DATE …` as `/proc/uptime` and `date +%s.%N` print them: a monotonic clock in hundredths of a second, and the time
/// of day. Where date knows no `%N` (busybox), whole seconds are all there is.
pub(super) fn clock(words: &str) -> Option<NodeClock> {
    let mut words = words.split(' ');
    let (uptime, date) = (words.next()?, words.next().unwrap_or_default());
    let (seconds, part) = uptime.split_once('.').unwrap_or((uptime, ""));
    let monotonic_ns = seconds.parse::<u64>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction_ns(part))?;
    let (seconds, part) = date.split_once('.').unwrap_or((date, ""));
    let realtime_us =
        seconds.parse::<u64>().ok().and_then(|seconds| seconds.checked_mul(1_000_000)).map(|us| us + fraction_ns(part) / 1000);
    Some(NodeClock { monotonic_ns, realtime_us })
}

/// The digits after a point as nanoseconds; 0 if they are none.
fn fraction_ns(digits: &str) -> u64 {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    digits.parse::<u64>().unwrap_or(0) * 10u64.pow(9 - digits.len() as u32)
}

/// The CPU time that a line of the shell's `times` tells (`0m0.01s 1m2.50s`: user, system), µs.
pub(super) fn times_us(line: &str) -> u64 {
    line.split_whitespace().filter_map(one_time_us).sum()
}

fn one_time_us(word: &str) -> Option<u64> {
    let (minutes, seconds) = word.strip_suffix('s')?.split_once('m')?;
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let seconds = minutes.parse::<u64>().ok()?.checked_mul(60)?.checked_add(whole.parse().ok()?)?;
    seconds.checked_mul(1_000_000)?.checked_add(fraction_ns(part) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_of_requests() {
        let end = End::parse("end 0 151").unwrap();
        assert_eq!((end.reads, end.error().is_none()), (151, true));
        let kind = |words: &str| End::parse(&format!("end 1 0 {words}")).unwrap().error().unwrap().kind();
        assert_eq!(kind("cat: /sys/x: No such file or directory"), io::ErrorKind::NotFound);
        assert_eq!(kind("cat: can't open '/sys/x': Permission denied"), io::ErrorKind::PermissionDenied);
        assert_eq!(kind("what"), io::ErrorKind::Other);
        assert_eq!(End::parse("end one 0"), None);
        let eio = End::parse("end 1 40 dd: error reading 'standard input': Input/output error 0+0 records in").unwrap();
        assert_eq!(eio.error().unwrap().raw_os_error(), Some(5));
    }

    #[test]
    fn clocks_with_and_without_nanoseconds() {
        let full = clock("4083.83 1795307292.517404719 77 /sys/x").unwrap();
        assert_eq!((full.monotonic_ns, full.realtime_us), (4_083_830_000_000, Some(1_795_307_292_517_404)));
        assert_eq!(clock("1.00 1795307292.%N").unwrap().realtime_us, Some(1_795_307_292_000_000));
        assert_eq!(clock("1.00 ").unwrap().realtime_us, None);
        assert_eq!(clock("x 1"), None);
    }

    #[test]
    fn times_of_four_shells() {
        assert_eq!(times_us("0m0.010000s 1m0.020000s"), 60_030_000);
        assert_eq!(times_us("0m0.003s 0m0.005s"), 8000);
        assert_eq!(times_us("0m00.03s 0m00.00s"), 30_000);
        assert_eq!(times_us("what"), 0);
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = (End::parse(&text), clock(&text), times_us(&text));
        }
    }
}
