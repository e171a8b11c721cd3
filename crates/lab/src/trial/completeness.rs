//! Each dump of `locking_state` lacks about one lock per read; over a few samples none may be missing.

use super::reading;
use super::watch::Watch;
use super::{Bench, numbers};
use anyhow::{bail, ensure};
use std::collections::BTreeMap;
use std::time::Duration;

/// OCFS2's flag of a lock that has a lock in the DLM (`OCFS2_LOCK_ATTACHED`).
const ATTACHED: u64 = 1;

pub(super) fn complete(bench: &mut Bench) -> anyhow::Result<()> {
    const FILES: u64 = 3000;
    let uuid = reading::uuid(bench)?;
    let directory = numbers::fresh(bench, "complete")?;
    numbers::run_work(bench, 1, &format!("work mass {directory}/files --files {FILES}"))?;

    let mut watch = Watch::nodes(bench, &[])?;
    watch.until_live(&bench.lab.nodes(), Duration::from_secs(60))?;
    watch.until_quiet(&bench.lab.nodes(), 1, Duration::from_secs(120))?;
    let locks = reading::locks(bench, 1, &uuid)?;
    let all: u64 = locks.values().map(|of_name| of_name.len() as u64).sum();
    ensure!(all >= FILES, "only {all} locks: the files' inodes were evicted");

    // o2dlm's own count is an exact one: its file gives each resource once.
    let (resources, count) = reading::resources(bench, 1, &uuid)?;
    let ours: BTreeMap<&str, usize> = resources
        .iter()
        .map(|resource| (resource.name.as_str(), resource.nodes.iter().filter(|&&node| node == 1).count()))
        .filter(|&(_, locks)| locks > 0)
        .collect();
    let dlm: usize = ours.values().sum();
    let attached: u64 = locks.values().flatten().filter(|lock| lock.flags & ATTACHED != 0).count() as u64;
    ensure!(resources.len() as u64 == count, "o2dlm printed {} resources, and counts {count}", resources.len());
    if dlm as u64 != attached {
        let missing: Vec<&&str> = ours.keys().filter(|name| !locks.contains_key(**name)).take(5).collect();
        bail!("o2dlm has {dlm} locks of node1, OCFS2 {attached} attached ones; o2dlm's without OCFS2's: {missing:?}");
    }
    watch.until(&format!("all {all} locks of node1"), bench.interval * 20, |snapshot| {
        (numbers::known(snapshot, 1) == Some(all)).then_some(())
    })?;
    crate::progress::say(&format!("{all} locks known, {dlm} in o2dlm, {attached} attached"));
    watch.quit()?;
    // So many locks stretch a slow node's interval: the tests that follow are about something else.
    bench.lab.ssh.run(1, &format!("rm -rf {directory}; sync; echo 3 >/proc/sys/vm/drop_caches"), crate::stack::STEP)?;
    Ok(())
}
