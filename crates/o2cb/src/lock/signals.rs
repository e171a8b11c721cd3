//! The signals that end a program, which here end a wait or go on to the command.

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{io, thread};

/// The signals that ask a program to end.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// From now on each of these signals is given to `deliver`. Those that this program was started to ignore, as by `nohup`, stay
/// ignored, by the command too.
pub fn deliver(deliver: impl Fn(i32) -> bool + Send + 'static) -> io::Result<()> {
    let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    let heard = ENDING.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = Signals::new(heard)?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || while signals.forever().next().is_some_and(&deliver) {})?;
    Ok(())
}

/// From now on none of these signals ends this process; whether one came is noted.
pub fn outlive() -> io::Result<Arc<AtomicBool>> {
    let came = Arc::new(AtomicBool::new(false));
    for signal in ENDING {
        flag::register(signal, Arc::clone(&came))?;
    }
    Ok(came)
}

/// The mask of ignored signals, bit 0 for signal 1: `SigIgn:` of `/proc/PID/status`.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Whether a signal that the terminal sends reaches the command by itself: the terminal sends it to all processes of the group in
/// its foreground.
pub fn terminal_sends(signal: i32) -> bool {
    let foreground = || {
        let terminal = std::fs::File::open("/dev/tty").ok()?;
        Some(rustix::termios::tcgetpgrp(terminal).ok()? == rustix::process::getpgrp())
    };
    [SIGINT, SIGQUIT].contains(&signal) && foreground() == Some(true)
}

#[cfg(test)]
mod tests {
    #[test]
    fn nohup_is_seen() {
        let status = "Name:\to2cb\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
        assert_eq!(super::ignored(status), 0x1001);
        assert_eq!(super::ignored(""), 0);
    }
}
