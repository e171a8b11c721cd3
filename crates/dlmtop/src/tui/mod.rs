//! The live screen.
//!
//! ```text
//! !!  STUCK since 22:24:26  flock on inode 32770 held EX on node2; 1 process waits …  verdict of each file system
//! /mnt/ocfs2  hot  7635D31F539A483C8E2F4CC606D5D628  /dev/sdb     22:24:52  every 2s  where, and when
//! node1  live  ssh       31152 locks  none missed  0.4s ago                           how far the numbers can be trusted
//! node2  LATE  no sample for 12.0s; its numbers do not count
//! EX 120 + PR 480 in 2.00s, 21 locks active: M 9 W 6; 2 waiting, 1 STUCK   by average
//!   TYPE        INO  EX NUM  EX TIME  EX AVG  PR NUM  PR TIME  PR AVG  WAITING        the page: locks, nodes,
//! ! F         32770       ?        ?       ?       ?        ?       ?    25.9s        findings, stuck history, waits,
//!   ├─node1      NL       ?        ?       ?       ?        ?       ?    25.9s        masters or an inode, or one
//!   M         64514      24    504us  21.0us      96    336us  3.50us                  lock or glock, opened
//!  ? help  Enter lock  d per node  s order  / filter  Space pause  q quit      1/21
//! ```
//!
//! [`App`] is the screen's state; keys and pictures change it, and it draws itself, but it never touches a clock, a
//! terminal or a channel. [`run`] is the loop around it: one channel that three threads fill, no locks, and nothing in it
//! that can block but the terminal itself.

mod act;
mod app;
mod column_menu;
mod columns;
mod detail;
mod draw;
mod empty;
mod episodes;
mod events;
mod filter;
mod findings;
mod footer;
mod glock_columns;
mod glocks;
mod header;
mod help;
mod history;
mod keys;
mod list;
mod locks;
mod menu;
mod nodes;
mod page;
mod paint;
mod prompt;
mod spark;
mod stuck_wait;
#[cfg(test)]
mod tests;
mod theme;
mod totals;
mod verdicts;

pub use app::App;
pub use keys::key_table;

use crate::engine::{Command, Engine, Update};
use crate::settings::Settings;
use crate::views::View;
use anyhow::{Context, bail};
use app::Effect;
use events::Happening;
use rustix::process::{Signal, getpid, kill_process};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGTSTP};
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use terminal::Screen;

/// What is watched, in words.
#[derive(Clone, Debug, Default)]
pub struct Title(pub String);

/// Whether the pictures are of now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Playback {
    /// They are.
    Live,
    /// They are of a recording.
    Recording {
        /// Played so many times as fast; `None`: as fast as possible.
        speed: Option<f64>,
    },
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By a key.
    Quit,
    /// By this signal, which is to be raised again now that the terminal is restored.
    Signal(i32),
}

/// The age of the newest picture is told anew so often while none comes.
const TICK: Duration = Duration::from_secs(1);
/// So much is taken in before the screen is drawn again.
const MOST_AT_ONCE: usize = 32;

/// Shows the engine's pictures, beginning with `view`, until the user quits or a signal ends it. The terminal is restored in every case.
pub fn run(engine: Engine, settings: Settings, title: Title, playback: Playback, view: View) -> anyhow::Result<Outcome> {
    let commands = engine.commands();
    let mut screen = Screen::take()?;
    let happenings = events::start(engine.updates).context("cannot start the screen's threads")?;
    let mut app = App::new(settings, title, playback).start_at(view);
    let (width, height) = screen.renew().context("the terminal does not tell its size")?;
    app.resize(width, height);
    let mut face = Face { app, screen, commands, newest: Instant::now() };
    let end = face.run(&happenings);
    let Face { app, screen, .. } = face;
    drop(screen);
    match end {
        Ok(End::Quit { keep }) => {
            if keep {
                // A terminal that is gone by now needs no picture.
                let _ = io::stdout().write_all(app.text().as_bytes());
            }
            Ok(Outcome::Quit)
        }
        Ok(End::Signal(signal)) => Ok(Outcome::Signal(signal)),
        Err(error) => match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::BrokenPipe) => Ok(Outcome::Quit),
            _ if is_hangup(&error) => Ok(Outcome::Signal(SIGHUP)),
            _ => Err(error),
        },
    }
}

/// Whether the terminal is gone. The error itself may tell it in other ways: the kernel's SIGCONT comes before its SIGHUP,
/// and taking the terminal again fails then.
fn is_hangup(error: &anyhow::Error) -> bool {
    let code = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    let gone = rustix::io::Errno::IO;
    code == Some(gone.raw_os_error()) || rustix::termios::tcgetattr(io::stdout()).is_err_and(|errno| errno == gone)
}

enum End {
    Quit { keep: bool },
    Signal(i32),
}

struct Face {
    app: App,
    screen: Screen,
    commands: Sender<Command>,
    /// When the newest picture came.
    newest: Instant,
}

impl Face {
    fn run(&mut self, happenings: &Receiver<Happening>) -> anyhow::Result<End> {
        loop {
            self.screen.draw(|frame| self.app.draw(frame))?;
            let mut next = happenings.recv_timeout(TICK);
            for _ in 0..MOST_AT_ONCE {
                match next {
                    Ok(happening) => {
                        if let Some(end) = self.take(happening)? {
                            return Ok(end);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => bail!("the screen's threads ended"),
                }
                next = happenings.recv_timeout(Duration::ZERO);
            }
            // What was taken out last must not get lost.
            if let Ok(happening) = next
                && let Some(end) = self.take(happening)?
            {
                return Ok(end);
            }
            self.app.tick(self.newest.elapsed());
        }
    }

    fn take(&mut self, happening: Happening) -> anyhow::Result<Option<End>> {
        match happening {
            Happening::Key(key) => {
                for effect in self.app.key(key) {
                    match effect {
                        // An engine that has ended has said so.
                        Effect::Tell(command) => drop(self.commands.send(command)),
                        Effect::Quit(keep) => return Ok(Some(End::Quit { keep })),
                        Effect::Redraw => self.resize()?,
                        Effect::Suspend => self.suspend()?,
                    }
                }
            }
            Happening::Resize => self.resize()?,
            Happening::Signal(SIGTSTP) => self.suspend()?,
            // Somebody else may have written on the terminal meanwhile.
            Happening::Signal(SIGCONT) => self.take_again()?,
            Happening::Signal(signal) => return Ok(Some(End::Signal(signal))),
            Happening::Update(Update::Snapshot(picture)) => {
                self.newest = Instant::now();
                self.app.update(picture);
            }
            Happening::Update(Update::Ended) => self.app.end(),
            Happening::EngineGone => bail!("the engine ended; this is a defect"),
            Happening::NoKeys(error) => return Err(error).context("cannot read keys"),
        }
        Ok(None)
    }

    fn resize(&mut self) -> anyhow::Result<()> {
        let (width, height) = self.screen.renew()?;
        self.app.resize(width, height);
        Ok(())
    }

    fn take_again(&mut self) -> anyhow::Result<()> {
        let (width, height) = self.screen.take_again()?;
        self.app.resize(width, height);
        Ok(())
    }

    /// Stops the whole program, as the shell's job control expects; goes on when continued.
    fn suspend(&mut self) -> anyhow::Result<()> {
        self.screen.lend();
        kill_process(getpid(), Signal::STOP).context("cannot stop")?;
        self.take_again()
    }
}
