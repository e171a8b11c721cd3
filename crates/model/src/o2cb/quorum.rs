//! What the network's quorum decides (`o2quo_make_decision`, `fs/ocfs2/cluster/quorum.c`), once no connection is awaited any more.

use std::collections::BTreeSet;

/// What the quorum says to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody else beats: there is nothing to decide.
    Alone,
    /// It goes on.
    Stays,
    /// It is connected with less than it takes.
    Minority {
        /// What it takes.
        needed: usize,
    },
    /// It is connected with half, without the lowest.
    HalfWithoutLowest,
}

/// The rule: how many beat, with how many of them a node is connected (both with itself), and whether the lowest that beats is
/// among them.
pub fn verdict(heartbeating: usize, connected: usize, lowest_reachable: bool) -> Verdict {
    let needed = heartbeating.div_ceil(2);
    if heartbeating <= 1 {
        Verdict::Alone
    } else if connected < needed {
        Verdict::Minority { needed }
    } else if heartbeating.is_multiple_of(2) && connected == needed && !lowest_reachable {
        Verdict::HalfWithoutLowest
    } else {
        Verdict::Stays
    }
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It stays.
    Stays,
    /// It fences itself: it is connected to fewer than so many of so many.
    TooFew {
        /// Nodes that it is connected to, with itself.
        connected: usize,
        /// Nodes that it would have to be connected to.
        needed: usize,
    },
    /// It fences itself: it has half, without the lowest node.
    HalfWithoutLowest {
        /// The lowest node that beats.
        lowest: u8,
    },
}

/// What node `own` decides: `beating` are the nodes that beat, with itself; `connected` those that it is connected to, with or without
/// itself.
pub fn decide(own: u8, beating: &BTreeSet<u8>, connected: &BTreeSet<u8>) -> Decision {
    if !beating.contains(&own) {
        return Decision::Stays;
    }
    let have = connected.iter().filter(|&&node| node != own).count() + 1;
    let lowest = beating.first().copied().unwrap_or(own);
    match verdict(beating.len(), have, lowest == own || connected.contains(&lowest)) {
        Verdict::Alone | Verdict::Stays => Decision::Stays,
        Verdict::Minority { needed } => Decision::TooFew { connected: have, needed },
        Verdict::HalfWithoutLowest => Decision::HalfWithoutLowest { lowest },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(nodes: &[u8]) -> BTreeSet<u8> {
        nodes.iter().copied().collect()
    }

    #[test]
    fn who_goes_on() {
        for (beating, connected, lowest, expected) in [
            (1, 1, true, Verdict::Alone),
            (2, 1, true, Verdict::Stays),
            (2, 1, false, Verdict::HalfWithoutLowest),
            (3, 2, false, Verdict::Stays),
            (3, 1, true, Verdict::Minority { needed: 2 }),
            (4, 2, true, Verdict::Stays),
            (4, 2, false, Verdict::HalfWithoutLowest),
            (4, 1, true, Verdict::Minority { needed: 2 }),
            (5, 3, false, Verdict::Stays),
            (5, 2, true, Verdict::Minority { needed: 3 }),
        ] {
            assert_eq!(verdict(beating, connected, lowest), expected, "{beating} beat, {connected} connected");
        }
    }

    #[test]
    fn of_two_nodes_the_higher_one_loses() {
        let both = set(&[1, 2]);
        assert_eq!(decide(1, &both, &set(&[])), Decision::Stays);
        assert_eq!(decide(2, &both, &set(&[])), Decision::HalfWithoutLowest { lowest: 1 });
    }

    #[test]
    fn of_three_the_one_alone_loses() {
        let all = set(&[1, 2, 3]);
        assert_eq!(decide(1, &all, &set(&[])), Decision::TooFew { connected: 1, needed: 2 });
        assert_eq!(decide(2, &all, &set(&[3])), Decision::Stays);
        assert_eq!(decide(3, &all, &set(&[2, 3])), Decision::Stays, "itself counts once");
        assert_eq!(decide(1, &set(&[1]), &set(&[])), Decision::Stays);
    }

    proptest! {
        /// However a network splits in two, one side stays whole, and of the other nobody does.
        #[test]
        fn a_clean_split_leaves_one_side(beating in proptest::collection::btree_set(0u8..255, 2..12), cut: u64) {
            let side = |node: &u8| cut >> (node % 64) & 1 == 1;
            let (left, right): (BTreeSet<u8>, BTreeSet<u8>) = beating.iter().copied().partition(side);
            prop_assume!(!left.is_empty() && !right.is_empty());
            let stays = |side: &BTreeSet<u8>| {
                let all: BTreeSet<bool> = side.iter().map(|&node| decide(node, &beating, side) == Decision::Stays).collect();
                prop_assert_eq!(all.len(), 1);
                Ok(all.contains(&true))
            };
            prop_assert!(stays(&left)? != stays(&right)?);
        }
    }
}
