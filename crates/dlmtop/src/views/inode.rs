//! Everything about one inode: its locks on every node, the resources behind them, their queues and masters.

use super::names;
use crate::settings::Settings;
use crate::units::span;
use formats::dlm::ResourceName;
use model::lockspace::{Local, LockView, LockspaceView, ResourceView};
use model::{NodeFigures, Snapshot};
use sample::GlockSample;
use serde_json::{Value, json};

fn resources(view: &LockspaceView, inode: u64) -> impl Iterator<Item = &ResourceView> {
    view.resources.iter().filter(move |resource| resource.name.inode() == Some(inode))
}

/// As text.
pub fn lines(snapshot: &Snapshot, inode: u64, settings: &Settings) -> Vec<String> {
    let mut lines = vec![format!("inode {inode} (0x{inode:x})")];
    let mut found = false;
    for view in &snapshot.lockspaces {
        let of_inode: Vec<&ResourceView> = resources(view, inode).collect();
        if of_inode.is_empty() {
            continue;
        }
        found = true;
        lines.push(names::lockspace(snapshot, view));
        for resource in of_inode {
            resource_lines(snapshot, view, resource, settings, &mut lines);
        }
        lines.extend(names::old_lists(snapshot, view));
        for on_node in &view.nodes {
            if let Some(cut) = &on_node.reading.cut {
                lines.push(format!(" ! {}: not all was read: {cut}", snapshot.node_name(on_node.node)));
            }
        }
    }
    if !found {
        lines.push("no node has a lock or a resource of it: it is in nobody's cache, or there is no such inode".to_owned());
    }
    for (node, tasks) in &snapshot.tasks {
        for task in tasks.tasks.iter().filter(|task| task.files.iter().any(|file| file.inode == Some(inode))) {
            for file in task.files.iter().filter(|file| file.inode == Some(inode)) {
                let path = file.path.as_deref().unwrap_or("a path that is not told");
                lines.push(format!("  {} pid {} {} has {path} open", snapshot.node_name(*node), task.pid, task.comm));
            }
        }
    }
    for (node, tasks) in &snapshot.tasks {
        for of in tasks.paths.iter().filter(|of| of.inode == inode) {
            let place = snapshot.file_system(&of.file_system).map_or(of.file_system.as_str(), model::FileSystemView::title);
            let name = snapshot.node_name(*node);
            lines.push(match &of.told {
                Ok(path) => format!("  {name}: path {path}, by its file handle, {}", ago(of.ago_ns)),
                Err(why) => format!("  {name}: no path on {place} by its file handle: {why}"),
            });
        }
    }
    lines
}

fn ago(ns: u64) -> String {
    if ns < 1_000_000_000 { "just now".to_owned() } else { format!("{} ago", span(ns)) }
}

fn resource_lines(snapshot: &Snapshot, view: &LockspaceView, resource: &ResourceView, settings: &Settings, lines: &mut Vec<String>) {
    let master = match resource.master.number {
        Some(number) => format!("mastered by {}", view.node_word(Some(number), None, &snapshot.nodes)),
        None if !resource.master.looked_up_by.is_empty() => "its master is being looked up".to_owned(),
        None if !view.nodes.iter().any(|on_node| !on_node.reading.file.is_empty()) => "the DLM's list was not read".to_owned(),
        None if resource.locks.is_empty() && resource.inactive_on.is_empty() => "no resource in the DLM is seen".to_owned(),
        None => "its master is not told".to_owned(),
    };
    lines.push(format!("  {}  {}: {master}", resource.name, kind_words(&resource.name)));
    for (node, number) in &resource.master.contradictions {
        let (who, whom) = (snapshot.node_name(*node), view.node_word(Some(*number), None, &snapshot.nodes));
        lines.push(format!("      {who} says that {whom} masters it (read at another moment)"));
    }
    if let Some(state) = &resource.state {
        lines.push(format!("      {state}"));
    }
    for lock in &resource.locks {
        lines.push(format!("      {}", lock_line(snapshot, view, lock)));
    }
    for (node, local) in &resource.locals {
        let name = snapshot.node_name(*node);
        match local {
            Local::Glock(glock) => lines.extend(glock_lines(glock).into_iter().map(|line| format!("      {name}: {line}"))),
            Local::Lockres(figures) => lines.push(format!("      {name}: {}", lockres_line(figures))),
        }
    }
    for node in &resource.inactive_on {
        lines.push(format!("      {}: kept without a lock for a while", snapshot.node_name(*node)));
    }
    if settings.detail
        && let Some(lvb) = &resource.lvb
    {
        lines.push(format!("      LVB {lvb}"));
    }
}

fn kind_words(name: &ResourceName) -> String {
    match (name.glock(), name.ocfs2()) {
        (Some(glock), _) => format!("{} glock ({})", glock.kind.word(), glock.kind.protects()),
        (None, Some(lock)) => format!("{} lock ({})", lock.kind().word(), lock.kind().protects()),
        (None, None) => "another program's".to_owned(),
    }
}

/// One lock of the DLM in words.
fn lock_line(snapshot: &Snapshot, view: &LockspaceView, lock: &LockView) -> String {
    let mut line = format!("DLM: {} {}", view.node_word(lock.number, lock.node, &snapshot.nodes), lock.queue.word());
    if lock.granted != formats::Mode::IV {
        line += &format!(" {}", lock.granted);
    }
    if let Some(requested) = lock.requested {
        line += &format!(", wants {requested}");
    }
    if let Some(age) = lock.age_ns {
        line += &format!(", for {}", span(age));
    }
    if let Some(asked) = lock.asked_ago_ns {
        line += &format!(", last asked to give way {} ago", span(asked));
    }
    if let Some(pid) = lock.pid {
        line += &format!(", last request by pid {pid}");
    }
    if lock.disagree {
        line += " (master and owner were read at different moments)";
    }
    line
}

fn glock_lines(glock: &GlockSample) -> Vec<String> {
    if glock.state.is_empty() {
        return vec!["glock was freed while it was read".to_owned()];
    }
    let mut line = format!("glock {}", glock.state);
    if glock.target != glock.state {
        line += &format!(", goes to {}", glock.target);
    }
    line += &format!(", flags {}", if glock.flags.is_empty() { "none" } else { &glock.flags });
    if !glock.flags_words.is_empty() {
        line += &format!(" ({})", glock.flags_words);
    }
    if let Some(demote) = &glock.demote {
        line += &format!(", asked {} ago to go to {}", span(demote.for_ns), demote.state);
    }
    let mut lines = vec![line];
    if let Some(stats) = &glock.stats {
        let since = if stats.over_ns.is_some() { "in the interval" } else { "since it was made" };
        lines.push(format!("  {} DLM requests, {} lock calls {since}", stats.dlm_requests, stats.queued));
    }
    for holder in &glock.holders {
        let who = holder.pid.map_or_else(|| "a holder without pid".to_owned(), |pid| format!("pid {pid} {}", holder.comm));
        let does = if holder.waiting { "waits for" } else { "holds" };
        lines.push(format!("  {who} {does} {} in {}", holder.state, holder.symbol));
    }
    if glock.holders_omitted > 0 {
        lines.push(format!("  and {} more", glock.holders_omitted));
    }
    lines
}

fn lockres_line(part: &NodeFigures) -> String {
    let state = &part.state;
    let wait = part.figures.wait.as_ref().map_or_else(String::new, |wait| format!(", waits for {} {}", wait.wanted, span(wait.for_ns)));
    format!(
        "lockres level {}, requested {}, blocking {}, flags {}, holders {} PR {} EX{wait}",
        state.level, state.requested, state.blocking, state.flags, state.ro_holders, state.ex_holders
    )
}

/// As JSON.
pub fn json(snapshot: &Snapshot, inode: u64) -> Value {
    json!({
        "inode": inode,
        "hex": format!("{inode:x}"),
        "lockspaces": snapshot.lockspaces.iter().filter(|view| resources(view, inode).next().is_some()).map(|view| json!({
            "lockspace": view.name,
            "dlm": view.dlm.word(),
            "uuid": view.file_system,
            "kind": view.file_system.as_deref().and_then(|uuid| snapshot.file_system(uuid)).map(|view| view.kind.word()),
            "resources": resources(view, inode).map(|resource| resource_object(snapshot, view, resource)).collect::<Vec<_>>(),
            "not_read": view.nodes.iter().filter_map(|on_node| Some(json!({ "node": snapshot.node_name(on_node.node), "why": on_node.reading.cut.as_ref()? }))).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "paths": snapshot.tasks.iter().flat_map(|(node, tasks)| tasks.paths.iter().filter(|of| of.inode == inode).map(move |of| json!({
            "node": snapshot.node_name(*node),
            "uuid": of.file_system,
            "path": of.told.as_ref().ok(),
            "why_not": of.told.as_ref().err(),
            "ago_ns": of.ago_ns,
        }))).collect::<Vec<_>>(),
        "open_by": snapshot.tasks.iter().flat_map(|(node, tasks)| tasks.tasks.iter().flat_map(move |task| {
            task.files.iter().filter(move |file| file.inode == Some(inode)).map(move |file| json!({
                "node": snapshot.node_name(*node), "pid": task.pid, "comm": task.comm, "path": file.path,
            }))
        })).collect::<Vec<_>>(),
    })
}

fn resource_object(snapshot: &Snapshot, view: &LockspaceView, resource: &ResourceView) -> Value {
    let word = |number: u32| view.node_word(Some(number), None, &snapshot.nodes);
    json!({
        "name": resource.name.to_string(),
        "type": resource.name.glock().map(|glock| glock.kind.word()).or_else(|| resource.name.ocfs2().map(|lock| lock.kind().word())),
        "master": resource.master.number.map(word),
        "master_number": resource.master.number,
        "master_told_by": resource.master.told_by.iter().map(|node| snapshot.node_name(*node)).collect::<Vec<_>>(),
        "master_contradicted_by": resource.master.contradictions.iter().map(|(node, number)| json!({ "node": snapshot.node_name(*node), "says": word(*number) })).collect::<Vec<_>>(),
        "state": resource.state,
        "lvb": resource.lvb,
        "locks": resource.locks.iter().map(|lock| json!({
            "node": view.node_word(lock.number, lock.node, &snapshot.nodes),
            "node_number": lock.number,
            "queue": lock.queue.word(),
            "granted": lock.granted.to_string(),
            "requested": lock.requested.map(|mode| mode.to_string()),
            "last_request_pid": lock.pid,
            "age_ns": lock.age_ns,
            "asked_ago_ns": lock.asked_ago_ns,
            "told_by_master": lock.told_by_master,
            "told_by_owner": lock.told_by_owner,
            "disagree": lock.disagree,
        })).collect::<Vec<_>>(),
        "glocks": resource.locals.iter().filter_map(|(node, local)| match local {
            Local::Glock(glock) => Some(json!({ "node": snapshot.node_name(*node), "glock": glock })),
            Local::Lockres(_) => None,
        }).collect::<Vec<_>>(),
        "lockres": resource.locals.iter().filter_map(|(node, local)| match local {
            Local::Lockres(figures) => Some(json!({
                "node": snapshot.node_name(*node),
                "level": figures.state.level.to_string(),
                "requested": figures.state.requested.to_string(),
                "blocking": figures.state.blocking.to_string(),
                "flags_words": figures.state.flags.to_string(),
                "ro_holders": figures.state.ro_holders,
                "ex_holders": figures.state.ex_holders,
                "waiting_ns": figures.figures.wait.as_ref().map(|wait| wait.for_ns),
            })),
            Local::Glock(_) => None,
        }).collect::<Vec<_>>(),
        "inactive_on": resource.inactive_on.iter().map(|node| snapshot.node_name(*node)).collect::<Vec<_>>(),
        "referenced_by": resource.referenced_by.iter().map(|number| word(*number)).collect::<Vec<_>>(),
    })
}
