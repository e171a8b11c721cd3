//! `LS_waiters`: locks that wait for a **message's reply**, not for a grant (`waiters_read`, `fs/dlm/debug_fs.c`, since 2.6.32).
//! The same lock in two reads: the node does not answer.
//!
//! ```text
//! 123 11 -1        5            f672
//! d9 3 2        6            d5ef
//! ```
//!
//! One read(2) gives all there is, at most 4096 bytes of whole lines. Names are cut at their first NUL. Since 6.12 a read fails
//! with EAGAIN during recovery.

use super::master::node;
use super::words::Words;
use crate::problem::LineProblem;

/// The kernel's buffer in bytes: the file is never that long.
pub const CUT_AT: usize = 4096;

/// The longest line: lock id, type, node, name of 64 bytes, blanks, newline.
const LONGEST_LINE: usize = 8 + 1 + 10 + 1 + 11 + 1 + super::resource_name::MOST_BYTES + 1;

/// Whether lines may be missing at the end of the file: the kernel leaves out those that do not fit, and tells nobody.
pub fn is_cut(bytes: &[u8]) -> bool {
    bytes.len() + LONGEST_LINE >= CUT_AT
}

/// One waiting lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaiterLine<'a> {
    /// The lock's number on this node.
    pub id: u32,
    /// Message whose reply it awaits; see [`message_word`].
    pub wait_type: u32,
    /// The node that is to answer; `None` if not told (0 or -1: a lookup asks the directory node).
    pub node: Option<u32>,
    /// Name of its resource, cut by the kernel at the first NUL.
    pub name: &'a [u8],
}

/// Reads one line (without its newline).
#[inline]
pub fn parse_line(line: &[u8]) -> Result<WaiterLine<'_>, LineProblem> {
    let mut words = Words::new(line);
    let id = words.hex32("a lock id in hex")?;
    let wait_type = words.decimal32("a message type")?;
    let node = node(words.signed("a node")?);
    let name = words.rest();
    if name.is_empty() {
        return Err(LineProblem { field: 4, expected: "the name of a resource" });
    }
    Ok(WaiterLine { id, wait_type, node, name })
}

/// The message of this type (`DLM_MSG_*`, `fs/dlm/dlm_internal.h`); "unknown" for one of a later kernel.
pub fn message_word(wait_type: u32) -> &'static str {
    match wait_type {
        1 => "request",
        2 => "convert",
        3 => "unlock",
        4 => "cancel",
        5 => "request reply",
        6 => "convert reply",
        7 => "unlock reply",
        8 => "cancel reply",
        9 => "grant",
        10 => "bast",
        11 => "lookup",
        12 => "remove",
        13 => "lookup reply",
        14 => "purge",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_lines() {
        let lookup = parse_line(b"123 11 -1        5            f672").unwrap();
        assert_eq!((lookup.id, message_word(lookup.wait_type), lookup.node), (0x123, "lookup", None));
        let unlock = parse_line(b"d9 3 2        6            d5ef").unwrap();
        assert_eq!((message_word(unlock.wait_type), unlock.node, unlock.name), ("unlock", Some(2), &b"       6            d5ef"[..]));
    }

    #[test]
    fn problems() {
        for (field, line) in [(1, "x 3 2 n"), (2, "d9 x 2 n"), (3, "d9 3 x n"), (4, "d9 3 2 "), (4, "d9 3 2"), (1, "")] {
            assert_eq!(parse_line(line.as_bytes()).unwrap_err().field, field, "{line}");
        }
        assert_eq!(message_word(15), "unknown");
    }

    #[test]
    fn a_file_with_no_room_for_one_more_line_may_be_cut() {
        assert!(!is_cut(&[b'x'; 3000]));
        assert!(is_cut(&[b'x'; 4050]));
    }
}
