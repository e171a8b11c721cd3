//! One connection: ssh's bytes in and out, lines of our own among the noise of a login, and how it ended.

use super::classify::{Ending, classify, evidence};
use super::inbox::{Came, Inbox, Signal};
use super::process::Ssh;
use super::stage::Stage;
use sample::{Fault, FaultKind};
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// The most that a login may print before our first line.
const MOST_NOISE: usize = 256 << 10;
/// A line of ours is far shorter.
const LONGEST_LINE: usize = 64 << 10;
/// Complaints that are kept: the last ones.
const MOST_COMPLAINTS: usize = 60;
/// How long ssh may take to end by itself once its output has ended.
const END_GRACE: Duration = Duration::from_secs(1);
/// Who wakes so late did not sleep, but was stopped.
const OVERSLEPT: Duration = Duration::from_secs(1);

/// Why a connection is over.
#[derive(Debug)]
pub(super) enum Ended {
    /// The viewer is gone.
    Stopped,
    /// It failed.
    Fault(Fault),
    /// This way does not work on this node: try the next one at once.
    Again,
}

/// What came of waiting for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Output, see [`Connection::output`].
    Output,
    /// A command, noted in the inbox.
    Command,
    /// Nothing in time.
    Late,
}

/// See the module's text.
pub(super) struct Connection {
    /// The process.
    pub ssh: Ssh,
    /// Where signals come from.
    pub inbox: Rc<Inbox>,
    /// How far it has come.
    pub stage: Stage,
    /// Bytes that came and are not used yet.
    pub output: Vec<u8>,
    /// When something came last.
    pub heard: Instant,
    number: u64,
    marker: String,
    said: Option<String>,
    complaints: Vec<String>,
    complaints_ended: bool,
}

impl Connection {
    /// The connection numbered `number` over `ssh`. Sends its nonce, with which all answers begin.
    pub fn new(ssh: Ssh, number: u64, inbox: Rc<Inbox>) -> Connection {
        let mut nonce = String::new();
        for _ in 0..2 {
            // Not a secret; only not to be met by chance in a login's noise or a file.
            let _ = write!(nonce, "{:016x}", fastrand::u64(..));
        }
        let connection = Connection {
            ssh,
            inbox,
            stage: Stage::Connecting,
            output: Vec::new(),
            heard: Instant::now(),
            number,
            marker: format!("@{nonce} "),
            said: None,
            complaints: Vec::new(),
            complaints_ended: false,
        };
        connection.send(&nonce);
        connection
    }

    /// Sends a line to the node's shell.
    pub fn send(&self, line: &str) {
        self.ssh.write(format!("{line}\n").into_bytes());
    }

    /// With what each answer of the node's shell begins.
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// Waits for the next thing until `deadline`; the end of the output ends the connection.
    pub fn step(&mut self, deadline: Instant) -> Result<Step, Ended> {
        let mut deadline = deadline;
        loop {
            match self.inbox.wait(deadline) {
                Came::Stop => return Err(Ended::Stopped),
                // This program was stopped (Ctrl-Z) and goes on: what came meanwhile must get here before it counts as missing.
                Came::Late if deadline.elapsed() > OVERSLEPT => deadline = Instant::now() + OVERSLEPT,
                Came::Late => return Ok(Step::Late),
                Came::Command => return Ok(Step::Command),
                Came::Signal(signal) => {
                    if let Some(step) = self.take(signal)? {
                        return Ok(step);
                    }
                }
            }
        }
    }

    fn take(&mut self, signal: Signal) -> Result<Option<Step>, Ended> {
        match signal {
            Signal::Output { connection, mut bytes } if connection == self.number => {
                self.heard = Instant::now();
                if self.output.is_empty() {
                    self.output = bytes;
                } else {
                    self.output.append(&mut bytes);
                }
                return Ok(Some(Step::Output));
            }
            Signal::OutputEnd { connection } if connection == self.number => return Err(Ended::Fault(self.last_words())),
            Signal::Complaint { connection, line } if connection == self.number => {
                if self.complaints.len() >= MOST_COMPLAINTS {
                    self.complaints.remove(0);
                }
                self.complaints.push(line);
            }
            Signal::ComplaintsEnd { connection } if connection == self.number => self.complaints_ended = true,
            // Of an earlier connection.
            _ => {}
        }
        Ok(None)
    }

    /// The rest of the next line that is an answer. Other lines are a login's noise, or left over, and passed by.
    pub fn answer(&mut self, patience: Duration) -> Result<String, Ended> {
        let deadline = Instant::now() + patience;
        let mut noise = 0;
        loop {
            while let Some(line) = self.line() {
                if let Some(answer) = line.strip_prefix(self.marker.as_str()) {
                    return Ok(answer.to_owned());
                }
                noise += line.len() + 1;
                if !line.trim().is_empty() {
                    self.said = Some(line);
                }
            }
            if noise > MOST_NOISE || self.output.len() > LONGEST_LINE {
                let said = self.said.as_deref().map(evidence).unwrap_or_default();
                return Err(Ended::Fault(Fault::new(FaultKind::Protocol, format!("the login prints without end: {said}"))));
            }
            if self.step(deadline)? == Step::Late {
                return Err(Ended::Fault(self.silent(patience)));
            }
        }
    }

    /// The next whole line of the output.
    pub fn line(&mut self) -> Option<String> {
        let end = self.output.iter().position(|&byte| byte == b'\n')?;
        let rest = self.output.split_off(end + 1);
        let line = std::mem::replace(&mut self.output, rest);
        Some(String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned())
    }

    /// Nothing came for too long.
    pub fn silent(&self, time: Duration) -> Fault {
        let seconds = time.as_secs_f64();
        match self.stage {
            Stage::Connecting => Fault::new(FaultKind::TimedOut, format!("no login within {seconds:.0} s")),
            Stage::Starting => Fault::new(FaultKind::Silent, format!("logged in, then no answer for {seconds:.0} s")),
            Stage::Up => Fault::new(FaultKind::Silent, format!("nothing came for {seconds:.0} s")),
        }
    }

    /// Ends ssh. A collector ends with its input, for which there is a little time, unless its node hangs.
    pub fn close(&mut self, ended: &Ended, grace: Duration) {
        let hangs = matches!(ended, Ended::Fault(fault) if matches!(fault.kind, FaultKind::Silent | FaultKind::TimedOut));
        self.ssh.end(if hangs { Duration::ZERO } else { grace });
    }

    /// The output has ended: why, by ssh's exit status and complaints.
    fn last_words(&mut self) -> Fault {
        // A proxy's leftover may hold the pipe open: not for ever.
        let deadline = Instant::now() + END_GRACE / 2;
        while !self.complaints_ended {
            match self.inbox.wait(deadline) {
                Came::Signal(Signal::OutputEnd { .. }) | Came::Command => {}
                Came::Signal(signal) => {
                    // Cannot end again: its output has.
                    let _ = self.take(signal);
                }
                Came::Late | Came::Stop => break,
            }
        }
        let status = self.ssh.end(END_GRACE);
        let said = String::from_utf8_lossy(&self.output).into_owned();
        let said = if said.trim().is_empty() { self.said.as_deref() } else { Some(said.as_str()) };
        classify(&Ending { stage: self.stage, status, complaints: &self.complaints, said })
    }
}
