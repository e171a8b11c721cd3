//! One ssh process: three threads that move its bytes, and an end that leaves nothing behind.

use super::inbox::Signal;
use rustix::process::{Pid, Signal as Kill, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Bytes that are written at once: progress of an upload is seen in steps of it.
const PIECE: usize = 16 << 10;
/// Bytes that are read at once.
const READ: usize = 64 << 10;
/// A line of ssh's standard error is cut here.
const LONGEST_COMPLAINT: usize = 1 << 10;

/// See the module's text. Dropping it kills the process group.
pub(super) struct Ssh {
    child: Child,
    input: Option<Sender<Vec<u8>>>,
    written: Arc<AtomicU64>,
    reaped: bool,
}

impl Ssh {
    /// Runs `command`; what it prints comes as signals of connection number `connection`.
    pub fn spawn(mut command: Command, connection: u64, signals: &SyncSender<Signal>) -> io::Result<Ssh> {
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (input, pieces) = channel();
        let written = Arc::new(AtomicU64::new(0));
        let ssh = Ssh { child, input: Some(input), written: Arc::clone(&written), reaped: false };
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { return Err(io::Error::other("ssh has no pipes")) };
        // If a thread cannot be started, `ssh` is dropped, and the process with it.
        Builder::new().name("ssh in".to_owned()).spawn(move || write_all(stdin, &pieces, &written))?;
        let out = signals.clone();
        Builder::new().name("ssh out".to_owned()).spawn(move || read_output(stdout, connection, &out))?;
        let err = signals.clone();
        Builder::new().name("ssh err".to_owned()).spawn(move || read_complaints(stderr, connection, &err))?;
        Ok(ssh)
    }

    /// Hands `bytes` to the thread that writes; never blocks.
    pub fn write(&self, bytes: Vec<u8>) {
        if let Some(input) = &self.input {
            // If the thread has ended, so has ssh, and its output tells.
            let _ = input.send(bytes);
        }
    }

    /// Bytes that ssh has taken.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Ends ssh and all that it started: its input is closed, which ends the collector on the node; what is still there
    /// after `grace` is killed. Returns the exit status if it ended by itself.
    pub fn end(&mut self, grace: Duration) -> Option<ExitStatus> {
        if self.reaped {
            return None;
        }
        self.input = None;
        let by_itself = self.ends_within(grace);
        // The group is killed before its leader is reaped: until then no other process can have its number.
        // Nobody may be left in it, which is no error.
        let _ = kill_process_group(Pid::from_child(&self.child), Kill::KILL);
        self.reaped = true;
        let status = self.child.wait().ok();
        status.filter(|_| by_itself)
    }

    fn ends_within(&self, grace: Duration) -> bool {
        let deadline = Instant::now() + grace;
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        loop {
            let ended = matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), look), Ok(Some(_)));
            if ended || Instant::now() >= deadline {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

fn write_all(mut stdin: impl Write, pieces: &Receiver<Vec<u8>>, written: &AtomicU64) {
    for bytes in pieces {
        for piece in bytes.chunks(PIECE) {
            if stdin.write_all(piece).is_err() {
                return;
            }
            written.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
    }
}

fn read_output(mut stdout: impl Read, connection: u64, signals: &SyncSender<Signal>) {
    let mut buffer = vec![0; READ];
    loop {
        let signal = match stdout.read(&mut buffer) {
            Ok(length) if length > 0 => Signal::Output { connection, bytes: buffer.get(..length).unwrap_or_default().to_vec() },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            _ => Signal::OutputEnd { connection },
        };
        let last = matches!(signal, Signal::OutputEnd { .. });
        if signals.send(signal).is_err() || last {
            return;
        }
    }
}

fn read_complaints(mut stderr: impl Read, connection: u64, signals: &SyncSender<Signal>) {
    let mut line = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let length = match stderr.read(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        for &byte in buffer.get(..length).unwrap_or_default() {
            if byte == b'\n' {
                let text = String::from_utf8_lossy(&line).into_owned();
                line.clear();
                if signals.send(Signal::Complaint { connection, line: text }).is_err() {
                    return;
                }
            } else if line.len() < LONGEST_COMPLAINT {
                line.push(byte);
            }
        }
        if length == 0 {
            if !line.is_empty() {
                let text = String::from_utf8_lossy(&line).into_owned();
                let _ = signals.send(Signal::Complaint { connection, line: text });
            }
            let _ = signals.send(Signal::ComplaintsEnd { connection });
            return;
        }
    }
}
