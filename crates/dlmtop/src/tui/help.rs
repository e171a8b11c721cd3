//! The help page: keys from their table, and what the marks mean.

use super::keys::KEYS;
use super::paint;
use super::theme::Theme;
use formats::gfs2::GlockType;
use formats::ocfs2::LockType;
use ratatui::text::{Line, Span};

/// Marks and what they mean.
const MARKS: [(&str, &str); 8] = [
    ("!", "stuck: the first waiter has waited longer than --stuck (5 s if not told)"),
    ("~", "the node's last dump lacks the lock; what is shown is of its last sight and counts in no sum"),
    ("~N missed", "estimate of locks that the last dump did not show (the kernel drops records)"),
    ("?", "not known (the kernel does not tell it); never 0"),
    (">5s", "at least so long: the start of the wait is not recorded"),
    (".", "in LEVEL and STATE: this node has not told the lock's level"),
    ("EX PR", "exclusive (write), protected read; NUM, TIME and AVG are of the last interval, MAX of the lock's life"),
    ("UN SH DF EX", "GFS2: unlocked, shared, deferred (direct I/O), exclusive; ASKED: so long ago a node was asked to give it up"),
];

/// The page in so many columns.
pub fn lines(theme: Theme, columns: u16) -> Vec<Line<'static>> {
    let heading = |text: &str| Line::from(Span::styled(text.to_owned(), theme.strong()));
    let mut lines = Vec::new();
    let sections: Vec<Vec<Line<'static>>> = KEYS
        .iter()
        .map(|(name, bindings)| {
            let keys = bindings.iter().map(|binding| {
                Line::from(vec![Span::styled(format!("  {:12}", binding.names()), theme.name()), Span::raw(format!(" {}", binding.help))])
            });
            std::iter::once(heading(name)).chain(keys).collect()
        })
        .collect();
    if columns >= 160 {
        lines.extend(beside(sections, usize::from(columns)));
    } else {
        lines.extend(sections.into_iter().flatten());
    }
    lines.push(Line::default());
    lines.push(heading("Marks"));
    for (mark, meaning) in MARKS {
        for (number, text) in paint::wrap(meaning, usize::from(columns).saturating_sub(16), theme).into_iter().enumerate() {
            let mark = if number == 0 { mark } else { "" };
            lines.push(Line::from(vec![Span::styled(format!("  {mark:12}"), theme.name()), Span::raw(format!(" {text}"))]));
        }
    }
    lines.push(Line::default());
    lines.push(heading("Lock types of OCFS2"));
    for (kind, word, protects) in LockType::ALL {
        lines.push(Line::from(vec![Span::styled(format!("  {kind} {word:11}"), theme.name()), Span::raw(protects)]));
    }
    lines.push(Line::default());
    lines.push(heading("Glock types of GFS2"));
    for (kind, word, protects) in GlockType::ALL.into_iter().filter(|row| row.0 != GlockType::PLOCK) {
        lines.push(Line::from(vec![Span::styled(format!("  {} {word:11}", kind.0), theme.name()), Span::raw(protects)]));
    }
    lines
}

/// Sections in two columns.
fn beside(sections: Vec<Vec<Line<'static>>>, columns: usize) -> Vec<Line<'static>> {
    let total: usize = sections.iter().map(Vec::len).sum();
    let (mut left, mut right): (Vec<Line<'static>>, Vec<Line<'static>>) = (Vec::new(), Vec::new());
    for section in sections {
        if right.is_empty() && (left.is_empty() || left.len() + section.len() <= total.div_ceil(2) + 4) {
            left.extend(section);
        } else {
            right.extend(section);
        }
    }
    let half = columns / 2;
    let rows = left.len().max(right.len());
    left.resize(rows, Line::default());
    right.resize(rows, Line::default());
    left.into_iter()
        .zip(right)
        .map(|(mut line, other)| {
            let fill = half.saturating_sub(line.width());
            line.spans.push(Span::raw(" ".repeat(fill)));
            line.spans.extend(other.spans.into_iter().map(|span| span.patch_style(other.style)));
            line
        })
        .collect()
}
