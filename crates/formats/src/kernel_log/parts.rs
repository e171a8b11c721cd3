//! What several messages have in common.

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
