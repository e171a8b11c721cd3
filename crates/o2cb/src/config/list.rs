//! Verbs that list what the file says, in the formats of `o2cb(8)`.

use super::{List, file};
use crate::FAILED;
use crate::place::Place;
use formats::cluster_conf::{Cluster, Document};
use std::io::{self, Write};
use std::path::Path;

/// What to list.
pub(super) enum What<'a> {
    /// Names of all clusters.
    Clusters,
    /// Regions, nodes and the cluster itself.
    Cluster(&'a List),
    /// Nodes.
    Nodes(&'a List),
    /// Regions.
    Heartbeats(&'a List),
}

/// Lists it. What is sound in a file that is refused is listed too, but the verb fails and tells what is not.
pub(super) fn run(place: &Place, what: &What<'_>) -> anyhow::Result<u8> {
    let path = place.cluster_conf();
    let document = Document::parse(&file::read(path)?.unwrap_or_default());
    let (config, problems) = document.judge(None);
    let mut out = io::stdout().lock();
    let listed = match what {
        What::Clusters => {
            for cluster in &config.clusters {
                writeln!(out, "{}", cluster.name)?;
            }
            Ok(())
        }
        What::Cluster(list) | What::Nodes(list) | What::Heartbeats(list) => {
            match config.clusters.iter().find(|cluster| cluster.name == list.cluster) {
                Some(cluster) => {
                    out.write_all(text(what, list.oneline, cluster).as_bytes())?;
                    Ok(())
                }
                None => Err(unknown_cluster(&list.cluster, path, &document)),
            }
        }
    };
    out.flush()?;
    let mut status = 0;
    for problem in problems.iter().filter(|problem| problem.is_error()) {
        crate::say(&format!("o2cb: {}:{}:{}: {}; {}", path.display(), problem.line, problem.column, problem.what, problem.fix));
        status = FAILED;
    }
    listed.map(|()| status)
}

/// No cluster of a name: which there are.
pub(super) fn unknown_cluster(name: &str, path: &Path, document: &Document) -> anyhow::Error {
    let names: Vec<String> = document.judge(None).0.clusters.into_iter().map(|cluster| format!("'{}'", cluster.name)).collect();
    let path = path.display();
    if names.is_empty() {
        anyhow::anyhow!("Unknown cluster '{name}': {path} has none; add it with 'o2cb add-cluster {name}'")
    } else {
        anyhow::anyhow!("Unknown cluster '{name}': {path} has {}", names.join(", "))
    }
}

fn text(what: &What<'_>, oneline: bool, cluster: &Cluster) -> String {
    let name = &cluster.name;
    let mut out = String::new();
    if matches!(what, What::Cluster(_) | What::Heartbeats(_)) {
        for region in &cluster.regions {
            out += &if oneline {
                format!("heartbeat: {region} {name}\n")
            } else {
                format!("heartbeat:\n\tregion = {region}\n\tcluster = {name}\n\n")
            };
        }
    }
    if matches!(what, What::Cluster(_) | What::Nodes(_)) {
        for node in &cluster.nodes {
            let (number, node, address, port) = (node.number, &node.name, node.address, node.port);
            out += &if oneline {
                format!("node: {number} {node} {address}:{port} {name}\n")
            } else {
                format!("node:\n\tnumber = {number}\n\tname = {node}\n\tip_address = {address}\n\tip_port = {port}\n\tcluster = {name}\n\n")
            };
        }
    }
    if matches!(what, What::Cluster(_)) {
        let (count, mode) = (cluster.node_count, cluster.mode.word());
        out += &if oneline {
            format!("cluster: {count} {mode} {name}\n")
        } else {
            format!("cluster:\n\tnode_count = {count}\n\theartbeat_mode = {mode}\n\tname = {name}\n\n")
        };
    }
    out
}
