//! Stuck history: waits that were or are too long, newest first, with who waited and who held. Below OCFS2's locks, what else
//! was stuck: its blocker and waiters as they were seen last.

use super::app::App;
use super::paint;
use crate::units::span;
use crate::views::waits;
use model::{Episode, Snapshot};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use sample::message::FileSystemKind;

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

/// Lines that the episode at this place takes: the selected one tells all.
pub fn height(app: &App, at: usize, open: bool) -> usize {
    let told = if open { app.shown.as_deref().zip(of(app).get(at).copied()) } else { None };
    1 + told.map_or(0, |(shown, episode)| everything(app, shown, episode).len())
}

fn everything(app: &App, snapshot: &Snapshot, episode: &Episode) -> Vec<Line<'static>> {
    let columns = usize::from(app.size.width);
    let mut lines = Vec::new();
    let mut add = |text: &str| {
        lines.extend(paint::wrap(text, columns.saturating_sub(8), app.theme).into_iter().map(|text| Line::raw(format!("      {text}"))));
    };
    add(&episode.name.to_string());
    for wait in &episode.waits {
        let since = wait.since_us.map_or_else(|| "a time that is not recorded".to_owned(), |us| app.clock.date_time_ms(us));
        let length = match wait.over_after_ns {
            Some(over) => format!("{} to {}", span(wait.longest_ns), span(over)),
            None => format!("{} or longer", span(wait.longest_ns)),
        };
        let handles = if wait.handles > 1 { format!(" with {} handles", wait.handles) } else { String::new() };
        add(&format!("{} waited{handles} for {} from {since} on, for {length}", snapshot.node_name(wait.node), wait.wanted));
    }
    let holders: Vec<&str> = episode.holders.iter().map(|&node| snapshot.node_name(node)).collect();
    if holders.is_empty() {
        add("its holder was not seen");
    } else {
        add(&format!("held by {}", holders.join(", ")));
    }
    lines
}

/// The page.
pub fn draw(app: &App, buffer: &mut Buffer, area: Rect) {
    let theme = app.theme;
    let Some(shown) = app.shown.as_deref() else { return };
    let episodes = of(app);
    let others = others(app, shown, usize::from(area.width));
    if episodes.is_empty() && others.is_empty() {
        let limit = app.settings.stuck_after_ns as f64 / 1e9;
        let text = format!("  No lock has been waited for longer than {limit} s while this was watched.");
        paint::lines(buffer, area, &[Line::default(), Line::raw(text)], 0, theme);
        return;
    }
    let mut rows = area.rows();
    if let (Some(row), false) = (rows.next(), episodes.is_empty()) {
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
        paint::line(buffer, row, &Line::styled(line, if under_way { theme.critical() } else { Style::new() }), theme);
        if at == cursor.at {
            buffer.set_style(row, theme.selected());
            for line in everything(app, shown, episode) {
                let Some(row) = rows.next() else { return };
                paint::line(buffer, row, &line, theme);
            }
        }
    }
    for (row, line) in rows.zip(others) {
        paint::line(buffer, row, &line, theme);
    }
}

/// Stuck waits of other locks than OCFS2's: those under way, then those over, newest first.
fn others(app: &App, shown: &Snapshot, columns: usize) -> Vec<Line<'static>> {
    let is_other = |uuid: Option<&str>| uuid.and_then(|uuid| shown.file_system(uuid)).is_none_or(|view| view.kind != FileSystemKind::Ocfs2);
    let mut told: Vec<(String, Style)> = Vec::new();
    for (chain, stuck) in shown.waits.chains.iter().zip(&shown.stuck_chains) {
        if let (Some(stuck), true) = (stuck, is_other(chain.file_system.as_deref())) {
            let since = stuck.since_us.map_or_else(String::new, |us| format!("since {}: ", app.clock.time(us)));
            told.push((format!("! {since}{}", chain.sentence(&shown.nodes)), app.theme.critical()));
        }
    }
    for episode in shown.ended_waits.iter().rev().filter(|episode| is_other(episode.file_system.as_deref())) {
        told.push((format!("  {}", waits::ended_line(shown, episode, &app.clock)), Style::new()));
    }
    let mut lines = Vec::new();
    for (text, style) in told {
        let (mark, words) = text.split_at_checked(2).unwrap_or(("", &text));
        for (number, text) in paint::wrap(words, columns.saturating_sub(4), app.theme).into_iter().enumerate() {
            let mark = if number == 0 { mark } else { "    " };
            lines.push(Line::styled(format!("{mark}{text}"), style));
        }
    }
    lines
}
