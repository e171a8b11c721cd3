//! How another node died, as a survivor saw it.

use super::{Boot, Kind, Line, Story, seconds};
use formats::kernel_log::{Event, Message};

/// How far back its first signs are looked for, µs.
const BACK_US: i64 = 600_000_000;
/// How long what follows may take, µs.
const AFTER_US: i64 = 600_000_000;
/// Evictions of one node from several domains belong together, µs.
const TOGETHER_US: i64 = 60_000_000;

/// Between the last sign of life and its place in the log, µs.
const SLACK_US: i64 = 4_000_000;

/// Who hears of hung storage.
const ASKED: &str = "hung storage is told to the node with the lowest number alone: its log may know more";

/// All deaths of the log.
pub fn tell(boot: &Boot<'_>) -> Vec<Story> {
    let mut stories = Vec::new();
    let mut told: Vec<(u32, usize)> = Vec::new();
    for (index, message) in boot.messages.iter().enumerate() {
        let Some(Event::Evicted { node, .. }) = message.event else { continue };
        let again = told.iter().any(|(who, first)| {
            *who == node
                && boot.messages.get(*first).is_some_and(|first| message.at.since(first.at).is_none_or(|later| later <= TOGETHER_US))
        });
        if again {
            continue;
        }
        told.push((node, index));
        stories.push(if Some(node) == boot.own { own(boot, index) } else { other(boot, index, node) });
    }
    stories
}

/// In local mode a domain of dlmfs outlives the heartbeat that it lived on.
fn own(boot: &Boot<'_>, index: usize) -> Story {
    let lines = boot.messages.get(index).map(|message| Boot::line(message)).into_iter().collect();
    let own = boot.own_words();
    let cause =
        "its last heartbeat region was stopped while a domain was still open: in local mode a domain of dlmfs holds no region".to_owned();
    boot.story(Kind::OwnEviction, boot.own, format!("{own} was evicted from its own domain"), cause, lines)
}

/// What came before, as far as it is about the node and newer than its last connection.
fn signs<'a>(boot: &Boot<'a>, index: usize, node: u32) -> Vec<&'a Message> {
    let mut signs: Vec<&Message> = Vec::new();
    for (_, message) in boot.before(index, BACK_US) {
        match &message.event {
            Some(Event::Connected { peer, .. }) if peer.number == node => signs.clear(),
            // A decision names no node: it is about this one only if it was lost before.
            Some(Event::NotFencing { .. }) if signs.iter().any(|sign| is_loss(sign)) => signs.push(message),
            Some(Event::CarrierLost { .. } | Event::WriteHung { .. } | Event::AllHung { .. }) => signs.push(message),
            Some(event) if event.node() == Some(node) && !matches!(event, Event::Joined { .. }) => signs.push(message),
            _ => {}
        }
    }
    if !hung_at_the_end(boot, index, &signs) {
        signs.retain(|message| !is_negotiation(message));
    }
    signs
}

fn is_loss(message: &Message) -> bool {
    matches!(message.event, Some(Event::Idle { .. } | Event::Disconnected { .. }))
}

fn is_negotiation(message: &Message) -> bool {
    matches!(message.event, Some(Event::NegotiationReceived { .. }))
}

/// Whether the node's storage hung when it ended: it says so again after each half of what is allowed, so its last word of it is not much
/// older than its last sign of life.
fn hung_at_the_end(boot: &Boot<'_>, index: usize, signs: &[&Message]) -> bool {
    let Some(said) = signs.iter().rfind(|message| is_negotiation(message)) else { return false };
    let evicted = boot.messages.get(index).copied();
    let ends = signs.iter().copied().chain(evicted).filter_map(|message| {
        let silent_us = match message.event {
            Some(Event::Idle { ms, .. }) => i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX),
            Some(Event::Disconnected { .. } | Event::Evicted { .. }) => 0,
            _ => return None,
        };
        message.at.since(said.at).map(|later| later.saturating_sub(silent_us))
    });
    let most = boot.half_us.saturating_add(boot.half_us / 2).saturating_add(SLACK_US);
    // Without a clock nothing speaks against it.
    ends.min().is_none_or(|later| later <= most)
}

fn other(boot: &Boot<'_>, index: usize, node: u32) -> Story {
    let signs = signs(boot, index, node);
    let has = |wanted: fn(&Event) -> bool| signs.iter().any(|message| message.event.as_ref().is_some_and(wanted));
    let hung = has(|event| matches!(event, Event::NegotiationReceived { .. }));
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
    let link = has(|event| matches!(event, Event::CarrierLost { .. }));
    let own = boot.own_words();
    let open;
    let (short, cause) = if hung {
        open = format!("that it fenced itself for that is concluded: only its own log says so (console, pstore, journal of node {node})");
        (
            format!("storage of node {node} hung"),
            format!(
                "storage of node {node} hung: it said so itself, and asked to wait; that all nodes' writes hang was not said, so it had to \
                 fence itself"
            ),
        )
    } else if let Some((beating, connected)) = decided {
        open = format!("that node {node} fenced itself for that is concluded: only its own log says so");
        let whose = if link { format!(" (an interface of {own} lost its link)") } else { String::new() };
        (
            format!("network between {own} and node {node} lost"),
            format!(
                "network between {own} and node {node} lost{whose}: node {node} went on beating on disk without a connection; at the quorum decision \
                 {own} stayed with {connected} of {beating} nodes, and node {node} had to fence itself"
            ),
        )
    } else if let Some(ms) = silent {
        open = format!(
            "no power, a crash, a hang and a fence look alike from here: node {node}'s console, its pstore or the journal of its previous boot \
             can tell; {ASKED}"
        );
        (
            format!("node {node} died (no sign before)"),
            format!(
                "node {node} died (no sign before): it fell silent on the network for {} and on disk together, without a word of hung storage and without a quorum decision",
                seconds(ms)
            ),
        )
    } else if let Some(state) = closed {
        open = "whether it was restarted by somebody or crashed cannot be told from here".to_owned();
        (
            format!("node {node} went down and its connection was {}", if state == 7 { "reset" } else { "closed" }),
            if state == 7 {
                format!(
                    "the connection of node {node} was reset while it was still in the domain: its kernel had started anew, or its network was taken away"
                )
            } else {
                format!(
                    "node {node} closed its connections while it was still in the domain: it was stopped or restarted without unmounting"
                )
            },
        )
    } else {
        open = format!("this log has no sign of it from before; {ASKED}");
        (
            format!("node {node} died"),
            format!(
                "its heartbeat stopped or began anew while {own} was connected with it: it was restarted quickly, or its storage stopped"
            ),
        )
    };
    let mut lines = lines_of(boot, index, node, &signs);
    lines.dedup_by(|a, b| a.words == b.words && a.at == b.at);
    let mut story = boot.story(Kind::NodeDied, Some(node), format!("node {node} died and was recovered: {short}"), cause, lines);
    story.open = open;
    story
}

/// Moments before and after.
fn lines_of(boot: &Boot<'_>, index: usize, node: u32, signs: &[&Message]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    if let Some(first) = signs.first()
        && let Some(Event::Idle { ms, .. }) = first.event
    {
        lines.push(Boot::concluded(first, ms, format!("last message from node {node}")));
    }
    lines.extend(signs.iter().map(|message| Boot::line(message)));
    let evicted = boot.messages.get(index).map(|message| message.at).unwrap_or_default();
    let mut domains: Vec<&String> = Vec::new();
    for message in boot.messages.get(index..).unwrap_or_default() {
        if message.at.since(evicted).is_some_and(|later| later > AFTER_US) {
            break;
        }
        match &message.event {
            // It came back.
            Some(Event::Connected { peer, .. }) if peer.number == node => break,
            Some(Event::Evicted { node: who, .. } | Event::ReplayBegins { node: who, .. } | Event::ReplayEnds { node: who, .. })
                if *who == node => {}
            Some(Event::RecoveryBegins { node: who, domain }) if *who == node => domains.push(domain),
            Some(Event::RecoveryMaster { dead, .. }) if *dead == node => {}
            Some(Event::RecoveryEnds { domain }) if domains.contains(&domain) => domains.retain(|open| *open != domain),
            _ => continue,
        }
        lines.push(Boot::line(message));
    }
    lines
}
