//! Two networks in a namespace of the lab's own: the cluster's, and the administrator's (ssh). Nothing leaves the namespace.
//! A node's end is a tap device on a bridge; a cable is pulled by taking the tap off its bridge.

use crate::{interrupt, tool};
use anyhow::Context as _;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::Command;
use std::time::Duration;

/// What a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// O2CB's, the DLM's and corosync's messages: `10.77.0.N`.
    Cluster,
    /// ssh from the host: `10.78.0.N`, the host is `10.78.0.254`.
    Admin,
}

/// Every node's network devices, in order.
pub const ROLES: [Role; 2] = [Role::Cluster, Role::Admin];

impl Role {
    fn short(self) -> &'static str {
        match self {
            Role::Cluster => "clu",
            Role::Admin => "adm",
        }
    }

    fn number(self) -> u8 {
        match self {
            Role::Cluster => 77,
            Role::Admin => 78,
        }
    }

    /// The node's tap device in the namespace.
    pub fn tap(self, node: u8) -> String {
        format!("{}{node}", self.short())
    }

    /// The bridge of group `group`; group 0 is where all nodes are unless the network is split.
    pub fn bridge(self, group: usize) -> String {
        format!("{}-br{group}", self.short())
    }

    /// The node's hardware address.
    pub fn mac(self, node: u8) -> String {
        format!("02:{}:00:00:00:{node:02x}", self.number())
    }

    /// The hardware address of a bridge. Left to itself, a bridge takes that of one of its taps: what that node sends to the host would
    /// be received by the tap itself once it is off the bridge, and a pulled cable would still carry one direction.
    fn bridge_mac(self, group: usize) -> String {
        format!("02:{}:00:00:01:{group:02x}", self.number())
    }

    /// The node's address.
    pub fn address(self, node: u8) -> String {
        format!("10.{}.0.{node}", self.number())
    }
}

/// A lab's network namespace.
#[derive(Clone, Debug)]
pub struct Network {
    /// The namespace's name.
    pub namespace: String,
}

/// Where ip keeps its namespaces.
const NETNS: &str = "/run/netns";

impl Network {
    /// The network of the lab `lab`.
    pub fn of(lab: &str) -> Network {
        Network { namespace: format!("dlmlab-{lab}") }
    }

    fn ip(&self, words: &[&str]) -> anyhow::Result<String> {
        tool::run("ip", ["-n", &self.namespace].iter().chain(words))
    }

    /// Makes it, with a tap device per node and network. `groups` bridges each, so that it can be split later.
    pub fn make(&self, nodes: u8) -> anyhow::Result<()> {
        tool::run("ip", ["netns", "add", &self.namespace]).context("making the lab's network namespace")?;
        self.ip(&["link", "set", "lo", "up"])?;
        for role in ROLES {
            for group in 0..usize::from(nodes) {
                let bridge = role.bridge(group);
                self.ip(&["link", "add", &bridge, "address", &role.bridge_mac(group), "type", "bridge", "mcast_snooping", "0"])?;
                self.ip(&["link", "set", &bridge, "up"])?;
            }
            for node in 1..=nodes {
                let tap = role.tap(node);
                self.ip(&["tuntap", "add", "dev", &tap, "mode", "tap"])?;
                self.ip(&["link", "set", &tap, "master", &role.bridge(0), "up"])?;
            }
        }
        self.ip(&["addr", "add", "10.78.0.254/24", "dev", &Role::Admin.bridge(0)])?;
        Ok(())
    }

    /// Whether it is there.
    pub fn exists(&self) -> anyhow::Result<bool> {
        let list = tool::run("ip", ["netns", "list"])?;
        Ok(list.lines().any(|line| line.split_whitespace().next() == Some(self.namespace.as_str())))
    }

    /// Ends all processes in it, at once: nodes, and the ends of connections to them.
    pub fn end_processes(&self) -> anyhow::Result<()> {
        interrupt::wait_for("the end of the processes in the lab's network namespace", Duration::from_secs(20), || {
            if !self.exists()? {
                return Ok(Some(()));
            }
            let text = tool::run("ip", ["netns", "pids", &self.namespace])?;
            let pids = text.split_whitespace().map(str::parse).collect::<Result<Vec<i32>, _>>().context("ip netns pids")?;
            for &pid in &pids {
                match kill(Pid::from_raw(pid), Signal::SIGKILL) {
                    // It ended in between.
                    Ok(()) | Err(Errno::ESRCH) => {}
                    Err(error) => return Err(error).with_context(|| format!("ending the process {pid}")),
                }
            }
            Ok(pids.is_empty().then_some(()))
        })
    }

    /// Removes it and all that is in it.
    pub fn remove(&self) -> anyhow::Result<()> {
        if self.exists()? {
            tool::run("ip", ["netns", "delete", &self.namespace])?;
        }
        // `ip netns add` mounts its directory on itself. With no namespace left that is ours to undo; if it is in use, it stays.
        if std::fs::read_dir(NETNS).is_ok_and(|mut names| names.next().is_none()) {
            let _ = tool::run("umount", [NETNS]);
            let _ = std::fs::remove_dir(NETNS);
        }
        Ok(())
    }

    /// Pulls a node's cable.
    pub fn cut(&self, role: Role, node: u8) -> anyhow::Result<()> {
        self.ip(&["link", "set", &role.tap(node), "nomaster"])?;
        Ok(())
    }

    /// Puts a node's cable into the bridge of group `group`: 0 heals a cut.
    pub fn join(&self, role: Role, node: u8, group: usize) -> anyhow::Result<()> {
        self.ip(&["link", "set", &role.tap(node), "master", &role.bridge(group)])?;
        Ok(())
    }

    /// `command` inside the namespace.
    pub fn command(&self, program: &str) -> Command {
        tool::command("ip", ["netns", "exec", &self.namespace, program])
    }
}
