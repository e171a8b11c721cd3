//! Stuck history: waits that were or are too long, newest first, with who waited and who held.

use super::app::App;
use super::paint;
use crate::units::span;
use model::{Episode, Snapshot};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// All that the shown picture knows: under way first, then newest first.
pub fn of(app: &App) -> Vec<&Episode> {
    let Some(shown) = app.shown.as_deref() else { return Vec::new() };
    shown.stuck.iter().rev().chain(shown.ended.iter().rev()).chain(shown.ended_before.iter().rev()).collect()
}

/// `node1 35.9s, node3 (2 handles) 32.0s; held by node2`.
pub fn who(snapshot: &Snapshot, episode: &Episode) -> String {
    let waits: Vec<String> = episode
        .waits
        .iter()
        .map(|wait| {
            let handles = if wait.handles > 1 { format!(" ({} handles)", wait.handles) } else { String::new() };
            let least = if wait.at_least { ">" } else { "" };
            format!("{}{handles} {least}{} for {}", snapshot.node_name(wait.node), span(wait.longest_ns), wait.wanted)
        })
        .collect();
    let holders: Vec<&str> = episode.holders.iter().map(|&node| snapshot.node_name(node)).collect();
    let held = if holders.is_empty() { String::new() } else { format!("; held by {}", holders.join(", ")) };
    format!("{}{held}", waits.join(", "))
}

/// `22:24:52.152`, or that it is not known.
pub fn since(app: &App, episode: &Episode) -> String {
    episode.since_us.map_or_else(|| "?".to_owned(), |us| app.clock.time_ms(us))
}

/// When it was over.
pub fn end(app: &App, episode: &Episode) -> String {
    match episode.ended {
        None => "now".to_owned(),
        Some(at) => at.realtime_us.map_or_else(|| "over".to_owned(), |us| app.clock.time(us)),
    }
}

/// The page.
pub fn draw(app: &App, buffer: &mut Buffer, area: Rect) {
    let theme = app.theme;
    let Some(shown) = app.shown.as_deref() else { return };
    let episodes = of(app);
    if episodes.is_empty() {
        let limit = app.settings.stuck_after_ns as f64 / 1e9;
        let text = format!("  No lock has been waited for longer than {limit} s while this was watched.");
        paint::lines(buffer, area, &[Line::default(), Line::raw(text)], 0, theme);
        return;
    }
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        let heading = "  SINCE         FREE BY   LONGEST  TYPE        INO  WHO WAITED, WHO HELD";
        paint::line(buffer, row, &Line::raw(heading), theme);
        buffer.set_style(row, theme.heading());
    }
    let cursor = app.cursor();
    for (at, episode) in episodes.iter().enumerate().skip(cursor.top) {
        let Some(row) = rows.next() else { return };
        let under_way = episode.ended.is_none();
        let mark = if under_way { "! " } else { "  " };
        let least = if episode.waits.iter().any(|wait| wait.at_least) { ">" } else { "" };
        let line = format!(
            "{mark}{:12}  {:8}  {:>7}  {:4} {:>10}  {}",
            since(app, episode),
            end(app, episode),
            format!("{least}{}", span(episode.longest_ns())),
            episode.name.kind(),
            episode.name.inode().map(|inode| inode.to_string()).unwrap_or_default(),
            who(shown, episode)
        );
        paint::line(buffer, row, &Line::styled(line, if under_way { theme.critical() } else { theme.strong().remove_modifier(ratatui::style::Modifier::BOLD) }), theme);
        if at == cursor.at {
            buffer.set_style(row, theme.selected());
        }
    }
}
