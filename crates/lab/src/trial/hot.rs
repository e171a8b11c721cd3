//! Three nodes in one directory of GFS2.

use super::watch::{Watch, is_fresh, list, node_of, number, text};
use super::{Bench, gfs2, numbers};
use crate::progress;
use crate::stack::STEP;
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The directory's glock must be among so many rows.
const FIRST: usize = 5;

/// For how long the mount is waited for to become still.
const STILL: Duration = Duration::from_secs(120);

/// A line that was ready before is taken at once.
const SOON: Duration = Duration::from_millis(300);

/// DLM requests by node and glock type.
type Requests = BTreeMap<(String, String), u64>;

/// What happens meanwhile.
#[derive(Default)]
struct Seen {
    told: Requests,
    /// Places of the directory's glock among the rows.
    places: Vec<usize>,
    /// Nodes whose DLM requests for it were told.
    nodes: Vec<String>,
    stuck: Vec<String>,
    /// Remote demotes of the directory's glock, by node.
    demotes: BTreeMap<String, u64>,
    /// Nodes on which the kernel could not count them, and why.
    not_measured: BTreeMap<String, String>,
}

impl Seen {
    /// Takes a snapshot's figures.
    fn add(&mut self, snapshot: &Value, inode: u64) {
        let Some(volume) = list(snapshot, "file_systems").first() else { return };
        for of_node in list(volume, "gfs2") {
            // A sample is told again until the next comes; its counts are not.
            let node = text(of_node, "node");
            if !node_of(snapshot, node).is_some_and(is_fresh) {
                continue;
            }
            for kind in list(of_node, "types") {
                let count = number(kind, "dlm_requests").unwrap_or(0);
                *self.told.entry((node.to_owned(), text(kind, "type").to_owned())).or_default() += count;
            }
            if text(of_node, "dlm_waits") != "on" {
                self.not_measured.insert(node.to_owned(), text(of_node, "dlm_waits_trouble").to_owned());
            }
        }
        let rows = list(volume, "glocks");
        let name = format!("2/{inode:x}");
        if let Some((place, row)) = rows.iter().enumerate().find(|(_, row)| text(row, "glock") == name) {
            self.places.push(place);
            let with = list(row, "nodes").iter().filter(|part| number(part, "dlm_requests").is_some_and(|count| count > 0));
            self.nodes.extend(with.map(|part| text(part, "node").to_owned()));
            for part in list(row, "nodes") {
                let node = text(part, "node");
                if node_of(snapshot, node).is_some_and(is_fresh) {
                    *self.demotes.entry(node.to_owned()).or_default() += number(part, "remote_demotes").unwrap_or(0);
                }
            }
        }
        let stuck_rows = rows.iter().filter(|row| row.get("stuck").and_then(Value::as_bool) == Some(true)).map(|row| text(row, "glock"));
        let findings = list(snapshot, "findings").iter().map(|finding| text(finding, "rule")).filter(|rule| rule.contains("stuck"));
        self.stuck.extend(stuck_rows.chain(findings).map(str::to_owned));
        self.stuck.extend(list(snapshot, "stuck").iter().map(ToString::to_string));
    }

    /// All DLM requests that were told of a node.
    fn of(&self, node: &str) -> u64 {
        self.told.iter().filter(|((of, _), _)| of == node).map(|(_, count)| count).sum()
    }
}

/// Takes snapshots until `sbstats` is the same before and after two in a row that tell fresh samples of all nodes: what the second
/// tells was read in between, so all is told that `sbstats` has counted. Returns that. The kernel makes a few requests on its own
/// account every now and then.
fn until_still(bench: &Bench, watch: &mut Watch, seen: &mut Seen, inode: u64) -> anyhow::Result<Vec<BTreeMap<String, u64>>> {
    let nodes = bench.lab.nodes();
    let deadline = Instant::now() + STILL;
    let mut counted = gfs2::requests(bench)?;
    loop {
        let began = Instant::now();
        let mut fresh = 0;
        watch.until("fresh samples of all nodes", STILL, |snapshot| {
            seen.add(snapshot, inode);
            let all = nodes.iter().all(|node| node_of(snapshot, &format!("node{node}")).is_some_and(is_fresh));
            // Lines that came while something else was done tell of before that.
            fresh = if all && began.elapsed() > SOON { fresh + 1 } else { 0 };
            (fresh >= 2).then_some(())
        })?;
        let before = std::mem::replace(&mut counted, gfs2::requests(bench)?);
        if before == counted {
            return Ok(counted);
        }
        ensure!(Instant::now() < deadline, "sbstats grows all the time: {before:?}, {counted:?}");
    }
}

/// Which nodes' kernels have hist triggers on GFS2's events, and a tracefs that is mounted.
fn hist_triggers(bench: &Bench, nodes: &[u8]) -> anyhow::Result<Vec<bool>> {
    let remote = "grep -q ' tracefs ' /proc/mounts && test -e /sys/kernel/tracing/events/gfs2/gfs2_demote_rq/hist && echo yes || echo no";
    nodes.iter().map(|&node| Ok(bench.lab.ssh.run(node, remote, STEP)?.trim() == "yes")).collect()
}

pub(super) fn directory(bench: &mut Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    let directory = gfs2::fresh(bench, "hot-trial")?;
    let inode = gfs2::inode(bench, &directory)?;
    let mut watch = Watch::nodes(bench, &[])?;
    watch.until_live(&nodes, Duration::from_secs(60))?;
    let before = until_still(bench, &mut watch, &mut Seen::default(), inode)?;
    let mut seen = Seen::default();
    let bench = &*bench;
    std::thread::scope(|scope| {
        let work = scope
            .spawn(|| crate::ssh::on_each(&nodes, |node| numbers::run_work(bench, node, &format!("work mix {directory} --seconds 12"))));
        while !work.is_finished() {
            seen.add(watch.next()?, inode);
        }
        work.join().map_err(|_| anyhow::anyhow!("the workload's thread panicked"))?
    })?;
    let after = until_still(bench, &mut watch, &mut seen, inode)?;
    watch.quit()?;

    let place = seen.places.iter().min().context("the directory's glock was never told")?;
    ensure!(*place < FIRST, "the directory's glock 2/{inode:x} was never among the first {FIRST} rows: {:?}", seen.places);
    for node in &nodes {
        let name = format!("node{node}");
        ensure!(seen.nodes.contains(&name), "no DLM request of {name} for the directory was told");
    }
    ensure!(seen.stuck.is_empty(), "stuck was told of {}", seen.stuck.join(", "));
    let has_triggers = hist_triggers(bench, &nodes)?;
    for (node, has) in nodes.iter().zip(has_triggers) {
        let name = format!("node{node}");
        let (demotes, trouble) = (seen.demotes.get(&name).copied().unwrap_or(0), seen.not_measured.get(&name));
        progress::say(&format!("{name}: {demotes} remote demotes of the directory told; hist triggers: {has}"));
        if has {
            ensure!(trouble.is_none(), "{name} has hist triggers, and is not measured: {}", trouble.map_or("", String::as_str));
            ensure!(demotes > 0, "{name}: three nodes worked in the directory, and no remote demote of it was told");
        } else {
            ensure!(trouble.is_some_and(|why| !why.is_empty()), "{name} has no hist triggers, and no reason was told");
        }
    }
    for ((node, before), after) in nodes.iter().zip(&before).zip(&after) {
        let name = format!("node{node}");
        let counted: BTreeMap<&String, u64> =
            after.iter().map(|(kind, count)| (kind, count.saturating_sub(before.get(kind).copied().unwrap_or(0)))).collect();
        let (told, counted_all) = (seen.of(&name), counted.values().sum::<u64>());
        progress::say(&format!("{name}: {told} DLM requests told, sbstats grew by {counted_all}"));
        ensure!(counted_all > 100, "{name}: the workload made only {counted_all} DLM requests");
        let by_type: BTreeMap<&String, u64> =
            seen.told.iter().filter(|((of, _), _)| *of == name).map(|((_, kind), count)| (kind, *count)).collect();
        ensure!(told == counted_all, "{name}: {told} DLM requests told, sbstats grew by {counted_all}: {by_type:?}, {counted:?}");
    }
    Ok(())
}
