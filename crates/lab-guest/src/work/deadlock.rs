//! One half of a deadlock: has one flock and wants another, which somebody has who wants the first.

use super::files;
use super::tally::ms;
use crate::event;
use crate::stop::{Limits, Stop};
use anyhow::Context as _;
use clap::Args;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde_json::json;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Which locks, and when to give the first back.
#[derive(Args)]
pub struct Options {
    /// File whose flock is taken first; made if it is not there.
    first: PathBuf,
    /// File whose flock is wanted then; made if it is not there.
    second: PathBuf,
    #[command(flatten)]
    limits: Limits,
}

/// How often it is looked whether somebody has the second.
const LOOK: Duration = Duration::from_millis(100);

/// Has the first and waits for the second: "has", "wants", "got", "done". Asked to end while it waits, it gives back the
/// first (`gave_back`), which ends the deadlock: GFS2 lets no signal end the wait itself.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let stop = Stop::watch(options.limits.until_eof)?;
    let (first, second) = (open(&options.first)?, open(&options.second)?);
    let about = json!({
        "first": options.first,
        "first_inode": first.metadata()?.ino(),
        "second": options.second,
        "second_inode": second.metadata()?.ino(),
    });
    event::emit("started", &about)?;
    let first = take(first, FlockArg::LockExclusive, &options.first)?;
    event::emit("has", &about)?;
    let Some(second) = until_taken(second, &stop, &options.second)? else {
        return Ok(event::emit("done", &about)?);
    };
    let first = Arc::new(Mutex::new(Some(first)));
    let (limits, kept) = (options.limits, Arc::clone(&first));
    event::emit("wants", &about)?;
    let since = Instant::now();
    std::thread::spawn(move || {
        limits.wait(&stop);
        if let Some(lock) = kept.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let released = lock.unlock().is_ok();
            // Nobody may read any more; the lock is free all the same.
            let _ = event::emit("gave_back", &json!({ "released": released }));
        }
    });
    let second = take(second, FlockArg::LockExclusive, &options.second)?;
    event::emit("got", &json!({ "second": options.second, "waited_ms": ms(since.elapsed()) }))?;
    second.unlock().map_err(|(_, errno)| errno).with_context(|| options.second.display().to_string())?;
    if let Some(lock) = first.lock().unwrap_or_else(PoisonError::into_inner).take() {
        lock.unlock().map_err(|(_, errno)| errno).with_context(|| options.first.display().to_string())?;
    }
    Ok(event::emit("done", &about)?)
}

fn open(path: &Path) -> anyhow::Result<File> {
    files::open_shared(path)
}

fn take(file: File, how: FlockArg, path: &Path) -> anyhow::Result<Flock<File>> {
    Flock::lock(file, how).map_err(|(_, errno)| errno).with_context(|| path.display().to_string())
}

/// Tries the lock until somebody else has it. `None`: it was asked to end before that.
fn until_taken(mut file: File, stop: &Stop, path: &Path) -> anyhow::Result<Option<File>> {
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Err((file, Errno::EWOULDBLOCK)) => return Ok(Some(file)),
            Err((_, errno)) => return Err(errno).with_context(|| path.display().to_string()),
            Ok(lock) => file = lock.unlock().map_err(|(_, errno)| errno).with_context(|| path.display().to_string())?,
        }
        if stop.wait(Some(LOOK)).is_some() {
            return Ok(None);
        }
    }
}
