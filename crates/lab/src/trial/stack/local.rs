//! A cluster with local heartbeat from nothing to mounted volumes and back.

use super::{CLUSTER, LONG, O2CB, Said, apart, c_online, done, ours, refused, registered, status};
use crate::progress::say;
use crate::ssh::on_each;
use crate::stack::{STEP, ocfs2};
use crate::trial::Bench;
use anyhow::{Context as _, ensure};
use std::time::Duration;

pub fn whole_life(bench: &mut Bench) -> anyhow::Result<()> {
    apart(bench, |bench| {
        unloaded(bench)?;
        writes_nothing(bench)?;
        online(bench)?;
        ocfs2::mount(&bench.lab, &bench.lab.nodes())?;
        mounted(bench)?;
        in_the_way(bench)?;
        leaked_count(bench)?;
        each_ends_the_others(bench)?;
        changes(bench)
    })
}

/// From here on nothing is loaded, where these are modules; a kernel may have them built in.
fn unloaded(bench: &Bench) -> anyhow::Result<()> {
    on_each(&bench.lab.nodes(), |node| done(bench, node, &format!("unload {CLUSTER}")))?;
    for node in bench.lab.nodes() {
        let left = bench.lab.ssh.run(node, "grep ^ocfs2 /proc/modules; grep ocfs2_dlmfs /proc/mounts; true", STEP)?;
        ensure!(left.is_empty(), "node{node}: after unload there is still\n{left}");
    }
    Ok(())
}

/// Queries and dry runs, under strace: no file is opened to be written, nothing made, mounted or loaded.
fn writes_nothing(bench: &Bench) -> anyhow::Result<()> {
    for verb in ["status", "status --json", "online-status", "cluster-status", "online --dry-run", "offline --dry-run", "volumes"] {
        let traced = "open,openat,creat,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,mount,umount2,init_module,finit_module,write,execve,chmod,symlink";
        // Writes to its own pipes and standard output are 1 to 2, and what goes to a child over a pipe.
        let remote = format!(
            "strace -f -qq -o /run/o2cb.strace -e trace={traced} {O2CB} {verb} >/dev/null 2>&1; cat /run/o2cb.strace; rm /run/o2cb.strace"
        );
        let trace = bench.lab.ssh.run(1, &remote, LONG)?;
        ensure!(trace.contains("execve(\"/opt/o2cb"), "o2cb {verb}: nothing was traced:\n{trace}");
        for line in trace.lines() {
            let opened_to_write =
                line.contains("open") && (line.contains("O_WRONLY") || line.contains("O_RDWR") || line.contains("O_CREAT"));
            let to_nowhere = line.contains("\"/dev/null\"");
            let changes = ["mkdir", "rmdir(", "unlink", "rename", "mount(", "umount2(", "init_module", "chmod(", "symlink("];
            let changed = changes.iter().any(|call| line.split_once(' ').is_some_and(|(_, rest)| rest.trim_start().starts_with(call)));
            let foreign = line.contains("execve(") && !line.contains("/opt/o2cb/o2cb\"") && !line.contains("\"/proc/self/exe\"");
            ensure!(!(opened_to_write && !to_nowhere || changed || foreign), "o2cb {verb}: {line}");
        }
    }
    ensure!(registered(bench, 1)?.is_empty(), "a query or a dry run registered a cluster");
    Ok(())
}

fn online(bench: &Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    on_each(&nodes, |node| done(bench, node, &format!("online {CLUSTER}")))?;
    for node in nodes {
        ensure!(c_online(bench, node)?, "node{node}: the C tools do not see the cluster online");
        let again = done(bench, node, &format!("online {CLUSTER}"))?;
        ensure!(again.contains("already online"), "node{node}: a second online: {again}");
    }
    Ok(())
}

/// Our status has the init script's lines, knows all nodes, and finds no fault.
fn mounted(bench: &Bench) -> anyhow::Result<()> {
    crate::interrupt::wait_for("a healthy status on each node", Duration::from_secs(60), || {
        for node in bench.lab.nodes() {
            let now = status(bench, node)?;
            let findings = now.get("findings").and_then(serde_json::Value::as_array).map_or(1, Vec::len);
            if now.get("exit_code").and_then(serde_json::Value::as_u64) != Some(0) || findings > 0 {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .with_context(|| ours(bench, 1, "status").map_or_else(|error| format!("{error:#}"), |said| said.all()))?;
    let theirs = bench.lab.ssh.run(1, &format!("service o2cb status {CLUSTER}"), STEP)?;
    let Said { out, .. } = ours(bench, 1, &format!("status {CLUSTER}"))?;
    for line in theirs.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        ensure!(out.lines().any(|ours| ours.trim_end() == line), "the init script says {line:?}, o2cb does not:\n{out}");
    }
    let volumes = done(bench, 1, "volumes -f")?;
    for node in ["node1", "node2", "node3"] {
        ensure!(volumes.contains(node), "volumes -f does not tell {node}:\n{volumes}");
    }
    Ok(())
}

/// What stands in the way of offline is named, and nothing is touched.
fn in_the_way(bench: &Bench) -> anyhow::Result<()> {
    let offline = format!("offline {CLUSTER}");
    refused(bench, 1, &offline, &["/mnt/ocfs2", "/dev/mapper/ocfs2"])?;
    let start = "mkdir /dlm/trial && touch /dlm/trial/lock && { setsid sleep 900 </dlm/trial/lock >/dev/null 2>&1 & echo $!; }";
    let pid = bench.lab.ssh.run(1, start, STEP)?.trim().to_owned();
    ocfs2::unmount(&bench.lab, &bench.lab.nodes(), ocfs2::MOUNT_POINT)?;
    refused(bench, 1, &offline, &[&format!("process {pid} (sleep)"), "/dlm/trial"])?;
    let alive = bench.lab.ssh.output(1, &format!("kill -0 {pid} && test -e /dlm/trial/lock"), &[], STEP)?;
    ensure!(alive.status.success(), "a refused offline touched the user of dlmfs");
    refused(bench, 1, &format!("offline --force {CLUSTER} </dev/null"), &["--yes"])?;
    done(bench, 1, &format!("offline --force --yes {CLUSTER}"))?;
    ensure!(registered(bench, 1)?.is_empty() && !c_online(bench, 1)?, "node1 is offline, and yet registered");
    for node in [2, 3] {
        done(bench, node, &offline)?;
    }
    Ok(())
}

/// A count that a killed program of the C tools left.
fn leaked_count(bench: &Bench) -> anyhow::Result<()> {
    done(bench, 1, &format!("online {CLUSTER}"))?;
    bench.lab.ssh.run(1, "ocfs2_hb_ctl -S -d /dev/mapper/ocfs2 ocfs2", LONG)?;
    let uuid = ocfs2::uuid(&bench.lab, 1, "ocfs2")?;
    refused(bench, 1, &format!("offline {CLUSTER}"), &[&uuid])?;
    done(bench, 1, &format!("stop-heartbeat --stale {CLUSTER}"))?;
    done(bench, 1, &format!("offline {CLUSTER}"))?;
    // Sets of two are regions'; o2hbmonitor has one of its own.
    let left = bench.lab.ssh.run(1, "awk 'NR > 1 && $4 == 2' /proc/sysvipc/sem | wc -l", STEP)?;
    ensure!(left.trim() == "0", "{} semaphore sets are left", left.trim());
    Ok(())
}

fn each_ends_the_others(bench: &Bench) -> anyhow::Result<()> {
    crate::stack::o2cb::online(&bench.lab, &[1])?;
    ensure!(done(bench, 1, &format!("cluster-status {CLUSTER}"))?.contains("is online"), "o2cb does not see what the init script began");
    done(bench, 1, &format!("offline {CLUSTER}"))?;
    ensure!(registered(bench, 1)?.is_empty(), "what the init script began is still there");
    done(bench, 1, &format!("online {CLUSTER}"))?;
    crate::stack::o2cb::offline(&bench.lab, 1)?;
    say("each ends what the other began");
    Ok(())
}

/// A node that is added and removed while the cluster runs: the C tools' second online does nothing in local mode.
fn changes(bench: &Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    on_each(&nodes, |node| done(bench, node, &format!("online {CLUSTER}")))?;
    ocfs2::mount(&bench.lab, &nodes)?;
    let names = |bench: &Bench| bench.lab.ssh.run(1, &format!("ls /sys/kernel/config/cluster/{CLUSTER}/node"), STEP);
    done(bench, 1, &format!("add-node --ip 10.77.0.99 --number 99 {CLUSTER} spare"))?;
    done(bench, 1, &format!("online {CLUSTER}"))?;
    ensure!(names(bench)?.contains("spare"), "an added node is not registered");
    done(bench, 1, &format!("remove-node {CLUSTER} spare"))?;
    done(bench, 1, &format!("online {CLUSTER}"))?;
    ensure!(!names(bench)?.contains("spare"), "a removed node is still registered");
    // One that beats stays.
    bench.lab.ssh.run(1, "cp /etc/ocfs2/cluster.conf /run/cluster.conf", STEP)?;
    done(bench, 1, &format!("remove-node {CLUSTER} node3"))?;
    let judged = refused(bench, 1, &format!("online {CLUSTER}"), &["node3"]);
    bench.lab.ssh.run(1, "cp /run/cluster.conf /etc/ocfs2/cluster.conf; rm /run/cluster.conf", STEP)?;
    judged?;
    ensure!(names(bench)?.contains("node3"), "an active node was removed");
    Ok(())
}
