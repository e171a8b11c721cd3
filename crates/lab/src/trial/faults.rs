//! What breaks in the field while dlmtop watches: it never freezes, counts nothing stale, names the cause within two intervals and
//! recovers by itself.

use super::watch::{Watch, brief, finding, list, node_of, number, text};
use super::{Bench, numbers, reading};
use crate::fault::{self, power};
use crate::network::Role;
use crate::stack::{STEP, ocfs2};
use crate::work::Running;
use anyhow::{Context as _, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long a node may take to be back once its fault is over: ssh's own waits, and the time between attempts.
const BACK: Duration = Duration::from_secs(90);

fn watching(bench: &Bench) -> anyhow::Result<Watch> {
    let mut watch = Watch::nodes(bench, &[])?;
    watch.until_live(&bench.lab.nodes(), Duration::from_secs(60))?;
    Ok(watch)
}

/// The finding that names a node's trouble, whatever its rule.
fn trouble(snapshot: &Value, node: &str) -> Option<String> {
    ["node-late", "node-down"].iter().find_map(|rule| finding(snapshot, rule, node)).map(|finding| text(finding, "text").to_owned())
}

/// Until `node`'s trouble is named; within two intervals. Returns what was said.
fn named(watch: &mut Watch, node: &str) -> anyhow::Result<String> {
    let (began, soon) = (Instant::now(), watch.soon());
    let said = watch.until(&format!("the trouble of {node} named"), soon, |snapshot| trouble(snapshot, node))?;
    crate::progress::say(&format!("after {:.1} s: {said}", began.elapsed().as_secs_f64()));
    Ok(said)
}

/// No lock tells of `node`, and no total counts it.
fn tells_nothing_of(snapshot: &Value, node: &str) -> anyhow::Result<()> {
    for file_system in list(snapshot, "file_systems") {
        for lock in list(file_system, "locks") {
            ensure!(!list(lock, "nodes").iter().any(|told| text(told, "node") == node), "{} still tells of {node}", text(lock, "name"));
        }
    }
    Ok(())
}

/// The chain of processes below dlmtop: its ssh to each node.
fn ssh_children(watch: &Watch) -> anyhow::Result<Vec<Pid>> {
    let pid = watch.pid()?;
    let mut all = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let children = std::fs::read_to_string(task?.path().join("children"))?;
        for child in children.split_whitespace() {
            all.push(Pid::from_raw(child.parse()?));
        }
    }
    Ok(all)
}

pub(super) fn ssh_killed(bench: &mut Bench) -> anyhow::Result<()> {
    let directory = "/mnt/ocfs2/killed-ssh";
    bench.lab.ssh.run(1, &format!("mkdir -p {directory}"), STEP)?;
    let nodes = bench.lab.nodes();
    let uuid = reading::uuid(bench)?;
    let mut watch = watching(bench)?;
    // Read before it is quiet: what a lock did until now may be told only when a dump has it again.
    let before = crate::ssh::on_each(&nodes, |node| reading::locks(bench, node, &uuid))?;
    watch.until_quiet(&nodes, 2, Duration::from_secs(120))?;
    watch.told.clear();
    // Frames are big and under way while the cluster works.
    let mut work = Running::start(&bench.lab, 1, &format!("work hot {directory} --until-eof"))?;
    work.event("started")?;
    for round in 0..4 {
        watch.next()?;
        let children = ssh_children(&watch)?;
        ensure!(!children.is_empty(), "dlmtop runs no ssh");
        if let Some(&victim) = children.get(round % children.len()) {
            // It may have ended between the two.
            let _ = kill(victim, Signal::SIGKILL);
        }
        watch.until_live(&nodes, BACK)?;
    }
    work.finish("done")?;
    watch.until_quiet(&nodes, 3, Duration::from_secs(120))?;
    let after = crate::ssh::on_each(&nodes, |node| reading::locks(bench, node, &uuid))?;
    // What happened while a node was away is not told, or told late; never twice.
    for (node, (before, after)) in nodes.iter().zip(before.iter().zip(&after)) {
        for (name, now) in after {
            let ([now], Some([then])) = (now.as_slice(), before.get(name).map(Vec::as_slice)) else { continue };
            if now.pr < then.pr || now.ex < then.ex {
                continue;
            }
            let told = watch.told.get(&(format!("node{node}"), name.clone())).copied().unwrap_or_default();
            let truth = (now.pr - then.pr, now.ex - then.ex);
            ensure!(told.0 <= truth.0 && told.1 <= truth.1, "{name} on node{node}: told {told:?}, the kernel has {truth:?}");
        }
    }
    watch.quit()
}

pub(super) fn ssh_cut(bench: &mut Bench) -> anyhow::Result<()> {
    let mut watch = watching(bench)?;
    bench.lab.network.cut(Role::Admin, 2)?;
    let judged = (|| {
        named(&mut watch, "node2")?;
        tells_nothing_of(&watch.snapshot, "node2")?;
        // ssh itself notices, or the viewer gives it up; the others go on meanwhile.
        let said = watch.until("the connection given up", Duration::from_secs(60), |snapshot| {
            let node = node_of(snapshot, "node2")?;
            (text(node, "state") != "live" && !node.get("fault")?.is_null()).then(|| text(node, "state").to_owned())
        })?;
        ensure!(said != "live", "{said}");
        let others = ["node1", "node3"].iter().all(|node| node_of(&watch.snapshot, node).is_some_and(|node| text(node, "state") == "live"));
        ensure!(others, "the other nodes suffer: {}", brief(&watch.snapshot));
        anyhow::Ok(())
    })();
    bench.lab.network.join(Role::Admin, 2, 0)?;
    judged?;
    watch.until_live(&[1, 2, 3], BACK)?;
    ensure!(trouble(&watch.snapshot, "node2").is_none(), "node2 is live, yet: {:?}", trouble(&watch.snapshot, "node2"));
    watch.quit()
}

pub(super) fn clock_stepped(bench: &mut Bench) -> anyhow::Result<()> {
    const HOUR: f64 = 3600.0;
    let mut watch = watching(bench)?;
    let step = |bench: &Bench, seconds| fault::clock::step(&bench.lab, 2, seconds);
    for hour in [HOUR, -HOUR] {
        watch.told.clear();
        step(bench, hour)?;
        let judged = (|| {
            let soon = watch.soon();
            let said = watch.until("the stepped clock named", soon, |snapshot| {
                finding(snapshot, "clock-skew", "node2").map(|finding| text(finding, "text").to_owned())
            })?;
            crate::progress::say(&said);
            // A wait is dated right in spite of it: a minute's workload cannot make an hour's wait.
            let file = "/mnt/ocfs2/clock-held";
            let mut holder = Running::start(&bench.lab, 1, &format!("work hold {file} --until-eof"))?;
            holder.event("has")?;
            let mut waiter = Running::start(&bench.lab, 2, &format!("work hold {file} --seconds 0"))?;
            waiter.event("wants")?;
            let began = Instant::now();
            let inode = numbers::inode(bench, file)?;
            let waits = watch.until("the wait under a stepped clock", Duration::from_secs(60), |snapshot| {
                let locks = list(snapshot, "file_systems").iter().flat_map(|file_system| list(file_system, "locks"));
                let mut of_file = locks.filter(|lock| number(lock, "inode") == Some(inode) && text(lock, "type") == "F");
                of_file.find_map(|lock| number(lock, "waiting_ns").filter(|&waits| waits > 0))
            })?;
            let most = began.elapsed() + bench.interval;
            ensure!(waits <= most.as_nanos() as u64, "a wait of {waits} ns is told, {:.1} s after its start", most.as_secs_f64());
            holder.finish("released")?;
            waiter.event("released")?;
            for ((node, name), counts) in &watch.told {
                ensure!(counts.0 < 1_000_000 && counts.1 < 1_000_000, "{name} on {node}: {counts:?} in a few seconds");
            }
            anyhow::Ok(())
        })();
        step(bench, -hour)?;
        judged?;
        watch.until("the clock's trouble over", bench.interval * 6, |snapshot| {
            finding(snapshot, "clock-skew", "node2").is_none().then_some(())
        })?;
    }
    watch.quit()
}

pub(super) fn debugfs_gone(bench: &mut Bench) -> anyhow::Result<()> {
    let mut watch = watching(bench)?;
    // The collector may have a file open at this moment.
    crate::interrupt::wait_for("debugfs unmounted", Duration::from_secs(20), || Ok(fault::debugfs(&bench.lab, 2, false).ok()))?;
    let judged = named(&mut watch, "node2");
    fault::debugfs(&bench.lab, 2, true)?;
    let said = judged?;
    ensure!(said.contains("debugfs"), "the cause is not named: {said}");
    let remedy = finding(&watch.snapshot, "node-down", "node2").map(|finding| text(finding, "remedy").to_owned()).unwrap_or_default();
    ensure!(remedy.contains("mount"), "no remedy is named: {remedy:?}");
    tells_nothing_of(&watch.snapshot, "node2")?;
    watch.until_live(&[1, 2, 3], BACK)?;
    watch.quit()
}

pub(super) fn unmounted_one(bench: &mut Bench) -> anyhow::Result<()> {
    let mut watch = watching(bench)?;
    ocfs2::unmount(&bench.lab, &[3], ocfs2::MOUNT_POINT)?;
    let judged = named(&mut watch, "node3").and_then(|said| {
        ensure!(said.contains("mounted"), "the cause is not named: {said}");
        tells_nothing_of(&watch.snapshot, "node3")
    });
    ocfs2::mount(&bench.lab, &[3])?;
    judged?;
    watch.until_live(&[1, 2, 3], BACK)?;
    watch.quit()
}

pub(super) fn unmounted_all(bench: &mut Bench) -> anyhow::Result<()> {
    let mut watch = watching(bench)?;
    ocfs2::unmount(&bench.lab, &[1, 2, 3], ocfs2::MOUNT_POINT)?;
    let soon = watch.soon();
    let judged = watch.until("every node said to have it unmounted", soon, |snapshot| {
        let said = |node: &str| trouble(snapshot, node).is_some_and(|said| said.contains("mounted"));
        ["node1", "node2", "node3"].into_iter().all(said).then_some(())
    });
    ocfs2::mount(&bench.lab, &[1, 2, 3])?;
    judged?;
    watch.until_live(&[1, 2, 3], BACK)?;
    watch.quit()
}

pub(super) fn two_volumes(bench: &mut Bench) -> anyhow::Result<()> {
    let mut watch = watching(bench)?;
    let uuids = [ocfs2::uuid(&bench.lab, 1, "ocfs2")?, ocfs2::uuid(&bench.lab, 3, "other")?];
    ocfs2::unmount(&bench.lab, &[3], ocfs2::MOUNT_POINT)?;
    let judged = (|| {
        ocfs2::mount_other(&bench.lab, &[3])?;
        watch.until("each volume with its nodes", BACK, |snapshot| {
            let live = |uuid: &str| -> Vec<String> {
                let volume = list(snapshot, "file_systems").iter().find(|volume| text(volume, "uuid") == uuid);
                let nodes = volume.map_or(&[][..], |volume| list(volume, "nodes"));
                nodes.iter().filter(|node| text(node, "state") == "live").map(|node| text(node, "name").to_owned()).collect()
            };
            let [ours, other] = &uuids;
            (live(ours) == ["node1", "node2"] && live(other) == ["node3"]).then_some(())
        })
    })();
    bench.lab.ssh.run(3, "if mountpoint -q /mnt/other; then umount /mnt/other; fi", STEP)?;
    ocfs2::mount(&bench.lab, &[3])?;
    judged?;
    watch.until("three nodes on one volume again", BACK, |snapshot| {
        let volume = list(snapshot, "file_systems").iter().find(|volume| uuids.first().is_some_and(|uuid| text(volume, "uuid") == uuid))?;
        let live = list(volume, "nodes").iter().filter(|node| text(node, "state") == "live").count();
        (live == 3).then_some(())
    })?;
    watch.quit()
}

pub(super) fn hung(bench: &mut Bench) -> anyhow::Result<()> {
    let directory = numbers::fresh(bench, "hung")?;
    let (told, truth) = numbers::told_and_true(bench, |bench, watch| {
        numbers::run_work(bench, 3, &format!("work mass {directory}/before --files 200"))?;
        bench.lab.process(3)?.pause()?;
        let judged = named(watch, "node3").and_then(|_| tells_nothing_of(&watch.snapshot, "node3"));
        bench.lab.process(3)?.resume()?;
        judged?;
        watch.until_live(&[1, 2, 3], BACK)?;
        numbers::run_work(bench, 3, &format!("work mass {directory}/after --files 200"))?;
        Ok(())
    })?;
    numbers::equal(&told, &truth)
}

pub(super) fn killed(bench: &mut Bench) -> anyhow::Result<()> {
    let mut watch = watching(bench)?;
    let load = Running::start(&bench.lab, 1, "work hot /mnt/ocfs2/killed --until-eof")?;
    bench.lab.process(3)?.kill()?;
    named(&mut watch, "node3")?;
    tells_nothing_of(&watch.snapshot, "node3")?;
    // O2CB needs its threshold before the others go on; dlmtop does not.
    let dead = bench.lab.plan.timeouts.threshold * 2;
    for _ in 0..5 {
        watch.next()?;
        let others = ["node1", "node2"].iter().all(|node| node_of(&watch.snapshot, node).is_some_and(|node| text(node, "state") == "live"));
        ensure!(others, "the other nodes suffer: {}", brief(&watch.snapshot));
    }
    watch.until("the evicted node's recovery: the load goes on", Duration::from_secs(u64::from(dead) + 90), |snapshot| {
        let volume = list(snapshot, "file_systems").first()?;
        let totals = volume.get("totals")?;
        (number(totals, "ex_count")? > 100).then_some(())
    })?;
    load.finish("done").context("the load on a survivor")?;
    power::start(&mut bench.lab, 3, false)?;
    watch.until_live(&[1, 2, 3], BACK)?;
    watch.quit()
}
