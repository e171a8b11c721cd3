//! `o2cb watch`: how far each node is from fencing itself and from being declared dead, live; what o2hbmonitor does, and more.
//!
//! ```text
//! nodes (this one by a thread, others over ssh) ─► eye (model::o2cb::Memory) ─► picture ─► screen, text or JSON
//!                                                                         └► news ─► log, hook
//! ```
//! Nothing is written on any node. Where no cluster is registered, that is said, and waited on.

mod eye;
mod hook;
mod log;
mod out;
mod screen;
mod signals;

use anyhow::Context as _;
use clap::Args;
use eye::Eye;
pub use eye::local_files;
use hook::Hook;
use log::{Log, Where};
use model::Severity;
use model::o2cb::{O2cbRules, O2cbView};
use out::Picture;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

const AFTER_HELP: &str = "\
Exit status, after --count pictures:
  0  all well          1  it could not run      2  wrong usage
  3  a warning         4  something critical    5  no cluster is seen";

/// Options of `watch`.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Options {
    /// Seconds between readings
    #[arg(short, long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    interval: Duration,
    /// Print text instead of the live screen (by itself if stdout is no terminal)
    #[arg(short, long)]
    batch: bool,
    /// Print JSON, one object per line and reading
    #[arg(long, conflicts_with = "batch")]
    json: bool,
    /// End after so many readings
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Watch all nodes of the cluster, over ssh
    #[arg(long, conflicts_with = "nodes")]
    all_nodes: bool,
    /// Node to watch over ssh: NODE, USER@NODE, NODE:PORT or an alias of `ssh_config`; repeatable
    #[arg(short = 'n', long = "node", value_name = "NODE")]
    nodes: Vec<String>,
    /// Configuration file for ssh, as ssh's own -F
    #[arg(short = 'F', long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,
    /// On the nodes, read through `sudo -n`
    #[arg(long)]
    sudo: bool,
    /// Never send this program to a node: use the one that is installed there
    #[arg(long)]
    no_upload: bool,
    /// Warn when so much of the time has passed after which a node fences itself, or a connection is lost
    #[arg(short, long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=99))]
    warn: u8,
    /// Tell what begins and ends to the system's log, and draw no screen
    #[arg(long, value_name = "WHERE", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "auto")]
    log: Option<Where>,
    /// Run this for each warning, and when it is over; must stand last. Facts come as O2CB_… in its environment, and as JSON on its stdin
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true)]
    hook: Vec<OsString>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.5..=3600.0).contains(&value) => Ok(Duration::from_secs_f64(value)),
        _ => Err("expected seconds from 0.5 to 3600".to_owned()),
    }
}

/// What is shown beside log and hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Screen,
    Text,
    Json,
    None,
}

impl Options {
    fn face(&self) -> Face {
        match (self.json, self.batch, self.log.is_some() || !self.hook.is_empty()) {
            (true, ..) => Face::Json,
            (_, true, _) => Face::Text,
            (.., true) => Face::None,
            _ if io::stdout().is_terminal() => Face::Screen,
            _ => Face::Text,
        }
    }

    fn rules(&self) -> O2cbRules {
        O2cbRules { warn_percent: self.warn, ..O2cbRules::default() }
    }
}

/// Watches until it is ended or has counted.
pub fn run(options: &Options) -> anyhow::Result<u8> {
    let face = options.face();
    let patience = if face == Face::Screen { eye::SCREEN_PATIENCE } else { eye::PATIENCE };
    let mut eye = Eye::open(options, patience)?;
    let log = options.log.map(Log::open).transpose().context("--log")?;
    let hook = Hook::new(options.hook.clone(), face != Face::Screen);
    let mut told = Told { log, hook, before: None };
    let ended = signals::follow().context("cannot follow signals")?;
    if let Some(log) = &mut told.log {
        log.say(log::INFO, &format!("watching {}", eye.title()));
    }
    let end = match face {
        Face::Screen => screen::run(&mut eye, &mut told, options, &ended),
        face => without_screen(&mut eye, &mut told, options, face, &ended),
    };
    told.hook.finish(&ended);
    if let Some(log) = &mut told.log {
        log.say(log::INFO, "ending");
    }
    if let Some(signal) = ended.signal() {
        // The terminal is restored: end as the signal would have ended this program, so that its parent can tell.
        signal_hook::low_level::emulate_default_handler(signal).with_context(|| format!("signal {signal}"))?;
    }
    end
}

fn without_screen(eye: &mut Eye, told: &mut Told, options: &Options, face: Face, ended: &signals::Ended) -> anyhow::Result<u8> {
    let mut number = 0;
    loop {
        let Some(picture) = eye.next(ended) else { return Ok(0) };
        told.tell(&picture.view);
        let mut stdout = io::stdout().lock();
        match face {
            Face::Text => out::text(&mut stdout, &picture, options.warn)?,
            Face::Json => out::json(&mut stdout, &picture)?,
            Face::Screen | Face::None => {}
        }
        stdout.flush()?;
        number += 1;
        if options.count.is_some_and(|count| number >= count) {
            return Ok(status(&picture));
        }
    }
}

/// The exit status that a picture stands for.
fn status(picture: &Picture) -> u8 {
    match picture.view.severity {
        Some(Severity::Critical) => 4,
        Some(Severity::Warning) => 3,
        _ if picture.view.clusters.is_empty() => 5,
        _ => 0,
    }
}

/// Who is told of news.
struct Told {
    log: Option<Log>,
    hook: Hook,
    before: Option<O2cbView>,
}

impl Told {
    /// Tells what is new since the picture before. Without log and hook nothing is compared.
    fn tell(&mut self, view: &O2cbView) {
        self.hook.look_after();
        if self.log.is_none() && self.hook.is_none() {
            return;
        }
        for news in model::o2cb::news::news(self.before.as_ref(), view) {
            if let Some(log) = &mut self.log {
                log.tell(&news);
            }
            self.hook.take(&news, view);
        }
        self.before = Some(view.clone());
        self.hook.look_after();
    }

    /// Has the hook's program looked after between two pictures.
    fn idle(&mut self) {
        self.hook.look_after();
    }
}
