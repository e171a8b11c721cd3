//! Programs run with a deadline.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked whether a program has ended.
const PACE: Duration = Duration::from_millis(20);
/// The most that is kept of what a program prints, on each of its two outputs.
const MOST_BYTES: u64 = 4 << 20;

/// What a program said.
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

/// Runs it. When the deadline comes it is killed and the error is [`io::ErrorKind::TimedOut`].
pub fn answer_of(command: &mut Command, deadline: Duration) -> io::Result<Answer> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let status = end(&mut child, deadline)?;
    let text = |thread: thread::JoinHandle<Vec<u8>>| {
        let bytes = thread.join().map_err(|_| io::Error::other("the reader of a program's output died"))?;
        io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Answer { code: status.code(), stdout: text(stdout)?, stderr: text(stderr)? })
}

fn end(child: &mut Child, deadline: Duration) -> io::Result<std::process::ExitStatus> {
    let until = Instant::now() + deadline;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no end within {} s", deadline.as_secs())));
        }
        thread::sleep(PACE);
    }
}

/// Reads what comes; what is cut off by an error in between is what was printed until then.
fn collect(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            let mut bounded = stream.take(MOST_BYTES);
            while let Ok(1..) = bounded.by_ref().take(65536).read_to_end(&mut bytes) {}
        }
        bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_pass_no_shell_and_both_outputs_are_kept() {
        let answer = answer_of(Command::new("printf").args(["%s\n", "a; $(b) *"]), Duration::from_secs(20)).unwrap();
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "a; $(b) *\n"));
        let answer = answer_of(Command::new("ls").arg("/does-not-exist"), Duration::from_secs(20)).unwrap();
        assert!(!answer.is_ok() && answer.complaint().contains("does-not-exist"), "{answer:?}");
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let error = answer_of(Command::new("sleep").arg("600"), Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
