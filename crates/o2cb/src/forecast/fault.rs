//! What goes wrong in a forecast.

use super::cluster::Cluster;
use std::collections::BTreeSet;

/// One thing that goes wrong. Times are milliseconds since the beginning of the forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub what: What,
    /// When it begins, 0 or later.
    pub start_ms: i64,
    /// When it is over; `None`: it stays.
    pub end_ms: Option<i64>,
}

/// What goes wrong. Nodes and regions are indices into the [`Cluster`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The network falls into groups; whoever is in none of them is alone.
    Split(Vec<BTreeSet<usize>>),
    /// Requests to these regions do not return at these nodes.
    Stall(Spot),
    /// Requests to these regions fail at once at these nodes.
    IoError(Spot),
    /// The node is gone, without a word.
    Kill(usize),
}

/// Where storage fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Regions.
    pub regions: BTreeSet<usize>,
    /// Nodes.
    pub nodes: BTreeSet<usize>,
}

impl Spot {
    /// Whether the region fails at the node.
    pub fn has(&self, node: usize, region: usize) -> bool {
        self.nodes.contains(&node) && self.regions.contains(&region)
    }

    /// All regions at one node.
    pub fn of_node(cluster: &Cluster, node: usize) -> Spot {
        Spot { regions: (0..cluster.regions.len()).collect(), nodes: [node].into() }
    }

    /// All regions at all nodes.
    pub fn everywhere(cluster: &Cluster) -> Spot {
        Spot { regions: (0..cluster.regions.len()).collect(), nodes: (0..cluster.nodes.len()).collect() }
    }
}

impl Fault {
    /// A fault from the beginning on, for good.
    pub fn new(what: What) -> Fault {
        Fault { what, start_ms: 0, end_ms: None }
    }

    /// The nodes of one group cut off from all others.
    pub fn split(group: impl IntoIterator<Item = usize>, cluster: &Cluster) -> Fault {
        let group: BTreeSet<usize> = group.into_iter().collect();
        let rest = (0..cluster.nodes.len()).filter(|node| !group.contains(node)).collect();
        Fault::new(What::Split(vec![group, rest]))
    }

    /// Whether it separates the two.
    pub(super) fn cuts(&self, one: usize, other: usize) -> bool {
        match &self.what {
            What::Split(groups) => one != other && !groups.iter().any(|group| group.contains(&one) && group.contains(&other)),
            _ => false,
        }
    }
}
