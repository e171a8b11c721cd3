//! Programs of the host that the lab starts: their output is kept, their failure tells what they said.

use crate::interrupt;
use anyhow::{Context as _, bail};
use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a finished program left.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The last lines that it said, for an error message.
    pub fn said(&self) -> String {
        let both = [self.stderr.as_slice(), self.stdout.as_slice()].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        let text = String::from_utf8_lossy(both);
        let lines: Vec<&str> = text.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// A command of `program` with `arguments`.
pub fn command<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Runs `command` to its end with `input` as its standard input, at most `limit`; then it is killed, which is an error.
pub fn output(mut command: Command, input: &[u8], limit: Duration) -> anyhow::Result<Output> {
    let what = describe(&command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{what}: does not start"))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.to_vec();
    // The reader threads are not joined after a time-out: a grandchild may keep the pipe open.
    std::thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(&input)));
    let (send, receive) = std::sync::mpsc::channel();
    let read = |pipe: Option<Box<dyn Read + Send>>, send: std::sync::mpsc::Sender<Vec<u8>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = pipe {
                // A broken pipe ends the output; what came is kept.
                let _ = pipe.read_to_end(&mut bytes);
            }
            let _ = send.send(bytes);
        });
    };
    let (send_err, receive_err) = std::sync::mpsc::channel();
    read(stdout.map(|pipe| Box::new(pipe) as _), send);
    read(stderr.map(|pipe| Box::new(pipe) as _), send_err);
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let interrupted = interrupt::check();
        if interrupted.is_err() || Instant::now() >= deadline {
            child.kill().and_then(|()| child.wait()).with_context(|| format!("{what}: ending it"))?;
            interrupted?;
            bail!("{what}: still running after {:.0} s, killed", limit.as_secs_f64());
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let wait = Duration::from_secs(5);
    let (stdout, stderr) = (receive.recv_timeout(wait).unwrap_or_default(), receive_err.recv_timeout(wait).unwrap_or_default());
    Ok(Output { status, stdout, stderr })
}

/// Runs `command` to its end; anything but success is an error with what it said. Returns its standard output.
pub fn succeed(command: Command, limit: Duration) -> anyhow::Result<String> {
    let what = describe(&command);
    let output = output(command, &[], limit)?;
    if !output.status.success() {
        bail!("{what}: {}\n{}", output.status, output.said());
    }
    Ok(output.text())
}

/// Runs `command` to its end with this program's own input and output. It is killed when the user asks to stop.
pub fn show(mut command: Command) -> anyhow::Result<ExitStatus> {
    let what = describe(&command);
    let mut child = command.spawn().with_context(|| format!("{what}: does not start"))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if let Err(interrupted) = interrupt::check() {
            child.kill().and_then(|()| child.wait()).with_context(|| format!("{what}: ending it"))?;
            return Err(interrupted);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// [`succeed`] for what takes seconds at most.
pub fn run<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> anyhow::Result<String> {
    succeed(command(program, arguments), Duration::from_secs(60))
}

/// The command line, for messages.
pub fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200).and_then(|(end, _)| line.get(..end)) {
        Some(start) => format!("{start}…"),
        None => line,
    }
}
