//! A lock's last minute, picture by picture, and when it was stuck.

use super::super::app::App;
use super::super::{episodes, paint, spark, stuck_wait};
use crate::units::{count, span};
use formats::ocfs2::LockName;
use model::{LockRow, Snapshot};
use ratatui::text::{Line, Span};
use std::sync::Arc;

/// How far back, µs.
const SPAN_US: u64 = 60_000_000;
/// Columns before the bar.
const BEFORE_BAR: usize = 58;

/// The page's lower, or right, part.
pub fn lines(app: &App, uuid: &str, name: LockName, columns: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let Some(shown) = app.shown.as_deref() else { return Vec::new() };
    let mut lines = vec![Line::from(Span::styled("last minute, newest first", theme.strong()))];
    lines.push(Line::from(Span::styled(
        paint::fit("TIME       EX NUM EX TIME  PR NUM PR TIME WAITING    ALL", columns, false, theme),
        theme.heading(),
    )));
    let pictures: Vec<(&Arc<Snapshot>, Option<&LockRow>)> = app
        .history
        .back_from(shown.number, SPAN_US)
        .map(|picture| {
            let view = picture.file_system(uuid);
            (picture, view.and_then(|view| view.rows.iter().find(|row| row.name == name)))
        })
        .collect();
    // A flock's acquisitions are not counted: its waits are drawn instead.
    let lifetime = |picture: &Snapshot| picture.file_system(uuid).is_none_or(|view| view.lifetime);
    let most = pictures.iter().filter(|(picture, _)| !lifetime(picture)).filter_map(|(_, row)| Some(drawn_ns(row.as_ref()?))).max();
    let time = |picture: &Snapshot| picture.at.realtime_us.map_or_else(|| "?".to_owned(), |us| app.clock.time(us));
    for run in pictures.chunk_by(|a, b| a.1.is_none() && b.1.is_none()) {
        let (Some((newest, row)), Some((oldest, _))) = (run.first(), run.last()) else { continue };
        lines.push(match row {
            Some(row) => picture_line(app, &time(newest), row, lifetime(newest), most.unwrap_or(0), columns),
            None if run.len() == 1 => Line::from(Span::styled(format!("{}  idle, or not told", time(newest)), theme.dim())),
            None => Line::from(Span::styled(format!("{} back to {}  idle, or not told", time(newest), time(oldest)), theme.dim())),
        });
    }
    let stuck: Vec<_> = stuck_wait::of_locks(shown).filter(|episode| episode.name == name && episode.uuid == uuid).collect();
    lines.push(Line::default());
    lines.push(Line::from(Span::styled(if stuck.is_empty() { "never stuck while watched" } else { "stuck" }, theme.strong())));
    for episode in stuck {
        let text = format!("{} to {}: {}", episodes::since(app, episode), episodes::end(app, episode), episodes::who(shown, episode));
        lines.extend(paint::wrap(&text, columns.saturating_sub(2), theme).into_iter().map(|text| Line::raw(format!("  {text}"))));
    }
    lines
}

fn drawn_ns(row: &LockRow) -> u64 {
    if row.figures.unknown { row.figures.waiting_ns() } else { row.figures.total_ns() }
}

fn picture_line(app: &App, time: &str, row: &LockRow, lifetime: bool, most: u64, columns: usize) -> Line<'static> {
    let figures = &row.figures;
    let number = |known: u64| if figures.unknown { "?".to_owned() } else { count(known) };
    let length = |ns: u64| if figures.unknown { "?".to_owned() } else { span(ns) };
    let waiting = figures.wait.as_ref().map(|wait| format!("{}{}", if wait.at_least { ">" } else { "" }, span(wait.for_ns)));
    let text = format!(
        "{time:8}  {:>7} {:>7} {:>7} {:>7} {:>7} {:>6}  ",
        number(figures.ex.gets),
        length(figures.ex.total_ns),
        number(figures.pr.gets),
        length(figures.pr.total_ns),
        waiting.unwrap_or_default(),
        length(figures.total_ns()),
    );
    let bar = if lifetime && !figures.unknown {
        "since it was made".to_owned()
    } else {
        spark::bar(drawn_ns(row), most, columns.saturating_sub(BEFORE_BAR).min(40), app.theme)
    };
    let style = if figures.stuck { app.theme.critical() } else { ratatui::style::Style::new() };
    Line::from(vec![Span::styled(text, style), Span::styled(bar, app.theme.name())])
}
