//! Connections: each as the node at one of its ends tells it.

use super::memory::Witness;
use super::view::{ClusterView, LinkView, MemberView};

/// The connections of each witness to all other nodes that live, that it is connected to, or that TCP has one to.
pub(super) fn links(cluster: &ClusterView, witnesses: &[&Witness<'_>]) -> Vec<LinkView> {
    let mut links = Vec::new();
    for witness in witnesses {
        for member in cluster.members.iter().filter(|member| Some(member.number) != witness.number) {
            links.extend(link(witness, member));
        }
    }
    links
}

fn link(witness: &Witness<'_>, member: &MemberView) -> Option<LinkView> {
    let told = witness.cluster;
    let number = u32::from(member.number);
    // Of two at once (one being made anew) the one that something came by last.
    let of_tcp = told.connections.iter().filter(|connection| connection.node == member.number);
    let tcp = of_tcp.min_by_key(|connection| (!connection.established, connection.received_ms.unwrap_or(u64::MAX)));
    let needed = told.live.as_ref().map(|live| live.contains(&number));
    let connected = told.connected.as_ref().map(|connected| connected.contains(&number));
    let messages = told.sending.iter().flatten().filter(|message| message.node == number);
    let oldest = messages.max_by_key(|message| message.for_us);
    if needed != Some(true) && connected != Some(true) && tcp.is_none() && oldest.is_none() {
        return None;
    }
    Some(LinkView {
        from: witness.node.name.clone(),
        to_number: member.number,
        to: member.name.clone(),
        needed,
        connected,
        established: tcp.map(|tcp| tcp.established),
        idle_ms: tcp.and_then(|tcp| Some(tcp.received_ms? + witness.age_ms)),
        unacknowledged_bytes: tcp.and_then(|tcp| tcp.unacknowledged),
        retransmits: tcp.and_then(|tcp| tcp.retransmits),
        unanswered_ms: oldest.and_then(|message| Some(message.for_us? / 1000)),
        unanswered: oldest.map(|message| match &message.domain {
            Some(domain) => format!("{} ({}, domain {})", message.message, message.process, super::words::short(domain)),
            None => format!("{} ({})", message.message, message.process),
        }),
    })
}
