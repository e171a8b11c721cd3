//! Every field of a lock on one node, in words.

use super::super::app::App;
use super::lvb;
use crate::units::span;
use formats::ocfs2::{Level, LockType};
use model::{LockRow, NodeState, NodeView};
use sample::LevelDelta;
use sample::lock_sample::Life;

/// All facts, in the order they are told.
pub const NAMES: [&str; 20] = [
    "waits",
    "level",
    "holders",
    "requested",
    "blocking",
    "action",
    "unlocking",
    "flags",
    "handles",
    "EX",
    "PR",
    "EX longest",
    "PR longest",
    "EX last",
    "PR last",
    "refreshed",
    "life",
    "figures",
    "LVB",
    "more fields",
];

/// Those that apply.
pub fn of(app: &App, row: &LockRow, node: &NodeView) -> Vec<(&'static str, String)> {
    let Some(part) = row.on(node.node) else {
        let why = match &node.state {
            NodeState::Live => "not told: idle, or not known on this node",
            NodeState::Waiting | NodeState::Connecting(_) => "no sample yet",
            NodeState::Late(_) | NodeState::Down(_) => "not known: the node does not answer",
        };
        return vec![("level", format!("? {why}"))];
    };
    let state = &part.state;
    let figures = &part.figures;
    let mut facts = Vec::new();
    if let Some(wait) = &figures.wait {
        let least = if wait.at_least { "at least " } else { "" };
        let since = wait.since_us.map_or_else(|| "start not recorded".to_owned(), |us| format!("since {}", app.clock.time_ms(us)));
        let stuck = if figures.stuck { "! " } else { "" };
        facts.push(("waits", format!("{stuck}{least}{} for {} {since}", span(wait.for_ns), wait.wanted)));
    }
    facts.push(("level", format!("{} {}", state.level, level_words(state.level))));
    facts.push((
        "holders",
        match (state.ex_holders, state.ro_holders) {
            // A flock's holders are not counted; any other lock without holders is kept in case it is wanted again.
            (0, 0) if state.level >= Level::PR && row.kind() == LockType::FLOCK => "? not counted for flock".to_owned(),
            (0, 0) if state.level >= Level::PR => "none (cached)".to_owned(),
            (ex, ro) => format!("{ex} exclusive, {ro} shared"),
        },
    ));
    facts.push(("requested", state.requested.to_string()));
    facts.push((
        "blocking",
        match state.blocking {
            Level::IV | Level::NL => "no other node".to_owned(),
            level => format!("{level} wanted by another node"),
        },
    ));
    facts.push(("action", state.action.to_string()));
    if state.unlock_action.0 != 0 {
        facts.push(("unlocking", state.unlock_action.to_string()));
    }
    facts.push(("flags", format!("{:#x} {}", state.flags.0, state.flags)));
    if row.kind() == LockType::FLOCK {
        facts.push(("handles", format!("{}, {} waiting", figures.handles, figures.waiting_handles)));
    }
    if figures.unknown {
        facts.push(("figures", "? the kernel counts nothing for this lock".to_owned()));
    } else {
        facts.push(("EX", acquired(&figures.ex)));
        facts.push(("PR", acquired(&figures.pr)));
        facts.push(("EX longest", span(figures.ex.max_ns)));
        facts.push(("PR longest", span(figures.pr.max_ns)));
        let now_us = node.last.as_ref().and_then(|head| head.clock.realtime_us);
        facts.push(("EX last", last(app, &figures.ex, now_us)));
        facts.push(("PR last", last(app, &figures.pr, now_us)));
        facts.push(("refreshed", format!("{} times from disk", figures.refresh)));
        let over = figures.over_ns.map_or_else(|| "since it was made".to_owned(), |ns| format!("of the last {}", span(ns)));
        let missed = part.missed_ns.map_or(String::new(), |ago| format!("~ not in the last dump, seen {} ago; ", span(ago)));
        facts.push(("figures", format!("{missed}{over}")));
    }
    facts.push((
        "life",
        match part.life {
            Life::Ongoing => "goes on".to_owned(),
            Life::Made => "made in this interval".to_owned(),
            Life::MadeAgain => "freed and made again".to_owned(),
        },
    ));
    facts.extend(lvb::words(app, row.kind(), part.lvb.as_deref()).map(|words| ("LVB", words)));
    facts.extend(part.rest.as_ref().map(|rest| ("more fields", rest.clone())));
    facts
}

fn level_words(level: Level) -> &'static str {
    match level {
        Level::IV => "(not attached)",
        Level::NL => "(nothing held)",
        Level::PR => "(shared)",
        Level::EX => "(exclusive)",
        _ => "",
    }
}

fn acquired(delta: &LevelDelta) -> String {
    let failed = if delta.fails > 0 { format!(", {} failed", delta.fails) } else { String::new() };
    match delta.average_ns() {
        None => format!("0{failed}"),
        Some(average) => format!("{} in {}, average {}{failed}", delta.gets, span(delta.total_ns), span(average)),
    }
}

/// When it was acquired last, and how long ago by the node's clock.
fn last(app: &App, delta: &LevelDelta, now_us: Option<u64>) -> String {
    match (delta.last_us, now_us) {
        (None, _) => "? (format before version 4)".to_owned(),
        (Some(0), _) => "never".to_owned(),
        (Some(at), Some(now)) if now >= at => format!("{}, {} ago", app.clock.time_ms(at), span((now - at) * 1000)),
        (Some(at), _) => app.clock.time_ms(at),
    }
}
