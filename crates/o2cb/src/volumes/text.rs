//! The listings as text: the columns of `mounted.ocfs2`.

use super::detail::Detail;
use super::in_use::Use;
use super::survey::Found;
use formats::ocfs2_disk::{Stack, Superblock};
use std::fmt::Write as _;
use terminal::clean;

/// Least width of the columns Device and Cluster.
const LEAST: usize = 7;

/// Stack as `mounted.ocfs2` names it: `None` for a local volume, and `o2cb` where the volume names none.
pub fn stack_name(superblock: &Superblock) -> &str {
    match superblock.stack() {
        Stack::Local => "None",
        Stack::Classic => "o2cb",
        Stack::Named(name) => name,
    }
}

fn cluster_name(superblock: &Superblock) -> &str {
    match superblock.stack() {
        Stack::Local => "",
        _ => superblock.cluster.as_ref().map_or("", |cluster| cluster.name.as_str()),
    }
}

/// Device, stack, cluster, flag, UUID and label.
pub fn quick(volumes: &[Found]) -> String {
    let rows = volumes.iter().map(|volume| format!("{:32}  {}", volume.superblock.uuid_text(), clean(&volume.superblock.label)));
    table(volumes, &format!("{:32}  Label", "UUID"), rows.collect())
}

/// Device, stack, cluster, flag and nodes.
pub fn full(volumes: &[Found], details: &[Detail]) -> String {
    table(volumes, "Nodes", volumes.iter().zip(details).map(|(volume, detail)| nodes(volume, detail)).collect())
}

fn table(volumes: &[Found], last: &str, rows: Vec<String>) -> String {
    let devices: Vec<String> = volumes.iter().map(|volume| volume.path.display().to_string()).collect();
    let width = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0).max(LEAST);
    let device_width = width(&mut devices.iter().map(|device| device.chars().count()));
    let cluster_width = width(&mut volumes.iter().map(|volume| clean(cluster_name(&volume.superblock)).chars().count()));
    let mut text = String::new();
    let mut line = |device: &str, stack: &str, cluster: &str, flag: &str, rest: &str| {
        let line = format!("{device:device_width$}  {stack:5}  {cluster:cluster_width$}  {flag:1}  {rest}");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    };
    line("Device", "Stack", "Cluster", "F", last);
    for ((volume, device), rest) in volumes.iter().zip(&devices).zip(rows) {
        let superblock = &volume.superblock;
        let flag = if superblock.global_heartbeat() { "G" } else { "" };
        line(device, &clean(stack_name(superblock)), &clean(cluster_name(superblock)), flag, &rest);
    }
    text
}

fn nodes(volume: &Found, detail: &Detail) -> String {
    let mut text = match &detail.slot_map {
        Err(_) => "Unknown".to_owned(),
        Ok(None) => "Heartbeat device".to_owned(),
        Ok(Some(_)) if detail.nodes.is_empty() => "Not mounted".to_owned(),
        Ok(Some(_)) => {
            let words = detail.nodes.iter().map(|node| {
                let name = detail.node_name(node.node);
                match &node.state {
                    Use::Mounted => name,
                    Use::Stale(_) => format!("{name} (stale)"),
                    Use::Unknown(why) => format!("{name} (unknown: {why})"),
                }
            });
            words.collect::<Vec<_>>().join(", ")
        }
    };
    if !detail.others.is_empty() {
        let others: Vec<_> = detail.others.iter().map(|node| detail.node_name(u32::from(*node))).collect();
        let what = if volume.superblock.features.heartbeat_only() { "beating" } else { "beating without a slot" };
        text.push_str(&format!("; {what}: {}", others.join(", ")));
    }
    text
}
