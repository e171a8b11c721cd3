//! What the messages mean.

use std::net::Ipv4Addr;

/// A node as o2net names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its port.
    pub port: u16,
}

/// What both ends of a connection must have alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// How long a connection may be silent.
    Idle,
    /// When a keepalive is sent.
    Keepalive,
    /// How long a node may be unable to write: two seconds less than others take to declare it dead.
    Heartbeat,
}

/// What a node does to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FenceMethod {
    /// It restarts at once.
    Restart,
    /// It panics.
    Panic,
}

/// Where something is that the other side has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// On the node that tells it.
    Here,
    /// On the node that wants to join.
    Joining,
}

/// What is wrong with this node's own slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotFault {
    /// Another node's number stands in it.
    Node,
    /// Another heartbeat of this node's number.
    Generation,
    /// Another beat than the last one of this node.
    Sequence,
}

/// A slot as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Node number.
    pub node: u32,
    /// Generation.
    pub generation: u64,
    /// Beat.
    pub seq: u64,
}

/// A message's meaning. Devices are kernel names (`sdb`, `dm-3`; `254,1` where OCFS2 itself tells them). Regions and domains of volumes
/// are their UUIDs. Nodes are numbers; `ms` and `seconds` are durations; `errno` is positive.
#[allow(missing_docs, reason = "the words of each variant say what its fields are")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A connection is made; `accepted`: by the other node.
    Connected { peer: Peer, accepted: bool },
    /// A socket was closed; `state`: of TCP: 7 refused or reset, 8 closed by the other node.
    Shutdown { peer: Peer, state: u32 },
    /// A connection that was made is gone.
    Disconnected { peer: Peer },
    /// Nothing came over a connection for so long. It is kept, and the quorum is about to decide.
    Idle { peer: Peer, ms: u64 },
    /// A node beats and no connection came about in so long.
    NoConnection { node: u32, ms: u64 },
    /// A connection could not be begun; `errno` positive: 99, 101, 113.
    ConnectFailed { peer: Peer, errno: u32 },
    /// Somebody at an address that no node has connected.
    UnknownNode { address: Ipv4Addr, port: u16 },
    /// A node with a lower number connected: only the higher one does.
    UnexpectedConnect { number: u32, address: Ipv4Addr },
    /// A node connected that has a connection.
    AlreadyConnected { name: String, address: Ipv4Addr },
    /// Both ends differ; milliseconds.
    SettingDiffers { peer: Peer, setting: Setting, theirs_ms: u64, ours_ms: u64 },
    /// Both ends speak other versions.
    ProtocolDiffers { peer: Peer, theirs: u64, ours: u64 },
    /// The own address and port could not be had; `errno` positive.
    SocketFailed { errno: u32, address: Ipv4Addr, port: u16 },
    /// A timeout was not changed, because nodes are connected.
    TimeoutPinned { setting: Setting },

    /// `local` or `global`.
    HeartbeatMode { global: bool },
    /// A region beats.
    HeartbeatStarted { region: String, device: Option<String> },
    /// A region does no longer.
    HeartbeatStopped { region: String, device: Option<String> },
    /// All nodes that live were seen in a region: it counts for the quorum.
    QuorumRegion { region: String, device: Option<String> },
    /// A region did not become steady: its start failed.
    Unsteady { region: String, device: Option<String> },
    /// A write of this node takes half of what is allowed; `asked`: the node that is asked to wait, if it is not this one.
    WriteHung { node: u32, seconds: u64, region: String, device: Option<String>, asked: Option<u32> },
    /// Another node's write hangs; it asks this one.
    NegotiationReceived { from: u32, region: String, device: Option<String> },
    /// The node that was asked says that all hang: nobody fences.
    NegotiationApproved { region: String, device: Option<String> },
    /// This node was asked by all: nobody fences.
    AllHung { region: String, device: Option<String> },
    /// A write took longer than is allowed.
    WriteTimeout { device: String, ms: u64 },
    /// What comes right before a node fences itself.
    StoppingAllRegions,
    /// A read or write of a heartbeat failed; `errno` positive.
    HeartbeatIoError { errno: u32, device: Option<String> },
    /// Another node's slot is damaged.
    BadChecksum { node: u32, device: String },
    /// Another node counts others as dead after another time.
    DeadTimeDiffers { node: u32, device: String, theirs_ms: u64, ours_ms: u64 },
    /// Somebody else wrote this node's slot.
    SlotWritten { fault: SlotFault, device: String, expected: Option<Slot>, on_disk: Option<Slot> },
    /// A region's slots are not as long as the device's sectors.
    WrongSector { given: u32, needed: u32 },

    /// It fences: too few of those that beat are connected.
    FenceMinority { connected: u32, needed: u32, beating: u32 },
    /// It fences: only half of those that beat are connected, and the lowest node is not among them.
    FenceHalf { connected: u32, beating: u32, lowest: u32 },
    /// It does not fence.
    NotFencing { beating: u32, connected: u32, lowest: u32, reachable: bool },
    /// It fences itself now.
    Fencing { how: FenceMethod },

    /// This node joins a domain, with these in it then.
    Joining { domain: String, nodes: Option<Vec<u32>> },
    /// Another one has joined.
    Joined { node: u32, domain: String, nodes: Option<Vec<u32>> },
    /// Another one has left, cleanly.
    Left { node: u32, domain: String, nodes: Option<Vec<u32>> },
    /// This node leaves a domain.
    Leaving { domain: String },
    /// A node is thrown out of a domain: it is dead.
    Evicted { node: u32, domain: String },
    /// Its locks are taken over.
    RecoveryBegins { node: u32, domain: String },
    /// Who leads that.
    RecoveryMaster { node: u32, me: bool, dead: u32, domain: String },
    /// It is done.
    RecoveryEnds { domain: String },
    /// Somebody waits for a node to be declared dead.
    WaitingForDeath { node: u32, domain: String },
    /// Somebody waits for a node's locks to be taken over.
    WaitingForRecovery { node: u32, domain: String },
    /// A node does not answer any more.
    LinkDown { node: u32 },
    /// These beat and are not connected, for 60 s.
    CannotConnect { nodes: Vec<u32> },
    /// A join failed for that, or for what is said before.
    CheckFailed,
    /// No node is this machine.
    NotConfigured,
    /// A join without a heartbeat.
    NotStarted { global: bool },
    /// A node is in one table only.
    NodeDiffers { domain: String, node: u32, address: Ipv4Addr, port: u16, on: Side, local: u32, joining: u32 },
    /// A region is in one list only.
    RegionDiffers { domain: String, region: String, on: Side, local: u32, joining: u32 },
    /// One has global heartbeat.
    ModeDiffers { domain: String, global: Side, local: u32, joining: u32 },
    /// This node may not join: its node table differs from that of `node`.
    NodeMismatch { node: u32 },
    /// This node may not join: its regions differ from those of `node`.
    RegionMismatch { node: u32 },
    /// A join was given up.
    JoinTimedOut { domain: String, ms: u64 },

    /// A volume is mounted.
    Mounting { device: String, node: Option<u32>, slot: u32 },
    /// A volume was unmounted.
    Unmounting { device: String, node: Option<u32> },
    /// A dead node's journal is replayed.
    ReplayBegins { node: u32, slot: u32, device: String },
    /// It is done.
    ReplayEnds { node: u32, slot: u32, device: String },
    /// A volume whose last user died.
    NotCleanlyUnmounted { device: String },
    /// `o2cb` or `user` can be used.
    StackRegistered { stack: String },
    /// It can no longer.
    StackUnregistered { stack: String },
    /// A volume or domain of another stack is in use.
    OtherStack,
    /// A stack's module is missing.
    NoStackDriver { stack: String },
    /// A volume's heartbeat mode is not the cluster's.
    MountModeDiffers,
    /// The program that stops a region at unmount failed; `errno` as printed.
    HelperFailed { errno: i32, command: String },

    /// A disk's request failed.
    DiskError { device: String },
    /// A network interface lost its carrier.
    CarrierLost { interface: String },
    /// A task hangs.
    TaskHung { task: String, seconds: u64 },
    /// The kernel stumbled.
    Oops,
    /// The kernel gave up.
    Panic { why: String },
    /// It was told to stop or to restart.
    OrderlyEnd,
}

impl Event {
    /// The other node that it is about, if it is about one.
    pub fn node(&self) -> Option<u32> {
        Some(match self {
            Event::Connected { peer, .. }
            | Event::Shutdown { peer, .. }
            | Event::Disconnected { peer }
            | Event::Idle { peer, .. }
            | Event::ConnectFailed { peer, .. }
            | Event::SettingDiffers { peer, .. }
            | Event::ProtocolDiffers { peer, .. } => peer.number,
            Event::NegotiationReceived { from, .. } => *from,
            Event::NoConnection { node, .. }
            | Event::BadChecksum { node, .. }
            | Event::DeadTimeDiffers { node, .. }
            | Event::Joined { node, .. }
            | Event::Left { node, .. }
            | Event::Evicted { node, .. }
            | Event::RecoveryBegins { node, .. }
            | Event::WaitingForDeath { node, .. }
            | Event::WaitingForRecovery { node, .. }
            | Event::LinkDown { node }
            | Event::ReplayBegins { node, .. }
            | Event::ReplayEnds { node, .. } => *node,
            Event::RecoveryMaster { dead, .. } => *dead,
            _ => return None,
        })
    }
}
