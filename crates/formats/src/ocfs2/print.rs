//! Records printed as `ocfs2_dlm_seq_show` prints them: for generated dumps, fixtures and round trips.

use super::lock_name::LockName;
use super::lock_state::{Action, Flags, Level, LockState, UnlockAction};
use super::locking_state::{LVB_BYTES, LevelStats, Record, Stats};
use std::fmt::Write as _;

/// A record that owns its LVB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedRecord {
    /// Format version, 1 to 4.
    pub version: u32,
    /// Name.
    pub name: LockName,
    /// Level, flags, requests.
    pub state: LockState,
    /// LVB as bytes.
    pub lvb: [u8; LVB_BYTES],
    /// Whether the kernel prints LVB bytes from 0x80 on sign-extended (x86 before Linux 6.2).
    pub signed_lvb: bool,
    /// Counters, ignored in version 1.
    pub stats: Option<Stats>,
}

impl OwnedRecord {
    /// A lock that is held at PR with nothing under way, in version 4: what fixtures start from. It was never acquired at EX.
    pub fn held(name: LockName, pr: LevelStats) -> OwnedRecord {
        let never = LevelStats { last_us: Some(0), ..LevelStats::default() };
        OwnedRecord {
            version: 4,
            name,
            state: LockState {
                level: Level::PR,
                flags: Flags(Flags::ATTACHED | Flags::INITIALIZED),
                action: Action(0),
                unlock_action: UnlockAction(0),
                ro_holders: 0,
                ex_holders: 0,
                requested: Level::PR,
                blocking: Level::IV,
            },
            lvb: [0; LVB_BYTES],
            signed_lvb: false,
            stats: Some(Stats { pr, ex: never, refresh: 0, wait_since_us: Some(0) }),
        }
    }
}

/// The record's line with its newline, a tab after every field.
pub fn line(record: &OwnedRecord) -> String {
    let mut out = String::with_capacity(400);
    write_line(&mut out, record);
    out
}

/// Appends the record's line with its newline.
pub fn write_line(out: &mut String, record: &OwnedRecord) {
    let state = &record.state;
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "{:#x}\t{}\t{}\t{:#x}\t{:#x}\t{:#x}\t{}\t{}\t{}\t{}\t",
        record.version,
        record.name,
        state.level.0,
        state.flags.0,
        state.action.0,
        state.unlock_action.0,
        state.ro_holders,
        state.ex_holders,
        state.requested.0,
        state.blocking.0
    );
    for &byte in &record.lvb {
        let printed = if record.signed_lvb { i32::from(byte.cast_signed()) as u32 } else { u32::from(byte) };
        let _ = write!(out, "{printed:#x}\t");
    }
    if let (Some(stats), 2..) = (&record.stats, record.version) {
        let unit = if record.version == 2 { 1 } else { 1000 };
        let (pr, ex) = (&stats.pr, &stats.ex);
        let _ = write!(
            out,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t",
            pr.gets,
            ex.gets,
            pr.fails,
            ex.fails,
            pr.total_ns,
            ex.total_ns,
            pr.max_ns / unit,
            ex.max_ns / unit,
            stats.refresh
        );
        if record.version >= 4 {
            for time in [pr.last_us, ex.last_us, stats.wait_since_us].into_iter().flatten() {
                let _ = write!(out, "{time}\t");
            }
        }
    }
    out.push('\n');
}

impl OwnedRecord {
    /// The owned form of a parsed record. `signed_lvb` is told from its tokens.
    pub fn of(record: &Record<'_>) -> OwnedRecord {
        OwnedRecord {
            version: record.version,
            name: record.name,
            state: record.state,
            lvb: super::lvb::bytes(record.lvb).unwrap_or([0; LVB_BYTES]),
            signed_lvb: memchr::memmem::find(record.lvb, b"0xffffff").is_some(),
            stats: record.stats,
        }
    }
}

#[cfg(test)]
mod for_tests {
    use super::super::lock_name::LockType;
    use super::super::lock_state::{Action, Flags, Level, UnlockAction};
    use super::super::locking_state::LevelStats;
    use super::*;
    use proptest::prelude::*;

    impl OwnedRecord {
        /// A record whose numbers are all different.
        pub(crate) fn example(version: u32) -> OwnedRecord {
            let time = |us| (version >= 4).then_some(us);
            let unit = if version == 2 { 1 } else { 1000 };
            OwnedRecord {
                version,
                name: LockName::new(LockType::META, 0x7e02, 0),
                state: LockState {
                    level: Level::EX,
                    flags: Flags(0x41),
                    action: Action(0),
                    unlock_action: UnlockAction(0),
                    ro_holders: 1,
                    ex_holders: 2,
                    requested: Level::EX,
                    blocking: Level::IV,
                },
                lvb: [0; LVB_BYTES],
                signed_lvb: false,
                stats: (version > 1).then(|| Stats {
                    pr: LevelStats { gets: 3, fails: 5, total_ns: 600, max_ns: 7 * unit, last_us: time(1_700_000_000_000_001) },
                    ex: LevelStats { gets: 4, fails: 6, total_ns: 800, max_ns: 8 * unit, last_us: time(1_700_000_000_000_002) },
                    refresh: 9,
                    wait_since_us: time(1_700_000_000_000_003),
                }),
            }
        }

        pub(crate) fn any() -> impl Strategy<Value = OwnedRecord> {
            let name =
                (b'A'..=b'Z', any::<u64>(), any::<u32>()).prop_map(|(l, b, g)| LockName::new(LockType::from_letter(l).unwrap(), b, g));
            let level = prop::sample::select(vec![-1i8, 0, 3, 5, 4]);
            let state = (level.clone(), any::<u32>(), 0u32..5, 0u32..4, any::<u32>(), any::<u32>(), level.clone(), level).prop_map(
                |(level, flags, action, unlock, ro, ex, requested, blocking)| LockState {
                    level: Level(level),
                    flags: Flags(u64::from(flags)),
                    action: Action(action),
                    unlock_action: UnlockAction(unlock),
                    ro_holders: ro,
                    ex_holders: ex,
                    requested: Level(requested),
                    blocking: Level(blocking),
                },
            );
            let counters = (any::<u32>(), any::<u32>(), any::<u64>(), any::<u32>(), any::<u64>());
            let lvb = prop_oneof![Just([0u8; LVB_BYTES]), any::<[u8; 64]>()];
            let tail = (any::<u32>(), any::<u64>());
            (1u32..=4, name, state, lvb, any::<bool>(), counters, counters, tail).prop_map(
                |(version, name, state, lvb, signed, pr, ex, (refresh, wait))| {
                    let unit = if version == 2 { 1 } else { 1000 };
                    let level = |(gets, fails, total_ns, max, last): (u32, u32, u64, u32, u64)| LevelStats {
                        gets: u64::from(gets),
                        fails,
                        total_ns,
                        max_ns: u64::from(max) * unit,
                        last_us: (version >= 4).then_some(last),
                    };
                    let stats = Stats { pr: level(pr), ex: level(ex), refresh, wait_since_us: (version >= 4).then_some(wait) };
                    OwnedRecord {
                        version,
                        name,
                        state,
                        lvb,
                        signed_lvb: signed && lvb.iter().any(|&byte| byte >= 0x80),
                        stats: (version > 1).then_some(stats),
                    }
                },
            )
        }
    }
}
