//! How another node died, as a survivor saw it.

use super::{Basis, Boot, Kind, Line, Story, seconds};
use formats::kernel_log::{Event, Message};

/// How far back its first signs are looked for, µs.
const BACK_US: i64 = 600_000_000;
/// How long what follows may take, µs.
const AFTER_US: i64 = 600_000_000;
/// Evictions of one node from several domains belong together, µs.
const TOGETHER_US: i64 = 60_000_000;

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

/// What came before, as far as it is about the node and newer than its last connection. A decision of the quorum names no node: it counts
/// only once this node lost its connection.
fn signs<'a>(boot: &Boot<'a>, index: usize, node: u32) -> Vec<&'a Message> {
    let mut signs: Vec<&Message> = Vec::new();
    for (_, message) in boot.before(index, BACK_US) {
        let Some(event) = &message.event else { continue };
        let counts = match event {
            Event::Connected { peer, .. } if peer.number == node => {
                signs.clear();
                false
            }
            Event::NotFencing { .. } => signs.iter().any(|sign| is_loss(sign)),
            Event::CarrierLost { .. } | Event::WriteHung { .. } | Event::AllHung { .. } => true,
            Event::Joined { .. } => false,
            event => event.node() == Some(node),
        };
        if counts {
            signs.push(message);
        }
    }
    signs
}

fn is_loss(message: &Message) -> bool {
    matches!(message.event, Some(Event::Idle { .. } | Event::Disconnected { .. }))
}

fn other(boot: &Boot<'_>, index: usize, node: u32) -> Story {
    let signs = signs(boot, index, node);
    let has = |wanted: fn(&Event) -> bool| signs.iter().any(|message| message.event.as_ref().is_some_and(wanted));
    let end = boot.messages.get(index).map(|message| message.at).unwrap_or_default();
    let last_hung = signs.iter().rev().find(|message| matches!(message.event, Some(Event::NegotiationReceived { .. })));
    // How long before the end it last said that its write hangs, µs. A node whose write goes on hanging says so again and again.
    let hung_us = last_hung.map(|message| end.since(message.at));
    let hung = hung_us.is_some_and(|ago| ago.is_none_or(|us| us <= said_again_us(boot)));
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
    let mut open;
    let mut basis = Basis::Concluded;
    let (short, cause) = if hung {
        open = format!("that it fenced itself for that is concluded: only its own log says so (console, pstore, journal of node {node})");
        (
            format!("storage of node {node} hung"),
            format!(
                "storage of node {node} hung: it said so itself, and asked to wait; this log has no approval, which comes only if the storage of \
                 all hangs, so it had to fence itself"
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
        basis = Basis::NoSign;
        open = format!(
            "no power, a crash, a hang and a fence look alike from here: node {node}'s console, its pstore or the journal of its previous boot \
             can tell; {ASKED}"
        );
        (
            format!("node {node} died (no sign before)"),
            format!(
                "node {node} died (no sign before): it fell silent on the network for {} and on disk together, without a word of storage that hung then \
                 and without a quorum decision",
                seconds(ms)
            ),
        )
    } else if closed == Some(8) {
        open = "whether it was restarted by somebody or crashed cannot be told from here".to_owned();
        (
            format!("node {node} went down and its connection was closed"),
            format!("node {node} closed its connections while it was still in the domain: it was stopped or restarted without unmounting"),
        )
    } else if closed.is_some() {
        basis = Basis::NoSign;
        open = format!(
            "whether it crashed, fenced itself or was restarted: node {node}'s console, its pstore or the journal of its previous boot can tell"
        );
        (
            format!("node {node} died and its connection was reset"),
            format!(
                "the connection to node {node} was reset, which is no farewell: so answers a kernel that was started anew and does not know it, \
                 or a firewall; its heartbeat stopped or began anew"
            ),
        )
    } else {
        basis = Basis::NoSign;
        open = format!("this log has no sign of it from before; {ASKED}");
        (
            format!("node {node} died"),
            format!(
                "its heartbeat stopped or began anew while {own} was connected with it: it was restarted quickly, or its storage stopped"
            ),
        )
    };
    if let Some(Some(us)) = hung_us.filter(|_| !hung) {
        open += &format!(
            "; it had said that its heartbeat write hung, {} before it was evicted, and not again, as it would have if it went on",
            seconds(us.unsigned_abs() / 1000)
        );
    }
    let mut lines = lines_of(boot, index, node, &signs);
    lines.dedup_by(|a, b| a.words == b.words && a.at == b.at);
    let mut story = boot.story(Kind::NodeDied, Some(node), format!("node {node} died and was recovered: {short}"), cause, lines);
    story.basis = basis;
    story.open = open;
    story
}

/// A node whose write goes on hanging says so each half of its timeout; its fence is one half after the last time, and up to two beats
/// later the others count it as dead.
fn said_again_us(boot: &Boot<'_>) -> i64 {
    let beats_us = i64::from(formats::o2hb::BEAT_MS) * 2 * 1000;
    (boot.half_us / 2).saturating_mul(3).saturating_add(beats_us)
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
