//! How the stack stands: what is found, what is asked for, and what that comes to. Looks only.

mod compare;
mod firewall;
mod json;
mod judge;
mod lines;
mod text;
mod timeout;

#[cfg(test)]
mod tests;

pub(crate) use compare::{About, differences};
pub(crate) use firewall::{Blame, blame};
pub(crate) use judge::listens;
pub use judge::{Finding, Kind};

use crate::defaults::Defaults;
use crate::found::{Found, FoundCluster, FoundNode, NamespaceMount, Seen, mounts_everywhere};
use crate::kernel::Look;
use crate::stack::{DefaultsFile, Sources};
use formats::cluster_conf::{Cluster, Config, Node, is_local};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The cluster of the configuration; `None`: it has none of that name, or cannot be used.
    pub cluster: Option<Cluster>,
    /// The defaults' file.
    pub file: DefaultsFile,
    /// Why the configuration or the defaults cannot be used.
    pub problems: Vec<String>,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Status {
    /// The cluster that this is about; `None`: it cannot be told.
    pub name: Option<String>,
    /// What is.
    pub found: Found,
    /// What is asked for.
    pub asked: Asked,
    /// Mounted volumes, in any mount namespace.
    pub mounts: Seen<Vec<NamespaceMount>>,
    /// What that comes to.
    pub findings: Vec<Finding>,
}

impl Status {
    /// Looks at everything.
    pub fn look(look: &dyn Look, sources: &dyn Sources, named: Option<&str>) -> Status {
        let found = Found::look(look);
        let mut problems = Vec::new();
        // A file's problems are one each line.
        let mut kept = |error: anyhow::Error| problems.extend(format!("{error:#}").lines().map(str::to_owned));
        let config = sources.config().map_err(&mut kept);
        let file = sources.defaults().map_err(&mut kept).unwrap_or_default();
        problems.extend(file.problems.iter().cloned());
        let path = sources.config_path();
        if matches!(config, Ok(None)) {
            problems.push(format!("there is no {}", path.display()));
        }
        let config = config.ok().flatten();
        let name = name(named, &file.defaults, &found, config.as_ref());
        if let (Some(config), Some(name)) = (&config, &name)
            && config.clusters.iter().all(|cluster| cluster.name != *name)
        {
            problems.push(format!("{} has no cluster '{name}'", path.display()));
        }
        let cluster = config.and_then(|config| config.clusters.into_iter().find(|cluster| Some(&cluster.name) == name.as_ref()));
        let mut status = Status {
            name,
            found,
            asked: Asked { cluster, file, problems },
            mounts: Seen::of(mounts_everywhere(look)),
            findings: Vec::new(),
        };
        status.findings = judge::judge(&status);
        status
    }

    /// The registered cluster that this is about.
    pub fn cluster(&self) -> Option<&FoundCluster> {
        self.found.cluster().filter(|cluster| Some(&cluster.name) == self.name.as_ref())
    }

    /// Registered nodes that beat and are not connected with this one. `None`: no cluster is registered, or it cannot be told.
    pub fn lost(&self) -> Option<Vec<&FoundNode>> {
        let (live, connected) = (self.found.beats.live.is()?, self.found.connected.is()?);
        let is_lost = |node: &&FoundNode| {
            let number = node.number.is().map(|number| u32::from(*number));
            !node.local.has(&true) && number.is_some_and(|number| live.contains(&number) && !connected.contains(&number))
        };
        Some(self.cluster()?.nodes.iter().filter(is_lost).collect())
    }

    /// Numbers of nodes that beat and are not registered; none where that cannot be told.
    pub fn unregistered(&self) -> Vec<u32> {
        let (Some(cluster), Some(live)) = (self.cluster(), self.found.beats.live.is()) else { return Vec::new() };
        let known = |number: u32| cluster.nodes.iter().any(|node| node.number.is().map(|own| u32::from(*own)) == Some(number));
        live.iter().copied().filter(|number| !known(*number)).collect()
    }

    /// The node of the configuration that is this host; the first, if several are. `None`: none is, or the host's name is not known.
    pub fn host_node(&self) -> Option<&Node> {
        let host = self.found.host.is()?;
        self.asked.cluster.as_ref()?.nodes.iter().find(|node| is_local(&node.name, host))
    }

    /// Whether it is online; `None`: it cannot be told.
    pub fn online(&self) -> Option<bool> {
        match &self.name {
            Some(name) => self.found.online(name),
            None if self.found.clusters.is_unknown() => None,
            None => Some(false),
        }
    }

    /// Exit code: 0 online and as configured, 1 offline, 2 online with differences or trouble, 3 unknown.
    pub fn code(&self) -> u8 {
        let any = |kinds: &[Kind]| self.findings.iter().any(|finding| kinds.contains(&finding.kind));
        match self.online() {
            None => 3,
            Some(false) => 1,
            Some(true) if any(&[Kind::Difference, Kind::Trouble]) => 2,
            Some(true) if any(&[Kind::Unknown]) => 3,
            Some(true) => 0,
        }
    }
}

fn name(named: Option<&str>, defaults: &Defaults, found: &Found, config: Option<&Config>) -> Option<String> {
    let only = || match config?.clusters.as_slice() {
        [only] => Some(only.name.clone()),
        _ => None,
    };
    let registered = || found.cluster().map(|cluster| cluster.name.clone());
    named.map(str::to_owned).or_else(|| defaults.boot_cluster.clone()).or_else(registered).or_else(only)
}

/// Seconds until a node that cannot write fences itself.
pub fn fence_after_s(threshold: u32) -> u64 {
    formats::o2hb::fence_ms(threshold) / 1000
}

/// Seconds until the others count a silent node as dead.
pub fn dead_after_s(threshold: u32) -> u64 {
    formats::o2hb::dead_ms(threshold) / 1000
}

/// Seconds from a lost connection to the decision of the quorum.
pub fn quorum_after_s(threshold: u32) -> u64 {
    formats::o2hb::quorum_ms(threshold) / 1000
}
