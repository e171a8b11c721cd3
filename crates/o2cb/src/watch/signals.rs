//! Signals that end the watch: noted, so that terminal and hook are left in order. Under `nohup` a hangup is none of them.

use collect::signals::heeded;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Which signal came.
pub struct Ended(Arc<AtomicUsize>);

impl Ended {
    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<i32> {
        i32::try_from(self.0.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
    }
}

/// From now on the signals are noted.
pub fn follow() -> io::Result<Ended> {
    let signal = Arc::new(AtomicUsize::new(0));
    let mut signals = Signals::new(heeded(&[SIGHUP, SIGINT, SIGTERM]))?;
    let noted = Arc::clone(&signal);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for number in signals.forever() {
            noted.store(number.unsigned_abs() as usize, Ordering::Relaxed);
            terminal::end_late(number);
        }
    })?;
    Ok(Ended(signal))
}
