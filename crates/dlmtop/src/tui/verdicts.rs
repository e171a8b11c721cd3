//! The topmost lines: one verdict for each file system, and what else is the matter.

use super::app::{App, Name};
use super::paint;
use super::theme::{Theme, mark};
use crate::views::waits;
use formats::dlm::ResourceName;
use model::verdict::FileSystemVerdict;
use model::{FileSystemView, Finding, NodeView, Severity, Snapshot, Verdict};
use ratatui::text::{Line, Span};

/// Columns before the words: the mark, and a gap.
const INDENT: usize = 4;

/// The lines.
pub fn lines(app: &App, columns: usize) -> Vec<Line<'static>> {
    let Some(shown) = app.shown.as_deref() else {
        let text = format!("..  waiting for the first sample: {:.0} s", app.silent.as_secs_f64());
        return vec![Line::styled(text, app.theme.warning())];
    };
    let height = usize::from(app.size.height);
    let most = if height >= 24 && app.open.is_none() { 2 } else { 1 };
    let told = told(app, shown);
    let mut lines = Vec::new();
    for (number, (view, verdict)) in told.iter().enumerate() {
        lines.extend(verdict_lines(app, shown, view, verdict, columns, if number == 0 { most } else { 1 }));
    }
    let left: Vec<&Finding> = shown.findings.iter().filter(|finding| !is_told(finding, &told)).collect();
    match left.first().filter(|worst| worst.severity >= Severity::Warning) {
        Some(worst) => {
            let most = if height >= 16 && app.open.is_none() && lines.len() < 2 { 2 } else { 1 };
            lines.extend(finding_lines(app, shown, worst, left.len() - 1, columns, most));
        }
        None if lines.is_empty() => lines.push(all_well(app, shown)),
        None => {}
    }
    lines
}

/// The verdicts that have a line: of the file system that is shown, then of others, worst first.
fn told<'s>(app: &App, shown: &'s Snapshot) -> Vec<(&'s FileSystemView, &'s FileSystemVerdict)> {
    let here = app.file_system().map(|view| view.uuid.as_str());
    let others = match app.size.height {
        _ if app.open.is_some() => 0,
        0..24 => 1,
        height => usize::from(height / 8) - 1,
    };
    let has_critical = |view: &FileSystemView| {
        shown.findings.iter().any(|finding| finding.severity == Severity::Critical && finding.uuid.as_deref() == Some(&view.uuid))
    };
    let mut all: Vec<(&FileSystemView, &FileSystemVerdict)> = shown
        .file_systems
        .iter()
        .filter_map(|view| Some((view, view.verdict.as_ref()?)))
        // That nobody waits is no comfort where a node is gone: the finding stands there instead.
        .filter(|(view, told)| told.verdict != Verdict::Ok || !has_critical(view))
        .collect();
    all.sort_by_key(|(view, told)| (here != Some(&view.uuid), std::cmp::Reverse(severity(told.verdict))));
    let has_first = all.first().is_some_and(|(view, _)| here == Some(&view.uuid));
    all.truncate(others + usize::from(has_first));
    all
}

fn severity(verdict: Verdict) -> Option<Severity> {
    match verdict {
        Verdict::Ok => None,
        Verdict::Slow | Verdict::Frozen => Some(Severity::Warning),
        Verdict::Recovering | Verdict::Stuck { .. } | Verdict::Withdrawn => Some(Severity::Critical),
    }
}

/// Whether a verdict's line says what the finding says: a stuck lock of OCFS2 is among its file system's waits.
fn is_told(finding: &Finding, told: &[(&FileSystemView, &FileSystemVerdict)]) -> bool {
    let verdict = told.iter().find(|(view, _)| finding.uuid.as_deref() == Some(&view.uuid)).map(|(_, verdict)| *verdict);
    verdict.is_some_and(|verdict| {
        verdict.sentence == finding.text
            || verdict.also.contains(&finding.text)
            || (finding.rule == "stuck-lock" && severity(verdict.verdict) == Some(Severity::Critical))
    })
}

fn verdict_lines(
    app: &App,
    shown: &Snapshot,
    view: &FileSystemView,
    told: &FileSystemVerdict,
    columns: usize,
    most: usize,
) -> Vec<Line<'static>> {
    let theme = app.theme;
    let title = if shown.file_systems.len() > 1 { format!("[{}] ", view.title()) } else { String::new() };
    let Some(severity) = severity(told.verdict) else {
        let answer = view.nodes.iter().filter(|node| node.state.counts()).count();
        let of = view.nodes.len();
        let seen = if answer < of { format!(" on the {answer} of {of} nodes that answer") } else { String::new() };
        let text = format!("{title}{}{seen}{}", told.sentence, notes(shown));
        return vec![Line::styled(format!("OK  {}", paint::fit(&text, width_in(&text, columns), false, theme)), theme.good())];
    };
    let worst = FileSystemVerdict { also: Vec::new(), ..told.clone() };
    let text = format!("{title}{}", waits::headline(&worst, &app.clock));
    let more = match told.also.len() {
        0 => String::new(),
        more => format!(" (+{more} more: 5)"),
    };
    marked(&text, &more, severity, columns, most, theme)
}

fn width_in(text: &str, columns: usize) -> usize {
    paint::width(text).min(columns.saturating_sub(INDENT))
}

fn finding_lines(app: &App, shown: &Snapshot, worst: &Finding, more: usize, columns: usize, most: usize) -> Vec<Line<'static>> {
    let elsewhere = worst.uuid.as_deref().filter(|&uuid| app.file_system().is_none_or(|view| view.uuid != uuid));
    let elsewhere = elsewhere.and_then(|uuid| shown.file_system(uuid)).map(|view| format!("[{}] ", view.title())).unwrap_or_default();
    let more = match more {
        0 => String::new(),
        more => format!(" (+{more} more: 3)"),
    };
    marked(&format!("{elsewhere}{}", worst.text), &more, worst.severity, columns, most, app.theme)
}

/// A text behind its mark on at most so many lines; what does not fit is cut as late as possible, but not its `end`.
fn marked(text: &str, end: &str, severity: Severity, columns: usize, most: usize, theme: Theme) -> Vec<Line<'static>> {
    let style = theme.severity(severity);
    let mark_style = if severity == Severity::Critical { theme.alarm() } else { style };
    let all = paint::wrap(text, columns.saturating_sub(INDENT), theme);
    let count = all.len().min(most);
    let line = |number: usize, words: &String| {
        let mark = if number == 0 { Span::styled(mark(severity), mark_style) } else { Span::raw("  ") };
        let mut spans = vec![mark, Span::raw("  ")];
        if number + 1 == count {
            let rest = all.get(number..).unwrap_or_default().join(" ");
            let room = columns.saturating_sub(INDENT + paint::width(end));
            spans.push(Span::styled(paint::fit(&rest, paint::width(&rest).min(room), false, theme), style));
            spans.push(Span::raw(end.to_owned()));
        } else {
            spans.push(Span::styled(words.clone(), style));
        }
        Line::from(spans)
    };
    all.iter().take(count).enumerate().map(|(number, words)| line(number, words)).collect()
}

/// How many findings there are that need nobody's attention.
fn notes(shown: &Snapshot) -> String {
    match shown.findings.iter().filter(|finding| finding.severity < Severity::Warning).count() {
        0 => String::new(),
        1 => " (1 note: 3)".to_owned(),
        several => format!(" ({several} notes: 3)"),
    }
}

/// That there is no finding, where no verdict is.
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
    Line::styled(text + &notes(shown), app.theme.good())
}

/// Whether the open lock's page says what would stand on top.
pub fn told_by_open(app: &App) -> bool {
    let (Some(open), Some(shown)) = (&app.open, app.shown.as_deref()) else { return false };
    match open.name {
        Name::Lock(name) => {
            shown.findings.first().is_some_and(|worst| worst.lock == Some(name) && worst.uuid.as_deref() == Some(&open.uuid))
        }
        Name::Glock(name) => {
            let verdict = shown.file_system(&open.uuid).and_then(|view| view.verdict.as_ref());
            let resource = ResourceName::from(name);
            let mut chains = shown.waits.chains.iter().filter(|chain| chain.resource.as_ref() == Some(&resource));
            verdict.is_some_and(|told| chains.any(|chain| chain.sentence(&shown.nodes) == told.sentence))
        }
    }
}
