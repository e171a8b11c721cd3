//! Drop-in for o2locktop: its options, keys, columns, header and log, with true numbers. What differs, and why, is in
//! `docs/o2locktop.md`.

mod arguments;
mod log;
mod report;
mod screen;

pub use arguments::is_called_so;

use crate::args::{Show, Watch};
use crate::engine::{self, Engine, Update};
use crate::settings::Settings;
use anyhow::Context;
use arguments::Arguments;
use clap::Parser;
use log::Log;
use model::{NodeState, Rules, Snapshot};
use report::Report;
use std::io::{IsTerminal, Write};

/// o2locktop refreshes every five seconds.
const INTERVAL_S: f64 = 5.0;

/// Runs with o2locktop's own arguments (without the program's name); returns the exit status.
pub fn run(arguments: &[String]) -> anyhow::Result<u8> {
    let arguments = match Arguments::try_parse_from(std::iter::once("o2locktop").chain(arguments.iter().map(String::as_str))) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let watch = Watch {
        mounts: arguments.mount_point.iter().cloned().collect(),
        nodes: arguments.nodes.clone(),
        all_nodes: false,
        from: None,
        speed: None,
        interval: Some(INTERVAL_S),
        cpu_share: None,
        sudo: false,
        no_upload: false,
        no_paths: true,
        // It shows OCFS2 only.
        no_trace: true,
        ssh_config: None,
        show: Show { system: arguments.debug, ..Show::default() },
    };
    let settings = Settings::new(&watch.show, watch.interval, None, false)?;
    let log = match &arguments.log_file {
        None => None,
        Some(path) => Some(Log::create(path).with_context(|| format!("log file {}", path.display()))?),
    };
    let source = crate::watch::live(&watch, &settings, false)?;
    let rules = Rules { stuck_after_ns: settings.stuck_after_ns, mount_point: arguments.mount_point.clone(), ..Rules::default() };
    let engine =
        engine::start(source, rules, sample::message::Look::default(), engine::PATIENT).context("cannot start the engine's thread")?;
    let report = Report { title: title(&arguments), length: arguments.display_length, system: arguments.debug, utc: settings.utc };
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        screen::run(&engine, &report, log)
    } else {
        plain(&engine, &report, log)
    }
}

/// `o2locktop 0.1.0 node1:/mnt/shared`.
fn title(arguments: &Arguments) -> String {
    let mount = arguments.mount_point.as_deref().unwrap_or("every OCFS2 mount");
    let nodes = arguments.nodes.join(",");
    let place = if nodes.is_empty() { mount.to_owned() } else { format!("{nodes}:{mount}") };
    format!("o2locktop (dlmtop {}) {place}", env!("CARGO_PKG_VERSION"))
}

/// Into a pipe or file: the frames one after the other, without escape codes.
fn plain(engine: &Engine, report: &Report, mut log: Option<Log>) -> anyhow::Result<u8> {
    let mut out = std::io::stdout().lock();
    while let Ok(Update::Snapshot(snapshot)) = engine.updates.recv() {
        if let Some(status) = nothing_at_all(&snapshot) {
            return Ok(status);
        }
        let lines = report.lines(&snapshot, false, None);
        if let Some(log) = &mut log {
            log.write(&lines)?;
        }
        let text = lines.join("\n") + "\n\n";
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(0),
            Err(error) => return Err(error).context("writing to stdout"),
        }
    }
    Ok(0)
}

/// o2locktop ends at the start if no node can be watched; so do we, with the true cause on stderr and status 1.
fn nothing_at_all(snapshot: &Snapshot) -> Option<u8> {
    let nodes: Vec<_> = snapshot.file_systems.iter().flat_map(|view| &view.nodes).chain(&snapshot.elsewhere).collect();
    if snapshot.number > 1 || nodes.is_empty() || !nodes.iter().all(|node| matches!(node.state, NodeState::Down(_))) {
        return None;
    }
    for node in nodes {
        if let NodeState::Down(fault) = &node.state {
            crate::say(&format!("o2locktop: error: {}: {fault}; {}", node.name, fault.kind.remedy()));
        }
    }
    Some(1)
}
