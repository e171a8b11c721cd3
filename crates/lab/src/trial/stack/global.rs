//! A cluster whose heartbeat three regions carry.

use super::{CLUSTER, LONG, apart, c_online, done, refused, registered, status};
use crate::plan::Stack;
use crate::ssh::on_each;
use crate::stack::ocfs2::{self, REGIONS};
use crate::stack::{STEP, o2cb};
use crate::trial::Bench;
use anyhow::{Context as _, ensure};
use std::time::Duration;

pub fn three_regions(bench: &mut Bench) -> anyhow::Result<()> {
    let made = apart(bench, |bench| {
        let nodes = bench.lab.nodes();
        prepare(bench)?;
        on_each(&nodes, |node| done(bench, node, &format!("online {CLUSTER}")))?;
        for &node in &nodes {
            ensure!(c_online(bench, node)?, "node{node}: the C tools do not see the cluster online");
        }
        ocfs2::mount_other(&bench.lab, &nodes)?;
        healthy(bench)?;
        change(bench)?;
        ocfs2::unmount(&bench.lab, &nodes, ocfs2::OTHER_MOUNT_POINT)?;
        // The C tools end what ours began, and the other way round.
        bench.lab.ssh.run(1, &format!("/usr/sbin/o2cb stop-heartbeat {CLUSTER} && /usr/sbin/o2cb unregister-cluster {CLUSTER}"), LONG)?;
        ensure!(registered(bench, 1)?.is_empty(), "node1: the C tools did not end it");
        bench.lab.ssh.run(1, &format!("/usr/sbin/o2cb register-cluster {CLUSTER} && /usr/sbin/o2cb start-heartbeat {CLUSTER}"), LONG)?;
        on_each(&nodes, |node| done(bench, node, &format!("offline {CLUSTER}")))?;
        for node in nodes {
            ensure!(registered(bench, node)?.is_empty(), "node{node} is registered still");
        }
        Ok(())
    });
    // For the other tests it is as it was made.
    let remade = ocfs2::remake(&bench.lab);
    made?;
    remade
}

/// Volumes and regions with the global flag, and a configuration edited by our program alone.
fn prepare(bench: &Bench) -> anyhow::Result<()> {
    for disk in REGIONS.iter().chain(&["other"]) {
        ocfs2::format(&bench.lab, 1, disk, &ocfs2::cluster_options(Stack::O2cbGlobal))?;
    }
    let conf = o2cb::cluster_conf(bench.lab.plan.nodes, &[]);
    o2cb::configure(&bench.lab, &bench.lab.nodes(), &conf, bench.lab.plan.timeouts)?;
    done(bench, 1, &format!("heartbeat-mode {CLUSTER} global"))?;
    for disk in REGIONS {
        done(bench, 1, &format!("add-heartbeat {CLUSTER} /dev/mapper/{disk}"))?;
    }
    done(bench, 1, "config check")?;
    copy_conf(bench)
}

fn healthy(bench: &Bench) -> anyhow::Result<()> {
    let mut last = String::new();
    crate::interrupt::wait_for("three regions of quorum on each node, and nothing found", Duration::from_secs(60), || {
        for node in bench.lab.nodes() {
            let now = status(bench, node)?;
            let quorum = now.get("quorum_regions").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
            let code = now.get("exit_code").and_then(serde_json::Value::as_u64);
            if (code, quorum) != (Some(0), REGIONS.len()) {
                last = format!("node{node}: {now}");
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .with_context(|| last)
}

/// Nodes and regions that come and go while a volume is mounted.
fn change(bench: &Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    done(bench, 1, &format!("add-node --ip 10.77.0.99 --number 99 {CLUSTER} spare"))?;
    done(bench, 1, &format!("online {CLUSTER}"))?;
    let names = bench.lab.ssh.run(1, &format!("ls /sys/kernel/config/cluster/{CLUSTER}/node"), STEP)?;
    ensure!(names.contains("spare"), "an added node is not registered: {names}");
    done(bench, 1, &format!("remove-node {CLUSTER} spare"))?;
    done(bench, 1, &format!("online {CLUSTER}"))?;

    // With three regions of quorum and a domain, none can go.
    let uuid = ocfs2::uuid(&bench.lab, 1, "hb3")?;
    done(bench, 1, &format!("remove-heartbeat {CLUSTER} {uuid}"))?;
    let judged = refused(bench, 1, &format!("online {CLUSTER}"), &[&uuid, "quorum"]);
    done(bench, 1, &format!("add-heartbeat {CLUSTER} {uuid}"))?;
    judged?;

    // With a fourth, one can: the volume itself carries the global flag, and can be a region too.
    let fourth = ocfs2::uuid(&bench.lab, 1, "other")?;
    done(bench, 1, &format!("add-heartbeat {CLUSTER} /dev/mapper/other"))?;
    copy_conf(bench)?;
    on_each(&nodes, |node| done(bench, node, &format!("online {CLUSTER}")))?;
    crate::interrupt::wait_for("a fourth region of quorum on each node", Duration::from_secs(60), || {
        for &node in &nodes {
            let now = status(bench, node)?;
            if now.get("quorum_regions").and_then(serde_json::Value::as_array).map(Vec::len) != Some(4) {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })?;
    done(bench, 1, &format!("remove-heartbeat {CLUSTER} {fourth}"))?;
    copy_conf(bench)?;
    on_each(&nodes, |node| done(bench, node, &format!("online {CLUSTER}")))?;
    let regions = bench.lab.ssh.run(1, &format!("ls /sys/kernel/config/cluster/{CLUSTER}/heartbeat"), STEP)?;
    ensure!(!regions.contains(&fourth), "a removed region is still there:\n{regions}");
    healthy(bench)
}

/// node1's configuration for all.
fn copy_conf(bench: &Bench) -> anyhow::Result<()> {
    let conf = bench.lab.ssh.run(1, "cat /etc/ocfs2/cluster.conf", STEP)?;
    on_each(&[2, 3], |node| bench.lab.ssh.write(node, "/etc/ocfs2/cluster.conf", 0o644, conf.as_bytes()))?;
    Ok(())
}
