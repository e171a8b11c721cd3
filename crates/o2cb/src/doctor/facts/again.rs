//! What passes within seconds is read a second time, after the heartbeats were watched: a node that is just connecting, one that just
//! died, a domain that is just joined, a short wait.

use super::waits::{self, Waits};
use crate::found::{Domain, Seen, domains, nodes};
use crate::kernel::{DEBUGFS, Look};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// Nodes that beat in any region, with this one.
    pub live: Seen<Vec<u32>>,
    /// Nodes with a connection whose handshake is done.
    pub connected: Seen<Vec<u32>>,
    /// Domains that this node is in.
    pub domains: Seen<Vec<Domain>>,
    /// Locks that somebody here has waited for, for long.
    pub waits: Waits,
}

impl Again {
    /// Reads it.
    pub fn look(look: &dyn Look) -> Again {
        Again {
            live: nodes(look, &format!("{DEBUGFS}/o2hb/livenodes")),
            connected: nodes(look, &format!("{DEBUGFS}/o2net/connected_nodes")),
            domains: domains(look),
            waits: waits::look(look),
        }
    }

    /// Whether a node still beats and is not connected; what could not be read a second time counts as unchanged.
    pub fn lost(&self, node: u32) -> bool {
        let live = self.live.is().is_none_or(|live| live.contains(&node));
        live && self.connected.is().is_none_or(|connected| !connected.contains(&node))
    }

    /// The domain of this name; `None`: it is gone, or was not read.
    pub fn domain(&self, name: &str) -> Option<&Domain> {
        self.domains.is()?.iter().find(|domain| domain.name == name)
    }
}
