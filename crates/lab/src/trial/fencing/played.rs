//! A fault, and what comes of it beside what was told.

use super::cluster::{self, Heartbeat};
use super::coming::Watching;
use super::expected::{self, Expected};
use crate::interrupt;
use crate::programs::O2CB;
use crate::progress::say;
use crate::stack::{STEP, ocfs2};
use crate::trial::Bench;
use crate::trial::doctor::{doctor, tells};
use anyhow::{Context as _, ensure};
use std::time::{Duration, Instant, SystemTime};

/// A deed on the lab.
pub type Deed = Box<dyn Fn(&Bench) -> anyhow::Result<()>>;

/// A fault.
pub struct Scenario {
    /// The nodes that have the volume mounted.
    pub nodes: &'static [u8],
    /// What `o2cb forecast` is asked.
    pub forecast: Vec<String>,
    /// Makes it.
    pub begin: Deed,
    /// Ends it.
    pub end: Deed,
    /// How long it lasts; `None`: until those that it costs are gone.
    pub lasts: Option<Duration>,
    /// What `o2cb doctor` of a node that goes on must say of why another one died; empty: nobody dies.
    pub survivor: &'static [&'static str],
    /// By which rule the forecast must say that the victim goes, and what its own `o2cb doctor` must say when it has its console: the
    /// kind of the story and words of the cause.
    pub victim: Option<Goes>,
}

/// How a node goes.
#[derive(Clone, Copy)]
pub struct Goes {
    /// The rule, as the forecast has it.
    pub rule: &'static str,
    /// The kind of the story, as the doctor has it.
    pub story: &'static str,
    /// Words of its cause.
    pub words: &'static [&'static str],
}

/// How far forecast and truth may be apart.
const TOLERANCE_S: f64 = 4.0;
/// How long nothing must happen after the last that was told.
const QUIET: Duration = Duration::from_secs(12);
/// What recovery may take on a machine that does much else.
const RECOVERY_S: f64 = 20.0;

/// A node beats every 2 s.
const THREE_BEATS: Duration = Duration::from_secs(6);
/// Where a node's console is put in it.
const CONSOLE: &str = "/run/console";

/// Plays them one after the other on one cluster, and makes the lab whole again whatever comes of it.
pub fn play(bench: &mut Bench, heartbeat: Heartbeat, scenarios: &[Scenario]) -> anyhow::Result<()> {
    cluster::down(bench)?;
    let judged = heartbeat.format(&bench.lab).and_then(|()| {
        for scenario in scenarios {
            heartbeat.start(&bench.lab, scenario.nodes)?;
            one(bench, heartbeat, scenario).with_context(|| scenario.forecast.join(" "))?;
            let consoles = cluster::boot_missing(bench)?;
            own_story(bench, scenario, &consoles)?;
        }
        Ok(())
    });
    let restored = cluster::restore(bench, heartbeat != Heartbeat::Local);
    judged?;
    restored
}

fn one(bench: &Bench, heartbeat: Heartbeat, scenario: &Scenario) -> anyhow::Result<()> {
    steady(bench, heartbeat, scenario)?;
    let mut asked = scenario.forecast.join(" ").replace('*', "\\*");
    for disk in heartbeat.disks() {
        // Forecasts know regions by what the kernel calls them.
        asked = asked.replace(&format!("{disk}@"), &format!("{}@", ocfs2::uuid(&bench.lab, 1, disk)?));
    }
    let told = bench.lab.ssh.run(1, &format!("{O2CB} forecast --json {asked}"), STEP)?;
    let expected = expected::parse(&told)?;
    let victims: Vec<u8> = expected.victims.iter().map(|victim| victim.node).collect();
    say(&format!("forecast: {expected:?}"));
    let rule = scenario.victim.map(|goes| goes.rule);
    for victim in &expected.victims {
        ensure!(rule == Some(victim.rule.as_str()), "node{} was told to go by {}, not by {rule:?}", victim.node, victim.rule);
    }
    ensure!(rule.is_none() || !victims.is_empty(), "nobody was told to fence itself, by {rule:?}");
    let before = bench.lab.running();
    let watcher = scenario.nodes.iter().find(|node| !victims.contains(node)).copied().context("all are to go")?;
    let deaths_before = deaths(bench, watcher)?;
    let watching = Watching::start(bench, watcher)?;
    let (began, began_wall) = (Instant::now(), SystemTime::now());
    (scenario.begin)(bench)?;
    let after = bench.lab.running();
    let killed: Vec<u8> = before.iter().copied().filter(|node| !after.contains(node)).collect();
    let seen = watch_them_go(bench, &after, &expected, scenario, began);
    let ended = (scenario.end)(bench);
    let seen = seen?;
    ended?;
    for victim in &expected.victims {
        let at = seen.iter().find(|(node, _)| *node == victim.node).map(|(_, at)| *at);
        let at = at.with_context(|| format!("node{} was to fence itself ({}) and runs", victim.node, victim.rule))?;
        let (first, last) = (victim.window_s.start() - TOLERANCE_S, victim.window_s.end() + TOLERANCE_S);
        ensure!((first..=last).contains(&at), "node{} fenced itself after {at:.1} s, told was {:?}", victim.node, victim.window_s);
        say(&format!("node{} fenced itself after {at:.1} s; told was {:?} by {}", victim.node, victim.window_s, victim.rule));
    }
    let ends: Vec<(u8, SystemTime)> = seen.iter().map(|(node, at)| (*node, began_wall + Duration::from_secs_f64(*at))).collect();
    watching.judge(bench, &ends, scenario.lasts.is_some())?;
    ensure!(seen.iter().all(|(node, _)| victims.contains(node)), "fenced: {seen:?}, told was {victims:?}");
    goes_on(bench, heartbeat, scenario, &expected, &killed, began)?;
    for dead in victims.iter().chain(&killed).filter(|_| !scenario.survivor.is_empty()) {
        // Who needed no lock of the dead went on before it counted as dead.
        interrupt::wait_for(&format!("the death of node{dead} told by node{watcher}"), Duration::from_secs(240), || {
            Ok((deaths(bench, watcher)? > deaths_before).then_some(()))
        })?;
        tells(&doctor(bench, watcher, "", "")?, "node-died", *dead, scenario.survivor)?;
    }
    Ok(())
}

/// How many deaths of other nodes a node's log tells.
fn deaths(bench: &Bench, node: u8) -> anyhow::Result<usize> {
    let said = doctor(bench, node, "", "")?;
    let stories = said.get("stories").and_then(serde_json::Value::as_array).map_or(&[][..], Vec::as_slice);
    Ok(stories.iter().filter(|story| story.get("kind").and_then(serde_json::Value::as_str) == Some("node-died")).count())
}

/// A node that came back is given its console of before: the log of its kernel is gone with it.
fn own_story(bench: &Bench, scenario: &Scenario, consoles: &[(u8, Vec<u8>)]) -> anyhow::Result<()> {
    let Some(Goes { story, words, .. }) = scenario.victim else { return Ok(()) };
    for (node, console) in consoles {
        bench.lab.ssh.write(*node, CONSOLE, 0o644, console)?;
        tells(&doctor(bench, *node, "", &format!("--kernel-log {CONSOLE}"))?, story, *node, words)?;
        bench.lab.ssh.run(*node, &format!("rm {CONSOLE}"), STEP)?;
    }
    Ok(())
}

/// Waits for those that are to go, and then for quiet. Returns who went, and when.
fn watch_them_go(
    bench: &Bench,
    running: &[u8],
    expected: &Expected,
    scenario: &Scenario,
    began: Instant,
) -> anyhow::Result<Vec<(u8, f64)>> {
    let mut gone: Vec<(u8, f64)> = Vec::new();
    let last = expected.victims.iter().map(|victim| *victim.window_s.end()).fold(0.0, f64::max) + TOLERANCE_S;
    let mut until = Duration::from_secs_f64(last).max(scenario.lasts.unwrap_or_default()) + QUIET;
    interrupt::wait_for("what is to come", until + Duration::from_secs(60), || {
        let now = bench.lab.running();
        for node in running.iter().filter(|node| !now.contains(node)) {
            if !gone.iter().any(|(known, _)| known == node) {
                gone.push((*node, began.elapsed().as_secs_f64()));
                let all = expected.victims.iter().all(|victim| gone.iter().any(|(node, _)| *node == victim.node));
                if all && scenario.lasts.is_none() {
                    until = began.elapsed() + QUIET;
                }
            }
        }
        Ok((began.elapsed() >= until).then_some(()))
    })?;
    Ok(gone)
}

/// All nodes beat, are connected, nothing is wrong, and each counts each region, for three beats on end: until its first good beat after
/// the start was steady a node's write timeout is not armed (6.1), and nothing that happens to its storage fences it.
fn steady(bench: &Bench, heartbeat: Heartbeat, scenario: &Scenario) -> anyhow::Result<()> {
    let regions = heartbeat.regions().len();
    let mut since: Option<Instant> = None;
    interrupt::wait_for("a cluster that is steady for three beats", Duration::from_secs(180), || {
        for &node in scenario.nodes {
            let said = bench.lab.ssh.output(node, &format!("{O2CB} status --json"), &[], STEP)?;
            let told: serde_json::Value = serde_json::from_str(&said.text()).unwrap_or_default();
            let quorum = told.get("quorum_regions").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
            if said.status.code() != Some(0) || quorum != regions {
                since = None;
                return Ok(None);
            }
        }
        Ok((since.get_or_insert_with(Instant::now).elapsed() > THREE_BEATS).then_some(()))
    })
}

/// Those that are left write again, by when it was told.
fn goes_on(
    bench: &Bench,
    heartbeat: Heartbeat,
    scenario: &Scenario,
    expected: &Expected,
    killed: &[u8],
    began: Instant,
) -> anyhow::Result<()> {
    let gone = |node: &u8| killed.contains(node) || expected.victims.iter().any(|victim| victim.node == *node);
    for node in scenario.nodes.iter().filter(|node| !gone(node)) {
        let remote = format!("echo alive >{0}/fencing-{node} && ls {0} >/dev/null && sync", heartbeat.mount_point());
        bench.lab.ssh.run(*node, &remote, STEP).with_context(|| format!("node{node} does not go on"))?;
        let (took, most) = (began.elapsed().as_secs_f64(), expected.blocks_until_s.unwrap_or_default() + RECOVERY_S + TOLERANCE_S);
        let waited = scenario.lasts.unwrap_or(QUIET).as_secs_f64() + expected.victims.iter().map(|v| *v.window_s.end()).fold(0.0, f64::max);
        ensure!(took <= most.max(waited + RECOVERY_S), "node{node} goes on after {took:.1} s only, told was {most:.1}");
    }
    Ok(())
}
