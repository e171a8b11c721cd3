//! The glock table of a GFS2: stuck and waiting on top, with rows per node below each if wanted.

use super::app::App;
use super::columns::MARK_WIDTH;
use super::filter::Choice;
use super::glock_columns::{self, FROZEN, Shown};
use super::paint;
use crate::settings::Settings;
use crate::units::{count, text};
use model::{FileSystemView, GlockCell, GlockColumn, Value};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Room for a node's name where no column is shown that it could stand under.
const NODE_NAME_WIDTH: usize = 15;

/// Which glocks are shown, in order, as indices.
pub fn order(view: &FileSystemView, choice: &Choice, settings: &Settings) -> Vec<usize> {
    let rows = view.glocks.iter().enumerate();
    let shown = rows.filter(|(_, row)| (choice.all || row.is_hot()) && choice.filter.shows_glock(row));
    let mut order: Vec<usize> = shown.map(|(at, _)| at).collect();
    order.sort_by(|a, b| match (view.glocks.get(*a), view.glocks.get(*b)) {
        (Some(a), Some(b)) if settings.reverse => settings.sort.compare_glocks(b, a),
        (Some(a), Some(b)) => settings.sort.compare_glocks(a, b),
        _ => a.cmp(b),
    });
    order.truncate(settings.top.unwrap_or(usize::MAX));
    order
}

/// Draws heading and rows.
pub fn draw(app: &App, buffer: &mut Buffer, area: Rect) {
    let (Some(snapshot), Some(view)) = (app.shown.as_deref(), app.file_system()) else { return };
    let shown = glock_columns::shown(app);
    let mut lines = area.rows();
    if let Some(line) = lines.next() {
        paint::line(buffer, line, &heading(app, &shown), app.theme);
        buffer.set_style(line, app.theme.heading());
    }
    let cursor = app.cursor();
    for rank in cursor.top..app.order.len() {
        let Some(row) = app.glock(rank) else { break };
        let parts = if app.settings.detail { row.nodes.as_slice() } else { &[] };
        for (number, part) in std::iter::once(None).chain(parts.iter().map(Some)).enumerate() {
            let Some(line) = lines.next() else { return };
            let cell = GlockCell { snapshot, view, row, part };
            paint::line(buffer, line, &table_line(app, &shown, &cell, number == parts.len()), app.theme);
            if rank == cursor.at && part.is_none() {
                buffer.set_style(line, app.theme.selected());
            }
        }
    }
}

fn heading(app: &App, shown: &Shown) -> Line<'static> {
    let mut line = if shown.more_left { "< " } else { "  " }.to_owned();
    let (down, up) = app.theme.arrows();
    for (column, width) in &shown.columns {
        let arrow = match column.sort == Some(app.settings.sort) {
            true if app.settings.reverse => up,
            true => down,
            false => "",
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

/// One row: of a glock, or of a node below it.
fn table_line(app: &App, shown: &Shown, cell: &GlockCell<'_>, last: bool) -> Line<'static> {
    let theme = app.theme;
    let stuck = cell.part.map_or(cell.row.stuck, |part| part.stuck);
    let style = if stuck { theme.critical() } else { Style::new() };
    let mark = if stuck { "! " } else { "  " };
    debug_assert!(mark.len() == MARK_WIDTH);
    let mut spans = vec![Span::styled(mark, style)];
    let mut columns = shown.columns.as_slice();
    if let Some(part) = cell.part {
        let over = columns.iter().take_while(|(column, _)| FROZEN.contains(&column.id)).count();
        let (named, rest) = columns.split_at_checked(over).unwrap_or((&[], columns));
        let width = if named.is_empty() { NODE_NAME_WIDTH } else { named.iter().map(|(_, width)| width + 1).sum::<usize>() - 1 };
        let (middle, end) = theme.branches();
        let branch = if last { end } else { middle };
        let name = format!("{branch}{}", cell.snapshot.node_name(part.node));
        spans.push(Span::styled(paint::fit(&name, width, false, theme), style));
        spans.push(Span::raw(" "));
        columns = rest;
    }
    for (column, width) in columns {
        let value = (column.get)(cell);
        let style = match value {
            Value::Nanoseconds(_) | Value::AtLeast(_) if ["waited_ns", "demote_ns"].contains(&column.id) && !stuck => theme.warning(),
            Value::Count(0) | Value::Unknown => theme.dim(),
            _ => style,
        };
        spans.push(Span::styled(cell_text(app, column, *width, &value), style));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

fn cell_text(app: &App, column: &GlockColumn, width: usize, value: &Value) -> String {
    let text = match value {
        Value::Count(number) if column.id != "inode" && number.checked_ilog10().unwrap_or(0) as usize >= width => count(*number),
        other => text(other, &app.clock),
    };
    paint::fit(&text, width, column.right, app.theme)
}
