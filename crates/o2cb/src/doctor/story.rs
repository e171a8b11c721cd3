//! What a kernel log tells, as stories: how it began, what followed, who died, by which rule, and what the cause was. What is over is
//! history and no finding.

mod connection;
mod death;
mod fence;
mod hang;
mod join;
mod show;
mod words;

#[cfg(test)]
mod tests;

use formats::kernel_log::{Event, Message, Stamp};
use serde::Serialize;

/// What a story is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// This node fenced itself, because it could not write its heartbeat.
    DiskFence,
    /// This node fenced itself, because it lost the quorum.
    NetworkFence,
    /// This node fenced itself; why is not in the log.
    Fence,
    /// The kernel of this node crashed.
    Crash,
    /// Another node died, as this one saw it.
    NodeDied,
    /// This node's heartbeat stopped under an open domain.
    OwnEviction,
    /// A connection was lost, and nobody died.
    ConnectionLost,
    /// Writes of heartbeats hung, and nobody died.
    StorageHung,
    /// A mount or a domain was refused.
    JoinFailed,
}

impl Kind {
    /// Whether somebody died or nearly did.
    pub fn is_incident(self) -> bool {
        !matches!(self, Kind::JoinFailed | Kind::OwnEviction)
    }
}

/// One moment of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Stamp,
    /// In words.
    pub words: String,
    /// The message; empty where it is concluded.
    pub said: String,
}

/// A story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// What it is about.
    pub kind: Kind,
    /// Whom it befell, if that is known.
    pub node: Option<u32>,
    /// Which log tells it.
    pub source: String,
    /// What happened, in a sentence.
    pub headline: String,
    /// Why.
    pub cause: String,
    /// What this log cannot tell; may be empty.
    pub open: String,
    /// Moments, in their order.
    pub lines: Vec<Line>,
}

impl Story {
    /// From the first moment to the last, milliseconds, if a clock spans it.
    pub fn total_ms(&self) -> Option<i64> {
        let (first, last) = (self.lines.first()?, self.lines.last()?);
        last.at.since(first.at).map(|us| us / 1000)
    }
}

/// The messages of one start of a kernel.
struct Boot<'a> {
    messages: Vec<&'a Message>,
    /// The number of the node that wrote them.
    own: Option<u32>,
    /// How long a node cannot write until it says so, and says so again, µs: half of what is allowed.
    half_us: i64,
    source: &'a str,
}

impl<'a> Boot<'a> {
    /// Messages from `us` before the one with this index up to it, this one too.
    fn before(&self, index: usize, us: i64) -> impl Iterator<Item = (usize, &'a Message)> {
        let end = self.messages.get(index).map(|message| message.at).unwrap_or_default();
        let upto = self.messages.get(..=index).unwrap_or_default();
        upto.iter().copied().enumerate().filter(move |(_, message)| end.since(message.at).is_none_or(|ago| ago <= us))
    }

    fn own_words(&self) -> String {
        self.own.map_or_else(|| "this node".to_owned(), |own| format!("node {own}"))
    }

    fn line(message: &Message) -> Line {
        let words = message.event.as_ref().map_or_else(|| message.text.clone(), words::of);
        Line { at: message.at, words, said: message.text.clone() }
    }

    /// A moment that is concluded from `message`: so many milliseconds before it.
    fn concluded(message: &Message, ms: u64, words: impl Into<String>) -> Line {
        let us = ms.saturating_mul(1000);
        let at = Stamp {
            boot_us: message.at.boot_us.map(|at| at.saturating_sub(us)),
            wall_us: message.at.wall_us.map(|at| at.saturating_sub_unsigned(us)),
        };
        Line { at, words: words.into(), said: String::new() }
    }

    fn story(&self, kind: Kind, node: Option<u32>, headline: String, cause: String, lines: Vec<Line>) -> Story {
        Story { kind, node, source: self.source.to_owned(), headline, cause, open: String::new(), lines }
    }
}

/// Half of what is allowed where nobody says it: O2CB's default threshold, 31.
const DEFAULT_HALF_S: u64 = 30;

/// All stories of a log. `own`: the number of the node that wrote it, and `half_s`: half of the seconds that a write may take, if the log
/// itself does not tell.
pub fn tell(messages: &[Message], own: Option<u32>, half_s: Option<u64>, source: &str) -> Vec<Story> {
    let mut stories = Vec::new();
    for messages in messages.chunk_by(|a, b| a.boot == b.boot) {
        let messages: Vec<&Message> = messages.iter().filter(|message| message.event.is_some()).collect();
        let own = own_number(&messages).or(own);
        let half_s = half_of(&messages).or(half_s).unwrap_or(DEFAULT_HALF_S);
        let half_us = i64::try_from(half_s.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        let boot = Boot { messages, own, half_us, source };
        let mut told: Vec<Story> = Vec::new();
        told.extend(fence::tell(&boot));
        told.extend(death::tell(&boot));
        told.extend(connection::tell(&boot));
        told.extend(hang::tell(&boot));
        told.extend(join::tell(&boot));
        told.sort_by_key(|story| story.lines.first().map(|line| (line.at.boot_us, line.at.wall_us)));
        stories.extend(told);
    }
    stories
}

/// What a log tells of its own node's number.
fn own_number(messages: &[&Message]) -> Option<u32> {
    messages.iter().rev().find_map(|message| match message.event.as_ref()? {
        Event::Mounting { node, .. } => *node,
        Event::WriteHung { node, .. } | Event::RecoveryMaster { node, me: true, .. } => Some(*node),
        _ => None,
    })
}

/// What a log tells of half the time that a write may take: at that its own node says that a write hangs.
fn half_of(messages: &[&Message]) -> Option<u64> {
    messages.iter().rev().find_map(|message| match message.event {
        Some(Event::WriteHung { seconds, .. }) => Some(seconds),
        _ => None,
    })
}

/// `node 2`, `nodes 1 and 3`.
fn nodes(numbers: &[u32]) -> String {
    match numbers {
        [] => "other nodes".to_owned(),
        [one] => format!("node {one}"),
        [first @ .., last] => format!("nodes {} and {last}", first.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1000.0)
}
