//! A bit of everything in one directory.

use super::files;
use super::session::{self, Session};
use super::tally::Tally;
use crate::random::Random;
use crate::stop::Limits;
use clap::Args;
use nix::fcntl::{Flock, FlockArg};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where and for how long.
#[derive(Args)]
pub struct Options {
    /// Directory; made if it is not there.
    directory: PathBuf,
    /// How many names there are.
    #[arg(long, default_value_t = 50)]
    names: u64,
    /// Pause between two rounds, ms.
    #[arg(long, default_value_t = 0)]
    pause_ms: u64,
    #[command(flatten)]
    limits: Limits,
}

/// Works.
pub fn run(options: &Options) -> anyhow::Result<()> {
    files::make_directory(&options.directory)?;
    let operations = ["appended", "created", "renamed", "locked", "stats", "unlinked"];
    let about = json!({ "work": "mix", "path": options.directory });
    session::run(options.limits, &about, Tally::new(&operations, None), |session| {
        let mut random = Random::of_this_process();
        let pause = Duration::from_millis(options.pause_ms);
        while session.goes_on(pause) {
            round(session, options, &mut random);
        }
        Ok(())
    })
}

fn round(session: &Session, options: &Options, random: &mut Random) {
    let mut name = || options.directory.join(format!("m{}", random.below(options.names)));
    let (file, other, away) = (name(), name(), name());
    let line = format!("{}\n", crate::event::node());
    let log = options.directory.join("shared.log");
    session.tally.time("appended", || append(&log, &line));
    session.tally.time("created", || files::create(&file, &line));
    session.tally.time("renamed", || std::fs::rename(&file, &other));
    if let Some(lock) = session.tally.time("locked", || lock(&options.directory.join("lock"))) {
        drop(lock);
    }
    session.tally.time("stats", || std::fs::metadata(&other));
    session.tally.time("unlinked", || std::fs::remove_file(&away));
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(line.as_bytes())
}

fn lock(path: &Path) -> io::Result<Flock<File>> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
}
