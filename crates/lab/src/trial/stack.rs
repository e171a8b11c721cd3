//! O2CB's stack under our own `o2cb`, beside the C tools on the same nodes: each must see, and be able to end, what the other began.

mod errnos;
mod global;
mod local;
mod refusals;
mod slots;

pub(super) use errnos::errnos;
pub(super) use global::three_regions;
pub(super) use local::whole_life;
pub(super) use refusals::refusals;
pub(super) use slots::slots;

use super::Bench;
use crate::plan::Stack;
use crate::programs;
use crate::stack::{CLUSTER, STEP, o2cb, ocfs2};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::time::Duration;

/// Our program in the nodes, not on the path: the init script must find the C one.
const O2CB: &str = programs::O2CB;
/// Starting three regions takes some seconds, on a slow engine more.
const LONG: Duration = Duration::from_secs(180);

/// How a run of ours ended.
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Said {
    fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Runs our program.
pub(super) fn ours(bench: &Bench, node: u8, arguments: &str) -> anyhow::Result<Said> {
    let output = bench.lab.ssh.output(node, &format!("{O2CB} {arguments}"), &[], LONG)?;
    let code = output.status.code().with_context(|| format!("node{node}: o2cb {arguments}: {}", output.status))?;
    Ok(Said { code, out: output.text(), err: String::from_utf8_lossy(&output.stderr).into_owned() })
}

/// Runs our program, which must succeed.
fn done(bench: &Bench, node: u8, arguments: &str) -> anyhow::Result<String> {
    let said = ours(bench, node, arguments)?;
    ensure!(said.code == 0, "node{node}: o2cb {arguments}: exit {}\n{}", said.code, said.all());
    Ok(said.out)
}

/// Runs our program, which must refuse with exit code 1, and say all of `words`.
fn refused(bench: &Bench, node: u8, arguments: &str, words: &[&str]) -> anyhow::Result<()> {
    let said = ours(bench, node, arguments)?;
    ensure!(said.code == 1, "node{node}: o2cb {arguments}: exit {}, not refused\n{}", said.code, said.all());
    for word in words {
        ensure!(said.all().contains(word), "node{node}: o2cb {arguments}: {word:?} is not said:\n{}", said.all());
    }
    Ok(())
}

/// What our status says as JSON.
fn status(bench: &Bench, node: u8) -> anyhow::Result<Value> {
    let said = ours(bench, node, &format!("status --json {CLUSTER}"))?;
    serde_json::from_str(&said.out).with_context(|| format!("node{node}: o2cb status --json: {}", said.all()))
}

/// The clusters that the kernel has.
fn registered(bench: &Bench, node: u8) -> anyhow::Result<String> {
    Ok(bench.lab.ssh.run(node, "ls /sys/kernel/config/cluster 2>/dev/null || true", STEP)?.trim().to_owned())
}

/// What the C tool says.
fn c_online(bench: &Bench, node: u8) -> anyhow::Result<bool> {
    let output = bench.lab.ssh.output(node, &format!("/usr/sbin/o2cb cluster-status {CLUSTER}"), &[], STEP)?;
    Ok(output.text().contains("is online"))
}

/// Unmounts all and takes all nodes out of the cluster by the C tools.
fn down(bench: &Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    ocfs2::unmount(&bench.lab, &nodes, ocfs2::MOUNT_POINT)?;
    ocfs2::unmount(&bench.lab, &nodes, ocfs2::OTHER_MOUNT_POINT)?;
    crate::ssh::on_each(&nodes, |node| o2cb::offline(&bench.lab, node))?;
    Ok(())
}

/// As the lab was before.
fn restore(bench: &Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    down(bench)?;
    ocfs2::start(&bench.lab, &nodes)?;
    ocfs2::mount(&bench.lab, &nodes)
}

/// Runs a test with the stack down, and makes the lab whole again whatever comes of it.
fn apart(bench: &mut Bench, run: impl FnOnce(&Bench) -> anyhow::Result<()>) -> anyhow::Result<()> {
    ensure!(bench.lab.plan.stack == Stack::O2cbLocal, "this test wants a lab with --stack o2cb-local");
    down(bench)?;
    let judged = run(bench);
    let restored = restore(bench);
    judged?;
    restored
}
