//! The node's end of a connection: `dlmtop collect`, frames in on stdin, frames out on stdout.
//!
//! It ends when stdin ends: an ssh that is killed closes it; and when stdin is silent for too long: a connection that is cut
//! closes nothing. So nothing stays on the node. Nothing is written anywhere but to stdout, and to the trace instance of
//! [`crate::node::trace_instance`], which is removed at every end, also by a signal.

use crate::node::round;
use crate::node::{Collector, RootFiles, TraceKeeper};
use sample::ToNode;
use sample::message::Configuration;
use sample::wire::{Decoder, encode};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Serves until the input ends or is silent for `patience`, which ends the process. The error is the first one on the output
/// that is no closed pipe.
pub fn serve(
    files: &RootFiles,
    keeper: &TraceKeeper,
    input: impl Read + Send + 'static,
    mut output: impl Write,
    patience: Duration,
) -> io::Result<()> {
    crate::signals::close_at_signals(keeper)?;
    let (commands, inbox) = channel();
    let heard = Arc::new(Mutex::new(Instant::now()));
    let watched = Arc::clone(&heard);
    let closes = keeper.clone();
    std::thread::Builder::new().name("patience".to_owned()).spawn(move || {
        loop {
            let silent = watched.lock().map_or(Duration::ZERO, |heard| heard.elapsed());
            match patience.checked_sub(silent) {
                Some(left) if left > Duration::ZERO => std::thread::sleep(left),
                // A dump that is being read may take a while yet; nobody waits for it.
                _ => end(&closes, 0),
            }
        }
    })?;
    let closes = keeper.clone();
    std::thread::Builder::new().name("commands".to_owned()).spawn(move || {
        let mut input = input;
        let mut decoder = Decoder::default();
        let mut piece = [0; 16 << 10];
        loop {
            let read = input.read(&mut piece);
            if let Ok(mut heard) = heard.lock() {
                *heard = Instant::now();
            }
            match read {
                // The viewer is gone. A dump that is being read may take a while yet; nobody waits for it.
                Ok(0) => end(&closes, 0),
                Ok(length) => decoder.push(piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => end(&closes, 0),
            }
            loop {
                match decoder.message::<ToNode>() {
                    Ok(Some(message)) => {
                        if commands.send(message).is_err() {
                            return;
                        }
                    }
                    Ok(None) => break,
                    // Not our viewer: there is nothing to talk about.
                    Err(_) => end(&closes, 3),
                }
            }
        }
    })?;
    let mut failed = Ok(());
    let collector = Collector::new(Configuration::default()).traced_by(keeper.clone());
    round::run(collector, files, &inbox, &mut |message| {
        let written = encode(&message).map_err(io::Error::other).and_then(|frame| output.write_all(&frame).and_then(|()| output.flush()));
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                if error.kind() != io::ErrorKind::BrokenPipe {
                    failed = Err(error);
                }
                ControlFlow::Break(())
            }
        }
    });
    keeper.close();
    failed
}

/// Ends the process from whichever thread.
fn end(keeper: &TraceKeeper, status: i32) -> ! {
    keeper.close();
    std::process::exit(status)
}
