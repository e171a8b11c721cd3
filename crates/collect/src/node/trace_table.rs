//! What a histogram counted since it was read last.
//!
//! A histogram is never cleared: what came between reading and clearing would be lost. It grows, and each reading is compared with
//! the one before.

use formats::gfs2::{GlockName, GlockType};
use formats::tracefs::hist::{HistEntry, HistLine, parse_line};
use std::collections::HashMap;

/// A glock of a mount: the kernel's `dev_t`, and its name.
pub type Key = (u64, GlockName);

/// One reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Events, and the sum of their values as the kernel adds them up (wrapping around).
    pub counts: HashMap<Key, (u64, u64)>,
    /// Events whose glock had no room.
    pub dropped: u64,
    /// Lines that were not understood.
    pub problems: u64,
}

impl Reading {
    /// Reads a `hist` file with the keys `dev`, `gltype` and `glnum`, and the values' name if there is one. The error says what is
    /// lacking: a file that was cut, or that has no trigger.
    pub fn parse(text: &[u8], value: Option<&str>) -> Result<Reading, &'static str> {
        let mut reading = Reading::default();
        let mut dropped = None;
        for line in text.split(|&byte| byte == b'\n') {
            match parse_line(line) {
                Ok(HistLine::Entry(entry)) => match key_of(&entry).zip(value.map_or(Some(0), |name| entry.value(name))) {
                    Some((key, sum)) => {
                        // Two CPUs may have entered the same key at once.
                        let counts = reading.counts.entry(key).or_default();
                        *counts = (counts.0.saturating_add(entry.hitcount), counts.1.wrapping_add(sum));
                    }
                    None => reading.problems += 1,
                },
                Ok(HistLine::Dropped(count)) => dropped = Some(count),
                Ok(HistLine::Other(_)) | Err(_) => reading.problems += 1,
                Ok(_) => {}
            }
        }
        reading.dropped = dropped.ok_or("it has no trigger, or is not whole")?;
        Ok(reading)
    }
}

fn key_of(entry: &HistEntry<'_>) -> Option<Key> {
    let kind = u8::try_from(entry.key_number("gltype")?).ok()?;
    Some((entry.key_number("dev")?, GlockName::new(GlockType(kind), entry.key_number("glnum")?)))
}

/// What came between two readings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Events since, and the sum of their values. A sum that went down (a clock was set back) is `None`.
    pub counts: HashMap<Key, (u64, Option<u64>)>,
    /// What is not in `counts` is 0. Else it is not known.
    pub complete: bool,
}

/// Compares `now` with the reading `before` of the same histogram.
pub fn difference(before: &Reading, now: &Reading) -> Difference {
    let mut counts = HashMap::new();
    let mut complete = now.dropped == 0 && now.problems == 0;
    for (key, &(hits, sum)) in &now.counts {
        let (hits_before, sum_before) = before.counts.get(key).copied().unwrap_or_default();
        let Some(more) = hits.checked_sub(hits_before) else {
            // Somebody has cleared it.
            complete = false;
            continue;
        };
        if more > 0 {
            // Signed, as the kernel's field.
            let sum = u64::try_from(sum.wrapping_sub(sum_before).cast_signed()).ok();
            counts.insert(*key, (more, sum));
        }
    }
    complete &= before.counts.keys().all(|key| now.counts.contains_key(key));
    Difference { counts, complete }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(rows: &[(u64, u64, u64, i64)], dropped: u64) -> Reading {
        let mut text = "# event histogram\n#\n# trigger info: hist:keys=dev,gltype,glnum:vals=hitcount,tdiff [active]\n#\n\n".to_owned();
        for (dev, glnum, hits, sum) in rows {
            text += &format!(
                "{{ dev: {dev:>10}, gltype: {:>10}, glnum: {glnum:>10} }} hitcount: {hits:>10}  tdiff: {:>10}\n",
                2,
                sum.cast_unsigned()
            );
        }
        text += &format!("\nTotals:\n    Hits: 1\n    Entries: 1\n    Dropped: {dropped}\n");
        Reading::parse(text.as_bytes(), Some("tdiff")).unwrap()
    }

    /// Device, glock, events, sum.
    type Row = (u64, u64, u64, Option<u64>);

    fn counted(before: &Reading, now: &Reading) -> (Vec<Row>, bool) {
        let difference = difference(before, now);
        let mut rows: Vec<_> = difference.counts.iter().map(|(key, counts)| (key.0, key.1.number, counts.0, counts.1)).collect();
        rows.sort_unstable();
        (rows, difference.complete)
    }

    #[test]
    fn only_what_is_new_counts_and_mounts_are_told_apart() {
        let before = reading(&[(1, 7, 3, 300), (2, 7, 1, 10)], 0);
        let now = reading(&[(1, 7, 5, 450), (2, 7, 1, 10), (1, 8, 1, 5)], 0);
        assert_eq!(counted(&before, &now), (vec![(1, 7, 2, Some(150)), (1, 8, 1, Some(5))], true));
        assert_eq!(counted(&Reading::default(), &before).0.len(), 2);
    }

    #[test]
    fn a_time_that_went_back_is_not_known() {
        let before = reading(&[(1, 7, 3, 300)], 0);
        assert_eq!(counted(&before, &reading(&[(1, 7, 4, -5000)], 0)), (vec![(1, 7, 1, None)], true));
        // And from there on it is again.
        assert_eq!(counted(&reading(&[(1, 7, 4, -5000)], 0), &reading(&[(1, 7, 5, -4000)], 0)), (vec![(1, 7, 1, Some(1000))], true));
    }

    #[test]
    fn a_full_or_cleared_table_does_not_tell_all() {
        let before = reading(&[(1, 7, 3, 300)], 0);
        assert_eq!(counted(&before, &reading(&[(1, 7, 4, 400)], 9)), (vec![(1, 7, 1, Some(100))], false));
        assert_eq!(counted(&before, &reading(&[(1, 7, 1, 10)], 0)), (vec![], false));
        assert_eq!(counted(&before, &reading(&[], 0)), (vec![], false));
    }

    #[test]
    fn entries_of_one_key_are_added_up() {
        assert_eq!(reading(&[(1, 7, 3, 300), (1, 7, 1, 50)], 0).counts[&(1, GlockName::new(GlockType(2), 7))], (4, 350));
    }

    #[test]
    fn what_is_not_understood_is_counted_and_a_cut_file_is_none() {
        let text = "{ dev: fd, gltype: 2, glnum: 1 } hitcount: 1\n{ dev: 1, gltype: 999, glnum: 1 } hitcount: 1\nTotals:\n    Dropped: 0\n";
        assert_eq!(Reading::parse(text.as_bytes(), None).unwrap().problems, 2);
        assert!(Reading::parse(b"", None).is_err());
        assert!(Reading::parse(b"{ dev: 1, gltype: 2, glnum: 1 } hitcount: 1\n", None).is_err());
    }
}
