//! Everything that can happen, in one channel: keys, the terminal's size, signals, and the engine's pictures.

use crate::engine::Update;
use ratatui::crossterm::event::{self, KeyEvent};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// See the module's text.
#[derive(Debug)]
pub enum Happening {
    /// A key.
    Key(KeyEvent),
    /// The terminal has another size.
    Resize,
    /// A signal came.
    Signal(i32),
    /// The engine says something.
    Update(Update),
    /// The engine is gone without having said so.
    EngineGone,
    /// Keys can no longer be read.
    NoKeys(io::Error),
}

/// So many may wait: a recording played as fast as possible is held back by the screen.
const MOST_WAITING: usize = 16;

/// Starts the three threads that fill the channel. They end with the program.
pub fn start(updates: Receiver<Update>) -> io::Result<Receiver<Happening>> {
    let (sender, happenings) = sync_channel(MOST_WAITING);
    let signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT])?;
    let to = sender.clone();
    spawn("signals", move || follow_signals(signals, &to))?;
    let to = sender.clone();
    spawn("keys", move || follow_keys(&to))?;
    spawn("pictures", move || follow_engine(&updates, &sender))?;
    Ok(happenings)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(|_| ())
}

fn follow_signals(mut signals: Signals, to: &SyncSender<Happening>) {
    for signal in signals.forever() {
        if !matches!(signal, SIGTERM | SIGHUP | SIGINT) {
            if to.send(Happening::Signal(signal)).is_err() {
                return;
            }
            continue;
        }
        // A terminal that takes no more text holds up whoever draws on it: it must still be possible to end the program.
        let _ = to.try_send(Happening::Signal(signal));
        terminal::end_late(signal);
    }
}

fn follow_keys(to: &SyncSender<Happening>) {
    loop {
        let happening = match event::read() {
            Ok(event::Event::Key(key)) => Happening::Key(key),
            Ok(event::Event::Resize(..)) => Happening::Resize,
            Ok(_) => continue,
            Err(error) => {
                // Whoever listened may have gone already.
                let _ = to.send(Happening::NoKeys(error));
                return;
            }
        };
        if to.send(happening).is_err() {
            return;
        }
    }
}

fn follow_engine(updates: &Receiver<Update>, to: &SyncSender<Happening>) {
    loop {
        let happening = updates.recv().map_or(Happening::EngineGone, Happening::Update);
        let last = matches!(happening, Happening::EngineGone | Happening::Update(Update::Ended));
        if to.send(happening).is_err() || last {
            return;
        }
    }
}
