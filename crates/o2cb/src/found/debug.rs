//! What debugfs tells of heartbeats, connections and domains. Only files whose reading costs the kernel nothing: not
//! `sock_containers` and not `locking_state`, each pass over which fills the kernel's log on 6.1.

use super::Seen;
use crate::kernel::{DEBUGFS, Look};
use formats::o2dlm::{DlmState, node_list};

/// Heartbeats over all regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beats {
    /// Nodes that beat in any region, with this one.
    pub live: Seen<Vec<u32>>,
    /// Numbers of the regions that reached a steady state; empty in local mode.
    pub live_regions: Seen<Vec<u32>>,
    /// Numbers of the regions that count for the quorum: all nodes that live were seen there at once.
    pub quorum_regions: Seen<Vec<u32>>,
    /// Numbers of the regions where a write of this node timed out.
    pub failed_regions: Seen<Vec<u32>>,
}

/// A domain that this node is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its name: a volume's UUID, or a folder of dlmfs.
    pub name: String,
    /// What `dlm_state` says.
    pub state: Seen<DlmState>,
}

/// A list of node or region numbers.
pub fn nodes(look: &dyn Look, path: &str) -> Seen<Vec<u32>> {
    Seen::of(look.read(path)).and_then(|bytes| match node_list::parse(&bytes) {
        Some(nodes) => Seen::Is(nodes),
        None => Seen::Odd(format!("it says {:?}", String::from_utf8_lossy(&bytes).trim())),
    })
}

pub fn beats(look: &dyn Look) -> Beats {
    let list = |file: &str| nodes(look, &format!("{DEBUGFS}/o2hb/{file}"));
    Beats {
        live: list("livenodes"),
        live_regions: list("live_regions"),
        quorum_regions: list("quorum_regions"),
        failed_regions: list("failed_regions"),
    }
}

/// Domains that this node is in.
pub fn domains(look: &dyn Look) -> Seen<Vec<Domain>> {
    Seen::of(look.list(&format!("{DEBUGFS}/o2dlm"))).map(|entries| {
        let domains = entries.into_iter().filter(|entry| entry.folder).map(|entry| {
            let state = Seen::of(look.read(&format!("{DEBUGFS}/o2dlm/{}/dlm_state", entry.name)));
            Domain { name: entry.name, state: state.map(|text| DlmState::parse(&text)) }
        });
        domains.collect()
    })
}
