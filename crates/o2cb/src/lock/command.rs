//! The command that runs under the lock.

use super::kept::{Heard, Kept};
use super::refusal::{NO_COMMAND, Refusal, SYSTEM};
use super::signals;
use crate::say;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::thread;

/// Runs it and gives the exit code: its own, or 128 and the signal that ended it. Signals that come meanwhile go on to it.
pub fn run(kept: &Kept, command: &[OsString], close: bool, path: &str) -> Result<u8, Refusal> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Refusal::new(NO_COMMAND, "no command"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    let system = |error: io::Error| Refusal::new(SYSTEM, format!("{}: {error}", program.display()));
    // If this program is killed, the lock is kept until the command ends: it is what the lock protects.
    kept.outlives(!close).map_err(system)?;
    let started = command.spawn();
    kept.outlives(false).map_err(system)?;
    let child = started.map_err(|error| match error.kind() {
        io::ErrorKind::OutOfMemory => system(error),
        _ => Refusal::new(NO_COMMAND, format!("{}: {error}", program.display())),
    })?;
    // Nobody has waited for it yet: the pid is its.
    let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).map_err(|error| system(error.into()))?;
    let status = ended(kept, child, &handle, path).map_err(system)?;
    Ok(exit_code(status))
}

fn ended(kept: &Kept, mut child: Child, handle: &OwnedFd, path: &str) -> io::Result<ExitStatus> {
    let sender = kept.sender();
    thread::spawn(move || sender.send(Heard::Ended(child.wait())));
    let mut lost = false;
    loop {
        match kept.next(None) {
            Some(Heard::Ended(status)) if lost => {
                return status.and_then(|_| Err(io::Error::other("it was ended, as the lock was lost")));
            }
            Some(Heard::Ended(status)) => return status,
            Some(Heard::Signal(signal)) if !signals::terminal_sends(signal) => pass_on(handle, signal),
            Some(Heard::Gone) => {
                lost = true;
                say(&format!("o2cb: {path}: the process that keeps the lock was killed: the lock is lost, the command is told to end"));
                pass_on(handle, Signal::TERM.as_raw());
            }
            _ => {}
        }
    }
}

fn pass_on(handle: &OwnedFd, signal: i32) {
    // One that has ended needs no signal.
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = pidfd_send_signal(handle, signal);
    }
}

/// As shells tell it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(SYSTEM)
}
