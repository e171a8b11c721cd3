//! Connections that are lost: until when an alarm stands, and whom a decision of the quorum is about, which names no node.

use formats::kernel_log::{Event, Message};

/// How late a message may be told, µs.
const LATE_US: i64 = 5_000_000;

/// Whether a message tells that the connection with a node is lost.
pub fn is_loss(message: &Message) -> bool {
    matches!(message.event, Some(Event::Idle { .. } | Event::Disconnected { .. } | Event::NoConnection { .. }))
}

/// Whether a node that was lost by this message is still lost at a later one, as far as it is the last word of it. Silence is told again
/// each idle time for as long as it lasts (`o2net_idle_timer`, `fs/ocfs2/cluster/tcp.c`), and a message that comes ends the alarm without
/// a word. A connection that ended or never came about is lost until it is made.
pub fn stands(loss: &Message, later: &Message) -> bool {
    match loss.event {
        Some(Event::Idle { ms, .. }) => {
            let again_us = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1000).saturating_add(LATE_US);
            later.at.since(loss.at).is_none_or(|us| us <= again_us)
        }
        _ => true,
    }
}

/// Takes out what was told of a silence of this node that was over before `now`, with decisions that were about it alone.
pub fn forget_what_is_over(signs: &mut Vec<&Message>, node: u32, now: &Message) {
    let is_of = |sign: &Message| sign.event.as_ref().and_then(Event::node) == Some(node);
    if signs.iter().rev().find(|sign| is_loss(sign) && is_of(sign)).is_none_or(|last| stands(last, now)) {
        return;
    }
    signs.retain(|sign| !(matches!(sign.event, Some(Event::Idle { .. })) && is_of(sign)));
    let mut lost = false;
    signs.retain(|sign| {
        lost |= is_loss(sign);
        lost || !matches!(sign.event, Some(Event::NotFencing { .. }))
    });
}
