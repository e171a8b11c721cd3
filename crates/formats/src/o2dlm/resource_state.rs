//! State bits of a lock resource of o2dlm (`DLM_LOCK_RES_*`, `fs/ocfs2/dlm/dlmcommon.h`).

use std::fmt;

/// What is going on with a lock resource; 0: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResourceState(pub u32);

/// Every known bit and its word.
const WORDS: [(u32, &str); 10] = [
    (0x1, "uninitialised"),
    (0x2, "recovering"),
    (0x4, "ready"),
    (0x8, "dirty"),
    (0x10, "in progress"),
    (0x20, "migrating"),
    (0x40, "dropping reference"),
    (0x1000, "block dirty"),
    (0x2000, "setting reference"),
    (0x4000, "recovery waiting"),
];

impl ResourceState {
    /// The owner died: its locks are being collected from the others.
    pub fn recovering(self) -> bool {
        self.0 & 0x2 != 0
    }

    /// A queue changed: the DLM thread has to look for what can be granted.
    pub fn dirty(self) -> bool {
        self.0 & 0x8 != 0
    }

    /// A request of this node is on its way, or the owner is being found.
    pub fn in_progress(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// It is moving to another owner.
    pub fn migrating(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// This node is telling the owner that it needs it no more.
    pub fn dropping_reference(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// A node that had locks here died: nothing is granted until its recovery ends (Linux 3.17).
    pub fn recovery_waiting(self) -> bool {
        self.0 & 0x4000 != 0
    }

    /// A word for each bit that is set, from the lowest; an unknown bit is told in hex.
    pub fn words(self) -> Vec<String> {
        let bits = (0..u32::BITS).map(|bit| 1u32 << bit).filter(|bit| self.0 & bit != 0);
        bits.map(|bit| WORDS.iter().find(|(known, _)| *known == bit).map_or(format!("{bit:#x}"), |(_, word)| (*word).to_owned())).collect()
    }
}

impl fmt::Display for ResourceState {
    /// The words with commas between; empty for 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_has_a_word() {
        assert_eq!(ResourceState(16392).to_string(), "dirty, recovery waiting");
        assert_eq!(ResourceState(0x8000_0002).words(), ["recovering", "0x80000000"]);
        assert!(ResourceState(0x2).recovering() && ResourceState(0x20).migrating() && ResourceState(0x4000).recovery_waiting());
        assert_eq!(ResourceState(0).to_string(), "");
    }
}
