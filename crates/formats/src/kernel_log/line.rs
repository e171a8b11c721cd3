//! One line of any of the forms in which kernel logs are kept.

use super::record::{Record, Stamp};

/// `6,339,5140900,-;text`: `/dev/kmsg` (`msg_print_ext_header`, `kernel/printk/printk.c`) and netconsole's extended form.
pub fn kmsg(line: &str) -> Option<Record> {
    let (head, text) = line.split_once(';')?;
    let mut fields = head.split(',');
    let mut number = || fields.next()?.parse::<u64>().ok();
    let (_, _, boot_us) = (number()?, number()?, number()?);
    fields.next()?;
    Some(Record { at: Stamp { boot_us: Some(boot_us), wall_us: None }, boot: 0, text: unescape(text) })
}

/// Bytes that are not printable come as `\x0a` (`msg_add_ext_text`).
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.strip_prefix(b"x").and_then(|digits| digits.get(..2)).filter(|_| byte == b'\\');
        let code = code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        out.push(code.unwrap_or(byte));
        rest = if code.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Any other line: `<6>[   50.54] text`, `[   50.54] text`, `[   50.54] host kernel: text`, `2026-11-27T11:38:50+0000 host kernel: text`,
/// `Nov 27 11:38:50 host kernel: [   50.54] text`, or bare text.
pub fn text(line: &str) -> Record {
    let mut rest = level_cut(line);
    let mut at = Stamp::default();
    if let Some((wall_us, after)) = iso(rest) {
        at.wall_us = Some(wall_us);
        rest = after;
    } else if let Some(after) = syslog_date_cut(rest) {
        rest = after;
    }
    let outer = boot_stamp(rest);
    if let Some((boot_us, after)) = outer {
        at.boot_us = boot_us;
        rest = after;
    }
    // The journal and syslog name host and program; the kernel's own stamp may follow.
    if let Some(after) = program_cut(rest) {
        rest = level_cut(after);
        if let Some((boot_us, after)) = boot_stamp(rest) {
            at.boot_us = at.boot_us.or(boot_us);
            rest = after;
        }
    }
    Record { at, boot: 0, text: rest.to_owned() }
}

/// `<6>` of `dmesg -r` and of pstore.
fn level_cut(line: &str) -> &str {
    let cut = line.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    cut.filter(|(level, _)| !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit())).map_or(line, |(_, rest)| rest)
}

/// `[   50.540000] `, with a caller `[ T123]` after it or none; `[Fri Nov 27 11:38:50 2026] ` of `dmesg -T` gives no time, because its
/// clock is only guessed.
fn boot_stamp(line: &str) -> Option<(Option<u64>, &str)> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once(']')?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let stamp = stamp.trim();
    let boot_us = micros(stamp);
    if boot_us.is_none() && stamp.split_whitespace().count() != 5 {
        return None;
    }
    Some((boot_us, caller_cut(rest)))
}

/// `50.540000` as microseconds.
fn micros(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.is_empty() || fraction.len() > 6 || !digits {
        return None;
    }
    let scale = 10_u64.pow(6 - fraction.len() as u32);
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction.parse::<u64>().ok()? * scale)
}

/// `[    T1]` or `[    C0]`: who printed (`CONFIG_PRINTK_CALLER`).
fn caller_cut(line: &str) -> &str {
    let caller = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_one =
        |text: &str| text.trim().strip_prefix(['T', 'C']).is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
    caller.filter(|(caller, _)| is_one(caller)).map_or(line, |(_, rest)| rest.strip_prefix(' ').unwrap_or(rest))
}

/// `2026-11-27T11:38:50.123456+01:00 `, also with a comma or without a colon in the offset.
fn iso(line: &str) -> Option<(i64, &str)> {
    let (word, rest) = line.split_once(' ')?;
    if !word.starts_with(|first: char| first.is_ascii_digit()) || !word.contains('T') {
        return None;
    }
    Some((word.parse::<jiff::Timestamp>().ok()?.as_microsecond(), rest))
}

/// `Nov 27 11:38:50 `: no year, so no time.
fn syslog_date_cut(line: &str) -> Option<&str> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (month, rest) = line.split_once(' ')?;
    if !MONTHS.contains(&month) {
        return None;
    }
    let (day, rest) = rest.trim_start().split_once(' ')?;
    let (time, rest) = rest.split_once(' ')?;
    (day.parse::<u8>().is_ok() && time.split(':').count() == 3).then_some(rest)
}

/// `node1 kernel: ` or `kernel: `; other programs' lines stay as they are.
fn program_cut(line: &str) -> Option<&str> {
    let (head, rest) = line.split_once("kernel: ")?;
    (head.is_empty() || (head.ends_with(' ') && head.split_whitespace().count() == 1)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(line: &str) -> (Option<u64>, Option<i64>, String) {
        let record = text(line);
        (record.at.boot_us, record.at.wall_us, record.text)
    }

    #[test]
    fn every_form_tells_the_same() {
        let said = "o2net: x";
        for line in [
            "[   50.540000] o2net: x",
            "<5>[   50.540000] o2net: x",
            "[   50.540000] [  T123] o2net: x",
            "[   50.540000] node1 kernel: o2net: x",
            "Nov 27 11:38:50 node1 kernel: [   50.540000] o2net: x",
        ] {
            assert_eq!(seen(line), (Some(50_540_000), None, said.to_owned()), "{line}");
        }
        let wall = Some(1_795_779_530_000_000);
        for line in ["2026-11-27T11:38:50+0000 node1 kernel: o2net: x", "2026-11-27T12:38:50,000000+01:00 o2net: x"] {
            assert_eq!(seen(line), (None, wall, said.to_owned()), "{line}");
        }
        assert_eq!(seen("Nov 27 11:38:50 node1 kernel: o2net: x"), (None, None, said.to_owned()));
        assert_eq!(seen("[Fri Nov 27 11:38:50 2026] o2net: x"), (None, None, said.to_owned()));
        assert_eq!(seen("o2net: x"), (None, None, said.to_owned()));
    }

    #[test]
    fn what_is_no_stamp_stays() {
        for line in ["[drm] Initialized", "[a.b] x", "(dlm,1,0):f:1 ERROR: kernel: x", "<x>y"] {
            assert_eq!(text(line).text, line);
        }
    }

    #[test]
    fn records_of_the_device() {
        let record = kmsg("5,339,5140900,-;Node 2 has\\x0aPlease \\xzz \\x").unwrap();
        assert_eq!((record.at.boot_us, record.text.as_str()), (Some(5_140_900), "Node 2 has\nPlease \\xzz \\x"));
        assert_eq!(kmsg("5,x,1,-;a"), None);
        assert_eq!(kmsg("no record; at all"), None);
    }
}
