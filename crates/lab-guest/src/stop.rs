//! When a long command ends: after its seconds, when standard input closes, by a signal.

use clap::Args;
use nix::sys::signal::{SigSet, Signal};
use std::io::Read as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When to end. With neither, SIGTERM, SIGINT or SIGHUP ends it.
#[derive(Args, Clone, Copy)]
pub struct Limits {
    /// Ends after this many seconds.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Ends when standard input is closed: with the ssh session that started it.
    #[arg(long)]
    pub until_eof: bool,
}

/// Reads a number of seconds that a clock can be set to.
pub fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..1e9).contains(&seconds) { Ok(seconds) } else { Err("not between 0 and 1e9 seconds".to_owned()) }
}

/// Reads a moment, seconds since the epoch.
pub fn moment(text: &str) -> Result<f64, String> {
    let moment: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..1e11).contains(&moment) { Ok(moment) } else { Err("not a time after 1970".to_owned()) }
}

/// Why it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its seconds are over.
    Seconds,
    /// Standard input was closed.
    Eof,
    /// A signal came.
    Signal,
    /// It has done what it had to do.
    Finished,
}

impl Reason {
    /// The word in events.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Seconds => "seconds",
            Reason::Eof => "eof",
            Reason::Signal => "signal",
            Reason::Finished => "finished",
        }
    }
}

/// Told to a command that it should end; the first reason stays.
#[derive(Default)]
pub struct Stop {
    reason: Mutex<Option<Reason>>,
    changed: Condvar,
}

impl Stop {
    /// Starts to watch for signals and, if wanted, for the end of standard input. To be called before other threads start:
    /// they inherit that the signals are blocked, and the kernel gives them to the one thread that waits for them.
    pub fn watch(until_eof: bool) -> anyhow::Result<Arc<Stop>> {
        let stop = Arc::new(Stop::default());
        let mut signals = SigSet::empty();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            signals.add(signal);
        }
        signals.thread_block()?;
        let told = Arc::clone(&stop);
        std::thread::spawn(move || {
            if signals.wait().is_ok() {
                told.ask(Reason::Signal);
            }
            // A second one means it: the work may be blocked in the kernel for good.
            if let Ok(signal) = signals.wait() {
                std::process::exit(128 + signal as i32);
            }
        });
        if until_eof {
            let told = Arc::clone(&stop);
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                let mut input = std::io::stdin();
                while input.read(&mut buffer).is_ok_and(|bytes| bytes > 0) {}
                told.ask(Reason::Eof);
            });
        }
        Ok(stop)
    }

    fn reason(&self) -> MutexGuard<'_, Option<Reason>> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks to end.
    pub fn ask(&self, reason: Reason) {
        self.reason().get_or_insert(reason);
        self.changed.notify_all();
    }

    /// Why to end, if it was asked.
    pub fn asked(&self) -> Option<Reason> {
        *self.reason()
    }

    /// Waits until it is asked or the time is over; without a time, until it is asked.
    pub fn wait(&self, most: Option<Duration>) -> Option<Reason> {
        let until = most.and_then(|most| Instant::now().checked_add(most));
        let mut reason = self.reason();
        while reason.is_none() {
            reason = match until {
                None => self.changed.wait(reason).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.changed.wait_timeout(reason, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        *reason
    }
}

impl Limits {
    /// Waits for the end of the time.
    pub fn wait(&self, stop: &Stop) -> Reason {
        let reason = stop.wait(self.seconds.map(Duration::from_secs_f64)).unwrap_or(Reason::Seconds);
        stop.ask(reason);
        reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays() {
        let stop = Stop::default();
        assert_eq!(stop.wait(Some(Duration::from_millis(1))), None);
        stop.ask(Reason::Eof);
        stop.ask(Reason::Signal);
        assert_eq!(stop.wait(None), Some(Reason::Eof));
        assert_eq!(stop.asked(), Some(Reason::Eof));
    }
}
