//! A lock's last minute, picture by picture, and when it was stuck.

use super::super::app::{App, OpenLock};
use super::super::{episodes, paint, spark};
use crate::units::{count, span};
use model::{LockRow, Snapshot};
use ratatui::text::{Line, Span};
use std::sync::Arc;

/// How far back, µs.
const SPAN_US: u64 = 60_000_000;
/// Columns before the bar.
const BEFORE_BAR: usize = 56;

/// The page's lower, or right, part.
pub fn lines(app: &App, open: &OpenLock, columns: usize) -> Vec<Line<'static>> {
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
            let view = picture.file_system(&open.uuid);
            (picture, view.and_then(|view| view.rows.iter().find(|row| row.name == open.name)))
        })
        .collect();
    let lifetime = |picture: &Snapshot| picture.file_system(&open.uuid).is_none_or(|view| view.lifetime);
    let most = pictures.iter().filter(|(picture, _)| !lifetime(picture)).filter_map(|(_, row)| Some(row.as_ref()?.figures.total_ns())).max();
    for (picture, row) in &pictures {
        let time = picture.at.realtime_us.map_or_else(|| "?".to_owned(), |us| app.clock.time(us));
        lines.push(match row {
            None => Line::from(Span::styled(format!("{time}   idle, or not told"), theme.dim())),
            Some(row) => picture_line(app, &time, row, lifetime(picture), most.unwrap_or(0), columns),
        });
    }
    let stuck: Vec<_> = episodes::of(app).into_iter().filter(|episode| episode.name == open.name && episode.uuid == open.uuid).collect();
    lines.push(Line::default());
    lines.push(Line::from(Span::styled(if stuck.is_empty() { "never stuck while watched" } else { "stuck" }, theme.strong())));
    for episode in stuck {
        let text = format!("{} to {}: {}", episodes::since(app, episode), episodes::end(app, episode), episodes::who(shown, episode));
        lines.extend(paint::wrap(&text, columns.saturating_sub(2), theme).into_iter().map(|text| Line::raw(format!("  {text}"))));
    }
    lines
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
    let bar = if lifetime || figures.unknown {
        if lifetime { "since it was made".to_owned() } else { String::new() }
    } else {
        spark::bar(figures.total_ns(), most, columns.saturating_sub(BEFORE_BAR).min(40), app.theme)
    };
    let style = if figures.stuck { app.theme.critical() } else { ratatui::style::Style::new() };
    Line::from(vec![Span::styled(text, style), Span::styled(bar, app.theme.name())])
}
