//! The signals that end a program, which here end a wait or go on to the command.

use collect::signals::{ENDING, heeded};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGQUIT};
use signal_hook::flag;
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::low_level::siginfo::Cause;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{io, thread};

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    /// Its number.
    pub number: i32,
    /// Whether the terminal sent it, to all processes of the group in its foreground: then the command has it too.
    pub from_terminal: bool,
}

impl Came {
    /// Nobody but the terminal lets the kernel send these: Ctrl-C and Ctrl-\ (`__isig`, `drivers/tty/n_tty.c`).
    fn of(number: i32, cause: Cause) -> Came {
        Came { number, from_terminal: [SIGINT, SIGQUIT].contains(&number) && cause == Cause::Kernel }
    }
}

/// From now on each of these signals is given to `deliver`. Those that this program was started to ignore, as by `nohup`, stay
/// ignored, by the command too.
pub fn deliver(deliver: impl Fn(Came) -> bool + Send + 'static) -> io::Result<()> {
    // Who ignores this one is never told how its command ended.
    flag::register(SIGCHLD, Arc::default())?;
    let mut signals = SignalsInfo::<WithOrigin>::new(heeded(&ENDING))?;
    let listen = move || while signals.forever().next().is_some_and(|origin| deliver(Came::of(origin.signal, origin.cause))) {};
    thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use signal_hook::consts::{SIGHUP, SIGTERM};
    use signal_hook::low_level::siginfo::Sent;

    #[test]
    fn only_the_terminals_own_two_are_the_terminals() {
        let came = |signal, cause| Came::of(signal, cause).from_terminal;
        assert!(came(SIGINT, Cause::Kernel) && came(SIGQUIT, Cause::Kernel));
        assert!(!came(SIGINT, Cause::Sent(Sent::User)) && !came(SIGQUIT, Cause::Sent(Sent::User)));
        assert!(!came(SIGTERM, Cause::Kernel) && !came(SIGHUP, Cause::Kernel), "a hangup is told to the leader alone");
    }
}
