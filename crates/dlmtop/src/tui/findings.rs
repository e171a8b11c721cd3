//! Findings: all verdicts, worst first; the selected one with its evidence.

use super::app::App;
use super::paint;
use super::theme::{Theme, mark};
use model::Finding;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Lines that the finding at this place takes.
pub fn height(app: &App, at: usize, open: bool, columns: u16) -> usize {
    let finding = app.shown.as_ref().and_then(|shown| shown.findings.get(at));
    finding.map_or(1, |finding| lines(finding, open, usize::from(columns), app.theme).len())
}

/// A finding: its text, and if `open` what it rests on and what to do.
pub fn lines(finding: &Finding, open: bool, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let style = theme.severity(finding.severity);
    let mut lines: Vec<Line<'static>> = paint::wrap(&finding.text, columns.saturating_sub(4), theme)
        .into_iter()
        .enumerate()
        .map(|(number, text)| {
            let mark = if number == 0 { mark(finding.severity) } else { "  " };
            Line::from(vec![Span::styled(format!("{mark}  "), style), Span::styled(text, style)])
        })
        .collect();
    if open {
        lines.extend(evidence(finding, columns, theme));
    }
    lines
}

/// What a finding rests on, and what to do.
pub fn evidence(finding: &Finding, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let evidence = finding.evidence.iter().map(|text| ("- ", text.as_str()));
    let mut lines = Vec::new();
    for (before, text) in evidence.chain(finding.remedy.map(|remedy| ("> ", remedy))) {
        for (number, text) in paint::wrap(text, columns.saturating_sub(8), theme).into_iter().enumerate() {
            let before = if number == 0 { before } else { "  " };
            lines.push(Line::raw(format!("    {before}{text}")));
        }
    }
    lines
}

/// The page.
pub fn draw(app: &App, buffer: &mut Buffer, area: Rect) {
    let findings = app.shown.as_ref().map(|shown| shown.findings.as_slice()).unwrap_or_default();
    if findings.is_empty() {
        paint::lines(buffer, area, &[Line::default(), Line::raw("  No findings: nothing is stuck, every node answers.")], 0, app.theme);
        return;
    }
    let cursor = app.cursor();
    let mut rows = area.rows();
    for (at, finding) in findings.iter().enumerate().skip(cursor.top) {
        let selected = at == cursor.at;
        for (number, line) in lines(finding, selected, usize::from(area.width), app.theme).iter().enumerate() {
            let Some(row) = rows.next() else { return };
            paint::line(buffer, row, line, app.theme);
            if selected && number == 0 {
                buffer.set_style(row, app.theme.selected());
            }
        }
    }
}
