//! A lock that is held on a node until it is told to end.

use super::O2CB;
use crate::trial::Bench;
use anyhow::{Context as _, ensure};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

/// `o2cb lock` around a command that ends with its input.
pub struct Holder {
    what: String,
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Holder {
    /// Takes the lock.
    pub fn of(bench: &Bench, node: u8, arguments: &str) -> anyhow::Result<Holder> {
        let mut holder = Holder::start(bench, node, arguments)?;
        holder.wait_until_held()?;
        Ok(holder)
    }

    /// Asks for the lock.
    pub fn start(bench: &Bench, node: u8, arguments: &str) -> anyhow::Result<Holder> {
        Holder::command(bench, node, &format!("{O2CB} lock {arguments} -- sh -c 'echo held; cat'"))
    }

    /// A command that says `held`.
    pub fn command(bench: &Bench, node: u8, remote: &str) -> anyhow::Result<Holder> {
        let what = format!("node{node}: {remote}");
        let mut command = bench.lab.ssh.command(node, Some(remote));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| what.clone())?;
        let output = BufReader::new(child.stdout.take().with_context(|| what.clone())?);
        Ok(Holder { what, child, output })
    }

    /// Until it says so.
    pub fn wait_until_held(&mut self) -> anyhow::Result<()> {
        let mut line = String::new();
        self.output.read_line(&mut line).with_context(|| self.what.clone())?;
        ensure!(line.trim() == "held", "{}: it said {line:?}", self.what);
        Ok(())
    }

    /// Ends it; it must end with this exit code.
    pub fn end(mut self, code: i32) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait().with_context(|| self.what.clone())?;
        ensure!(status.code() == Some(code), "{}: {status}, not {code}", self.what);
        Ok(())
    }

    /// Ends it, however it ends.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // One whose node is gone is ended here; there is nobody to tell either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
