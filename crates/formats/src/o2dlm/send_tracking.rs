//! `/sys/kernel/debug/o2net/send_tracking`: messages that are being sent right now (`nst_seq_show`,
//! `fs/ocfs2/cluster/netdebug.c`, since 2.6.26). One that is seconds old: its peer does not answer.
//!
//! ```text
//! 00000000887e7767:
//!   pid:          190
//!   tgid:         190
//!   process name: dlm-248913AEBE3
//!   node:         3
//!   sc:           00000000a54f93de
//!   message id:   0
//!   message type: 505
//!   message key:  0xf77ed279
//!   sock acquiry: 709 usecs ago
//!   send start:   699 usecs ago
//!   wait start:   529 usecs ago
//! ```
//!
//! The kernel does not clear the times of a new message: before a step is reached, its line tells anything.

use crate::problem::{LineProblem, ProblemCount};
use crate::scan::{decimal, prefixed_hex};

/// One message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sending {
    /// Thread that sends.
    pub pid: u32,
    /// Its process; `None` if not told.
    pub tgid: Option<u32>,
    /// Name of the thread, at most 15 bytes; any bytes, shown as UTF-8.
    pub process: String,
    /// The node it goes to.
    pub node: u32,
    /// Number of the status that is waited for; -1 or whatever the stack held before there is one. `None` if not told.
    pub message_id: Option<i32>,
    /// What it asks for, see [`message_word`].
    pub message_type: u32,
    /// Which domain it belongs to: [`super::DlmState::key`]. `None` if not told.
    pub message_key: Option<u32>,
    /// µs since it began, by looking for the connection. `None` if that step is not reached.
    pub acquiring_us: Option<u64>,
    /// µs since it began to be written. `None` if that step is not reached.
    pub send_us: Option<u64>,
    /// µs since it was written and the answer is waited for. `None` if that step is not reached.
    pub wait_us: Option<u64>,
}

/// What messages of o2dlm ask for (`fs/ocfs2/dlm/dlmcommon.h`); `None` for other numbers.
pub fn message_word(message_type: u32) -> Option<&'static str> {
    Some(match message_type {
        500 => "find owner",
        502 => "assert owner",
        503 => "create lock",
        504 => "convert lock",
        505 => "AST or BAST",
        506 => "unlock",
        507 => "drop reference",
        508 => "ask for migration",
        509 => "migrate resource",
        510 => "ask to join",
        511 => "joined",
        512 => "cancel join",
        513 => "leave domain",
        514 => "find owner again",
        515 => "recovery: ask for locks",
        516 => "recovery: locks sent",
        517 => "recovery: begin",
        518 => "recovery: end",
        519 => "compare heartbeat regions",
        520 => "compare nodes",
        521 => "begin to leave domain",
        522 => "reference dropped",
        _ => return None,
    })
}

/// Lines of one message.
#[derive(Default)]
struct Block<'a> {
    at: u64,
    head: &'a [u8],
    pid: Option<u32>,
    tgid: Option<u32>,
    process: Option<String>,
    node: Option<u32>,
    message_id: Option<i32>,
    message_type: Option<u32>,
    message_key: Option<u32>,
    times: [Option<u64>; 3],
}

/// Reads the whole file. A bad line costs itself, a message without pid, node or type is a problem.
pub fn parse(text: &[u8]) -> (Vec<Sending>, ProblemCount) {
    let mut sendings = Vec::new();
    let mut problems = ProblemCount::default();
    let mut block: Option<Block<'_>> = None;
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let at = number as u64 + 1;
        if line.is_empty() {
            continue;
        }
        if !line.starts_with(b" ") && line.ends_with(b":") {
            finish(block.take(), &mut sendings, &mut problems);
            block = Some(Block { at, head: line, ..Block::default() });
            continue;
        }
        let problem = match block.as_mut() {
            Some(block) => block.line(line).err(),
            None => Some(LineProblem { field: 1, expected: "an address and a colon first" }),
        };
        if let Some(problem) = problem {
            problems.add(at, problem, line);
        }
    }
    finish(block, &mut sendings, &mut problems);
    (sendings, problems)
}

fn finish(block: Option<Block<'_>>, sendings: &mut Vec<Sending>, problems: &mut ProblemCount) {
    let Some(block) = block else { return };
    let (Some(pid), Some(node), Some(message_type)) = (block.pid, block.node, block.message_type) else {
        problems.add(block.at, LineProblem { field: 1, expected: "a message with pid, node and type" }, block.head);
        return;
    };
    let [acquiring_us, send_us, wait_us] = block.times;
    // Later steps are younger; anything else is left over on the stack.
    let send_us = send_us.filter(|&us| acquiring_us.is_some_and(|before| us <= before));
    let wait_us = wait_us.filter(|&us| send_us.is_some_and(|before| us <= before));
    sendings.push(Sending {
        pid,
        tgid: block.tgid,
        process: block.process.unwrap_or_default(),
        node,
        message_id: block.message_id,
        message_type,
        message_key: block.message_key,
        acquiring_us,
        send_us,
        wait_us,
    });
}

impl Block<'_> {
    fn line(&mut self, line: &[u8]) -> Result<(), LineProblem> {
        let unknown = LineProblem { field: 1, expected: "a label and a colon" };
        let at = line.iter().position(|&byte| byte == b':').ok_or(unknown.clone())?;
        let (label, value) = line.split_at_checked(at + 1).ok_or(unknown)?;
        let label = label.trim_ascii();
        if label == b"process name:" {
            // One blank follows the label; a name may begin with more.
            self.process = Some(String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value)).into_owned());
            return Ok(());
        }
        let value = value.trim_ascii();
        let number = |expected| super::number32(value).ok_or(LineProblem { field: 2, expected });
        match label {
            b"pid:" => self.pid = Some(number("a pid")?),
            b"tgid:" => self.tgid = Some(number("a pid")?),
            b"node:" => self.node = Some(number("a node number")?),
            b"message type:" => self.message_type = Some(number("a message type")?),
            b"message id:" => {
                let id = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
                self.message_id = Some(id.ok_or(LineProblem { field: 2, expected: "a message id" })?);
            }
            b"message key:" => {
                let key = prefixed_hex(value).and_then(|key| u32::try_from(key).ok());
                self.message_key = Some(key.ok_or(LineProblem { field: 2, expected: "a key such as 0xf77ed279" })?);
            }
            b"sock acquiry:" => self.times[0] = age(value)?,
            b"send start:" => self.times[1] = age(value)?,
            b"wait start:" => self.times[2] = age(value)?,
            // `sc`, and what a later kernel adds.
            _ => {}
        }
        Ok(())
    }
}

/// `529 usecs ago`; a negative number is no age.
fn age(value: &[u8]) -> Result<Option<u64>, LineProblem> {
    let number = value.strip_suffix(b" usecs ago").ok_or(LineProblem { field: 2, expected: "µs ago" })?;
    match number.strip_prefix(b"-") {
        Some(digits) if decimal(digits).is_some() => Ok(None),
        _ => decimal(number).map(Some).ok_or(LineProblem { field: 2, expected: "µs ago" }),
    }
}
