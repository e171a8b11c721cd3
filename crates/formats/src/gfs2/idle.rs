//! A short cut past glocks that nobody waits for, which most of a dump is: a whole glock at once, its values checked but not
//! taken, but for those few that counts are made of.
//!
//! Whatever is not plain here — another order of fields, a letter that is none, a flag of something under way, a holder that
//! says something, the end of the text — is left to the reading line by line: `None` means no more than that. The other way
//! round, what is passed over here is a glock of which line by line nothing but this would be found.

use super::cursor::Cursor;
use super::glock_flags::GlockFlags;
use super::glock_name::{GlockName, GlockType};
use super::glock_state::GlockState;
use super::glocks::{Line, is_background_of, parse_line};
use super::holder_flags::HolderFlags;
use super::letters;
use crate::scan::split_line;
use memchr::memchr;

/// A glock that is in the state it shall be in, with nothing under way, held at most as [`is_background`](super::is_background)
/// says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Type and number; the type is not 1, whose glocks tell more of the kernel than others.
    pub name: GlockName,
    /// `s:` and `t:`.
    pub state: GlockState,
    /// `f:` flags, letters only.
    pub flags: GlockFlags,
    /// Flags of its holders, all together.
    pub holders: HolderFlags,
    /// Lines of it.
    pub lines: u32,
    /// Bytes of them, with their newlines.
    pub bytes: usize,
}

/// Letters of something under way or asked for, and what is no letter.
const BUSY: u64 = letters::of(b"lDdpfirFN") | letters::OTHER;

/// What the holder of an open inode shows up to the code that queued it. Whatever follows, such a line reads as a holder.
const OPEN: &[u8] = b" H: s:SH f:EH e:0 p:0 [(none)] ";

/// The glock that `text` starts with, if it is idle and `text` holds all of it and the start of the next one.
#[inline]
pub fn idle_glock(text: &[u8]) -> Option<Idle> {
    let [b'G', b':', b' ', b' ', b's', b':', first, second, rest @ ..] = text else { return None };
    let mut c = Cursor::new(text, rest);
    let state = GlockState::of(*first, *second)?;
    let name = if c.text(b" n:") { c.name()? } else { return None };
    let flags = if c.text(b" f:") { c.glock_flags() } else { return None };
    let same = c.text(b" t:") && c.state() == Some(state);
    if flags.0 & BUSY != 0 || !same || name.kind == GlockType::NONDISK {
        return None;
    }
    let counts = c.text(b" d:EX/0 a:0 v:0 r:") && c.skip_number() && c.text(b" m:") && c.skip_number();
    // Kernels before 5.10 print no pages.
    let whole = counts && (c.byte(b'\n') || c.text(b" p:") && c.skip_number() && c.byte(b'\n'));
    if !whole {
        return None;
    }
    let (mut rest, mut lines, mut holders) = (c.rest(), 1, HolderFlags::default());
    loop {
        rest = match rest {
            [b'G', b':', ..] => {
                return Some(Idle { name, state, flags, holders, lines, bytes: text.len() - rest.len() });
            }
            [b' ', b'H', ..] => {
                let (found, after) = holder(rest, name.kind)?;
                holders.0 |= found.0;
                after
            }
            [b' ', b'I', ..] => plain_inode(rest).or_else(|| any_object(rest))?,
            _ => any_object(rest)?,
        };
        lines += 1;
    }
}

/// A holder that says nothing: its flags, and what follows its line.
#[inline]
fn holder(text: &[u8], kind: GlockType) -> Option<(HolderFlags, &[u8])> {
    if kind == GlockType::IOPEN
        && let Some(code) = text.strip_prefix(OPEN)
    {
        return Some((HolderFlags(const { letters::of(b"EH") }), code.get(memchr(b'\n', code)? + 1..)?));
    }
    let (line, rest) = split_line(text)?;
    match parse_line(line) {
        Ok(Line::Holder(holder)) if is_background_of(kind, &holder) && !holder.flags.waiting() => Some((holder.flags, rest)),
        _ => None,
    }
}

/// What follows an inode's line without any flag.
#[inline]
fn plain_inode(text: &[u8]) -> Option<&[u8]> {
    let mut c = Cursor::new(text, text.strip_prefix(b" I: n:")?);
    let numbers = c.skip_number() && c.byte(b'/') && c.skip_number();
    let kind = numbers && c.text(b" t:") && (c.text(b"8") || c.text(b"4"));
    let whole = kind && c.text(b" f:0x00 d:0x00000000 s:") && c.skip_number();
    // Kernels before 5.4 print no pages.
    let whole = whole && (c.byte(b'\n') || c.text(b" p:") && c.skip_number() && c.byte(b'\n'));
    whole.then(|| c.rest())
}

/// What follows a line of an object, of any kind.
fn any_object(text: &[u8]) -> Option<&[u8]> {
    let (line, rest) = split_line(text)?;
    match parse_line(line) {
        Ok(Line::Inode(_) | Line::Rgrp(_) | Line::RgrpLvb(_) | Line::Reservation(_)) => Some(rest),
        Ok(Line::Glock(_) | Line::Holder(_)) | Err(_) => None,
    }
}

#[cfg(test)]
#[path = "idle_tests.rs"]
mod tests;
