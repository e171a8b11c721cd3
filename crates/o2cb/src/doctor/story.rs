//! What a kernel log tells, as stories: how it began, what followed, who died, by which rule, and what the cause was. What is over is
//! history and no finding.

mod cause;
mod connection;
mod death;
mod fence;
mod hang;
mod join;
mod loss;
mod show;
mod words;

#[cfg(test)]
mod tests;

use formats::kernel_log::{Event, Message, Stamp};
use serde::Serialize;

/// The threshold that the kernel begins with (`O2HB_DEFAULT_DEAD_THRESHOLD`, `fs/ocfs2/cluster/ocfs2_heartbeat.h`).
const DEFAULT_THRESHOLD: u32 = 31;

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

/// What the cause of a story rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The log says so itself.
    Said,
    /// It is concluded from what the log says.
    Concluded,
    /// The log has no sign of a cause.
    NoSign,
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
    /// What that rests on.
    pub basis: Basis,
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
    source: &'a str,
    /// Half of the time that a heartbeat's write may take, µs: a node whose write hangs says so then, and again each time it has passed.
    half_us: i64,
    /// The last moment that it tells of.
    end: Stamp,
}

impl<'a> Boot<'a> {
    /// Messages from `us` before the one with this index up to it, this one too.
    fn before(&self, index: usize, us: i64) -> impl Iterator<Item = (usize, &'a Message)> {
        let end = self.messages.get(index).map(|message| message.at).unwrap_or_default();
        let upto = self.messages.get(..=index).unwrap_or_default();
        upto.iter().copied().enumerate().filter(move |(_, message)| end.since(message.at).is_none_or(|ago| ago <= us))
    }

    fn own_words(&self) -> String {
        self.own.map_or_else(|| "the node of this log".to_owned(), |own| format!("node {own}"))
    }

    /// A node whose write goes on hanging says so each half of its timeout, and fences itself one half after the last time. With what
    /// timers and beats may be late, µs.
    fn said_again_us(&self) -> i64 {
        let beats_us = i64::from(formats::o2hb::BEAT_MS) * 2 * 1000;
        (self.half_us / 2).saturating_mul(3).saturating_add(beats_us)
    }

    /// Whether the log goes on for so long after this sign of a hang that it would tell of what came of it.
    fn outlasts(&self, sign: &Message) -> bool {
        self.end.since(sign.at).is_some_and(|later| later > self.said_again_us())
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
        Story { kind, node, source: self.source.to_owned(), headline, cause, basis: Basis::Said, open: String::new(), lines }
    }
}

/// What is known beside a log, and counts where the log itself does not tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// The number of the node that wrote it.
    pub own: Option<u32>,
    /// Its heartbeat threshold.
    pub threshold: Option<u32>,
    /// When it was read, if that node was running then: nothing is said until there, either.
    pub until: Option<Stamp>,
}

/// All stories of a log.
pub fn tell(messages: &[Message], known: Known, source: &str) -> Vec<Story> {
    let mut stories = Vec::new();
    for messages in messages.chunk_by(|a, b| a.boot == b.boot) {
        let has_time = |at: &Stamp| at.boot_us.is_some() || at.wall_us.is_some();
        let last = messages.iter().rev().map(|message| message.at).find(has_time).unwrap_or_default();
        let end = known.until.filter(has_time).unwrap_or(last);
        let messages: Vec<&Message> = messages.iter().filter(|message| message.event.is_some()).collect();
        let own = own_number(&messages).or(known.own);
        let half_us = half_us(&messages, known.threshold);
        let boot = Boot { messages, own, source, half_us, end };
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
        // Whoever is alone in a domain that it joins is that one.
        Event::Joining { nodes: Some(nodes), .. } => match nodes.as_slice() {
            [own] => Some(*own),
            _ => None,
        },
        Event::WriteHung { node, .. } | Event::RecoveryMaster { node, me: true, .. } => Some(*node),
        _ => None,
    })
}

/// The log tells it where a write of its own node hung; else it is of the threshold that is known, or of the kernel's own.
fn half_us(messages: &[&Message], threshold: Option<u32>) -> i64 {
    let said = messages.iter().rev().find_map(|message| match message.event {
        Some(Event::WriteHung { seconds, .. }) => Some(seconds.saturating_mul(1000)),
        _ => None,
    });
    let ms = said.unwrap_or_else(|| formats::o2hb::fence_ms(threshold.unwrap_or(DEFAULT_THRESHOLD)) / 2);
    i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1000)
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
