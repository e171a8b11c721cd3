//! Which node masters a resource, as a node's copy of it says (`res_nodeid`, `fs/dlm/dlm_internal.h`). The kernel prints the
//! number signed in formats 1, 3 and 4 and unsigned in format 2.

/// Who masters a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Master {
    /// The node whose file it is.
    Here,
    /// Another node, by its DLM number (corosync's node id), from 1.
    Node(u32),
    /// Not known yet: the directory node has not answered. Printed -1 or 4294967295.
    LookingUp,
}

impl Master {
    /// The master of this `res_nodeid`; `None` for a number that no kernel sets (below -1, or beyond 32 bits).
    pub fn from_number(number: i64) -> Option<Master> {
        match number {
            0 => Some(Master::Here),
            -1 | 4_294_967_295 => Some(Master::LookingUp),
            1..=2_147_483_647 => Some(Master::Node(number as u32)),
            _ => None,
        }
    }

    /// The kernel's number: 0, a node, or -1.
    pub fn number(self) -> i64 {
        match self {
            Master::Here => 0,
            Master::Node(node) => i64::from(node),
            Master::LookingUp => -1,
        }
    }
}

/// A node's number where 0 and -1 mean that no node is named.
pub(super) fn node(number: i64) -> Option<u32> {
    u32::try_from(number).ok().filter(|&number| number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_lookup_are_signed_or_not() {
        assert_eq!(Master::from_number(-1), Some(Master::LookingUp));
        assert_eq!(Master::from_number(4_294_967_295), Some(Master::LookingUp));
        assert_eq!(Master::from_number(-2), None);
        for master in [Master::Here, Master::Node(7), Master::LookingUp] {
            assert_eq!(Master::from_number(master.number()), Some(master));
        }
    }
}
