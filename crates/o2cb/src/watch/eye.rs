//! The nodes that are watched, and the picture that they make together.

use super::Options;
use super::out::Picture;
use super::signals::Ended;
use anyhow::{Context as _, bail};
use collect::node::{RootFiles, TraceKeeper};
use collect::ssh::{self, SshOptions};
use collect::{Event, NodeEvent, NodeHandle};
use model::ViewTime;
use model::o2cb::Memory;
use sample::message::{Configuration, Look};
use sample::{FromNode, ToNode};
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// So long the first picture of a count, a log or a hook waits for nodes that have said nothing yet.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The same on a screen: what is known is seen, and who has not answered.
pub const SCREEN_PATIENCE: Duration = Duration::from_secs(3);
/// Signals are looked at so often.
const GLANCE: Duration = Duration::from_millis(100);

/// See the module's text.
pub struct Eye {
    memory: Memory,
    events: Receiver<NodeEvent>,
    /// Dropping one ends its node's connection.
    _handles: Vec<NodeHandle>,
    title: String,
    interval: Duration,
    start: Instant,
    due: Instant,
    number: u64,
}

/// The files of this machine: below `O2CB_ROOT` if that is set (captures, tests).
pub fn local_files() -> RootFiles {
    std::env::var_os("O2CB_ROOT").map_or_else(RootFiles::this_machine, RootFiles::below)
}

impl Eye {
    /// Begins to watch; `patience`: how long the first picture waits.
    pub fn open(options: &Options, patience: Duration) -> anyhow::Result<Eye> {
        let configuration = Configuration {
            interval_ms: options.interval.as_millis() as u64,
            trace: false,
            file_systems: false,
            ..Configuration::default()
        };
        let this_host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let remote = options.all_nodes || !options.nodes.is_empty();
        let (nodes, title) = nodes(options, &this_host)?;
        let (sender, events) = channel();
        let mut handles = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            // The running cluster names this machine too: no ssh to oneself.
            let here = !remote || (options.all_nodes && *node == this_host);
            let handle = if here {
                collect::local::start(number, local_files(), TraceKeeper::new(None), sender.clone())
                    .context("cannot start the thread that reads this node")?
            } else {
                over_ssh(options, number, node, &configuration, sender.clone())?
            };
            handle.tell(ToNode::Configure(configuration.clone()));
            handle.tell(ToNode::Look(Look { o2cb: true, ..Look::default() }));
            handles.push(handle);
        }
        let start = Instant::now();
        Ok(Eye {
            memory: Memory::new(nodes, options.rules()),
            events,
            _handles: handles,
            title,
            interval: options.interval,
            start,
            due: start + patience,
            number: 0,
        })
    }

    /// What is watched, in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The time between pictures.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// The next picture, waited for; `None`: a signal ends the watch.
    pub fn next(&mut self, ended: &Ended) -> Option<Picture> {
        loop {
            if ended.signal().is_some() {
                return None;
            }
            if let Some(picture) = self.glance(GLANCE) {
                return Some(picture);
            }
        }
    }

    /// The next picture, if it is due within `patience`.
    pub fn glance(&mut self, patience: Duration) -> Option<Picture> {
        let until = Instant::now() + patience;
        loop {
            let now = Instant::now();
            let first = self.number == 0 && self.memory.all_told();
            if first || now >= self.due {
                return Some(self.picture());
            }
            let left = until.min(self.due).saturating_duration_since(now);
            match self.events.recv_timeout(left) {
                Ok(event) => self.take(event),
                Err(_) if Instant::now() >= until => return None,
                // Every node's thread has ended, which it has told before.
                Err(_) => std::thread::sleep(left.min(GLANCE)),
            }
        }
    }

    fn take(&mut self, NodeEvent { node, event }: NodeEvent) {
        match event {
            Event::Link(link) => self.memory.link(node, link),
            Event::Message(FromNode::O2cb(sample)) => {
                let now = self.now();
                self.memory.take(node, *sample, now);
            }
            Event::Message(FromNode::Fault { uuid: None, fault }) => self.memory.fault(node, fault),
            Event::Message(_) => {}
        }
    }

    fn picture(&mut self) -> Picture {
        let now = self.now();
        self.number += 1;
        self.due = Instant::now() + self.interval;
        Picture { number: self.number, realtime_us: now.realtime_us, view: self.memory.tick(now) }
    }

    fn now(&self) -> ViewTime {
        let realtime = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        ViewTime {
            monotonic_us: self.start.elapsed().as_micros() as u64,
            realtime_us: realtime.and_then(|since| u64::try_from(since.as_micros()).ok()),
        }
    }
}

/// Which nodes, and that in words.
fn nodes(options: &Options, this_host: &str) -> anyhow::Result<(Vec<String>, String)> {
    let mut nodes = options.nodes.clone();
    if options.all_nodes {
        let Some((names, told_by)) = collect::cluster_nodes::running_cluster(&local_files()) else {
            bail!(
                "--all-nodes: this machine is part of no cluster: nothing in /sys/kernel/config/cluster or /etc/ocfs2/cluster.conf; name the nodes with -n"
            );
        };
        crate::say(&format!("o2cb: {} nodes from {told_by}: {}", names.len(), names.join(", ")));
        nodes = names;
    }
    let mut seen = HashSet::new();
    nodes.retain(|node| seen.insert(node.clone()));
    if nodes.is_empty() {
        return Ok((vec![this_host.to_owned()], format!("this machine, {this_host}")));
    }
    let title = nodes.join(" ");
    Ok((nodes, title))
}

fn over_ssh(
    options: &Options,
    number: usize,
    node: &str,
    configuration: &Configuration,
    events: Sender<NodeEvent>,
) -> anyhow::Result<NodeHandle> {
    let mut ssh_options =
        SshOptions { upload: !options.no_upload, sudo: options.sudo, configuration: configuration.clone(), ..SshOptions::default() };
    if let Some(file) = &options.ssh_config {
        ssh_options.extra_args.extend(["-F".into(), file.clone().into_os_string()]);
    }
    ssh::start(number, node, ssh_options, events).with_context(|| format!("node {node:?}"))
}
