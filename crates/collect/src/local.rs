//! The local node, collected by a thread of this process.

use crate::event::{Event, NodeEvent, NodeHandle};
use crate::node::round;
use crate::node::{Collector, RootFiles, TraceKeeper};
use sample::message::Configuration;
use sample::{Link, Way};
use std::io;
use std::ops::ControlFlow;
use std::sync::mpsc::{Sender, channel};

/// Starts collecting on this machine. Events come as from node number `node`. Fails only if no thread can be started.
///
/// Whoever ends this program closes `keeper` before: the thread may end with it, in the middle of anything.
pub fn start(node: usize, files: RootFiles, keeper: TraceKeeper, events: Sender<NodeEvent>) -> io::Result<NodeHandle> {
    let (commands, inbox) = channel();
    std::thread::Builder::new().name("collect".to_owned()).spawn(move || {
        let send = |event| match events.send(NodeEvent { node, event }) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        if send(Event::Link(Link::Up(Way::Local))).is_continue() {
            let collector = Collector::new(Configuration::default()).traced_by(keeper.clone());
            round::run(collector, &files, &inbox, &mut |message| send(Event::Message(message)));
            keeper.close();
        }
    })?;
    Ok(NodeHandle::new(commands))
}
