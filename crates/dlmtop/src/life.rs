//! `dlmtop life`: what becomes of locks and masters from one moment to the next, or while a command runs.
//!
//! Two samples of all nodes, read whole, and what changed between them with the rule that explains it.

use crate::args::{Life, Watch};
use crate::engine::{self, Command as Ask, Engine, Source, Update};
use crate::settings::Settings;
use crate::views::{View, life, which};
use crate::watch::{self, WrongUsage};
use anyhow::{Context, bail};
use model::{Rules, Snapshot};
use sample::message::Look;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// Seconds between two moments without a command, and from a command's end to the last sample.
const USUAL_AFTER: f64 = 2.0;
/// For so long all nodes are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the verb.
pub fn life(options: &Life) -> anyhow::Result<u8> {
    let only =
        options.only.as_deref().map(|only| which::number(only).with_context(|| format!("--only {only:?}: expected 99315 or 0x183f3")));
    let only = only.transpose().context(WrongUsage)?;
    let settings = Settings::new(&options.watch.show, options.watch.interval, options.watch.cpu_share, false).context(WrongUsage)?;
    let after = Duration::from_secs_f64(options.after.unwrap_or(USUAL_AFTER));
    let (before, then) = match (&options.watch.from, &options.then) {
        (Some(_), Some(then)) => {
            let later = Watch { from: Some(then.clone()), ..options.watch.clone() };
            (last(&options.watch, &settings)?.1, last(&later, &settings)?.1)
        }
        (Some(_), None) if !options.command.is_empty() => {
            return Err(anyhow::anyhow!("a recording's nodes run no command").context(WrongUsage));
        }
        (Some(_), None) => last(&options.watch, &settings)?,
        (None, Some(_)) => return Err(anyhow::anyhow!("--then needs --from").context(WrongUsage)),
        (None, None) => live(options, &settings, after)?,
    };
    let mut out = std::io::stdout().lock();
    if options.watch.show.json {
        serde_json::to_writer(&mut out, &life::json(&before, &then, only))?;
        out.write_all(b"\n")?;
    } else {
        for line in life::lines(&before, &then, only) {
            writeln!(out, "{}", terminal::clean(&line))?;
        }
    }
    Ok(0)
}

/// The first and the last moment of a recording.
fn last(watch: &Watch, settings: &Settings) -> anyhow::Result<(Arc<Snapshot>, Arc<Snapshot>)> {
    let path = watch.from.as_deref().context("no recording")?;
    let player = watch::recording(watch, settings, path)?;
    let engine = start(Source::Recording(Box::new(player), None), settings)?;
    let (mut first, mut last) = (None, None);
    while let Ok(Update::Snapshot(snapshot)) = engine.updates.recv() {
        first.get_or_insert_with(|| Arc::clone(&snapshot));
        last = Some(snapshot);
    }
    first.zip(last).with_context(|| format!("{}: no frame in it", path.display()))
}

fn start(source: Source, settings: &Settings) -> anyhow::Result<Engine> {
    let rules = Rules { stuck_after_ns: settings.stuck_after_ns, ..Rules::default() };
    engine::start(source, rules, look(0), engine::PATIENT).context("cannot start the engine's thread")
}

/// Everything. Another number is another request: what was read before is read again at once.
fn look(number: u64) -> Look {
    let look = View::Masters.look();
    Look { most_ms: look.most_ms + number, ..look }
}

fn live(options: &Life, settings: &Settings, after: Duration) -> anyhow::Result<(Arc<Snapshot>, Arc<Snapshot>)> {
    let engine = start(watch::live(&options.watch, settings, false)?, settings)?;
    let before = read_since(&engine, Instant::now(), 1)?;
    if options.command.is_empty() {
        crate::say("dlmtop: the first sample is taken");
        std::thread::sleep(after);
    } else {
        let status = run(options).context("the command")?;
        crate::say(&format!("dlmtop: {} ended: {status}", options.command.join(" ")));
        std::thread::sleep(after);
    }
    let then = read_since(&engine, Instant::now(), 2)?;
    Ok((before, then))
}

/// The first snapshot whose lockspaces were all read after `since`.
fn read_since(engine: &Engine, since: Instant, number: u64) -> anyhow::Result<Arc<Snapshot>> {
    // The engine may have ended: that shows below.
    let _ = engine.commands().send(Ask::Look(look(number)));
    let deadline = since + PATIENCE;
    let mut lacking = String::from("no node answers");
    loop {
        match engine.updates.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Update::Snapshot(snapshot)) => match not_read(&snapshot, since) {
                None => return Ok(snapshot),
                Some(which) => lacking = which,
            },
            Ok(Update::Ended) | Err(RecvTimeoutError::Disconnected) => bail!("the nodes are gone"),
            Err(RecvTimeoutError::Timeout) => bail!("not all nodes were read in {} s: {lacking}", PATIENCE.as_secs()),
        }
    }
}

/// Which lockspace was not read whole after `since` on a node that answers.
fn not_read(snapshot: &Snapshot, since: Instant) -> Option<String> {
    let elapsed_us = since.elapsed().as_micros() as u64;
    if snapshot.lockspaces.iter().all(|view| view.nodes.is_empty()) {
        let troubles = crate::views::names::not_seen(snapshot);
        return Some(troubles.first().map_or_else(|| "no lockspace is seen yet".to_owned(), |(node, why)| format!("{node}: {why}")));
    }
    snapshot.lockspaces.iter().flat_map(|view| view.nodes.iter().map(move |on_node| (view, on_node))).find_map(|(view, on_node)| {
        let fresh = on_node.age_us < elapsed_us && !on_node.reading.file.is_empty();
        (!fresh).then(|| format!("{} on {}", view.name, snapshot.node_name(on_node.node)))
    })
}

/// Runs the user's command, here or on a node. On a node its words reach xargs as they are: no shell sees them.
fn run(options: &Life) -> anyhow::Result<std::process::ExitStatus> {
    let Some((program, arguments)) = options.command.split_first() else { bail!("no command") };
    let Some(node) = &options.on else {
        return Command::new(program).args(arguments).status().with_context(|| program.clone());
    };
    let destination = collect::ssh::Destination::parse(node).context(WrongUsage)?;
    let mut ssh = Command::new("ssh");
    ssh.args(["-T", "-o", "BatchMode=yes", "-o", "ClearAllForwardings=yes"]);
    if let Some(file) = &options.watch.ssh_config {
        ssh.arg("-F").arg(file);
    }
    if let Some(port) = destination.port {
        ssh.arg("-p").arg(port.to_string());
    }
    let mut child =
        ssh.arg("--").arg(&destination.host).arg("xargs -0 env --").stdin(Stdio::piped()).spawn().context("ssh does not start")?;
    let mut words = Vec::new();
    for word in &options.command {
        words.extend_from_slice(word.as_bytes());
        words.push(0);
    }
    child.stdin.take().context("ssh has no input")?.write_all(&words).context("telling the node the command")?;
    child.wait().context("ssh")
}
