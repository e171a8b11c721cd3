//! All ways in which the network of a cluster may fall into two parts, and who is left.

use super::cluster::Cluster;
use super::fault::Fault;
use super::outlook::{BUDGET, Effort, cost, outlook};
use model::o2cb::quorum::{Verdict, verdict};
use std::collections::BTreeSet;

/// Up to this many nodes all splits are told, each as the engine plays it if that is not too much; above, that of each single node, by
/// the rule alone.
pub const ALL_SPLITS: usize = 8;

/// A split into two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The group with the lowest node, and the other.
    pub groups: (BTreeSet<usize>, BTreeSet<usize>),
    /// The sets of nodes that may be left.
    pub left: Vec<BTreeSet<usize>>,
}

/// The splits of a cluster: single nodes first.
pub fn splits(cluster: &Cluster) -> Vec<Split> {
    let count = cluster.nodes.len();
    if count < 2 {
        return Vec::new();
    }
    let mut groups: Vec<BTreeSet<usize>> = if count <= ALL_SPLITS {
        // Bit n: whether node n + 1 is in the group without the lowest.
        let others = |bits: u32| (1..count).filter(|&node| bits & (1 << (node - 1)) != 0).collect();
        (1..1_u32 << (count - 1)).map(others).collect()
    } else {
        (0..count).map(|node| if node == 0 { (1..count).collect() } else { [node].into() }).collect()
    };
    groups.sort_by_key(|group| {
        let first: BTreeSet<usize> = (0..count).filter(|node| !group.contains(node)).collect();
        (first.len().min(group.len()), if first.len() < group.len() { first } else { group.clone() })
    });
    let each = cost(cluster, &[Fault::split([0], cluster)]).saturating_mul(2);
    let rule = (count > ALL_SPLITS || each.saturating_mul(groups.len()) > BUDGET).then(|| OfRule::new(cluster));
    let effort = Effort::few(groups.len());
    groups.into_iter().map(|other| split(cluster, rule.as_ref(), effort, other)).collect()
}

fn split(cluster: &Cluster, rule: Option<&OfRule>, effort: Effort, other: BTreeSet<usize>) -> Split {
    let first: BTreeSet<usize> = (0..cluster.nodes.len()).filter(|node| !other.contains(node)).collect();
    let left = match rule {
        Some(rule) => vec![rule.left(&first, &other)],
        None => outlook(cluster, &[Fault::split(other.iter().copied(), cluster)], effort).left,
    };
    Split { left, groups: (first, other) }
}

/// Who is left by the rule of the quorum, while all beat: nothing is run, as that takes too long for a split of each of many nodes.
struct OfRule {
    /// Of each node: who beats for it, with itself.
    beating: Vec<BTreeSet<usize>>,
}

impl OfRule {
    fn new(cluster: &Cluster) -> OfRule {
        let beating = |node: usize| cluster.peers(node).into_iter().chain([node]).collect();
        OfRule { beating: (0..cluster.nodes.len()).map(beating).collect() }
    }

    fn left(&self, one: &BTreeSet<usize>, other: &BTreeSet<usize>) -> BTreeSet<usize> {
        let stays = |node: usize, beating: &BTreeSet<usize>| {
            let side = if one.contains(&node) { one } else { other };
            let lowest = beating.first().is_some_and(|lowest| side.contains(lowest));
            matches!(verdict(beating.len(), beating.intersection(side).count(), lowest), Verdict::Alone | Verdict::Stays)
        };
        self.beating.iter().enumerate().filter(|(node, beating)| stays(*node, beating)).map(|(node, _)| node).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::tests::testing::cluster;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_rule_alone_says_what_a_run_says(count in 2_u8..7, local in 0_u8..7, region: bool) {
            // Some beat in a second region only.
            let mut cluster = cluster(count);
            if region {
                let mut second = cluster.regions[0].clone();
                second.members = (usize::from(local.min(count - 1))..usize::from(count)).collect();
                cluster.regions[0].members = (0..=usize::from(local.min(count - 1))).collect();
                cluster.regions.push(second);
            }
            let rule = OfRule::new(&cluster);
            for split in splits(&cluster) {
                prop_assert_eq!(&split.left, &[rule.left(&split.groups.0, &split.groups.1)], "{:?}", split.groups);
            }
        }
    }

    #[test]
    fn of_many_nodes_the_single_one_is_lost() {
        for count in [9, 254] {
            let all = splits(&cluster(count));
            assert_eq!(all.len(), usize::from(count));
            assert!(all.iter().all(
                |split| split.left == [[&split.groups.0, &split.groups.1].into_iter().max_by_key(|group| group.len()).unwrap().clone()]
            ));
        }
    }
}
