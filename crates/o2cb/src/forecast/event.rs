//! What happens in a forecast. Nodes and regions are indices into the cluster.

/// Something that a node does or notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A fault begins.
    Begins {
        /// Which.
        fault: usize,
    },
    /// A fault is over.
    Ends {
        /// Which.
        fault: usize,
    },
    /// The connection was silent for the idle timeout; the wait for the decision begins.
    Lost {
        /// Who notices.
        node: usize,
        /// With whom.
        peer: usize,
    },
    /// Something arrived again over a connection that was lost; its wait is called off.
    Restored {
        /// Who notices.
        node: usize,
        /// From whom.
        peer: usize,
    },
    /// Half of the time to fence has passed without a good write: the node asks the lowest whether all hang.
    Asks {
        /// Who asks.
        node: usize,
        /// About what.
        region: usize,
        /// Whom; itself if it is the lowest.
        lowest: usize,
    },
    /// The lowest node has heard of all nodes that they hang: all start their time anew.
    Approves {
        /// The lowest.
        node: usize,
        /// What hangs.
        region: usize,
    },
    /// A write timed out in global mode, but less than half of the regions failed.
    RegionFailed {
        /// Where.
        node: usize,
        /// Which.
        region: usize,
        /// How many have failed now.
        failed: usize,
        /// Of how many.
        quorum: usize,
    },
    /// The quorum was asked, and the node goes on.
    Stays {
        /// Who.
        node: usize,
        /// How many beat, with itself.
        heartbeating: usize,
        /// With how many it is connected, with itself.
        connected: usize,
        /// The lowest that beats.
        lowest: usize,
        /// Whether it is connected with that.
        reachable: bool,
    },
    /// The node fences itself.
    Fences {
        /// Who.
        node: usize,
        /// Why.
        rule: Rule,
    },
    /// The peer's slot did not change for too long, in all regions: it is dead, and recovery begins.
    Dead {
        /// Who says so.
        node: usize,
        /// Of whom.
        peer: usize,
    },
    /// A node that was counted as dead beats again.
    SeenAgain {
        /// Who sees it.
        node: usize,
        /// Whom.
        peer: usize,
    },
}

impl Event {
    /// Who counts whom as dead, if this is that.
    pub fn death(self) -> Option<(usize, usize)> {
        match self {
            Event::Dead { node, peer } => Some((node, peer)),
            _ => None,
        }
    }
}

impl Rule {
    /// Its counts, without where.
    pub fn numbers(self) -> [usize; 3] {
        match self {
            Rule::WriteTimeout { failed, quorum, .. } => [failed, quorum, 0],
            Rule::Minority { connected, needed, heartbeating } => [connected, needed, heartbeating],
            Rule::HalfWithoutLowest { connected, heartbeating, lowest } => [connected, heartbeating, lowest],
        }
    }
}

/// Why a node fences itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// No good write of its heartbeat for too long (`o2hb_write_timeout`).
    WriteTimeout {
        /// Where.
        region: usize,
        /// Regions that have failed; local mode: 1.
        failed: usize,
        /// Regions that count; local mode: 1.
        quorum: usize,
    },
    /// Connected with too few of those that beat (`o2quo_make_decision`).
    Minority {
        /// How many, with itself.
        connected: usize,
        /// How many it would take.
        needed: usize,
        /// How many beat, with itself.
        heartbeating: usize,
    },
    /// Connected with half of those that beat, and the lowest is in the other half (`o2quo_make_decision`).
    HalfWithoutLowest {
        /// How many, with itself.
        connected: usize,
        /// How many beat, with itself.
        heartbeating: usize,
        /// The lowest that beats.
        lowest: usize,
    },
}
