//! What every source hands out, and how it is spoken to.

use sample::{FromNode, Link, ToNode};
use std::sync::mpsc::Sender;

/// Something happened at a node.
#[derive(Clone, Debug)]
pub struct NodeEvent {
    /// Number of the node in the viewer's list.
    pub node: usize,
    /// What.
    pub event: Event,
}

/// What can happen at a node.
#[derive(Clone, Debug)]
pub enum Event {
    /// The way to it changed.
    Link(Link),
    /// Its collector said something.
    Message(FromNode),
}

/// The viewer's handle of one node's source. Dropping it ends the source.
#[derive(Debug)]
pub struct NodeHandle {
    commands: Sender<ToNode>,
}

impl NodeHandle {
    /// A handle that speaks through `commands`.
    pub fn new(commands: Sender<ToNode>) -> NodeHandle {
        NodeHandle { commands }
    }

    /// Tells the collector something; nothing happens if its source has ended.
    pub fn tell(&self, message: ToNode) {
        // A source that has ended has said so by an event of its own.
        let _ = self.commands.send(message);
    }
}
