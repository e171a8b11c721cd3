//! `/sys/kernel/debug/gfs2/TABLE/glocks`: every glock of a file system, with its holders and its object
//! (`gfs2_dump_glock`, `dump_holder`, `fs/gfs2/glock.c`, all kernels since 2.6.32).
//!
//! ```text
//! G:  s:EX n:2/183f3 f:yIqob t:EX d:EX/0 a:2 v:0 r:3 m:200 p:1
//!  H: s:EX f:H e:0 p:17511 [python] gfs2_unlink+0x7e/0x250 [gfs2]
//!  I: n:1/99315 t:4 f:0x00 d:0x00000003 s:2048 p:1
//! G:  s:EX n:3/2035 f:yIob t:EX d:EX/0 a:0 v:0 r:3 m:20 p:0
//!  R: n:8245 f:90000000 b:59865/59865 i:15 q:4 r:0 e:62463
//!   L: f:00 b:59865 i:15
//!   B: n:9285 s:8300 f:4
//! ```
//!
//! Lines below a `G:` belong to it, up to the next one. The file is no snapshot: a glock may come twice or be missed while
//! its hash table grows, and each record is of its own moment. Holders stand in the order of the queue.
//!
//! Nothing quotes what is in the brackets: a process whose name holds a newline breaks its `H:` line in two.

use super::cursor::Cursor;
use super::glock_flags::GlockFlags;
use super::glock_name::{GlockName, GlockType};
use super::glock_state::GlockState;
use super::holder::Holder;
use super::holder_flags::HolderFlags;
use super::objects::{InodeObject, Reservation, RgrpLvb, RgrpObject};
use crate::problem::LineProblem;

/// One line of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `G:`: a glock. What follows, up to the next one, belongs to it.
    Glock(Glock<'a>),
    /// ` H:`: a process that holds the glock or waits for it.
    Holder(Holder<'a>),
    /// ` I:`: the inode of a glock of type 2 or 5.
    Inode(InodeObject<'a>),
    /// ` R:`: the resource group of a glock of type 3.
    Rgrp(RgrpObject<'a>),
    /// `  L:`: the lock value block of the resource group above.
    RgrpLvb(RgrpLvb<'a>),
    /// `  B:`: a reservation of blocks in the resource group above.
    Reservation(Reservation<'a>),
}

/// A `G:` line. Fields that this kernel does not print are `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glock<'a> {
    /// Type and number.
    pub name: GlockName,
    /// `s:` what it is in.
    pub state: GlockState,
    /// `t:` what the running or the last request wants.
    pub target: GlockState,
    /// `f:` flags.
    pub flags: GlockFlags,
    /// `d:` what a demotion asked for leads to; `EX` if none was asked.
    pub demote_state: GlockState,
    /// `d:` age of that demotion, µs, in steps of a jiffy. Printed as 0 unless flag `D` is set.
    pub demote_us: u64,
    /// `a:` buffers not yet written back from the journal.
    pub ail: Option<u64>,
    /// `v:` revokes outstanding. Not in the first kernels.
    pub revokes: Option<u64>,
    /// `r:` references.
    pub references: Option<u64>,
    /// `m:` minimum hold time in **jiffies** of that kernel: HZ/5 at rest and at most. Not in the first kernels.
    pub hold_jiffies: Option<u64>,
    /// `p:` pages of metadata cached. Since 5.10.
    pub pages: Option<u64>,
    /// The line from the first field on that is not known.
    pub rest: &'a [u8],
}

/// Reads one line (without its newline). A problem costs this line only.
#[inline]
pub fn parse_line(line: &[u8]) -> Result<Line<'_>, LineProblem> {
    match line {
        [b'G', b':', rest @ ..] => glock(Cursor::new(line, rest)).map(Line::Glock),
        [b' ', b'H', b':', rest @ ..] => Holder::read(Cursor::new(line, rest)).map(Line::Holder),
        [b' ', b'I', b':', rest @ ..] => InodeObject::read(Cursor::new(line, rest)).map(Line::Inode),
        [b' ', b'R', b':', rest @ ..] => RgrpObject::read(Cursor::new(line, rest)).map(Line::Rgrp),
        [b' ', b' ', b'L', b':', rest @ ..] => RgrpLvb::read(Cursor::new(line, rest)).map(Line::RgrpLvb),
        [b' ', b' ', b'B', b':', rest @ ..] => Reservation::read(Cursor::new(line, rest)).map(Line::Reservation),
        _ => Err(LineProblem { field: 1, expected: "G:, H:, I:, R:, L: or B:" }),
    }
}

#[inline]
fn glock(mut cursor: Cursor<'_>) -> Result<Glock<'_>, LineProblem> {
    let c = &mut cursor;
    let state = state(c, b's')?;
    let name = if c.key(b'n') { c.name() } else { None };
    let name = name.ok_or_else(|| c.problem("n: and a glock such as 2/183f3"))?;
    if !c.key(b'f') {
        return Err(c.problem("f: and flags"));
    }
    let flags = c.glock_flags();
    let target = self::state(c, b't')?;
    let (demote_state, demote_us, ail, revokes) = if c.idle() {
        (GlockState::EX, 0, Some(0), Some(0))
    } else {
        let (state, age) = demotion(c)?;
        (state, age, c.optional(b'a', COUNT)?, c.optional(b'v', COUNT)?)
    };
    let mut glock = Glock {
        name,
        state,
        target,
        flags,
        demote_state,
        demote_us,
        ail,
        revokes,
        references: c.optional(b'r', COUNT)?,
        hold_jiffies: c.optional(b'm', COUNT)?,
        pages: c.optional(b'p', COUNT)?,
        rest: b"",
    };
    if !c.rest().is_empty() {
        others(c, &mut glock)?;
    }
    Ok(glock)
}

const DEMOTION: &str = "d: and a demotion such as EX/0";
const COUNT: &str = "a decimal number";

/// The state asked for, and since when, µs.
#[inline]
fn demotion(c: &mut Cursor<'_>) -> Result<(GlockState, u64), LineProblem> {
    if !c.key(b'd') {
        return Err(c.problem(DEMOTION));
    }
    let start = *c;
    let state = c.state().filter(|_| c.byte(b'/')).ok_or_else(|| start.problem(DEMOTION))?;
    let age = c.decimal().ok_or_else(|| c.problem("the age of the demotion in µs"))?;
    Ok((state, age))
}

/// A state and its key.
#[inline]
pub(super) fn state(c: &mut Cursor<'_>, key: u8) -> Result<GlockState, LineProblem> {
    let state = if c.key(key) { c.state().filter(|_| c.at_end()) } else { None };
    state.ok_or_else(|| c.problem("a state such as s:SH"))
}

/// Fields in an order no kernel was seen to print.
#[cold]
fn others<'a>(c: &mut Cursor<'a>, glock: &mut Glock<'a>) -> Result<(), LineProblem> {
    while !c.tail().is_empty() {
        let field = c.tail();
        let places = [
            (b'a', &mut glock.ail),
            (b'v', &mut glock.revokes),
            (b'r', &mut glock.references),
            (b'm', &mut glock.hold_jiffies),
            (b'p', &mut glock.pages),
        ];
        let mut known = false;
        for (key, place) in places {
            if place.is_none() && c.key(key) {
                *place = Some(c.decimal().ok_or_else(|| c.problem(COUNT))?);
                known = true;
                break;
            }
        }
        if !known {
            if glock.rest.is_empty() {
                glock.rest = field;
            }
            c.skip_field();
        }
    }
    Ok(())
}

/// Whether a holder is one of those that every mounted file system shows all the time, and that says nothing:
///
/// * type 5, SH, flags `EH`: one per inode in memory;
/// * type 1, SH, `eEH`: the live and the freeze lock;
/// * type 9, EX, `eH` (`ecH` in 6.1): this node's journal;
/// * type 2, EX, `H` (statfs and quota changes of this node) or SH, `eEcH` (the index of journals), held by the file
///   system itself: no owner, or the one that mounted has ended, or the code that mounts.
pub fn is_background(glock: &Glock<'_>, holder: &Holder<'_>) -> bool {
    is_background_of(glock.name.kind, holder)
}

/// The same by the glock's type, which is all that matters of it.
pub(super) fn is_background_of(kind: GlockType, holder: &Holder<'_>) -> bool {
    let flags = |letters: &[u8]| holder.flags == HolderFlags::parse(letters);
    match (kind, holder.state) {
        (GlockType::IOPEN, GlockState::SH) => flags(b"EH"),
        (GlockType::NONDISK, GlockState::SH) => flags(b"eEH"),
        (GlockType::JOURNAL, GlockState::EX) => flags(b"eH") || flags(b"ecH"),
        (GlockType::INODE, GlockState::EX) => flags(b"H") && holder.is_mounts(),
        (GlockType::INODE, GlockState::SH) => flags(b"eEcH") && holder.is_mounts(),
        _ => false,
    }
}

#[cfg(test)]
#[path = "glocks_tests.rs"]
mod tests;
