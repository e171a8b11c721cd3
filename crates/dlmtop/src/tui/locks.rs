//! The lock table: the hottest or longest waiting on top, with rows per node below each if wanted.

use super::app::App;
use super::columns::{self, MARK_WIDTH};
use super::filter::Choice;
use super::paint;
use super::spark;
use crate::settings::Settings;
use crate::units::{count, text};
use model::column::Cell;
use model::{Column, FileSystemView, LockRow, NodeFigures, Snapshot, Value};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Columns that are empty in a node's row: its name stands there.
const NODE_NAME_OVER: [&str; 3] = ["type", "inode", "path"];
/// Room for a node's name where none of those columns is shown.
const NODE_NAME_WIDTH: usize = 15;

/// Which rows are shown, in order, as indices.
pub fn order(view: &FileSystemView, choice: &Choice, settings: &Settings) -> Vec<usize> {
    let shows = |row: &LockRow| (choice.all || row.is_hot()) && choice.filter.shows(row);
    let mut order: Vec<usize> = view.rows.iter().enumerate().filter(|(_, row)| shows(row)).map(|(at, _)| at).collect();
    order.sort_unstable_by(|a, b| match (view.rows.get(*a), view.rows.get(*b)) {
        (Some(a), Some(b)) if settings.reverse => settings.sort.compare(b, a),
        (Some(a), Some(b)) => settings.sort.compare(a, b),
        _ => a.cmp(b),
    });
    order.truncate(settings.top.unwrap_or(usize::MAX));
    order
}

/// Lines that the lock or glock of this rank takes.
pub fn height(app: &App, rank: usize) -> usize {
    let nodes = || app.row(rank).map(|row| row.nodes.len()).or_else(|| app.glock(rank).map(|row| row.nodes.len()));
    if app.settings.detail { 1 + nodes().unwrap_or(0) } else { 1 }
}

/// Draws heading and rows.
pub fn draw(app: &App, buffer: &mut Buffer, area: Rect) {
    let (Some(snapshot), Some(view)) = (app.shown.as_deref(), app.file_system()) else { return };
    let shown = columns::shown(app);
    let mut lines = area.rows();
    if let Some(line) = lines.next() {
        paint::line(buffer, line, &heading(app, &shown), app.theme);
        buffer.set_style(line, app.theme.heading());
    }
    let cursor = app.cursor();
    for rank in cursor.top..app.order.len() {
        let Some(row) = app.row(rank) else { break };
        let parts = if app.settings.detail { row.nodes.as_slice() } else { &[] };
        for (number, part) in std::iter::once(None).chain(parts.iter().map(Some)).enumerate() {
            let Some(line) = lines.next() else { return };
            let cell = Cell { snapshot, view, row, part };
            paint::line(buffer, line, &table_line(app, &shown, &cell, number == parts.len()), app.theme);
            if rank == cursor.at && part.is_none() {
                buffer.set_style(line, app.theme.selected());
            }
        }
    }
}

fn heading(app: &App, shown: &columns::Shown) -> Line<'static> {
    let mut line = if shown.more_left { "< " } else { "  " }.to_owned();
    for (column, width) in &shown.columns {
        let arrow = if column.sort == Some(app.settings.sort) {
            let (down, up) = app.theme.arrows();
            if app.settings.reverse { up } else { down }
        } else {
            ""
        };
        let title = format!("{}{arrow}", column.title);
        // A title to the left may use the gap after its column.
        if column.right {
            line += &paint::fit(&title, *width, true, app.theme);
            line.push(' ');
        } else {
            line += &paint::fit(&title, width + 1, false, app.theme);
        }
    }
    let room = usize::from(app.size.width).saturating_sub(paint::width(&line));
    if shown.more_right && room > 0 {
        line.push_str(&paint::fit(">", room, true, app.theme));
    }
    Line::raw(line)
}

/// One row: of a lock, or of a node below it.
fn table_line(app: &App, shown: &columns::Shown, cell: &Cell<'_>, last: bool) -> Line<'static> {
    let theme = app.theme;
    let figures = cell.figures();
    let missed = cell.part.is_some_and(|part| part.missed_ns.is_some());
    let style = match () {
        () if missed => theme.dim(),
        () if figures.stuck => theme.critical(),
        () => Style::new(),
    };
    let mark = match () {
        () if figures.stuck => "! ",
        () if missed => "~ ",
        () => "  ",
    };
    let mut spans = vec![Span::styled(mark, style)];
    debug_assert!(mark.len() == MARK_WIDTH);
    let mut columns = shown.columns.as_slice();
    if let Some(part) = cell.part {
        let under = columns.iter().take_while(|(column, _)| NODE_NAME_OVER.contains(&column.id)).count();
        let (over, rest) = columns.split_at_checked(under).unwrap_or((&[], columns));
        let width = over.iter().map(|(_, width)| width + 1).sum::<usize>().saturating_sub(1);
        columns = rest;
        let has_level = columns.iter().any(|(column, _)| column.id == "level");
        let width = if over.is_empty() { NODE_NAME_WIDTH } else { width };
        spans.push(Span::styled(node_label(app, cell.snapshot, part, last, width, !has_level), style));
        spans.push(Span::raw(" "));
    }
    for (column, width) in columns {
        let value = (column.get)(cell);
        let style = match value {
            Value::Nanoseconds(_) | Value::AtLeast(_) if column.id == "waiting_ns" && !figures.stuck => theme.warning(),
            Value::Count(0) | Value::Nanoseconds(0) | Value::Unknown => theme.dim(),
            _ => style,
        };
        spans.push(Span::styled(cell_text(app, column, *width, &value), style));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

/// `├─node1    EX`: the node, and the level it holds unless a column tells it.
fn node_label(app: &App, snapshot: &Snapshot, part: &NodeFigures, last: bool, width: usize, with_level: bool) -> String {
    let (middle, end) = app.theme.branches();
    let branch = if last { end } else { middle };
    let name = format!("{branch}{}", snapshot.node_name(part.node));
    if with_level && width > 8 {
        paint::fit(&name, width - 3, false, app.theme) + " " + part.state.level.word()
    } else {
        paint::fit(&name, width, false, app.theme)
    }
}

fn cell_text(app: &App, column: &Column, width: usize, value: &Value) -> String {
    let text = match value {
        Value::Series(series) => spark::line(series, width, app.theme),
        Value::Count(number) if number.checked_ilog10().unwrap_or(0) as usize >= width => count(*number),
        other => text(other, &app.clock),
    };
    paint::fit(&text, width, column.right, app.theme)
}
