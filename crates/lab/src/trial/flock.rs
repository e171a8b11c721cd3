//! Flocks that several nodes want: who has it, who waits, and two that wait for each other.

use super::watch::{Watch, list, text};
use super::{Bench, gfs2, remnants};
use crate::progress;
use crate::stack::STEP;
use crate::work::Running;
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::time::{Duration, Instant};

/// For how long an event of a workload is waited for.
const SOON: Duration = Duration::from_secs(60);
/// How far a told age may be ahead. It lags by the age of the node's sample: an interval at most.
const AHEAD_US: i64 = 500_000;

/// A process of a workload, as it tells itself.
#[derive(Debug)]
struct Process {
    node: String,
    pid: u64,
    at_us: i64,
}

impl Process {
    /// Who told `event`, and when.
    fn of(event: &Value) -> anyhow::Result<Process> {
        let seconds = event.get("time").and_then(Value::as_f64).context("an event without time")?;
        let pid = event.get("pid").and_then(Value::as_u64).context("an event without pid")?;
        Ok(Process { node: text(event, "node").to_owned(), pid, at_us: (seconds * 1e6) as i64 })
    }

    /// An error unless `actor` is this process.
    fn is(&self, actor: Option<&Value>) -> anyhow::Result<()> {
        let actor = actor.context("no actor")?;
        let pid = actor.get("pid").and_then(Value::as_u64);
        ensure!(text(actor, "node") == self.node && pid == Some(self.pid), "{} pid {} is told as {actor}", self.node, self.pid);
        Ok(())
    }
}

/// All waiters of a chain, also those behind others.
fn waiters(of: &Value) -> Vec<&Value> {
    list(of, "waiters").iter().flat_map(|waiter| std::iter::once(waiter).chain(waiters(waiter))).collect()
}

/// An error unless the snapshot tells the flock of `inode` as stuck, with this holder and these waiters since they asked.
fn judge_stuck(snapshot: &Value, inode: u64, holder: &Process, wants: &[Process], interval: Duration) -> anyhow::Result<()> {
    let verdict = list(snapshot, "verdicts").iter().find(|of| text(of, "uuid") == gfs2::TABLE).and_then(|of| of.get("verdict"));
    let word = verdict.map(|verdict| text(verdict, "word"));
    ensure!(word == Some("stuck"), "the verdict is {word:?}");
    let chain = list(snapshot, "chains").iter().find(|chain| chain.get("inode").and_then(Value::as_u64) == Some(inode));
    let chain = chain.with_context(|| format!("no chain of inode {inode}"))?;
    ensure!(chain.get("stuck").is_some_and(Value::is_object), "the chain is not stuck");
    holder.is(chain.get("root").and_then(|root| root.get("actor"))).context("the holder")?;
    let told = waiters(chain);
    ensure!(told.len() == wants.len(), "{} waiters are told", told.len());
    let now_us = snapshot.get("time_us").and_then(Value::as_i64).context("no time")?;
    for process in wants {
        let of_node = told.iter().find(|waiter| waiter.get("actor").is_some_and(|actor| text(actor, "node") == process.node));
        let waiter = of_node.with_context(|| format!("no waiter on {}", process.node))?;
        process.is(waiter.get("actor")).context("a waiter")?;
        let told_us = waiter.get("for_ns").and_then(Value::as_i64).context("no age")? / 1000;
        let true_us = now_us - process.at_us;
        let lags_us = true_us - told_us;
        ensure!(
            (-AHEAD_US..=interval.as_micros() as i64).contains(&lags_us),
            "{} waits {true_us} µs, told as {told_us}: {waiter}",
            process.node
        );
    }
    Ok(())
}

/// Takes snapshots until `judge` has nothing against one; its last objection is the error.
fn until_judged(watch: &mut Watch, limit: Duration, judge: impl Fn(&Value) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        let snapshot = watch.next()?;
        match judge(snapshot) {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() >= deadline => {
                return Err(error).with_context(|| format!("not within {:.0} s; the last snapshot: {snapshot}", limit.as_secs_f64()));
            }
            Err(_) => {}
        }
    }
}

pub(super) fn stuck_gfs2(bench: &mut Bench) -> anyhow::Result<()> {
    let interval = bench.interval;
    let file = format!("{}/held", gfs2::fresh(bench, "stuck-flock")?);
    let mut watch = Watch::view(bench, &["waits"], &["--stuck", "3"])?;
    watch.until("all nodes seen", Duration::from_secs(60), |snapshot| list(snapshot, "nodes_not_seen").is_empty().then_some(()))?;
    let mut holding = Running::start(&bench.lab, 2, &format!("work hold {file} --until-eof"))?;
    let holder = Process::of(&holding.event_within("has", SOON)?)?;
    let inode = gfs2::inode(bench, &file)?;
    let (mut waiting, mut wants) = (Vec::new(), Vec::new());
    for node in [1, 3] {
        let mut waiter = Running::start(&bench.lab, node, &format!("work hold {file} --seconds 0"))?;
        wants.push(Process::of(&waiter.event_within("wants", SOON)?)?);
        waiting.push(waiter);
    }
    until_judged(&mut watch, Duration::from_secs(40), |snapshot| judge_stuck(snapshot, inode, &holder, &wants, interval))?;
    // It must stay right while it goes on.
    let mut wrong = Vec::new();
    for _ in 0..5 {
        let snapshot = watch.next()?;
        if let Err(error) = judge_stuck(snapshot, inode, &holder, &wants, interval) {
            wrong.push(format!("{error:#}"));
        }
    }
    ensure!(wrong.is_empty(), "told right once, but of 5 later snapshots {} are wrong: {}", wrong.len(), wrong.join("; "));
    if let Some(chain) = list(&watch.snapshot, "chains").first() {
        progress::say(text(chain, "sentence"));
    }

    drop(holding.leash());
    holding.event_within("released", SOON)?;
    for mut waiter in waiting {
        waiter.event_within("released", SOON)?;
    }
    let of_inode = |told: &Value| told.get("inode").and_then(Value::as_u64) == Some(inode);
    let mut ended = false;
    watch.until("the wait told as ended", bench.interval * 5, |snapshot| {
        ended |= list(snapshot, "ended").iter().any(of_inode);
        (ended && !list(snapshot, "chains").iter().any(of_inode)).then_some(())
    })?;
    watch.quit()?;
    remnants::until_clean(bench, &bench.lab.nodes(), Duration::from_secs(15))
}

/// Nodes that wait in a deadlock, in order, each once.
fn in_cycle(snapshot: &Value) -> Vec<String> {
    let edges = list(snapshot, "deadlocks").iter().flat_map(|cycle| list(cycle, "edges"));
    let mut nodes: Vec<String> =
        edges.filter_map(|edge| edge.get("waiter")?.get("actor")).map(|actor| text(actor, "node").to_owned()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// How a deadlock is ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// SIGKILL to one of the two.
    Kill,
    /// One gives its first lock back: on GFS2 a process that waits for a flock cannot be killed.
    GiveBack,
}

pub(super) fn deadlock_ocfs2(bench: &mut Bench) -> anyhow::Result<()> {
    let directory = super::numbers::fresh(bench, "deadlock")?;
    deadlock(bench, &directory, Cure::Kill)
}

pub(super) fn deadlock_gfs2(bench: &mut Bench) -> anyhow::Result<()> {
    let directory = gfs2::fresh(bench, "deadlock")?;
    deadlock(bench, &directory, Cure::GiveBack)
}

fn deadlock(bench: &Bench, directory: &str, cure: Cure) -> anyhow::Result<()> {
    let (one, other) = (format!("{directory}/one"), format!("{directory}/other"));
    let mut watch = Watch::view(bench, &["waits"], &["--stuck", "3"])?;
    watch.until("all nodes seen, and no deadlock", Duration::from_secs(60), |snapshot| {
        (list(snapshot, "nodes_not_seen").is_empty() && in_cycle(snapshot).is_empty()).then_some(())
    })?;
    let mut first = Running::start(&bench.lab, 1, &format!("work deadlock {one} {other} --until-eof"))?;
    first.event_within("has", SOON)?;
    let mut second = Running::start(&bench.lab, 2, &format!("work deadlock {other} {one} --until-eof"))?;
    let mut processes = Vec::new();
    for half in [&mut first, &mut second] {
        processes.push(Process::of(&half.event_within("wants", SOON)?)?);
    }
    until_judged(&mut watch, Duration::from_secs(40), |snapshot| {
        let nodes = in_cycle(snapshot);
        ensure!(nodes == ["node1", "node2"], "in a deadlock: {nodes:?}");
        for process in &processes {
            let edges = list(snapshot, "deadlocks").iter().flat_map(|cycle| list(cycle, "edges"));
            let mut actors = edges.filter_map(|edge| edge.get("waiter")?.get("actor"));
            let actor = actors.find(|actor| text(actor, "node") == process.node);
            // OCFS2 tells no process that waits; whom dlmtop names must be the right one.
            if cure == Cure::GiveBack || actor.and_then(|actor| actor.get("pid")).is_some_and(Value::is_u64) {
                process.is(actor)?;
            }
        }
        Ok(())
    })?;
    let sentence = list(&watch.snapshot, "deadlocks").first().map(|cycle| text(cycle, "sentence").to_owned());
    progress::say(&sentence.unwrap_or_default());
    // The kernel agrees: neither goes on.
    for process in &processes {
        let node: u8 = process.node.trim_start_matches("node").parse()?;
        let comm = bench.lab.ssh.run(node, &format!("cat /proc/{}/comm", process.pid), STEP)?;
        ensure!(comm.trim() == "lab-guest", "{} pid {} is {comm}", process.node, process.pid);
    }

    match (cure, processes.first()) {
        (Cure::Kill, Some(process)) => {
            bench.lab.ssh.run(1, &format!("kill -9 {}", process.pid), STEP)?;
            second.event_within("done", SOON).context("the other, after the kill")?;
        }
        (Cure::GiveBack, _) => {
            drop(first.leash());
            second.event_within("done", SOON).context("the other, after the first lock was given back")?;
            first.event_within("done", SOON)?;
        }
        (Cure::Kill, None) => bail!("no process to kill"),
    }
    watch.until("no deadlock any more", bench.interval * 5, |snapshot| {
        let waits = list(snapshot, "chains").iter().any(|chain| text(chain, "resource").starts_with("6/"));
        (list(snapshot, "deadlocks").is_empty() && !waits).then_some(())
    })?;
    watch.quit()
}
