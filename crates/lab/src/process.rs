//! A node's processes. Each node runs in a PID namespace of its own, in the lab's network namespace and in a session of its own:
//! the end of the namespace's first process is the end of all of them, as when a machine loses its power.

use crate::network::Network;
use crate::place::Place;
use anyhow::{Context as _, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

/// A process, told from a later one with its number by its start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Number of `unshare`, whose only child is the node.
    pid: i32,
    /// Start time, clock ticks since boot (`/proc/PID/stat`, field 22).
    started: u64,
}

/// What follows the command's name in `/proc/PID/stat`: state, parent, …
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn started(pid: i32) -> Option<u64> {
    let stat = stat(pid)?;
    // A zombie runs no more.
    if matches!(stat.first()?.as_str(), "Z" | "X") {
        return None;
    }
    stat.get(19)?.parse().ok()
}

impl Process {
    /// Starts a node. It goes on when this program ends.
    pub fn start(line: &[OsString], network: &Network, place: &Place, node: u8) -> anyhow::Result<Process> {
        let console = File::create(place.console(node))?;
        let mut command = network.command("setsid");
        command.args(["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]).args(line);
        command.current_dir(place.node(node)).stdin(Stdio::null()).stdout(console.try_clone()?).stderr(console);
        let child = command.spawn().context("ip (iproute2) does not start")?;
        let pid = i32::try_from(child.id())?;
        Ok(Process { pid, started: started(pid).context("the node ended at once")? })
    }

    /// Whether it runs.
    pub fn runs(self) -> bool {
        started(self.pid) == Some(self.started)
    }

    /// Whether it was stopped by [`Process::pause`].
    pub fn paused(self) -> bool {
        let state = self.node().ok().and_then(|node| stat(node.as_raw())?.into_iter().next());
        state.as_deref() == Some("T")
    }

    /// The node itself: the namespace's first process.
    pub fn node(self) -> anyhow::Result<Pid> {
        if !self.runs() {
            bail!("it does not run");
        }
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid))?;
        let child = children.split_whitespace().next().context("it has just ended")?;
        Ok(Pid::from_raw(child.parse()?))
    }

    /// Ends the node and everything in it, at once.
    pub fn kill(self) -> anyhow::Result<()> {
        let node = self.node().ok();
        for pid in node.into_iter().chain(self.runs().then_some(Pid::from_raw(self.pid))) {
            match kill(pid, Signal::SIGKILL) {
                // It ended in between.
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error).context("killing the node"),
            }
        }
        let left = || self.runs() || node.is_some_and(|node| started(node.as_raw()).is_some());
        crate::interrupt::wait_for("the node's end", Duration::from_secs(20), || Ok((!left()).then_some(())))
    }

    /// Stops the node where it is, as a machine that hangs.
    pub fn pause(self) -> anyhow::Result<()> {
        kill(self.node()?, Signal::SIGSTOP).context("stopping the node")
    }

    /// Lets it go on.
    pub fn resume(self) -> anyhow::Result<()> {
        kill(self.node()?, Signal::SIGCONT).context("continuing the node")
    }
}
