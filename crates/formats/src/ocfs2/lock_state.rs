//! The state part of a lock's record: level, flags, what is asked and what is done (`struct ocfs2_lock_res`).

use std::fmt;

/// OCFS2's word for a lock's mode: of the six it uses NL, PR and EX.
pub use crate::mode::Mode as Level;

/// `l_flags` (`OCFS2_LOCK_*`, `fs/ocfs2/ocfs2.h`); bits of later kernels are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Flags(pub u64);

impl Flags {
    /// Attached to the DLM.
    pub const ATTACHED: u64 = 0x1;
    /// A DLM request of this node is under way.
    pub const BUSY: u64 = 0x2;
    /// Another node wants it: a downconvert is due.
    pub const BLOCKED: u64 = 0x4;
    /// Newly made here, not yet known to other nodes.
    pub const LOCAL: u64 = 0x8;
    /// Contents must be read again before use.
    pub const NEEDS_REFRESH: u64 = 0x10;
    /// Contents are being read again.
    pub const REFRESHING: u64 = 0x20;
    /// Set up.
    pub const INITIALIZED: u64 = 0x40;
    /// Being freed.
    pub const FREEING: u64 = 0x80;
    /// Queued for the downconvert thread.
    pub const QUEUED: u64 = 0x100;
    /// Dropped as soon as unused.
    pub const NOCACHE: u64 = 0x200;
    /// The request is on its way into the DLM.
    pub const PENDING: u64 = 0x400;
    /// An upconvert was just granted.
    pub const UPCONVERT_FINISHING: u64 = 0x800;
    /// A non-blocking request ended.
    pub const NONBLOCK_FINISHED: u64 = 0x1000;

    const NAMES: [(u64, &'static str); 13] = [
        (Flags::ATTACHED, "attached"),
        (Flags::BUSY, "busy"),
        (Flags::BLOCKED, "blocked"),
        (Flags::LOCAL, "local"),
        (Flags::NEEDS_REFRESH, "needs-refresh"),
        (Flags::REFRESHING, "refreshing"),
        (Flags::INITIALIZED, "initialized"),
        (Flags::FREEING, "freeing"),
        (Flags::QUEUED, "queued"),
        (Flags::NOCACHE, "nocache"),
        (Flags::PENDING, "pending"),
        (Flags::UPCONVERT_FINISHING, "upconvert-finishing"),
        (Flags::NONBLOCK_FINISHED, "nonblock-finished"),
    ];

    /// Whether all bits of `mask` are set.
    pub fn has(self, mask: u64) -> bool {
        self.0 & mask == mask
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut separator = "";
        for (bit, name) in Flags::NAMES {
            if self.has(bit) {
                write!(f, "{separator}{name}")?;
                rest &= !bit;
                separator = " ";
            }
        }
        if rest != 0 {
            write!(f, "{separator}{rest:#x}")?;
        } else if separator.is_empty() {
            f.write_str("none")?;
        }
        Ok(())
    }
}

/// `l_action`: what the DLM request under way does (`OCFS2_AST_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Action(pub u32);

impl Action {
    /// First request on the resource.
    pub const ATTACH: Action = Action(1);
    /// To a stronger level.
    pub const CONVERT: Action = Action(2);
    /// To a weaker level, for another node.
    pub const DOWNCONVERT: Action = Action(3);
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("none"),
            1 => f.write_str("attach"),
            2 => f.write_str("convert"),
            3 => f.write_str("downconvert"),
            other => write!(f, "{other:#x}"),
        }
    }
}

/// `l_unlock_action` (`OCFS2_UNLOCK_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnlockAction(pub u32);

impl fmt::Display for UnlockAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("none"),
            1 => f.write_str("cancel convert"),
            2 => f.write_str("drop lock"),
            other => write!(f, "{other:#x}"),
        }
    }
}

/// Fields 3 to 10 of a record: what this node has, wants and is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LockState {
    /// Granted.
    pub level: Level,
    /// `l_flags`.
    pub flags: Flags,
    /// Request under way.
    pub action: Action,
    /// Unlock under way.
    pub unlock_action: UnlockAction,
    /// Local users that hold it shared now.
    pub ro_holders: u32,
    /// Local users that hold it exclusively now.
    pub ex_holders: u32,
    /// Level of the last or pending DLM request of this node.
    pub requested: Level,
    /// Strongest level another node wants; IV or NL: none.
    pub blocking: Level,
}

/// Which level a node's first waiter wants, as far as the record tells (it does not record it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Wanted {
    /// This level.
    Level(Level),
    /// PR or EX: the lock is being taken from this node, and every local request waits for that.
    PrOrEx,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Level(level) => level.fmt(f),
            Wanted::PrOrEx => f.write_str("PR|EX"),
        }
    }
}

impl LockState {
    /// The level the first waiter here wants, given that there is one.
    ///
    /// An upconvert under way names it. While the lock is taken from this node (`requested` is then the level it falls
    /// to), a request waits if it is not compatible with what the other node wants
    /// (`ocfs2_may_continue_on_blocked_lock`): behind a blocked PR only EX waits, behind a blocked EX both do.
    pub fn wanted(&self) -> Wanted {
        let upconverting = self.flags.has(Flags::BUSY) && self.action != Action::DOWNCONVERT && self.requested > self.level;
        if upconverting {
            Wanted::Level(self.requested)
        } else if self.blocking == Level::PR {
            Wanted::Level(Level::EX)
        } else {
            Wanted::PrOrEx
        }
    }

    /// Whether this node keeps others waiting: it is granted a level that the strongest blocked request cannot share.
    pub fn blocks_others(&self) -> bool {
        match self.blocking {
            Level::EX => self.level >= Level::PR,
            Level::PR => self.level >= Level::EX,
            _ => false,
        }
    }

    /// The state folded to 24 bits, to notice a change cheaply. Holder counts are left out: they change all the time.
    pub fn fingerprint(&self) -> u32 {
        let byte = |level: Level| u64::from(level.0.cast_unsigned());
        let levels = byte(self.level) | byte(self.requested) << 8 | byte(self.blocking) << 16;
        let actions = u64::from(self.action.0) << 24 ^ u64::from(self.unlock_action.0) << 28;
        let all = self.flags.0 << 32 ^ self.flags.0 >> 32 ^ levels ^ actions;
        (all.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(level: i8, flags: u64, action: u32, requested: i8, blocking: i8) -> LockState {
        LockState {
            level: Level(level),
            flags: Flags(flags),
            action: Action(action),
            unlock_action: UnlockAction(0),
            ro_holders: 0,
            ex_holders: 0,
            requested: Level(requested),
            blocking: Level(blocking),
        }
    }

    #[test]
    fn the_level_a_waiter_wants() {
        // A flock asked for EX while another node holds it.
        assert_eq!(state(0, 0x243, 2, 5, -1).wanted(), Wanted::Level(Level::EX));
        // Downconverting EX to NL for another node's EX: the waiter's level is not recorded.
        assert_eq!(state(5, 0x547, 3, 0, 5).wanted(), Wanted::PrOrEx);
        // Falling to PR: only a request for EX has to wait.
        assert_eq!(state(5, 0x547, 3, 3, 3).wanted(), Wanted::Level(Level::EX));
    }

    #[test]
    fn flags_read_as_words_and_unknown_bits_stay() {
        assert_eq!(Flags(0x243).to_string(), "attached busy initialized nocache");
        assert_eq!(Flags(0).to_string(), "none");
        assert_eq!(Flags(0x1_0000).to_string(), "0x10000");
    }

    #[test]
    fn who_blocks_others() {
        assert!(state(5, 0x45, 0, 5, 5).blocks_others());
        assert!(state(3, 0x45, 0, 3, 5).blocks_others());
        assert!(!state(3, 0x45, 0, 3, 3).blocks_others());
        assert!(!state(0, 0x45, 0, 0, 5).blocks_others());
    }
}
