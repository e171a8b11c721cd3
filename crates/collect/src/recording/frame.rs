//! A frame, played: what its nodes said, and when that was read.
//!
//! The files of a frame are read one after the other, for some tenths of a second after the frame is due. What they tell of lengths of
//! time is as of their own reading, so that is when it is said; the frame as a whole is of the moment at which the last was begun.

use crate::event::Event;
use sample::{FromNode, NodeClock};

/// See the module's text.
#[derive(Debug)]
pub struct Frame {
    /// Its number.
    pub number: u64,
    /// When its last file was begun, after the first frame was due, µs; in a recording that does not tell, when the frame was due.
    pub after_us: u64,
    /// The same, µs since the epoch, if the recording tells.
    pub realtime_us: Option<u64>,
    /// What the nodes said. A node without files in this frame says nothing.
    pub events: Vec<FrameEvent>,
}

/// Something that a node said.
#[derive(Debug)]
pub struct FrameEvent {
    /// Number of the node.
    pub node: usize,
    /// What.
    pub event: Event,
    /// When it was read, as in [`Frame::after_us`].
    pub after_us: u64,
    /// The same, µs since the epoch.
    pub realtime_us: Option<u64>,
}

impl Frame {
    pub(super) fn add(&mut self, node: usize, event: Event, after_us: u64, realtime_us: Option<u64>) {
        self.events.push(FrameEvent { node, event, after_us, realtime_us });
        if after_us > self.after_us {
            (self.after_us, self.realtime_us) = (after_us, realtime_us);
        }
    }
}

/// The node's clocks when what a message tells was read; `None` for those that tell no length of time.
pub(super) fn read_at(message: &FromNode) -> Option<NodeClock> {
    match message {
        FromNode::Sample(sample) => Some(sample.clock_last),
        FromNode::Gfs2(sample) => Some(sample.clock),
        FromNode::Lockspace(sample) => Some(sample.clock),
        FromNode::O2cb(sample) => Some(sample.clock),
        FromNode::Hello(_) | FromNode::FileSystems(_) | FromNode::Tasks(_) | FromNode::Fault { .. } | FromNode::Alive => None,
    }
}
