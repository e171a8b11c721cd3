//! A lock that all nodes of the cluster know, for a command: flock(1) through dlmfs. The DLM does the work.
//!
//! ```text
//! options ─► kept ──────── lines ────────► keeper (a process of its own: it may hang in the kernel)
//!             │ wait                        │ turn: this node's processes one by one
//!             │ command, under the lock     │ ready, join: mkdir in dlmfs
//!             └ release                     │ ask: open in dlmfs, which is the lock
//!                                           ├ clear: what was made goes
//!                                           └ linger: the domain goes when it is idle
//! ```
//!
//! Exit codes are those of flock(1), see `refusal`.

mod ask;
mod causes;
mod clear;
mod command;
mod dlmfs;
mod join;
mod keeper;
mod kept;
mod linger;
mod list;
mod names;
mod options;
mod paths;
mod ready;
mod refusal;
mod signals;
mod talk;
mod turn;
mod value;
mod wait;

pub use options::Options;
pub use refusal::USAGE;

use crate::kernel::{Look, Machine};
use crate::place::Place;
use crate::say;
use ask::Way;
use dlmfs::Dlmfs;
use keeper::Wish;
use kept::{Heard, Kept};
use options::Act;
use refusal::{NO_LOCK, Refusal, SYSTEM};
use std::io::{self, BufReader, IsTerminal as _, Write as _};
use std::time::Instant;
use talk::{Request, Told};
use wait::{NoLock, Patience};

/// Does what the options say, and gives the exit code.
pub fn run(place: &Place, options: &Options, verbose: u8) -> anyhow::Result<u8> {
    let began = Instant::now();
    let place = &options.root.as_deref().map_or_else(|| place.clone(), |root| Place::under(root, None));
    let machine = Machine::new(place);
    if options.list {
        return list::run(&machine, options.domain.as_deref(), options.json);
    }
    let result = match checked(options) {
        Ok(()) if options.forget => forget(place, &machine, options),
        Ok(()) if options.keeper => keep(place, options),
        Ok(()) => locked(place, &machine, options, verbose, began),
        Err(fault) => Err(Refusal::new(USAGE, fault)),
    };
    Ok(result.unwrap_or_else(|refusal| {
        say(&format!("o2cb: {}", refusal.words));
        refusal.code
    }))
}

fn checked(options: &Options) -> Result<(), String> {
    match (&options.domain, &options.name) {
        (Some(domain), None) if options.forget => names::domain_fault(domain).map_or(Ok(()), Err),
        _ => options.names().map(|_| ()),
    }
}

fn forget(place: &Place, look: &dyn Look, options: &Options) -> Result<u8, Refusal> {
    if let Some(why) = ready::not_mounted(look) {
        return Err(Refusal::new(NO_LOCK, why));
    }
    let domain = options.domain.as_deref().unwrap_or_default();
    let path = paths::domain(domain);
    // One that is not there is told to be unknown.
    if let Ok(false) = Dlmfs::new(options.root.is_none()).is_at(&place.at(&path)) {
        return Err(Refusal::new(NO_LOCK, format!("{path} is not in dlmfs: nothing of it is touched")));
    }
    clear::forget(place, domain, options.name.as_deref()).map(|()| 0)
}

fn wish(options: &Options) -> Result<Wish, Refusal> {
    let (domain, name) = options.names().map_err(|fault| Refusal::new(USAGE, fault))?;
    Ok(Wish {
        domain: domain.to_owned(),
        name: name.to_owned(),
        share: options.share(),
        way: options.way(),
        stay: options.keep_domain || options.write.is_some(),
        linger: options.linger,
    })
}

fn keep(place: &Place, options: &Options) -> Result<u8, Refusal> {
    // Where all processes of a service are told to end at once, the command may take its time, and is protected until it ends.
    let told_to_end = signals::outlive().map_err(|error| Refusal::new(SYSTEM, error.to_string()))?;
    let wish = wish(options)?;
    if keeper::keep(place, Dlmfs::new(options.root.is_none()), &wish, BufReader::new(io::stdin()), io::stdout()) {
        linger::linger(place, &wish, &told_to_end)?;
    }
    Ok(0)
}

fn locked(place: &Place, look: &dyn Look, options: &Options, verbose: u8, began: Instant) -> Result<u8, Refusal> {
    let act = options.act().map_err(|fault| Refusal::new(USAGE, fault))?;
    let mut wish = wish(options)?;
    if wish.way == Way::Queue && ready::panics_on_hung_tasks(look) {
        // A process that waits in the DLM's queue for two minutes would take the node down.
        wish.way = Way::Poll;
    }
    let system = |error: io::Error| Refusal::new(SYSTEM, error.to_string());
    let mut kept = Kept::start(&wish, options.root.as_deref().map(|_| place.at("/")).as_deref()).map_err(system)?;
    let sender = kept.sender();
    signals::deliver(move |signal| sender.send(Heard::Signal(signal)).is_ok()).map_err(system)?;
    let talk = verbose > 0 || io::stderr().is_terminal();
    let until = options.timeout.filter(|_| wish.way != Way::Once).and_then(|time| began.checked_add(time));
    let patience = Patience::new(&wish, until, talk);
    match wait::until_granted(&kept, &patience, look) {
        Ok(()) => {}
        Err(no) => {
            kept.abandon();
            return match no {
                NoLock::Refused(refusal) => Err(refusal),
                NoLock::Signal(signal) => Ok(after_signal(signal)),
                NoLock::Conflict(words) => {
                    if talk {
                        say(&format!("o2cb: {words}"));
                    }
                    Ok(options.conflict_exit_code)
                }
            };
        }
    }
    if verbose > 0 {
        say(&format!("o2cb: {}: got the lock after {:.3} s", patience.path, began.elapsed().as_secs_f64()));
    }
    let done = match act {
        Act::Run(command) => command::run(&kept, &command, options.close, &patience.path),
        Act::Read => asked(&mut kept, &Request::Read, &patience.path, |told| print(&told, options.hex, &patience.path)),
        Act::Write(value) => asked(&mut kept, &Request::Write(value), &patience.path, |_| Ok(0)),
    };
    match (done, kept.release()) {
        // What was to be done was done; what is left behind is told.
        (Ok(code), Some(refusal)) => {
            say(&format!("o2cb: {}", refusal.words));
            Ok(code)
        }
        (done, _) => done,
    }
}

/// The exit code after a signal, as shells give it.
fn after_signal(signal: i32) -> u8 {
    128u8.saturating_add(signal as u8)
}

/// Asks the keeper; the exit code is what `done` makes of the answer.
fn asked(kept: &mut Kept, request: &Request, path: &str, done: impl FnOnce(Told) -> Result<u8, Refusal>) -> Result<u8, Refusal> {
    kept.ask(request);
    loop {
        match kept.next(None) {
            Some(Heard::Keeper(Told::Refused(refusal))) => return Err(refusal),
            Some(Heard::Keeper(told @ (Told::Value(_) | Told::Written))) => return done(told),
            Some(Heard::Signal(signal)) => return Ok(after_signal(signal.number)),
            Some(Heard::Gone) => return Err(Refusal::new(SYSTEM, format!("{path}: the process that keeps the lock ended"))),
            _ => {}
        }
    }
}

fn print(told: &Told, hex: bool, path: &str) -> Result<u8, Refusal> {
    let Told::Value(Some(value)) = told else {
        return Err(Refusal::new(crate::FAILED, format!("{path}: the DLM has no valid value of this lock")));
    };
    let mut out = io::stdout().lock();
    // What is written is filled up with zeros: they are no part of a text.
    let text = value.iter().rposition(|byte| *byte != 0).and_then(|last| value.get(..=last)).unwrap_or_default();
    let written = if hex { writeln!(out, "{}", talk::hex(value)) } else { out.write_all(text) };
    written.and_then(|()| out.flush()).map(|()| 0).map_err(|error| Refusal::new(SYSTEM, format!("the output: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_signal_ends_the_wait_for_the_keepers_answer() {
        // It never answers.
        let mut keeper = Command::new("sh");
        keeper.args(["-c", "cat > /dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut kept = Kept::of(keeper.spawn().unwrap());
        kept.sender().send(Heard::Signal(signals::Came { number: 15, from_terminal: false })).unwrap();
        // A test that fails ends too.
        kept.sender().send(Heard::Gone).unwrap();
        assert_eq!(asked(&mut kept, &Request::Read, "/dlm/web/a", |_| Ok(0)), Ok(128 + 15));
        kept.abandon();
    }

    #[test]
    fn a_signal_before_there_is_a_command_is_for_this_program() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = Command::new("sh");
        keeper.args(["-c", "cat > /dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let kept = Kept::of(keeper.spawn().unwrap());
        // Ctrl-C reaches a command that is there by itself.
        kept.sender().send(Heard::Keeper(Told::Written)).unwrap();
        kept.sender().send(Heard::Signal(signals::Came { number: 2, from_terminal: true })).unwrap();
        let ran = folder.path().join("ran");
        let code = command::run(&kept, &["touch".into(), ran.clone().into()], false, "/dlm/web/a");
        assert_eq!((code, ran.exists()), (Ok(128 + 2), false));
        kept.abandon();
    }
}
