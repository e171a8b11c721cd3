//! One lock, opened: what every node says of it in words, its last minute, and when it was stuck.

mod facts;
mod glock;
mod lvb;
mod past;

use super::app::{App, Name, OpenLock};
use super::{findings, nodes, paint};
use formats::ocfs2::LockName;
use model::{Finding, NodeView};
use ratatui::text::{Line, Span};

/// Least width of a node's column.
const NODE_WIDTH: usize = 18;
/// Widest that a node's column gets.
const WIDEST: usize = 44;
/// Width of the facts' names.
const NAME_WIDTH: usize = 13;
/// From this width on the past stands beside the facts.
const TWO_PANES: u16 = 150;

/// The page in so many columns.
pub fn lines(app: &App, open: &OpenLock, columns: u16) -> Vec<Line<'static>> {
    match open.name {
        Name::Lock(name) => lock_lines(app, &open.uuid, name, columns),
        Name::Glock(name) => glock::lines(app, &open.uuid, name, usize::from(columns)),
    }
}

fn lock_lines(app: &App, uuid: &str, name: LockName, columns: u16) -> Vec<Line<'static>> {
    let theme = app.theme;
    let Some(shown) = app.shown.as_deref() else { return Vec::new() };
    let kind = name.kind();
    let about = match (name.inode(), kind.names_inode()) {
        (Some(inode), _) if name.inode_may_be_cut() => format!(" of inode {inode} (low 32 bits), directory {}", name.block()),
        (Some(inode), _) if kind == formats::ocfs2::LockType::DENTRY => format!(" of inode {inode} in directory {}", name.block()),
        (Some(inode), _) => format!(" of inode {inode}"),
        (None, _) => String::new(),
    };
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{} lock{about}", kind.word()), theme.strong()),
        Span::raw(format!("  {name}  ")),
        Span::styled(kind.protects(), theme.dim()),
    ])];
    let about_it = |finding: &&Finding| finding.lock == Some(name) && finding.uuid.as_deref() == Some(uuid);
    for finding in shown.findings.iter().filter(about_it) {
        lines.extend(findings::lines(finding, false, usize::from(columns), theme));
    }
    lines.push(Line::default());
    let view = shown.file_system(uuid);
    let row = view.and_then(|view| view.rows.iter().find(|row| row.name == name));
    let all: Vec<&NodeView> = view.map(|view| view.nodes.iter().collect()).unwrap_or_default();
    if columns >= TWO_PANES {
        let left = columns / 2;
        let facts = match row {
            Some(row) => bands(app, &all, usize::from(left) - 2, &facts::NAMES, |node| facts::of(app, row, node)),
            None => untold(usize::from(left), app),
        };
        let past = past::lines(app, uuid, name, usize::from(columns - left));
        lines.extend(beside(facts, past, usize::from(left)));
    } else {
        match row {
            Some(row) => lines.extend(bands(app, &all, usize::from(columns), &facts::NAMES, |node| facts::of(app, row, node))),
            None => lines.extend(untold(usize::from(columns), app)),
        }
        lines.push(Line::default());
        lines.extend(past::lines(app, uuid, name, usize::from(columns)));
    }
    for finding in shown.findings.iter().filter(about_it) {
        lines.push(Line::default());
        lines.push(Line::from(Span::styled("evidence", theme.strong())));
        lines.extend(findings::evidence(finding, usize::from(columns), theme));
    }
    lines
}

fn untold(columns: usize, app: &App) -> Vec<Line<'static>> {
    let text = "No node tells of this lock in this picture: it was idle, or it is gone. All nodes have been asked to tell it from \
                their next sample on.";
    paint::wrap(text, columns.saturating_sub(2), app.theme).into_iter().map(Line::raw).collect()
}

/// Facts by name down, nodes across; as many bands of nodes as the width needs.
fn bands(
    app: &App,
    all: &[&NodeView],
    columns: usize,
    names: &[&'static str],
    facts: impl Fn(&NodeView) -> Vec<(&'static str, String)>,
) -> Vec<Line<'static>> {
    let theme = app.theme;
    let room = columns.saturating_sub(NAME_WIDTH + 1);
    let per_band = (room / (NODE_WIDTH + 1)).clamp(1, all.len().max(1));
    let width = (room / per_band).saturating_sub(1).min(WIDEST);
    let mut lines = Vec::new();
    for band in all.chunks(per_band) {
        let told: Vec<Vec<(&'static str, String)>> = band.iter().map(|node| facts(node)).collect();
        let names = names.iter().copied().filter(|name| told.iter().flatten().any(|(known, _)| known == name));
        let mut heading = vec![Span::raw(" ".repeat(NAME_WIDTH + 1))];
        for node in band {
            let (word, style) = nodes::state(node, theme);
            let state = if node.state.counts() { String::new() } else { format!(" {word}") };
            let name = paint::fit(&node.name, width.saturating_sub(state.len()).min(paint::width(&node.name)), false, theme);
            let fill = width.saturating_sub(paint::width(&name) + state.len());
            heading.push(Span::styled(name, theme.name().patch(theme.strong())));
            heading.push(Span::styled(state, style));
            heading.push(Span::raw(" ".repeat(fill + 1)));
        }
        lines.push(Line::from(heading));
        for name in names {
            let cells: Vec<Vec<String>> = told
                .iter()
                .map(|facts| {
                    facts.iter().find(|(known, _)| *known == name).map(|(_, words)| paint::wrap(words, width, theme)).unwrap_or_default()
                })
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            for number in 0..height {
                let name = if number == 0 { name } else { "" };
                let mut spans = vec![Span::styled(format!("{name:NAME_WIDTH$} "), theme.dim())];
                for cell in &cells {
                    let text = cell.get(number).map(String::as_str).unwrap_or_default();
                    let style = if name == "waits" && !text.is_empty() { theme.critical() } else { ratatui::style::Style::new() };
                    spans.push(Span::styled(paint::fit(text, width, false, theme), style));
                    spans.push(Span::raw(" "));
                }
                lines.push(Line::from(spans));
            }
        }
        lines.push(Line::default());
    }
    lines.pop();
    lines
}

fn beside(left: Vec<Line<'static>>, right: Vec<Line<'static>>, columns: usize) -> Vec<Line<'static>> {
    let rows = left.len().max(right.len());
    let fill = |mut lines: Vec<Line<'static>>| {
        lines.resize(rows, Line::default());
        lines
    };
    let join = |(mut left, right): (Line<'static>, Line<'static>)| {
        let gap = columns.saturating_sub(left.width());
        left.spans.push(Span::raw(" ".repeat(gap)));
        left.spans.extend(right.spans.into_iter().map(|span| span.patch_style(right.style)));
        left
    };
    fill(left).into_iter().zip(fill(right)).map(join).collect()
}
