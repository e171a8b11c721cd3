//! The regions as the nodes have them.

use super::cells;
use super::memory::Witness;
use super::view::{ClusterView, RegionOnNode, RegionView};
use sample::o2cb::{Region, Slots, Thread};
use std::collections::BTreeSet;

/// All regions that a witness has, by UUID.
pub(super) fn regions(cluster: &ClusterView, witnesses: &[&Witness<'_>]) -> Vec<RegionView> {
    let uuids: BTreeSet<&str> = witnesses.iter().flat_map(|witness| &witness.cluster.regions).map(|region| region.uuid.as_str()).collect();
    let view = |uuid: &str| {
        let have = || witnesses.iter().copied().filter_map(|witness| Some((witness, of(witness, uuid)?)));
        let global = cluster.heartbeat_mode == Some("global");
        RegionView {
            uuid: uuid.to_owned(),
            number: have().find_map(|(_, region)| region.number).filter(|_| global),
            slots: cells::cells(cluster, uuid, &have().collect::<Vec<_>>()),
            on_nodes: have().map(|(witness, region)| on_node(witness, region, global)).collect(),
        }
    };
    uuids.into_iter().map(view).collect()
}

/// A witness's region of this UUID.
pub(super) fn of<'w>(witness: &'w Witness<'_>, uuid: &str) -> Option<&'w Region> {
    witness.cluster.regions.iter().find(|region| region.uuid == uuid)
}

fn on_node(witness: &Witness<'_>, region: &Region, global: bool) -> RegionOnNode {
    let memory = witness.node.regions.get(&region.uuid);
    let listed = |list: &Option<Vec<u32>>| Some(list.as_ref()?.contains(&region.number?)).filter(|_| global);
    RegionOnNode {
        node: witness.node.name.clone(),
        device: region.device.clone(),
        thread: region.thread.map(|thread| match thread {
            Thread::NotStarted => "not started",
            Thread::Runs(_) => "runs",
            Thread::Gone(_) => "gone",
        }),
        elapsed_ms: region.elapsed_ms.map(|ms| if ms == 0 { 0 } else { ms + witness.age_ms }),
        pinned: region.pinned,
        quorum: listed(&witness.cluster.quorum_regions),
        failed: listed(&witness.cluster.failed_regions),
        read_age_ms: memory.and_then(|memory| Some(witness.now_ns.saturating_sub(memory.last_ns?) / 1_000_000)),
        read_us: memory.and_then(|memory| memory.took_us),
        unanswered_ms: match region.slots {
            Slots::Unanswered { for_ms } => Some(for_ms + witness.age_ms),
            _ => None,
        },
        unreadable: match &region.slots {
            Slots::Failed(why) => Some(why.clone()),
            _ => None,
        },
    }
}
