//! What a node tells of O2CB's stack at one moment: configfs (`fs/ocfs2/cluster/nodemanager.c`, `heartbeat.c`), debugfs (`netdebug.c`,
//! `heartbeat.c`, `fs/ocfs2/dlm/dlmdebug.c`), the slots on the disks of its regions, and TCP's own view of the connections.
//!
//! What could not be read is `None`, and [`O2cbSample::unread`] says why; a file that is not there is `None` alone.

use crate::message::NodeClock;
use formats::o2dlm::DlmState;
use formats::o2hb::Block;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// See the module's text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct O2cbSample {
    /// The node's clocks when reading began.
    pub clock: NodeClock,
    /// Its host name.
    pub host: String,
    /// The registered cluster.
    pub cluster: Registered,
    /// Files that could not be read, each with the reason.
    pub unread: Vec<String>,
}

/// Whether the kernel has a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registered {
    /// `ocfs2_nodemanager` is not loaded, or configfs is not mounted.
    #[default]
    NotLoaded,
    /// The node manager is there, and no cluster is registered.
    None,
    /// What could not be told, and why.
    Unknown(String),
    /// It has one.
    Cluster(Box<Cluster>),
}

/// The registered cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Whether its nodes beat in the regions of the configuration, not in those of mounted volumes.
    pub global: Option<bool>,
    /// How many times a slot may be unchanged before its node is dead (`dead_threshold`).
    pub threshold: Option<u32>,
    /// How long a connection may be silent, ms.
    pub idle_ms: Option<u32>,
    /// Silence after which a keepalive is sent, ms.
    pub keepalive_ms: Option<u32>,
    /// Time between attempts to connect, ms.
    pub reconnect_ms: Option<u32>,
    /// What a node does to itself: `reset` or `panic`.
    pub fence: Option<String>,
    /// The nodes that the kernel knows, by name.
    pub nodes: Vec<Member>,
    /// The regions, by UUID.
    pub regions: Vec<Region>,
    /// Numbers of the nodes that beat in any region, with this one (`o2hb/livenodes`).
    pub live: Option<Vec<u32>>,
    /// Numbers of the regions that reached a steady state; always empty in local mode.
    pub live_regions: Option<Vec<u32>>,
    /// Numbers of the regions that count for the quorum.
    pub quorum_regions: Option<Vec<u32>>,
    /// Numbers of the regions where a write of this node timed out.
    pub failed_regions: Option<Vec<u32>>,
    /// Numbers of the nodes whose handshake is done, without this one (`o2net/connected_nodes`).
    pub connected: Option<Vec<u32>>,
    /// TCP's view of the connections to other nodes.
    pub connections: Vec<Connection>,
    /// Why idle times of connections are not known; `None`: they are.
    pub idle_unknown: Option<String>,
    /// Messages that are being sent now (`o2net/send_tracking`).
    pub sending: Option<Vec<Sending>>,
    /// The DLM's domains that the node is in, by name.
    pub domains: Option<Vec<Domain>>,
}

/// A node that the kernel knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Name.
    pub name: String,
    /// Number.
    pub number: Option<u8>,
    /// Address.
    pub address: Option<Ipv4Addr>,
    /// Port.
    pub port: Option<u16>,
    /// Whether it is this machine.
    pub local: Option<bool>,
}

/// A heartbeat region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// UUID of its volume.
    pub uuid: String,
    /// The kernel's name of its device; `None` before its heartbeat was started.
    pub device: Option<String>,
    /// Its thread.
    pub thread: Option<Thread>,
    /// ms since the last good beat of this node; 0: it never beat.
    pub elapsed_ms: Option<u64>,
    /// Its number, 0 to 31; in local mode always 0.
    pub number: Option<u32>,
    /// Whether a domain holds it.
    pub pinned: Option<bool>,
    /// Numbers of the nodes that live in it.
    pub live: Option<Vec<u32>>,
    /// Its slots on the disk.
    pub slots: Slots,
}

/// A region's heartbeat thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thread {
    /// The heartbeat was not started.
    NotStarted,
    /// It runs, with this pid.
    Runs(u32),
    /// configfs names this pid, and no process has it: it died.
    Gone(u32),
}

/// What came of reading a region's slots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slots {
    /// They were not read: the region has no device yet, or nothing is read this way.
    #[default]
    NotRead,
    /// They were.
    Read(Reading),
    /// The device has not answered for so long, ms.
    Unanswered {
        /// Since it was asked, ms.
        for_ms: u64,
    },
    /// The device cannot be read.
    Failed(String),
}

/// The slots at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// When they came, ns on the node's monotonic clock.
    pub at_ns: u64,
    /// How long the device took, µs.
    pub took_us: u64,
    /// Slots 0 up to this number, without it, were read.
    pub upto: u16,
    /// Those that somebody wrote once, by number; the others that were read are empty.
    pub used: Vec<(u8, Block)>,
}

/// A connection as TCP has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Number of the other node.
    pub node: u8,
    /// Established, or still being made (or ended).
    pub established: bool,
    /// ms since something came; `None`: the kernel was not asked.
    pub received_ms: Option<u64>,
    /// ms since something was sent.
    pub sent_ms: Option<u64>,
    /// Bytes that were sent and are not acknowledged.
    pub unacknowledged: Option<u32>,
    /// How often the oldest of these was sent again.
    pub retransmits: Option<u32>,
}

/// A message on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Number of the node it goes to.
    pub node: u32,
    /// What it is.
    pub message: String,
    /// The domain it belongs to, if its key is that of one.
    pub domain: Option<String>,
    /// The thread that sends.
    pub pid: u32,
    /// Its name.
    pub process: String,
    /// µs since it began.
    pub for_us: Option<u64>,
}

/// A domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// Name: a volume's UUID, or a folder of dlmfs.
    pub name: String,
    /// What `dlm_state` says.
    pub state: Option<DlmState>,
}

impl O2cbSample {
    /// The cluster, if one is registered.
    pub fn registered(&self) -> Option<&Cluster> {
        match &self.cluster {
            Registered::Cluster(cluster) => Some(cluster),
            _ => None,
        }
    }
}

impl Cluster {
    /// The local node's number.
    pub fn own_number(&self) -> Option<u8> {
        self.nodes.iter().find(|node| node.local == Some(true))?.number
    }
}
