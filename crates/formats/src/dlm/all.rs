//! `LS_all`, format 3: resources, their LVBs and their locks (`print_format3`, `fs/dlm/debug_fs.c`, since 2.6.32). The main
//! source: complete, with the names of all bytes, readable under kernel lockdown.
//!
//! ```text
//! version rsb 1.1 lvb 1.1 lkb 1.1
//! rsb 000000005d00c147 0 0 0 0 0 0 24 str        2            1b35
//! lvb 1 32 00 00 00 …
//! lkb 49 3 18 774 0 8 10000 2 3 -1 0 0 0 0 682413874341 0
//! ```
//!
//! The first line became `rsb ptr nodeid first_lkid flags …` with 6.8: it begins like data. A resource's locks follow it:
//! granted, converting, waiting, lookup. Fields that a later kernel adds at the end of a line are passed over.

use super::ResourceName;
use super::lock::{Age, Head, Lock, STATUS_FIELD, mode};
pub use super::master::Master;
use super::words::{HexBytes, Words};
use crate::mode::Mode;
use crate::problem::LineProblem;

/// The first line up to 6.5.
pub const HEADER_VERSION: &[u8] = b"version rsb 1.1 lvb 1.1 lkb 1.1";
/// The first line since 6.8.
pub const HEADER_COLUMNS: &[u8] = b"rsb ptr nodeid first_lkid flags !root_list_empty !recover_list_empty recover_locks_count len";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllLine<'a> {
    /// The first line, of either generation.
    Header,
    /// A resource; its LVB and its locks follow.
    Resource(AllResource),
    /// The LVB of the resource above.
    Lvb {
        /// Its version, raised with each write, wraps at 2³².
        seq: u32,
        /// Its bytes; see [`super::lvb`].
        bytes: HexBytes<'a>,
    },
    /// A lock of the resource above; its age is [`Age::SinceNs`].
    Lock(Lock),
    /// A line that begins with a word of a later kernel.
    Unknown(&'a [u8]),
}

/// One resource that this node knows: it has locks here, or is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllResource {
    /// Who masters it.
    pub master: Master,
    /// The lock on whose behalf the master is looked up; 0 if none.
    pub first_lkid: u32,
    /// `RSB_*`; see [`super::flags::resource_flag_words`].
    pub flags: u64,
    /// Whether it is on the list of resources to be recovered.
    pub root_list: bool,
    /// Whether its recovery awaits replies.
    pub recover_list: bool,
    /// Locks whose recovery is awaited.
    pub recover_locks: u32,
    /// Its name.
    pub name: ResourceName,
}

impl AllResource {
    /// Whether the lockspace's recovery has work to do on it.
    pub fn recovering(&self) -> bool {
        self.root_list || self.recover_list || self.recover_locks > 0
    }
}

/// Reads one line (without its newline).
#[inline]
pub fn parse_line(line: &[u8]) -> Result<AllLine<'_>, LineProblem> {
    let mut words = Words::new(line);
    match words.next() {
        Some(b"lkb") => lock(&mut words).map(AllLine::Lock),
        Some(b"rsb") => match words.next() {
            Some(b"ptr") => Ok(AllLine::Header),
            _ => resource(&mut words).map(AllLine::Resource),
        },
        Some(b"lvb") => {
            let seq = words.decimal32("the version of the LVB")?;
            let length = words.decimal32("the length of the LVB")?;
            let bytes = HexBytes::parse(words.rest(), length as usize);
            let bytes = bytes.ok_or(LineProblem { field: 4, expected: "as many bytes in hex as the length says" })?;
            Ok(AllLine::Lvb { seq, bytes })
        }
        Some(b"version") => Ok(AllLine::Header),
        _ => Ok(AllLine::Unknown(line)),
    }
}

#[inline]
fn resource(words: &mut Words<'_>) -> Result<AllResource, LineProblem> {
    let number = words.signed("the master node")?;
    let master = Master::from_number(number).ok_or_else(|| words.problem("the master node: 0, a node, or -1"))?;
    let first_lkid = words.hex32("a lock id in hex")?;
    let flags = words.hex("flags in hex")?;
    let root_list = words.bit("0 or 1")?;
    let recover_list = words.bit("0 or 1")?;
    // Printed unsigned, and signed before 3.10; a count, either way.
    let recover_locks = words.decimal32("a count of locks")?;
    let name = words.name()?;
    Ok(AllResource { master, first_lkid, flags, root_list, recover_list, recover_locks, name })
}

#[inline]
fn lock(words: &mut Words<'_>) -> Result<Lock, LineProblem> {
    let head = Head::take(words)?;
    let highbast = mode(words)?;
    let looking_up = words.bit("0 or 1")?;
    let wait_type = words.decimal32("a message type")?;
    let lvb_seq = words.decimal32("the version of the LVB")?;
    let since_ns = words.decimal("a time in ns")?;
    let blocked_ns = words.decimal("the time of the last blocking callback in ns")?;
    let problem = LineProblem { field: STATUS_FIELD + 1, expected: "a queue from 1 to 3, or 0 for a lock in lookup" };
    let lock = head.lock(looking_up).ok_or(problem)?;
    Ok(Lock {
        age: Age::SinceNs(since_ns),
        wait_type: (wait_type != 0).then_some(wait_type),
        // Nobody is kept from NL.
        highbast: Some(highbast).filter(|&mode| mode > Mode::NL),
        lvb_seq: Some(lvb_seq),
        blocked_ns: (blocked_ns != 0).then_some(blocked_ns),
        ..lock
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Queue, Whose};
    use super::*;

    #[test]
    fn both_generations_of_the_header() {
        assert_eq!(parse_line(HEADER_VERSION), Ok(AllLine::Header));
        assert_eq!(parse_line(HEADER_COLUMNS), Ok(AllLine::Header));
    }

    #[test]
    fn a_resource_with_hex_name_and_one_in_lookup() {
        let line = b"rsb 00000000a1b2c3d4 -1 123 202 1 0 7 31 hex 4e 30 30 30 30 30 30 30 30 30 30 30 30 65 30 30 31 00 00 00 00 00 00 01 e0 02 00 00 00 00 00";
        let Ok(AllLine::Resource(resource)) = parse_line(line) else { panic!() };
        assert_eq!(resource.name.to_string(), "N000000000000e0010001e002");
        assert_eq!((resource.master, resource.first_lkid, resource.flags), (Master::LookingUp, 0x123, 0x202));
        assert!(resource.root_list && !resource.recover_list && resource.recovering());
        let unsigned = b"rsb 1 4294967295 123 0 0 0 0 1 str x";
        assert!(matches!(parse_line(unsigned), Ok(AllLine::Resource(AllResource { master: Master::LookingUp, .. }))));
    }

    #[test]
    fn a_lock_that_was_asked_for() {
        let Ok(AllLine::Lock(lock)) = parse_line(b"lkb 23 1 56 496 0 1c 0 2 3 -1 5 0 0 10 256352339303 256004510861") else { panic!() };
        assert_eq!((lock.whose, lock.highbast, lock.lvb_seq), (Whose::OwnMasteredOn(1), Some(Mode::EX), Some(10)));
        assert_eq!((lock.age, lock.blocked_ns), (Age::SinceNs(256_352_339_303), Some(256_004_510_861)));
        // No callback yet: 0 up to 6.1, -1 in 6.12.
        for none in ["0", "-1"] {
            let line = format!("lkb 5f 2 28 43 0 c 0 2 0 -1 {none} 0 0 6 258463023740 0 later");
            let Ok(AllLine::Lock(lock)) = parse_line(line.as_bytes()) else { panic!() };
            assert_eq!((lock.highbast, lock.blocked_ns, lock.wait_type), (None, None, None));
        }
    }

    #[test]
    fn a_lock_in_lookup_is_on_no_queue() {
        let Ok(AllLine::Lock(lock)) = parse_line(b"lkb 4 -1 0 77 0 0 0 0 -1 5 0 1 11 0 0 0") else { panic!() };
        assert_eq!(
            (lock.queue, lock.whose, lock.requested, lock.wait_type),
            (Queue::Lookup, Whose::OwnLookingUp, Some(Mode::EX), Some(11))
        );
        assert_eq!(parse_line(b"lkb 4 -1 0 77 0 0 0 0 -1 5 0 0 11 0 0 0").unwrap_err().field, 9);
    }

    #[test]
    fn lvbs_and_lines_of_later_kernels() {
        let Ok(AllLine::Lvb { seq, bytes }) = parse_line(b"lvb 9 4 01 16 19 70") else { panic!() };
        assert_eq!((seq, bytes.to_vec()), (9, vec![1, 0x16, 0x19, 0x70]));
        assert_eq!(parse_line(b"lvb 9 4 01 16 19").unwrap_err().field, 4);
        assert_eq!(parse_line(b"new 1 2"), Ok(AllLine::Unknown(b"new 1 2")));
        assert_eq!(parse_line(b""), Ok(AllLine::Unknown(b"")));
        assert!(parse_line(b"rsb").is_err());
    }
}
