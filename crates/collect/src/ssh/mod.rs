//! Nodes over ssh: one spawned `ssh` per node for the whole run.
//!
//! It is the user's own ssh: configuration, jump hosts, agents, certificates and host keys are its business. On the node a
//! constant script (`bootstrap`) waits for words on stdin, and `session` finds the best way: the installed collector,
//! this program uploaded, or the shell itself as a reader (`shell`). Whichever it is, it ends with its stdin, so that
//! nothing stays on a node whose viewer is gone.
//!
//! Each node has a thread of its own (`node`) that owns all its state, and one per pipe of its ssh (`process`), all on
//! one channel (`inbox`). None of them can hold the viewer up: it only receives, and tells without waiting.

mod answers;
mod backoff;
mod bootstrap;
mod classify;
mod command;
mod connection;
pub mod destination;
mod frames;
mod inbox;
mod node;
mod process;
mod session;
mod shell;
mod stage;
mod talk;
mod upload;

use crate::event::{NodeEvent, NodeHandle};
pub use destination::{BadDestination, Destination};
use inbox::{Inbox, Signal};
use sample::message::Configuration;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::Builder;
use std::time::Duration;

/// Pieces of output that may wait: the thread of a node is never behind for long, and memory stays bounded if it is.
const MOST_WAITING: usize = 64;

/// How nodes are reached.
#[derive(Clone, Debug)]
pub struct SshOptions {
    /// The ssh to run: a name to be found in `PATH`, or a path.
    pub ssh_program: PathBuf,
    /// Further arguments for it, before the destination: `-F FILE`, `-J HOST`, `-i KEY`.
    pub extra_args: Vec<OsString>,
    /// Whether this program may be sent to nodes where none is installed.
    pub upload: bool,
    /// The program to send; `None`: this one.
    pub program: Option<PathBuf>,
    /// Whether everything on the node is run by `sudo -n`.
    pub sudo: bool,
    /// What collectors are told first, until the handle tells something newer.
    pub configuration: Configuration,
    /// Times.
    pub timeouts: Timeouts,
}

impl Default for SshOptions {
    fn default() -> Self {
        SshOptions {
            ssh_program: PathBuf::from("ssh"),
            extra_args: Vec::new(),
            upload: true,
            program: None,
            sudo: false,
            configuration: Configuration::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// How long things may take.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// ssh's `ConnectTimeout`, at least 1 s.
    pub connect: Duration,
    /// From the start of ssh to the first answer of the node's shell: jump hosts, agents and logins take their time.
    pub login: Duration,
    /// For each answer of the node's shell.
    pub answer: Duration,
    /// Least time without a word after which a connection counts as dead.
    pub silence: Duration,
    /// First delay before connecting again.
    pub retry_least: Duration,
    /// Longest delay before connecting again.
    pub retry_most: Duration,
    /// Time for ssh to end by itself once its input is closed, before it is killed.
    pub end: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            login: Duration::from_secs(40),
            answer: Duration::from_secs(20),
            silence: Duration::from_secs(15),
            retry_least: Duration::from_secs(1),
            retry_most: Duration::from_secs(30),
            end: Duration::from_millis(500),
        }
    }
}

/// Starts collecting over ssh from `destination` (see [`destination`] for how it may be written). Events come as from node
/// number `node`, first [`sample::Link::Connecting`]; whatever fails is told as [`sample::Link::Down`] and tried again until
/// the handle is dropped. Fails only if the destination cannot be one or no thread can be started.
pub fn start(node: usize, destination: &str, options: SshOptions, events: Sender<NodeEvent>) -> io::Result<NodeHandle> {
    let destination = Destination::parse(destination).map_err(|bad| io::Error::new(io::ErrorKind::InvalidInput, bad))?;
    let (commands, told) = channel();
    let (signals, received) = sync_channel(MOST_WAITING);
    let forward = signals.clone();
    Builder::new().name("ssh node".to_owned()).spawn(move || {
        let inbox = Rc::new(Inbox::new(received, options.configuration.clone()));
        node::Node::new(node, destination, options, events).run(&inbox, &signals);
    })?;
    // Joins the handle's channel to the node's; when the handle is dropped, its end is passed on.
    Builder::new().name("ssh commands".to_owned()).spawn(move || {
        for command in told {
            if forward.send(Signal::Command(command)).is_err() {
                return;
            }
        }
        let _ = forward.send(Signal::Stop);
    })?;
    Ok(NodeHandle::new(commands))
}
