//! One lock on a resource of o2dlm, as `LOCK:` lines tell it (`dump_lock`, `fs/ocfs2/dlm/dlmdebug.c`, since 2.6.27).
//!
//! ```text
//! LOCK:1,0,5,-1,1,1:148,0,0,0,0,0,0,0,0,2
//!      │ │ │  │ │ │     └in AST list, in BAST list; pending: AST, BAST, convert, lock, cancel, unlock; references
//!      │ │ │  │ │ └cookie: node:sequence
//!      │ │ │  │ └node
//!      │ │ └type, type to convert to
//!      │ └queue
//!      └version
//! ```

use crate::mode::Mode;
use crate::problem::LineProblem;
use crate::scan::decimal;

/// In which queue of its resource a lock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Queue {
    /// It has what it wants (0).
    Granted,
    /// It has something and waits for another mode (1).
    Converting,
    /// It has nothing yet and waits (2).
    Blocked,
}

/// One lock of one node on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lock {
    /// Format version of the line: 1.
    pub version: u32,
    /// Where it stands.
    pub queue: Queue,
    /// What it holds; [`Mode::IV`] in [`Queue::Blocked`], where the kernel's `type` is the mode asked for.
    pub granted: Mode,
    /// What it waits for: the kernel's `convert_type`, in [`Queue::Blocked`] its `type`; `None` if it waits for nothing.
    pub requested: Option<Mode>,
    /// The node that holds it or waits, 0 to 254.
    pub node: u32,
    /// The node that made the lock: half of its identity.
    pub cookie_node: u32,
    /// Number of the lock on that node, 56 bits: the other half.
    pub cookie_seq: u64,
    /// Its AST stands in the list of the DLM thread.
    pub in_ast_list: bool,
    /// Its BAST stands in the list of the DLM thread.
    pub in_bast_list: bool,
    /// Its node will be told of a grant.
    pub ast_pending: bool,
    /// Its node will be told, or was just told, that it blocks others.
    pub bast_pending: bool,
    /// This node asked the owner for another mode and has no reply.
    pub convert_pending: bool,
    /// This node asked the owner for a new lock and has no reply.
    pub lock_pending: bool,
    /// This node asked the owner to cancel a request and has no reply.
    pub cancel_pending: bool,
    /// This node asked the owner to unlock and has no reply.
    pub unlock_pending: bool,
    /// References within the kernel; 2 at rest. `None` if not told.
    pub refs: Option<u32>,
    /// Whatever a later version prints after the known fields, without the comma before.
    pub rest: Vec<u8>,
}

impl Lock {
    /// A lock at rest in the granted queue.
    pub fn new(node: u32, granted: Mode) -> Lock {
        Lock {
            version: 1,
            queue: Queue::Granted,
            granted,
            requested: None,
            node,
            cookie_node: node,
            cookie_seq: 1,
            in_ast_list: false,
            in_bast_list: false,
            ast_pending: false,
            bast_pending: false,
            convert_pending: false,
            lock_pending: false,
            cancel_pending: false,
            unlock_pending: false,
            refs: Some(2),
            rest: Vec::new(),
        }
    }

    /// Whether it waits: in the converting or the blocked queue.
    pub fn waits(&self) -> bool {
        self.queue != Queue::Granted
    }

    /// Whether a request to the owner has no reply yet: the owner, or the way to it, is what it waits for.
    pub fn awaits_reply(&self) -> bool {
        self.convert_pending || self.lock_pending || self.cancel_pending || self.unlock_pending
    }

    /// Reads what follows `LOCK:`. Every field is checked; fields are counted from 1 at the version.
    pub fn parse(text: &[u8]) -> Result<Lock, LineProblem> {
        let mut fields = text.splitn(16, |&byte| byte == b',');
        let mut field = 0;
        let mut next = |expected: &'static str| {
            field += 1;
            fields.next().map(|text| (text, LineProblem { field, expected })).ok_or(LineProblem { field, expected })
        };
        let version = number(next("a version such as 1")?)?;
        let queue = match next("a queue: 0, 1 or 2")? {
            (b"0", _) => Queue::Granted,
            (b"1", _) => Queue::Converting,
            (b"2", _) => Queue::Blocked,
            (_, problem) => return Err(problem),
        };
        let kind = mode(next("a mode from -1 to 5")?)?;
        let convert = Some(mode(next("a mode from -1 to 5")?)?).filter(|&mode| mode != Mode::IV);
        let node = number(next("a node number")?)?;
        let (cookie_node, cookie_seq) = cookie(next("a cookie such as 1:148")?)?;
        let mut flag = || next("0 or 1").and_then(flag);
        let flags = [flag()?, flag()?, flag()?, flag()?, flag()?, flag()?, flag()?, flag()?];
        let [in_ast_list, in_bast_list, ast_pending, bast_pending, convert_pending, lock_pending, cancel_pending, unlock_pending] = flags;
        let refs = Some(number(next("a count of references")?)?);
        let (granted, requested) = match queue {
            Queue::Blocked => (Mode::IV, convert.or(Some(kind).filter(|&mode| mode != Mode::IV))),
            Queue::Granted | Queue::Converting => (kind, convert),
        };
        Ok(Lock {
            version,
            queue,
            granted,
            requested,
            node,
            cookie_node,
            cookie_seq,
            in_ast_list,
            in_bast_list,
            ast_pending,
            bast_pending,
            convert_pending,
            lock_pending,
            cancel_pending,
            unlock_pending,
            refs,
            rest: fields.next().unwrap_or_default().to_vec(),
        })
    }
}

fn number((text, problem): (&[u8], LineProblem)) -> Result<u32, LineProblem> {
    super::number32(text).ok_or(problem)
}

fn mode((text, problem): (&[u8], LineProblem)) -> Result<Mode, LineProblem> {
    let (negative, digits) = text.strip_prefix(b"-").map_or((false, text), |digits| (true, digits));
    let value = decimal(digits).and_then(|value| i64::try_from(value).ok());
    value.and_then(|value| Mode::from_number(if negative { -value } else { value })).ok_or(problem)
}

fn cookie((text, problem): (&[u8], LineProblem)) -> Result<(u32, u64), LineProblem> {
    let mut halves = text.splitn(2, |&byte| byte == b':');
    let node = halves.next().and_then(super::number32);
    node.zip(halves.next().and_then(decimal)).ok_or(problem)
}

fn flag((text, problem): (&[u8], LineProblem)) -> Result<bool, LineProblem> {
    // Bit fields and lists: 0 or 1, some kernels told a count.
    decimal(text).map(|value| value != 0).ok_or(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_lock_holds_nothing() {
        let lock = Lock::parse(b"1,2,3,-1,2,2:141,0,0,0,0,0,1,0,0,2").unwrap();
        assert_eq!((lock.queue, lock.granted, lock.requested), (Queue::Blocked, Mode::IV, Some(Mode::PR)));
        assert!(lock.waits() && lock.awaits_reply() && lock.lock_pending && !lock.convert_pending);
    }

    #[test]
    fn a_converting_lock_holds_and_asks() {
        let lock = Lock::parse(b"1,1,0,5,2,2:72057594037927935,0,0,0,0,0,0,0,0,2").unwrap();
        assert_eq!((lock.granted, lock.requested, lock.cookie_seq), (Mode::NL, Some(Mode::EX), (1 << 56) - 1));
        assert!(lock.waits() && !lock.awaits_reply());
    }

    #[test]
    fn a_later_version_keeps_what_it_adds() {
        let lock = Lock::parse(b"2,0,5,-1,1,1:1,1,0,0,0,0,0,0,0,3,7,x").unwrap();
        assert_eq!((lock.version, lock.refs, lock.in_ast_list, &lock.rest[..]), (2, Some(3), true, &b"7,x"[..]));
    }

    #[test]
    fn a_problem_names_its_field() {
        let good = "1,0,5,-1,1,1:1,0,0,0,0,0,0,0,0,2";
        for (field, bad) in [(1, ""), (2, "3"), (3, "6"), (4, "--1"), (5, "-1"), (6, "1"), (6, "1:"), (7, "x"), (14, ""), (15, "1 ")] {
            let broken: Vec<&str> = good.split(',').enumerate().map(|(at, text)| if at + 1 == field { bad } else { text }).collect();
            assert_eq!(Lock::parse(broken.join(",").as_bytes()).unwrap_err().field, field as u32, "{field}: {bad:?}");
        }
        assert_eq!(Lock::parse(b"1,0,5").unwrap_err().field, 4);
    }
}
