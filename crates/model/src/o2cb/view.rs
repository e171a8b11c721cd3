//! One moment of O2CB's stack. Its JSON is this, field by field; times are in the unit that their names end with.

use crate::finding::Severity;
use serde::Serialize;
use std::net::Ipv4Addr;

/// See the module's text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct O2cbView {
    /// The worst of what follows, in one line.
    pub verdict: String,
    /// How bad that is; `null`: all is well.
    pub severity: Option<Severity>,
    /// The nodes that are looked at, by the viewer's number.
    pub nodes: Vec<NodeSeen>,
    /// The clusters that they are part of, by name; one, unless nodes of several are looked at.
    pub clusters: Vec<ClusterView>,
    /// What is wrong, worst first.
    pub troubles: Vec<Trouble>,
}

/// A node that is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NodeSeen {
    /// Name by which it is looked at.
    pub name: String,
    /// `live`, `connecting`, `late`, or why it is not seen.
    pub state: String,
    /// Its word counts.
    pub counts: bool,
    /// How old its word is, ms.
    pub age_ms: Option<u64>,
    /// The cluster that its kernel has.
    pub cluster: Option<String>,
    /// Its number there.
    pub number: Option<u8>,
    /// Files that could not be read.
    pub unread: Vec<String>,
}

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClusterView {
    /// Its name.
    pub name: String,
    /// `local` or `global`.
    pub heartbeat_mode: Option<&'static str>,
    /// The dead threshold.
    pub threshold: Option<u32>,
    /// A node fences itself when its last good beat is so old, ms: (threshold - 1) × 2 s.
    pub fence_ms: Option<u64>,
    /// Others declare a node dead when it has not beaten for so long, ms: threshold × 2 s.
    pub dead_ms: Option<u64>,
    /// So long after a connection is lost the quorum decides, ms: (threshold + 2) × 2 s.
    pub quorum_ms: Option<u64>,
    /// How long a connection may be silent, ms.
    pub idle_timeout_ms: Option<u32>,
    /// Silence after which a keepalive is sent, ms.
    pub keepalive_delay_ms: Option<u32>,
    /// Time between attempts to connect, ms.
    pub reconnect_delay_ms: Option<u32>,
    /// `reset` or `panic`.
    pub fence_method: Option<String>,
    /// The nodes that the kernels know, by number.
    pub members: Vec<MemberView>,
    /// The regions, by UUID.
    pub regions: Vec<RegionView>,
    /// The connections, each as the nodes at its ends tell it.
    pub connections: Vec<LinkView>,
    /// Why idle times are not known, by node.
    pub idle_unknown: Vec<(String, String)>,
    /// The domains, by name.
    pub domains: Vec<DomainView>,
}

/// A node that the kernels know.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MemberView {
    /// Number.
    pub number: u8,
    /// Name.
    pub name: String,
    /// Address.
    pub address: Option<Ipv4Addr>,
    /// Port.
    pub port: Option<u16>,
    /// Whether it is looked at, and its word counts.
    pub seen: bool,
    /// Whether the kernels count it among the living; `null`: none tells.
    pub live: Option<bool>,
}

/// A heartbeat region.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RegionView {
    /// UUID of its volume.
    pub uuid: String,
    /// Its number in global mode.
    pub number: Option<u32>,
    /// Its slots, by number: those of the known nodes, and others that are used.
    pub slots: Vec<CellView>,
    /// As each node that is looked at has it.
    pub on_nodes: Vec<RegionOnNode>,
}

/// A region on a node that is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RegionOnNode {
    /// The node.
    pub node: String,
    /// The kernel's name of its device.
    pub device: Option<String>,
    /// `runs`, `not started`, `gone`.
    pub thread: Option<&'static str>,
    /// ms since the node's last good beat; 0: it never beat.
    pub elapsed_ms: Option<u64>,
    /// Whether a domain holds it.
    pub pinned: Option<bool>,
    /// Whether it counts for the quorum; `null` in local mode.
    pub quorum: Option<bool>,
    /// Whether a write of the node timed out there; `null` in local mode.
    pub failed: Option<bool>,
    /// When its slots were read last, ms ago.
    pub read_age_ms: Option<u64>,
    /// How long that took, µs.
    pub read_us: Option<u64>,
    /// The device has not answered for so long, ms.
    pub unanswered_ms: Option<u64>,
    /// Why its slots cannot be read.
    pub unreadable: Option<String>,
}

/// How the node of a slot stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellState {
    /// Its slot was not read.
    #[default]
    Unread,
    /// Nobody ever wrote it.
    NeverUsed,
    /// Its node left cleanly.
    Left,
    /// Its node beats.
    Beating,
    /// It was watched for less than two beats.
    Unsettled,
    /// Nothing was written while it was watched, and the others count its node among the living still.
    Silent,
    /// Nothing was written, and the others do not count it among the living.
    Dead,
    /// Its checksum is wrong: to the others a missed beat.
    Corrupt,
}

/// A slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CellView {
    /// Its number, which is its node's.
    pub number: u8,
    /// Its node's name; `null`: nobody knows such a node.
    pub name: Option<String>,
    /// How it stands.
    pub state: CellState,
    /// How old its last beat is, ms, at least.
    pub age_ms: Option<u64>,
    /// The node's own word of it, ms.
    pub own_elapsed_ms: Option<u64>,
    /// It fences itself in so long, ms; 0: by now. Of a node that lives.
    pub fence_in_ms: Option<u64>,
    /// The others declare it dead in so long, ms.
    pub dead_in_ms: Option<u64>,
    /// What is odd.
    pub remarks: Vec<SlotRemark>,
    /// The node that read the slot.
    pub read_by: Option<String>,
}

/// What is odd about a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum SlotRemark {
    /// Another node wrote it.
    Misplaced {
        /// Its number.
        written_by: u8,
    },
    /// It thinks a node dead after another time than the cluster.
    ThresholdMismatch {
        /// What it says, ms.
        found_ms: u32,
        /// What the cluster says, ms.
        expected_ms: u32,
    },
    /// It beats, and the cluster has no such node.
    UnknownNode,
    /// Two machines write it.
    TwoWriters,
    /// Its heartbeat was started anew, or a second machine began to write it.
    NewGeneration,
    /// A reading had a wrong checksum.
    CorruptSeen,
}

/// A connection, as the node at one of its ends tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LinkView {
    /// The node that tells it.
    pub from: String,
    /// Number of the other one.
    pub to_number: u8,
    /// Its name.
    pub to: String,
    /// Whether the other one lives, so that there must be a connection.
    pub needed: Option<bool>,
    /// The handshake is done.
    pub connected: Option<bool>,
    /// TCP has it established; `null`: there is none, or it is not known.
    pub established: Option<bool>,
    /// Nothing has come for so long, ms.
    pub idle_ms: Option<u64>,
    /// Bytes that were sent and are not acknowledged.
    pub unacknowledged_bytes: Option<u32>,
    /// How often the oldest of these was sent again.
    pub retransmits: Option<u32>,
    /// The oldest message that is not answered, ms.
    pub unanswered_ms: Option<u64>,
    /// What it is.
    pub unanswered: Option<String>,
}

/// A domain.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DomainView {
    /// Name.
    pub name: String,
    /// As each node that is looked at has it.
    pub on_nodes: Vec<DomainOnNode>,
}

/// A domain on a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DomainOnNode {
    /// The node.
    pub node: String,
    /// `JOINED`, …, as the kernel prints it; `null`: not told.
    pub state: Option<String>,
    /// Numbers of its nodes.
    pub members: Vec<u32>,
    /// Recovery, if there is one.
    pub recovery: Option<RecoveryView>,
}

/// Recovery of a domain from a dead node.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecoveryView {
    /// The node that is recovered from now.
    pub dead_node: Option<u32>,
    /// All that are to be.
    pub pending: Vec<u32>,
    /// The node that leads it.
    pub leader: Option<u32>,
    /// On the leader: how far each node is.
    pub progress: Vec<(u32, String)>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trouble {
    /// How bad.
    pub severity: Severity,
    /// A constant word for programs.
    pub rule: &'static str,
    /// What it is about: with the rule, by what it is known again.
    pub subject: String,
    /// What is the matter, in one line.
    pub text: String,
    /// What was read where, and the rule.
    pub evidence: Vec<String>,
    /// For how long it has been so, ms.
    pub for_ms: u64,
    /// Names of the nodes whose word it rests on.
    pub told_by: Vec<String>,
}
