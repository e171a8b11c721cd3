//! `dlmtop --json` under test: its snapshots as they come.

use super::Bench;
use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A lock's counts on one node: PR and EX acquisitions.
pub type Counts = BTreeMap<(String, String), (u64, u64)>;

/// A running `dlmtop`. Dropping it kills it.
pub struct Watch {
    child: Child,
    lines: Receiver<(Instant, String)>,
    interval: Duration,
    last: Option<Instant>,
    /// Told since the start: (node, lock) to acquisitions.
    pub told: Counts,
    /// The newest snapshot.
    pub snapshot: Value,
    /// The longest time from one line to the next.
    pub longest_gap: Duration,
    /// The only file systems of interest; a lab may have others mounted.
    kind: &'static str,
}

impl Watch {
    /// Watches all nodes over ssh.
    pub fn nodes(bench: &Bench, more: &[&str]) -> anyhow::Result<Watch> {
        Watch::view(bench, &[], more)
    }

    /// Watches all nodes over ssh by a view: a verb of dlmtop with its words.
    pub fn view(bench: &Bench, verb: &[&str], more: &[&str]) -> anyhow::Result<Watch> {
        let mut command = over_ssh(bench, verb);
        command.args(["-i", &bench.interval.as_secs_f64().to_string(), "--cpu-share", "100"]).args(more);
        Watch::start(bench, command)
    }

    /// Starts `command` with `--json -s`.
    pub fn start(bench: &Bench, mut command: Command) -> anyhow::Result<Watch> {
        let stderr = File::options().create(true).append(true).open(bench.scratch.join("dlmtop.stderr"))?;
        command.args(["--json", "-s"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().context("dlmtop does not start")?;
        let stdout = child.stdout.take().context("dlmtop has no output")?;
        let mut copy = File::options().create(true).append(true).open(bench.scratch.join("dlmtop.json"))?;
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The copy is for a failed test; without it the test still counts.
                let _ = writeln!(copy, "{line}");
                if send.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Ok(Watch {
            child,
            lines,
            interval: bench.interval,
            last: None,
            told: Counts::new(),
            snapshot: Value::Null,
            longest_gap: Duration::ZERO,
            kind: bench.on.word(),
        })
    }

    /// The process.
    pub fn pid(&self) -> anyhow::Result<Pid> {
        Ok(Pid::from_raw(i32::try_from(self.child.id())?))
    }

    /// Takes the next snapshot. It must come: a monitor that freezes is a failure whatever the test is about.
    pub fn next(&mut self) -> anyhow::Result<&Value> {
        crate::interrupt::check()?;
        // The first comes when nodes have answered, or after its own patience.
        let patience = if self.last.is_some() { self.interval * 2 + Duration::from_secs(2) } else { Duration::from_secs(40) };
        let (at, line) = match self.lines.recv_timeout(patience) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => bail!("dlmtop printed nothing for {:.0} s: it freezes", patience.as_secs_f64()),
            Err(RecvTimeoutError::Disconnected) => bail!("dlmtop ended: {}", self.child.wait()?),
        };
        if let Some(last) = self.last {
            self.longest_gap = self.longest_gap.max(at - last);
        }
        self.last = Some(at);
        self.snapshot = serde_json::from_str(&line).with_context(|| format!("a line that is no JSON: {line}"))?;
        if let Some(all) = self.snapshot.get_mut("file_systems").and_then(Value::as_array_mut) {
            all.retain(|file_system| text(file_system, "kind") == self.kind);
        }
        self.check()?;
        self.count();
        Ok(&self.snapshot)
    }

    /// What must hold in every snapshot.
    fn check(&self) -> anyhow::Result<()> {
        for file_system in list(&self.snapshot, "file_systems") {
            let live: Vec<&str> =
                list(file_system, "nodes").iter().filter(|node| text(node, "state") == "live").map(|node| text(node, "name")).collect();
            for lock in list(file_system, "locks") {
                for node in list(lock, "nodes") {
                    let name = text(node, "node");
                    ensure!(live.contains(&name), "the lock {} tells of {name}, which is not live", text(lock, "name"));
                    ensure!(number(node, "ex_count").unwrap_or(0) < 1 << 40, "an absurd count on {name}: {node}");
                }
            }
        }
        Ok(())
    }

    fn count(&mut self) {
        for file_system in list(&self.snapshot, "file_systems") {
            // The first snapshot tells what was before the start.
            if text(file_system, "since") != "interval" {
                continue;
            }
            for lock in list(file_system, "locks") {
                for node in list(lock, "nodes") {
                    let entry = self.told.entry((text(node, "node").to_owned(), text(lock, "name").to_owned())).or_default();
                    entry.0 += number(node, "pr_count").unwrap_or(0);
                    entry.1 += number(node, "ex_count").unwrap_or(0);
                }
            }
        }
    }

    /// Takes snapshots until `found` finds something in one; at most `limit`.
    pub fn until<T>(&mut self, what: &str, limit: Duration, mut found: impl FnMut(&Value) -> Option<T>) -> anyhow::Result<T> {
        let deadline = Instant::now() + limit;
        loop {
            self.next()?;
            let value = found(&self.snapshot);
            let in_time = Instant::now() < deadline;
            if let (Some(value), true) = (value, in_time) {
                return Ok(value);
            }
            ensure!(in_time, "{what}: not within {:.1} s; the last line: {}", limit.as_secs_f64(), brief(&self.snapshot));
        }
    }

    /// Until all of `nodes` are live and have a second sample, so that the next snapshot's counts are all of its interval.
    pub fn until_live(&mut self, nodes: &[u8], limit: Duration) -> anyhow::Result<()> {
        self.until(&format!("{} live", crate::lab::names(nodes)), limit, |snapshot| {
            let ready = |node: &&u8| {
                let told = node_of(snapshot, &format!("node{node}"));
                told.is_some_and(|told| {
                    let interval = told.get("sample").and_then(|sample| sample.get("interval_ns"));
                    text(told, "state") == "live" && interval.is_some_and(|interval| !interval.is_null())
                })
            };
            (nodes.iter().filter(ready).count() == nodes.len()).then_some(())
        })
    }

    /// Until `quiet` snapshots in a row that came from now on told fresh samples of every node of `nodes`, and no acquisition.
    pub fn until_quiet(&mut self, nodes: &[u8], quiet: u32, limit: Duration) -> anyhow::Result<()> {
        // Lines that came while the test did something else tell of before that.
        let began = Instant::now();
        while self.last.is_none_or(|came| came < began) {
            self.next()?;
        }
        let mut still = 0;
        self.until("no more acquisitions", limit, |snapshot| {
            let total = |name| {
                let totals = list(snapshot, "file_systems").iter().filter_map(|file_system| file_system.get("totals"));
                totals.filter_map(|totals| number(totals, name)).sum::<u64>()
            };
            let fresh = nodes.iter().all(|node| node_of(snapshot, &format!("node{node}")).is_some_and(is_fresh));
            still = if fresh && total("ex_count") + total("pr_count") == 0 { still + 1 } else { 0 };
            (still >= quiet).then_some(())
        })
    }

    /// How long a fault may be unnamed: two intervals, and the time of a busy machine.
    pub fn soon(&self) -> Duration {
        self.interval * 2 + Duration::from_millis(1500)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill(self.pid()?, signal).context("signalling dlmtop")
    }

    /// Ends it as a user does, and waits for its end.
    pub fn quit(mut self) -> anyhow::Result<()> {
        self.signal(Signal::SIGTERM)?;
        let child = &mut self.child;
        crate::interrupt::wait_for("dlmtop's end", Duration::from_secs(10), || Ok(child.try_wait()?))?;
        Ok(())
    }

    /// Kills it.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// dlmtop with a verb, over ssh to all nodes.
pub fn over_ssh(bench: &Bench, verb: &[&str]) -> Command {
    let mut command = Command::new(&bench.dlmtop);
    command.args(verb).arg("-F").arg(bench.lab.place.ssh_config());
    for node in bench.lab.nodes() {
        command.args(["-n", &format!("node{node}")]);
    }
    command
}

/// A member that is an array.
pub fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member that is a text, or nothing.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member that is a number.
pub fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_u64)
}

/// What a snapshot tells of a node, in its first file system that has it, or elsewhere.
pub fn node_of<'v>(snapshot: &'v Value, name: &str) -> Option<&'v Value> {
    let of = |nodes: &'v [Value]| nodes.iter().find(|node| text(node, "name") == name);
    list(snapshot, "file_systems").iter().find_map(|file_system| of(list(file_system, "nodes"))).or_else(|| of(list(snapshot, "elsewhere")))
}

/// Whether a node is live with a sample that is new in this snapshot.
pub fn is_fresh(node: &Value) -> bool {
    text(node, "state") == "live" && node.get("fresh").and_then(Value::as_bool) == Some(true)
}

/// The finding by `rule` that names `node`.
pub fn finding<'v>(snapshot: &'v Value, rule: &str, node: &str) -> Option<&'v Value> {
    list(snapshot, "findings")
        .iter()
        .find(|finding| text(finding, "rule") == rule && list(finding, "nodes").iter().any(|named| named == node))
}

/// A snapshot without its locks, for messages.
pub fn brief(snapshot: &Value) -> String {
    let mut short = snapshot.clone();
    for file_system in short.get_mut("file_systems").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(object) = file_system.as_object_mut() {
            object.remove("locks");
        }
    }
    short.to_string()
}
