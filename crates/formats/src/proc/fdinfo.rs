//! `/proc/PID/fdinfo/FD`: one open file (`seq_show`, `fs/proc/fd.c`; `ino` since Linux 5.14, `lock` since 3.19).
//!
//! ```text
//! pos:   0
//! flags:   02100001
//! mnt_id:   36
//! ino:   13189
//! lock:   1: FLOCK  ADVISORY  WRITE 364 fe:10:13189 0 EOF
//! ```

use super::locks::{self, FileLock};
use crate::problem::{LineProblem, ProblemCount};
use crate::scan::decimal;

/// Locks that are kept of one open file.
const MOST_LOCKS: usize = 1024;

/// What is told of one open file. A value that is not there is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FdInfo {
    /// Where the next read or write is, bytes.
    pub pos: Option<u64>,
    /// Flags of open(2) (`O_WRONLY` is 1, `O_RDWR` 2).
    pub flags: Option<u64>,
    /// Number of the mount, as in `/proc/PID/mountinfo` (Linux 3.15).
    pub mnt_id: Option<u64>,
    /// Inode (Linux 5.14).
    pub ino: Option<u64>,
    /// Locks that are held by way of this open file, or by the process on this file; none that are waited for.
    pub locks: Vec<FileLock>,
    /// Lines that were not understood; lines of special files are passed over.
    pub problems: ProblemCount,
}

impl FdInfo {
    /// Reads the whole file. A bad line costs itself.
    pub fn parse(text: &[u8]) -> FdInfo {
        let mut info = FdInfo::default();
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if let Err(problem) = info.line(line) {
                info.problems.add(number as u64 + 1, problem, line);
            }
        }
        info
    }

    fn line(&mut self, line: &[u8]) -> Result<(), LineProblem> {
        let at = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (label, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let number = |expected| decimal(value).map(Some).ok_or(LineProblem { field: 2, expected });
        match label {
            b"pos" => self.pos = number("a position")?,
            b"flags" => self.flags = Some(octal(value).ok_or(LineProblem { field: 2, expected: "flags in octal" })?),
            b"mnt_id" => self.mnt_id = number("a mount's number")?,
            b"ino" => self.ino = number("an inode")?,
            b"lock" if self.locks.len() < MOST_LOCKS => self.locks.push(locks::parse_line(value)?),
            _ => {}
        }
        Ok(())
    }
}

fn octal(text: &[u8]) -> Option<u64> {
    // A sign would pass `from_str_radix`.
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::super::LockKind;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_with_a_lock() {
        let text = b"pos:\t12\nflags:\t0100001\nmnt_id:\t36\nino:\t13189\nlock:\t1: FLOCK  ADVISORY  WRITE 364 fe:10:13189 0 EOF\n";
        let info = FdInfo::parse(text);
        assert_eq!((info.pos, info.flags, info.mnt_id, info.ino), (Some(12), Some(0o10_0001), Some(36), Some(13189)));
        assert_eq!((info.locks.len(), &info.locks[0].kind, info.locks[0].pid), (1, &LockKind::Flock, 364));
        assert_eq!(info.problems, ProblemCount::default());
    }

    #[test]
    fn what_a_kernel_does_not_tell_is_none() {
        let info = FdInfo::parse(b"pos:\t0\nflags:\t02\neventfd-count:                0\n");
        assert_eq!((info.flags, info.mnt_id, info.ino, info.problems.lines), (Some(2), None, None, 0));
        assert_eq!(FdInfo::parse(b"flags:\t+2\npos:\t-1\nlock:\tx\n").problems.lines, 3);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = FdInfo::parse(&bytes);
        }
    }
}
