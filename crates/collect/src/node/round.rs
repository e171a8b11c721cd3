//! Rounds on time: the loop of a live collector.

use super::clock;
use super::collector::Collector;
use super::files::NodeFiles;
use sample::{FromNode, ToNode};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Collects until `emit` breaks or the sender of `commands` is gone. The first round starts at once, later ones an
/// interval after the start of the one before, or at once if that is past: never two at a time.
pub fn run(
    mut collector: Collector,
    files: &dyn NodeFiles,
    commands: &Receiver<ToNode>,
    emit: &mut dyn FnMut(FromNode) -> ControlFlow<()>,
) {
    if emit(Collector::hello()).is_break() {
        return;
    }
    // Wait for the first configuration: what to read, and how often.
    let Ok(first) = commands.recv() else { return };
    collector.follow(first);
    loop {
        while let Ok(message) = commands.try_recv() {
            collector.follow(message);
        }
        let start = Instant::now();
        for message in collector.round(files, &mut clock::now) {
            if emit(message).is_break() {
                return;
            }
        }
        loop {
            let due = start + Duration::from_millis(collector.interval_ms());
            let left = due.saturating_duration_since(Instant::now());
            match commands.recv_timeout(left.min(ALIVE_EVERY)) {
                Ok(message) => collector.follow(message),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if left > ALIVE_EVERY => {
                    if emit(FromNode::Alive).is_break() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
    }
}

/// A collector whose interval is stretched says at least so often that it lives.
const ALIVE_EVERY: Duration = Duration::from_secs(2);
