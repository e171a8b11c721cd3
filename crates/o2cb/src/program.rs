//! Programs run with a deadline. Neither a program that hangs in the kernel nor one that leaves a child behind with its outputs
//! open (ssh, where it keeps connections) holds up the caller.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked whether a program has ended.
const PACE: Duration = Duration::from_millis(20);
/// How long one that was killed is waited for. In uninterruptible sleep it ends only when what it hangs on does.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long the outputs of a program that has ended are read on, if somebody else has them open.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// The most that is kept of what a program prints, on each of its two outputs; the rest is read and dropped.
pub const MOST_BYTES: usize = 4 << 20;

/// How a program ended and what it printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained about.
    pub stderr: Vec<u8>,
}

/// The same as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Answer {
    /// Whether it ended with 0.
    pub fn is_ok(&self) -> bool {
        self.code == Some(0)
    }

    /// Its complaint in one line, or how it ended.
    pub fn complaint(&self) -> String {
        let said = [&self.stderr, &self.stdout].into_iter().find(|text| !text.trim().is_empty());
        let said = said.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        said.unwrap_or_else(|| match self.code {
            Some(code) => format!("exit code {code}"),
            None => "ended by a signal".to_owned(),
        })
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Answer {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Answer { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Runs it. When the deadline comes it is killed and the error is [`io::ErrorKind::TimedOut`].
pub fn answer_of(command: &mut Command, deadline: Duration) -> io::Result<Answer> {
    output_of(command, deadline).map(Answer::from)
}

/// [`answer_of`], byte for byte.
pub fn output_of(command: &mut Command, deadline: Duration) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (Collected::of(child.stdout.take()), Collected::of(child.stderr.take()));
    let Some(status) = ended(&mut child, deadline)? else {
        child.kill()?;
        if ended(&mut child, FAREWELL)?.is_none() {
            // Waited for by a thread of its own: it may never end.
            thread::spawn(move || child.wait());
        }
        return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no end within {} s", deadline.as_secs_f32())));
    };
    Ok(Output { code: status.code(), stdout: stdout.until_closed(LAST_WORDS), stderr: stderr.until_closed(LAST_WORDS) })
}

/// How it ended; `None`: it did not, in that time.
fn ended(child: &mut Child, time: Duration) -> io::Result<Option<std::process::ExitStatus>> {
    let until = Instant::now() + time;
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= until {
            return Ok(status);
        }
        thread::sleep(PACE);
    }
}

/// What comes out of a pipe, gathered by a thread of its own.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// Closed when the pipe is.
    open: Receiver<()>,
}

impl Collected {
    fn of(stream: Option<impl Read + Send + 'static>) -> Collected {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (held, open) = channel::<()>();
        let into = Arc::clone(&bytes);
        thread::spawn(move || {
            let _held = held;
            let Some(mut stream) = stream else { return };
            let mut piece = [0; 16 << 10];
            // What is cut off by an error is what was printed until then.
            while let Ok(length @ 1..) = retried(|| stream.read(&mut piece)) {
                let mut bytes = into.lock().unwrap_or_else(PoisonError::into_inner);
                let room = (MOST_BYTES + 1).saturating_sub(bytes.len());
                bytes.extend_from_slice(piece.get(..length.min(room)).unwrap_or_default());
            }
        });
        Collected { bytes, open }
    }

    /// What came until the pipe was closed, or for so long. More than [`MOST_BYTES`]: there was more.
    fn until_closed(self, patience: Duration) -> Vec<u8> {
        // Nothing is ever sent: it ends when the sender is gone, or the time is over.
        let _ = self.open.recv_timeout(patience);
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn retried(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn arguments_pass_no_shell_and_both_outputs_are_kept() {
        let answer = answer_of(Command::new("printf").args(["%s\n", "a; $(b) *"]), LONG).unwrap();
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "a; $(b) *\n"));
        let answer = answer_of(Command::new("ls").arg("/does-not-exist"), LONG).unwrap();
        assert!(!answer.is_ok() && answer.complaint().contains("does-not-exist"), "{answer:?}");
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let error = answer_of(Command::new("sleep").arg("600"), Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_child_that_keeps_the_outputs_open_is_not_waited_for() {
        let began = Instant::now();
        let answer = answer_of(Command::new("sh").args(["-c", "sleep 600 & echo $!; echo no >&2"]), Duration::from_secs(300)).unwrap();
        assert!(began.elapsed() < Duration::from_secs(100));
        assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), "no\n"));
        answer_of(Command::new("kill").arg(answer.stdout.trim()), LONG).unwrap();
    }

    #[test]
    fn what_is_too_much_is_read_and_dropped() {
        let output = output_of(Command::new("head").args(["-c", "9000000", "/dev/zero"]), LONG).unwrap();
        assert_eq!((output.code, output.stdout.len()), (Some(0), MOST_BYTES + 1));
    }
}
