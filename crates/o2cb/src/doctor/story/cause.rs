//! Why another node died, by what was said of it before.

use super::{Basis, Boot, seconds};
use formats::kernel_log::{Event, Message, Stamp};

/// Who hears of hung storage.
const ASKED: &str = "hung storage is told to the node with the lowest number alone: its log may know more";

/// Why a node died.
pub struct Why {
    /// In short.
    pub short: String,
    /// In a sentence.
    pub cause: String,
    /// What that rests on.
    pub basis: Basis,
    /// What cannot be known from here.
    pub open: String,
}

/// The last time that a node said that its write hangs.
#[derive(Clone, Copy)]
struct Hang {
    /// How long before its end, µs; `None`: the log has no times.
    ago_us: Option<i64>,
    /// Whether it may have gone on until the end: a node whose write goes on hanging says so again and again.
    to_the_end: bool,
    /// Whether it was told then that all writes hang, so that it may wait.
    allowed: bool,
}

/// Why a node died at `end`, by the signs of before.
pub fn of(boot: &Boot<'_>, node: u32, signs: &[&Message], end: Stamp) -> Why {
    let hang = hang(boot, signs, end);
    let decided = signs.iter().rev().find_map(|message| match message.event {
        Some(Event::NotFencing { beating, connected, .. }) => Some((beating, connected)),
        _ => None,
    });
    let silent = signs.iter().find_map(|message| match message.event {
        Some(Event::Idle { ms, .. }) => Some(ms),
        _ => None,
    });
    let closed = signs.iter().find_map(|message| match message.event {
        Some(Event::Shutdown { state, .. }) => Some(state),
        _ => None,
    });
    let link = signs.iter().any(|message| matches!(message.event, Some(Event::CarrierLost { .. })));
    let to_the_end = hang.filter(|hang| hang.to_the_end);
    let mut why = match (to_the_end, decided, silent, closed) {
        (Some(Hang { allowed: false, .. }), ..) => hung(node),
        (_, Some((beating, connected)), ..) => parted(boot, node, beating, connected, link),
        (Some(_), ..) => waited(node),
        (.., Some(ms), _) => silenced(node, ms),
        (.., Some(8)) => went(node),
        (.., Some(_)) => reset(node),
        _ => stopped(boot, node, signs),
    };
    why.open += &hang.map(|hang| of_hang(hang, to_the_end.is_some())).unwrap_or_default();
    why
}

fn hang(boot: &Boot<'_>, signs: &[&Message], end: Stamp) -> Option<Hang> {
    let said = |message: &&Message| match &message.event {
        Some(Event::NegotiationReceived { region, .. }) => Some(region.clone()),
        _ => None,
    };
    let (at, region) = signs.iter().enumerate().rev().find_map(|(at, message)| Some((at, said(message)?)))?;
    let ago_us = end.since(signs.get(at)?.at);
    // In global mode it beats on where its storage is well, until it fences itself: the network knows its end sooner than the disk.
    let silent_us = silent_before_us(signs, end);
    let to_the_end = ago_us.is_none_or(|us| us.saturating_sub(silent_us) <= boot.said_again_us());
    let answer = |message: &&Message| matches!(&message.event, Some(Event::AllHung { region: all, .. }) if *all == region);
    Some(Hang { ago_us, to_the_end, allowed: signs.get(at..).unwrap_or_default().iter().any(answer) })
}

/// For how long a node had been silent on the network when it was counted as dead, µs; 0: it had not, or nobody noticed.
fn silent_before_us(signs: &[&Message], end: Stamp) -> i64 {
    let silent = signs.iter().filter_map(|message| {
        let before_us = match message.event {
            Some(Event::Idle { ms, .. }) => i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX),
            Some(Event::Disconnected { .. }) => 0,
            _ => return None,
        };
        Some(end.since(message.at)?.saturating_add(before_us))
    });
    silent.max().unwrap_or(0).max(0)
}

/// What is still to be said of a hang that is not the cause.
fn of_hang(hang: Hang, to_the_end: bool) -> String {
    let Some(us) = hang.ago_us else { return String::new() };
    let ago = seconds(us.unsigned_abs() / 1000);
    match (to_the_end, hang.allowed) {
        (true, false) => String::new(),
        (true, true) => format!("; it had said that its heartbeat write hung, {ago} before it was evicted, and was told that it may wait"),
        (false, _) => format!(
            "; it had said that its heartbeat write hung, {ago} before it was evicted, and not again, as it would have if it went on"
        ),
    }
}

fn hung(node: u32) -> Why {
    Why {
        short: format!("storage of node {node} hung"),
        cause: format!(
            "storage of node {node} hung: it said so itself, and asked to wait; this log has no approval after that, which comes only if the \
             storage of all hangs, so it had to fence itself"
        ),
        basis: Basis::Concluded,
        open: format!("that it fenced itself for that is concluded: only its own log says so (console, pstore, journal of node {node})"),
    }
}

/// It was allowed to wait, and had until then no reason to fence itself.
fn waited(node: u32) -> Why {
    Why {
        short: format!("node {node} died while the storage of all nodes hung"),
        cause: format!(
            "not in this log: the heartbeat writes of all nodes hung, and node {node} was told that it may wait; it did not beat again in time, \
             because its storage stayed away longer than that of others, or it died of something else"
        ),
        basis: Basis::NoSign,
        open: format!("only its own log can tell (console, pstore, journal of node {node})"),
    }
}

fn parted(boot: &Boot<'_>, node: u32, beating: u32, connected: u32, link: bool) -> Why {
    let own = boot.own_words();
    let whose = if link { format!(" (an interface of {own} lost its link)") } else { String::new() };
    Why {
        short: format!("network between {own} and node {node} lost"),
        cause: format!(
            "network between {own} and node {node} lost{whose}: node {node} went on beating on disk without a connection; at the quorum decision \
             {own} stayed with {connected} of {beating} nodes, and node {node} had to fence itself"
        ),
        basis: Basis::Concluded,
        open: format!("that node {node} fenced itself for that is concluded: only its own log says so"),
    }
}

fn silenced(node: u32, ms: u64) -> Why {
    Why {
        short: format!("node {node} died (no sign before)"),
        cause: format!(
            "node {node} died (no sign before): it fell silent on the network for {} and on disk together, without a word of storage that hung then \
             and without a quorum decision",
            seconds(ms)
        ),
        basis: Basis::NoSign,
        open: format!(
            "no power, a crash, a hang and a fence look alike from here: node {node}'s console, its pstore or the journal of its previous boot \
             can tell; {ASKED}"
        ),
    }
}

fn went(node: u32) -> Why {
    Why {
        short: format!("node {node} went down and its connection was closed"),
        cause: format!(
            "node {node} closed its connections while it was still in the domain: it was stopped or restarted without unmounting"
        ),
        basis: Basis::Concluded,
        open: "whether it was restarted by somebody or crashed cannot be told from here".to_owned(),
    }
}

fn reset(node: u32) -> Why {
    Why {
        short: format!("node {node} died and its connection was reset"),
        cause: format!(
            "the connection to node {node} was reset, which is no farewell: so answers a kernel that was started anew and does not know it, \
             or a firewall; its heartbeat stopped or began anew"
        ),
        basis: Basis::NoSign,
        open: format!(
            "whether it crashed, fenced itself or was restarted: node {node}'s console, its pstore or the journal of its previous boot can tell"
        ),
    }
}

fn stopped(boot: &Boot<'_>, node: u32, signs: &[&Message]) -> Why {
    let own = boot.own_words();
    let apart = signs.iter().any(|message| matches!(message.event, Some(Event::NoConnection { .. })));
    let network = if apart { format!("though {own} had no connection with it") } else { format!("while {own} was connected with it") };
    Why {
        short: format!("node {node} died"),
        cause: format!("its heartbeat stopped or began anew {network}: it was restarted quickly, or its storage stopped"),
        basis: Basis::NoSign,
        open: format!("this log has no sign of it from before; {ASKED}"),
    }
}
