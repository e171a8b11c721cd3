//! `o2cb lock`: a lock of dlmfs around a command, on three nodes, among the faults that holders meet.

mod holder;

use super::Bench;
use crate::fault::power;
use crate::interrupt::wait_for;
use crate::programs;
use crate::progress::say;
use crate::ssh::on_each;
use crate::stack::STEP;
use anyhow::{Context as _, ensure};
use holder::Holder;
use serde_json::Value;
use std::time::{Duration, Instant};

const O2CB: &str = programs::O2CB;
const DOMAIN: &str = "lab";
/// How often each node adds one.
const TIMES: u32 = 1000;
/// On a file system of its own kind: without the lock, increments of three nodes are lost there.
const COUNTER: &str = "/mnt/ocfs2/o2cb-lock-counter";
/// A thousand locks, joined and left, of three nodes on one slow machine.
const LONG: Duration = Duration::from_secs(1800);

pub(super) fn cluster_flock(bench: &mut Bench) -> anyhow::Result<()> {
    on_each(&bench.lab.nodes(), |node| bench.lab.ssh.run(node, &format!("mountpoint -q /dlm || {O2CB} load"), STEP))?;
    let judged = judge(bench);
    // A node that was killed, and whatever a failed test holds.
    let nodes = bench.lab.nodes();
    for node in nodes {
        if bench.lab.process(node).is_err() {
            power::start(&mut bench.lab, node, false)?;
        }
    }
    bench.lab.ssh.run(1, &format!("rm -f {COUNTER}"), STEP)?;
    judged
}

fn judge(bench: &mut Bench) -> anyhow::Result<()> {
    increments(bench)?;
    one_node(bench)?;
    refusals(bench)?;
    killed_processes(bench)?;
    values(bench)?;
    nothing_left(bench, &[1, 2, 3])?;
    killed_node(bench)
}

/// Runs `o2cb lock`; its exit code, and how long it took.
fn lock(bench: &Bench, node: u8, arguments: &str) -> anyhow::Result<(i32, Duration)> {
    let began = Instant::now();
    let output = bench.lab.ssh.output(node, &format!("{O2CB} lock {arguments}"), &[], LONG)?;
    let code = output.status.code().with_context(|| format!("node{node}: o2cb lock {arguments}: {}", output.status))?;
    Ok((code, began.elapsed()))
}

fn ends(bench: &Bench, node: u8, arguments: &str, code: i32) -> anyhow::Result<Duration> {
    let (ended, took) = lock(bench, node, arguments)?;
    ensure!(ended == code, "node{node}: o2cb lock {arguments}: exit {ended}, not {code}");
    Ok(took)
}

/// A shell's loop that adds one under the lock, again and again.
fn loop_of(times: u32) -> String {
    format!(
        "i=0; while [ $i -lt {times} ]; do {O2CB} lock {DOMAIN} counter -- sh -c 'n=$(cat {COUNTER}); echo $((n + 1)) > {COUNTER}' || \
         exit; i=$((i + 1)); done"
    )
}

fn count(bench: &Bench, expected: u32) -> anyhow::Result<()> {
    for node in bench.lab.nodes() {
        let counted = bench.lab.ssh.run(node, &format!("cat {COUNTER}"), STEP)?;
        ensure!(counted.trim() == expected.to_string(), "node{node}: the counter is {}, not {expected}", counted.trim());
    }
    Ok(())
}

/// Three nodes, each of them a thousand times.
fn increments(bench: &Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    bench.lab.ssh.run(1, &format!("echo 0 > {COUNTER}"), STEP)?;
    let began = Instant::now();
    let took = on_each(&nodes, |node| {
        bench.lab.ssh.run(node, &loop_of(TIMES), LONG)?;
        Ok(began.elapsed().as_secs_f64())
    })?;
    count(bench, TIMES * nodes.len() as u32)?;
    let took: Vec<String> = took.iter().map(|took| format!("{took:.0} s")).collect();
    say(&format!("{} increments under the lock; the nodes ended after {}", TIMES * nodes.len() as u32, took.join(", ")));
    Ok(())
}

/// Processes of one node, which the DLM does not keep apart, and one of another.
fn one_node(bench: &Bench) -> anyhow::Result<()> {
    const PART: u32 = 50;
    bench.lab.ssh.run(1, &format!("echo 0 > {COUNTER}"), STEP)?;
    let both = format!("({}) & a=$!; ({}) & b=$!; wait $a && wait $b", loop_of(PART), loop_of(PART));
    on_each(&[1, 2], |node| bench.lab.ssh.run(node, if node == 1 { &both } else { "true" }, LONG))?;
    count(bench, 2 * PART)
}

fn refusals(bench: &Bench) -> anyhow::Result<()> {
    let held = Holder::of(bench, 1, &format!("{DOMAIN} held"))?;
    for node in [1, 2] {
        let took = ends(bench, node, &format!("-n {DOMAIN} held -- true"), 1)?;
        say(&format!("node{node}: --nonblock said no after {:.2} s", took.as_secs_f64()));
        ends(bench, node, &format!("-n -s -E 9 {DOMAIN} held -- true"), 9)?;
        let took = ends(bench, node, &format!("-w 3 -E 75 {DOMAIN} held -- true"), 75)?;
        // How much longer depends on the machine that runs all of this.
        ensure!(took.as_secs_f64() >= 3.0, "node{node}: --timeout 3 took {:.1} s", took.as_secs_f64());
    }
    // Another node, waiting in the DLM's own queue, is seen from the master or the holder.
    let queued = Holder::start(bench, 2, &format!("{DOMAIN} held"))?;
    let listed = wait_for("node2's request in the list", STEP, || {
        let lists = on_each(&[1, 2], |node| bench.lab.ssh.run(node, &format!("{O2CB} lock --list --json"), STEP))?;
        Ok(lists.iter().find(|list| has_entry(list, 1, "granted") && has_entry(list, 2, "waiting")).cloned())
    })?;
    ensure!(listed.contains("\"o2cb\""), "the process that holds the lock is not listed:\n{listed}");
    held.end(0)?;
    queued.wait_until_held()?;
    queued.end(0)?;

    let shared = Holder::of(bench, 1, &format!("-s {DOMAIN} held"))?;
    ends(bench, 3, &format!("-n -s {DOMAIN} held -- true"), 0)?;
    ends(bench, 3, &format!("-n {DOMAIN} held -- true"), 1)?;
    shared.end(0)?;
    // Who held it last, and let go, is not in the way.
    ends(bench, 2, &format!("-n {DOMAIN} held -- true"), 0)?;
    Ok(())
}

fn has_entry(list: &str, node: u64, queue: &str) -> bool {
    let list: Value = serde_json::from_str(list).unwrap_or_default();
    let arrays = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let locks = arrays(&list, "domains").iter().flat_map(|domain| arrays(domain, "locks")).collect::<Vec<_>>();
    let entries = locks.iter().flat_map(|lock| arrays(lock, "entries")).collect::<Vec<_>>();
    entries.iter().any(|entry| entry.get("node") == Some(&node.into()) && entry.get("queue").and_then(Value::as_str) == Some(queue))
}

fn killed_processes(bench: &Bench) -> anyhow::Result<()> {
    // The program alone: what its command does is still protected.
    bench.lab.ssh.run(1, &format!("{O2CB} lock {DOMAIN} killed -- sleep 4711 < /dev/null > /dev/null 2>&1 & true"), STEP)?;
    wait_for("the command that runs under the lock", STEP, || {
        Ok((bench.lab.ssh.run(1, "pgrep -x -f 'sleep 4711' || true", STEP)?.lines().count() == 1).then_some(()))
    })?;
    bench.lab.ssh.run(1, &format!("pkill -KILL -x -f '{O2CB} lock {DOMAIN} killed .*'"), STEP)?;
    ends(bench, 2, &format!("-n {DOMAIN} killed -- true"), 1)?;
    bench.lab.ssh.run(1, "pkill -TERM -x -f 'sleep 4711'", STEP)?;
    ends(bench, 2, &format!("-w 60 {DOMAIN} killed -- true"), 0)?;

    // All of it: the kernel gives the lock back.
    let held = Holder::of(bench, 1, &format!("{DOMAIN} killed"))?;
    bench.lab.ssh.run(1, "pkill -KILL -x o2cb", STEP)?;
    ends(bench, 2, &format!("-w 60 {DOMAIN} killed -- true"), 0)?;
    held.close();
    // Its lock is in dlmfs still, unless the keeper saw the program's end before it was killed itself; it goes with the next run.
    let left = bench.lab.ssh.run(1, "ls /dlm/lab", STEP)?;
    ensure!(["", "killed"].contains(&left.trim()), "node1: /dlm/lab has {left:?}");
    ends(bench, 1, &format!("{DOMAIN} killed -- true"), 0)?;

    // Ctrl-C and the like.
    let held = Holder::of(bench, 3, &format!("{DOMAIN} killed"))?;
    bench.lab.ssh.run(3, &format!("pkill -TERM -x -f '{O2CB} lock {DOMAIN} killed .*'"), STEP)?;
    held.end(128 + 15)
}

fn values(bench: &Bench) -> anyhow::Result<()> {
    ends(bench, 1, &format!("{DOMAIN} leader --write node1"), 0)?;
    let read = |node: u8| bench.lab.ssh.run(node, &format!("{O2CB} lock {DOMAIN} leader --read"), STEP);
    for node in bench.lab.nodes() {
        let value = read(node)?;
        ensure!(value == "node1", "node{node} reads {value:?}");
    }
    ends(bench, 2, &format!("{DOMAIN} leader --write 2"), 0)?;
    ensure!(read(1)? == "2", "node1 does not read what node2 wrote");
    ends(bench, 1, &format!("{DOMAIN} leader --forget"), 0)?;
    ends(bench, 2, &format!("{DOMAIN} leader --forget"), 0)?;
    Ok(())
}

/// A keeper that was given up goes on by itself for a moment.
fn nothing_left(bench: &Bench, nodes: &[u8]) -> anyhow::Result<()> {
    for &node in nodes {
        let remote = "ls -A /dlm /run/o2cb/lock | grep -v : ; ls /sys/kernel/debug/o2dlm | grep -x lab; pgrep -af -- '[-]-keeper'; true";
        let mut left = String::new();
        wait_for("nothing of o2cb lock", Duration::from_secs(60), || {
            bench.lab.ssh.run(node, remote, STEP)?.trim().clone_into(&mut left);
            Ok(left.is_empty().then_some(()))
        })
        .with_context(|| format!("node{node} has still:\n{left}"))?;
    }
    Ok(())
}

/// The node that holds the lock loses its power.
fn killed_node(bench: &mut Bench) -> anyhow::Result<()> {
    bench.lab.ssh.run(1, &format!("echo 0 > {COUNTER}"), STEP)?;
    let held = Holder::of(bench, 3, &format!("{DOMAIN} counter"))?;
    let (first, second) = (holder_of_loop(bench, 1)?, holder_of_loop(bench, 2)?);
    let began = Instant::now();
    bench.lab.process(3)?.kill()?;
    bench.lab.ssh.forget(3);
    held.close();
    for waiting in [&first, &second] {
        waiting.wait_until_held()?;
    }
    for waiting in [first, second] {
        waiting.end(0)?;
    }
    let dead = bench.lab.plan.timeouts.threshold * 2;
    say(&format!(
        "the others had done their part {:.0} s after the holder's node died (threshold: {dead} s)",
        began.elapsed().as_secs_f64()
    ));
    let counted = bench.lab.ssh.run(1, &format!("cat {COUNTER}"), STEP)?;
    ensure!(counted.trim() == "20", "the counter is {}, not 20", counted.trim());
    power::start(&mut bench.lab, 3, false)?;
    ends(bench, 3, &format!("-w 60 {DOMAIN} counter -- true"), 0)?;
    nothing_left(bench, &[1, 2, 3])
}

/// A loop that says when it has done its part.
fn holder_of_loop(bench: &Bench, node: u8) -> anyhow::Result<Holder> {
    Holder::command(bench, node, &format!("({}) && echo held", loop_of(10)))
}
