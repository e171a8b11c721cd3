//! A lock that is held on a node until it is told to end.

use super::O2CB;
use crate::interrupt::wait_for;
use crate::trial::Bench;
use anyhow::{Context as _, bail, ensure};
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Duration;

/// Getting the lock, and ending, must not take longer: a node that dies is declared dead within a minute or two, and joining may take
/// 150 s.
const LIMIT: Duration = Duration::from_secs(600);

/// `o2cb lock` around a command that ends with its input.
pub struct Holder {
    what: String,
    child: Child,
    /// Its first line; closed if it ended without one.
    said: Receiver<io::Result<String>>,
}

impl Holder {
    /// Takes the lock.
    pub fn of(bench: &Bench, node: u8, arguments: &str) -> anyhow::Result<Holder> {
        let holder = Holder::start(bench, node, arguments)?;
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
        let mut lines = BufReader::new(child.stdout.take().with_context(|| what.clone())?).lines();
        let (sender, said) = channel();
        let read = move || {
            if let Some(line) = lines.next() {
                // Whoever does not wait for it has gone.
                let _ = sender.send(line);
            }
        };
        let holder = Holder { what, child, said };
        thread::Builder::new().name("holder".to_owned()).spawn(read).context("a thread")?;
        Ok(holder)
    }

    /// Until it says so.
    pub fn wait_until_held(&self) -> anyhow::Result<()> {
        let Holder { what, said, .. } = self;
        let line = wait_for(what, LIMIT, || match said.try_recv() {
            Ok(line) => Ok(Some(line.with_context(|| what.clone())?)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => bail!("{what}: it ended"),
        })?;
        ensure!(line.trim() == "held", "{what}: it said {line:?}");
        Ok(())
    }

    /// Ends it; it must end with this exit code.
    pub fn end(mut self, code: i32) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let Holder { what, child, .. } = &mut self;
        let status = wait_for(&format!("the end of {what}"), LIMIT, || child.try_wait().with_context(|| what.clone()))?;
        ensure!(status.code() == Some(code), "{what}: {status}, not {code}");
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
