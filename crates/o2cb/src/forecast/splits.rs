//! All ways in which the network of a cluster may fall into two parts, and who is left.

use super::cluster::Cluster;
use super::fault::Fault;
use super::outlook::{Effort, outlook};
use std::collections::BTreeSet;

/// Up to this many nodes all splits are told; above, that of each single node.
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
    groups.into_iter().map(|other| split(cluster, other)).collect()
}

fn split(cluster: &Cluster, other: BTreeSet<usize>) -> Split {
    let fault = Fault::split(other.iter().copied(), cluster);
    let first = (0..cluster.nodes.len()).filter(|node| !other.contains(node)).collect();
    Split { left: outlook(cluster, &[fault], Effort::Few).left, groups: (first, other) }
}
