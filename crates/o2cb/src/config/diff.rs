//! `config diff`: what other nodes' configuration says otherwise than this node's. Layout, comments and order do not count.

use super::remote::{self, Files};
use super::{file, host};
use crate::FAILED;
use crate::place::Place;
use anyhow::bail;
use formats::cluster_conf::{Cluster, Config, Document};
use formats::config_problem::Problem;
use formats::sysconfig::{Sysconfig, Timeout, TimeoutValue, Value};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// What a node's two files say.
struct Said {
    config: Config,
    sysconfig: Sysconfig,
    /// The first line of its `cluster.conf` that is refused.
    refused: Option<Problem>,
}

impl Said {
    fn new(cluster_conf: &[u8], sysconfig: Sysconfig) -> Said {
        let (config, problems) = Document::parse(cluster_conf).judge(None);
        Said { config, sysconfig, refused: problems.into_iter().find(Problem::is_error) }
    }
}

/// Compares with each node; fails if one differs or does not answer.
pub(super) fn run(place: &Place, nodes: &[String], timeout: u64) -> anyhow::Result<u8> {
    compare(place, nodes, Duration::from_secs(timeout), Path::new("ssh"))
}

fn compare(place: &Place, nodes: &[String], timeout: Duration, ssh: &Path) -> anyhow::Result<u8> {
    let path = place.cluster_conf();
    let Some(ours) = file::read(path)? else { bail!("{}: not there", path.display()) };
    let ours = Said::new(&ours, host::sysconfig(place)?.unwrap_or_else(|| Sysconfig::parse(b"")));
    if let Some(Problem { line, column, what, fix, .. }) = &ours.refused {
        bail!("{}:{line}:{column}: {what}; {fix}: correct it before comparing", path.display());
    }
    let answers: Vec<Result<Files, String>> = thread::scope(|scope| {
        let asked: Vec<_> = nodes.iter().map(|node| scope.spawn(move || remote::files(ssh, node, timeout))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap_or_else(|_| Err("reading its files failed".to_owned()))).collect()
    });
    let mut status = 0;
    let mut out = io::stdout().lock();
    for (node, answer) in nodes.iter().zip(answers) {
        let differences = match answer {
            Ok(files) => differences(&ours, &Said::new(&files.cluster_conf, Sysconfig::parse(&files.sysconfig))),
            Err(why) => {
                crate::say(&format!("o2cb: {node}: not compared: {why}"));
                status = FAILED;
                continue;
            }
        };
        for difference in &differences {
            writeln!(out, "{node}: {difference}")?;
            status = FAILED;
        }
    }
    out.flush()?;
    Ok(status)
}

/// What another node says otherwise, a line for each.
fn differences(ours: &Said, theirs: &Said) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(Problem { line, column, what, .. }) = &theirs.refused {
        found.push(format!("its cluster.conf is refused: {line}:{column}: {what}"));
    }
    for cluster in &ours.config.clusters {
        match theirs.config.clusters.iter().find(|other| other.name == cluster.name) {
            Some(other) => compare_clusters(cluster, other, &mut found),
            None => found.push(format!("cluster '{}': not there", cluster.name)),
        }
    }
    for other in &theirs.config.clusters {
        if !ours.config.clusters.iter().any(|cluster| cluster.name == other.name) {
            found.push(format!("cluster '{}': only there", other.name));
        }
    }
    compare_start(&ours.sysconfig, &theirs.sysconfig, &mut found);
    found
}

fn compare_clusters(ours: &Cluster, theirs: &Cluster, found: &mut Vec<String>) {
    let name = &ours.name;
    let mut differ = |what: String, here: &dyn std::fmt::Display, there: &dyn std::fmt::Display| {
        let (here, there) = (here.to_string(), there.to_string());
        if here != there {
            found.push(format!("cluster '{name}': {what}: here {here}, there {there}"));
        }
    };
    differ("heartbeat_mode".to_owned(), &ours.mode.word(), &theirs.mode.word());
    differ("node_count".to_owned(), &ours.node_count, &theirs.node_count);
    for node in &ours.nodes {
        if let Some(other) = theirs.nodes.iter().find(|other| other.name == node.name) {
            differ(format!("node '{}': number", node.name), &node.number, &other.number);
            differ(format!("node '{}': ip_address", node.name), &node.address, &other.address);
            differ(format!("node '{}': ip_port", node.name), &node.port, &other.port);
        }
    }
    let nodes = |cluster: &Cluster| cluster.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>();
    members(name, "node", &nodes(ours), &nodes(theirs), found);
    members(name, "heartbeat region", &ours.regions, &theirs.regions, found);
}

fn members(cluster: &str, kind: &str, ours: &[String], theirs: &[String], found: &mut Vec<String>) {
    for member in ours.iter().filter(|member| !theirs.contains(member)) {
        found.push(format!("cluster '{cluster}': {kind} '{member}': not there"));
    }
    for member in theirs.iter().filter(|member| !ours.contains(member)) {
        found.push(format!("cluster '{cluster}': {kind} '{member}': only there"));
    }
}

fn compare_start(ours: &Sysconfig, theirs: &Sysconfig, found: &mut Vec<String>) {
    for (variable, default) in [("O2CB_STACK", "o2cb"), ("O2CB_BOOTCLUSTER", "")] {
        let said = |file: &Sysconfig| match file.get(variable) {
            Value::Text(text) if !text.is_empty() => format!("'{}'", text.escape_debug()),
            Value::Text(_) | Value::Unset => format!("'{default}' (not set)"),
            Value::Unknown => "unknown without a shell".to_owned(),
        };
        let (here, there) = (said(ours), said(theirs));
        if here.trim_end_matches(" (not set)") != there.trim_end_matches(" (not set)") {
            found.push(format!("{variable}: here {here}, there {there}"));
        }
    }
    for timeout in Timeout::ALL {
        // One that is not set is the kernel's.
        let said = |file: &Sysconfig| match file.timeout(timeout) {
            TimeoutValue::Set(value) => (Some(value), value.to_string()),
            TimeoutValue::Unset => (Some(timeout.default_value()), format!("{} (not set)", timeout.default_value())),
            TimeoutValue::Unusable => (None, "unusable".to_owned()),
        };
        let ((here, here_text), (there, there_text)) = (said(ours), said(theirs));
        if here != there || here.is_none() {
            found.push(format!("{}: here {here_text}, there {there_text}", timeout.variable()));
        }
    }
}

#[cfg(test)]
mod tests;
