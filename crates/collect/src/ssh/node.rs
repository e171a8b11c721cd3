//! The thread of one node: connects, follows, and connects again, later each time.

use super::backoff::Backoff;
use super::connection::{Connection, Ended};
use super::destination::Destination;
use super::inbox::{Inbox, Signal};
use super::process::Ssh;
use super::{SshOptions, Timeouts, command, session, upload};
use crate::event::{Event, NodeEvent};
use sample::message::Configuration;
use sample::{Fault, FaultKind, FromNode, Link, Way};
use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Sender, SyncSender};
use std::time::Duration;

/// A node may be silent so many intervals.
const SILENT_INTERVALS: u32 = 3;

/// What lasts over connections.
pub(super) struct Node {
    number: usize,
    destination: Destination,
    options: SshOptions,
    events: Sender<NodeEvent>,
    backoff: RefCell<Backoff>,
    /// Attempts since the last good connection.
    attempts: Cell<u32>,
    /// Connections in a row that fell silent before a sample came.
    silent: Cell<u32>,
    no_installed: RefCell<Option<String>>,
    no_upload: RefCell<Option<String>>,
}

impl Node {
    /// Node number `number` of the viewer.
    pub fn new(number: usize, destination: Destination, options: SshOptions, events: Sender<NodeEvent>) -> Node {
        let backoff = Backoff::new(options.timeouts.retry_least, options.timeouts.retry_most);
        let no_upload = (!options.upload).then(|| "upload is off".to_owned());
        Node {
            number,
            destination,
            options,
            events,
            backoff: RefCell::new(backoff),
            attempts: Cell::new(0),
            silent: Cell::new(0),
            no_installed: RefCell::new(None),
            no_upload: RefCell::new(no_upload),
        }
    }

    /// Until the viewer is gone.
    pub fn run(&self, inbox: &Rc<Inbox>, signals: &SyncSender<Signal>) {
        for number in 1.. {
            self.attempts.set(self.attempts.get() + 1);
            if self.emit(Event::Link(Link::Connecting(self.attempts.get()))).is_err() {
                return;
            }
            let ended = match Ssh::spawn(command::command(&self.destination, &self.options), number, signals) {
                Ok(ssh) => session::run(Connection::new(ssh, number, Rc::clone(inbox)), self),
                Err(error) => Ended::Fault(self.cannot_spawn(&error)),
            };
            let fault = match ended {
                Ended::Stopped => return,
                Ended::Again => continue,
                Ended::Fault(fault) => fault,
            };
            if fault.kind == FaultKind::Silent {
                self.silent.set(self.silent.get() + 1);
            }
            let delay = self.backoff.borrow_mut().next();
            let down = Link::Down { fault, retry_in_ms: Some(delay.as_millis() as u64) };
            if self.emit(Event::Link(down)).is_err() || !inbox.pause(delay) {
                return;
            }
        }
    }

    /// A collector answers.
    pub fn is_up(&self, way: Way) -> Result<(), Ended> {
        self.attempts.set(0);
        self.backoff.borrow_mut().reset();
        self.emit(Event::Link(Link::Up(way)))
    }

    /// Its dumps end in time.
    pub fn has_sampled(&self) {
        self.silent.set(0);
    }

    /// Hands out what a collector says.
    pub fn message(&self, message: FromNode) -> Result<(), Ended> {
        self.emit(Event::Message(message))
    }

    /// How long nothing may come. A collector says every two seconds that it lives, but not while it reads a dump: three
    /// intervals, three times the last dump, and twice as long after each connection on which not one dump came in time.
    pub fn patience(&self, configuration: &Configuration, last_dump: Duration) -> Duration {
        let intervals = Duration::from_millis(configuration.interval_ms).saturating_mul(SILENT_INTERVALS);
        let least = self.options.timeouts.silence.max(intervals).max(last_dump.saturating_mul(3));
        least.saturating_mul(1 << self.silent.get().min(3))
    }

    /// All times.
    pub fn timeouts(&self) -> &Timeouts {
        &self.options.timeouts
    }

    /// The file that is uploaded.
    pub fn program(&self) -> PathBuf {
        self.options.program.clone().unwrap_or_else(upload::own_program)
    }

    /// Why an installed collector is out of the question.
    pub fn installed_ruled_out(&self) -> Option<String> {
        self.no_installed.borrow().clone()
    }

    /// From now on.
    pub fn rule_out_installed(&self, why: String) {
        *self.no_installed.borrow_mut() = Some(why);
    }

    /// Why an uploaded collector is out of the question.
    pub fn upload_ruled_out(&self) -> Option<String> {
        self.no_upload.borrow().clone()
    }

    /// From now on.
    pub fn rule_out_upload(&self, why: String) {
        *self.no_upload.borrow_mut() = Some(why);
    }

    fn emit(&self, event: Event) -> Result<(), Ended> {
        self.events.send(NodeEvent { node: self.number, event }).map_err(|_| Ended::Stopped)
    }

    fn cannot_spawn(&self, error: &io::Error) -> Fault {
        let program = self.options.ssh_program.display();
        let remedy = if error.kind() == io::ErrorKind::NotFound { ": install OpenSSH's client" } else { "" };
        Fault::new(FaultKind::CannotRun, format!("here: cannot run {program}: {error}{remedy}"))
    }
}
