//! A running lab: what it was asked to be, and its nodes.

use crate::engine::Machine;
use crate::network::Network;
use crate::place::Place;
use crate::plan::{Engine, Plan};
use crate::process::Process;
use crate::ssh::Ssh;
use crate::{cache, interrupt, progress};
use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// What is kept of a lab between commands.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    plan: Plan,
    processes: BTreeMap<u8, Process>,
}

/// A lab.
#[derive(Debug)]
pub struct Lab {
    /// Where its files are.
    pub place: Place,
    /// What it was asked to be.
    pub plan: Plan,
    /// Its networks.
    pub network: Network,
    /// The way to its nodes.
    pub ssh: Ssh,
    processes: BTreeMap<u8, Process>,
}

impl Lab {
    /// A lab that is to be. Nothing is begun; an error if one of that name is there.
    pub fn new(name: &str, plan: Plan) -> anyhow::Result<Lab> {
        let place = Place::of(name)?;
        ensure!(
            !place.directory().exists(),
            "the lab {name:?} is there already ({}); end it first: cargo xtask lab --name {name} down",
            place.directory().display()
        );
        Ok(Lab { network: Network::of(name), ssh: Ssh::to(&place), place, plan, processes: BTreeMap::new() })
    }

    /// The lab `name`, as left by an earlier command.
    pub fn open(name: &str) -> anyhow::Result<Lab> {
        let place = Place::of(name)?;
        let path = place.state();
        if !path.exists() {
            bail!("no lab {name:?} runs; start it: cargo xtask lab --name {name} up");
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let state: State = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        Ok(Lab { network: Network::of(name), ssh: Ssh::to(&place), place, plan: state.plan, processes: state.processes })
    }

    /// Names of all labs that have a directory, in order.
    pub fn names() -> anyhow::Result<Vec<String>> {
        let directory = cache::directory()?.join("labs");
        let Ok(entries) = fs::read_dir(directory) else { return Ok(Vec::new()) };
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    fn save(&self) -> anyhow::Result<()> {
        let state = State { plan: self.plan.clone(), processes: self.processes.clone() };
        let path = self.place.state();
        let new = path.with_extension("new");
        fs::write(&new, serde_json::to_vec_pretty(&state)?)
            .and_then(|()| fs::rename(&new, &path))
            .with_context(|| path.display().to_string())
    }

    /// All nodes' numbers.
    pub fn nodes(&self) -> Vec<u8> {
        (1..=self.plan.nodes).collect()
    }

    /// Nodes whose process runs.
    pub fn running(&self) -> Vec<u8> {
        self.nodes().into_iter().filter(|node| self.processes.get(node).is_some_and(|process| process.runs())).collect()
    }

    /// An error unless the lab has this node.
    pub fn must_have(&self, node: u8) -> anyhow::Result<()> {
        ensure!(self.nodes().contains(&node), "the lab has no node{node}; it has {}", names(&self.nodes()));
        Ok(())
    }

    /// A node's process; an error unless it runs.
    pub fn process(&self, node: u8) -> anyhow::Result<Process> {
        self.must_have(node)?;
        let process = self.processes.get(&node).copied().filter(|process| process.runs());
        let name = self.place.name();
        process.with_context(|| format!("node{node} does not run; boot it: cargo xtask lab --name {name} fault start {node}"))
    }

    /// `nodes`, or all that run if it is empty; an error unless each runs and is not paused, so that a command there can end.
    pub fn able(&self, nodes: &[u8]) -> anyhow::Result<Vec<u8>> {
        let name = self.place.name();
        let nodes = if nodes.is_empty() { self.running() } else { nodes.to_vec() };
        ensure!(!nodes.is_empty(), "no node of the lab {name:?} runs; boot one: cargo xtask lab --name {name} fault start 1");
        for &node in &nodes {
            ensure!(!self.process(node)?.paused(), "node{node} is paused; let it go on: cargo xtask lab --name {name} fault resume {node}");
        }
        Ok(nodes)
    }

    /// Makes what the nodes need: directory, disks, networks.
    pub fn lay_out(&mut self) -> anyhow::Result<()> {
        fs::create_dir_all(self.place.directory()).with_context(|| self.place.directory().display().to_string())?;
        self.save()?;
        for disk in &self.plan.disks {
            fs::File::create(self.place.disk(&disk.name))?.set_len(disk.mebibytes << 20)?;
        }
        self.network.make(self.plan.nodes)?;
        let root = crate::image::Root::find()?;
        crate::ssh::write_config(&self.place, &self.network, &root.key, self.plan.nodes)
    }

    /// What runs the nodes.
    pub fn machine(&self) -> anyhow::Result<Machine<'_>> {
        Machine::of(self.plan.engine, self.plan.kernel, self.plan.memory, &self.plan.disks, &self.place)
    }

    /// Starts `nodes` and waits until each answers.
    pub fn boot(&mut self, nodes: &[u8]) -> anyhow::Result<()> {
        for &node in nodes {
            self.ssh.forget(node);
            let directory = self.place.node(node);
            cache::discard(&directory)?;
            fs::create_dir_all(&directory)?;
            let line = self.machine()?.command_line(node)?;
            let process = Process::start(&line, &self.network, &self.place, node)?;
            self.processes.insert(node, process);
            self.save()?;
        }
        let limit = match self.plan.engine {
            Engine::Uml => Duration::from_secs(60),
            Engine::Qemu => Duration::from_secs(300),
        };
        crate::ssh::on_each(nodes, |node| {
            interrupt::wait_for(&format!("node{node} answering ssh"), limit, || {
                if !self.processes.get(&node).is_some_and(|process| process.runs()) {
                    bail!("node{node} ended while it started; its console said:\n{}", self.console_tail(node));
                }
                // Asking a node that has not come up costs a time-out of ssh.
                Ok((self.console_tail(node).contains("is up,") && self.ssh.answers(node)).then_some(()))
            })
        })?;
        if self.plan.engine == Engine::Uml {
            let machine = self.machine()?;
            nodes.iter().try_for_each(|&node| crate::engine::uml::seal(&machine, node))?;
        }
        progress::say(&format!("{} answer ssh", names(nodes)));
        Ok(())
    }

    /// The last lines of a node's console.
    pub fn console_tail(&self, node: u8) -> String {
        let bytes = fs::read(self.place.console(node)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().rev().take(25).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Ends all nodes at once and removes all that the lab made, also of a lab that was only half begun.
    pub fn remove(&mut self) -> anyhow::Result<()> {
        for node in self.nodes() {
            self.ssh.forget(node);
            if let Some(process) = self.processes.remove(&node)
                && process.runs()
            {
                process.kill().with_context(|| format!("node{node}"))?;
            }
        }
        remove_left(&self.place, &self.network)
    }
}

/// Removes what a lab has on the host, also of one whose state was never written: processes, network, files.
///
/// A node that was started just before `up` was killed is in no state file; but it is in the lab's network namespace.
pub fn remove_left(place: &Place, network: &Network) -> anyhow::Result<()> {
    network.end_processes()?;
    network.remove()?;
    cache::discard(place.directory())
}

/// `node1, node2`.
pub fn names(nodes: &[u8]) -> String {
    nodes.iter().map(|node| format!("node{node}")).collect::<Vec<_>>().join(", ")
}
