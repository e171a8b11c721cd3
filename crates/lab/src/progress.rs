//! What the lab is doing, on stderr, with the seconds since it began.

use std::sync::OnceLock;
use std::time::Instant;

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// Seconds since the first call.
pub fn seconds() -> f64 {
    BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// Tells one step.
pub fn say(text: &str) {
    eprintln!("[{:6.1} s] {text}", seconds());
}
