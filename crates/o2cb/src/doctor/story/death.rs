//! How another node died, as a survivor saw it.

use super::loss::{forget_what_is_over, is_loss};
use super::{Boot, Kind, Line, Story, cause};
use formats::kernel_log::{Event, Message};

/// How far back its first signs are looked for, µs.
const BACK_US: i64 = 600_000_000;
/// How long what follows may take, µs.
const AFTER_US: i64 = 600_000_000;
/// Evictions of one node from several domains belong together, µs.
const TOGETHER_US: i64 = 60_000_000;

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
/// only while the connection with this node is lost.
fn signs<'a>(boot: &Boot<'a>, index: usize, node: u32) -> Vec<&'a Message> {
    let mut signs: Vec<&Message> = Vec::new();
    for (_, message) in boot.before(index, BACK_US) {
        let Some(event) = &message.event else { continue };
        forget_what_is_over(&mut signs, node, message);
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

fn other(boot: &Boot<'_>, index: usize, node: u32) -> Story {
    let signs = signs(boot, index, node);
    let end = boot.messages.get(index).map(|message| message.at).unwrap_or_default();
    let why = cause::of(boot, node, &signs, end);
    let mut lines = lines_of(boot, index, node, &signs);
    lines.dedup_by(|a, b| a.words == b.words && a.at == b.at);
    let headline = format!("node {node} died and was recovered: {}", why.short);
    let mut story = boot.story(Kind::NodeDied, Some(node), headline, why.cause, lines);
    story.basis = why.basis;
    story.open = why.open;
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
