//! Signals that end a program without a screen of its own: what it has made on the node goes before.

mod heeded;

pub use heeded::{ENDING, heeded};

use crate::node::TraceKeeper;
use signal_hook::iterator::Signals;
use std::io;

/// From now on these signals remove the trace instances before they end the process, as they would have done without. Fails only if
/// they cannot be followed.
pub fn close_at_signals(keeper: &TraceKeeper) -> io::Result<()> {
    let mut signals = Signals::new(heeded(&ENDING))?;
    let keeper = keeper.clone();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            keeper.close();
            // It ends here, unless the signal cannot be emulated.
            if signal_hook::low_level::emulate_default_handler(signal).is_err() {
                std::process::exit(128 + signal);
            }
        }
    })?;
    Ok(())
}
