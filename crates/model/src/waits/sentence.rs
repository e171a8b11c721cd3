//! A chain in one sentence: what is not known is left out, what is a lower bound says so.

use super::{Actor, Blocker, BlockerKind, Chain, Cycle, PidBy};
use formats::dlm::ResourceName;
use formats::gfs2::GlockType;
use formats::ocfs2::LockType;

/// A length: whole seconds from ten on, tenths below.
pub fn length(ns: u64, at_least: bool) -> String {
    let bound = if at_least { "at least " } else { "" };
    let seconds = ns as f64 / 1e9;
    if ns >= 10_000_000_000 { format!("{bound}{:.0} s", seconds.floor()) } else { format!("{bound}{seconds:.1} s") }
}

/// What a resource is about. GFS2 prints inode numbers in hex, programs in decimal: both are told.
pub fn subject(name: &ResourceName, directory: Option<bool>) -> String {
    if let Some(glock) = name.glock() {
        let number = glock.number;
        return match glock.kind {
            GlockType::INODE if directory == Some(true) => format!("inode {number:x} ({number}, directory)"),
            GlockType::INODE => format!("inode {number:x} ({number})"),
            GlockType::FLOCK => format!("flock on inode {number:x} ({number})"),
            GlockType::IOPEN => format!("iopen glock of inode {number:x} ({number})"),
            GlockType::RGRP => format!("resource group {number:x} ({number})"),
            kind => format!("{} glock {glock}", kind.word()),
        };
    }
    match name.ocfs2().map(|lock| (lock, lock.inode(), lock.kind())) {
        Some((lock, Some(inode), LockType::DENTRY)) => format!("dentry of inode {inode} in directory {}", lock.block()),
        Some((_, Some(inode), LockType::FLOCK)) => format!("flock on inode {inode}"),
        Some((_, Some(inode), kind)) => format!("{} lock of inode {inode}", kind.word()),
        Some((_, None, kind)) => format!("{} lock", kind.word()),
        None => format!("lock resource {name}"),
    }
}

impl Actor {
    /// Its node: the watched node's name, else the one in the lockspace.
    pub fn node_word(&self, names: &[String]) -> String {
        let watched = self.node.and_then(|node| names.get(node)).cloned();
        let number = || self.number.map(|number| format!("node {number}"));
        watched.or_else(|| self.member.clone()).or_else(number).unwrap_or_else(|| "a node that is not told".to_owned())
    }

    /// Node, pid and name: `node2 pid 1405 httpd`.
    pub fn word(&self, names: &[String]) -> String {
        let mut word = self.node_word(names);
        // A pid of the DLM is not the one that waits: it is evidence, no name.
        if let Some(pid) = self.pid.filter(|_| self.pid_by != PidBy::Dlm) {
            word.push_str(&format!(" pid {pid}"));
            if let Some(comm) = &self.comm {
                word.push_str(&format!(" {comm}"));
            }
        }
        word
    }
}

impl Blocker {
    /// What it is and does: `held EX by node2 pid 1405 httpd in gfs2_unlink for 42 s`.
    pub fn words(&self, names: &[String]) -> String {
        let mode = self.mode.map_or(String::new(), |mode| format!(" {mode}"));
        let who = self.actor.word(names);
        // "At least nothing" says nothing.
        let told = self.for_ns.filter(|ns| *ns > 0 || !self.at_least);
        let lasts = told.map_or(String::new(), |ns| format!(" for {}", length(ns, self.at_least)));
        match self.kind {
            BlockerKind::Process => {
                let symbol = self.symbol.as_deref().map_or(String::new(), |symbol| format!(" in {}", function(symbol)));
                format!("held{mode} by {who}{symbol}{lasts}")
            }
            BlockerKind::Unnamed => format!("held{mode} on {who} by a process that is not told{lasts}"),
            BlockerKind::Node => format!("held{mode} by {who}{lasts}"),
            BlockerKind::Cached => format!("kept{mode} by {who}, where no process holds it{lasts}"),
            BlockerKind::OwnWork => format!("{who} itself is at work: {}", self.reason.map_or("not told on what", super::Reason::words)),
            BlockerKind::LookingUp => "its master is being looked up".to_owned(),
            BlockerKind::Recovery => {
                let of = if self.actor == Actor::default() { String::new() } else { format!(" of {who}") };
                format!("recovery{of} ({})", self.said)
            }
            BlockerKind::NoReply => format!("{who} does not reply{lasts}"),
            BlockerKind::Unseen => "held by nobody who was read".to_owned(),
        }
    }

    /// What it was asked and does about it: `asked to demote 40 s ago: flushing log`.
    fn asked(&self) -> Option<String> {
        let reason = self.reason.filter(|_| self.is_holder()).map(super::Reason::words);
        let asked = self.asked_ago_ns.map(|ns| format!("asked to demote {} ago", length(ns, false)));
        match (asked, reason) {
            (Some(asked), Some(reason)) => Some(format!("{asked}: {reason}")),
            (asked, reason) => asked.or(reason.map(str::to_owned)),
        }
    }
}

/// A symbol without offset, size and module.
fn function(symbol: &str) -> &str {
    symbol.split(['+', ' ']).next().unwrap_or(symbol)
}

impl Chain {
    /// The chain in one sentence. `names`: of the watched nodes.
    pub fn sentence(&self, names: &[String]) -> String {
        let mut text = match &self.resource {
            Some(name) => {
                let path = self.path.as_ref().map_or(String::new(), |path| format!(", {path},"));
                format!("{}{path} {}", subject(name, self.directory), self.root.words(names))
            }
            None => self.root.words(names),
        };
        match self.also.as_slice() {
            [] => {}
            [other] if other.is_holder() => text.push_str(&format!(" and {}", other.words(names))),
            [_] => text.push_str(" and by one more"),
            others => text.push_str(&format!(" and by {} more", others.len())),
        }
        text.push_str(&format!("; {}", self.waiting()));
        if let Some(asked) = self.root.asked() {
            text.push_str(&format!("; {asked}"));
        }
        text
    }

    /// `37 processes wait on 3 nodes, longest 41 s`.
    fn waiting(&self) -> String {
        let bound = if self.processes_at_least { "at least " } else { "" };
        let longest = self.longest_wait_ns.map_or(String::new(), |ns| format!(", longest {}", length(ns, self.longest_at_least)));
        let plural = |count: u64, one: &str, many: &str| if count == 1 { one.to_owned() } else { many.to_owned() };
        format!(
            "{bound}{} {} on {} {}{longest}",
            self.waiting_processes,
            plural(self.waiting_processes, "process waits", "processes wait"),
            self.waiting_nodes,
            plural(self.waiting_nodes as u64, "node", "nodes")
        )
    }

    /// What was read where, a line each: the roots, how the path is known, then the longest waiters, `most` at most.
    pub fn evidence(&self, names: &[String], most: usize) -> Vec<String> {
        let of = |actor: &Actor, said: &str| format!("{}: {said}; {}", actor.word(names), actor.pid_by.words());
        let roots = std::iter::once(&self.root).chain(&self.also);
        let mut lines: Vec<String> = roots
            .filter(|root| !root.said.is_empty())
            .map(|root| if root.is_holder() { of(&root.actor, &root.said) } else { root.said.clone() })
            .collect();
        lines.extend(self.path_said.clone());
        let waiters = self.all_waiters();
        let left = waiters.len().saturating_sub(most);
        lines.extend(waiters.into_iter().take(most).map(|waiter| of(&waiter.actor, &waiter.said)));
        if left > 0 {
            lines.push(format!("and {left} more waiters"));
        }
        lines
    }
}

impl Cycle {
    /// The deadlock in one sentence.
    pub fn sentence(&self, names: &[String]) -> String {
        let edge = |edge: &super::CycleEdge| {
            let for_ns = edge.waiter.age_ns.map_or(String::new(), |ns| format!(" for {}", length(ns, edge.waiter.at_least)));
            let what = subject(&edge.waiter.resource, None);
            format!("{} waits{for_ns} for {what} held by {}", edge.waiter.actor.word(names), edge.blocker.actor.word(names))
        };
        let edges: Vec<String> = self.edges.iter().map(edge).collect();
        format!("deadlock: {}", edges.join("; "))
    }
}
