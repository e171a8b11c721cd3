//! `LS_locks`, format 2: one line per lock on a queue (`print_format2_lock`, `fs/dlm/debug_fs.c`, since 2.6.32).
//!
//! ```text
//! id nodeid remid pid xid exflags flags sts grmode rqmode time_ms r_nodeid r_len r_name
//! 1100003 1 2ae0006 8954 0 0 0 2 5 -1 0 1 24 "       2           102ab"
//! 2450001 2 1be0002 8962 0 0 10000 1 -1 5 12214 0 24 "       2           102ab"
//! ```
//!
//! The time is in µs, whatever the header says. Locks in lookup are missing. The file is 0644 since about 5.19, so kernel
//! lockdown refuses it; `LS_all` is still readable then. Names are cut at their first NUL and may hold a newline, which breaks
//! the line in two: both parts are problems.

use super::lock::{Age, Head, Lock, STATUS_FIELD};
use super::words::Words;
use super::{Master, ResourceName};
use crate::problem::LineProblem;

/// Who masters the resource: the same as everywhere.
pub type ResourceMaster = Master;

/// The first line.
pub const HEADER: &[u8] = b"id nodeid remid pid xid exflags flags sts grmode rqmode time_ms r_nodeid r_len r_name";

/// One lock and its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocksLine<'a> {
    /// The lock; its age is [`Age::Us`].
    pub lock: Lock,
    /// Who masters its resource.
    pub resource_node: ResourceMaster,
    /// Length of the resource's name, bytes.
    pub name_length: u32,
    /// The name, cut by the kernel at the first NUL.
    pub name: &'a [u8],
    /// Whatever a later kernel prints after the name.
    pub rest: &'a [u8],
}

impl LocksLine<'_> {
    /// The name if the line has all of it.
    pub fn resource_name(&self) -> Option<ResourceName> {
        ResourceName::new(self.name).filter(|_| self.name.len() == self.name_length as usize)
    }
}

/// Reads one line (without its newline); `None` for the header.
#[inline]
pub fn parse_line(line: &[u8]) -> Result<Option<LocksLine<'_>>, LineProblem> {
    if line.starts_with(b"id ") {
        return Ok(None);
    }
    let mut words = Words::new(line);
    let head = Head::take(&mut words)?;
    let us = words.decimal("the time in the queue in µs")?;
    let number = words.signed("the master node")?;
    let resource_node = Master::from_number(number).ok_or_else(|| words.problem("the master node"))?;
    let name_length = words.decimal32("the length of the name")?;
    let (name, rest) = quoted(words.rest(), name_length as usize).ok_or(LineProblem { field: 14, expected: "a name in quotes" })?;
    let lock = head.lock(false).ok_or(LineProblem { field: STATUS_FIELD, expected: "a queue from 1 to 3" })?;
    Ok(Some(LocksLine { lock: Lock { age: Age::Us(us), ..lock }, resource_node, name_length, name, rest }))
}

/// The text within quotes, and what follows. A name has quotes of its own, at worst: the closing one is where the length says,
/// or else, in a name cut short, the last one.
#[inline]
fn quoted(text: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    if let Some((name, [b'"', rest @ ..])) = text.split_at_checked(length) {
        return Some((name, rest));
    }
    let end = memchr::memrchr(b'"', text)?;
    if end > length {
        return None;
    }
    Some((text.get(..end)?, text.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::super::{Queue, Whose};
    use super::*;
    use crate::Mode;

    #[test]
    fn documented_lines() {
        assert_eq!(parse_line(HEADER), Ok(None));
        let line = parse_line(b"1100003 1 2ae0006 8954 0 0 0 2 5 -1 0 1 24 \"       2           102ab\"").unwrap().unwrap();
        assert_eq!((line.lock.id, line.lock.remote_id, line.lock.pid), (0x110_0003, Some(0x2ae_0006), Some(8954)));
        assert_eq!((line.lock.whose, line.resource_node), (Whose::OwnMasteredOn(1), Master::Node(1)));
        assert_eq!((line.lock.queue, line.lock.granted, line.lock.requested), (Queue::Granted, Mode::EX, None));
        assert_eq!(line.resource_name().unwrap().to_string(), "2/102ab");

        let line = parse_line(b"2450001 2 1be0002 8962 0 0 10000 1 -1 5 12214 0 24 \"       2           102ab\"").unwrap().unwrap();
        assert_eq!((line.lock.whose, line.resource_node), (Whose::Of(2), Master::Here));
        assert_eq!((line.lock.queue, line.lock.granted, line.lock.requested), (Queue::Waiting, Mode::IV, Some(Mode::EX)));
        assert_eq!(line.lock.age, Age::Us(12214));
    }

    #[test]
    fn an_unknown_master_is_printed_unsigned() {
        let line = parse_line(b"5 -1 0 1 0 0 0 1 -1 5 7 4294967295 24 \"       2           102ab\"").unwrap().unwrap();
        assert_eq!((line.lock.whose, line.resource_node), (Whose::OwnLookingUp, Master::LookingUp));
        assert_eq!(line.lock.remote_id, None);
    }

    #[test]
    fn names_may_be_cut_or_quoted_and_fields_added() {
        let line = |name: &str| format!("5 0 0 1 0 0 0 2 5 -1 7 0 {name}").into_bytes();
        let cut = line("31 \"N000000000000e001\"");
        let cut = parse_line(&cut).unwrap().unwrap();
        assert_eq!((cut.name, cut.name_length, cut.resource_name()), (&b"N000000000000e001"[..], 31, None));
        let quotes = line("3 \"a\"b\" 7 \"x\"");
        let quotes = parse_line(&quotes).unwrap().unwrap();
        assert_eq!((quotes.name, quotes.rest), (&b"a\"b"[..], &b" 7 \"x\""[..]));
        assert_eq!(parse_line(&line("24 \"       2    ")).unwrap_err().field, 14);
        assert!(parse_line(&line("2 \"abc\"")).is_err());
    }

    #[test]
    fn a_problem_names_its_field() {
        let fields = ["5", "0", "0", "1", "0", "0", "0", "2", "5", "-1", "7", "0", "1", "\"x\""];
        for (number, bad) in
            [(1, "g"), (2, "-2"), (3, "x"), (4, "-1"), (7, "10000"), (8, "4"), (9, "6"), (10, "x"), (11, ""), (12, "-3"), (14, "x")]
        {
            let line: Vec<&str> = fields.iter().enumerate().map(|(i, &field)| if i + 1 == number { bad } else { field }).collect();
            // A lock of another node without a node is told at the node.
            let expected = if number == 7 { 2 } else { number as u32 };
            assert_eq!(parse_line(line.join(" ").as_bytes()).unwrap_err().field, expected, "field {number} = {bad:?}");
        }
    }
}
