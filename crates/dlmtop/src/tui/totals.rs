//! The header's line of sums over all locks or glocks, shown or not, and the order of the rows.

use super::app::App;
use super::paint;
use crate::units::{count, span};
use formats::gfs2::GlockType;
use model::FileSystemView;
use ratatui::text::{Line, Span};
use sample::message::FileSystemKind;
use std::collections::BTreeMap;

/// The line; `None` while no node answers.
pub fn line(app: &App, columns: usize) -> Option<Line<'static>> {
    let view = app.file_system()?;
    if !view.nodes.iter().any(|node| node.state.counts()) {
        return None;
    }
    let reversed = if app.settings.reverse { ", reversed" } else { "" };
    let right = vec![Span::styled(format!("  by {}{reversed}", app.settings.sort.name()), app.theme.dim())];
    let left = match view.kind {
        FileSystemKind::Ocfs2 => locks(app, view),
        FileSystemKind::Gfs2 => glocks(app, view, columns.saturating_sub(right.iter().map(Span::width).sum())),
    };
    Some(paint::both_ends(left, right, columns))
}

/// The interval that the sums are of; `None`: since the locks were made.
fn interval(view: &FileSystemView) -> Option<String> {
    if view.lifetime {
        return None;
    }
    let longest = view.nodes.iter().filter(|node| node.state.counts()).filter_map(|node| node.last.as_ref()?.interval_ns).max();
    Some(format!("in {}", longest.map_or_else(|| "?".to_owned(), span)))
}

fn locks(app: &App, view: &FileSystemView) -> Vec<Span<'static>> {
    let totals = &view.totals;
    let over = interval(view).unwrap_or_else(|| "since each lock was made".to_owned());
    let types: Vec<String> = totals.by_frequency().iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let types = if types.is_empty() { String::new() } else { format!(": {}", types.join(" ")) };
    let mut line =
        vec![Span::raw(format!("EX {} + PR {} {over}, {} locks active{types}", totals.ex_gets, totals.pr_gets, totals.active_total()))];
    line.extend(waiting(app, totals.waiting, totals.stuck));
    line
}

fn waiting(app: &App, waiting: u64, stuck: u64) -> Option<Span<'static>> {
    if waiting == 0 && stuck == 0 {
        return None;
    }
    let style = if stuck > 0 { app.theme.critical() } else { app.theme.warning() };
    let stuck = if stuck > 0 { format!(", {stuck} STUCK") } else { String::new() };
    Some(Span::styled(format!("; {waiting} waiting{stuck}"), style))
}

/// Calls and requests of one glock type over the nodes.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    calls: u64,
    requests: u64,
}

/// As many types as fit, the most used first: `inode 1280 calls 95 DLM, iopen …`.
fn glocks(app: &App, view: &FileSystemView, columns: usize) -> Vec<Span<'static>> {
    let figures = || view.gfs2.iter().flat_map(|of_node| &of_node.types);
    // A glock that waits on three nodes counts once, as a lock of OCFS2 does.
    let waits = view.glocks.iter().filter(|row| row.waiting > 0).count() as u64;
    let stuck = view.glocks.iter().filter(|row| row.stuck).count() as u64;
    let end = waiting(app, waits, stuck);
    let told = figures().any(|of_type| of_type.queued.is_some() || of_type.dlm_requests.is_some());
    let text = match interval(view) {
        None => "first sample: calls and DLM requests are since each glock was made".to_owned(),
        Some(over) if !told => format!("calls and DLM requests {over}: not told (no sbstats)"),
        Some(over) => {
            let mut types: BTreeMap<GlockType, Used> = BTreeMap::new();
            for of_type in figures() {
                let used = types.entry(of_type.kind).or_default();
                used.calls = used.calls.saturating_add(of_type.queued.unwrap_or(0));
                used.requests = used.requests.saturating_add(of_type.dlm_requests.unwrap_or(0));
            }
            let mut types: Vec<(GlockType, Used)> = types.into_iter().filter(|(_, used)| used.calls > 0 || used.requests > 0).collect();
            types.sort_by_key(|(kind, used)| (std::cmp::Reverse(used.calls), *kind));
            let room = columns.saturating_sub(end.as_ref().map_or(0, Span::width));
            types_line(&types, &over, room)
        }
    };
    std::iter::once(Span::raw(text)).chain(end).collect()
}

fn types_line(types: &[(GlockType, Used)], over: &str, room: usize) -> String {
    if types.is_empty() {
        return format!("no lock calls and no DLM requests {over}");
    }
    let mut line = format!("calls/DLM requests {over}: ");
    for (at, (kind, used)) in types.iter().enumerate() {
        let gap = if at == 0 { "" } else { ", " };
        let one = format!("{gap}{} {}/{}", kind.word(), count(used.calls), count(used.requests));
        let more = ", …";
        let rest = if at + 1 == types.len() { 0 } else { paint::width(more) };
        if at > 0 && line.len() + one.len() + rest > room {
            line.push_str(more);
            break;
        }
        line.push_str(&one);
    }
    line
}
