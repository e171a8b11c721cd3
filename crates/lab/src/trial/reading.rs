//! The kernel's own counters, read in the node by `lab-guest`, which shares no code with the program under test.

use super::Bench;
use crate::ssh::quote;
use crate::stack::STEP;
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::collections::BTreeMap;

/// One lock as the kernel has it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// Type letter.
    pub letter: String,
    /// Inode, if its name holds one.
    pub inode: Option<u64>,
    /// Flags; bit 0: attached to the DLM.
    pub flags: u64,
    /// PR acquisitions since it was made.
    pub pr: u64,
    /// EX acquisitions since it was made.
    pub ex: u64,
}

/// All locks of one node: by name; open files with a flock share one, so there may be several.
pub type Locks = BTreeMap<String, Vec<Lock>>;

/// Lines of JSON that `lab-guest` prints.
fn events(bench: &Bench, node: u8, arguments: &str) -> anyhow::Result<Vec<Value>> {
    let said = bench.lab.ssh.run(node, &format!("lab-guest {arguments}"), STEP)?;
    said.lines().map(|line| serde_json::from_str(line).with_context(|| format!("node{node}: lab-guest {arguments}: {line}"))).collect()
}

/// The UUID of the volume that is mounted.
pub fn uuid(bench: &Bench) -> anyhow::Result<String> {
    crate::stack::ocfs2::uuid(&bench.lab, 1, "ocfs2")
}

/// All locks of `node`.
pub fn locks(bench: &Bench, node: u8, uuid: &str) -> anyhow::Result<Locks> {
    let events = events(bench, node, &format!("locks {}", quote(uuid)))?;
    let summary = events.last().context("lab-guest printed nothing")?;
    ensure!(summary.get("complete").and_then(Value::as_bool) == Some(true), "node{node}: not all locks could be read: {summary}");
    let mut locks = Locks::new();
    for event in &events {
        if event.get("event").and_then(Value::as_str) != Some("lock") {
            continue;
        }
        let number = |name: &str| event.get(name).and_then(Value::as_u64);
        let lock = Lock {
            letter: event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
            inode: number("inode"),
            flags: number("flags").unwrap_or(0),
            pr: number("pr_gets").context("a lock without pr_gets")?,
            ex: number("ex_gets").context("a lock without ex_gets")?,
        };
        let name = event.get("name").and_then(Value::as_str).context("a lock without a name")?;
        locks.entry(name.to_owned()).or_default().push(lock);
    }
    Ok(locks)
}

/// A lock resource of o2dlm.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Name.
    pub name: String,
    /// Nodes with a lock on it: a lock each.
    pub nodes: Vec<u64>,
}

/// All resources that o2dlm knows on `node`, and the count that `dlm_state` gives.
pub fn resources(bench: &Bench, node: u8, domain: &str) -> anyhow::Result<(Vec<Resource>, u64)> {
    let events = events(bench, node, &format!("resources {}", quote(domain)))?;
    let mut all = Vec::new();
    for event in &events {
        if event.get("event").and_then(Value::as_str) == Some("resource") {
            let locks = event.get("locks").and_then(Value::as_array).context("a resource without locks")?;
            let nodes = locks.iter().filter_map(|lock| lock.get("node").and_then(Value::as_u64)).collect();
            let name = event.get("name").and_then(Value::as_str).context("a resource without a name")?.to_owned();
            all.push(Resource { name, nodes });
        }
    }
    let count =
        events.last().and_then(|summary| summary.get("count")).and_then(Value::as_u64).context("lab-guest resources tells no count")?;
    Ok((all, count))
}
