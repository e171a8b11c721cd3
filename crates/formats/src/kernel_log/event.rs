//! What the messages mean.

use super::parts::{FenceMethod, Peer, Setting, Side, Slot, SlotFault};
use std::net::Ipv4Addr;

/// A message's meaning. Devices are kernel names (`sdb`, `dm-3`; `254,1` where OCFS2 itself tells them). Regions and domains of volumes
/// are their UUIDs. Nodes are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A connection is made; `accepted`: by the other node.
    Connected {
        /// The other node.
        peer: Peer,
        /// The other node connected, and this one accepted.
        accepted: bool,
    },
    /// A socket was closed; `state`: of TCP: 7 refused or reset, 8 closed by the other node.
    Shutdown {
        /// The other node.
        peer: Peer,
        /// State of the socket (`TCP_*` of the kernel): 7 refused or reset, 8 closed by the other node.
        state: u32,
    },
    /// A connection that was made is gone.
    Disconnected {
        /// The other node.
        peer: Peer,
    },
    /// Nothing came over a connection for so long. It is kept, and the quorum is about to decide.
    Idle {
        /// The other node.
        peer: Peer,
        /// How long, milliseconds.
        ms: u64,
    },
    /// A node beats and no connection came about in so long.
    NoConnection {
        /// The node that beats.
        node: u32,
        /// For how long, milliseconds.
        ms: u64,
    },
    /// A connection could not be begun; `errno` positive: 99, 101, 113.
    ConnectFailed {
        /// The other node.
        peer: Peer,
        /// The error, positive: 99, 101, 113.
        errno: u32,
    },
    /// Somebody at an address that no node has connected.
    UnknownNode {
        /// Whence.
        address: Ipv4Addr,
        /// From which port.
        port: u16,
    },
    /// A node with a lower number connected: only the higher one does.
    UnexpectedConnect {
        /// The node that connected.
        number: u32,
        /// Whence.
        address: Ipv4Addr,
    },
    /// A node connected that has a connection.
    AlreadyConnected {
        /// The name of the node.
        name: String,
        /// Whence.
        address: Ipv4Addr,
    },
    /// Both ends differ; milliseconds.
    SettingDiffers {
        /// The other node.
        peer: Peer,
        /// Which one.
        setting: Setting,
        /// The other node's, milliseconds.
        theirs_ms: u64,
        /// This node's, milliseconds.
        ours_ms: u64,
    },
    /// Both ends speak other versions.
    ProtocolDiffers {
        /// The other node.
        peer: Peer,
        /// The other node's version.
        theirs: u64,
        /// This node's version.
        ours: u64,
    },
    /// The own address and port could not be had; `errno` positive.
    SocketFailed {
        /// The error, positive.
        errno: u32,
        /// This node's address.
        address: Ipv4Addr,
        /// This node's port.
        port: u16,
    },
    /// A timeout was not changed, because nodes are connected.
    TimeoutPinned {
        /// Which one.
        setting: Setting,
    },

    /// `local` or `global`.
    HeartbeatMode {
        /// `global`, else `local`.
        global: bool,
    },
    /// A region beats.
    HeartbeatStarted {
        /// The region.
        region: String,
        /// Its device; `None`: not told.
        device: Option<String>,
    },
    /// A region does no longer.
    HeartbeatStopped {
        /// The region.
        region: String,
        /// Its device; `None`: not told.
        device: Option<String>,
    },
    /// All nodes that live were seen in a region: it counts for the quorum.
    QuorumRegion {
        /// The region.
        region: String,
        /// Its device; `None`: not told.
        device: Option<String>,
    },
    /// A region did not become steady: its start failed.
    Unsteady {
        /// The region.
        region: String,
        /// Its device; `None`: not told.
        device: Option<String>,
    },
    /// A write of this node takes half of what is allowed; `asked`: the node that is asked to wait, if it is not this one.
    WriteHung {
        /// This node.
        node: u32,
        /// For how long, seconds: half of what is allowed.
        seconds: u64,
        /// The region.
        region: String,
        /// Its device; `None`: not told.
        device: Option<String>,
        /// The node that is asked to wait; `None`: this one is the lowest that lives, and asks nobody.
        asked: Option<u32>,
    },
    /// Another node's write hangs; it asks this one.
    NegotiationReceived {
        /// The node whose write hangs.
        from: u32,
        /// The region.
        region: String,
        /// Its device; `None`: not told.
        device: Option<String>,
    },
    /// The node that was asked says that all hang: nobody fences.
    NegotiationApproved {
        /// The region.
        region: String,
        /// Its device; `None`: not told.
        device: Option<String>,
    },
    /// This node was asked by all: nobody fences.
    AllHung {
        /// The region.
        region: String,
        /// Its device; `None`: not told.
        device: Option<String>,
    },
    /// A write took longer than is allowed.
    WriteTimeout {
        /// The device.
        device: String,
        /// Since the last good one, milliseconds.
        ms: u64,
    },
    /// What comes right before a node fences itself.
    StoppingAllRegions,
    /// A read or write of a heartbeat failed; `errno` positive.
    HeartbeatIoError {
        /// The error, positive.
        errno: u32,
        /// The device; `None`: not told.
        device: Option<String>,
    },
    /// Another node's slot is damaged.
    BadChecksum {
        /// The slot's node.
        node: u32,
        /// The device.
        device: String,
    },
    /// Another node counts others as dead after another time.
    DeadTimeDiffers {
        /// The other node.
        node: u32,
        /// The device.
        device: String,
        /// The other node's, milliseconds.
        theirs_ms: u64,
        /// This node's, milliseconds.
        ours_ms: u64,
    },
    /// Somebody else wrote this node's slot.
    SlotWritten {
        /// What is not as it was written.
        fault: SlotFault,
        /// The device.
        device: String,
        /// What this node wrote last; `None`: not told.
        expected: Option<Slot>,
        /// What was read; `None`: not told.
        on_disk: Option<Slot>,
    },
    /// A region's slots are not as long as the device's sectors.
    WrongSector {
        /// Bytes of a slot as they were given.
        given: u32,
        /// Bytes of the device's sectors.
        needed: u32,
    },

    /// It fences: too few of those that beat are connected.
    FenceMinority {
        /// Of these, how many are connected with this node, itself included.
        connected: u32,
        /// How many make a quorum.
        needed: u32,
        /// Nodes that beat, this one included.
        beating: u32,
    },
    /// It fences: only half of those that beat are connected, and the lowest node is not among them.
    FenceHalf {
        /// Of these, how many are connected with this node, itself included.
        connected: u32,
        /// Nodes that beat, this one included.
        beating: u32,
        /// The lowest node that beats.
        lowest: u32,
    },
    /// It does not fence.
    NotFencing {
        /// Nodes that beat, this one included.
        beating: u32,
        /// Of these, how many are connected with this node, itself included.
        connected: u32,
        /// The lowest node that beats.
        lowest: u32,
        /// Whether that one is connected with this node, or is it.
        reachable: bool,
    },
    /// It fences itself now.
    Fencing {
        /// What it does to itself.
        how: FenceMethod,
    },

    /// This node joins a domain, with these in it then.
    Joining {
        /// The domain.
        domain: String,
        /// Who is in it then, this node included; `None`: not told, or not legible.
        nodes: Option<Vec<u32>>,
    },
    /// Another one has joined.
    Joined {
        /// Who has joined.
        node: u32,
        /// The domain.
        domain: String,
        /// Who is in it then, this node included; `None`: not told, or not legible.
        nodes: Option<Vec<u32>>,
    },
    /// Another one has left, cleanly.
    Left {
        /// Who has left.
        node: u32,
        /// The domain.
        domain: String,
        /// Who is still in it, this node included; `None`: not told, or not legible.
        nodes: Option<Vec<u32>>,
    },
    /// This node leaves a domain.
    Leaving {
        /// The domain.
        domain: String,
    },
    /// A node is thrown out of a domain: it is dead.
    Evicted {
        /// Who is dead.
        node: u32,
        /// The domain.
        domain: String,
    },
    /// Its locks are taken over.
    RecoveryBegins {
        /// The dead node.
        node: u32,
        /// The domain.
        domain: String,
    },
    /// Who leads that.
    RecoveryMaster {
        /// Who leads it.
        node: u32,
        /// Whether that is this node.
        me: bool,
        /// The dead node.
        dead: u32,
        /// The domain.
        domain: String,
    },
    /// It is done.
    RecoveryEnds {
        /// The domain.
        domain: String,
    },
    /// Somebody waits for a node to be declared dead.
    WaitingForDeath {
        /// The node that does not answer.
        node: u32,
        /// The domain.
        domain: String,
    },
    /// Somebody waits for a node's locks to be taken over.
    WaitingForRecovery {
        /// The dead node.
        node: u32,
        /// The domain.
        domain: String,
    },
    /// A node does not answer any more.
    LinkDown {
        /// The node that does not answer.
        node: u32,
    },
    /// These beat and are not connected, for 60 s.
    CannotConnect {
        /// Their numbers.
        nodes: Vec<u32>,
    },
    /// A join failed for that, or for what is said before.
    CheckFailed,
    /// No node is this machine.
    NotConfigured,
    /// A join without a heartbeat.
    NotStarted {
        /// The global heartbeat is meant, else the local one.
        global: bool,
    },
    /// A node is in one table only.
    NodeDiffers {
        /// The domain.
        domain: String,
        /// The node that is in one table only.
        node: u32,
        /// Its address.
        address: Ipv4Addr,
        /// Its port.
        port: u16,
        /// Who has it.
        on: Side,
        /// The node that tells it.
        local: u32,
        /// The node that wants to join.
        joining: u32,
    },
    /// A region is in one list only.
    RegionDiffers {
        /// The domain.
        domain: String,
        /// The region.
        region: String,
        /// Who has it.
        on: Side,
        /// The node that tells it.
        local: u32,
        /// The node that wants to join.
        joining: u32,
    },
    /// One has global heartbeat.
    ModeDiffers {
        /// The domain.
        domain: String,
        /// Who has it.
        global: Side,
        /// The node that tells it.
        local: u32,
        /// The node that wants to join.
        joining: u32,
    },
    /// This node may not join: its node table differs from that of `node`.
    NodeMismatch {
        /// The node that refused.
        node: u32,
    },
    /// This node may not join: its regions differ from those of `node`.
    RegionMismatch {
        /// The node that refused.
        node: u32,
    },
    /// A join was given up.
    JoinTimedOut {
        /// The domain.
        domain: String,
        /// After how long, milliseconds.
        ms: u64,
    },

    /// A volume is mounted.
    Mounting {
        /// The device, as `MAJOR,MINOR`.
        device: String,
        /// This node; `None`: a volume without a cluster.
        node: Option<u32>,
        /// The slot of the volume.
        slot: u32,
    },
    /// A volume was unmounted.
    Unmounting {
        /// The device, as `MAJOR,MINOR`.
        device: String,
        /// This node; `None`: a volume without a cluster.
        node: Option<u32>,
    },
    /// A dead node's journal is replayed.
    ReplayBegins {
        /// The dead node.
        node: u32,
        /// Its slot.
        slot: u32,
        /// The device, as `MAJOR,MINOR`.
        device: String,
    },
    /// It is done.
    ReplayEnds {
        /// The dead node.
        node: u32,
        /// Its slot.
        slot: u32,
        /// The device, as `MAJOR,MINOR`.
        device: String,
    },
    /// A volume whose last user died.
    NotCleanlyUnmounted {
        /// The device, as `MAJOR,MINOR`.
        device: String,
    },
    /// `o2cb` or `user` can be used.
    StackRegistered {
        /// The name of the stack.
        stack: String,
    },
    /// It can no longer.
    StackUnregistered {
        /// The name of the stack.
        stack: String,
    },
    /// A volume or domain of another stack is in use.
    OtherStack,
    /// A stack's module is missing.
    NoStackDriver {
        /// The name of the stack.
        stack: String,
    },
    /// A volume's heartbeat mode is not the cluster's.
    MountModeDiffers,
    /// The program that stops a region at unmount failed; `errno` as printed.
    HelperFailed {
        /// The error as it was printed: negative, or what the program ended with.
        errno: i32,
        /// The program and its arguments.
        command: String,
    },

    /// A disk's request failed.
    DiskError {
        /// The disk's name.
        device: String,
    },
    /// A network interface lost its carrier.
    CarrierLost {
        /// The name of the interface.
        interface: String,
    },
    /// A task hangs.
    TaskHung {
        /// Its name and number: `cp:412`.
        task: String,
        /// For how long at least, seconds.
        seconds: u64,
    },
    /// The kernel stumbled.
    Oops,
    /// The kernel gave up.
    Panic {
        /// What it said of why.
        why: String,
    },
    /// It was told to stop or to restart.
    OrderlyEnd,
}
