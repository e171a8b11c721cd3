//! One glock of GFS2, opened: what waits for it, who holds it or waits, and what every node says of it in words.

use super::super::app::App;
use super::super::paint;
use super::super::theme::Theme;
use crate::units::span;
use crate::views::waits;
use formats::dlm::ResourceName;
use formats::gfs2::GlockName;
use model::wait_memory::WaitEpisode;
use model::{GlockPart, GlockRow, NodeState, NodeView, Snapshot};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// All facts, in the order they are told.
const NAMES: [&str; 11] =
    ["waits", "why", "asked to", "state", "flags", "calls", "DLM requests", "round trip", "DLM wait", "demoted", "object"];

/// Stuck waits that are over, at most so many, newest first.
const MOST_ENDED: usize = 3;

/// The page in so many columns.
pub fn lines(app: &App, uuid: &str, name: GlockName, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let Some(shown) = app.shown.as_deref() else { return Vec::new() };
    let about = name.inode().map_or_else(String::new, |inode| format!(" of inode {inode} (0x{inode:x})"));
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{} glock{about}", name.kind.word()), theme.strong()),
        Span::raw(format!("  {name}  ")),
        Span::styled(name.kind.protects(), theme.dim()),
    ])];
    lines.extend(sentences(app, shown, uuid, name, columns));
    lines.push(Line::default());
    let Some(view) = shown.file_system(uuid) else { return lines };
    let Some(row) = view.glocks.iter().find(|row| row.name == name) else {
        lines.extend(untold(columns, theme));
        return lines;
    };
    let nodes: Vec<&NodeView> = view.nodes.iter().collect();
    lines.extend(holders(shown, row, columns, theme));
    lines.push(Line::default());
    lines.extend(super::bands(app, &nodes, columns, &NAMES, |node| facts(row, node)));
    lines
}

/// What waits because of it, and what was stuck.
fn sentences(app: &App, shown: &Snapshot, uuid: &str, name: GlockName, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let resource = ResourceName::from(name);
    let mut lines = Vec::new();
    for (chain, stuck) in shown.waits.chains.iter().zip(&shown.stuck_chains) {
        if chain.resource.as_ref() != Some(&resource) || chain.file_system.as_deref() != Some(uuid) {
            continue;
        }
        let (mark, style) = if stuck.is_some() { ("!!", theme.critical()) } else { (" !", theme.warning()) };
        for (number, text) in paint::wrap(&chain.sentence(&shown.nodes), columns.saturating_sub(4), theme).into_iter().enumerate() {
            let mark = if number == 0 { mark } else { "  " };
            lines.push(Line::styled(format!("{mark}  {text}"), style));
        }
    }
    let is_its = |episode: &&WaitEpisode| episode.resource.as_ref() == Some(&resource) && episode.file_system.as_deref() == Some(uuid);
    for episode in shown.ended_waits.iter().rev().filter(is_its).take(MOST_ENDED) {
        let wrapped = paint::wrap(&waits::ended_line(shown, episode, &app.clock), columns.saturating_sub(4), theme);
        lines.extend(wrapped.into_iter().map(|text| Line::raw(format!("    {text}"))));
    }
    lines
}

fn untold(columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let text = "No node tells of this glock in this picture: it was idle, or it is gone. All nodes have been asked to tell it from \
                their next sample on.";
    paint::wrap(text, columns.saturating_sub(2), theme).into_iter().map(Line::raw).collect()
}

fn facts(row: &GlockRow, node: &NodeView) -> Vec<(&'static str, String)> {
    let Some(part) = row.on(node.node) else {
        let why = match &node.state {
            NodeState::Live => "not told: idle, or not known on this node",
            NodeState::Waiting | NodeState::Connecting(_) => "no sample yet",
            NodeState::Late(_) | NodeState::Down(_) => "not known: the node does not answer",
        };
        return vec![("state", format!("? {why}"))];
    };
    let glock = &part.glock;
    if glock.state.is_empty() {
        let mut facts = vec![("state", "? freed while it was read".to_owned())];
        facts.extend(traced(part));
        return facts;
    }
    let mut facts = Vec::new();
    if part.waiting() > 0 {
        let stuck = if part.stuck { "! " } else { "" };
        // No length is told of a waiter that is seen for the first time.
        let length = if part.waited_ns > 0 { format!(", at least {}", span(part.waited_ns)) } else { String::new() };
        facts.push(("waits", format!("{stuck}{}{length}", processes(part.waiting()))));
    }
    facts.extend(part.reason().map(|reason| ("why", reason.words().to_owned())));
    if let Some(demote) = &glock.demote {
        let how = match (demote.under_way, demote.deferred) {
            (true, _) => ", under way",
            (false, true) => ", deferred (minimum hold time)",
            (false, false) => "",
        };
        facts.push(("asked to", format!("go to {} {} ago{how}", demote.state, span(demote.for_ns))));
    }
    let target = if glock.target == glock.state { String::new() } else { format!(", goes to {}", glock.target) };
    facts.push(("state", format!("{} {}{target}", glock.state, state_words(&glock.state)).trim_end().to_owned()));
    facts.push((
        "flags",
        match (glock.flags.as_str(), glock.flags_words.as_str()) {
            ("", _) => "none".to_owned(),
            (flags, "") => flags.to_owned(),
            (flags, words) => format!("{flags} {words}"),
        },
    ));
    if let Some(stats) = &glock.stats {
        let over = stats.over_ns.map_or_else(|| " since it was made".to_owned(), |ns| format!(" in {}", span(ns)));
        facts.push(("calls", format!("{}{over}", stats.queued)));
        facts.push(("DLM requests", format!("{}{over}", stats.dlm_requests)));
        facts.extend(stats.blocking_rtt_ns.filter(|ns| *ns > 0).map(|ns| ("round trip", format!("{} (smoothed)", span(ns)))));
    } else {
        facts.push(("calls", "? not told (no line in glstats)".to_owned()));
    }
    facts.extend(traced(part));
    facts.extend(object(part).map(|words| ("object", words)));
    facts
}

/// What the kernel's histograms counted in the interval.
fn traced(part: &GlockPart) -> [(&'static str, String); 2] {
    let figures = &part.glock.traced;
    let wait = match (figures.dlm_wait_ns, figures.dlm_replies) {
        (_, Some(0)) => "no reply of the DLM in the interval".to_owned(),
        (Some(wait), Some(replies)) => format!("{} for {replies} replies in the interval", span(wait)),
        (None, Some(replies)) => format!("? for {replies} replies in the interval: the clock was set"),
        (_, None) => "? not measured".to_owned(),
    };
    let demoted = figures.remote_demotes.map_or_else(|| "? not measured".to_owned(), |count| format!("{count} times by other nodes"));
    [("DLM wait", wait), ("demoted", demoted)]
}

fn processes(count: u64) -> String {
    if count == 1 { "1 holder waits".to_owned() } else { format!("{count} holders wait") }
}

fn state_words(state: &str) -> &'static str {
    match state {
        "UN" => "(nothing held)",
        "SH" => "(shared)",
        "DF" => "(deferred: direct I/O)",
        "EX" => "(exclusive)",
        _ => "",
    }
}

/// The inode in memory behind it.
fn object(part: &GlockPart) -> Option<String> {
    let inode = part.glock.inode?;
    let kind = if inode.directory { "directory" } else { "file" };
    let system = if inode.system { "system " } else { "" };
    let size = inode.size.map_or_else(String::new, |size| format!(", {size} bytes"));
    Some(format!("{system}{kind}{size}"))
}

/// Who holds it and who waits, a line each, node by node.
fn holders(shown: &Snapshot, row: &GlockRow, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled("holders and waiters in the order of the queue, with their flags", theme.strong())];
    let width = row.nodes.iter().map(|part| paint::width(shown.node_name(part.node))).max().unwrap_or(0).min(20);
    for part in &row.nodes {
        let name = paint::fit(shown.node_name(part.node), width, false, theme);
        for holder in &part.glock.holders {
            let style = match (holder.waiting, part.stuck) {
                (true, true) => theme.critical(),
                (true, false) => theme.warning(),
                (false, _) => Style::new(),
            };
            let does = if holder.waiting { "waits for" } else { "holds" };
            let who = holder.pid.map_or_else(|| "no pid told".to_owned(), |pid| format!("pid {pid} {}", holder.comm));
            let seen = if holder.seen_for_ns > 0 { format!(", at least {}", span(holder.seen_for_ns)) } else { String::new() };
            let flags = if holder.flags.is_empty() { String::new() } else { format!(" ({})", holder.flags) };
            let words = format!("{does:9} {}  {who} in {}{seen}{flags}", holder.state, holder.symbol);
            for (number, text) in paint::wrap(&words, columns.saturating_sub(width + 8), theme).into_iter().enumerate() {
                let (name, gap) = if number == 0 { (name.clone(), "  ") } else { (" ".repeat(width), "      ") };
                lines.push(Line::from(vec![Span::styled(format!("  {name}"), theme.name()), Span::styled(format!("{gap}{text}"), style)]));
            }
        }
        if part.glock.holders_omitted > 0 {
            lines.push(Line::raw(format!("  {}  and {} more wait", " ".repeat(width), part.glock.holders_omitted)));
        }
    }
    if lines.len() == 1 {
        lines.push(Line::styled("  none: where a state is held, it is kept in case it is wanted again", theme.dim()));
    }
    lines
}
