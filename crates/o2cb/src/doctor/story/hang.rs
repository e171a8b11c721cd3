//! Heartbeat writes that hung, and nobody died of it, as far as the log tells.

use super::{Basis, Boot, Kind, Line, Story, nodes, seconds};
use formats::kernel_log::{Event, Message};

/// Signs that far apart are of two hangs, µs: they repeat at each half timeout.
const APART_US: i64 = 300_000_000;

/// All hangs of the log that did not end in a death.
pub fn tell(boot: &Boot<'_>) -> Vec<Story> {
    let is_sign = |message: &&&Message| {
        matches!(
            message.event,
            Some(
                Event::WriteHung { .. }
                    | Event::WriteTimeout { .. }
                    | Event::NegotiationReceived { .. }
                    | Event::NegotiationApproved { .. }
                    | Event::AllHung { .. }
            )
        )
    };
    let signs: Vec<&Message> = boot.messages.iter().filter(is_sign).copied().collect();
    signs.chunk_by(|a, b| b.at.since(a.at).is_none_or(|later| later <= APART_US)).filter_map(|group| of_group(boot, group)).collect()
}

fn of_group(boot: &Boot<'_>, group: &[&Message]) -> Option<Story> {
    let last = group.last()?;
    let soon = |message: &&&Message| last.at.since(message.at).is_none_or(|ago| ago.abs() <= APART_US);
    let mut asked: Vec<u32> = Vec::new();
    let (mut own_hung, mut all) = (false, false);
    let mut timed_out = None;
    for message in group {
        match message.event {
            Some(Event::WriteHung { .. }) => own_hung = true,
            Some(Event::WriteTimeout { ref device, ms }) => timed_out = Some((device, ms)),
            Some(Event::NegotiationReceived { from, .. }) => asked.push(from),
            Some(Event::AllHung { .. } | Event::NegotiationApproved { .. }) => all = true,
            _ => {}
        }
    }
    asked.sort_unstable();
    asked.dedup();
    // What ended in a death is told there. A timeout is none yet: with global heartbeat a node lives on while fewer than half of its
    // quorum regions failed (`o2hb_write_timeout`).
    let died = boot.messages.iter().filter(soon).any(|message| match &message.event {
        Some(Event::StoppingAllRegions | Event::Fencing { .. }) => timed_out.is_some(),
        Some(Event::Evicted { node, .. }) => asked.contains(node),
        _ => false,
    });
    if died {
        return None;
    }
    let own = boot.own_words();
    let over = boot.outlasts(last);
    let ended = if over { "hung for a while" } else { "hung, and how that ended is not in this log" };
    let mut basis = Basis::Said;
    let (headline, cause) = if all {
        let nobody = if over { ", and nobody was fenced" } else { "" };
        (
            format!("storage of all nodes hung{nobody}"),
            "the heartbeat writes of all nodes that live hung at once, so the storage itself was at fault; they agreed to wait".to_owned(),
        )
    } else if let Some((device, ms)) = timed_out {
        (
            format!("storage of {own} hung until a heartbeat write timed out, and this log has no fence"),
            format!(
                "no heartbeat could be written to {device} for {}: with global heartbeat the region counts as failed, and the node fences \
                 itself once half of its quorum regions have",
                seconds(ms)
            ),
        )
    } else {
        basis = if over { Basis::Said } else { Basis::NoSign };
        if own_hung {
            let went_on = if over { ", and then went on" } else { "" };
            (format!("storage of {own} {ended}"), format!("a heartbeat write of {own} took more than half of what is allowed{went_on}"))
        } else {
            let (who, lived) = (nodes(&asked), if over { "; it was not evicted since" } else { "" });
            (format!("storage of {who} {ended}"), format!("{who} said that its heartbeat write hangs{lived}"))
        }
    };
    let node = if all {
        None
    } else if own_hung || timed_out.is_some() {
        boot.own
    } else {
        asked.first().copied()
    };
    let lines: Vec<Line> = group.iter().map(|message| Boot::line(message)).collect();
    // Only a log that goes on for long enough without a word of it knows that it was over.
    let open = if over { "" } else { "whether the writes went on, hang still or ended in a fence is not in this log" };
    Some(Story { basis, open: open.to_owned(), ..boot.story(Kind::StorageHung, node, headline, cause, lines) })
}
