//! `/proc/locks`: file locks of this node, held and waited for (`lock_get_status`, `fs/locks.c`). Waiters stand below the lock
//! that blocks them, with `->`. What another node of the cluster holds or waits for is not in here.
//!
//! ```text
//! 1: POSIX  ADVISORY  WRITE 364 fe:10:64522 0 EOF
//! 1: -> POSIX  ADVISORY  WRITE 365 fe:10:64522 0 EOF
//! 2: FLOCK  ADVISORY  WRITE 364 fe:10:13189 0 EOF
//! 3: OFDLCK ADVISORY  READ  -1 fe:10:13190 0 4095
//! 4: LEASE  ACTIVE    READ 351 fe:10:13191 0 EOF
//! ```

use crate::problem::{LineProblem, ProblemCount};
use crate::scan::{decimal, hex};

/// Who made a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LockKind {
    /// `fcntl(F_SETLK)`, `lockf`: of the process.
    Posix,
    /// `flock`: of the open file.
    Flock,
    /// `fcntl(F_OFD_SETLK)`: of the open file (Linux 3.15).
    Ofd,
    /// A lease: `fcntl(F_SETLEASE)`.
    Lease,
    /// Another word: `DELEG`, `ACCESS`, `UNKNOWN`, …
    Other(String),
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FileLock {
    /// Number of the lock in this reading; waiters carry the number of what blocks them. Not the same at the next reading.
    pub id: u64,
    /// Whether it waits.
    pub blocked: bool,
    /// Who made it.
    pub kind: LockKind,
    /// Whether it binds those who do not ask (before Linux 5.15).
    pub mandatory: bool,
    /// Whether it excludes readers too.
    pub write: bool,
    /// Its process in the reader's pid namespace; -1 of an open file's lock, 0 unknown there, below 0 of another node's lock
    /// where the file system tells.
    pub pid: i64,
    /// Device: major number.
    pub major: u32,
    /// Device: minor number.
    pub minor: u32,
    /// Inode.
    pub inode: u64,
    /// First byte.
    pub start: u64,
    /// Last byte; `None` for the end of the file, wherever that will be.
    pub end: Option<u64>,
}

/// Reads the whole file. A bad line costs itself.
pub fn parse(text: &[u8]) -> (Vec<FileLock>, ProblemCount) {
    let mut locks = Vec::new();
    let mut problems = ProblemCount::default();
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        match parse_line(line) {
            Ok(lock) => locks.push(lock),
            Err(problem) => problems.add(number as u64 + 1, problem, line),
        }
    }
    (locks, problems)
}

/// Reads one line without its newline. Fields are counted from 1, the arrow not among them.
pub fn parse_line(line: &[u8]) -> Result<FileLock, LineProblem> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).peekable();
    let expected = |field, expected| LineProblem { field, expected };
    let id = words.next().and_then(|word| word.strip_suffix(b":")).and_then(decimal);
    let id = id.ok_or(expected(1, "a number and a colon"))?;
    let blocked = words.next_if_eq(&&b"->"[..]).is_some();
    let kind = match words.next().ok_or(expected(2, "a kind such as POSIX"))? {
        b"POSIX" => LockKind::Posix,
        b"FLOCK" => LockKind::Flock,
        b"OFDLCK" => LockKind::Ofd,
        b"LEASE" => LockKind::Lease,
        other => LockKind::Other(String::from_utf8_lossy(other).into_owned()),
    };
    let mandatory = words.next().ok_or(expected(3, "ADVISORY or another word"))? == b"MANDATORY";
    let write = match words.next() {
        Some(b"WRITE" | b"RW") => true,
        Some(b"READ" | b"UNLCK" | b"NONE") => false,
        _ => return Err(expected(4, "READ or WRITE")),
    };
    let pid = words.next().and_then(signed).ok_or(expected(5, "a pid"))?;
    let file = words.next().and_then(file).ok_or(expected(6, "major:minor:inode"))?;
    let start = words.next().and_then(decimal).ok_or(expected(7, "a first byte"))?;
    let end = match words.next().ok_or(expected(8, "a last byte or EOF"))? {
        b"EOF" => None,
        end => Some(decimal(end).ok_or(expected(8, "a last byte or EOF"))?),
    };
    let (major, minor, inode) = file;
    Ok(FileLock { id, blocked, kind, mandatory, write, pid, major, minor, inode, start, end })
}

fn signed(text: &[u8]) -> Option<i64> {
    let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |digits| (true, digits));
    let value = i64::try_from(decimal(digits)?).ok()?;
    Some(if negative { -value } else { value })
}

/// Major and minor number in hex, the inode in decimal.
fn file(text: &[u8]) -> Option<(u32, u32, u64)> {
    let mut parts = text.split(|&byte| byte == b':');
    let mut number = || parts.next().and_then(hex).and_then(|value| u32::try_from(value).ok());
    let (major, minor) = (number()?, number()?);
    let inode = decimal(parts.next()?)?;
    parts.next().is_none().then_some((major, minor, inode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn real_lines() {
        let (locks, problems) = parse(include_bytes!("../../testdata/proc/locks"));
        assert_eq!(problems, ProblemCount::default());
        let waiter = locks.iter().find(|lock| lock.blocked).unwrap();
        assert_eq!((&waiter.kind, waiter.major, waiter.minor, waiter.write, waiter.end), (&LockKind::Posix, 254, 16, true, None));
        assert!(locks.iter().any(|lock| !lock.blocked && lock.id == waiter.id && lock.inode == waiter.inode));
    }

    #[test]
    fn every_kind() {
        let line = |text: &str| parse_line(text.as_bytes()).unwrap();
        let ofd = line("3: OFDLCK ADVISORY  READ  -1 fe:10:13190 5 4095 ");
        assert_eq!((ofd.kind, ofd.pid, ofd.write, ofd.start, ofd.end), (LockKind::Ofd, -1, false, 5, Some(4095)));
        assert_eq!(line("4: LEASE  ACTIVE    READ 351 fe:10:13191 0 EOF").kind, LockKind::Lease);
        assert_eq!(line("4: DELEG  BREAKING  READ 351 fe:10:13191 0 EOF").kind, LockKind::Other("DELEG".into()));
        assert!(line("1:         -> FLOCK  ADVISORY  WRITE 364 fe:10:13189 0 EOF").blocked);
        assert!(line("1: POSIX  MANDATORY WRITE 364 fe:10:13189 0 EOF").mandatory);
        assert!(line("1: FLOCK  MSNFS     RW    364 fe:10:13189 0 EOF").write);
    }

    #[test]
    fn a_problem_names_its_field() {
        for (field, text) in [
            (1, "1 FLOCK"),
            (4, "1: FLOCK ADVISORY WR"),
            (5, "1: FLOCK ADVISORY WRITE x"),
            (6, "1: POSIX ADVISORY WRITE 7 <none>:0 0 EOF"),
            (6, "1: POSIX ADVISORY WRITE 7 fe:10:12:3 0 EOF"),
            (8, "1: POSIX ADVISORY WRITE 7 fe:10:12 0"),
        ] {
            assert_eq!(parse_line(text.as_bytes()).unwrap_err().field, field, "{text}");
        }
    }

    proptest! {
        #[test]
        fn printed_lines_read_back(id: u64, blocked: bool, write: bool, pid in -99i64..99999, minor in 0u32..1 << 20, inode: u64, end: Option<u64>) {
            let end_text = end.map_or("EOF".to_owned(), |end| end.to_string());
            let arrow = if blocked { "-> " } else { "" };
            let kind = if write { "WRITE" } else { "READ" };
            let text = format!("{id}: {arrow}FLOCK  ADVISORY  {kind} {pid} fe:{minor:02x}:{inode} 3 {end_text}");
            let expected = FileLock {
                id, blocked, kind: LockKind::Flock, mandatory: false, write, pid, major: 254, minor, inode, start: 3, end,
            };
            prop_assert_eq!(parse_line(text.as_bytes()), Ok(expected));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
