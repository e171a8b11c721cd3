//! The frame of a workload: "started", the work until it is asked to end, "done".

use super::tally::Tally;
use crate::event;
use crate::stop::{Limits, Reason, Stop};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long work that was asked to end may still be in one operation before "done" is said without it.
const GRACE: Duration = Duration::from_secs(2);
/// How often who watches looks.
const LOOK: Duration = Duration::from_millis(50);

/// A workload that runs.
pub struct Session {
    stop: Arc<Stop>,
    /// What it counts.
    pub tally: Arc<Tally>,
}

impl Session {
    /// Whether to go on. Waits before the next round.
    pub fn goes_on(&self, pause: Duration) -> bool {
        if pause.is_zero() { self.stop.asked().is_none() } else { self.stop.wait(Some(pause)).is_none() }
    }
}

/// Runs a workload. If it is blocked in the kernel when its time is over, "done" tells so and the process ends as soon as
/// the kernel lets it.
pub fn run(limits: Limits, about: &Value, tally: Tally, work: impl FnOnce(&Session) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let stop = Stop::watch(limits.until_eof)?;
    let session = Session { stop: Arc::clone(&stop), tally: Arc::new(tally) };
    event::emit("started", about)?;
    let tally = Arc::clone(&session.tally);
    std::thread::spawn(move || watch(limits, &stop, &tally));
    work(&session)?;
    let reason = session.stop.asked().unwrap_or(Reason::Finished);
    if let Some(done) = session.tally.end(reason) {
        event::emit("done", &done)?;
    }
    Ok(())
}

fn watch(limits: Limits, stop: &Stop, tally: &Arc<Tally>) {
    let watched = Arc::clone(tally);
    std::thread::spawn(move || {
        while !watched.ended() {
            watched.tell_blocked();
            std::thread::sleep(LOOK);
        }
    });
    let reason = limits.wait(stop);
    let mut left = GRACE;
    while !left.is_zero() && !tally.ended() {
        std::thread::sleep(LOOK);
        left = left.saturating_sub(LOOK);
    }
    if let Some(done) = tally.end(reason) {
        let code = event::emit("done", &done).is_err();
        std::process::exit(code.into());
    }
}
