//! `/sys/kernel/debug/gfs2/TABLE/glstats`: what each glock costs (`gfs2_glstats_seq_show`, `fs/gfs2/glock.c`; the same
//! from RHEL 6 to 7.3).
//!
//! ```text
//! G: n:2/183f3 rtt:203921/50112 rttb:1204000/803000 irt:9000123000/880000 dcnt: 12 qcnt: 431
//! ```
//!
//! Means are smoothed by 1/8 and deviations by 1/4 per sample. A new glock takes over the means of its type on that CPU,
//! only its counters start at 0: times of a glock with a small `dcnt` are not its own.

use super::cursor::Cursor;
use super::glock_name::GlockName;
use crate::problem::LineProblem;

/// Times and counters of one glock, since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlockStats<'a> {
    /// Type and number.
    pub name: GlockName,
    /// `rtt:` mean DLM round trip of requests that do not wait for other nodes (tries, demotions to NL, whatever is asked
    /// while EX), ns.
    pub srtt_ns: i64,
    /// `rtt:` deviation of it, ns.
    pub srttvar_ns: i64,
    /// `rttb:` mean DLM round trip of requests that may wait for other nodes, ns.
    pub srttb_ns: i64,
    /// `rttb:` deviation of it, ns.
    pub srttbvar_ns: i64,
    /// `irt:` mean time between DLM requests, ns.
    pub sirt_ns: i64,
    /// `irt:` deviation of it, ns.
    pub sirtvar_ns: i64,
    /// `dcnt:` DLM requests.
    pub dlm_requests: u64,
    /// `qcnt:` holders ever queued: lock calls of this node.
    pub queued: u64,
    /// What follows the fields known.
    pub rest: &'a [u8],
}

/// Reads one line (without its newline).
#[inline]
pub fn parse_line(line: &[u8]) -> Result<GlockStats<'_>, LineProblem> {
    let [b'G', b':', rest @ ..] = line else { return Err(LineProblem { field: 1, expected: "G:" }) };
    let mut cursor = Cursor::new(line, rest);
    let c = &mut cursor;
    let name = if c.key(b'n') { c.name() } else { None };
    let name = name.ok_or_else(|| c.problem("n: and a glock such as 2/183f3"))?;
    let (srtt_ns, srttvar_ns) = times(c, b" rtt:")?;
    let (srttb_ns, srttbvar_ns) = times(c, b" rttb:")?;
    let (sirt_ns, sirtvar_ns) = times(c, b" irt:")?;
    let dlm_requests = count(c, b" dcnt:")?;
    let queued = count(c, b" qcnt:")?;
    Ok(GlockStats { name, srtt_ns, srttvar_ns, srttb_ns, srttbvar_ns, sirt_ns, sirtvar_ns, dlm_requests, queued, rest: c.tail() })
}

/// What one glock was used for, of a line whose times are checked but not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// Type and number.
    pub name: GlockName,
    /// `dcnt:` DLM requests.
    pub dlm_requests: u64,
    /// `qcnt:` holders ever queued.
    pub queued: u64,
    /// Bytes of the line, with its newline.
    pub bytes: usize,
}

/// A short cut for the line that `text` starts with. `None` says only that it is not plain (negative or very long times, more
/// fields, no newline, the last of the text): then [`parse_line`] tells.
#[inline]
pub fn used(text: &[u8]) -> Option<Used> {
    let mut c = Cursor::new(text, text.strip_prefix(b"G: n:")?);
    let name = c.name()?;
    for key in [&b" rtt:"[..], b" rttb:", b" irt:"] {
        if !(c.text(key) && c.skip_number() && c.byte(b'/') && c.skip_number()) {
            return None;
        }
    }
    let dlm_requests = if c.text(b" dcnt: ") { c.digits()? } else { return None };
    let queued = if c.text(b" qcnt: ") { c.digits()? } else { return None };
    c.byte(b'\n').then(|| Used { name, dlm_requests, queued, bytes: text.len() - c.rest().len() })
}

#[inline]
fn times(c: &mut Cursor<'_>, key: &[u8]) -> Result<(i64, i64), LineProblem> {
    const EXPECTED: &str = "a mean and a deviation in ns such as rtt:1/2";
    let mean = if c.text(key) { c.signed().filter(|_| c.byte(b'/')) } else { None };
    let mean = mean.ok_or_else(|| c.problem(EXPECTED))?;
    let deviation = c.signed().filter(|_| c.at_end()).ok_or_else(|| c.problem(EXPECTED))?;
    Ok((mean, deviation))
}

#[inline]
fn count(c: &mut Cursor<'_>, key: &[u8]) -> Result<u64, LineProblem> {
    let value = if c.text(key) {
        c.byte(b' ');
        c.decimal()
    } else {
        None
    };
    value.ok_or_else(|| c.problem("a count such as dcnt: 1"))
}

#[cfg(test)]
mod tests {
    use super::super::print;
    use super::*;
    use crate::gfs2::GlockType;
    use proptest::prelude::*;

    #[test]
    fn a_line_of_the_manual() {
        let line = b"G: n:2/183f3 rtt:203921/50112 rttb:1204000/803000 irt:9000123000/880000 dcnt: 12 qcnt: 431";
        let stats = parse_line(line).unwrap();
        assert_eq!((stats.name.inode(), stats.srtt_ns, stats.srttvar_ns), (Some(99315), 203_921, 50_112));
        assert_eq!((stats.srttb_ns, stats.srttbvar_ns), (1_204_000, 803_000));
        assert_eq!((stats.sirt_ns, stats.sirtvar_ns), (9_000_123_000, 880_000));
        assert_eq!((stats.dlm_requests, stats.queued, stats.rest), (12, 431, &b""[..]));
        let more = parse_line(b"G: n:2/1 rtt:-1/0 rttb:0/0 irt:0/0 dcnt: 1 qcnt: 2 new: 3").unwrap();
        assert_eq!((more.srtt_ns, more.rest), (-1, &b"new: 3"[..]));
    }

    #[test]
    fn every_cut_of_a_line_is_a_problem_up_to_its_last_number() {
        let line = b"G: n:2/1 rtt:1/2 rttb:3/4 irt:5/6 dcnt: 7 qcnt: 8";
        for end in 0..line.len() {
            assert!(parse_line(&line[..end]).is_err(), "cut at {end}");
        }
        assert_eq!(parse_line(b"G: n:2/1 rtt:1/x rttb:3/4").unwrap_err().field, 3);
    }

    #[test]
    fn a_real_file() {
        let text = include_bytes!("../../testdata/gfs2/flock-node2/glstats");
        let lines: Vec<_> = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
        for line in &lines {
            let stats = parse_line(line).unwrap();
            let mut printed = Vec::new();
            print::write_stats(&mut printed, &stats);
            assert_eq!(printed.trim_ascii_end(), *line);
        }
        assert!(lines.len() > 10);
    }

    proptest! {
        #[test]
        fn printed_lines_read_back(kind: u8, number: u64, times: [i64; 6], dlm_requests: u64, queued: u64) {
            let [srtt_ns, srttvar_ns, srttb_ns, srttbvar_ns, sirt_ns, sirtvar_ns] = times;
            let name = GlockName::new(GlockType(kind), number);
            let stats = GlockStats {
                name, srtt_ns, srttvar_ns, srttb_ns, srttbvar_ns, sirt_ns, sirtvar_ns, dlm_requests, queued, rest: b"",
            };
            let mut text = Vec::new();
            print::write_stats(&mut text, &stats);
            prop_assert_eq!(parse_line(text.strip_suffix(b"\n").unwrap()).unwrap(), stats);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse_line(&bytes);
        }
    }
}
