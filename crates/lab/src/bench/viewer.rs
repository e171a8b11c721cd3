//! `dlmtop` on the host, watching nodes over ssh, and what it prints.

use crate::interrupt;
use crate::lab::Lab;
use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long it may say nothing.
const PATIENCE: Duration = Duration::from_secs(120);

/// A viewer that runs.
pub struct Viewer {
    child: Child,
    snapshots: Receiver<Value>,
}

impl Viewer {
    /// Starts the program at `dlmtop`. The nodes have it installed, and it may use their processor as it likes.
    pub fn start(lab: &Lab, dlmtop: &Path, nodes: &[u8], interval: f64) -> anyhow::Result<Viewer> {
        let mut command = Command::new(dlmtop);
        command.arg("-F").arg(lab.place.ssh_config()).args([
            "--config",
            "/dev/null",
            "--json",
            "--no-upload",
            "--cpu-share",
            "100",
            "--top",
            "1",
        ]);
        command.args(["--interval", &format!("{interval:.1}")]);
        for node in nodes {
            command.args(["-n", &format!("node{node}")]);
        }
        command.arg(crate::stack::ocfs2::MOUNT_POINT).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().with_context(|| format!("{} does not start", dlmtop.display()))?;
        let stdout = child.stdout.take().context("dlmtop has no output")?;
        let (send, snapshots) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if serde_json::from_str(&line).is_ok_and(|snapshot| send.send(snapshot).is_err()) {
                    break;
                }
            }
        });
        Ok(Viewer { child, snapshots })
    }

    /// The next snapshot in which all nodes are live and have a new sample.
    pub fn fresh(&self) -> anyhow::Result<Value> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            interrupt::check()?;
            match self.snapshots.recv_timeout(Duration::from_millis(200)) {
                Ok(snapshot) if is_fresh(&snapshot) => return Ok(snapshot),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("dlmtop has ended"),
            }
        }
        bail!("dlmtop gave no sample of all nodes for {} s", PATIENCE.as_secs())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // By a signal that it can catch, so that it ends what it began on the nodes.
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

fn is_fresh(snapshot: &Value) -> bool {
    let nodes = snapshot.pointer("/file_systems/0/nodes").and_then(Value::as_array);
    nodes.is_some_and(|nodes| {
        !nodes.is_empty()
            && nodes.iter().all(|node| {
                node.get("state").and_then(Value::as_str) == Some("live") && node.get("fresh").and_then(Value::as_bool) == Some(true)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fresh_are_samples_of_all_nodes() {
        let snapshot = |state: &str, fresh: bool| json!({ "file_systems": [{ "nodes": [{ "state": "live", "fresh": true }, { "state": state, "fresh": fresh }] }] });
        assert!(is_fresh(&snapshot("live", true)));
        assert!(!is_fresh(&snapshot("late", true)) && !is_fresh(&snapshot("live", false)) && !is_fresh(&json!({ "file_systems": [] })));
    }
}
