//! Operates and explains O2CB, the cluster stack of OCFS2: drop-in for `o2cb(8)` and the verbs of its init script.
//!
//! The kernel's node manager, heartbeat, network and DLM do the work. What is written to them, to `/etc` and to module or
//! mount tables is written by this crate alone, and only by verbs that say so.

// They panic where nobody reads what is printed.
#![cfg_attr(not(test), warn(clippy::print_stderr, clippy::print_stdout))]

pub mod apply;
mod args;
mod collect_verb;
pub mod config;
pub mod defaults;
pub mod doctor;
pub mod errno;
pub mod firewall;
pub mod forecast;
pub mod found;
pub mod kernel;
pub mod lock;
pub mod obstacles;
pub mod place;
pub mod plan;
mod printed;
pub mod program;
pub mod stack;
pub mod status;
pub mod step;
pub mod volumes;
pub mod wanted;
pub mod watch;

use anyhow::Context as _;
use args::{Cli, Verb};
use clap::{CommandFactory as _, Parser as _};
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Exit code of a verb: what it says did not succeed, or the answer is no.
pub const FAILED: u8 = 1;

/// Reads the arguments, does what they say, and tells how it ended: 0 done (or the answer is yes), 1 failed (or no), 2 wrong usage.
/// `lock` ends as flock(1) does: see [`lock`].
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && Cli::meant("lock") => {
            // If stderr is gone, the exit code still tells.
            let _ = error.print();
            return ExitCode::from(lock::USAGE);
        }
        Err(error) => error.exit(),
    };
    match cli.act() {
        Ok(status) => ExitCode::from(status),
        // `o2cb list-nodes web | head`: the reader has seen enough.
        Err(error) if error.root_cause().downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("o2cb: {error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Tells people something, on stderr. If that is gone, nobody is left to tell: what is being done goes on.
pub(crate) fn say(words: &str) {
    for line in words.lines() {
        let _ = writeln!(io::stderr(), "{}", terminal::clean(line));
    }
}

impl Cli {
    fn act(&self) -> anyhow::Result<u8> {
        let place = self.place();
        match &self.verb {
            Verb::Config(verb) => config::run(&place, verb, self.verbose),
            Verb::Stack(verb) => stack::run(&place, verb, self.verbose),
            Verb::Doctor(options) => doctor::run(&place, options, self.verbose),
            Verb::Volumes(options) => volumes::run(&place, options),
            Verb::Forecast(options) => forecast::run(&place, options),
            Verb::Lock(options) => lock::run(&place, options, self.verbose),
            Verb::Watch(options) => watch::run(options),
            Verb::Collect(options) => collect_verb::run(options),
            Verb::Completions { shell } => {
                // A reader that has seen enough is an error of writing, which the generator would not survive.
                let mut script = Vec::new();
                clap_complete::generate(*shell, &mut Cli::command(), "o2cb", &mut script);
                io::stdout().write_all(&script)?;
                Ok(0)
            }
            Verb::Man { into } => {
                match into {
                    Some(folder) => {
                        clap_mangen::generate_to(Cli::command(), folder).with_context(|| folder.display().to_string())?;
                    }
                    None => clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?,
                }
                Ok(0)
            }
        }
    }
}
