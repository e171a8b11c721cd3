//! ` H:` lines of `glocks`: processes that hold a glock or wait for it (`dump_holder`, `fs/gfs2/glock.c`).
//!
//! ```text
//!  H: s:EX f:W e:0 p:17511 [python] gfs2_unlink+0x7e/0x250 [gfs2]
//!  H: s:SH f:EH e:0 p:0 [(none)] gfs2_dir_search+0xb2/0x100
//! ```

use super::cursor::Cursor;
use super::glock_state::GlockState;
use super::glocks::state;
use super::holder_flags::HolderFlags;
use crate::problem::LineProblem;
use memchr::{memchr, memmem, memrchr};

/// One holder or waiter, in the order of the queue: granted ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder<'a> {
    /// `s:` what it holds or asks for.
    pub state: GlockState,
    /// `f:` flags.
    pub flags: HolderFlags,
    /// `e:` 0, a negative errno, or a positive code of the kernel (a try that failed).
    pub error: i64,
    /// `p:` its process in the kernel's own PID namespace. `None` for -1, and for 0 with `(none)`: inodes in memory,
    /// flock, journals.
    pub pid: Option<u32>,
    /// The process's name in brackets: at most 15 bytes of any kind, also blanks and brackets. `(ended)`: no such process
    /// any more. `(none)`: no owner.
    pub comm: &'a [u8],
    /// The function which queued it, without its offset; empty if the kernel printed no name.
    pub symbol: &'a [u8],
    /// Offset and length after the function's `+`, such as `0x7e/0x250`; empty if there is none.
    pub offset: &'a [u8],
    /// The function's module; `None` if built into the kernel.
    pub module: Option<&'a [u8]>,
    /// Whether the process has ended: `comm` is `(ended)`.
    pub ended: bool,
    /// What follows the fields known.
    pub rest: &'a [u8],
}

/// Functions that take a glock while the file system is being mounted.
const MOUNTING: [&[u8]; 5] = [b"init_per_node", b"init_journal", b"init_inodes", b"init_statfs", b"gfs2_fill_super"];

impl<'a> Holder<'a> {
    #[inline]
    pub(super) fn read(mut cursor: Cursor<'a>) -> Result<Holder<'a>, LineProblem> {
        let c = &mut cursor;
        let state = state(c, b's')?;
        if !c.key(b'f') {
            return Err(c.problem("f: and flags"));
        }
        let flags = HolderFlags(c.letters());
        let error = if c.text(b" e:0") { Some(0) } else { c.key(b'e').then(|| c.signed()).flatten() };
        let error = error.filter(|_| c.at_end()).ok_or_else(|| c.problem("e: and an error number"))?;
        let pid = if c.key(b'p') { c.signed() } else { None };
        let pid = pid.filter(|&pid| c.at_end() && pid <= i64::from(u32::MAX)).ok_or_else(|| c.problem("p: and a process"))?;
        if !c.text(b" [") {
            return Err(c.problem("a process name in brackets"));
        }
        let place = Place::of(c.rest()).ok_or_else(|| c.problem("the ] of a process name"))?;
        let ownerless = pid < 0 || pid == 0 && place.comm == b"(none)";
        Ok(Holder {
            state,
            flags,
            error,
            pid: if ownerless { None } else { u32::try_from(pid).ok() },
            comm: place.comm,
            symbol: place.symbol,
            offset: place.offset,
            module: place.module,
            ended: place.comm == b"(ended)",
            rest: place.rest,
        })
    }

    /// Whether the file system itself holds it, since it was mounted.
    pub(super) fn is_mounts(&self) -> bool {
        self.pid.is_none() || self.ended || MOUNTING.iter().any(|start| self.symbol.starts_with(start))
    }
}

/// What follows ` [`.
struct Place<'a> {
    comm: &'a [u8],
    symbol: &'a [u8],
    offset: &'a [u8],
    module: Option<&'a [u8]>,
    rest: &'a [u8],
}

impl<'a> Place<'a> {
    /// Names may hold anything, so the line is read from its end: ` [module]` if there is one, then the function.
    #[inline]
    fn of(text: &'a [u8]) -> Option<Place<'a>> {
        Self::usual(text).or_else(|| Self::unusual(text))
    }

    #[inline]
    fn usual(text: &'a [u8]) -> Option<Place<'a>> {
        let (mut start, mut word) = last_word(text)?;
        let mut module = None;
        if let [b'[', name @ .., b']'] = word {
            module = Some(name);
            (start, word) = last_word(start)?;
        }
        let comm = start.strip_suffix(b"]")?;
        let (symbol, offset) = plus(word)?;
        Some(Place { comm, symbol, offset, module, rest: b"" })
    }

    /// No function name, or something behind it: the last `] ` before a function, or else the last one.
    #[cold]
    fn unusual(text: &'a [u8]) -> Option<Place<'a>> {
        let mut found: Option<(usize, &[u8], &[u8], bool)> = None;
        for at in memmem::find_iter(text, b"] ") {
            let after = text.get(at + 2..).unwrap_or_default();
            let (word, rest) = first_word(after);
            let is_function = plus(word).is_some();
            if is_function || found.is_none_or(|(.., better)| !better) {
                found = Some((at, word, rest, is_function));
            }
        }
        let Some((at, word, rest, _)) = found else {
            return text.strip_suffix(b"]").map(|comm| Place { comm, symbol: b"", offset: b"", module: None, rest: b"" });
        };
        let (symbol, offset) = plus(word).unwrap_or((word, b""));
        let (module, rest) = match first_word(rest) {
            ([b'[', module @ .., b']'], rest) => (Some(module), rest),
            _ => (None, rest),
        };
        Some(Place { comm: text.get(..at)?, symbol, offset, module, rest })
    }
}

/// What stands before the last blank, and after it.
#[inline]
fn last_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (start, word) = text.split_at_checked(memrchr(b' ', text)?)?;
    Some((start, word.get(1..)?))
}

fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b' ', text).unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default())
}

/// A function and what follows its `+`.
#[inline]
fn plus(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let (symbol, offset) = word.split_at_checked(memrchr(b'+', word)?)?;
    let offset = offset.get(1..)?;
    offset.starts_with(b"0x").then_some((symbol, offset))
}
