//! Many files: many locks.

use super::files;
use crate::event;
use crate::stop::{Reason, Stop};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many, where.
#[derive(Args)]
pub struct Options {
    /// Directory; made if it is not there. File number N is `dDDDD/fNNNNNNN` in it.
    directory: PathBuf,
    /// How many files.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    files: u64,
    /// How many files in one directory.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    per_directory: u64,
    /// What to do with each. `create` makes exactly that many and fails if one is there already.
    #[arg(long = "do", value_enum, default_value_t = What::Create)]
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Create,
    Stat,
    Unlink,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            What::Create => "create",
            What::Stat => "stat",
            What::Unlink => "unlink",
        }
    }

    fn to(self, path: &Path) -> io::Result<()> {
        match self {
            What::Create => OpenOptions::new().create_new(true).write(true).open(path).map(drop),
            What::Stat => std::fs::symlink_metadata(path).map(drop),
            What::Unlink => std::fs::remove_file(path),
        }
    }
}

/// How often progress is told.
const TELL: Duration = Duration::from_secs(2);

/// Works.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let stop = Stop::watch(false)?;
    let word = options.what.word();
    event::emit("started", &json!({ "work": "mass", "path": options.directory, "do": word, "files": options.files }))?;
    let began = Instant::now();
    let (mut told, mut told_files, mut worst) = (began, 0, Duration::ZERO);
    let mut done = 0;
    let mut folder = options.directory.clone();
    while done < options.files && stop.asked().is_none() {
        if done % options.per_directory == 0 {
            folder = options.directory.join(format!("d{:05}", done / options.per_directory));
            if matches!(options.what, What::Create) {
                files::make_directory(&folder)?;
            }
        }
        let path = folder.join(format!("f{done:07}"));
        let since = Instant::now();
        options.what.to(&path).with_context(|| path.display().to_string())?;
        let now = Instant::now();
        worst = worst.max(now - since);
        done += 1;
        let last_here = done % options.per_directory == 0 || done == options.files;
        if last_here && matches!(options.what, What::Unlink) {
            std::fs::remove_dir(&folder).with_context(|| folder.display().to_string())?;
        }
        if now - told >= TELL {
            let rate = (done - told_files) as f64 / (now - told).as_secs_f64();
            event::emit("progress", &json!({ "done": done, "files": options.files, "per_second": rate.round() }))?;
            (told, told_files) = (now, done);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let fields = json!({
        "work": "mass",
        "path": options.directory,
        "do": word,
        "files": done,
        "seconds": seconds,
        "per_second": (done as f64 / seconds).round(),
        "worst_ms": super::tally::ms(worst),
        "ended_by": stop.asked().unwrap_or(Reason::Finished).word(),
    });
    Ok(event::emit("done", &fields)?)
}
