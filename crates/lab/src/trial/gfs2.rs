//! What GFS2 and the kernel's DLM tell in the nodes, counted by `grep` as an administrator would.

use super::Bench;
use super::watch::{over_ssh, text};
use crate::stack::STEP;
use crate::{interrupt, tool};
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

/// The lockspace of the lab's file system.
pub const LOCKSPACE: &str = "gfs1";
/// Its name in GFS2: cluster and lockspace.
pub const TABLE: &str = "lab:gfs1";
/// The DLM's readable list.
const DLM: &str = "/sys/kernel/debug/dlm/gfs1";
/// GFS2's list of glocks.
const GLOCKS: &str = "/sys/kernel/debug/gfs2/lab:gfs1/glocks";
/// For how long the mount is waited for to become quiet.
const QUIET: Duration = Duration::from_secs(60);

/// One node's counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Resources that it masters: `grep -c 'Master Copy'`.
    pub masters: u64,
    /// Resources that it knows.
    pub resources: u64,
    /// Glocks: `grep -c ^G:`.
    pub glocks: u64,
}

/// Counts on each node, in order.
pub fn counts(bench: &Bench) -> anyhow::Result<Vec<Counts>> {
    let remote = format!("grep -c 'Master Copy' {DLM}; grep -c '^Resource' {DLM}; grep -c '^G:' {GLOCKS}; true");
    let said = bench.lab.ssh.run_on(&bench.lab.nodes(), &remote, STEP)?;
    said.iter()
        .map(|said| {
            let numbers: Vec<u64> = said.lines().filter_map(|line| line.trim().parse().ok()).collect();
            let &[masters, resources, glocks] = numbers.as_slice() else { bail!("grep -c said {said:?}") };
            Ok(Counts { masters, resources, glocks })
        })
        .collect()
}

/// Counts that two readings in a row agree on.
pub fn quiet_counts(bench: &Bench) -> anyhow::Result<Vec<Counts>> {
    let mut last = Vec::new();
    interrupt::wait_for("a quiet GFS2 mount", QUIET, || {
        let now = counts(bench)?;
        let same = now == last;
        last.clone_from(&now);
        Ok(same.then_some(now))
    })
}

/// A resource's name as the DLM has it.
pub fn dlm_name(kind: u8, inode: u64) -> String {
    format!("{kind:>8x}{inode:>16x}")
}

/// What the DLM of `node` says of a resource's master, or nothing if it does not know the resource: `Master Copy` or
/// `Local Copy, Master is node N`.
pub fn master_line(bench: &Bench, node: u8, kind: u8, inode: u64) -> anyhow::Result<Option<String>> {
    let remote = format!("grep -F -A1 '\"{}\"' {DLM} | sed -n 2p", dlm_name(kind, inode));
    let said = bench.lab.ssh.run(node, &remote, STEP)?;
    Ok(Some(said.trim().to_owned()).filter(|said| !said.is_empty()))
}

/// The node that the DLM names as a resource's master: the one that says so itself.
pub fn master(bench: &Bench, kind: u8, inode: u64) -> anyhow::Result<Option<u8>> {
    for node in bench.lab.nodes() {
        if master_line(bench, node, kind, inode)?.as_deref() == Some("Master Copy") {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

/// Nodes whose GFS2 has a glock.
pub fn glock_on(bench: &Bench, kind: u8, inode: u64) -> anyhow::Result<Vec<String>> {
    let nodes = bench.lab.nodes();
    let said = bench.lab.ssh.run_on(&nodes, &format!("grep -c ' n:{kind}/{inode:x} ' {GLOCKS}; true"), STEP)?;
    Ok(nodes.iter().zip(said).filter(|(_, said)| said.trim() != "0").map(|(node, _)| format!("node{node}")).collect())
}

/// DLM requests since the mount by glock type, on each node: `sbstats`.
pub fn requests(bench: &Bench) -> anyhow::Result<Vec<BTreeMap<String, u64>>> {
    let remote =
        format!("awk '$2 == \"dlm:\" {{ s = 0; for (i = 3; i <= NF; i++) s += $i; print $1, s }}' /sys/kernel/debug/gfs2/{TABLE}/sbstats");
    let said = bench.lab.ssh.run_on(&bench.lab.nodes(), &remote, STEP)?;
    said.iter()
        .map(|said| {
            let pairs = said.lines().map(|line| {
                let (kind, count) = line.split_once(' ').context("awk printed no pair")?;
                anyhow::Ok((kind.to_owned(), count.parse()?))
            });
            pairs.collect()
        })
        .collect()
}

/// The inode of a path, as node 1 tells it.
pub fn inode(bench: &Bench, path: &str) -> anyhow::Result<u64> {
    super::numbers::inode(bench, path)
}

/// A directory of this test's own on GFS2, empty.
pub fn fresh(bench: &Bench, name: &str) -> anyhow::Result<String> {
    let directory = format!("/mnt/gfs2/{name}");
    bench.lab.ssh.run(1, &format!("rm -rf {directory}; mkdir {directory}"), STEP)?;
    Ok(directory)
}

/// Runs dlmtop with a verb over ssh up to its end. Returns the last object that it printed.
pub fn once(bench: &Bench, verb: &[&str], more: &[&str]) -> anyhow::Result<Value> {
    let mut command = over_ssh(bench, verb);
    command.arg("--json").args(more);
    let output = tool::output(command, &[], Duration::from_secs(120))?;
    let mut copy = std::fs::File::options().create(true).append(true).open(bench.scratch.join("dlmtop.json"))?;
    copy.write_all(&output.stdout)?;
    ensure!(output.status.success(), "dlmtop {}: {}\n{}", verb.join(" "), output.status, output.said());
    let said = output.text();
    let line = said.lines().last().context("dlmtop printed nothing")?;
    serde_json::from_str(line).with_context(|| format!("a line that is no JSON: {line}"))
}

/// What an object tells of the lab's GFS2 lockspace.
pub fn lockspace(object: &Value) -> Option<&Value> {
    super::watch::list(object, "lockspaces").iter().find(|told| text(told, "lockspace") == LOCKSPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_padded_as_the_kernel_pads_them() {
        assert_eq!(dlm_name(2, 0x183f3), "       2           183f3");
    }
}
