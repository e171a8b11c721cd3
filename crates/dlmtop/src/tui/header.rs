//! The lines above the page: what is the matter, where, and how far the numbers can be trusted.

use super::Playback;
use super::app::App;
use super::filter;
use super::nodes;
use super::paint;
use super::theme::mark;
use crate::units::span;
use model::{FileSystemView, NodeView, Severity, Snapshot};
use ratatui::text::{Line, Span};
use std::time::Duration;

/// All of them.
pub fn lines(app: &App) -> Vec<Line<'static>> {
    let columns = usize::from(app.size.width);
    let height = usize::from(app.size.height);
    let mut lines: Vec<Line<'static>> =
        notice(app).into_iter().map(|text| Line::styled(paint::fit(&text, columns, false, app.theme), app.theme.notice())).collect();
    // An open lock tells its own finding.
    let told_below = app.open.as_ref().is_some_and(|open| {
        let worst = app.shown.as_ref().and_then(|shown| shown.findings.first());
        worst.is_some_and(|worst| worst.lock == Some(open.name) && worst.uuid.as_deref() == Some(&open.uuid))
    });
    if !told_below {
        lines.extend(verdict(app, columns, if height >= 16 && app.open.is_none() { 2 } else { 1 }));
    }
    lines.push(place(app, columns));
    if app.open.is_none() {
        // Three nodes have a line each in 24 lines, six in 50.
        let room = if height < 12 { 0 } else { (height / 8).max(1) };
        lines.extend(node_lines(app, room));
        if height >= 12 {
            lines.extend(totals(app, columns));
        }
        if app.is_filtered() {
            lines.push(filter_line(app));
        }
    }
    lines
}

/// That what is shown is not now.
fn notice(app: &App) -> Option<String> {
    let shown = app.shown.as_ref()?;
    let newest = app.history.newest()?;
    if app.paused {
        let time = shown.at.realtime_us.map(|us| format!(" at {}", app.clock.time(us))).unwrap_or_default();
        let newer = app.history.newer_than(shown.number);
        let old = if newer > 0 {
            format!(": OLD picture, {} before the newest", span(newest.at.since_us(shown.at) * 1000))
        } else {
            String::new()
        };
        let ended = if app.ended { " (recording ended)" } else { "" };
        return Some(format!(" PAUSED{time}{old}{ended}   Space: newest"));
    }
    if app.ended {
        return Some(" RECORDING ENDED: this is its last picture   [ ] step back and forward, q quits".to_owned());
    }
    let expected = expected_interval(app)?;
    let late = app.silent > expected * 2 + Duration::from_millis(500);
    late.then(|| format!(" NO NEW PICTURE for {:.0} s (interval {})", app.silent.as_secs_f64(), seconds(expected.as_millis() as u64)))
}

fn expected_interval(app: &App) -> Option<Duration> {
    match app.playback {
        Playback::Live => Some(Duration::from_millis(app.settings.interval_ms)),
        Playback::Recording { speed } => {
            let interval = Duration::from_micros(app.history.newest()?.interval_us?);
            Some(speed.filter(|speed| *speed > 0.0).map_or(Duration::ZERO, |speed| interval.div_f64(speed)))
        }
    }
}

/// The worst finding, or that there is none.
fn verdict(app: &App, columns: usize, most_lines: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let Some(shown) = app.shown.as_deref() else {
        let text = format!("..  waiting for the first sample: {:.0} s", app.silent.as_secs_f64());
        return vec![Line::styled(text, theme.warning())];
    };
    let Some(worst) = shown.findings.first().filter(|finding| finding.severity >= Severity::Warning) else {
        return vec![all_well(app, shown)];
    };
    let elsewhere = worst.uuid.as_deref().filter(|&uuid| app.file_system().is_none_or(|view| view.uuid != uuid));
    let elsewhere = elsewhere.and_then(|uuid| shown.file_system(uuid)).map(|view| format!("[{}] ", view.title())).unwrap_or_default();
    let more = match shown.findings.len() - 1 {
        0 => String::new(),
        more => format!(" (+{more} more: 3)"),
    };
    let style = theme.severity(worst.severity);
    let text = format!("{elsewhere}{}", worst.text);
    let all = paint::wrap(&text, columns.saturating_sub(4), theme);
    let mut lines = Vec::new();
    for (number, words) in all.iter().take(most_lines).enumerate() {
        let mark_style = if worst.severity == Severity::Critical { theme.alarm() } else { style };
        let mark = if number == 0 { Span::styled(mark(worst.severity), mark_style) } else { Span::raw("  ") };
        let mut spans = vec![mark, Span::raw("  ")];
        if number + 1 == all.len().min(most_lines) {
            // What does not fit is cut as late as possible.
            let rest = all.get(number..).unwrap_or_default().join(" ");
            let room = columns.saturating_sub(4 + paint::width(&more));
            spans.push(Span::styled(paint::fit(&rest, paint::width(&rest).min(room), false, theme), style));
            spans.push(Span::raw(more.clone()));
        } else {
            spans.push(Span::styled(words.clone(), style));
        }
        lines.push(Line::from(spans));
    }
    lines
}

fn all_well(app: &App, shown: &Snapshot) -> Line<'static> {
    let nodes: Vec<&NodeView> = shown.file_systems.iter().flat_map(|view| &view.nodes).chain(&shown.elsewhere).collect();
    let answer = nodes.iter().filter(|node| node.state.counts()).count();
    if answer == 0 {
        return Line::styled("..  no node has given a sample yet", app.theme.warning());
    }
    let stuck_s = app.settings.stuck_after_ns as f64 / 1e9;
    let mut text = format!("OK  no lock waits longer than {stuck_s} s");
    if answer < nodes.len() {
        text = format!("{text} on the {answer} of {} nodes that answer", nodes.len());
    }
    match shown.findings.len() {
        0 => {}
        1 => text += " (1 note: 3)",
        several => text = format!("{text} ({several} notes: 3)"),
    }
    Line::styled(text, app.theme.good())
}

/// `2 s`, `0.5 s`.
pub fn seconds(ms: u64) -> String {
    format!("{} s", ms as f64 / 1e3)
}

/// Which file system, and the picture's time.
fn place(app: &App, columns: usize) -> Line<'static> {
    let theme = app.theme;
    let mut left = Vec::new();
    let mut right = Vec::new();
    let time = app.shown.as_ref().and_then(|shown| shown.at.realtime_us).map(|us| match app.playback {
        Playback::Live => app.clock.time(us),
        Playback::Recording { .. } => app.clock.date_time(us),
    });
    let pace = match app.playback {
        Playback::Live => format!("every {}", seconds(app.settings.interval_ms)),
        Playback::Recording { speed: Some(speed) } => format!("{speed}x"),
        Playback::Recording { speed: None } => "max".to_owned(),
    };
    right.push(Span::raw(format!("  {}  {pace}", time.unwrap_or_default())));
    match app.file_system() {
        None => left.push(Span::styled(app.title.0.clone(), theme.name())),
        Some(view) => {
            left.push(Span::styled(
                paint::fit(view.title(), paint::width(view.title()).min(columns / 2), false, theme),
                theme.name().patch(theme.strong()),
            ));
            if let (Some(label), false) = (&view.label, view.mount_points.is_empty()) {
                left.push(Span::raw(format!("  {}", paint::fit(label, paint::width(label).min(24), false, theme))));
            }
            let of = app.shown.as_ref().map_or(0, |shown| shown.file_systems.len());
            if of > 1 {
                let number =
                    app.shown.as_ref().and_then(|shown| shown.file_systems.iter().position(|other| other.uuid == view.uuid)).unwrap_or(0);
                left.push(Span::raw(format!("  (file system {} of {of}: Tab)", number + 1)));
            }
            let taken = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
            // What else there is, as far as there is room.
            for extra in
                [Some(view.uuid.clone()), device(view), (!app.title.0.is_empty()).then(|| app.title.0.clone())].into_iter().flatten()
            {
                if taken(&left) + taken(&right) + paint::width(&extra) + 2 <= columns {
                    left.push(Span::styled(format!("  {extra}"), theme.dim()));
                }
            }
        }
    }
    paint::both_ends(left, right, columns)
}

/// Device path, if all nodes that know it agree, else each node's is in the nodes' view.
fn device(view: &FileSystemView) -> Option<String> {
    let mut paths = view.nodes.iter().filter_map(|node| node.file_system.as_ref()?.device_path.as_deref());
    let first = paths.next()?;
    paths.all(|path| path == first).then(|| first.to_owned())
}

/// A line per node where there is room; else how many there are, and a line for each that is not well.
fn node_lines(app: &App, room: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let all = nodes::of(app);
    let name_width = all.iter().map(|node| paint::width(&node.name)).max().unwrap_or(0).min(20);
    if all.len() <= room {
        return all.iter().map(|node| nodes::line(app, node, name_width)).collect();
    }
    let well = all.iter().filter(|node| node.state.counts()).count();
    let ill: Vec<&&NodeView> = all.iter().filter(|node| !node.state.counts()).collect();
    let shown = room.saturating_sub(1);
    let mut lines = vec![Line::styled(
        if ill.is_empty() {
            format!("{well} nodes, all live   2: each of them")
        } else {
            format!("{} nodes: {well} live, {} NOT LIVE   2: each of them", all.len(), ill.len())
        },
        if ill.is_empty() { theme.good() } else { theme.warning() },
    )];
    lines.extend(ill.iter().take(shown).map(|node| nodes::line(app, node, name_width)));
    lines
}

/// Sums, and the order of the rows.
fn totals(app: &App, columns: usize) -> Option<Line<'static>> {
    let view = app.file_system()?;
    if !view.nodes.iter().any(|node| node.state.counts()) {
        return None;
    }
    let totals = &view.totals;
    let over = if view.lifetime {
        "since each lock was made".to_owned()
    } else {
        let longest = view.nodes.iter().filter(|node| node.state.counts()).filter_map(|node| node.last.as_ref()?.interval_ns).max();
        format!("in {}", longest.map_or_else(|| "?".to_owned(), span))
    };
    let types: Vec<String> = totals.by_frequency().iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let types = if types.is_empty() { String::new() } else { format!(": {}", types.join(" ")) };
    let mut left =
        vec![Span::raw(format!("EX {} + PR {} {over}, {} locks active{types}", totals.ex_gets, totals.pr_gets, totals.active_total()))];
    if totals.waiting > 0 {
        let style = if totals.stuck > 0 { app.theme.critical() } else { app.theme.warning() };
        let stuck = if totals.stuck > 0 { format!(", {} STUCK", totals.stuck) } else { String::new() };
        left.push(Span::styled(format!("; {} waiting{stuck}", totals.waiting), style));
    }
    let reversed = if app.settings.reverse { ", reversed" } else { "" };
    let right = vec![Span::styled(format!("  by {}{reversed}", app.settings.sort.name()), app.theme.dim())];
    Some(paint::both_ends(left, right, columns))
}

fn filter_line(app: &App) -> Line<'static> {
    let words = filter::words(&app.choice, &app.node_names());
    let hot = app.file_system().map_or(0, |view| view.rows.iter().filter(|row| app.choice.all || row.is_hot()).count());
    Line::styled(format!("filter: {words}   {} of {hot} locks shown, Esc clears", app.order.len()), app.theme.warning())
}
