//! How far a lockspace's recovery is, and the state of the links between nodes.
//!
//! ```text
//! /sys/kernel/dlm/LS/recover_status            55          hex (dlm_recover_status, fs/dlm/lockspace.c)
//! /sys/kernel/debug/dlm/comms/NODE/state       ESTABLISHED (dlm_state_str, fs/dlm/midcomms.c, since 5.15)
//! /sys/kernel/debug/dlm/comms/NODE/flags       0           decimal
//! /sys/kernel/debug/dlm/comms/NODE/version     0x00030002  0x00000000 before the first message
//! ```

use crate::scan::{decimal, hex, prefixed_hex};
use std::fmt;

/// What a node has done of the recovery (`DLM_RS_*`, `fs/dlm/dlm_internal.h`). The `_ALL` bits are set only on the member with the
/// lowest number, which gathers the others: at rest it says `ff` and they `55`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecoverStatus(pub u32);

impl RecoverStatus {
    /// The members are known.
    pub const NODES: u32 = 0x1;
    /// The directory is rebuilt.
    pub const DIR: u32 = 0x4;
    /// The locks are rebuilt.
    pub const LOCKS: u32 = 0x10;
    /// Recovery is done on this node.
    pub const DONE: u32 = 0x40;

    const WORDS: [(u32, &str); 8] = [
        (Self::NODES, "NODES"),
        (0x2, "NODES_ALL"),
        (Self::DIR, "DIR"),
        (0x8, "DIR_ALL"),
        (Self::LOCKS, "LOCKS"),
        (0x20, "LOCKS_ALL"),
        (Self::DONE, "DONE"),
        (0x80, "DONE_ALL"),
    ];

    /// The file's number; `None` if it is none.
    pub fn parse(text: &[u8]) -> Option<RecoverStatus> {
        hex(text.trim_ascii()).and_then(|bits| u32::try_from(bits).ok()).map(RecoverStatus)
    }

    /// Whether this node is done with the recovery.
    pub fn is_done(self) -> bool {
        self.0 & Self::DONE != 0
    }
}

impl fmt::Display for RecoverStatus {
    /// Words of the set bits, blanks between, unknown bits in hex at the end; "none" if none is set: recovery begins.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("none");
        }
        let (mut unknown, mut blank) = (self.0, "");
        for (bit, word) in Self::WORDS {
            if self.0 & bit != 0 {
                write!(f, "{blank}{word}")?;
                blank = " ";
                unknown &= !bit;
            }
        }
        if unknown == 0 { Ok(()) } else { write!(f, "{blank}{unknown:#x}") }
    }
}

/// State of the link to a node, as TCP names them (`dlm_state_str`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LinkState {
    /// No link; also what a node says of itself.
    Closed,
    /// In use.
    Established,
    /// A node leaves: `FIN_WAIT1`, `FIN_WAIT2`, `CLOSE_WAIT`, `LAST_ACK`, `CLOSING`, or a later kernel's word.
    Other(String),
}

impl LinkState {
    /// The state that the file names; `None` if it is empty.
    pub fn parse(text: &[u8]) -> Option<LinkState> {
        match text.trim_ascii() {
            b"" => None,
            b"CLOSED" => Some(LinkState::Closed),
            b"ESTABLISHED" => Some(LinkState::Established),
            other => Some(LinkState::Other(String::from_utf8_lossy(other).into_owned())),
        }
    }

    /// The kernel's word.
    pub fn word(&self) -> &str {
        match self {
            LinkState::Closed => "CLOSED",
            LinkState::Established => "ESTABLISHED",
            LinkState::Other(word) => word,
        }
    }
}

/// Flags of a link by bit number (`DLM_NODE_FLAG_*`, `fs/dlm/midcomms.c`): 1 close, 2 stop sending, 3 stop receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LinkFlags(pub u64);

impl LinkFlags {
    /// The file's number; `None` if it is none.
    pub fn parse(text: &[u8]) -> Option<LinkFlags> {
        decimal(text.trim_ascii()).map(LinkFlags)
    }
}

impl fmt::Display for LinkFlags {
    /// Words of the set bits, blanks between, unknown bits in hex at the end; "none" if none is set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("none");
        }
        let (mut unknown, mut blank) = (self.0, "");
        for (bit, word) in [(0x2, "CLOSE"), (0x4, "STOP_TX"), (0x8, "STOP_RX")] {
            if self.0 & bit != 0 {
                write!(f, "{blank}{word}")?;
                blank = " ";
                unknown &= !bit;
            }
        }
        if unknown == 0 { Ok(()) } else { write!(f, "{blank}{unknown:#x}") }
    }
}

/// Protocol version of a link, such as 0x00030002; `None` if the file has none, or 0: nothing was received yet.
pub fn link_version(text: &[u8]) -> Option<u32> {
    prefixed_hex(text.trim_ascii()).and_then(|version| u32::try_from(version).ok()).filter(|&version| version != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_in_words() {
        let status = RecoverStatus::parse(b"55\n").unwrap();
        assert_eq!((status.to_string().as_str(), status.is_done()), ("NODES DIR LOCKS DONE", true));
        let status = RecoverStatus::parse(b"103\n").unwrap();
        assert_eq!((status.to_string().as_str(), status.is_done()), ("NODES NODES_ALL 0x100", false));
        assert_eq!(RecoverStatus::parse(b"0\n").unwrap().to_string(), "none");
        assert_eq!(RecoverStatus::parse(b""), None);
    }

    #[test]
    fn links() {
        assert_eq!(LinkState::parse(b"ESTABLISHED\n"), Some(LinkState::Established));
        assert_eq!(LinkState::parse(b"FIN_WAIT1\n").unwrap().word(), "FIN_WAIT1");
        assert_eq!(LinkState::parse(b"\n"), None);
        assert_eq!(LinkFlags::parse(b"20\n").unwrap().to_string(), "STOP_TX 0x10");
        assert_eq!(LinkFlags::parse(b"0\n").unwrap().to_string(), "none");
        assert_eq!((link_version(b"0x00030002\n"), link_version(b"0x00000000\n"), link_version(b"3")), (Some(0x30002), None, None));
    }
}
