//! The list as JSON. What is not known is null.

use super::{ListedDomain, ListedHolder, ListedLock, Listing};
use formats::o2dlm::Queue;
use serde_json::{Value, json};

/// All of it.
pub fn document(listing: &Listing) -> Value {
    let nodes = listing.nodes.iter().map(|(number, name)| json!({"number": number, "name": name}));
    let domains = listing.domains.iter().map(domain);
    json!({"nodes": nodes.collect::<Vec<_>>(), "domains": domains.collect::<Vec<_>>()})
}

fn domain(domain: &ListedDomain) -> Value {
    let state = domain.state.is();
    json!({
        "name": domain.name,
        "state": state.map(|state| &state.state),
        "node": state.and_then(|state| state.node),
        "members": state.map(|state| &state.domain_map),
        "locks": domain.locks.iter().map(lock).collect::<Vec<_>>(),
        "problem": domain.problem,
    })
}

fn lock(lock: &ListedLock) -> Value {
    let process = |(pid, name): &(u32, String)| json!({"pid": pid, "name": name});
    json!({
        "name": lock.name,
        "file": lock.file,
        "master": lock.master,
        "complete": lock.complete,
        "entries": lock.holders.iter().map(entry).collect::<Vec<_>>(),
        "processes": lock.processes.as_ref().map(|all| all.iter().map(process).collect::<Vec<_>>()),
    })
}

fn entry(holder: &ListedHolder) -> Value {
    let queue = match holder.queue {
        Queue::Granted => "granted",
        Queue::Converting => "converting",
        Queue::Blocked => "waiting",
    };
    let granted = (holder.queue != Queue::Blocked).then(|| holder.granted.word());
    json!({"node": holder.node, "queue": queue, "mode": granted, "requested": holder.requested.map(formats::mode::Mode::word)})
}
