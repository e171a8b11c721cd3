//! A whole log, in any form.

use super::record::Record;
use super::{journal, line};

/// A clock that goes back by so much, µs, belongs to a kernel that was started anew: records of several CPUs may be out of order by less.
const GONE_BACK_US: u64 = 2_000_000;

/// Reads all lines of a log. Each tells its own form; empty ones are left out.
pub fn parse(bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut boot = 0;
    let mut latest = 0;
    for line in bytes.split(|&byte| byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\r');
        // What follows a record of /dev/kmsg with a blank is its dictionary: ` SUBSYSTEM=block`. Consoles say such lines of no use, too.
        if line.is_empty() || is_dictionary(line) {
            continue;
        }
        let record = if line.starts_with('{') { journal::entry(line) } else { line::kmsg(line) };
        let mut record = record.unwrap_or_else(|| line::text(line));
        if record.text.starts_with("Linux version ") && !records.is_empty() {
            boot += 1;
            latest = 0;
        }
        if let Some(at) = record.at.boot_us {
            if at.saturating_add(GONE_BACK_US) < latest {
                boot += 1;
                latest = 0;
            }
            latest = latest.max(at);
        }
        record.boot = boot;
        records.push(record);
    }
    records
}

fn is_dictionary(line: &str) -> bool {
    let key = line.strip_prefix(' ').and_then(|rest| rest.split_once('='));
    key.is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_mix_and_boots_are_told_apart() {
        let text = b"6,1,100,-;Linux version 6.1\n6,2,9000000,-;a\n SUBSYSTEM=block\n\n[    9.100000] b\r\n[    8.900000] of another CPU\n[    0.000000] Linux version 6.1\n[    3.000000] c\n[    0.500000] d\n";
        let told: Vec<_> = parse(text).into_iter().map(|record| (record.boot, record.text)).collect();
        let texts: Vec<(u32, &str)> = told.iter().map(|(boot, text)| (*boot, text.as_str())).collect();
        assert_eq!(
            texts,
            [(0, "Linux version 6.1"), (0, "a"), (0, "b"), (0, "of another CPU"), (1, "Linux version 6.1"), (1, "c"), (2, "d")]
        );
    }

    #[test]
    fn a_stamp_at_the_end_of_time_is_one_like_others() {
        let told = parse(b"6,1,18446744073709551615,-;a\n6,2,18446744073709551614,-;b\n6,3,1,-;c\n");
        assert_eq!(told.iter().map(|record| record.boot).collect::<Vec<_>>(), [0, 0, 1]);
    }
}
