//! One verdict for each file system: what stands on top of the screen.

use crate::lockspace::LockspaceView;
use crate::rules::Rules;
use crate::time::ViewTime;
use crate::wait_memory::StuckSince;
use crate::waits::{Waits, length};
use sample::gfs2::Gfs2Health;

/// How a file system is, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nobody waits for long.
    Ok,
    /// Somebody waits for longer than [`Rules::slow_after_ns`].
    Slow,
    /// Frozen on purpose (`fsfreeze`): who writes waits.
    Frozen,
    /// A node or a journal is being recovered.
    Recovering,
    /// The same waiters wait in two moments, for longer than [`Rules::stuck_after_ns`], or for each other.
    Stuck {
        /// Start of the oldest wait, µs since the epoch by the viewer's clock, if that is known.
        since_us: Option<u64>,
    },
    /// A node took the file system out of service after an error.
    Withdrawn,
}

impl Verdict {
    /// In one word, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Slow => "slow",
            Verdict::Frozen => "frozen",
            Verdict::Recovering => "recovering",
            Verdict::Stuck { .. } => "stuck",
            Verdict::Withdrawn => "withdrawn",
        }
    }
}

/// The verdict with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystemVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// In one sentence; the worst first, if several things are the matter.
    pub sentence: String,
    /// What was read where, and the rule; a line each.
    pub evidence: Vec<String>,
    /// Sentences of what else is the matter, worst first.
    pub also: Vec<String>,
    /// Watched nodes that it is about.
    pub nodes: Vec<usize>,
}

/// What a verdict is made from.
#[derive(Clone, Copy, Debug)]
pub struct VerdictInput<'a> {
    /// The file system, as in [`sample::FileSystem::uuid`].
    pub file_system: &'a str,
    /// Its lockspace, if one was read or made from the file system's own view.
    pub lockspace: Option<&'a LockspaceView>,
    /// What GFS2 says of its mounts, by watched node.
    pub gfs2: &'a [(usize, &'a Gfs2Health)],
    /// All waits.
    pub waits: &'a Waits,
    /// Which of `waits.chains` are stuck, in their order.
    pub stuck: &'a [Option<StuckSince>],
    /// Names of the watched nodes.
    pub names: &'a [String],
    /// The rules in force.
    pub rules: &'a Rules,
    /// The moment.
    pub now: ViewTime,
}

/// Waiters whose evidence is told, at most.
const MOST_WAITERS: usize = 10;

/// The verdict on a file system; `None` if nothing was read of it.
pub fn verdict(input: &VerdictInput<'_>) -> Option<FileSystemVerdict> {
    let mut matters = Vec::new();
    health(input, &mut matters);
    recovery(input, &mut matters);
    unanswered(input, &mut matters);
    chains(input, &mut matters);
    cycles(input, &mut matters);
    // Of equal ones, what was found first: chains come by the longest wait.
    matters.sort_by_key(|matter| std::cmp::Reverse(rank(matter.verdict)));
    let mut matters = matters.into_iter();
    let Some(mut worst) = matters.next() else {
        let read = input.lockspace.is_some() || !input.gfs2.is_empty();
        return read.then(|| ok(input));
    };
    worst.also = matters.map(|matter| matter.sentence).collect();
    Some(worst)
}

/// Verdicts by how bad they are, whenever they began.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::Slow => 1,
        Verdict::Frozen => 2,
        Verdict::Stuck { .. } => 3,
        // What is recovered explains what is stuck.
        Verdict::Recovering => 4,
        Verdict::Withdrawn => 5,
    }
}

fn matter(verdict: Verdict, sentence: String, evidence: Vec<String>, nodes: Vec<usize>) -> FileSystemVerdict {
    FileSystemVerdict { verdict, sentence, evidence, also: Vec::new(), nodes }
}

fn ok(input: &VerdictInput<'_>) -> FileSystemVerdict {
    let rule = format!("rule: nobody waits for {} or longer", length(input.rules.slow_after_ns, false));
    let mut nodes: Vec<usize> = input.gfs2.iter().map(|(node, _)| *node).collect();
    nodes.extend(input.lockspace.into_iter().flat_map(|view| &view.nodes).map(|on_node| on_node.node));
    nodes.sort_unstable();
    nodes.dedup();
    let read: Vec<String> = nodes.iter().map(|node| name(input, *node)).collect();
    matter(Verdict::Ok, "nobody waits for long".to_owned(), vec![format!("read on: {}", read.join(", ")), rule], nodes)
}

fn name(input: &VerdictInput<'_>, node: usize) -> String {
    input.names.get(node).cloned().unwrap_or_else(|| "a node that is not told".to_owned())
}

fn health(input: &VerdictInput<'_>, matters: &mut Vec<FileSystemVerdict>) {
    let on = |test: &dyn Fn(&Gfs2Health) -> bool| -> Vec<usize> {
        let mut nodes: Vec<usize> = input.gfs2.iter().filter(|(_, health)| test(health)).map(|(node, _)| *node).collect();
        nodes.sort_unstable();
        nodes
    };
    let words = |nodes: &[usize]| nodes.iter().map(|node| name(input, *node)).collect::<Vec<_>>().join(", ");
    let file = |nodes: &[usize], file: &str| -> Vec<String> {
        nodes.iter().map(|node| format!("{}: /sys/fs/gfs2/{}/{file} is 1", name(input, *node), input.file_system)).collect()
    };
    let withdrawn = on(&|health| health.withdrawn == Some(true));
    if !withdrawn.is_empty() {
        let text = format!("withdrawn on {}: nothing works there until it is mounted again", words(&withdrawn));
        matters.push(matter(Verdict::Withdrawn, text, file(&withdrawn, "withdraw"), withdrawn));
    }
    let blocked = on(&|health| health.blocked == Some(true));
    if !blocked.is_empty() {
        let text = format!("locks are frozen on {} while a journal is recovered", words(&blocked));
        let mut evidence = file(&blocked, "lock_module/block");
        for (node, health) in input.gfs2 {
            if let (true, Some(journal)) = (blocked.contains(node), health.recover_done.filter(|journal| *journal >= 0)) {
                let result = health.recover_status.map_or(String::new(), |status| format!(", result {status}"));
                evidence.push(format!("{}: journal recovered last: {journal}{result}", name(input, *node)));
            }
        }
        matters.push(matter(Verdict::Recovering, text, evidence, blocked));
    }
    let frozen = on(&|health| health.frozen == Some(true));
    if !frozen.is_empty() {
        let text = format!("frozen on {}: who writes waits until it is thawed", words(&frozen));
        matters.push(matter(Verdict::Frozen, text, file(&frozen, "freeze"), frozen));
    }
}

fn recovery(input: &VerdictInput<'_>, matters: &mut Vec<FileSystemVerdict>) {
    let Some(view) = input.lockspace else { return };
    let active: Vec<_> = view
        .nodes
        .iter()
        .filter_map(|on_node| Some((on_node.node, on_node.recovery.as_ref().filter(|recovery| recovery.active)?)))
        .collect();
    let Some((_, first)) = active.first() else { return };
    let dead = active.iter().find_map(|(_, recovery)| recovery.dead_node).or(first.dead_node);
    let of = dead.map_or(String::new(), |number| format!(" of {}", view.node_word(Some(number), view.node_of(number), input.names)));
    let leader = active.iter().find_map(|(_, recovery)| recovery.leader);
    let by = leader.map_or(String::new(), |number| format!(", led by {}", view.node_word(Some(number), view.node_of(number), input.names)));
    let evidence = active.iter().map(|(node, recovery)| format!("{}: {}", name(input, *node), recovery.state)).collect();
    let text = format!("the lockspace is in recovery{of}{by}");
    matters.push(matter(Verdict::Recovering, text, evidence, active.iter().map(|(node, _)| *node).collect()));
}

fn unanswered(input: &VerdictInput<'_>, matters: &mut Vec<FileSystemVerdict>) {
    let Some(view) = input.lockspace else { return };
    let late = view.unanswered.iter().filter(|(_, message)| message.for_ns.is_some_and(|ns| ns >= input.rules.slow_after_ns));
    let mut late: Vec<_> = late.collect();
    late.sort_by_key(|(by, message)| (std::cmp::Reverse(message.for_ns), message.node, *by));
    let Some((_, longest)) = late.first() else { return };
    let for_ns = longest.for_ns.unwrap_or(0);
    let verdict = if for_ns >= input.rules.stuck_after_ns { Verdict::Stuck { since_us: None } } else { Verdict::Slow };
    let silent = view.node_word(Some(longest.node), view.node_of(longest.node), input.names);
    let text = format!("{silent} has not replied for {}; {} unanswered", length(for_ns, true), messages(late.len()));
    let mut evidence: Vec<String> = late
        .iter()
        .take(MOST_WAITERS)
        .map(|(by, message)| {
            let to = view.node_word(Some(message.node), view.node_of(message.node), input.names);
            let about = message.resource.as_ref().map_or(String::new(), |name| format!(" about {}", name.trim()));
            let for_ns = message.for_ns.map_or(String::new(), |ns| format!(" for {}", length(ns, true)));
            format!("{}: {} to {to}{about} unanswered{for_ns}", name(input, *by), message.message)
        })
        .collect();
    evidence.push(format!("rule: a message without reply for {} or longer", length(input.rules.slow_after_ns, false)));
    let mut nodes: Vec<usize> = late.iter().map(|(by, _)| *by).chain(view.node_of(longest.node)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    matters.push(matter(verdict, text, evidence, nodes));
}

fn messages(count: usize) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

fn chains(input: &VerdictInput<'_>, matters: &mut Vec<FileSystemVerdict>) {
    for (at, chain) in input.waits.chains.iter().enumerate() {
        if chain.file_system.as_deref() != Some(input.file_system) {
            continue;
        }
        let stuck = input.stuck.get(at).copied().flatten();
        let slow = chain.longest_wait_ns.is_some_and(|ns| ns >= input.rules.slow_after_ns);
        let (verdict, rule) = match stuck {
            Some(stuck) => {
                let rule = format!("rule: the same waiter in two moments, for {} or longer", length(input.rules.stuck_after_ns, false));
                (Verdict::Stuck { since_us: stuck.since_us }, rule)
            }
            None if slow => {
                let rule = format!("rule: somebody waits for {} or longer, and is not stuck", length(input.rules.slow_after_ns, false));
                (Verdict::Slow, rule)
            }
            None => continue,
        };
        let mut evidence = chain.evidence(input.names, MOST_WAITERS);
        evidence.push(rule);
        let roots = std::iter::once(&chain.root).chain(&chain.also).filter_map(|root| root.actor.node);
        let mut nodes: Vec<usize> = roots.chain(chain.all_waiters().iter().filter_map(|waiter| waiter.actor.node)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        matters.push(matter(verdict, chain.sentence(input.names), evidence, nodes));
    }
}

/// A cycle that lasts is stuck for good. One that is younger may be two readings at two moments.
fn cycles(input: &VerdictInput<'_>, matters: &mut Vec<FileSystemVerdict>) {
    for cycle in &input.waits.cycles {
        let lockspace = |name: &str| input.lockspace.is_some_and(|view| view.name == name);
        let ours = cycle.edges.iter().any(|edge| lockspace(&edge.waiter.lockspace));
        let Some(youngest) = cycle.edges.iter().map(|edge| edge.waiter.age_ns).min().flatten() else { continue };
        if !ours || youngest < input.rules.slow_after_ns {
            continue;
        }
        let mut evidence: Vec<String> = cycle
            .edges
            .iter()
            .map(|edge| format!("{}: {}; {}", edge.waiter.actor.word(input.names), edge.waiter.said, edge.waiter.actor.pid_by.words()))
            .collect();
        evidence.push(format!("rule: each waits for the next, all for {} or longer", length(input.rules.slow_after_ns, false)));
        let mut nodes: Vec<usize> = cycle.edges.iter().filter_map(|edge| edge.waiter.actor.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let longest = cycle.longest_wait_ns.filter(|_| !cycle.longest_at_least);
        let since_us = longest.zip(input.now.realtime_us).map(|(longest, now)| now.saturating_sub(longest / 1000));
        matters.insert(0, matter(Verdict::Stuck { since_us }, cycle.sentence(input.names), evidence, nodes));
    }
}

#[cfg(test)]
mod tests;
