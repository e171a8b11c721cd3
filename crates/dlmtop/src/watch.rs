//! Watching: chooses source and face, runs them, and tells the exit status.

use crate::args::{Show, Speed, Watch};
use crate::engine::{self, Engine, Source};
use crate::out::{self, csv::Csv, json::Json, text::Text};
use crate::settings::Settings;
use crate::tui::{self, Playback, Title};
use crate::views::{View, ViewFace};
use anyhow::{Context, bail};
use collect::node::{RootFiles, TraceKeeper};
use collect::recording::Player;
use collect::ssh::{self, SshOptions};
use collect::{NodeEvent, NodeHandle};
use model::Rules;
use sample::message::Configuration;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

/// The files of this machine: below `DLMTOP_ROOT` if that is set (captures, tests).
pub fn local_files() -> RootFiles {
    std::env::var_os("DLMTOP_ROOT").map_or_else(RootFiles::this_machine, RootFiles::below)
}

/// Marks errors of the command line or the configuration, which end with status 2.
#[derive(Clone, Copy, Debug)]
pub struct WrongUsage;

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("wrong usage")
    }
}

/// Which face is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaceKind {
    Screen,
    Text,
    Csv,
    Json,
}

fn face_kind(show: &Show) -> FaceKind {
    match (show.json, show.csv, show.batch || !std::io::stdout().is_terminal()) {
        (true, _, _) => FaceKind::Json,
        (_, true, _) => FaceKind::Csv,
        (_, _, true) => FaceKind::Text,
        _ => FaceKind::Screen,
    }
}

/// Plays the built-in recording.
pub fn demo(show: &Show, speed: Speed) -> anyhow::Result<u8> {
    let kind = face_kind(show);
    let settings = Settings::new(show, None, None, kind == FaceKind::Screen).context(WrongUsage)?;
    let player = crate::demo::player()?;
    let speed = if kind == FaceKind::Screen { speed.0 } else { None };
    run(Source::Recording(Box::new(player), speed), &settings, show, &[], "demo: a recorded three-node cluster".to_owned(), View::Hot)
}

/// Watches nodes or a recording.
pub fn watch(watch: &Watch, view: View) -> anyhow::Result<u8> {
    let kind = face_kind(&watch.show);
    let settings = Settings::new(&watch.show, watch.interval, watch.cpu_share, kind == FaceKind::Screen).context(WrongUsage)?;
    let source = match &watch.from {
        Some(path) => {
            let usual = if kind == FaceKind::Screen { Some(1.0) } else { None };
            let speed = watch.speed.map_or(usual, |speed| speed.0);
            Source::Recording(Box::new(recording(watch, &settings, path)?), speed)
        }
        None => live(watch, &settings, view == View::Hot || kind == FaceKind::Screen)?,
    };
    run(source, &settings, &watch.show, &watch.mounts, title(watch), view)
}

/// Opens a recording.
pub fn recording(watch: &Watch, settings: &Settings, path: &Path) -> anyhow::Result<Player> {
    Player::open(path, configuration(watch, settings)).context("--from")
}

/// How the nodes are to collect.
fn configuration(watch: &Watch, settings: &Settings) -> Configuration {
    Configuration {
        interval_ms: settings.interval_ms,
        cpu_permille: settings.cpu_permille,
        only: watch.mounts.clone(),
        trace: !watch.no_trace,
        ..Configuration::default()
    }
}

/// What is watched, in words.
fn title(watch: &Watch) -> String {
    let place = match (&watch.from, watch.all_nodes, watch.nodes.as_slice()) {
        (Some(path), _, _) => path.display().to_string(),
        (None, true, _) => "all nodes".to_owned(),
        (None, false, []) => "this machine".to_owned(),
        (None, false, nodes) => nodes.join(" "),
    };
    if watch.mounts.is_empty() { place } else { format!("{place}: {}", watch.mounts.join(" ")) }
}

/// Starts collecting on the nodes that are asked for. `waits`: DLM waits of glocks are shown, so they are to be measured.
pub fn live(watch: &Watch, settings: &Settings, waits: bool) -> anyhow::Result<Source> {
    let mut configuration = configuration(watch, settings);
    configuration.trace &= waits;
    let files = local_files();
    let keeper = TraceKeeper::of(&files);
    let mut nodes = watch.nodes.clone();
    if watch.all_nodes {
        let Some((names, told_by)) = collect::cluster_nodes::running_cluster(&local_files()) else {
            bail!(
                "--all-nodes: this machine is part of no cluster: nothing in /sys/kernel/config/cluster, /etc/ocfs2/cluster.conf or /etc/corosync/corosync.conf; name the nodes with -n"
            );
        };
        crate::say(&format!("dlmtop: {} nodes from {told_by}: {}", names.len(), names.join(", ")));
        nodes = names;
    }
    let mut seen = std::collections::HashSet::new();
    nodes.retain(|node| seen.insert(node.clone()));
    let (sender, events) = channel();
    let mut handles = Vec::new();
    if nodes.is_empty() {
        handles.push(collect::local::start(0, files, keeper.clone(), sender).context("cannot start the collector's thread")?);
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        return Ok(Source::Live { nodes: vec![host], handles, events, configuration, keeper, paths: !watch.no_paths });
    }
    let this_host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    for (number, node) in nodes.iter().enumerate() {
        // The running cluster names this machine too: no ssh to oneself.
        let handle = if watch.all_nodes && *node == this_host {
            collect::local::start(number, files.clone(), keeper.clone(), sender.clone()).context("cannot start the collector's thread")?
        } else {
            remote(watch, number, node, &configuration, sender.clone())?
        };
        handles.push(handle);
    }
    Ok(Source::Live { nodes, handles, events, configuration, keeper, paths: !watch.no_paths })
}

fn remote(
    watch: &Watch,
    number: usize,
    node: &str,
    configuration: &Configuration,
    events: Sender<NodeEvent>,
) -> anyhow::Result<NodeHandle> {
    let mut options =
        SshOptions { upload: !watch.no_upload, sudo: watch.sudo, configuration: configuration.clone(), ..SshOptions::default() };
    if let Some(file) = &watch.ssh_config {
        options.extra_args.extend(["-F".into(), file.clone().into_os_string()]);
    }
    ssh::start(number, node, options, events).with_context(|| format!("node {node:?}"))
}

fn run(source: Source, settings: &Settings, show: &Show, mounts: &[String], title: String, view: View) -> anyhow::Result<u8> {
    let keeper = match &source {
        Source::Live { keeper, .. } => Some(keeper.clone()),
        Source::Recording(..) => None,
    };
    let for_people = face_kind(show) == FaceKind::Screen;
    if let Some(keeper) = keeper.as_ref().filter(|_| !for_people) {
        // The screen follows signals itself.
        collect::signals::close_at_signals(keeper).context("cannot follow signals")?;
    }
    let outcome = face(source, settings, show, mounts, title, view);
    if let Some(keeper) = keeper {
        keeper.close();
    }
    match outcome? {
        Outcome::Quit(status) => Ok(status),
        Outcome::Signal(signal) => {
            // Terminal and kernel are as before: end as the signal would have ended this program, so that its parent can tell.
            signal_hook::low_level::emulate_default_handler(signal).with_context(|| format!("signal {signal}"))?;
            Ok(128u8.saturating_add(u8::try_from(signal).unwrap_or(0)))
        }
    }
}

/// How a face ended.
enum Outcome {
    /// By itself or by the user, with this exit status.
    Quit(u8),
    /// By this signal.
    Signal(i32),
}

fn face(source: Source, settings: &Settings, show: &Show, mounts: &[String], title: String, view: View) -> anyhow::Result<Outcome> {
    let playback = match &source {
        Source::Live { .. } => Playback::Live,
        Source::Recording(_, speed) => Playback::Recording { speed: *speed },
    };
    let mount_point = match mounts {
        [only] if only.starts_with('/') => Some(only.clone()),
        _ => None,
    };
    let kind = match face_kind(show) {
        FaceKind::Csv if view != View::Hot => {
            return Err(anyhow::anyhow!("--csv: only the hot locks are a table; use --json").context(WrongUsage));
        }
        kind => kind,
    };
    let for_people = kind == FaceKind::Screen;
    let rules = Rules { stuck_after_ns: settings.stuck_after_ns, mount_point, each_sample_once: !for_people, ..Rules::default() };
    let first_wait = if for_people { engine::AT_ONCE } else { engine::PATIENT };
    let engine = engine::start(source, rules, view.look(), first_wait).context("cannot start the engine's thread")?;
    if view != View::Hot && kind != FaceKind::Screen {
        return batch(&engine, &mut ViewFace::new(view, settings, kind == FaceKind::Json), show).map(Outcome::Quit);
    }
    let status = match kind {
        FaceKind::Screen => {
            return Ok(match tui::run(engine, settings.clone(), Title(title), playback, view)? {
                tui::Outcome::Quit => Outcome::Quit(0),
                tui::Outcome::Signal(signal) => Outcome::Signal(signal),
            });
        }
        FaceKind::Text => batch(&engine, &mut Text::new(settings), show),
        FaceKind::Csv => batch(&engine, &mut Csv::new(settings), show),
        FaceKind::Json => batch(&engine, &mut Json::new(settings), show),
    };
    status.map(Outcome::Quit)
}

fn batch(engine: &Engine, face: &mut dyn out::Face, show: &Show) -> anyhow::Result<u8> {
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let end = out::run(engine, face, show.count, &mut out).context("writing to stdout")?;
    out.flush().or_else(|error| if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })?;
    for trouble in &end.last_troubles {
        crate::say(&format!("dlmtop: {trouble}"));
    }
    Ok(end.status())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser as _;

    #[test]
    fn no_trace_reaches_the_collectors() {
        for (arguments, traces) in [(&["dlmtop"][..], true), (&["dlmtop", "--no-trace", "-n", "a"][..], false)] {
            let watch = Cli::try_parse_from(arguments).unwrap().watch;
            let settings = Settings::new(&Show::default(), None, None, false).unwrap();
            assert_eq!(configuration(&watch, &settings).trace, traces, "{arguments:?}");
        }
    }
}
