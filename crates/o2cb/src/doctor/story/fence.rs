//! How the node that wrote the log ended.

use super::loss::{forget_what_is_over, is_loss};
use super::{Basis, Boot, Kind, Line, Story, nodes, seconds};
use formats::kernel_log::{Event, Message};

/// How far back the first signs are looked for, µs.
const BACK_US: i64 = 600_000_000;
/// Between the decision and the last words, µs at most.
const DECIDED_US: i64 = 10_000_000;

/// Its fence or its crash, if the log has it.
pub fn tell(boot: &Boot<'_>) -> Option<Story> {
    let is = |wanted: fn(&Event) -> bool| boot.messages.iter().rposition(|message| message.event.as_ref().is_some_and(wanted));
    // The very last words may be lost with the machine.
    let last = is(|event| matches!(event, Event::Fencing { .. }))
        .or_else(|| is(|event| matches!(event, Event::FenceMinority { .. } | Event::FenceHalf { .. } | Event::StoppingAllRegions)));
    let Some(last) = last else { return crash(boot) };
    let decision = boot.before(last, DECIDED_US).filter(|(_, message)| {
        matches!(message.event, Some(Event::WriteTimeout { .. } | Event::FenceMinority { .. } | Event::FenceHalf { .. }))
    });
    let Some((index, message)) = decision.last() else {
        let lines = boot.messages.get(last).map(|message| Boot::line(message)).into_iter().collect();
        let own = boot.own_words();
        let cause = format!("why {own} fenced itself is not in this log");
        let mut story = boot.story(Kind::Fence, boot.own, format!("{own} fenced itself"), cause, lines);
        story.basis = Basis::NoSign;
        "what was said before is not in this log".clone_into(&mut story.open);
        return Some(story);
    };
    Some(match message.event.clone() {
        Some(Event::WriteTimeout { device, ms }) => disk(boot, index, last, &device, ms),
        Some(event) => network(boot, last, &event),
        None => return None,
    })
}

fn disk(boot: &Boot<'_>, index: usize, last: usize, device: &str, ms: u64) -> Story {
    let window = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1000).saturating_add(5_000_000);
    let of_disk = |event: &Event| {
        matches!(
            event,
            Event::WriteHung { .. }
                | Event::NegotiationReceived { .. }
                | Event::NegotiationApproved { .. }
                | Event::AllHung { .. }
                | Event::DiskError { .. }
                | Event::HeartbeatIoError { .. }
                | Event::WriteTimeout { .. }
                | Event::StoppingAllRegions
                | Event::Fencing { .. }
        )
    };
    let own = boot.own_words();
    let mut lines: Vec<Line> = boot
        .messages
        .get(index)
        .map(|message| Boot::concluded(message, ms, format!("{own}'s last good heartbeat on {device}")))
        .into_iter()
        .collect();
    let told: Vec<&Message> =
        boot.before(last, window).map(|(_, message)| message).filter(|message| message.event.as_ref().is_some_and(of_disk)).collect();
    let failed = told.iter().any(|message| matches!(message.event, Some(Event::HeartbeatIoError { .. } | Event::DiskError { .. })));
    let asked = told.iter().rev().find_map(|message| match message.event {
        Some(Event::WriteHung { asked, .. }) => asked,
        _ => None,
    });
    // Whether the answer to the last time that it asked is in the log: an approval lets it wait for as long again.
    let approved = told.iter().rev().find_map(|message| match message.event {
        Some(Event::NegotiationApproved { .. }) => Some(true),
        Some(Event::WriteHung { .. }) => Some(false),
        _ => None,
    });
    lines.extend(few(&told));
    let how = if failed { "failed" } else { "hung" };
    let asked = match asked {
        Some(node) if approved == Some(true) => format!("; it asked node {node} to wait, and an approval came"),
        Some(node) => format!("; it asked node {node} to wait, and no approval came"),
        None if failed => "; after an error nodes do not negotiate".to_owned(),
        None => String::new(),
    };
    let cause = format!(
        "storage of {own} {how}: its heartbeat write to {device} did not complete for {}{asked}. Rule: a node that cannot write its heartbeat for \
         (threshold-1)*2 s fences itself, because the others are about to count it dead",
        seconds(ms)
    );
    boot.story(Kind::DiskFence, boot.own, format!("{own} fenced itself: storage of {own} {how}"), cause, lines)
}

/// Repeated errors are told by the first of each.
fn few(messages: &[&Message]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for message in messages {
        let line = Boot::line(message);
        let noisy = matches!(message.event, Some(Event::HeartbeatIoError { .. } | Event::DiskError { .. }));
        if !noisy || lines.iter().all(|known| known.words != line.words) {
            lines.push(line);
        }
    }
    lines
}

/// What was said of connections that were lost at the decision, and of the decision.
fn before_decision<'a>(boot: &Boot<'a>, last: usize) -> Vec<&'a Message> {
    let mut told: Vec<&Message> = Vec::new();
    for (_, message) in boot.before(last, BACK_US) {
        let lost: Vec<u32> = told.iter().filter(|sign| is_loss(sign)).filter_map(|sign| sign.event.as_ref()?.node()).collect();
        for node in lost {
            forget_what_is_over(&mut told, node, message);
        }
        match &message.event {
            // What was lost before came back.
            Some(Event::Connected { peer, .. }) => {
                told.retain(|sign| !is_loss(sign) || sign.event.as_ref().and_then(Event::node) != Some(peer.number));
                if !told.iter().any(|sign| is_loss(sign)) {
                    told.clear();
                }
            }
            // The node itself left and came back: what was lost before was of its former life.
            Some(Event::HeartbeatMode { .. }) => told.clear(),
            Some(
                Event::Idle { .. }
                | Event::Disconnected { .. }
                | Event::NoConnection { .. }
                | Event::CarrierLost { .. }
                | Event::FenceMinority { .. }
                | Event::FenceHalf { .. }
                | Event::StoppingAllRegions
                | Event::Fencing { .. }
                | Event::NotFencing { .. },
            ) => told.push(message),
            _ => {}
        }
    }
    told
}

fn network(boot: &Boot<'_>, last: usize, decision: &Event) -> Story {
    let own = boot.own_words();
    let told = before_decision(boot, last);
    let mut peers: Vec<u32> = told.iter().filter(|message| is_loss(message)).filter_map(|message| message.event.as_ref()?.node()).collect();
    let interface = told.iter().rev().find_map(|message| match &message.event {
        Some(Event::CarrierLost { interface }) => Some(interface.clone()),
        _ => None,
    });
    let silence = told.iter().find_map(|message| match &message.event {
        Some(Event::Idle { peer, ms }) => Some(Boot::concluded(message, *ms, format!("last message from node {}", peer.number))),
        _ => None,
    });
    // Where the first that was told is a silence, it had begun before.
    let first = told.first().is_some_and(|message| matches!(message.event, Some(Event::Idle { .. })));
    let lines: Vec<Line> = silence.filter(|_| first).into_iter().chain(told.iter().map(|message| Boot::line(message))).collect();
    peers.sort_unstable();
    peers.dedup();
    let rule = match decision {
        Event::FenceMinority { connected, needed, beating } => {
            format!("it was connected with {connected} of the {beating} nodes that beat (itself included), and {needed} are needed")
        }
        Event::FenceHalf { connected, beating, lowest } => {
            format!(
                "it had only half ({connected} of {beating}), and not the half with the lowest node {lowest}; that half stays, whichever is well"
            )
        }
        _ => "it had no quorum".to_owned(),
    };
    let link = interface.map_or_else(String::new, |name| format!("; its interface {name} had lost its link"));
    let cause = format!("network between {own} and {} lost{link}; {own} lost the quorum decision because {rule}", nodes(&peers));
    boot.story(Kind::NetworkFence, boot.own, format!("{own} fenced itself: network between {own} and {} lost", nodes(&peers)), cause, lines)
}

fn crash(boot: &Boot<'_>) -> Option<Story> {
    let panic = boot.messages.iter().rposition(|message| matches!(message.event, Some(Event::Panic { .. })))?;
    let signs = boot.before(panic, BACK_US).map(|(_, message)| message);
    let lines: Vec<Line> = signs
        .filter(|message| matches!(message.event, Some(Event::Oops | Event::Panic { .. } | Event::TaskHung { .. })))
        .map(Boot::line)
        .collect();
    let why = match &boot.messages.get(panic)?.event {
        Some(Event::Panic { why }) => why.clone(),
        _ => return None,
    };
    let own = boot.own_words();
    Some(boot.story(
        Kind::Crash,
        boot.own,
        format!("the kernel of {own} panicked"),
        format!("{why}; it was no fence of the cluster"),
        lines,
    ))
}
