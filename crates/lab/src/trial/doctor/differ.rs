//! Nodes that differ: node tables, timeouts, ports.

use super::{comes_to_find, finds, well};
use crate::fault::{self, Fault};
use crate::stack::{STEP, o2cb, ocfs2};
use crate::trial::Bench;
use std::time::Duration;

/// A mount that cannot succeed ends after a minute at the latest.
const MOUNTS: &str = "setsid mount -t ocfs2 /dev/mapper/ocfs2 /mnt/ocfs2 </dev/null >/run/mount.log 2>&1 &";
/// Until it is found: a heartbeat must be seen, connections tried.
const SOON: Duration = Duration::from_secs(55);

pub fn differ(bench: &mut Bench) -> anyhow::Result<()> {
    let judged = each(bench);
    // The mount that cannot succeed ends by itself, and the region with it.
    let ended = "for n in $(seq 900); do pgrep -x mount.ocfs2 >/dev/null || exit 0; sleep 0.1; done; exit 1";
    bench.lab.ssh.run(3, ended, STEP)?;
    fault::make(&mut bench.lab, &Fault::WrongConfig { node: 3, back: true })?;
    ocfs2::mount(&bench.lab, &[3])?;
    judged?;
    well(bench)
}

fn each(bench: &mut Bench) -> anyhow::Result<()> {
    let conf = o2cb::cluster_conf(bench.lab.plan.nodes, &[]);
    // The file of a running node has a node more.
    let spare = "node:\n\tip_port = 7777\n\tip_address = 10.77.0.99\n\tnumber = 99\n\tname = spare\n\tcluster = lab\n\n";
    let more = format!("{}{spare}", conf.replace("node_count = 3", "node_count = 4"));
    bench.lab.ssh.write(1, "/etc/ocfs2/cluster.conf", 0o644, more.as_bytes())?;
    let judged = finds(bench, 1, "", "", "nodes-differ", &["node 'spare' of cluster.conf is not registered", "o2cb online"]);
    bench.lab.ssh.write(1, "/etc/ocfs2/cluster.conf", 0o644, conf.as_bytes())?;
    judged?;

    // Node 3 was brought online with it, and wants to join.
    rejoin_with(bench, &more, bench.lab.plan.timeouts)?;
    comes_to_find(bench, 3, "nodes-differ", &["refused this node's join"], SOON)?;
    // Whom it asked last tells the node.
    let told = [1, 2]
        .iter()
        .any(|node| finds(bench, *node, "", "", "nodes-differ", &["node 99 (10.77.0.99:7777)", "which wants to join"]).is_ok());
    anyhow::ensure!(told, "neither node1 nor node2 tells of node 99");

    // Another threshold.
    let other = crate::plan::Timeouts { threshold: 61, ..bench.lab.plan.timeouts };
    ended(bench)?;
    rejoin_with(bench, &conf, other)?;
    comes_to_find(bench, 1, "timeouts-differ", &["122000 ms", "threshold 61", "node3 (3)"], SOON)?;

    // Another port of node 1: node 3 is the one that connects.
    ended(bench)?;
    let port = conf.replacen("ip_port = 7777\n\tip_address = 10.77.0.1\n", "ip_port = 7778\n\tip_address = 10.77.0.1\n", 1);
    rejoin_with(bench, &port, bench.lab.plan.timeouts)?;
    comes_to_find(
        bench,
        3,
        "connection-blocked",
        &["node1 (1) beats on disk", "refuses TCP at 10.77.0.1:7778", "this node connects to it"],
        SOON,
    )
}

fn ended(bench: &Bench) -> anyhow::Result<()> {
    bench.lab.ssh.run(3, "for n in $(seq 900); do pgrep -x mount.ocfs2 >/dev/null || exit 0; sleep 0.1; done; exit 1", STEP)?;
    Ok(())
}

/// Takes node 3 out, and lets it try to come back with this.
fn rejoin_with(bench: &Bench, conf: &str, timeouts: crate::plan::Timeouts) -> anyhow::Result<()> {
    o2cb::offline(&bench.lab, 3)?;
    o2cb::configure(&bench.lab, &[3], conf, timeouts)?;
    o2cb::online(&bench.lab, &[3])?;
    bench.lab.ssh.run(3, MOUNTS, STEP)?;
    Ok(())
}
