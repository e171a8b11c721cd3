//! The lines above the page: what is the matter, where, and how far the numbers can be trusted.

use super::Playback;
use super::app::{App, View};
use super::{filter, nodes, paint, totals, verdicts};
use crate::units::span;
use model::{FileSystemView, NodeView};
use ratatui::text::{Line, Span};
use std::time::Duration;

/// All of them.
pub fn lines(app: &App) -> Vec<Line<'static>> {
    let columns = usize::from(app.size.width);
    let height = usize::from(app.size.height);
    let mut lines: Vec<Line<'static>> =
        notice(app).into_iter().map(|text| Line::styled(paint::fit(&text, columns, false, app.theme), app.theme.notice())).collect();
    // An open lock tells its own finding, and the waits begin with all verdicts.
    let told_below = if app.open.is_some() { verdicts::told_by_open(app) } else { app.view == View::Waits && app.shown.is_some() };
    if !told_below {
        lines.extend(verdicts::lines(app, columns));
    }
    lines.push(place(app, columns));
    // A page of text tells of the nodes itself.
    if app.open.is_none() && !app.view.is_page() {
        // Three nodes have a line each in 24 lines, six in 50.
        let room = if height < 12 { 0 } else { (height / 8).max(1) };
        lines.extend(node_lines(app, room));
        if height >= 12 {
            lines.extend(totals::line(app, columns));
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

fn filter_line(app: &App) -> Line<'static> {
    let words = filter::words(&app.choice, &app.node_names());
    let hot = app.file_system().map_or(0, |view| {
        let locks = view.rows.iter().filter(|row| app.choice.all || row.is_hot()).count();
        locks + view.glocks.iter().filter(|row| app.choice.all || row.is_hot()).count()
    });
    let types = &app.choice.filter.types;
    let (what, own) = if app.has_glocks() { ("glocks", types.glocks.len()) } else { ("locks", types.locks.len()) };
    // A choice that is about the other file system's types only does not narrow this one.
    let types = match (own, app.has_glocks(), types.is_empty()) {
        (0, true, false) => " (type letters are OCFS2's)",
        (0, false, false) => " (these types are GFS2's)",
        _ => "",
    };
    Line::styled(format!("filter: {words}   {} of {hot} {what} shown, Esc clears{types}", app.order.len()), app.theme.warning())
}
