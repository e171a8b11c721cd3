//! Verbs that change the file.

use super::AddNode;
use super::file::LockedFile;
use super::region::{self, Region};
use crate::FAILED;
use crate::place::Place;
use anyhow::{Context as _, bail};
use formats::cluster_conf::{Document, EditError, HeartbeatMode, Node, is_region, rules};
use formats::config_problem::Problem;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs as _};
use std::path::Path;

/// A change that is to be made.
pub(super) struct Edit<'a> {
    /// The machine.
    pub(super) place: &'a Place,
    /// Whether to tell what is done.
    pub(super) verbose: u8,
}

impl Edit<'_> {
    fn path(&self) -> &Path {
        self.place.cluster_conf()
    }

    pub(super) fn add_cluster(&self, cluster: &str) -> anyhow::Result<u8> {
        self.change(|document| {
            document.add_cluster(cluster)?;
            Ok(format!("Added cluster '{cluster}'"))
        })
    }

    pub(super) fn remove_cluster(&self, cluster: &str) -> anyhow::Result<u8> {
        self.change(|document| {
            document.remove_cluster(cluster)?;
            Ok(format!("Removed cluster '{cluster}'"))
        })
    }

    pub(super) fn add_node(&self, arguments: &AddNode) -> anyhow::Result<u8> {
        let AddNode { ip, port, number, cluster, node: name } = arguments;
        // A name server may be slow: not while others wait for the lock.
        let address = ip.map_or_else(|| resolve(name), Ok)?;
        self.change(|document| {
            let number = number.map_or_else(|| free_number(document, cluster), Ok)?;
            let node = Node { name: name.clone(), number, address, port: *port };
            document.add_node(cluster, &node)?;
            Ok(format!("Added node '{name}' in cluster '{cluster}' having ip '{address}', port '{port}' and number '{number}'"))
        })
    }

    pub(super) fn remove_node(&self, cluster: &str, node: &str) -> anyhow::Result<u8> {
        self.change(|document| {
            document.remove_node(cluster, node)?;
            Ok(format!("Removed node '{node}' from cluster '{cluster}'"))
        })
    }

    pub(super) fn add_heartbeat(&self, cluster: &str, given: &str, force: bool) -> anyhow::Result<u8> {
        let uuid = match as_uuid(given) {
            Some(uuid) => uuid,
            None => self.fitting(&region::region_of(self.place, Path::new(given))?, given, cluster, force)?,
        };
        self.change(|document| {
            document.add_region(cluster, &uuid)?;
            Ok(format!("Added heartbeat region '{uuid}' to cluster '{cluster}'"))
        })
    }

    pub(super) fn remove_heartbeat(&self, cluster: &str, given: &str) -> anyhow::Result<u8> {
        self.change(|document| {
            // What the file holds may be anything: ocfs2-tools store what they are given.
            let mut removed = given.to_owned();
            if let Err(error) = document.remove_region(cluster, given) {
                removed = match (as_uuid(given), error) {
                    (Some(uuid), EditError::UnknownRegion(_)) => uuid,
                    (None, EditError::UnknownRegion(_)) => {
                        let found = region::region_of(self.place, Path::new(given));
                        found
                            .with_context(|| format!("no region '{given}' in the cluster; give its UUID as list-heartbeats shows it"))?
                            .uuid
                    }
                    (_, error) => return Err(error.into()),
                };
                document.remove_region(cluster, &removed)?;
            }
            Ok(format!("Removed heartbeat region '{removed}' from cluster '{cluster}'"))
        })
    }

    pub(super) fn heartbeat_mode(&self, cluster: &str, mode: HeartbeatMode) -> anyhow::Result<u8> {
        self.change(|document| {
            document.set_mode(cluster, mode)?;
            if mode == HeartbeatMode::Global {
                let few = |problem: &&Problem| problem.rule == rules::FEW_REGIONS;
                for problem in document.problems(None).iter().filter(few) {
                    crate::say(&format!("o2cb: warning: {}; {}", problem.what, problem.fix));
                }
            }
            Ok(format!("Changed heartbeat mode in cluster '{cluster}' to '{}'", mode.word()))
        })
    }

    /// Reads, changes and writes the file under one lock. What nobody would take is not written.
    fn change(&self, change: impl FnOnce(&mut Document) -> anyhow::Result<String>) -> anyhow::Result<u8> {
        let file = LockedFile::lock(self.path())?;
        let old = file.read()?;
        let before = Document::parse(old.as_deref().unwrap_or_default());
        let mut after = before.clone();
        let done = match change(&mut after) {
            Ok(done) => done,
            Err(error) => return Err(self.explain(error, &before)),
        };
        let (was, is) = (before.problems(None), after.problems(None));
        let new: Vec<&Problem> = is.iter().filter(|problem| !was.iter().any(|old| same(old, problem))).collect();
        if let Some(problem) = new.iter().find(|problem| problem.is_error()) {
            bail!("{}: not changed: {}; {}", self.path().display(), problem.what, problem.fix);
        }
        let errors = |problems: &[Problem]| problems.iter().filter(|problem| problem.is_error()).count();
        if let Some(problem) = is.iter().find(|problem| problem.is_error()) {
            // A change may put one thing right after the other.
            if errors(&is) >= errors(&was) {
                let Problem { line, column, what, fix, .. } = problem;
                let path = self.path().display();
                bail!("{path}:{line}:{column}: not changed, as the file is refused anyway: {what}; {fix} (all: o2cb config check)");
            }
            crate::say(&format!("o2cb: warning: {} still has {} errors: see 'o2cb config check'", self.path().display(), errors(&is)));
        }
        // A cluster starts without nodes and regions.
        let quiet = [rules::NO_NODES, rules::FEW_REGIONS];
        for problem in new.iter().filter(|problem| !problem.is_error() && !quiet.contains(&problem.rule)) {
            crate::say(&format!("o2cb: warning: {}; {}", problem.what, problem.fix));
        }
        file.replace(old.as_deref(), &after.to_bytes())?;
        if self.verbose > 0 {
            crate::say(&done);
        }
        Ok(0)
    }

    fn explain(&self, error: anyhow::Error, document: &Document) -> anyhow::Error {
        let path = self.path().display();
        match error.downcast_ref::<EditError>() {
            Some(EditError::NotUnderstood) => match document.problems(None).into_iter().find(Problem::is_error) {
                Some(Problem { line, column, what, fix, .. }) => {
                    anyhow::anyhow!(
                        "{path}:{line}:{column}: not changed, as the file is not understood: {what}; {fix} (all: o2cb config check)"
                    )
                }
                None => error,
            },
            Some(EditError::UnknownCluster(name)) => super::list::unknown_cluster(name, self.path(), document),
            Some(known) => anyhow::anyhow!("{known} ({path})"),
            None => error,
        }
    }

    /// The UUID of a volume that suits a cluster.
    fn fitting(&self, region: &Region, device: &str, cluster: &str, force: bool) -> anyhow::Result<String> {
        if let Some((what, fix)) = region.misfit(cluster) {
            if !force {
                bail!("{device}: {what}; {fix}, or give --force");
            }
            crate::say(&format!("o2cb: warning: {device}: {what}"));
        } else if let Some(note) = region.note() {
            crate::say(&format!("o2cb: warning: {device}: {note}"));
        }
        if self.verbose > 1 {
            crate::say(&format!("{device}: OCFS2 volume {} '{}'", region.uuid, region.label));
        }
        Ok(region.uuid.clone())
    }
}

/// Whether two problems are the same, though lines may have moved.
fn same(one: &Problem, other: &Problem) -> bool {
    fn words(text: &str) -> impl Iterator<Item = &str> {
        text.split_inclusive(' ').filter(|word| !word.trim_end().bytes().all(|byte| byte.is_ascii_digit()))
    }
    one.rule == other.rule && words(&one.what).eq(words(&other.what))
}

/// A region's UUID as it is stored, from one with small letters or with the dashes of other file systems.
pub(super) fn as_uuid(text: &str) -> Option<String> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let digits = text.replace('-', "").to_ascii_uppercase();
    (matches!(groups.as_slice(), [32] | [8, 4, 4, 4, 12]) && is_region(digits.as_bytes())).then_some(digits)
}

/// The first IPv4 address that a name has.
fn resolve(name: &str) -> anyhow::Result<Ipv4Addr> {
    let addresses = (name, 0).to_socket_addrs().with_context(|| format!("the address of '{name}' is not known: give it with --ip"))?;
    let address = addresses.map(|address| address.ip()).find_map(|address| match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    let address = address.with_context(|| format!("'{name}' has no IPv4 address, which O2CB needs: give one with --ip"))?;
    if address.is_loopback() {
        bail!("'{name}' is {address} here, which other nodes cannot connect to: give its address in the cluster's network with --ip");
    }
    Ok(address)
}

/// The lowest number that no node of a cluster has.
fn free_number(document: &Document, cluster: &str) -> anyhow::Result<u8> {
    let (config, _) = document.judge(None);
    let nodes = config.clusters.into_iter().find(|known| known.name == cluster).map(|cluster| cluster.nodes).unwrap_or_default();
    (0..u8::MAX)
        .find(|number| !nodes.iter().any(|node| node.number == *number))
        .with_context(|| format!("the cluster '{cluster}' has 255 nodes, and that is all that O2CB can have"))
}

const _: () = assert!(FAILED == 1, "ocfs2-tools' exit code of a failure");

#[cfg(test)]
mod tests;
