//! Puts lines on the screen. Everything drawn goes through here, so that nothing a node, a label or an error message
//! says reaches the terminal as a control sequence.

use super::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Text of one source is cut here before it is wrapped.
const LONGEST_TEXT: usize = 4000;

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

fn char_width(c: char) -> usize {
    let mut bytes = [0; 4];
    width(c.encode_utf8(&mut bytes))
}

/// What is safe to draw of a text: control, invisible and direction-changing characters as escapes, at most about
/// `most` columns of it.
pub fn clean(text: &str, theme: Theme, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most + 8));
    let mut used = 0;
    for c in text.chars() {
        if used > most {
            break;
        }
        let before = out.len();
        match c {
            ' '..='~' => out.push(c),
            'µ' if theme.ascii => out.push('u'),
            '±' if theme.ascii => out.push_str("+-"),
            '…' if theme.ascii => out.push_str("..."),
            _ if theme.ascii || terminal::hides(c) || char_width(c) == 0 => out.extend(c.escape_default()),
            _ => out.push(c),
        }
        used += if c.is_ascii() { out.len() - before } else { out.get(before..).map_or(1, width) };
    }
    out
}

/// Draws a line at the area's top; what does not fit is cut, and told so.
pub fn line(buffer: &mut Buffer, area: Rect, line: &Line<'_>, theme: Theme) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let mut x = area.x;
    let mut cut = false;
    for span in &line.spans {
        let room = usize::from(area.right().saturating_sub(x));
        let text = clean(&span.content, theme, room);
        cut |= width(&text) > room;
        if room > 0 {
            x = buffer.set_stringn(x, area.y, text, room, line.style.patch(span.style)).0;
        }
    }
    if cut {
        buffer.set_stringn(area.right() - 1, area.y, theme.cut(), 1, Style::new());
    }
}

/// Draws lines from the area's top, without the first `skip`.
pub fn lines<'l>(buffer: &mut Buffer, area: Rect, lines: impl IntoIterator<Item = &'l Line<'l>>, skip: usize, theme: Theme) {
    for (row, text) in area.rows().zip(lines.into_iter().skip(skip)) {
        line(buffer, row, text, theme);
    }
}

/// `text` cut or filled to exactly so many columns.
pub fn fit(text: &str, columns: usize, right: bool, theme: Theme) -> String {
    let mut out = clean(text, theme, columns);
    if width(&out) > columns {
        while width(&out) >= columns.max(1) {
            out.pop();
        }
        if columns > 0 {
            out.push_str(theme.cut());
        }
    }
    let fill = " ".repeat(columns.saturating_sub(width(&out)));
    if right { fill + &out } else { out + &fill }
}

/// Breaks a text into lines of at most so many columns, between words where it can.
pub fn wrap(text: &str, columns: usize, theme: Theme) -> Vec<String> {
    let text = clean(text, theme, LONGEST_TEXT);
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        while let Some(last) = lines.last_mut() {
            let gap = usize::from(!last.is_empty());
            if width(last) + gap + width(&word) <= columns {
                if gap > 0 {
                    last.push(' ');
                }
                last.push_str(&word);
                break;
            }
            if !last.is_empty() {
                lines.push(String::new());
                continue;
            }
            // A word longer than a line.
            let mut used = 0;
            let at = word.char_indices().find(|&(_, c)| {
                used += char_width(c);
                used > columns
            });
            let rest = at.map(|(at, _)| word.split_off(at)).unwrap_or_default();
            last.push_str(&word);
            if rest.is_empty() {
                break;
            }
            word = rest;
            lines.push(String::new());
        }
    }
    lines
}

/// Left and right ends of one line; the right end gives way.
pub fn both_ends(mut left: Vec<Span<'static>>, right: Vec<Span<'static>>, columns: usize) -> Line<'static> {
    let taken = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    if let Some(gap) = columns.checked_sub(taken(&left) + taken(&right)) {
        left.push(Span::raw(" ".repeat(gap)));
        left.extend(right);
    }
    Line::from(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Theme = Theme { color: false, ascii: false };

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(clean("a\x1b[31mb\u{9b}\u{202e}\u{200b}\n", PLAIN, 100), "a\\u{1b}[31mb\\u{9b}\\u{202e}\\u{200b}\\n");
        assert_eq!(clean("knoten-ä µs 節", PLAIN, 100), "knoten-ä µs 節");
        assert_eq!(clean("ä µs…", Theme { ascii: true, ..PLAIN }, 100), "\\u{e4} us...");
        assert!(clean(&"x".repeat(1_000_000), PLAIN, 10).len() < 20);
    }

    #[test]
    fn texts_are_cut_filled_and_wrapped_by_columns() {
        assert_eq!(fit("node1", 8, false, PLAIN), "node1   ");
        assert_eq!(fit("12", 4, true, PLAIN), "  12");
        assert_eq!(fit("a-long-name", 6, false, PLAIN), "a-lon…");
        assert_eq!(fit("節節節節", 5, false, PLAIN), "節節…");
        assert_eq!(wrap("who holds, who waits since when", 12, PLAIN), ["who holds,", "who waits", "since when"]);
        assert_eq!(wrap("0123456789abcdefghij", 8, PLAIN), ["01234567", "89abcdef", "ghij"]);
    }

    #[test]
    fn a_cut_line_says_so() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        let area = buffer.area;
        line(&mut buffer, area, &Line::raw("\x1b]0;evil"), PLAIN);
        assert_eq!(buffer.content().iter().map(ratatui::buffer::Cell::symbol).collect::<String>(), "\\u{1b…");
    }
}
