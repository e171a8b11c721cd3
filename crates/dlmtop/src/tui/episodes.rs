//! Stuck history: waits that were or are too long, newest first, with who waited and who held. Below OCFS2's locks, what else
//! was stuck: its blocker and waiters as they were seen last. The selected one tells all.

use super::app::App;
use super::paint;
use super::stuck_wait::{self, StuckWait};
use crate::units::span;
use crate::views::waits;
use model::{Episode, Snapshot};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

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

/// Lines that the item at this place takes: the selected one tells all.
pub fn height(app: &App, items: &[StuckWait<'_>], at: usize, open: bool) -> usize {
    let told = app.shown.as_deref().zip(items.get(at).copied());
    told.map_or(1, |(shown, item)| lines(app, shown, item, open).len())
}

/// An item's lines: a row of OCFS2's table, or the sentence of another wait; opened, with all that is known of it.
fn lines(app: &App, shown: &Snapshot, item: StuckWait<'_>, open: bool) -> Vec<Line<'static>> {
    let mut lines = match item {
        StuckWait::Lock(episode) => vec![row(app, shown, episode)],
        StuckWait::UnderWay(..) | StuckWait::Over(_) => told(app, shown, item),
    };
    if open {
        lines.extend(
            match item {
                StuckWait::Lock(episode) => everything(app, shown, episode),
                StuckWait::UnderWay(chain, _) => chain.all_waiters().into_iter().map(|waiter| waits::waiter_line(shown, waiter)).collect(),
                StuckWait::Over(_) => Vec::new(),
            }
            .into_iter()
            .flat_map(|text| indented(app, &text)),
        );
    }
    lines
}

fn indented(app: &App, text: &str) -> Vec<Line<'static>> {
    let columns = usize::from(app.size.width);
    paint::wrap(text, columns.saturating_sub(8), app.theme).into_iter().map(|text| Line::raw(format!("      {text}"))).collect()
}

fn everything(app: &App, snapshot: &Snapshot, episode: &Episode) -> Vec<String> {
    let mut told = vec![episode.name.to_string()];
    for wait in &episode.waits {
        let since = wait.since_us.map_or_else(|| "a time that is not recorded".to_owned(), |us| app.clock.date_time_ms(us));
        let length = match wait.over_after_ns {
            Some(over) => format!("{} to {}", span(wait.longest_ns), span(over)),
            None => format!("{} or longer", span(wait.longest_ns)),
        };
        let handles = if wait.handles > 1 { format!(" with {} handles", wait.handles) } else { String::new() };
        told.push(format!("{} waited{handles} for {} from {since} on, for {length}", snapshot.node_name(wait.node), wait.wanted));
    }
    let holders: Vec<&str> = episode.holders.iter().map(|&node| snapshot.node_name(node)).collect();
    told.push(if holders.is_empty() { "its holder was not seen".to_owned() } else { format!("held by {}", holders.join(", ")) });
    told
}

fn row(app: &App, shown: &Snapshot, episode: &Episode) -> Line<'static> {
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
    Line::styled(line, if under_way { app.theme.critical() } else { Style::new() })
}

/// A stuck wait of another lock than OCFS2's, in its sentence.
fn told(app: &App, shown: &Snapshot, item: StuckWait<'_>) -> Vec<Line<'static>> {
    let (mark, style) = if matches!(item, StuckWait::UnderWay(..)) { ("! ", app.theme.critical()) } else { ("  ", Style::new()) };
    let text = item.sentence(shown, &app.clock).unwrap_or_default();
    let wrapped = paint::wrap(&text, usize::from(app.size.width).saturating_sub(4), app.theme);
    wrapped
        .into_iter()
        .enumerate()
        .map(|(number, text)| Line::styled(format!("{}{text}", if number == 0 { mark } else { "    " }), style))
        .collect()
}

/// The page.
pub fn draw(app: &App, buffer: &mut Buffer, area: Rect) {
    let theme = app.theme;
    let Some(shown) = app.shown.as_deref() else { return };
    let items = stuck_wait::of(app);
    if items.is_empty() {
        let limit = app.settings.stuck_after_ns as f64 / 1e9;
        let text = format!("  No lock has been waited for longer than {limit} s while this was watched.");
        paint::lines(buffer, area, &[Line::default(), Line::raw(text)], 0, theme);
        return;
    }
    let mut rows = area.rows();
    if has_heading(&items)
        && let Some(row) = rows.next()
    {
        let heading = "  SINCE         FREE BY   LONGEST  TYPE        INO  WHO WAITED, WHO HELD";
        paint::line(buffer, row, &Line::raw(heading), theme);
        buffer.set_style(row, theme.heading());
    }
    let cursor = app.cursor();
    for (at, item) in items.iter().enumerate().skip(cursor.top) {
        let is_selected = at == cursor.at;
        for (number, line) in lines(app, shown, *item, is_selected).iter().enumerate() {
            let Some(row) = rows.next() else { return };
            paint::line(buffer, row, line, theme);
            if is_selected && number == 0 {
                buffer.set_style(row, theme.selected());
            }
        }
    }
}

/// The heading is of the rows of OCFS2's locks.
fn has_heading(items: &[StuckWait<'_>]) -> bool {
    matches!(items.first(), Some(StuckWait::Lock(_)))
}
