//! What the program says: one JSON object per line, flushed, so that a test can wait for it.

use serde::Serialize;
use serde_json::Value;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// An event with when and where it happened.
#[derive(Serialize)]
struct Stamped<'e, F> {
    event: &'e str,
    /// The node's clock, seconds since the epoch, to the µs.
    time: f64,
    pid: u32,
    node: &'e str,
    #[serde(flatten)]
    fields: F,
}

/// A line of a listing: no time of its own, since there may be a million.
#[derive(Serialize)]
struct Row<'e, F> {
    event: &'e str,
    #[serde(flatten)]
    fields: F,
}

/// The node's clock, µs since the epoch.
pub fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64)
}

/// µs as seconds.
pub fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// The node's name.
pub fn node() -> &'static str {
    static NODE: OnceLock<String> = OnceLock::new();
    NODE.get_or_init(|| nix::unistd::gethostname().map_or_else(|_| String::new(), |name| name.to_string_lossy().into_owned()))
}

fn line(event: &str, fields: &Value) -> io::Result<Vec<u8>> {
    let stamped = Stamped { event, time: seconds(now_us()), pid: std::process::id(), node: node(), fields };
    let mut line = serde_json::to_vec(&stamped)?;
    line.push(b'\n');
    Ok(line)
}

/// Says an event on standard output; `fields` is an object.
pub fn emit(event: &str, fields: &Value) -> io::Result<()> {
    let line = line(event, fields)?;
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

/// Says an event on standard error, where standard output is a stream of its own.
pub fn emit_aside(event: &str, fields: &Value) -> io::Result<()> {
    io::stderr().lock().write_all(&line(event, fields)?)
}

/// A listing on standard output. Events in between would be held up: emit them when it is dropped.
pub struct Rows {
    output: BufWriter<StdoutLock<'static>>,
}

impl Rows {
    /// Begins one.
    pub fn new() -> Rows {
        Rows { output: BufWriter::new(io::stdout().lock()) }
    }

    /// Adds a line.
    pub fn row(&mut self, event: &str, fields: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.output, &Row { event, fields })?;
        self.output.write_all(b"\n")
    }

    /// Ends it.
    pub fn end(mut self) -> io::Result<()> {
        self.output.flush()
    }
}
