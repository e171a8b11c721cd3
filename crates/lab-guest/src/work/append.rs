//! One file that all nodes append to.

use super::files;
use super::session;
use super::tally::Tally;
use crate::stop::Limits;
use clap::Args;
use nix::fcntl::{Flock, FlockArg};
use serde_json::json;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

/// Where and for how long.
#[derive(Args)]
pub struct Options {
    /// File; made if it is not there. Each line is `NODE PID NUMBER`, so that a lost or torn one can be found: the nodes of
    /// OCFS2 and GFS2 do overwrite each other's lines.
    file: PathBuf,
    /// Pause between two lines, ms.
    #[arg(long, default_value_t = 0)]
    pause_ms: u64,
    /// Each line under an exclusive flock on the file.
    #[arg(long)]
    flock: bool,
    #[command(flatten)]
    limits: Limits,
}

/// Works.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut file = files::open_shared(&options.file)?;
    let about = json!({ "work": "append", "path": options.file, "inode": file.metadata()?.ino(), "flock": options.flock });
    let operations: &[&'static str] = if options.flock { &["locked", "appended"] } else { &["appended"] };
    session::run(options.limits, &about, Tally::new(operations, None), |session| {
        let mut number = 0_u64;
        let pause = Duration::from_millis(options.pause_ms);
        while session.goes_on(pause) {
            let line = format!("{} {} {number}\n", crate::event::node(), std::process::id());
            let again = file.try_clone()?;
            let take = || Flock::lock(again, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into());
            let lock = options.flock.then(|| session.tally.time("locked", take));
            // One write, whole among the writers of one node. Not without a lock that was wanted: that error is counted.
            if !matches!(lock, Some(None)) {
                session.tally.time("appended", || file.write_all(line.as_bytes()));
            }
            number += 1;
        }
        Ok(())
    })
}
