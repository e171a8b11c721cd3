//! A tree, read by one node: it takes the metadata locks of all in it.

use super::session;
use super::tally::Tally;
use crate::stop::Limits;
use clap::Args;
use serde_json::json;
use std::fs::DirEntry;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What to read.
#[derive(Args)]
pub struct Options {
    /// The tree's root.
    directory: PathBuf,
    #[command(flatten)]
    limits: Limits,
}

/// Reads it. `entries` are all names below the root; entries that others removed meanwhile are `ENOENT` in `errors`.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let about = json!({ "work": "scan", "path": options.directory });
    session::run(options.limits, &about, Tally::new(&["entries", "directories", "stats"], None), |session| {
        let mut directories = vec![options.directory.clone()];
        while let Some(directory) = directories.pop() {
            let listed = session.tally.time("directories", || std::fs::read_dir(&directory)?.collect::<io::Result<Vec<DirEntry>>>());
            for entry in listed.unwrap_or_default() {
                if !session.goes_on(Duration::ZERO) {
                    return Ok(());
                }
                session.tally.add("entries", 1);
                // The stat, not what the directory tells of the type: it is what takes the lock.
                if session.tally.time("stats", || entry.metadata()).is_some_and(|metadata| metadata.is_dir()) {
                    directories.push(entry.path());
                }
            }
        }
        Ok(())
    })
}
