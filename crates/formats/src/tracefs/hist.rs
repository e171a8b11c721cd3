//! `events/SYSTEM/EVENT/hist` of a tracefs instance: what hist triggers have counted (`hist_trigger_show` and
//! `hist_trigger_entry_print`, `kernel/trace/trace_events_hist.c`, since 4.7).
//!
//! ```text
//! # event histogram
//! #
//! # trigger info: hist:keys=dev,gltype,glnum:vals=hitcount,tdiff:sort=hitcount:size=16384 [active]
//! #
//!
//! { dev:  265289760, gltype:          2, glnum:      99315 } hitcount:         12  tdiff:     123456
//!
//! Totals:
//!     Hits: 12
//!     Entries: 1
//!     Dropped: 0
//! ```
//!
//! An event with several triggers has one such part after the other, an event without any an empty file. Sums wrap around as
//! `u64`, also those of signed fields. A key that has no room in the table is counted in `Dropped` and nowhere else; one that is in
//! the table goes on being counted. Values may be decorated by modifiers: `.hex` without `0x`, `.sym` and others with the number in
//! brackets, `.log2` and `.buckets` with a `~`, `.percent` with a per cent sign.

use crate::problem::LineProblem;
use crate::scan::decimal;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistLine<'a> {
    /// Empty.
    Blank,
    /// `# …`, without the `#` and blanks around.
    Comment(&'a [u8]),
    /// `# trigger info: …`: a part begins.
    Trigger(&'a [u8]),
    /// One entry of the table.
    Entry(HistEntry<'a>),
    /// `Totals:`
    Totals,
    /// `Hits: …`: events that the trigger took since it was made.
    Hits(u64),
    /// `Entries: …`: entries of the table, as many as were printed.
    Entries(u64),
    /// `Dropped: …`: events whose key had no room in the table.
    Dropped(u64),
    /// A line of another kind: of a stack as key, of a trigger's actions.
    Other(&'a [u8]),
}

/// One entry: a key of one or more fields, and the sums of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistEntry<'a> {
    /// What stands between the braces.
    keys: &'a [u8],
    /// What follows them, without what follows the last value known.
    values: &'a [u8],
    /// How often.
    pub hitcount: u64,
}

impl<'a> HistEntry<'a> {
    /// The text of a field of the key, as printed, without blanks around.
    pub fn key(&self, name: &str) -> Option<&'a [u8]> {
        self.keys.split(|&byte| byte == b',').find_map(|field| {
            let (found, value) = halves(field)?;
            (found == name.as_bytes()).then_some(value)
        })
    }

    /// A field of the key as a number; `None` if there is no such field or it is none that was printed as a plain decimal.
    pub fn key_number(&self, name: &str) -> Option<u64> {
        decimal(self.key(name)?)
    }

    /// The sum of a value, wrapped around as `u64`; `None` if there is none of that name or it is no plain decimal.
    pub fn value(&self, name: &str) -> Option<u64> {
        let mut words = self.values.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            if word.strip_suffix(b":") == Some(name.as_bytes()) {
                return words.next().and_then(decimal);
            }
        }
        None
    }
}

/// `name: value`.
fn halves(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = field.iter().position(|&byte| byte == b':')?;
    Some((field.get(..colon)?.trim_ascii(), field.get(colon + 1..)?.trim_ascii()))
}

/// Reads one line (without its newline).
pub fn parse_line(line: &[u8]) -> Result<HistLine<'_>, LineProblem> {
    let text = line.trim_ascii();
    if text.is_empty() {
        return Ok(HistLine::Blank);
    }
    if let Some(comment) = text.strip_prefix(b"#") {
        let comment = comment.trim_ascii();
        return Ok(match comment.strip_prefix(b"trigger info:") {
            Some(trigger) => HistLine::Trigger(trigger.trim_ascii()),
            None => HistLine::Comment(comment),
        });
    }
    if let Some(rest) = text.strip_prefix(b"{") {
        return entry(rest).map(HistLine::Entry);
    }
    let total = |of: fn(u64) -> HistLine<'static>, value: &[u8]| {
        decimal(value.trim_ascii()).map(of).ok_or(LineProblem { field: 2, expected: "a number" })
    };
    match halves(text) {
        Some((b"Totals", b"")) => Ok(HistLine::Totals),
        Some((b"Hits", value)) => total(HistLine::Hits, value),
        Some((b"Entries", value)) => total(HistLine::Entries, value),
        Some((b"Dropped", value)) => total(HistLine::Dropped, value),
        _ => Ok(HistLine::Other(text)),
    }
}

/// What follows the opening brace. A symbol or a name as key may hold any byte but a newline, so the last ` } hitcount:` ends it.
fn entry(rest: &[u8]) -> Result<HistEntry<'_>, LineProblem> {
    const END: &[u8] = b"} hitcount:";
    let ends = || LineProblem { field: 2, expected: "the key's end and a hit count" };
    let at = memchr::memmem::rfind(rest, END).ok_or_else(ends)?;
    let (keys, tail) = rest.split_at_checked(at).ok_or_else(ends)?;
    let tail = tail.get(END.len()..).unwrap_or_default().trim_ascii_start();
    let end = tail.iter().position(|&byte| byte == b' ').unwrap_or(tail.len());
    let (count, values) = tail.split_at_checked(end).ok_or_else(ends)?;
    let hitcount = decimal(count).ok_or(LineProblem { field: 3, expected: "a decimal hit count" })?;
    let keys = keys.trim_ascii();
    if halves(keys).is_none() {
        return Err(LineProblem { field: 1, expected: "a key such as { name: 1 }" });
    }
    Ok(HistEntry { keys, values: values.trim_ascii(), hitcount })
}

/// Prints a line as the kernel does, with its newline. Entries and comments come out with single blanks.
pub fn write_line(out: &mut Vec<u8>, line: &HistLine<'_>) {
    let number = |out: &mut Vec<u8>, name: &str, value: u64| out.extend_from_slice(format!("    {name}: {value}").as_bytes());
    match line {
        HistLine::Blank => {}
        HistLine::Comment(text) => {
            out.push(b'#');
            if !text.is_empty() {
                out.push(b' ');
                out.extend_from_slice(text);
            }
        }
        HistLine::Trigger(text) => {
            out.extend_from_slice(b"# trigger info: ");
            out.extend_from_slice(text);
        }
        HistLine::Entry(entry) => {
            out.extend_from_slice(b"{ ");
            out.extend_from_slice(entry.keys);
            out.extend_from_slice(format!(" }} hitcount: {:>10}", entry.hitcount).as_bytes());
            if !entry.values.is_empty() {
                out.extend_from_slice(b"  ");
                out.extend_from_slice(entry.values);
            }
        }
        HistLine::Totals => out.extend_from_slice(b"Totals:"),
        HistLine::Hits(value) => number(out, "Hits", *value),
        HistLine::Entries(value) => number(out, "Entries", *value),
        HistLine::Dropped(value) => number(out, "Dropped", *value),
        HistLine::Other(text) => out.extend_from_slice(text),
    }
    out.push(b'\n');
}

#[cfg(test)]
#[path = "hist_tests.rs"]
mod tests;
