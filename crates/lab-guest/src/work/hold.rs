//! One lock, taken and held: "wants", "has", "released".

use super::files;
use super::tally::ms;
use crate::event;
use crate::stop::{Limits, Stop};
use anyhow::Context as _;
use clap::Args;
use nix::fcntl::{FcntlArg, Flock, FlockArg, fcntl};
use nix::libc;
use serde_json::{Value, json};
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What to hold and for how long.
#[derive(Args)]
pub struct Options {
    /// File; made if it is not there.
    file: PathBuf,
    /// Shared instead of exclusive.
    #[arg(long)]
    shared: bool,
    /// A POSIX record lock (fcntl) on the whole file instead of a flock. With o2cb it is local to the node.
    #[arg(long)]
    posix: bool,
    #[command(flatten)]
    limits: Limits,
}

/// Holds it.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let stop = Stop::watch(options.limits.until_eof)?;
    let file = files::open_shared(&options.file)?;
    let about = json!({
        "path": options.file,
        "inode": file.metadata()?.ino(),
        "kind": if options.posix { "posix" } else { "flock" },
        "mode": if options.shared { "shared" } else { "exclusive" },
    });
    event::emit("started", &with(&json!({ "work": "hold" }), &about))?;
    event::emit("wants", &about)?;
    let since = Instant::now();
    let waits = Arc::new(Mutex::new(true));
    let (still_waits, asked, told) = (Arc::clone(&waits), Arc::clone(&stop), about.clone());
    std::thread::spawn(move || {
        asked.wait(None);
        if *still_waits.lock().unwrap_or_else(PoisonError::into_inner) {
            let failed = event::emit("gave_up", &with(&told, &json!({ "waited_ms": ms(since.elapsed()) }))).is_err();
            std::process::exit(failed.into());
        }
    });
    let lock = Lock::take(file, options).with_context(|| options.file.display().to_string())?;
    let waited = since.elapsed();
    *waits.lock().unwrap_or_else(PoisonError::into_inner) = false;
    event::emit("has", &with(&about, &json!({ "waited_ms": ms(waited) })))?;
    let has_since = Instant::now();
    let reason = options.limits.wait(&stop);
    let held = has_since.elapsed();
    let releases_since = Instant::now();
    lock.release().with_context(|| options.file.display().to_string())?;
    let end = json!({ "held_ms": ms(held), "release_ms": ms(releases_since.elapsed()), "ended_by": reason.word() });
    Ok(event::emit("released", &with(&about, &end))?)
}

/// Both objects in one.
fn with(about: &Value, more: &Value) -> Value {
    let fields = [about, more].into_iter().filter_map(Value::as_object).flatten();
    Value::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect())
}

enum Lock {
    Flock(Flock<File>),
    Posix(File),
}

impl Lock {
    fn take(file: File, options: &Options) -> nix::Result<Lock> {
        if options.posix {
            posix(&file, if options.shared { libc::F_RDLCK } else { libc::F_WRLCK })?;
            return Ok(Lock::Posix(file));
        }
        let mode = if options.shared { FlockArg::LockShared } else { FlockArg::LockExclusive };
        Flock::lock(file, mode).map(Lock::Flock).map_err(|(_, errno)| errno)
    }

    fn release(self) -> nix::Result<()> {
        match self {
            Lock::Flock(lock) => lock.unlock().map(drop).map_err(|(_, errno)| errno),
            Lock::Posix(file) => posix(&file, libc::F_UNLCK),
        }
    }
}

/// Sets the record lock on the whole file, and waits for it.
fn posix(file: &File, kind: libc::c_int) -> nix::Result<()> {
    let lock = libc::flock { l_type: kind as libc::c_short, l_whence: libc::SEEK_SET as libc::c_short, l_start: 0, l_len: 0, l_pid: 0 };
    fcntl(file, FcntlArg::F_SETLKW(&lock)).map(drop)
}
