//! `/sys/kernel/debug/gfs2/TABLE/glockfd`: glocks of open files (`gfs2_glockfd_seq_show`, `fs/gfs2/glock.c`, since 6.1).
//!
//! ```text
//! 1700 3 5/1b3b
//! 1700 3 6/1b3b
//! ```
//!
//! Reading it walks every descriptor of every process, and takes a lock of each inode it shows: a hanging writer hangs the
//! reader too.

use super::cursor::Cursor;
use super::glock_name::GlockName;
use crate::problem::LineProblem;

/// A glock behind an open file: its iopen glock (5), and its flock glock (6) if it was ever locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenFile<'a> {
    /// Process (thread group).
    pub tgid: u32,
    /// Descriptor of that process.
    pub fd: u32,
    /// Type and number.
    pub glock: GlockName,
    /// What follows the fields known.
    pub rest: &'a [u8],
}

/// Reads one line (without its newline).
pub fn parse_line(line: &[u8]) -> Result<OpenFile<'_>, LineProblem> {
    let mut c = Cursor::new(line, line);
    let number = |c: &mut Cursor<'_>| c.digits().filter(|_| c.byte(b' ')).and_then(|number| u32::try_from(number).ok());
    let tgid = number(&mut c).ok_or(LineProblem { field: 1, expected: "a process" })?;
    let fd = number(&mut c).ok_or(LineProblem { field: 2, expected: "a descriptor" })?;
    let glock = c.name().ok_or(LineProblem { field: 3, expected: "a glock such as 5/1b3b" })?;
    Ok(OpenFile { tgid, fd, glock, rest: c.tail() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_real_file() {
        let text = include_bytes!("../../testdata/gfs2/flock-node2/glockfd");
        let files: Vec<_> =
            text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(|line| parse_line(line).unwrap()).collect();
        assert_eq!(files.first().unwrap().glock.to_string(), "5/1b3b");
        assert!(files.iter().all(|file| file.glock.inode().is_some() && file.rest.is_empty()));
    }

    #[test]
    fn problems_name_their_field() {
        for (line, field) in [("", 1), ("x 3 5/1", 1), ("1 -3 5/1", 2), ("1 3 5", 3), ("1 3 5/1x", 3), ("4294967296 3 5/1", 1)] {
            assert_eq!(parse_line(line.as_bytes()).unwrap_err().field, field, "{line}");
        }
    }

    proptest! {
        #[test]
        fn printed_lines_read_back(tgid: u32, fd: u32, kind: u8, number: u64) {
            let line = format!("{tgid} {fd} {kind}/{number:x}");
            let file = parse_line(line.as_bytes()).unwrap();
            prop_assert_eq!((file.tgid, file.fd, file.glock.kind.0, file.glock.number), (tgid, fd, kind, number));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse_line(&bytes);
        }
    }
}
