//! A child process that may hang in the kernel: what it says within a deadline, and when it is gone.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// What came of a child.
#[derive(Debug)]
pub enum Ended {
    /// All that it wrote on stdout.
    Said(Vec<u8>),
    /// It did not end in time and was killed. One in uninterruptible sleep ends only when what it hangs on does: then this channel is
    /// closed.
    Late(Receiver<()>),
}

/// Runs `command` with `input` on its stdin, for no longer than `deadline`.
pub fn run(command: &mut Command, input: Vec<u8>, deadline: Duration) -> io::Result<Ended> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (sender, answer) = channel();
    let talk = std::thread::Builder::new().name("child".to_owned()).spawn(move || {
        let said = converse(stdin, stdout, &input);
        // Nobody waits any more if the deadline has passed.
        let _ = sender.send(said);
    })?;
    let said = answer.recv_timeout(deadline).ok();
    if said.is_none() {
        child.kill()?;
    }
    let (living, gone) = channel();
    // Waited for by a thread of its own: it may never end.
    std::thread::Builder::new().name("reap".to_owned()).spawn(move || {
        let _ = child.wait();
        let _ = talk.join();
        drop(living);
    })?;
    match said {
        Some(said) => said.map(Ended::Said),
        None => Ok(Ended::Late(gone)),
    }
}

fn converse(stdin: Option<impl Write>, stdout: Option<impl Read>, input: &[u8]) -> io::Result<Vec<u8>> {
    let (Some(mut stdin), Some(mut stdout)) = (stdin, stdout) else { return Err(io::ErrorKind::BrokenPipe.into()) };
    if !input.is_empty() {
        stdin.write_all(input)?;
    }
    drop(stdin);
    let mut said = Vec::new();
    stdout.read_to_end(&mut said)?;
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    #[test]
    fn what_it_says_and_that_it_is_killed() {
        let Ended::Said(said) = run(&mut Command::new("cat"), b"heard".to_vec(), SOON).unwrap() else { panic!("late") };
        assert_eq!(said, b"heard");
        let Ended::Late(gone) = run(Command::new("sleep").arg("1000"), Vec::new(), Duration::from_millis(50)).unwrap() else {
            panic!("said something")
        };
        // Closed, not filled: the child was killed and reaped.
        assert!(gone.recv_timeout(SOON).is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Disconnected));
    }

    #[test]
    fn one_that_cannot_be_started() {
        assert_eq!(run(&mut Command::new("/nonexistent"), Vec::new(), SOON).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
