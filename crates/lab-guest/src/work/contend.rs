//! One flock that all nodes want.

use super::files;
use super::session;
use super::tally::Tally;
use crate::stop::Limits;
use clap::Args;
use nix::fcntl::{Flock, FlockArg};
use serde_json::json;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

/// Where and for how long.
#[derive(Args)]
pub struct Options {
    /// File; made if it is not there.
    file: PathBuf,
    /// How long the lock is held each time, ms.
    #[arg(long, default_value_t = 20)]
    hold_ms: u64,
    #[command(flatten)]
    limits: Limits,
}

/// Pause after a lock that was refused.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Works. The longest wait is `worst_ms_of.acquired`.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut file = files::open_shared(&options.file)?;
    let about = json!({ "work": "contend", "path": options.file, "inode": file.metadata()?.ino() });
    session::run(options.limits, &about, Tally::new(&["acquired", "released"], None), |session| {
        while session.goes_on(Duration::ZERO) {
            let again = file.try_clone()?;
            let Some(lock) =
                session.tally.time("acquired", || Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into()))
            else {
                // Counted by its errno; not in a tight loop.
                file = again;
                std::thread::sleep(AFTER_ERROR);
                continue;
            };
            std::thread::sleep(Duration::from_millis(options.hold_ms));
            session.tally.time("released", || lock.unlock().map(drop).map_err(|(_, errno)| errno.into()));
            file = again;
        }
        Ok(())
    })
}
