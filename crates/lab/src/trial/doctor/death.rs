//! After a death both ends tell the cause: the survivors from their kernel's log, the victim from its console.

use super::{doctor, last_story, tells, well};
use crate::fault::disk::{self, How};
use crate::fault::power;
use crate::network::Role;
use crate::stack::STEP;
use crate::trial::Bench;
use anyhow::Context as _;
use std::time::Duration;

/// Where node3's console is put in node3.
const CONSOLE: &str = "/run/console";

/// How long it takes at most until node3 is down and recovered.
fn limit(bench: &Bench) -> Duration {
    let timeouts = bench.lab.plan.timeouts;
    Duration::from_millis(u64::from(timeouts.idle_ms)) + Duration::from_secs(u64::from(timeouts.threshold) * 6 + 60)
}

fn fenced(bench: &Bench) -> anyhow::Result<()> {
    crate::interrupt::wait_for("node3 fencing itself", limit(bench), || Ok((!bench.lab.running().contains(&3)).then_some(())))
}

/// How many deaths of node3 node1 tells.
fn deaths(bench: &Bench) -> anyhow::Result<usize> {
    let said = doctor(bench, 1, "", "")?;
    Ok(super::list(&said, "stories").iter().filter(|story| super::text(story, "kind") == "node-died").count())
}

/// Node1 tells one more death than `before`, and its cause has these words.
fn survivor(bench: &Bench, before: usize, words: &[&str]) -> anyhow::Result<()> {
    crate::interrupt::wait_for("the death of node3 told by node1", limit(bench), || Ok((deaths(bench)? > before).then_some(())))?;
    let said = doctor(bench, 1, "", "")?;
    tells(&said, "node-died", 3, words)?;
    // It is over: history, and no finding of now, once it is recovered.
    last_story(&said, "node-died", 3).context("no story")?;
    Ok(())
}

/// Node3 comes back and is given its console.
fn victim(bench: &mut Bench, kind: &str, words: &[&str]) -> anyhow::Result<()> {
    let console = std::fs::read(bench.lab.place.console(3)).context("the console of node3")?;
    power::start(&mut bench.lab, 3, false)?;
    bench.lab.ssh.write(3, CONSOLE, 0o644, &console)?;
    let said = doctor(bench, 3, "", &format!("--kernel-log {CONSOLE}"))?;
    let judged = tells(&said, kind, 3, words);
    bench.lab.ssh.run(3, &format!("rm {CONSOLE}"), STEP)?;
    judged?;
    well(bench)
}

pub fn stalled_disk(bench: &mut Bench) -> anyhow::Result<()> {
    let before = deaths(bench)?;
    disk::behave(&bench.lab, &[3], "ocfs2", How::Stall, 0)?;
    fenced(bench)?;
    let judged = survivor(bench, before, &["storage of node 3 hung", "asked to wait"]);
    victim(bench, "disk-fence", &["storage of node 3 hung", "asked node 1 to wait"])?;
    judged
}

pub fn cut_network(bench: &mut Bench) -> anyhow::Result<()> {
    let before = deaths(bench)?;
    bench.lab.network.cut(Role::Cluster, 3)?;
    let down = fenced(bench);
    bench.lab.network.join(Role::Cluster, 3, 0)?;
    down?;
    let judged = survivor(bench, before, &["network between node 1 and node 3 lost", "2 of 3 nodes"]);
    victim(bench, "network-fence", &["network between node 3 and nodes 1 and 2 lost", "lost the quorum decision", "1 of the 3 nodes"])?;
    judged
}

pub fn killed(bench: &mut Bench) -> anyhow::Result<()> {
    let before = deaths(bench)?;
    bench.lab.process(3)?.kill()?;
    let judged = survivor(bench, before, &["node 3 died (no sign before)"]);
    power::start(&mut bench.lab, 3, false)?;
    judged?;
    well(bench)
}
