//! The recorder of one node: `lab-guest record` over ssh, its tar taken apart into frames.

use crate::lab::Lab;
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, Stdio};

/// What one node said in one frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number.
    pub seq: u64,
    /// The node.
    pub node: u8,
    /// Path below `frames/SEQ/NODE/`, bytes; in the order of reading, `meta` last.
    pub files: Vec<(String, Vec<u8>)>,
}

/// The file that ends a frame.
const META: &str = "meta";

/// A recorder that runs.
#[derive(Debug)]
pub struct Stream {
    node: u8,
    child: Child,
}

/// How a recorder ended that did all it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Done {
    /// Frames that came whole.
    pub frames: u64,
    /// How late the latest one began, seconds.
    pub late: f64,
}

impl Stream {
    /// Starts one; `arguments` are those of `lab-guest record`. Closing the pipe ends it after the frame under way.
    pub fn start(lab: &Lab, node: u8, arguments: &str) -> anyhow::Result<(Stream, ChildStdin)> {
        let mut command = lab.ssh.command(node, Some(&format!("lab-guest record --node node{node} --until-eof {arguments}")));
        // Not of the terminal's group: Ctrl-C asks this program, which then ends it by its standard input.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().context("ssh does not start")?;
        let leash = child.stdin.take().context("ssh has no standard input")?;
        Ok((Stream { node, child }, leash))
    }

    /// Reads to the end; `take` gets each whole frame and tells whether to go on.
    pub fn read(mut self, mut take: impl FnMut(Frame) -> bool) -> anyhow::Result<Done> {
        let (stdout, stderr) = (self.child.stdout.take().context("no output")?, self.child.stderr.take().context("no output")?);
        let says = std::thread::spawn(move || listen(stderr));
        let mut frames = 0;
        let read = frames_of(BufReader::with_capacity(1 << 16, stdout), self.node, |frame| {
            frames += 1;
            take(frame)
        });
        if !matches!(read, Ok(true)) {
            // It is of no more use; what it would still say would only fill the pipe.
            let _ = self.child.kill();
        }
        let status = self.child.wait()?;
        let (late, said) = says.join().unwrap_or_default();
        match read {
            Ok(true) if status.success() => Ok(Done { frames, late }),
            Ok(false) => bail!("stopped after {frames} frames"),
            _ if said.is_empty() => bail!("lost after {frames} frames ({status})"),
            _ => bail!("lost after {frames} frames ({status}): {said}"),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the recorder says beside its frames: how late it was at most, and its last words that are no event.
fn listen(stderr: ChildStderr) -> (f64, String) {
    let (mut late, mut said) = (0.0, String::new());
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        match serde_json::from_str::<Value>(&line) {
            Ok(event) => late = event.get("late").and_then(Value::as_f64).map_or(late, |now| now.max(late)),
            Err(_) => said = line,
        }
    }
    (late, said)
}

/// Takes a tar stream apart. `Ok(true)` at its end, `Ok(false)` if `take` had enough; an error where it breaks off.
fn frames_of(input: impl Read, node: u8, mut take: impl FnMut(Frame) -> bool) -> io::Result<bool> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(input).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let Some((seq, file)) = place(&path) else { continue };
        let file = file.to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        let is_last = file == META;
        files.push((file, bytes));
        if is_last && !take(Frame { seq, node, files: std::mem::take(&mut files) }) {
            return Ok(false);
        }
    }
    // A tar that is cut between two files looks whole, a frame that is cut does not.
    if files.is_empty() { Ok(true) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Frame and file of `frames/0042/node1/sys/…`.
fn place(path: &str) -> Option<(u64, &str)> {
    let mut parts = path.strip_prefix("frames/")?.splitn(3, '/');
    let seq = parts.next()?.parse().ok()?;
    parts.next()?;
    Some((seq, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_are_whole_are_kept() {
        let mut tar = tar::Builder::new(Vec::new());
        for path in ["frames/0000/node1/proc/locks", "frames/0000/node1/meta", "frames/0001/node1/proc/locks"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(3);
            tar.append_data(&mut header, path, &b"abc"[..]).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let mut frames = Vec::new();
        let end = frames_of(tar.as_slice(), 1, |frame| {
            frames.push(frame);
            true
        });
        assert!(end.is_err(), "the second frame has no end");
        let file = |name: &str| (name.to_owned(), b"abc".to_vec());
        assert_eq!(frames, [Frame { seq: 0, node: 1, files: vec![file("proc/locks"), file("meta")] }]);
        assert!(!frames_of(tar.as_slice(), 1, |_| false).unwrap());
    }
}
