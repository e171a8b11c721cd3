//! Reads `locking_state` line by line: blocks, and what to do where the kernel cut one.

use super::locking_state::Resource;
use super::{Lock, node_list};
use crate::dlm::ResourceName;
use crate::problem::{LineProblem, ProblemCount};
use memchr::memmem;

/// Keys of the lines of a block.
const KEYS: [&[u8]; 4] = [b"LRES:", b"RMAP:", b"LVBX:", b"LOCK:"];
/// Bytes of a value block (`DLM_LVB_LEN`).
const LVB_BYTES: usize = 64;
/// Locks that are kept of one block: several times what fits into a page of 64 KiB.
const MOST_LOCKS: usize = 8192;
/// Lines of unknown keys that are kept of one block.
const MOST_UNKNOWN: usize = 8;

/// Takes the lines of one pass over `locking_state` and gives the resources. A bad line costs itself; without a name its block is
/// passed over.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    block: Option<Resource>,
    /// The name of this block was not understood: the rest of it belongs to nobody.
    nameless: bool,
    line_number: u64,
    /// Lines that were not understood.
    pub problems: ProblemCount,
    /// Lines with keys that are not known: a later kernel.
    pub unknown_lines: u64,
}

impl Reader {
    /// Takes one line without its newline; the resource of the block before, if this line ends it.
    pub fn push_line(&mut self, line: &[u8]) -> Option<Resource> {
        self.line_number += 1;
        if line.is_empty() {
            self.nameless = false;
            return self.block.take();
        }
        if let Some(name) = line.strip_prefix(b"NAME:").or_else(|| name_after_cut(line)) {
            let before = self.end();
            self.open(name, line);
            return before;
        }
        if self.nameless {
            return None;
        }
        if let Err(problem) = self.take(line) {
            self.problems.add(self.line_number, problem, line);
        }
        None
    }

    /// No line follows: the last resource, if no empty line ended its block. It counts as cut.
    pub fn end(&mut self) -> Option<Resource> {
        self.nameless = false;
        let mut block = self.block.take()?;
        block.cut = true;
        Some(block)
    }

    fn open(&mut self, name: &[u8], line: &[u8]) {
        self.block = ResourceName::new(name).map(Resource::new);
        if self.block.is_none() {
            self.nameless = true;
            self.problems.add(self.line_number, LineProblem { field: 1, expected: "a name of 1 to 64 bytes" }, line);
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<(), LineProblem> {
        let block = self.block.as_mut().ok_or(LineProblem { field: 1, expected: "NAME: first" })?;
        match line.split_at_checked(5) {
            Some((b"LRES:", text)) => block.set_lres(text)?,
            Some((b"RMAP:", text)) => {
                block.referenced_by = node_list::parse(text).ok_or(LineProblem { field: 1, expected: "node numbers" })?;
            }
            Some((b"LVBX:", text)) => {
                let problem = LineProblem { field: 1, expected: "64 bytes in hex" };
                block.lvb = Some(lvb(text).ok_or(problem)?);
            }
            Some((b"LOCK:", text)) => {
                let lock = Lock::parse(text)?;
                if block.locks.len() >= MOST_LOCKS {
                    return Err(LineProblem { field: 1, expected: "fewer locks of one resource" });
                }
                block.locks.push(lock);
            }
            _ => {
                if !line.contains(&b':') {
                    return Err(LineProblem { field: 1, expected: "a key such as LOCK:" });
                }
                self.unknown_lines += 1;
                if block.unknown_lines.len() < MOST_UNKNOWN {
                    block.unknown_lines.push(line.to_vec());
                }
            }
        }
        Ok(())
    }
}

/// The name behind a line that the kernel cut with its block; what stands before lacks its end and is not read.
fn name_after_cut(line: &[u8]) -> Option<&[u8]> {
    let at = memmem::find(line, b"NAME:")?;
    let (cut, name) = line.split_at_checked(at)?;
    let known = KEYS.iter().any(|key| cut.starts_with(key) || key.starts_with(cut));
    known.then_some(name.strip_prefix(b"NAME:")?)
}

fn lvb(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() != 2 * LVB_BYTES {
        return None;
    }
    if text.iter().all(|&byte| byte == b'0') {
        return Some(vec![0; LVB_BYTES]);
    }
    text.chunks(2).map(|byte| crate::scan::hex(byte).map(|value| value as u8)).collect()
}
