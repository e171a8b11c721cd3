//! How it feels to a user while the cluster is in trouble: a few operations a second, and what took long.

use super::files;
use super::session;
use super::tally::Tally;
use crate::stop::Limits;
use clap::Args;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where, for how long, and what counts as long.
#[derive(Args)]
pub struct Options {
    /// Directory; made if it is not there.
    directory: PathBuf,
    /// Operations from this on are told: "blocked" when it is reached, "slow" when the operation has ended.
    #[arg(long, default_value_t = 500)]
    slow_ms: u64,
    /// Pause between two rounds, ms.
    #[arg(long, default_value_t = 50)]
    pause_ms: u64,
    #[command(flatten)]
    limits: Limits,
}

/// Names that files are made under, over and over.
const NAMES: u64 = 200;

/// Works.
pub fn run(options: &Options) -> anyhow::Result<()> {
    files::make_directory(&options.directory)?;
    let tally = Tally::new(&["appended", "created", "listed"], Some(Duration::from_millis(options.slow_ms)));
    let about = json!({ "work": "probe", "path": options.directory });
    session::run(options.limits, &about, tally, |session| {
        let mut number = 0;
        let log = options.directory.join("probe.log");
        while session.goes_on(Duration::from_millis(options.pause_ms)) {
            let path = options.directory.join(format!("p{}", number % NAMES));
            session.tally.time("appended", || write(&log, OpenOptions::new().append(true)));
            session.tally.time("created", || write(&path, OpenOptions::new().write(true).truncate(true)));
            session.tally.time("listed", || list(&options.directory));
            number += 1;
        }
        Ok(())
    })
}

fn write(path: &Path, how: &mut OpenOptions) -> io::Result<()> {
    how.create(true).open(path)?.write_all(b"x\n")
}

fn list(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        match entry?.metadata() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
