//! What a forecast is about: a cluster as its kernels would run it.

use super::timing::Settings;
use formats::cluster_conf::HeartbeatMode;
use std::collections::BTreeSet;

/// A cluster. Nodes and regions are named by their index here, so that what is wrong with a name is told before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// How its nodes beat.
    pub mode: HeartbeatMode,
    /// The nodes that beat, by number.
    pub nodes: Vec<Node>,
    /// Where they beat.
    pub regions: Vec<Region>,
    /// Its timeouts.
    pub settings: Settings,
}

/// A node that beats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its number, 0 to 254: in a draw the lowest decides.
    pub number: u8,
    /// Its name.
    pub name: String,
}

/// A region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The UUID of its volume; `None`: the configuration does not name the volumes that will be mounted.
    pub uuid: Option<String>,
    /// The kernel's name of its device, where it is known.
    pub device: Option<String>,
    /// Indices of the nodes that beat in it.
    pub members: BTreeSet<usize>,
    /// Whether it counts for the rule of half the regions, in global mode.
    pub quorum: bool,
}

impl Cluster {
    /// A cluster whose nodes all beat in all of its regions; nodes are ordered by number.
    pub fn new(name: &str, mode: HeartbeatMode, mut nodes: Vec<Node>, regions: usize, settings: Settings) -> Cluster {
        nodes.sort_by_key(|node| node.number);
        let members: BTreeSet<usize> = (0..nodes.len()).collect();
        let region = Region { uuid: None, device: None, members, quorum: true };
        Cluster { name: name.to_owned(), mode, nodes, regions: vec![region; regions], settings }
    }

    /// The same with other timeouts.
    #[must_use]
    pub fn with(&self, settings: Settings) -> Cluster {
        Cluster { settings, ..self.clone() }
    }

    /// The same without a node.
    #[must_use]
    pub fn without(&self, node: usize) -> Cluster {
        let mut cluster = self.clone();
        if node < cluster.nodes.len() {
            cluster.nodes.remove(node);
        }
        for region in &mut cluster.regions {
            let left = region.members.iter().filter(|&&member| member != node);
            region.members = left.map(|&member| if member > node { member - 1 } else { member }).collect();
        }
        cluster
    }

    /// The index of the node with this name or number.
    pub fn node(&self, named: &str) -> Option<usize> {
        let number = named.parse::<u8>().ok();
        let by_name = self.nodes.iter().position(|node| node.name == named);
        by_name.or_else(|| self.nodes.iter().position(|node| Some(node.number) == number))
    }

    /// The name of a node.
    pub fn name_of(&self, node: usize) -> &str {
        self.nodes.get(node).map_or("?", |node| node.name.as_str())
    }

    /// Names of nodes, with commas between.
    pub fn names_of<'a>(&'a self, nodes: impl IntoIterator<Item = &'a usize>) -> String {
        nodes.into_iter().map(|&node| self.name_of(node)).collect::<Vec<_>>().join(", ")
    }

    /// Names of a set of nodes; of a large cluster nearly all are "all but" the one that is missing.
    pub fn names_of_set(&self, nodes: &BTreeSet<usize>) -> String {
        let missing: BTreeSet<usize> = (0..self.nodes.len()).filter(|node| !nodes.contains(node)).collect();
        if nodes.len() > 7 && missing.len() == 1 { format!("all but {}", self.names_of(&missing)) } else { self.names_of(nodes) }
    }

    /// How a region is called: device, else as much of its UUID as tells it from the others, else what it is.
    pub fn region_name(&self, region: usize) -> String {
        match self.regions.get(region) {
            Some(Region { device: Some(device), .. }) => device.clone(),
            Some(Region { uuid: Some(uuid), .. }) => {
                let short: String = uuid.chars().take(8).collect();
                let like = self.regions.iter().filter(|other| other.uuid.as_ref().is_some_and(|other| other.starts_with(&short)));
                if like.count() > 1 { uuid.clone() } else { short }
            }
            _ if self.regions.len() == 1 => "the region".to_owned(),
            _ => format!("region {}", region + 1),
        }
    }

    /// Nodes that share a region with `node`, without itself: those that it sees beat and is connected with.
    pub fn peers(&self, node: usize) -> BTreeSet<usize> {
        let shared = self.regions.iter().filter(|region| region.members.contains(&node));
        shared.flat_map(|region| region.members.iter().copied()).filter(|&peer| peer != node).collect()
    }
}
