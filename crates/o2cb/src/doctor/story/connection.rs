//! Connections that were lost, and nobody died of it. One that is closed and made anew within seconds, as at every start, is no story.

use super::loss::stands;
use super::{Basis, Boot, Kind, Line, Story};
use formats::kernel_log::{Event, Message};

/// A loss that goes on.
struct Loss<'a> {
    node: u32,
    /// The last that was said of it.
    last: &'a Message,
    /// The connection ended.
    disconnected: bool,
    lines: Vec<Line>,
}

/// All losses of the log that did not end in a death.
pub fn tell(boot: &Boot<'_>) -> Vec<Story> {
    // This node's own end is told as such.
    if boot.messages.iter().any(|message| matches!(message.event, Some(Event::Fencing { .. } | Event::StoppingAllRegions))) {
        return Vec::new();
    }
    let mut stories = Vec::new();
    let mut open: Vec<Loss<'_>> = Vec::new();
    for message in &boot.messages {
        match &message.event {
            Some(Event::Idle { peer, ms }) => {
                if let Some(loss) = open.iter_mut().find(|loss| loss.node == peer.number) {
                    loss.last = message;
                    loss.lines.push(Boot::line(message));
                } else {
                    let first = Boot::concluded(message, *ms, format!("last message from node {}", peer.number));
                    open.push(Loss { node: peer.number, last: message, disconnected: false, lines: vec![first, Boot::line(message)] });
                }
            }
            Some(Event::Disconnected { peer }) => {
                if let Some(loss) = open.iter_mut().find(|loss| loss.node == peer.number) {
                    (loss.last, loss.disconnected) = (message, true);
                    loss.lines.push(Boot::line(message));
                }
            }
            // It names no node: it is about those that are lost then.
            Some(Event::NotFencing { .. }) => {
                open.iter_mut().filter(|loss| stands(loss.last, message)).for_each(|loss| loss.lines.push(Boot::line(message)));
            }
            Some(Event::Connected { peer, .. }) => {
                if let Some(at) = open.iter().position(|loss| loss.node == peer.number) {
                    let mut loss = open.remove(at);
                    loss.lines.push(Boot::line(message));
                    stories.push(story(boot, loss, true));
                }
            }
            Some(Event::Evicted { node, .. } | Event::Left { node, .. }) => open.retain(|loss| loss.node != *node),
            // Whoever leaves all domains and stops its heartbeat is not lost.
            Some(Event::Leaving { .. }) => open.clear(),
            _ => {}
        }
    }
    stories.extend(open.into_iter().map(|loss| story(boot, loss, false)));
    stories
}

fn story(boot: &Boot<'_>, loss: Loss<'_>, over: bool) -> Story {
    let (own, node) = (boot.own_words(), loss.node);
    let (short, cause) = match (over, loss.disconnected) {
        (true, _) => (
            "lost for a while, and came back",
            "a cut or overloaded network, or a machine that stood still; it came back before anybody was fenced",
        ),
        (false, false) => (
            "fell silent",
            "a cut or overloaded network, or a machine that stood still; whether messages came again, which cancels the alarm, or the quorum \
             still has to decide is not in this log: see connection-blocked for how it is now",
        ),
        (false, true) => {
            ("lost", "a cut network, or a machine that went away; this log does not tell an end: see connection-blocked for how it is now")
        }
    };
    let headline = format!("connection between {own} and node {node} {short}");
    // What may have been is told, and not what was.
    Story { basis: Basis::NoSign, ..boot.story(Kind::ConnectionLost, Some(node), headline, cause.to_owned(), loss.lines) }
}
