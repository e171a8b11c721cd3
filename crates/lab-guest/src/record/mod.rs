//! The raw time series of one node: what the kernel said, byte for byte, frame by frame.
//!
//! `frames/SEQ/NODE/PATH` as a tar on standard output; the streams of several nodes belong into one archive. Each frame
//! has a `meta` that tells when each file was read in how many reads, and why one is not there.

use crate::event;
use crate::random::Random;
use crate::stop::Stop;
use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use std::io;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

mod archive;
mod files;
mod frame;
mod meta;
mod reader;
mod waiters;

/// What to record.
#[derive(Args)]
pub struct Options {
    /// The node's name in the recording.
    #[arg(long, value_parser = name)]
    node: String,
    /// When frame 0 is due, seconds since the epoch by the node's clock; 0 for now.
    #[arg(long, value_name = "EPOCH_SECONDS", value_parser = crate::stop::moment)]
    start: f64,
    /// Seconds from frame to frame. A frame that is late is taken at once and tells its true time.
    #[arg(long, value_name = "SECONDS", value_parser = crate::stop::seconds)]
    every: f64,
    /// How many frames.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=9999))]
    frames: u64,
    /// Also o2dlm's `locking_state`: one resource per read, and the kernel logs each pass.
    #[arg(long)]
    o2dlm_locking_state: bool,
    /// Leaves out the tar's end mark, so that the streams of several nodes, one after the other, are one tar.
    #[arg(long)]
    no_end: bool,
    /// Ends after the frame under way when standard input is closed.
    #[arg(long)]
    until_eof: bool,
}

/// A folder's name.
fn name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('.') || text.contains('/') { Err("no folder's name".to_owned()) } else { Ok(text.to_owned()) }
}

/// The longest sleep at once: the node's clock may be stepped meanwhile.
const NAP: Duration = Duration::from_millis(200);
/// Frames that wait to be written while the receiver is slow; then the recording waits.
const WAITING_FRAMES: usize = 16;

/// Records.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let stop = Stop::watch(options.until_eof)?;
    let start = if options.start > 0.0 { options.start } else { event::seconds(event::now_us()) };
    let (frames, waiting) = sync_channel(WAITING_FRAMES);
    let with_end = !options.no_end;
    let writer = std::thread::spawn(move || archive::write(io::stdout().lock(), &waiting, with_end));
    event::emit_aside("started", &json!({ "start": start, "every": options.every, "frames": options.frames }))?;
    let mut recorder = frame::Recorder::new(options.node.clone(), options.o2dlm_locking_state, Random::of_this_process());
    for seq in 0..options.frames {
        let due = start + options.every * seq as f64;
        if !wait_until(due, &stop) {
            break;
        }
        let began = Instant::now();
        let frame = recorder.take(seq, due);
        let taken = json!({ "seq": seq, "late": frame.late, "files": frame.files.len(), "seconds": began.elapsed().as_secs_f64() });
        if frames.send(frame).is_err() {
            // The writer has ended: its error is told below.
            break;
        }
        event::emit_aside("frame", &taken)?;
    }
    drop(frames);
    let bytes = writer.join().map_err(|_| anyhow::anyhow!("the writer broke"))?.context("writing the tar to standard output")?;
    Ok(event::emit_aside("done", &json!({ "bytes": bytes }))?)
}

/// Waits for a moment by the node's clock; `false` if it was asked to end.
fn wait_until(due: f64, stop: &Stop) -> bool {
    loop {
        let left = due - event::seconds(event::now_us());
        if left <= 0.0 {
            return stop.asked().is_none();
        }
        if stop.wait(Some(Duration::from_secs_f64(left).min(NAP))).is_some() {
            return false;
        }
    }
}
