//! SIGINT, SIGTERM and SIGHUP end a wait, not the process: what was begun is then taken back.

use anyhow::{Context as _, bail};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Takes over the signals. Called once, before anything is begun.
pub fn watch() -> anyhow::Result<()> {
    let asked = ASKED.get_or_init(Arc::default);
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(asked)).context("taking over a signal")?;
    }
    Ok(())
}

/// An error if the user asked to stop.
pub fn check() -> anyhow::Result<()> {
    if ASKED.get().is_some_and(|asked| asked.load(Ordering::Relaxed)) {
        bail!("interrupted");
    }
    Ok(())
}

/// Forgets that it was asked: the taking back may itself wait.
pub fn forget() {
    if let Some(asked) = ASKED.get() {
        asked.store(false, Ordering::Relaxed);
    }
}

/// Asks `ready` again and again until it gives something, at most `limit`; `what` names it in the error.
pub fn wait_for<T>(what: &str, limit: Duration, mut ready: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        check()?;
        if let Some(value) = ready()? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("{what}: not within {:.0} s", limit.as_secs_f64());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
