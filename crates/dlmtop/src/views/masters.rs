//! Who masters how many lock resources, and for whom.

use super::names;
use model::Snapshot;
use model::lockspace::LockspaceView;
use model::masters::{MasterAlarm, MasterShare, Masters};
use model::suspects::Suspect;
use model::{Rules, masters::masters};
use serde_json::{Value, json};

/// As text.
pub fn lines(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    for view in &snapshot.lockspaces {
        let told = masters(view, &Rules::default());
        lines.push(names::lockspace(snapshot, view));
        if let Some(alarm) = &told.alarm {
            lines.push(format!("!! {}", alarm.text));
            lines.extend(alarm.evidence.iter().map(|evidence| format!("   {evidence}")));
        }
        table(snapshot, view, &told, &mut lines);
        lines.extend(names::old_lists(snapshot, view));
        for on_node in &view.nodes {
            if let Some(cut) = &on_node.reading.cut {
                lines.push(format!(" ! {}: not all was read: {cut}", snapshot.node_name(on_node.node)));
            }
        }
        lines.push(String::new());
    }
    if lines.is_empty() {
        lines.push("no lockspace is seen: no GFS2 or OCFS2 is mounted on the nodes, or debugfs cannot be read".to_owned());
    }
    lines
}

fn table(snapshot: &Snapshot, view: &LockspaceView, told: &Masters, lines: &mut Vec<String>) {
    let header = ["NODE", "NUMBER", "GLOCKS", "RESOURCES", "MASTERED", "SHARE", "UNUSED", "COPIES BY MASTER", "DIRECTORY BY MASTER"];
    let mut rows: Vec<[String; 9]> = vec![header.map(str::to_owned)];
    for member in &view.members {
        let counted = told.members.iter().find(|of| member.node == Some(of.node) || (of.number == Some(member.number)));
        let share = told.shares.iter().find(|share| share.number == member.number);
        let by_master = |counts: &[(u32, u64)]| {
            let words = counts.iter().map(|(number, count)| format!("{} {count}", view.node_word(Some(*number), None, &snapshot.nodes)));
            words.collect::<Vec<_>>().join(", ")
        };
        let glocks =
            member.node.and_then(|node| view.nodes.iter().find(|on_node| on_node.node == node)).and_then(|on_node| on_node.glocks.as_ref());
        let count = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
        let left = if member.member == Some(false) { " (left)" } else { "" };
        rows.push([
            format!("{}{left}", member.name),
            member.number.to_string(),
            glocks.map_or_else(|| "-".to_owned(), |types| types.iter().map(|(_, count)| count).sum::<u64>().to_string()),
            count(counted.map(|of| of.resources)),
            share.map_or_else(|| count(counted.map(|of| of.mastered)), mastered_word),
            share.map_or_else(|| "?".to_owned(), share_word),
            count(counted.map(|of| of.mastered_unused)),
            counted.map_or_else(String::new, |of| by_master(&of.copies)),
            counted.and_then(|of| of.directory.as_ref()).map_or_else(String::new, |directory| by_master(directory)),
        ]);
    }
    let widths: Vec<usize> = (0..header.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let cells =
            row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if (1..7).contains(&column) { format!("{cell:>width$}") } else { format!("{cell:width$}") }
            });
        lines.push(format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end()));
    }
    match told.resources {
        Some(resources) if told.shares.iter().any(|share| share.estimated) => {
            lines.push(format!("  about {resources} resources in all; ~ is an estimate from the directories of the nodes that were read, ± its standard error"));
        }
        Some(resources) => lines.push(format!("  {resources} resources in all")),
        None => lines.push("  shares are not known: not every member was read, and no directory was".to_owned()),
    }
}

fn mastered_word(share: &MasterShare) -> String {
    match share.mastered {
        Some(mastered) if share.estimated => format!("~{mastered}"),
        Some(mastered) => mastered.to_string(),
        None => "?".to_owned(),
    }
}

fn share_word(share: &MasterShare) -> String {
    let percent = f64::from(share.share_permille) / 10.0;
    match share.standard_error_permille {
        Some(error) if share.estimated => format!("~{percent:.1}% ±{:.1}", f64::from(error) / 10.0),
        _ => format!("{percent:.1}%"),
    }
}

/// As JSON.
pub fn json(snapshot: &Snapshot) -> Value {
    json!({ "lockspaces": snapshot.lockspaces.iter().map(|view| lockspace(snapshot, view)).collect::<Vec<_>>() })
}

fn suspects(alarm: &MasterAlarm) -> Value {
    let object = |suspect: &Suspect| {
        json!({
            "pid": suspect.pid,
            "comm": suspect.comm,
            "inodes": suspect.inodes,
            "of": suspect.of,
            "share_permille": suspect.permille(),
        })
    };
    alarm.suspects.iter().map(object).collect()
}

fn lockspace(snapshot: &Snapshot, view: &LockspaceView) -> Value {
    let told = masters(view, &Rules::default());
    let by_master = |counts: &[(u32, u64)]| -> Value {
        counts
            .iter()
            .map(
                |(number, count)| json!({ "master": number, "node": view.node_word(Some(*number), None, &snapshot.nodes), "count": count }),
            )
            .collect()
    };
    json!({
        "lockspace": view.name,
        "dlm": view.dlm.word(),
        "uuid": view.file_system,
        "resources": told.resources,
        "alarm": told.alarm.as_ref().map(|alarm| json!({ "number": alarm.number, "text": alarm.text, "evidence": alarm.evidence, "suspects": suspects(alarm) })),
        "members": view.members.iter().map(|member| {
            let share = told.shares.iter().find(|share| share.number == member.number);
            json!({
                "number": member.number,
                "node": member.name,
                "address": member.address,
                "member": member.member,
                "mastered": share.and_then(|share| share.mastered),
                "share_permille": share.map(|share| share.share_permille),
                "estimated": share.map(|share| share.estimated),
                "standard_error_permille": share.and_then(|share| share.standard_error_permille),
            })
        }).collect::<Vec<_>>(),
        "nodes": view.nodes.iter().map(|on_node| {
            let counted = told.members.iter().find(|of| of.node == on_node.node);
            json!({
                "node": snapshot.node_name(on_node.node),
                "number": on_node.own_number,
                "glocks": on_node.glocks.as_ref().map(|types| types.iter().map(|(kind, count)| json!({ "type": kind.word(), "count": count })).collect::<Vec<_>>()),
                "resources": counted.map(|of| of.resources),
                "mastered": counted.map(|of| of.mastered),
                "mastered_unused": counted.map(|of| of.mastered_unused),
                "copies": counted.map(|of| by_master(&of.copies)),
                "directory": counted.and_then(|of| of.directory.as_ref()).map(|directory| by_master(directory)),
                "directory_cut": counted.map(|of| of.directory_cut),
                "file": on_node.reading.file,
                "bytes": on_node.reading.bytes,
                "cut": on_node.reading.cut,
                "age_us": on_node.age_us,
                "recovery": on_node.recovery,
            })
        }).collect::<Vec<_>>(),
    })
}
