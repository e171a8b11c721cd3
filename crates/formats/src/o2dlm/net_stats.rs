//! `/sys/kernel/debug/o2net/stats`: traffic with each connected node (`sc_show_sock_stats`, `fs/ocfs2/cluster/netdebug.c`, since
//! 2.6.38). Totals since the connection was made; zeros on a kernel without `CONFIG_OCFS2_FS_STATS`.
//!
//! ```text
//! 1,2,13664,445414417,3543138121,32507861025,6782,670740025
//! ```

use crate::problem::{LineProblem, ProblemCount};
use crate::scan::decimal;

/// Traffic with one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NetStats {
    /// Format version: 1.
    pub version: u32,
    /// The other node.
    pub node: u32,
    /// Messages sent.
    pub sends: u64,
    /// Time spent looking for the connection, ns, of all messages sent.
    pub acquire_ns: u64,
    /// Time spent writing, ns.
    pub send_ns: u64,
    /// Time spent waiting for the answers, ns: divided by `sends`, the round trip with the peer's work.
    pub wait_ns: u64,
    /// Messages received.
    pub receives: u64,
    /// Time spent in their handlers, ns.
    pub process_ns: u64,
    /// Whatever a later version prints after the known fields, without the comma before.
    pub rest: Vec<u8>,
}

/// Reads the whole file, a line for each connection. A bad line costs itself.
pub fn parse(text: &[u8]) -> (Vec<NetStats>, ProblemCount) {
    let mut stats = Vec::new();
    let mut problems = ProblemCount::default();
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        match parse_line(line) {
            Ok(line) => stats.push(line),
            Err(problem) => problems.add(number as u64 + 1, problem, line),
        }
    }
    (stats, problems)
}

fn parse_line(line: &[u8]) -> Result<NetStats, LineProblem> {
    let mut fields = line.splitn(9, |&byte| byte == b',');
    let mut field = 0;
    let mut next = |expected: &'static str| {
        field += 1;
        fields.next().and_then(decimal).ok_or(LineProblem { field, expected })
    };
    let narrow = |value: u64, field| u32::try_from(value).map_err(|_| LineProblem { field, expected: "a number of 32 bits" });
    Ok(NetStats {
        version: narrow(next("a version such as 1")?, 1)?,
        node: narrow(next("a node number")?, 2)?,
        sends: next("a count of messages")?,
        acquire_ns: next("ns")?,
        send_ns: next("ns")?,
        wait_ns: next("ns")?,
        receives: next("a count of messages")?,
        process_ns: next("ns")?,
        rest: fields.next().unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn real_lines() {
        let (stats, problems) = parse(
            b"1,2,13664,445414417,3543138121,32507861025,6782,670740025\n1,3,13469,429715953,3623887647,32195624766,5597,559862506\n",
        );
        assert_eq!((stats.len(), problems.lines), (2, 0));
        assert_eq!((stats[0].node, stats[0].sends, stats[0].wait_ns, stats[1].process_ns), (2, 13664, 32_507_861_025, 559_862_506));
    }

    #[test]
    fn a_later_version_keeps_what_it_adds_and_a_bad_line_costs_itself() {
        let (stats, problems) = parse(b"2,1,1,2,3,4,5,6,7,8\n1,2,3\n1,x,1,2,3,4,5,6\n");
        assert_eq!((stats.len(), &stats[0].rest[..], problems.lines), (1, &b"7,8"[..], 2));
        assert_eq!(problems.first.unwrap().1.field, 4);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
