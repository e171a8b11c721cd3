//! `LS_queued_asts`, format 5: callbacks that are not delivered yet (`print_format5_lock`, `fs/dlm/debug_fs.c`, only about 6.6 to
//! 6.9).
//!
//! ```text
//! lkb_id lkb_flags mode flags sb_status sb_flags
//! 2450001 10000 5 2 0 0
//! ```

use super::lock::mode;
use super::words::Words;
use crate::mode::Mode;
use crate::problem::LineProblem;

/// The first line.
pub const HEADER: &[u8] = b"lkb_id lkb_flags mode flags sb_status sb_flags";

/// One callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedAst {
    /// The lock's number on this node.
    pub id: u32,
    /// `DLM_IFL_*` of the lock; see [`super::flags::flag_words`].
    pub flags: u32,
    /// Mode granted, or mode that another node asks for.
    pub mode: Mode,
    /// `DLM_CB_*`: 1 completion, 2 blocking (another node asks), 4 and more as the kernel has them.
    pub kind: u32,
    /// Result that the caller will see: 0 or a negative errno.
    pub status: i32,
    /// `DLM_SBF_*`: 1 demoted, 2 LVB not valid, 4 granted in another mode than asked for.
    pub status_flags: u32,
}

impl QueuedAst {
    /// Whether it tells that another node asks for the lock (`DLM_CB_BAST`).
    pub fn is_blocking(&self) -> bool {
        self.kind & 2 != 0
    }
}

/// Reads one line (without its newline); `None` for the header.
pub fn parse_line(line: &[u8]) -> Result<Option<QueuedAst>, LineProblem> {
    if line.starts_with(b"lkb_id ") {
        return Ok(None);
    }
    let mut words = Words::new(line);
    let id = words.hex32("a lock id in hex")?;
    let flags = words.hex32("flags in hex")?;
    let mode = mode(&mut words)?;
    let kind = words.hex32("flags of the callback in hex")?;
    let status = words.signed("0 or a negative error number")?;
    let status = i32::try_from(status).map_err(|_| words.problem("0 or a negative error number"))?;
    let status_flags = words.hex32("flags of the status in hex")?;
    Ok(Some(QueuedAst { id, flags, mode, kind, status, status_flags }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_of_both_kinds() {
        assert_eq!(parse_line(HEADER), Ok(None));
        let blocking = parse_line(b"2450001 10000 5 2 0 0").unwrap().unwrap();
        assert!(blocking.is_blocking());
        assert_eq!((blocking.id, blocking.mode), (0x245_0001, Mode::EX));
        let done = parse_line(b"2450001 0 -1 1 -11 4").unwrap().unwrap();
        assert_eq!((done.is_blocking(), done.status, done.status_flags), (false, -11, 4));
        assert_eq!(parse_line(b"2450001 0 9 1").unwrap_err().field, 3);
        assert_eq!(parse_line(b"2450001 0 5 1 -99999999999 0").unwrap_err().field, 5);
    }
}
