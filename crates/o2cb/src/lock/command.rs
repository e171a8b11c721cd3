//! The command that runs under the lock.

use super::kept::{Heard, Kept};
use super::refusal::{NO_COMMAND, Refusal, SYSTEM};
use crate::say;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgid, getpgrp, kill_process, waitid};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Instant;

/// Runs it and gives the exit code: its own, or 128 and the signal that ended it. Signals that come meanwhile go on to it.
pub fn run(kept: &Kept, command: &[OsString], close: bool, path: &str) -> Result<u8, Refusal> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Refusal::new(NO_COMMAND, "no command"));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    let system = |error: io::Error| Refusal::new(SYSTEM, format!("{}: {error}", program.display()));
    // What came before there is a command ends this program: nobody else is told.
    while let Some(heard) = kept.next(Some(Instant::now())) {
        match heard {
            Heard::Signal(signal) => return Ok(super::after_signal(signal.number)),
            Heard::Gone => return Err(Refusal::new(SYSTEM, format!("{path}: the process that keeps the lock ended"))),
            _ => {}
        }
    }
    // If this program is killed, the lock is kept until the command ends: it is what the lock protects.
    kept.outlives(!close).map_err(system)?;
    let started = command.spawn();
    let kept_again = kept.outlives(false);
    let mut child = started.map_err(|error| match error.kind() {
        io::ErrorKind::OutOfMemory => system(error),
        _ => Refusal::new(NO_COMMAND, format!("{}: {error}", program.display())),
    })?;
    let ended = kept_again.and_then(|()| tell_end(&child, kept)).and_then(|()| ended(kept, &mut child, path));
    let status = ended.map_err(|error| {
        // The lock is given back now: what it protects must have ended. If it has, neither does anything.
        let _ = child.kill();
        let _ = child.wait();
        system(error)
    })?;
    Ok(exit_code(status))
}

/// Waits for the command in a thread, and tells its end. It is not reaped there: as long as that is so, the pid is its own.
fn tell_end(child: &Child, kept: &Kept) -> io::Result<()> {
    let (pid, sender) = (Pid::from_child(child), kept.sender());
    thread::Builder::new().name("command".to_owned()).spawn(move || {
        let ended = loop {
            match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Err(Errno::INTR) => {}
                ended => break ended,
            }
        };
        sender.send(Heard::Ended(ended.map(drop).map_err(io::Error::from)))
    })?;
    Ok(())
}

fn ended(kept: &Kept, child: &mut Child, path: &str) -> io::Result<ExitStatus> {
    let mut lost = false;
    loop {
        match kept.next(None) {
            Some(Heard::Ended(ended)) => {
                ended?;
                let status = child.wait()?;
                return if lost { Err(io::Error::other("it was ended, as the lock was lost")) } else { Ok(status) };
            }
            Some(Heard::Signal(signal)) if !(signal.from_terminal && shares_terminal(child)) => pass_on(child, signal.number),
            Some(Heard::Gone) => {
                lost = true;
                say(&format!("o2cb: {path}: the process that keeps the lock was killed: the lock is lost, the command is told to end"));
                pass_on(child, Signal::TERM.as_raw());
            }
            _ => {}
        }
    }
}

/// Whether the terminal's signals reach the command by themselves: it is in this program's process group, unless it left it.
fn shares_terminal(child: &Child) -> bool {
    getpgid(Some(Pid::from_child(child))).is_ok_and(|group| group == getpgrp())
}

/// Sends a signal to a command that is not reaped.
fn pass_on(child: &Child, signal: i32) {
    // One that has ended needs none, and one that is somebody else's now gets none.
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(Pid::from_child(child), signal);
    }
}

/// As shells tell it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(SYSTEM)
}
