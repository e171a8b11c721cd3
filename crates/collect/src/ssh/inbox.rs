//! All that the thread of a node waits for, on one channel; and what the viewer wants, remembered over connections.

use sample::message::{Configuration, Look};
use sample::{ToNode, WatchedLock};
use std::cell::{Cell, RefCell};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Something for the thread of a node.
pub(super) enum Signal {
    /// The viewer tells something.
    Command(ToNode),
    /// The viewer dropped its handle.
    Stop,
    /// ssh's standard output.
    Output { connection: u64, bytes: Vec<u8> },
    /// Its end.
    OutputEnd { connection: u64 },
    /// A line of ssh's standard error.
    Complaint { connection: u64, line: String },
    /// Its end.
    ComplaintsEnd { connection: u64 },
}

/// What came of waiting.
pub(super) enum Came {
    /// Something of a connection.
    Signal(Signal),
    /// A command, which was noted.
    Command,
    /// Nothing in time.
    Late,
    /// The viewer is gone.
    Stop,
}

/// See the module's text.
pub(super) struct Inbox {
    signals: Receiver<Signal>,
    stopped: Cell<bool>,
    configuration: RefCell<(Configuration, bool)>,
    watched: RefCell<(Option<Vec<WatchedLock>>, bool)>,
    look: RefCell<(Option<Look>, bool)>,
}

impl Inbox {
    /// An inbox for `signals`; `configuration` counts until another is told.
    pub fn new(signals: Receiver<Signal>, configuration: Configuration) -> Inbox {
        Inbox {
            signals,
            stopped: Cell::new(false),
            configuration: RefCell::new((configuration, false)),
            watched: RefCell::default(),
            look: RefCell::default(),
        }
    }

    /// Waits until `deadline`.
    pub fn wait(&self, deadline: Instant) -> Came {
        if self.stopped.get() {
            return Came::Stop;
        }
        match self.signals.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Signal::Command(command)) => {
                self.note(command);
                Came::Command
            }
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => {
                self.stopped.set(true);
                Came::Stop
            }
            Ok(signal) => Came::Signal(signal),
            Err(RecvTimeoutError::Timeout) => Came::Late,
        }
    }

    /// Lets `time` pass; what belongs to connections that have ended is thrown away. False: the viewer is gone.
    pub fn pause(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            match self.wait(deadline) {
                Came::Late => return true,
                Came::Stop => return false,
                Came::Signal(_) | Came::Command => {}
            }
        }
    }

    /// A new collector knows nothing yet: all wishes are to be told again.
    pub fn forget_told(&self) {
        self.configuration.borrow_mut().1 = false;
        self.watched.borrow_mut().1 = false;
        self.look.borrow_mut().1 = false;
    }

    /// The wishes that the collector does not know yet, the configuration first.
    pub fn untold(&self) -> Vec<ToNode> {
        let mut messages = Vec::new();
        let mut configuration = self.configuration.borrow_mut();
        if !std::mem::replace(&mut configuration.1, true) {
            messages.push(ToNode::Configure(configuration.0.clone()));
        }
        let mut watched = self.watched.borrow_mut();
        if let (Some(locks), false) = (&watched.0, watched.1) {
            messages.push(ToNode::Watch(locks.clone()));
            watched.1 = true;
        }
        let mut look = self.look.borrow_mut();
        if let (Some(wanted), false) = (&look.0, look.1) {
            messages.push(ToNode::Look(wanted.clone()));
            look.1 = true;
        }
        messages
    }

    /// The newest configuration.
    pub fn configuration(&self) -> Configuration {
        self.configuration.borrow().0.clone()
    }

    fn note(&self, command: ToNode) {
        match command {
            ToNode::Configure(configuration) => *self.configuration.borrow_mut() = (configuration, false),
            ToNode::Watch(locks) => *self.watched.borrow_mut() = (Some(locks), false),
            ToNode::Look(look) => *self.look.borrow_mut() = (Some(look), false),
            // Each connection says that by itself.
            ToNode::Alive => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn the_newest_wishes_are_told_again_to_a_new_collector() {
        let (sender, receiver) = channel();
        let inbox = Inbox::new(receiver, Configuration::default());
        let fast = Configuration { interval_ms: 500, ..Configuration::default() };
        for command in [ToNode::Watch(Vec::new()), ToNode::Configure(Configuration::default()), ToNode::Configure(fast.clone())] {
            sender.send(Signal::Command(command)).unwrap();
        }
        assert!(inbox.pause(Duration::from_millis(1)));
        let told = [ToNode::Configure(fast), ToNode::Watch(Vec::new())];
        assert_eq!(inbox.untold(), told);
        assert!(inbox.untold().is_empty());
        inbox.forget_told();
        assert_eq!(inbox.untold(), told);
        sender.send(Signal::Stop).unwrap();
        assert!(!inbox.pause(Duration::from_secs(60)));
    }
}
