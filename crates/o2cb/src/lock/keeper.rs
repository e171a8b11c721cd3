//! The process that keeps a lock: takes this node's turn, joins the domain, asks the DLM, gives all of it back.
//!
//! It is a process of its own, because what it does may hang in the kernel where no signal reaches: joining (up to 150 s), an
//! open while a dead node's locks are recovered. The one who waits can be told so, and can go; the keeper, when the kernel lets go of it,
//! finds that nobody wants the lock any more, gives it back and clears up. It also outlives a program that is killed: its input ends
//! only when the command that runs under the lock has ended too.

#[cfg(test)]
mod tests;

use super::ask::{NoLock, Way, ask, open_lock};
use super::clear;
use super::dlmfs::Dlmfs;
use super::join::{self, NoJoin};
use super::paths;
use super::ready;
use super::refusal::{NO_FILE, NO_LOCK, Refusal, SYSTEM};
use super::talk::{Request, Rival, Told};
use super::turn::{Mark, Offered, Share, Turn};
use super::value;
use crate::errno::Deed;
use crate::kernel::{DLMFS, Machine};
use crate::place::Place;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a domain is joined anew that somebody else leaves at once.
const JOINS: u32 = 20;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The domain.
    pub domain: String,
    /// The lock.
    pub name: String,
    /// With whom the lock is shared.
    pub share: Share,
    /// How it is waited for.
    pub way: Way,
    /// Whether the node stays in the domain.
    pub stay: bool,
    /// How long it stays in it else.
    pub linger: Duration,
}

/// What happens while the keeper waits.
enum Event {
    Asked(Request),
    Turn(io::Result<Offered>),
}

/// Why the lock is not kept any more.
enum End {
    /// It is not wanted any more.
    Unwanted,
    /// Somebody else left the domain: all again.
    Again,
    Conflict(Rival),
    Refused(Refusal),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> End {
        End::Refused(refusal)
    }
}

struct Keeper<'a, W> {
    place: &'a Place,
    dlmfs: Dlmfs,
    wish: &'a Wish,
    events: Receiver<Event>,
    sender: Sender<Event>,
    told: W,
    /// Whether the domain is to be left later.
    lingers: bool,
}

/// Keeps the lock for whoever asks on `input`, until that ends or says so. Whether the domain, which was made for it, is there still.
pub fn keep(place: &Place, dlmfs: Dlmfs, wish: &Wish, input: impl BufRead + Send + 'static, told: impl Write) -> bool {
    let (sender, events) = channel();
    let requests = sender.clone();
    thread::spawn(move || {
        for line in input.lines() {
            // What is not understood was not said by our program: it is taken as the end.
            let Some(request) = line.ok().and_then(|line| Request::parse(&line)) else { break };
            if requests.send(Event::Asked(request)).is_err() {
                return;
            }
        }
        // The keeper may be at its end already.
        let _ = requests.send(Event::Asked(Request::Release));
    });
    let mut keeper = Keeper { place, dlmfs, wish, events, sender, told, lingers: false };
    match keeper.until_unwanted() {
        End::Unwanted => {}
        End::Again => keeper.tell(&Told::Refused(Refusal::new(
            SYSTEM,
            format!("{}: something else leaves this domain again and again", paths::domain(&wish.domain)),
        ))),
        End::Conflict(rival) => keeper.tell(&Told::Conflict(rival)),
        End::Refused(refusal) => keeper.tell(&Told::Refused(refusal)),
    }
    keeper.tell(&Told::Cleared);
    keeper.lingers
}

impl<W: Write> Keeper<'_, W> {
    /// If nobody listens any more, the input's end says so too.
    fn tell(&mut self, told: &Told) {
        let _ = writeln!(self.told, "{told}").and_then(|()| self.told.flush());
    }

    fn until_unwanted(&mut self) -> End {
        for _ in 0..JOINS {
            match self.in_domain() {
                End::Again => {}
                end => return end,
            }
        }
        End::Again
    }

    fn in_domain(&mut self) -> End {
        let turn = match self.domain() {
            Ok(turn) => turn,
            Err(end) => return end,
        };
        let end = self.with_lock();
        let marked = |error| file_refusal(&paths::domain(&self.wish.domain), &error);
        let left = if self.wish.stay && matches!(end, End::Unwanted) {
            turn.set_mark(Mark::Kept).map_err(marked)
        } else if self.wish.linger.is_zero() {
            clear::domain(self.place, &self.wish.domain, &turn)
        } else {
            match turn.mark() {
                Ok(Mark::Made) => {
                    self.lingers = true;
                    // Noted again: who waits for the domain to be idle sees that it was used.
                    turn.set_mark(Mark::Made).map_err(marked)
                }
                Ok(_) => clear::domain(self.place, &self.wish.domain, &turn),
                Err(error) => Err(marked(error)),
            }
        };
        with_cleared(end, left)
    }

    /// This node's part in the domain, which is joined if need be: while the turn lasts, no other `o2cb lock` leaves it.
    fn domain(&mut self) -> Result<Turn, End> {
        let turns = paths::domain_turn(self.place, &self.wish.domain);
        let folder = self.place.at(&paths::domain(&self.wish.domain));
        let turn = self.turn(&turns, Share::Shared, true)?;
        if folder.exists() {
            return Ok(turn);
        }
        drop(turn);
        // Alone, so that nobody leaves it at the same time.
        let turn = self.turn(&turns, Share::Exclusive, true)?;
        if !folder.exists()
            && let Err(end) = self.join(&folder, &turn)
        {
            // What is not there needs nobody to clear it up.
            let cleared = if folder.exists() { Ok(()) } else { turn.remove() };
            return Err(with_cleared(end, cleared.map_err(|error| file_refusal(&turns.display().to_string(), &error))));
        }
        match turn.shared() {
            Ok(true) => Ok(turn),
            Ok(false) => Err(End::Again),
            Err(error) => Err(file_refusal(&turns.display().to_string(), &error).into()),
        }
    }

    fn join(&mut self, folder: &Path, turn: &Turn) -> Result<(), End> {
        self.wanted()?;
        // Here, as the process that somebody waits for must not look into dlmfs: while another domain is joined or left, it would
        // hang there, deaf to signals (the VFS holds the root's inode lock).
        if let Some(refusal) = ready::fault(&Machine::new(self.place)) {
            return Err(refusal.into());
        }
        let is_dlmfs = self.dlmfs.is_at(&self.place.at(DLMFS)).map_err(|error| Refusal::of(NO_LOCK, Deed::Other, DLMFS, &error))?;
        if !is_dlmfs {
            return Err(no_dlmfs(DLMFS).into());
        }
        self.tell(&Told::Joining);
        let path = paths::domain(&self.wish.domain);
        // Noted before it is made: if this process is killed, the next one clears up.
        turn.set_mark(Mark::Made).map_err(|error| file_refusal(&path, &error))?;
        match join::join(|| (self.dlmfs.join)(folder), Instant::now() + join::DEATHS, |time| nothing_within(&self.events, time)) {
            Ok(()) => Ok(()),
            Err(NoJoin::There) => Ok(turn.set_mark(Mark::Foreign).map_err(|error| file_refusal(&path, &error))?),
            Err(NoJoin::Abandoned) => Err(End::Unwanted),
            Err(NoJoin::Failed(error)) => Err(Refusal::of(NO_LOCK, Deed::Make, &path, &error).into()),
        }
    }

    fn with_lock(&mut self) -> End {
        let Wish { domain, name, share, way, .. } = self.wish.clone();
        let turn = match self.turn(&paths::lock_turn(self.place, &domain, &name), share, way != Way::Once) {
            Ok(turn) => turn,
            Err(end) => return end,
        };
        let path = self.place.at(&paths::lock(&domain, &name));
        // Noted before it is made, as above.
        let noted = if path.exists() { Ok(()) } else { turn.set_mark(Mark::Made) };
        let end = match noted {
            Err(error) => file_refusal(&paths::lock(&domain, &name), &error).into(),
            Ok(()) => self.locked(&path, &turn),
        };
        with_cleared(end, clear::lock(self.place, &domain, &name, &turn))
    }

    fn locked(&mut self, path: &Path, turn: &Turn) -> End {
        if let Err(end) = self.wanted() {
            return end;
        }
        self.tell(&Told::Asking);
        let (share, way) = (self.wish.share, self.wish.way);
        let (events, told) = (&self.events, &mut self.told);
        let wait = |time: Duration| nothing_within(events, time);
        let busy = || {
            let _ = writeln!(told, "{}", Told::Busy).and_then(|()| told.flush());
        };
        let lock = match ask(|waiting| open_lock(path, share, waiting), way, wait, busy) {
            Ok(lock) => lock,
            Err(NoLock::Busy) => return End::Conflict(Rival::Node),
            Err(NoLock::Abandoned) => return End::Unwanted,
            Err(NoLock::Gone) => return End::Again,
            Err(NoLock::Failed(error)) => {
                let path = paths::lock(&self.wish.domain, &self.wish.name);
                return Refusal::of(NO_LOCK, Deed::Other, &path, &error).into();
            }
        };
        let path = paths::lock(&self.wish.domain, &self.wish.name);
        match self.dlmfs.has(&lock) {
            Ok(true) => {}
            Ok(false) => return no_dlmfs(&path).into(),
            Err(error) => return Refusal::of(NO_LOCK, Deed::Other, &path, &error).into(),
        }
        self.tell(&Told::Granted);
        let end = self.serve(&lock, turn);
        drop(lock);
        self.tell(&Told::Released);
        end
    }

    /// Does what is asked with the lock, until it is to be given back.
    fn serve(&mut self, lock: &File, turn: &Turn) -> End {
        let path = paths::lock(&self.wish.domain, &self.wish.name);
        loop {
            match self.events.recv() {
                Ok(Event::Asked(Request::Read)) => match value::read(lock) {
                    Ok(value) => self.tell(&Told::Value(value)),
                    Err(error) => return Refusal::of(NO_LOCK, Deed::Other, &path, &error).into(),
                },
                Ok(Event::Asked(Request::Write(bytes))) => {
                    let written = value::write(lock, &bytes);
                    match written.and_then(|()| turn.set_mark(Mark::Kept)) {
                        Ok(()) => self.tell(&Told::Written),
                        Err(error) => return Refusal::of(NO_LOCK, Deed::Write, &path, &error).into(),
                    }
                }
                Ok(Event::Asked(Request::Release)) | Err(_) => return End::Unwanted,
                Ok(Event::Turn(_)) => {}
            }
        }
    }

    /// Nothing is begun for one who is gone.
    fn wanted(&self) -> Result<(), End> {
        match self.events.try_recv() {
            Err(TryRecvError::Empty) => Ok(()),
            _ => Err(End::Unwanted),
        }
    }

    /// Takes a turn. Waiting for it is done by a thread, so that it can be given up: the thread ends with the process.
    fn turn(&mut self, path: &Path, share: Share, wait: bool) -> Result<Turn, End> {
        let refused = |error: io::Error| End::Refused(file_refusal(&path.display().to_string(), &error));
        match Turn::take(path, share) {
            Ok(Some(turn)) => return Ok(turn),
            Ok(None) if wait => {}
            Ok(None) => return Err(End::Conflict(Rival::Process)),
            Err(error) => return Err(refused(error)),
        }
        self.tell(&Told::Turn);
        let given_up = Arc::new(Mutex::new(false));
        let (sender, path_of_thread, seen) = (self.sender.clone(), path.to_owned(), Arc::clone(&given_up));
        thread::spawn(move || {
            Turn::wait(&path_of_thread, share, &seen, |turn| {
                // If the keeper does not listen any more, the turn ends where it is dropped.
                let _ = sender.send(Event::Turn(turn.map(|turn| Offered::new(Some(turn)))));
            });
        });
        match self.events.recv() {
            Ok(Event::Turn(Ok(offered))) => offered.claim().ok_or(End::Unwanted),
            Ok(Event::Turn(Err(error))) => Err(refused(error)),
            _ => {
                // Else the end of this process may cut it off between making a file and removing it.
                *given_up.lock().unwrap_or_else(PoisonError::into_inner) = true;
                Err(End::Unwanted)
            }
        }
    }
}

/// Why the lock is not kept any more; where that is no failure, that clearing up failed.
fn with_cleared(end: End, cleared: Result<(), Refusal>) -> End {
    match (end, cleared) {
        (End::Unwanted, Err(refusal)) => End::Refused(refusal),
        (end, _) => end,
    }
}

/// Waits; whether nothing happened. What happens while nothing but the end is awaited is that end.
fn nothing_within(events: &Receiver<Event>, time: Duration) -> bool {
    matches!(events.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}

/// Whoever got such a file would have no lock.
fn no_dlmfs(path: &str) -> Refusal {
    Refusal::new(
        NO_LOCK,
        format!("{path}: it is not in dlmfs, so nobody else would see this lock: nothing, or something else, is mounted at {DLMFS}"),
    )
}

/// A turn's file cannot be used.
fn file_refusal(path: &str, error: &io::Error) -> Refusal {
    Refusal::of(NO_FILE, Deed::Other, path, error)
}
