//! Workloads in the nodes: one process of `lab-guest` each.

use crate::lab::Lab;
use crate::ssh::quote;
use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A workload on the lab's file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Creates, appends and unlinks in one directory on all nodes
    Hot,
    /// Appends to one file from all nodes
    Append,
    /// Takes and gives back one flock on all nodes
    Contend,
    /// Holds a flock and sleeps; on the nodes after the first, waits for it
    Hold,
    /// Two flocks, which the first two nodes take in opposite order: a deadlock, until the time is over
    Deadlock,
    /// Reads and stats a whole tree
    Scan,
    /// Copies a file in, reads it and deletes it: each on the next node
    Copy,
    /// Makes many files, 1000 to a directory
    Mass,
    /// A bit of everything
    Mix,
    /// Tells every operation that takes longer than half a second
    Probe,
}

/// Options of `work`.
#[derive(Debug, Args)]
pub struct Options {
    /// What to do
    #[arg(value_enum)]
    workload: Workload,
    /// Nodes [default: all that run]
    #[arg(value_parser = crate::bring::node_number)]
    nodes: Vec<u8>,
    /// For how long
    #[arg(long, default_value_t = 30.0)]
    seconds: f64,
    /// How many files (mass), up to 1000000
    #[arg(long, default_value_t = 10_000)]
    files: u64,
    /// Directory
    #[arg(long, default_value = "/mnt/ocfs2/work")]
    directory: String,
}

/// The command lines of a workload, one step after the other; a step is (node, arguments of `lab-guest`) for all at once.
fn steps(options: &Options, nodes: &[u8]) -> Vec<Vec<(u8, String)>> {
    let in_directory = |name: &str| quote(&format!("{}/{name}", options.directory));
    let seconds = options.seconds;
    let all = |arguments: String| vec![nodes.iter().map(|&node| (node, arguments.clone())).collect()];
    match options.workload {
        Workload::Hot => all(format!("work hot {} --seconds {seconds}", in_directory("hot"))),
        Workload::Append => all(format!("work append {} --seconds {seconds}", in_directory("log"))),
        Workload::Contend => all(format!("work contend {} --seconds {seconds}", in_directory("lock"))),
        Workload::Hold => all(format!("work hold {} --seconds {seconds}", in_directory("lock"))),
        Workload::Deadlock => {
            let (one, other) = (in_directory("one"), in_directory("other"));
            let does = [format!("work deadlock {one} {other}"), format!("work deadlock {other} {one}")];
            vec![nodes.iter().zip(does).map(|(&node, arguments)| (node, format!("{arguments} --seconds {seconds}"))).collect()]
        }
        Workload::Scan => all(format!("work scan {}", quote(&options.directory))),
        Workload::Mix => all(format!("work mix {} --seconds {seconds}", in_directory("mix"))),
        Workload::Probe => all(format!("work probe {} --seconds {seconds}", in_directory("probe"))),
        Workload::Mass => {
            let each = |&node: &u8| (node, format!("work mass {} --files {}", in_directory(&format!("mass{node}")), options.files));
            vec![nodes.iter().map(each).collect()]
        }
        Workload::Copy => {
            let file = in_directory("copied");
            let does = [
                format!("work copy {} --name copied", quote(&options.directory)),
                format!("work read {file}"),
                format!("work delete {file}"),
            ];
            nodes.iter().cycle().zip(does).map(|(&node, arguments)| vec![(node, arguments)]).collect()
        }
    }
}

/// Runs a workload and prints what it tells, each line with its node.
pub fn run(lab: &Lab, options: &Options) -> anyhow::Result<()> {
    let nodes = lab.able(&options.nodes)?;
    if let Some(&first) = nodes.first() {
        lab.ssh.run(first, &format!("mkdir -p {}", quote(&options.directory)), crate::stack::STEP)?;
    }
    for step in steps(options, &nodes) {
        let step_nodes: Vec<u8> = step.iter().map(|(node, _)| *node).collect();
        crate::ssh::on_each(&step_nodes, |node| {
            let arguments = step.iter().find(|(of, _)| *of == node).map(|(_, arguments)| arguments.as_str()).unwrap_or_default();
            let mut running = Running::start(lab, node, arguments)?;
            while let Some(line) = running.line()? {
                writeln!(std::io::stdout(), "node{node}: {line}")?;
            }
            running.end()
        })?;
    }
    Ok(())
}

/// A `lab-guest` that runs in a node and tells events. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    what: String,
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    /// Starts `lab-guest` with `arguments`.
    pub fn start(lab: &Lab, node: u8, arguments: &str) -> anyhow::Result<Running> {
        let what = format!("node{node}: lab-guest {arguments}");
        let mut command = lab.ssh.command(node, Some(&format!("lab-guest {arguments}")));
        // Not of the terminal's group: Ctrl-C asks this program, which then ends it by its standard input.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().with_context(|| what.clone())?;
        let stdout = BufReader::new(child.stdout.take().with_context(|| what.clone())?);
        Ok(Running { what, child, stdout })
    }

    /// Its standard input: closing it ends what is told `--until-eof`.
    pub fn leash(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Its next line; `None` at its end.
    pub fn line(&mut self) -> anyhow::Result<Option<String>> {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line).with_context(|| self.what.clone())?;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }

    /// Reads up to the event `name`, which must come within `limit`; else the process is ended.
    pub fn event_within(&mut self, name: &str, limit: Duration) -> anyhow::Result<serde_json::Value> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?);
        let (came, wait) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // The other end is dropped when the event has come.
                if wait.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                    // It may have ended by itself.
                    let _ = kill(pid, Signal::SIGKILL);
                }
            });
            let event = self.event(name).with_context(|| format!("within {:.0} s", limit.as_secs_f64()));
            drop(came);
            event
        })
    }

    /// Reads up to the event `name`, which must come.
    pub fn event(&mut self, name: &str) -> anyhow::Result<serde_json::Value> {
        while let Some(line) = self.line()? {
            let event: serde_json::Value = serde_json::from_str(&line).with_context(|| format!("{}: {line}", self.what))?;
            if event.get("event").and_then(serde_json::Value::as_str) == Some(name) {
                return Ok(event);
            }
        }
        bail!("{}: ended without the event {name:?}", self.what)
    }

    /// Closes its standard input (what is told `--until-eof` then ends) and reads up to the event `name`.
    pub fn finish(mut self, name: &str) -> anyhow::Result<serde_json::Value> {
        drop(self.child.stdin.take());
        let event = self.event(name)?;
        self.end()?;
        Ok(event)
    }

    /// Waits for its end, which must be a good one.
    pub fn end(&mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if !status.success() {
            bail!("{}: {status}", self.what);
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It may have ended already; there is nobody to tell either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_articles_story_goes_from_node_to_node() {
        let options =
            Options { workload: Workload::Copy, nodes: Vec::new(), seconds: 1.0, files: 1, directory: "/mnt/ocfs2/a b".to_owned() };
        let told = steps(&options, &[1, 2]);
        assert_eq!(told.len(), 3);
        assert_eq!(told[0], vec![(1, "work copy '/mnt/ocfs2/a b' --name copied".to_owned())]);
        assert_eq!(told[1], vec![(2, "work read '/mnt/ocfs2/a b/copied'".to_owned())]);
        assert_eq!(told[2][0].0, 1);
    }
}
