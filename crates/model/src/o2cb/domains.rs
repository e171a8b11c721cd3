//! The DLM's domains, and their recovery.

use super::memory::Witness;
use super::view::{DomainOnNode, DomainView, RecoveryView};
use formats::o2dlm::DlmState;
use std::collections::BTreeMap;

/// All domains that a witness is in, by name.
pub(super) fn domains(witnesses: &[&Witness<'_>]) -> Vec<DomainView> {
    let mut domains: BTreeMap<&str, DomainView> = BTreeMap::new();
    for witness in witnesses {
        for domain in witness.cluster.domains.iter().flatten() {
            let view = domains.entry(&domain.name).or_insert_with(|| DomainView { name: domain.name.clone(), on_nodes: Vec::new() });
            view.on_nodes.push(DomainOnNode {
                node: witness.node.name.clone(),
                state: domain.state.as_ref().map(|state| state.state.clone()),
                members: domain.state.as_ref().map(|state| state.domain_map.clone()).unwrap_or_default(),
                recovery: domain.state.as_ref().filter(|state| state.in_recovery()).map(recovery),
            });
        }
    }
    domains.into_values().collect()
}

fn recovery(state: &DlmState) -> RecoveryView {
    RecoveryView {
        dead_node: state.dead_node,
        pending: state.recovery_map.clone(),
        leader: state.recovery_master,
        progress: state.recovery_nodes.clone(),
    }
}
