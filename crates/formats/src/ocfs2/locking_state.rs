//! `/sys/kernel/debug/ocfs2/UUID/locking_state`: one line per lock resource (`ocfs2_dlm_seq_show`,
//! `fs/ocfs2/dlmglue.c`), newest lock first, a tab after every field, also the last.
//!
//! ```text
//! 0x4  M0000000000000000007e0200000000  5  0x41  0x0  0x0  0  0  5  -1  0x5 … 64 LVB bytes …  PR EX  PR EX  PR EX  PR EX  refresh  PR EX  wait
//!                                       └level flags action          └requested, blocking     gets   fails  total  max             last
//! ```
//!
//! | version | tokens | statistics |
//! |---|---|---|
//! | 1 | 74 | none |
//! | 2 | 83 | gets, fails, total ns, max **ns**, refresh |
//! | 3 | 83 | the same, max in **µs** |
//! | 4 (Linux 5.3) | 86 | and last PR, last EX, start of the first wait: µs since the epoch, node's clock. 85 during development |
//!
//! A later version is read as its known prefix, the rest is kept. LVB bytes are printed from a `char`: on x86 before
//! Linux 6.2 it is signed, so byte 0xb1 reads `0xffffffb1`.

use super::lock_name::{DENTRY_LENGTH, LockName, NAME_LENGTH};
use super::lock_state::{Action, Flags, Level, LockState, UnlockAction};
use crate::problem::LineProblem;
use crate::scan::Fields;

/// Number of LVB bytes in a record (`DLM_LVB_LEN`).
pub const LVB_BYTES: usize = 64;
/// Tokens of a line of version 4.
pub const V4_TOKENS: u32 = 86;

/// One lock resource as the kernel prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Format version of this line.
    pub version: u32,
    /// Name.
    pub name: LockName,
    /// Level, flags, requests.
    pub state: LockState,
    /// The 64 LVB tokens as printed, tab-separated; see [`super::lvb`].
    pub lvb: &'a [u8],
    /// Counters; `None` in version 1.
    pub stats: Option<Stats>,
    /// Whatever a later version prints after the known fields.
    pub rest: &'a [u8],
}

/// Counters of one lock since the kernel made it. All zero on a kernel without `CONFIG_OCFS2_FS_STATS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Protected read.
    pub pr: LevelStats,
    /// Exclusive.
    pub ex: LevelStats,
    /// Times the contents were read from disk again, wraps at 2³².
    pub refresh: u32,
    /// Start of the first current wait here, µs since the epoch by the node's clock; `Some(0)` none; `None` not told (before v4).
    pub wait_since_us: Option<u64>,
}

/// Counters of one lock at one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelStats {
    /// Acquisitions, cached and failed ones included. u32 in v3 and v4 (restarts at 1 with a total of one wait), u64 in v2.
    pub gets: u64,
    /// Failed acquisitions (EAGAIN of a trylock too), wraps at 2³².
    pub fails: u32,
    /// Total time inside `ocfs2_cluster_lock`, ns.
    pub total_ns: u64,
    /// Longest, ns; printed in µs since v3. A wait of 4295 s or more is cut by the kernel. Never reset.
    pub max_ns: u64,
    /// Completion of the last acquisition, µs since the epoch by the node's clock; `Some(0)` never; `None` before v4.
    pub last_us: Option<u64>,
}

impl Stats {
    /// Whether every counter is zero: unused, or a kernel without statistics.
    pub fn all_zero(&self) -> bool {
        let zero = |level: &LevelStats| level.gets == 0 && level.fails == 0 && level.total_ns == 0 && level.last_us.unwrap_or(0) == 0;
        zero(&self.pr) && zero(&self.ex)
    }

    /// The newest time this record names, µs since the epoch: a lower bound of the node's clock when it was read.
    pub fn newest_us(&self) -> u64 {
        [self.pr.last_us, self.ex.last_us, self.wait_since_us].into_iter().flatten().max().unwrap_or(0)
    }
}

/// The LVB of most locks: 64 zero bytes and their tabs, skipped in one comparison.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const ZERO_LVB: [u8; LVB_BYTES * 4] = {
    let mut text = [0; LVB_BYTES * 4];
    let mut at = 0;
    while at < LVB_BYTES {
        text[at * 4] = b'0';
        text[at * 4 + 1] = b'x';
        text[at * 4 + 2] = b'0';
        text[at * 4 + 3] = b'\t';
        at += 1;
    }
    text
};

/// Action, unlock action and holders of most locks: none.
const NO_REQUEST: &[u8] = b"0x0\t0x0\t0\t0\t";

/// The counters of a lock that was never used, in version 4: half of all locks.
const ZERO_STATS: &[u8] = b"0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t";
/// What they say of one level.
const UNUSED: LevelStats = LevelStats { gets: 0, fails: 0, total_ns: 0, max_ns: 0, last_us: Some(0) };

/// Reads one line (without its newline). Every field is checked; a problem costs this line only.
#[inline]
pub fn parse_line(line: &[u8]) -> Result<Record<'_>, LineProblem> {
    if line.last() != Some(&b'\t') {
        // The kernel ends every field with a tab: without it a number may lack digits.
        return Err(LineProblem { field: Fields::count(line), expected: "a tab after the last field (line cut short)" });
    }
    let mut fields = Fields::new(line);
    let version = u32_field(fields.next_hex(), &fields, "a version such as 0x4")?;
    if version == 0 {
        return Err(problem(&fields, "a version from 0x1"));
    }
    // The letter tells the length, so the name need not be searched for its end.
    let length = if fields.rest().first() == Some(&b'N') { DENTRY_LENGTH } else { NAME_LENGTH };
    let name = fields.next_of_length(length).and_then(LockName::parse);
    let name = name.ok_or(LineProblem { field: 2, expected: "a lock name of 31 characters, or 25 for N" })?;
    let level = level_field(fields.next_signed(), &fields)?;
    let flags = Flags(fields.next_hex().ok_or_else(|| problem(&fields, "flags such as 0x41"))?);
    let (action, unlock_action, ro_holders, ex_holders) = request_fields(&mut fields)?;
    let requested = level_field(fields.next_signed(), &fields)?;
    let blocking = level_field(fields.next_signed(), &fields)?;
    let lvb = lvb_fields(&mut fields)?;
    let stats = if version == 1 { None } else { Some(stats_fields(&mut fields, version)?) };
    let state = LockState { level, flags, action, unlock_action, ro_holders, ex_holders, requested, blocking };
    Ok(Record { version, name, state, lvb, stats, rest: fields.rest() })
}

#[inline]
fn request_fields(fields: &mut Fields<'_>) -> Result<(Action, UnlockAction, u32, u32), LineProblem> {
    if fields.skip_exact(NO_REQUEST, 4).is_some() {
        return Ok((Action(0), UnlockAction(0), 0, 0));
    }
    let action = Action(u32_field(fields.next_hex(), fields, "an action such as 0x0")?);
    let unlock_action = UnlockAction(u32_field(fields.next_hex(), fields, "an unlock action such as 0x0")?);
    let ro_holders = u32_field(fields.next_decimal(), fields, "a count of holders")?;
    let ex_holders = u32_field(fields.next_decimal(), fields, "a count of holders")?;
    Ok((action, unlock_action, ro_holders, ex_holders))
}

#[inline]
fn lvb_fields<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], LineProblem> {
    if let Some(lvb) = fields.skip_exact(&ZERO_LVB, LVB_BYTES as u32) {
        return Ok(lvb);
    }
    let start = fields.rest();
    for _ in 0..LVB_BYTES {
        if !fields.skip_hex_byte() {
            return Err(LineProblem { field: fields.taken() + 1, expected: "an LVB byte such as 0x0" });
        }
    }
    Ok(start.get(..start.len() - fields.rest().len()).unwrap_or_default())
}

#[inline]
fn stats_fields(fields: &mut Fields<'_>, version: u32) -> Result<Stats, LineProblem> {
    if version == 4 && fields.skip_exact(ZERO_STATS, 12).is_some() {
        return Ok(Stats { pr: UNUSED, ex: UNUSED, refresh: 0, wait_since_us: Some(0) });
    }
    let mut number = |what: &'static str| fields.next_decimal().ok_or_else(|| problem(fields, what));
    let gets = [number("acquisitions")?, number("acquisitions")?];
    let fails = [number("failed acquisitions")?, number("failed acquisitions")?];
    let total = [number("total wait in ns")?, number("total wait in ns")?];
    let max = [number("longest wait")?, number("longest wait")?];
    let refresh = number("refreshes")? as u32;
    // The times came with version 4, the third of them last.
    let mut time = |what: &'static str| {
        if version < 4 || fields.rest().is_empty() {
            Ok(None)
        } else {
            fields.next_decimal().map(Some).ok_or_else(|| problem(fields, what))
        }
    };
    let last = [time("time of the last PR in µs")?, time("time of the last EX in µs")?];
    let wait_since_us = time("start of the first wait in µs")?;
    let unit = if version == 2 { 1 } else { 1000 };
    let level = |gets, fails: u64, total_ns, max: u64, last_us| LevelStats {
        gets,
        fails: fails as u32,
        total_ns,
        max_ns: max.saturating_mul(unit),
        last_us,
    };
    Ok(Stats {
        pr: level(gets[0], fails[0], total[0], max[0], last[0]),
        ex: level(gets[1], fails[1], total[1], max[1], last[1]),
        refresh,
        wait_since_us,
    })
}

#[inline]
fn u32_field(value: Option<u64>, fields: &Fields<'_>, expected: &'static str) -> Result<u32, LineProblem> {
    value.and_then(|value| u32::try_from(value).ok()).ok_or_else(|| problem(fields, expected))
}

#[inline]
fn level_field(value: Option<i64>, fields: &Fields<'_>) -> Result<Level, LineProblem> {
    value.and_then(|value| i8::try_from(value).ok()).map(Level).ok_or_else(|| problem(fields, "a level such as 3"))
}

#[cold]
fn problem(fields: &Fields<'_>, expected: &'static str) -> LineProblem {
    LineProblem { field: fields.taken().max(1), expected }
}

#[cfg(test)]
mod tests {
    use super::super::print::{self, OwnedRecord};
    use super::*;
    use proptest::prelude::*;

    fn line(version: u32) -> String {
        print::line(&OwnedRecord::example(version))
    }

    #[test]
    fn token_counts_of_each_version() {
        for (version, tokens) in [(1, 74), (2, 83), (3, 83), (4, 86)] {
            let text = line(version);
            assert!(text.ends_with("\t\n"));
            assert_eq!(text.trim_end().split('\t').count(), tokens);
            assert_eq!(parse_line(text.trim_end_matches('\n').as_bytes()).unwrap().version, version);
        }
    }

    #[test]
    fn longest_wait_is_ns_in_v2_and_us_since_v3() {
        let max = |version| parse_line(line(version).trim_end_matches('\n').as_bytes()).unwrap().stats.unwrap().pr.max_ns;
        assert_eq!((max(2), max(3), max(4)), (7, 7000, 7000));
    }

    #[test]
    fn v4_with_85_tokens_has_no_wait() {
        let text = line(4);
        let cut = text.trim_end().rsplit_once('\t').unwrap().0.to_owned() + "\t";
        assert_eq!(cut.trim_end().split('\t').count(), 85);
        let stats = parse_line(cut.as_bytes()).unwrap().stats.unwrap();
        assert!(stats.pr.last_us.is_some());
        assert_eq!(stats.wait_since_us, None);
    }

    #[test]
    fn a_later_version_keeps_what_it_adds() {
        let text = line(4).replacen("0x4", "0x5", 1).trim_end_matches('\n').to_owned() + "17\tnew\t";
        let record = parse_line(text.as_bytes()).unwrap();
        assert_eq!((record.version, record.rest), (5, &b"17\tnew\t"[..]));
        assert_eq!(record.stats.unwrap().ex.gets, 4);
    }

    #[test]
    fn a_problem_names_its_field() {
        let text = line(4);
        for (field, bad) in
            [(1, "x"), (2, "M7"), (3, "a"), (4, "41"), (9, ""), (11, "0x100"), (40, "0xfffffeb1"), (75, "-1"), (80, "1e3"), (86, "x")]
        {
            let broken: Vec<&str> = text.trim_end().split('\t').enumerate().map(|(i, f)| if i + 1 == field { bad } else { f }).collect();
            let text = broken.join("\t") + "\t";
            assert_eq!(parse_line(text.as_bytes()).unwrap_err().field, field as u32, "field {field} = {bad:?}");
        }
        assert_eq!(parse_line(b"").unwrap_err().field, 1);
        assert!(parse_line(b"cat: locking_state: Input/output error").is_err());
    }

    #[test]
    fn a_line_cut_short_is_a_problem_not_a_record() {
        let text = line(4);
        let text = text.trim_end_matches('\n');
        let optional_from = text.match_indices('\t').nth(82).unwrap().0 + 1;
        for end in 0..text.len() {
            let cut_between_times = end >= optional_from && text.as_bytes()[end - 1] == b'\t';
            assert_eq!(parse_line(&text.as_bytes()[..end]).is_ok(), cut_between_times, "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn printed_records_read_back(record in OwnedRecord::any()) {
            let text = print::line(&record);
            let read = parse_line(text.trim_end_matches('\n').as_bytes()).unwrap();
            prop_assert_eq!(&record, &OwnedRecord::of(&read));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse_line(&bytes);
        }
    }
}
