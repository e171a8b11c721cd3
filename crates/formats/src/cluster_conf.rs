//! `/etc/ocfs2/cluster.conf`: O2CB's clusters, their nodes and, in global mode, their heartbeat regions.
//!
//! A [`Document`] is the file with every byte of it. It accepts what the reader of ocfs2-tools accepts, tells by line and column
//! what that reader, the kernel or time will refuse, says what the rest means as a [`Config`], and can be changed in one place
//! while all others stay as they are.

mod canonical;
mod check;
mod document;
mod edit;
mod host;
mod layout;
pub mod rules;
mod syntax;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use document::Document;
pub use edit::EditError;
pub use host::{Host, is_local, is_region};

use std::net::Ipv4Addr;

/// How a cluster's nodes beat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeartbeatMode {
    /// Each mounted volume carries its own region; the kernel's default.
    #[default]
    Local,
    /// The regions that the configuration names carry the heartbeat of all volumes.
    Global,
}

impl HeartbeatMode {
    /// As the file says it.
    pub fn word(self) -> &'static str {
        match self {
            HeartbeatMode::Local => "local",
            HeartbeatMode::Global => "global",
        }
    }
}

/// What a valid configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Clusters, in the file's order.
    pub clusters: Vec<Cluster>,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Name, 1 to 16 letters and digits.
    pub name: String,
    /// `node_count` as the file says it; the C tools never compare it with the number of nodes.
    pub node_count: u32,
    /// How its nodes beat.
    pub mode: HeartbeatMode,
    /// Nodes, in the file's order.
    pub nodes: Vec<Node>,
    /// UUIDs of heartbeat regions, in the file's order. What is not 32 upper-case hexadecimal digits is told by
    /// [`rules::NOT_A_UUID`]: the kernel takes other names, too, but no volume has them.
    pub regions: Vec<String>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Name, 1 to 64 bytes: the machine's host name, or that up to a dot.
    pub name: String,
    /// Number, 0 to 254.
    pub number: u8,
    /// Address of the cluster's network.
    pub address: Ipv4Addr,
    /// TCP port, 1 to 65534.
    pub port: u16,
}
