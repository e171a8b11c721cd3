//! Reading, checking and changing `cluster.conf`.

mod check;
mod diff;
mod edit;
pub mod file;
mod fmt;
pub mod host;
mod list;
pub mod region;
mod remote;

use crate::place::Place;
use clap::{Args, Subcommand, ValueEnum};
use formats::cluster_conf::HeartbeatMode;
use std::net::Ipv4Addr;

/// Verbs about the configuration file.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Add a cluster to the configuration
    AddCluster {
        /// Name: 1 to 16 letters and digits
        cluster: String,
    },
    /// Remove a cluster with its nodes and heartbeat regions from the configuration
    RemoveCluster {
        /// Name
        cluster: String,
    },
    /// Add a node to a cluster of the configuration
    AddNode(AddNode),
    /// Remove a node from a cluster of the configuration
    RemoveNode {
        /// Cluster
        cluster: String,
        /// The node's name
        node: String,
    },
    /// Add a heartbeat region to a cluster of the configuration
    AddHeartbeat {
        /// Cluster
        cluster: String,
        /// UUID, or device of an OCFS2 volume that was formatted for the cluster
        region: String,
        /// Also if the volume was formatted for something else
        #[arg(long)]
        force: bool,
    },
    /// Remove a heartbeat region from a cluster of the configuration
    RemoveHeartbeat {
        /// Cluster
        cluster: String,
        /// UUID, or device
        region: String,
    },
    /// Set how a cluster of the configuration beats
    HeartbeatMode {
        /// Cluster
        cluster: String,
        /// On the mounted volumes, or on the regions of the configuration
        mode: Mode,
    },
    /// List the clusters of the configuration
    ListClusters,
    /// List what the configuration says of a cluster
    ListCluster(List),
    /// List the nodes of a cluster of the configuration
    ListNodes(List),
    /// List the heartbeat regions of a cluster of the configuration
    ListHeartbeats(List),
    /// Check, tidy and compare configurations
    Config {
        /// What to do
        #[command(subcommand)]
        verb: ConfigVerb,
    },
}

/// Arguments of `add-node`.
#[derive(Debug, Args)]
pub struct AddNode {
    /// Address in the cluster's network [default: the first IPv4 address of the node's name]
    #[arg(long, value_name = "IP")]
    ip: Option<Ipv4Addr>,
    /// TCP port
    #[arg(long, default_value_t = 7777, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=65534))]
    port: u16,
    /// Number, 0 to 254 [default: the lowest that is free]
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(0..=254))]
    number: Option<u8>,
    /// Cluster
    cluster: String,
    /// The node's name: its host name, or that up to a dot
    node: String,
}

/// Arguments of the listing verbs.
#[derive(Debug, Args)]
pub struct List {
    /// A line for each
    #[arg(long)]
    oneline: bool,
    /// Cluster
    cluster: String,
}

/// How a cluster beats.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Mode {
    /// On the regions of the configuration
    Global,
    /// On the mounted volumes
    Local,
}

impl From<Mode> for HeartbeatMode {
    fn from(mode: Mode) -> HeartbeatMode {
        match mode {
            Mode::Global => HeartbeatMode::Global,
            Mode::Local => HeartbeatMode::Local,
        }
    }
}

/// Verbs about the configuration as a whole.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Tell what is wrong in the configuration, or will hurt later
    Check {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the configuration in its usual form, with its comments
    Fmt {
        /// Change nothing; fail if something would change
        #[arg(long)]
        check: bool,
    },
    /// Compare this node's configuration with other nodes', over ssh
    Diff {
        /// Nodes, as ssh knows them
        #[arg(required = true, value_name = "NODE")]
        nodes: Vec<String>,
        /// How long to wait for each node, in seconds
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
        timeout: u64,
    },
}

/// Does one.
pub fn run(place: &Place, verb: &Verb, verbose: u8) -> anyhow::Result<u8> {
    if verbose > 0 {
        crate::say(&format!("Using config file '{}'", place.cluster_conf().display()));
    }
    let edit = edit::Edit { place, verbose };
    match verb {
        Verb::AddCluster { cluster } => edit.add_cluster(cluster),
        Verb::RemoveCluster { cluster } => edit.remove_cluster(cluster),
        Verb::AddNode(arguments) => edit.add_node(arguments),
        Verb::RemoveNode { cluster, node } => edit.remove_node(cluster, node),
        Verb::AddHeartbeat { cluster, region, force } => edit.add_heartbeat(cluster, region, *force),
        Verb::RemoveHeartbeat { cluster, region } => edit.remove_heartbeat(cluster, region),
        Verb::HeartbeatMode { cluster, mode } => edit.heartbeat_mode(cluster, (*mode).into()),
        Verb::ListClusters => list::run(place, &list::What::Clusters),
        Verb::ListCluster(list) => list::run(place, &list::What::Cluster(list)),
        Verb::ListNodes(list) => list::run(place, &list::What::Nodes(list)),
        Verb::ListHeartbeats(list) => list::run(place, &list::What::Heartbeats(list)),
        Verb::Config { verb: ConfigVerb::Check { json } } => check::run(place, *json),
        Verb::Config { verb: ConfigVerb::Fmt { check } } => fmt::run(place, *check),
        Verb::Config { verb: ConfigVerb::Diff { nodes, timeout } } => diff::run(place, nodes, *timeout),
    }
}
