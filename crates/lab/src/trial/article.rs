//! The life of a file's glocks and their masters, by one command and by the manual recipe.

use super::Bench;
use super::gfs2::{self, Counts};
use super::watch::{Watch, list, number, text};
use crate::progress;
use crate::stack::STEP;
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::time::{Duration, Instant};

const FILE: &str = "/mnt/gfs2/file1";

/// `dlmtop life … -- COMMAND` on node 1, between two countings by hand.
struct Lived {
    before: Vec<Counts>,
    after: Vec<Counts>,
    told: Value,
}

/// Runs the command by dlmtop. `more`: dlmtop's other options.
fn lived(bench: &Bench, more: &[&str], command: &[&str]) -> anyhow::Result<Lived> {
    let before = gfs2::quiet_counts(bench)?;
    let words = [&["--on", "node1"], more, &["--"], command].concat();
    let told = gfs2::once(bench, &["life"], &words)?;
    let after = gfs2::quiet_counts(bench)?;
    let told = gfs2::lockspace(&told).with_context(|| format!("life tells nothing of {}: {told}", gfs2::LOCKSPACE))?.clone();
    Ok(Lived { before, after, told })
}

impl Lived {
    /// An error unless dlmtop's counts are those by hand.
    fn equal(&self, bench: &Bench) -> anyhow::Result<()> {
        for ((node, before), after) in bench.lab.nodes().iter().zip(&self.before).zip(&self.after) {
            let name = format!("node{node}");
            let of_node = list(&self.told, "nodes").iter().find(|told| text(told, "node") == name);
            let of_node = of_node.with_context(|| format!("{name} is not told"))?;
            let both = |member: &str| {
                let told = of_node.get(member);
                let at = |when: &str| told.and_then(|told| number(told, when));
                (at("before"), at("after"))
            };
            let glocks = |when: &str| list(of_node, "glocks").iter().map(|kind| number(kind, when)).sum::<Option<u64>>();
            for (what, told, counted) in [
                ("masters", both("mastered"), (before.masters, after.masters)),
                ("resources", both("resources"), (before.resources, after.resources)),
                ("glocks", (glocks("before"), glocks("after")), (before.glocks, after.glocks)),
            ] {
                ensure!(told == (Some(counted.0), Some(counted.1)), "{name}: {what} told {told:?}, grep counts {counted:?}");
            }
        }
        Ok(())
    }

    /// The change of a glock on a node.
    fn change(&self, kind: u8, inode: u64, node: &str) -> anyhow::Result<&Value> {
        let name = format!("{kind}/{inode:x}");
        let changes = list(&self.told, "changes");
        let of = changes.iter().find(|change| text(change, "resource") == name && text(change, "node") == node);
        of.with_context(|| format!("no change of {name} on {node} is told: {}", Value::Array(changes.to_vec())))
    }

    /// Masters and glocks of node 1, for people.
    fn words(&self) -> String {
        let first = |counts: &[Counts]| counts.first().map(|counts| format!("{} masters, {} glocks", counts.masters, counts.glocks));
        format!("node1 {} -> {}", first(&self.before).unwrap_or_default(), first(&self.after).unwrap_or_default())
    }
}

pub(super) fn life(bench: &mut Bench) -> anyhow::Result<()> {
    // The kernel works on its own account, too: what differs once is judged again.
    let mut tries = 2;
    loop {
        tries -= 1;
        match copied_and_removed(bench) {
            Err(error) if tries > 0 => progress::say(&format!("again, since {error:#}")),
            result => return result,
        }
    }
}

fn copied_and_removed(bench: &Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    // Neither the file nor what is remembered of an inode of this number.
    bench.lab.ssh.run(1, &format!("rm -f {FILE}; head -c 300000 /dev/urandom >/run/src"), STEP)?;
    bench.lab.ssh.run_on(&nodes, "sync; echo 2 >/proc/sys/vm/drop_caches", STEP)?;

    let copied = lived(bench, &[], &["cp", "/run/src", FILE])?;
    copied.equal(bench)?;
    let inode = gfs2::inode(bench, FILE)?;
    for kind in [2, 5] {
        let change = copied.change(kind, inode, "node1")?;
        ensure!(text(change, "change").starts_with("created"), "{kind}/{inode:x} is told as {change}");
        let master = gfs2::master(bench, kind, inode)?.with_context(|| format!("no node masters {kind}/{inode:x}"))?;
        ensure!(master == 1, "node{master} masters {kind}/{inode:x}: the lab's DLM breaks its rule");
        ensure!(text(change, "master") == "node1", "the master of {kind}/{inode:x}: {change}");
    }
    progress::say(&format!("cp: {}", copied.words()));

    let removed = lived(bench, &["--only", &inode.to_string()], &["rm", FILE])?;
    removed.equal(bench)?;
    let iopen = removed.change(5, inode, "node1")?;
    ensure!(text(iopen, "change").starts_with("released") && !text(iopen, "rule").is_empty(), "the iopen glock: {iopen}");
    ensure!(gfs2::glock_on(bench, 5, inode)?.is_empty(), "the kernel has the iopen glock still");
    let own = removed.change(2, inode, "node1")?;
    match gfs2::glock_on(bench, 2, inode)?.as_slice() {
        [] => ensure!(text(own, "change").starts_with("released"), "the inode glock is gone, but told as {own}"),
        [node] if node == "node1" => {
            let stays = ["kept", "demoted", "raised"].iter().any(|word| text(own, "change").starts_with(word));
            ensure!(stays, "the inode glock stays, but is told as {own}");
            ensure!(text(own, "master") == "node1", "the master of what stays: {own}");
        }
        others => bail!("after rm on node1, glock 2/{inode:x} is on {}", others.join(", ")),
    }
    ensure!(!text(own, "rule").is_empty(), "no reason for {own}");
    progress::say(&format!("rm: {}; the inode glock: {}: {}", removed.words(), text(own, "change"), text(own, "rule")));
    Ok(())
}

pub(super) fn inode(bench: &mut Bench) -> anyhow::Result<()> {
    let path = format!("{}/file", gfs2::fresh(bench, "inode-trial")?);
    bench.lab.ssh.run(1, &format!("head -c 5000 /dev/urandom >{path}"), STEP)?;
    bench.lab.ssh.run(2, &format!("cat {path} >/dev/null"), STEP)?;
    let inode = gfs2::inode(bench, &path)?;
    gfs2::quiet_counts(bench)?;
    let number_word = format!("0x{inode:x}");
    let mut watch = Watch::view(bench, &["inode", &number_word], &[])?;
    for kind in [2_u8, 5] {
        let truth = gfs2::glock_on(bench, kind, inode)?;
        ensure!(truth.len() == 2, "glock {kind}/{inode:x} is on {}", truth.join(", "));
        let master = gfs2::master(bench, kind, inode)?.with_context(|| format!("no node masters {kind}/{inode:x}"))?;
        let master = format!("node{master}");
        let name = format!("{kind}/{inode:x}");
        let what = format!("{name} on {} with the master {master}", truth.join(", "));
        watch.until(&what, Duration::from_secs(40), |snapshot| {
            let resources = list(gfs2::lockspace(snapshot)?, "resources");
            let resource = resources.iter().find(|resource| text(resource, "name") == name)?;
            let mut on: Vec<&str> = list(resource, "glocks").iter().map(|glock| text(glock, "node")).collect();
            on.sort_unstable();
            let mut locks: Vec<&str> = list(resource, "locks").iter().map(|lock| text(lock, "node")).collect();
            locks.sort_unstable();
            (on == truth && locks == truth && text(resource, "master") == master).then_some(())
        })?;
        progress::say(&what);
    }
    watch.quit()
}

pub(super) fn masters(bench: &mut Bench) -> anyhow::Result<()> {
    let directory = gfs2::fresh(bench, "masters-trial")?;
    for node in bench.lab.nodes() {
        super::numbers::run_work(bench, node, &format!("work mass {directory}/node{node} --files 20"))?;
    }
    let mut watch = Watch::view(bench, &["masters"], &[])?;
    let deadline = Instant::now() + Duration::from_secs(60);
    // A sample between two equal countings is of the same moment.
    let mut before = gfs2::quiet_counts(bench)?;
    loop {
        let told: Vec<Option<u64>> = {
            let snapshot = watch.next()?;
            let nodes = gfs2::lockspace(snapshot).map_or(&[][..], |told| list(told, "nodes"));
            let of = |node: &u8| nodes.iter().find(|told| text(told, "node") == format!("node{node}"));
            bench.lab.nodes().iter().map(|node| number(of(node)?, "mastered")).collect()
        };
        let after = gfs2::counts(bench)?;
        let counted: Vec<Option<u64>> = after.iter().map(|counts| Some(counts.masters)).collect();
        if before == after && told == counted {
            progress::say(&format!(
                "mastered by each node, told and counted: {}",
                after.iter().map(|of| of.masters.to_string()).collect::<Vec<_>>().join(", ")
            ));
            return watch.quit();
        }
        ensure!(Instant::now() < deadline, "told {told:?}, grep counts {counted:?}, and before it {before:?}");
        before = after;
    }
}
