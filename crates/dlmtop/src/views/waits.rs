//! Who waits for whom: a verdict for each file system, then each chain as a tree from what blocks it, then deadlocks.

use crate::units::{Clock, span};
use model::Snapshot;
use model::verdict::{FileSystemVerdict, Verdict};
use model::wait_memory::{StuckSince, WaitEpisode};
use model::waits::{Actor, Blocker, Chain, Cycle, Reason, Waiter, length, subject};
use serde_json::{Value, json};

/// As text.
pub fn lines(snapshot: &Snapshot, clock: &Clock) -> Vec<String> {
    let mut lines = Vec::new();
    for view in &snapshot.file_systems {
        lines.push(format!(
            "{}: {}",
            view.title(),
            view.verdict.as_ref().map_or_else(|| "not read".to_owned(), |told| headline(told, clock))
        ));
    }
    for cycle in &snapshot.waits.cycles {
        lines.push(String::new());
        lines.push(format!("DEADLOCK  {}", cycle.sentence(&snapshot.nodes)));
        for edge in &cycle.edges {
            lines.push(format!("    {}", waiter_line(snapshot, &edge.waiter)));
        }
        for waiter in &cycle.waiters {
            tree(snapshot, waiter, 2, &mut lines);
        }
    }
    for (chain, stuck) in snapshot.waits.chains.iter().zip(&snapshot.stuck_chains) {
        lines.push(String::new());
        let since = stuck.map_or_else(String::new, |stuck| format!("  STUCK{}", since(stuck, clock)));
        lines.push(format!("{}{since}", chain.sentence(&snapshot.nodes)));
        for evidence in chain.evidence(&snapshot.nodes, 0) {
            lines.push(format!("    {evidence}"));
        }
        task_lines(snapshot, &chain.root.actor, 6, &mut lines);
        for waiter in &chain.waiters {
            tree(snapshot, waiter, 2, &mut lines);
        }
    }
    if snapshot.waits.chains.is_empty() && snapshot.waits.cycles.is_empty() {
        lines.push("nobody waits for a lock".to_owned());
    }
    for (node, why) in &snapshot.unseen_processes {
        lines.push(format!(" ! {}: {why}", snapshot.node_name(*node)));
    }
    for episode in ended(snapshot) {
        lines.push(ended_line(snapshot, episode, clock));
    }
    lines
}

/// The waits that ended with this snapshot.
fn ended(snapshot: &Snapshot) -> impl Iterator<Item = &WaitEpisode> {
    snapshot.ended_waits.iter().filter(|episode| episode.ended == Some(snapshot.at))
}

/// The verdict in one line.
pub fn headline(told: &FileSystemVerdict, clock: &Clock) -> String {
    let word = match told.verdict {
        Verdict::Ok => "OK".to_owned(),
        Verdict::Stuck { since_us: Some(us) } => format!("STUCK since {}", clock.time(us)),
        Verdict::Stuck { since_us: None } => "STUCK".to_owned(),
        other => other.word().to_uppercase(),
    };
    let more = match told.also.len() {
        0 => String::new(),
        more => format!("  (and {more} more)"),
    };
    format!("{word}  {}{more}", told.sentence)
}

fn since(stuck: StuckSince, clock: &Clock) -> String {
    let least = if stuck.at_least { "at least " } else { "" };
    match stuck.since_us {
        Some(us) => format!(" since {} ({least}{})", clock.time(us), span(stuck.for_ns)),
        None => format!(" for {least}{}", span(stuck.for_ns)),
    }
}

fn tree(snapshot: &Snapshot, waiter: &Waiter, depth: usize, lines: &mut Vec<String>) {
    let indent = " ".repeat(depth * 2);
    lines.push(format!("{indent}{}", waiter_line(snapshot, waiter)));
    task_lines(snapshot, &waiter.actor, depth * 2 + 4, lines);
    for child in &waiter.children {
        lines.push(format!("{indent}  holds {}:", subject(&child.resource, None)));
        tree(snapshot, child, depth + 2, lines);
    }
}

/// One who waits, in one line: who, for what mode, for how long, where and why.
pub fn waiter_line(snapshot: &Snapshot, waiter: &Waiter) -> String {
    let mut line = waiter.actor.word(&snapshot.nodes);
    if waiter.processes > 1 {
        line += &format!(" ({}{} processes)", if waiter.processes_at_least { "at least " } else { "" }, waiter.processes);
    }
    line += " waits";
    if let Some(mode) = waiter.mode {
        line += &format!(" for {mode}");
    }
    if let Some(ns) = waiter.age_ns.filter(|ns| *ns > 0 || !waiter.at_least) {
        line += &format!(" {}", length(ns, waiter.at_least));
    }
    if let Some(symbol) = &waiter.symbol {
        line += &format!(" in {symbol}");
    }
    if let Some(reason) = waiter.reason {
        line += &format!(": {}", reason.words());
    }
    line
}

/// Where a process sleeps, and what it has open.
fn task_lines(snapshot: &Snapshot, actor: &Actor, indent: usize, lines: &mut Vec<String>) {
    let (Some(node), Some(pid)) = (actor.node, actor.pid) else { return };
    let Some((_, tasks)) = snapshot.tasks.iter().find(|(of, _)| *of == node) else { return };
    let Some(task) = tasks.tasks.iter().find(|task| task.pid == pid) else { return };
    let indent = " ".repeat(indent);
    if !task.stack.is_empty() {
        lines.push(format!("{indent}sleeps in {}", task.stack.join(" < ")));
    }
    for file in task.files.iter().filter_map(|file| file.path.as_ref()) {
        lines.push(format!("{indent}has open {file}"));
    }
}

/// A stuck wait that is over, in one line.
pub fn ended_line(snapshot: &Snapshot, episode: &WaitEpisode, clock: &Clock) -> String {
    let what = episode.resource.as_ref().map_or_else(|| "a lock".to_owned(), |name| subject(name, None));
    let from = episode.since_us.map_or_else(String::new, |us| format!(" since {}", clock.time(us)));
    let until = match (episode.last_seen.realtime_us, episode.ended.and_then(|ended| ended.realtime_us)) {
        (Some(seen), Some(ended)) => format!(", ended between {} and {}", clock.time(seen), clock.time(ended)),
        _ => String::new(),
    };
    let waiters: Vec<String> = episode
        .waiters
        .iter()
        .map(|waited| format!("{} ({})", waited.actor.word(&snapshot.nodes), length(waited.longest_ns, waited.at_least)))
        .collect();
    format!("ended: {what} was stuck{from}{until}: {}; waited: {}", episode.blocker.words(&snapshot.nodes), waiters.join(", "))
}

/// As JSON.
pub fn json(snapshot: &Snapshot) -> Value {
    json!({
        "verdicts": snapshot.file_systems.iter().map(|view| json!({
            "uuid": view.uuid,
            "mount_points": view.mount_points,
            "verdict": view.verdict.as_ref().map(verdict),
        })).collect::<Vec<_>>(),
        "chains": snapshot.waits.chains.iter().zip(&snapshot.stuck_chains).map(|(chain, stuck)| chain_object(snapshot, chain, *stuck)).collect::<Vec<_>>(),
        "deadlocks": snapshot.waits.cycles.iter().map(|cycle| cycle_object(snapshot, cycle)).collect::<Vec<_>>(),
        "ended": ended(snapshot).map(|episode| episode_object(snapshot, episode)).collect::<Vec<_>>(),
    })
}

/// A verdict as JSON.
pub fn verdict(told: &FileSystemVerdict) -> Value {
    let since_us = match told.verdict {
        Verdict::Stuck { since_us } => since_us,
        _ => None,
    };
    json!({
        "word": told.verdict.word(),
        "since_us": since_us,
        "sentence": told.sentence,
        "evidence": told.evidence,
        "also": told.also,
    })
}

fn actor(snapshot: &Snapshot, actor: &Actor) -> Value {
    json!({
        "node": actor.node_word(&snapshot.nodes),
        "node_number": actor.number,
        "pid": actor.pid,
        "comm": actor.comm,
        "pid_by": actor.pid_by.words(),
    })
}

fn blocker(snapshot: &Snapshot, blocker: &Blocker) -> Value {
    json!({
        "words": blocker.words(&snapshot.nodes),
        "actor": actor(snapshot, &blocker.actor),
        "mode": blocker.mode.map(|mode| mode.to_string()),
        "symbol": blocker.symbol,
        "for_ns": blocker.for_ns,
        "at_least": blocker.at_least,
        "asked_ago_ns": blocker.asked_ago_ns,
        "reason": blocker.reason.map(Reason::words),
        "evidence": blocker.said,
        "task": task(snapshot, &blocker.actor),
    })
}

fn waiter(snapshot: &Snapshot, of: &Waiter) -> Value {
    json!({
        "lockspace": of.lockspace,
        "resource": of.resource.to_string(),
        "actor": actor(snapshot, &of.actor),
        "mode": of.mode.map(|mode| mode.to_string()),
        "for_ns": of.age_ns,
        "at_least": of.at_least,
        "symbol": of.symbol,
        "reason": of.reason.map(Reason::words),
        "processes": of.processes,
        "processes_at_least": of.processes_at_least,
        "evidence": of.said,
        "task": task(snapshot, &of.actor),
        "waiters": of.children.iter().map(|child| waiter(snapshot, child)).collect::<Vec<_>>(),
    })
}

fn task(snapshot: &Snapshot, actor: &Actor) -> Value {
    let tasks = snapshot.tasks.iter().find(|(node, _)| Some(*node) == actor.node).map(|(_, tasks)| tasks);
    let task = tasks.and_then(|tasks| tasks.tasks.iter().find(|task| Some(task.pid) == actor.pid));
    task.map_or(Value::Null, |task| json!({ "state": task.state, "stack": task.stack, "files": task.files }))
}

fn chain_object(snapshot: &Snapshot, chain: &Chain, stuck: Option<StuckSince>) -> Value {
    json!({
        "sentence": chain.sentence(&snapshot.nodes),
        "lockspace": chain.lockspace,
        "dlm": chain.dlm.word(),
        "uuid": chain.file_system,
        "resource": chain.resource.as_ref().map(ToString::to_string),
        "inode": chain.resource.as_ref().and_then(formats::dlm::ResourceName::inode),
        "directory": chain.directory,
        "path": chain.path,
        "path_said": chain.path_said,
        "stuck": stuck.map(|stuck| json!({ "since_us": stuck.since_us, "for_ns": stuck.for_ns, "at_least": stuck.at_least })),
        "root": blocker(snapshot, &chain.root),
        "also": chain.also.iter().map(|other| blocker(snapshot, other)).collect::<Vec<_>>(),
        "longest_wait_ns": chain.longest_wait_ns,
        "longest_at_least": chain.longest_at_least,
        "waiting_processes": chain.waiting_processes,
        "waiting_nodes": chain.waiting_nodes,
        "waiters": chain.waiters.iter().map(|child| waiter(snapshot, child)).collect::<Vec<_>>(),
    })
}

fn cycle_object(snapshot: &Snapshot, cycle: &Cycle) -> Value {
    json!({
        "sentence": cycle.sentence(&snapshot.nodes),
        "edges": cycle.edges.iter().map(|edge| json!({
            "waiter": waiter(snapshot, &edge.waiter),
            "blocker": blocker(snapshot, &edge.blocker),
        })).collect::<Vec<_>>(),
        "waiters": cycle.waiters.iter().map(|child| waiter(snapshot, child)).collect::<Vec<_>>(),
        "longest_wait_ns": cycle.longest_wait_ns,
    })
}

fn episode_object(snapshot: &Snapshot, episode: &WaitEpisode) -> Value {
    json!({
        "lockspace": episode.lockspace,
        "resource": episode.resource.as_ref().map(ToString::to_string),
        "inode": episode.resource.as_ref().and_then(formats::dlm::ResourceName::inode),
        "since_us": episode.since_us,
        "last_seen_us": episode.last_seen.realtime_us,
        "ended_before_us": episode.ended.and_then(|ended| ended.realtime_us),
        "blocker": blocker(snapshot, &episode.blocker),
        "waits": episode.waiters.iter().map(|waited| json!({
            "actor": actor(snapshot, &waited.actor),
            "mode": waited.mode.map(|mode| mode.to_string()),
            "longest_ns": waited.longest_ns,
            "at_least": waited.at_least,
        })).collect::<Vec<_>>(),
    })
}
