//! State of a glock: `UN`, `SH`, `DF`, `EX` (`state2str`, `fs/gfs2/glock.c`, all kernels since 2.6.32).

use crate::mode::Mode;
use std::fmt;

/// What a glock is in, or a holder asks for. Ordered as listed below; the order says nothing about compatibility.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GlockState(u8);

impl GlockState {
    /// Unlocked: nothing cached. The DLM lock is NL, or there is none.
    pub const UN: GlockState = GlockState(0);
    /// Shared: data and metadata may be read and cached.
    pub const SH: GlockState = GlockState(1);
    /// Deferred: metadata cached, data not; direct I/O.
    pub const DF: GlockState = GlockState(2);
    /// Exclusive: everything cached, and may be dirty.
    pub const EX: GlockState = GlockState(3);
    /// A value the kernel has no letters for: it prints `??`.
    pub const UNKNOWN: GlockState = GlockState(4);

    /// All five.
    pub const ALL: [GlockState; 5] = [Self::UN, Self::SH, Self::DF, Self::EX, Self::UNKNOWN];

    /// Reads the two letters; `None` for letters no kernel prints.
    #[inline]
    pub fn parse(word: &[u8]) -> Option<GlockState> {
        let [a, b] = word else { return None };
        Self::of(*a, *b)
    }

    /// The state of these two letters.
    #[inline]
    pub(crate) fn of(a: u8, b: u8) -> Option<GlockState> {
        match (a, b) {
            (b'U', b'N') => Some(Self::UN),
            (b'S', b'H') => Some(Self::SH),
            (b'D', b'F') => Some(Self::DF),
            (b'E', b'X') => Some(Self::EX),
            (b'?', b'?') => Some(Self::UNKNOWN),
            _ => None,
        }
    }

    /// The kernel's two letters.
    pub fn word(self) -> &'static str {
        match self {
            Self::UN => "UN",
            Self::SH => "SH",
            Self::DF => "DF",
            Self::EX => "EX",
            _ => "??",
        }
    }

    /// The mode of the DLM lock behind it (`make_mode`, `fs/gfs2/lock_dlm.c`). UN may also have no DLM lock at all.
    pub fn mode(self) -> Mode {
        match self {
            Self::UN => Mode::NL,
            Self::SH => Mode::PR,
            Self::DF => Mode::CW,
            Self::EX => Mode::EX,
            _ => Mode::IV,
        }
    }
}

impl fmt::Display for GlockState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Debug for GlockState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_map_to_modes() {
        for state in GlockState::ALL {
            assert_eq!(GlockState::parse(state.word().as_bytes()), Some(state));
        }
        assert_eq!(GlockState::ALL.map(GlockState::mode), [Mode::NL, Mode::PR, Mode::CW, Mode::EX, Mode::IV]);
        for other in ["", "U", "SHX", "PR", "sh"] {
            assert_eq!(GlockState::parse(other.as_bytes()), None, "{other}");
        }
    }
}
