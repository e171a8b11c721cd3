//! Which meaning of a letter holds, told only by what a dump shows: distributions take over later changes one by one, so
//! the release of a kernel decides nothing.
//!
//! | letter | earlier | later | decided by |
//! |---|---|---|---|
//! | `I`, `a` | up to 6.8: `I` = a DLM lock exists | from 6.12: `a` = none exists | `I` or `a` on any glock |
//! | `F` | up to 6.8: frozen | from 6.12: a frozen reply is here | the same |
//! | `L` | up to 6.8: since the last unlock | from 6.12: since the last reference | the same |
//! | `c` | 5.10: an inode is created | from 6.18: a request at the DLM may be cancelled | `I`, `P` or holder `F`; `a` or holder `n`, `D`, `s` |
//! | `x` | 5.10 to 6.5: being freed | 6.8 to 6.17: being unlocked | `P`; `a`, `R` or `s` |
//! | `E` | 6.3: check of an eviction | from 6.8: check of a deletion | never; `a`, `R` or `s` |
//! | `b` | up to 6.14: the last request could block | from 6.17: only while such a request is at the DLM | `b` without `l`; `c` in its later meaning, or the live glock held without `b` |
//! | `q` | up to 5.4: a bit of its own | from 5.10: the list of holders is not empty | `q` without a holder; any letter since 5.10 |
//!
//! Evidence for both sides decides nothing.

use super::glock_flags::GlockFlags;
use super::glock_name::{GlockName, GlockType};
use super::glock_state::GlockState;
use super::glocks::Glock;
use super::holder_flags::HolderFlags;

/// Which of a letter's two meanings holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// That of earlier kernels.
    Earlier,
    /// That of later kernels.
    Later,
    /// Nothing in the dump decides, or it contradicts itself.
    Unknown,
}

impl Meaning {
    fn of(earlier: bool, later: bool) -> Meaning {
        match (earlier, later) {
            (true, false) => Meaning::Earlier,
            (false, true) => Meaning::Later,
            _ => Meaning::Unknown,
        }
    }
}

/// What was seen in dumps of one node since it was booted: all lines may be noted, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    glocks: GlockFlags,
    holders: HolderFlags,
    idle_with_b: bool,
    live_without_b: bool,
    queued_without_holder: bool,
}

impl Dialect {
    /// Notes the flags of one glock.
    #[inline]
    pub fn note_glock(&mut self, flags: GlockFlags) {
        self.glocks.0 |= flags.0;
        self.idle_with_b |= flags.has(b'b') && !flags.changing();
    }

    /// Notes one glock: its flags, and what the live glock (1/1) tells. That one is asked for at SH, by a request that may
    /// block, when the file system is mounted, and kept: where `b` remains after the grant, it has it.
    #[inline]
    pub fn note(&mut self, glock: &Glock<'_>) {
        self.note_glock(glock.flags);
        let live = glock.name == GlockName::new(GlockType::NONDISK, 1) && glock.state == GlockState::SH;
        self.live_without_b |= live && !glock.flags.has(b'b') && !glock.flags.changing() && glock.flags.queued();
    }

    /// Notes the flags of one holder.
    #[inline]
    pub fn note_holder(&mut self, flags: HolderFlags) {
        self.holders.0 |= flags.0;
    }

    /// Notes the flags of a glock after which no holder was printed.
    #[inline]
    pub fn note_without_holders(&mut self, flags: GlockFlags) {
        self.queued_without_holder |= flags.queued();
    }

    fn glock(&self, letters: &[u8]) -> bool {
        letters.iter().any(|&letter| self.glocks.has(letter))
    }

    fn holder(&self, letters: &[u8]) -> bool {
        letters.iter().any(|&letter| self.holders.has(letter))
    }

    /// Which letter tells whether a DLM lock exists: `I` (earlier), or `a`, in the contrary sense (later).
    pub fn dlm_lock(&self) -> Meaning {
        Meaning::of(self.glock(b"I"), self.glock(b"a"))
    }

    /// `F`: frozen, or a frozen reply is here.
    pub fn frozen(&self) -> Meaning {
        self.dlm_lock()
    }

    /// `L`: unused since the last unlock, or unreferenced since the last reference was dropped.
    pub fn lru(&self) -> Meaning {
        self.dlm_lock()
    }

    /// `c`: an inode is being created, or a request at the DLM may be cancelled.
    pub fn cancel(&self) -> Meaning {
        Meaning::of(self.glock(b"IP") || self.holder(b"F"), self.glock(b"a") || self.holder(b"nDs"))
    }

    /// `x`: being freed, or being unlocked.
    pub fn freeing(&self) -> Meaning {
        Meaning::of(self.glock(b"P"), self.glock(b"aRs"))
    }

    /// `E`: an eviction or a deletion is to be checked; in effect the same. Nothing proves the earlier meaning.
    pub fn verify(&self) -> Meaning {
        Meaning::of(false, self.glock(b"aRs"))
    }

    /// `b`: the last request could block, or one that may block is at the DLM now.
    pub fn blocking(&self) -> Meaning {
        let cancels = self.glock(b"c") && self.cancel() == Meaning::Later;
        Meaning::of(self.idle_with_b, cancels || self.live_without_b)
    }

    /// `q`: a bit of its own, or the list of holders is not empty.
    pub fn queue(&self) -> Meaning {
        Meaning::of(self.queued_without_holder, self.glock(b"cPxnNeEsRaC") || self.holder(b"nDs"))
    }

    /// Whether `R` was seen: then it marks every request at the DLM.
    pub fn marks_requests(&self) -> bool {
        self.glock(b"R")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(glocks: &[&str], holders: &str) -> Dialect {
        let mut dialect = Dialect::default();
        for flags in glocks {
            dialect.note_glock(GlockFlags::parse(flags.as_bytes()));
        }
        dialect.note_holder(HolderFlags::parse(holders.as_bytes()));
        dialect
    }

    #[test]
    fn nothing_seen_decides_nothing() {
        let dialect = Dialect::default();
        let all = [dialect.dlm_lock(), dialect.cancel(), dialect.freeing(), dialect.verify(), dialect.blocking(), dialect.queue()];
        assert_eq!(all, [Meaning::Unknown; 6]);
    }

    #[test]
    fn c_of_5_10_and_of_7_0() {
        assert_eq!(seen(&["lIqoc"], "").cancel(), Meaning::Earlier);
        assert_eq!(seen(&["c"], "F").cancel(), Meaning::Earlier);
        assert_eq!(seen(&["lc", "a"], "").cancel(), Meaning::Later);
        assert_eq!(seen(&["lc"], "n").cancel(), Meaning::Later);
        assert_eq!(seen(&["lc"], "").cancel(), Meaning::Unknown);
        assert_eq!(seen(&["lc", "I", "a"], "").cancel(), Meaning::Unknown);
    }

    #[test]
    fn b_that_stays_and_b_that_goes() {
        assert_eq!(seen(&["Iqob"], "").blocking(), Meaning::Earlier);
        assert_eq!(seen(&["lIqob"], "").blocking(), Meaning::Unknown);
        assert_eq!(seen(&["lacb"], "").blocking(), Meaning::Later);
        assert_eq!(seen(&["lacb", "qb"], "").blocking(), Meaning::Unknown);
        let mut dialect = Dialect::default();
        let live = super::super::glocks::parse_line(b"G:  s:SH n:1/1 f:q t:SH d:EX/0 a:0 v:0 r:3 m:20 p:0").unwrap();
        let super::super::Line::Glock(glock) = live else { panic!("not a glock") };
        dialect.note(&glock);
        assert_eq!(dialect.blocking(), Meaning::Later);
    }

    #[test]
    fn x_and_q() {
        assert_eq!(seen(&["x", "P"], "").freeing(), Meaning::Earlier);
        assert_eq!(seen(&["x", "R"], "").freeing(), Meaning::Later);
        assert_eq!(seen(&["x", "I"], "").freeing(), Meaning::Unknown);
        assert_eq!(seen(&["Iqn"], "").queue(), Meaning::Later);
        let mut dialect = seen(&["Iq"], "");
        dialect.note_without_holders(GlockFlags::parse(b"Iq"));
        assert_eq!(dialect.queue(), Meaning::Earlier);
    }
}
