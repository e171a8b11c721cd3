//! The whole screen: header, page, footer, and what lies over them.

use super::app::{App, Overlay, View};
use super::column_menu::column_id;
use super::filter::Choice;
use super::menu::Subject;
use super::{detail, empty, episodes, findings, footer, glocks, header, help, locks, nodes, page, paint};
use model::SortKey;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

/// A buffer's text, a line per row, without the blanks at their ends.
pub(super) fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.area.rows() {
        let mut line = String::new();
        // A wide character covers the cells after it.
        let mut covered = 0;
        for cell in row.positions().filter_map(|at| buffer.cell(at)) {
            if covered == 0 {
                line.push_str(cell.symbol());
                covered = paint::width(cell.symbol()).saturating_sub(1);
            } else {
                covered -= 1;
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

impl App {
    /// Draws the screen. The frame should be as large as [`App::resize`] said last.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let cursor = self.paint(frame.buffer_mut());
        if let Some((x, y)) = cursor.filter(|&(x, y)| x < area.width && y < area.height) {
            frame.set_cursor_position((x, y));
        }
    }

    /// The screen as text, for leaving it on the terminal.
    pub fn text(&self) -> String {
        let mut buffer = Buffer::empty(self.size);
        self.paint(&mut buffer);
        text_of(&buffer)
    }

    /// Returns where the cursor is to blink, if anywhere.
    fn paint(&self, buffer: &mut Buffer) -> Option<(u16, u16)> {
        let theme = self.theme;
        if self.too_small() {
            let words = format!("terminal too small: {}x{}, needs 40x8", self.size.width, self.size.height);
            let lines: Vec<Line<'_>> = paint::wrap(&words, usize::from(self.size.width), theme).into_iter().map(Line::raw).collect();
            paint::lines(buffer, self.size, &lines, 0, theme);
            return None;
        }
        let bottom = Rect { y: self.size.height - 1, height: 1, ..self.size };
        if let Overlay::Help(scroll) = self.overlay {
            let page = Rect { height: self.size.height - 1, ..self.size };
            paint::lines(buffer, page, &help::lines(theme, page.width), scroll, theme);
            paint::line(buffer, bottom, &footer::line(self), theme);
            return None;
        }
        let body = self.body();
        paint::lines(buffer, Rect { height: body.y, ..self.size }, &header::lines(self), 0, theme);
        if let Some(open) = &self.open {
            paint::lines(buffer, body, &detail::lines(self, open, body.width), open.scroll, theme);
        } else {
            match self.view {
                View::Locks if self.order.is_empty() => paint::lines(buffer, body, &empty::lines(self, body.width), 0, theme),
                View::Locks if self.has_glocks() => glocks::draw(self, buffer, body),
                View::Locks => locks::draw(self, buffer, body),
                View::Nodes => nodes::draw(self, buffer, body),
                View::Findings => findings::draw(self, buffer, body),
                View::Episodes => episodes::draw(self, buffer, body),
                View::Waits | View::Masters | View::Inode | View::O2cb => page::draw(self, buffer, body),
            }
        }
        match &self.overlay {
            Overlay::Prompt(prompt) => {
                let (line, at) = prompt.line(theme);
                Clear.render(bottom, buffer);
                paint::line(buffer, bottom, &line, theme);
                return Some((u16::try_from(at).unwrap_or(u16::MAX), bottom.y));
            }
            Overlay::Menu(menu) => {
                let shown = self.shown_columns(menu.kind);
                let above_footer = Rect { height: self.size.height - 1, ..self.size };
                let chosen = |at: usize| match (menu.subject, at.checked_sub(1)) {
                    (Subject::Order, _) => SortKey::ALL.get(at).is_some_and(|row| row.0 == self.settings.sort),
                    (Subject::Columns, None) => !self.has_chosen_columns(menu.kind),
                    (Subject::Columns, Some(at)) => column_id(menu.kind, at).is_some_and(|id| shown.contains(&id)),
                };
                menu.draw(buffer, above_footer, chosen, theme);
            }
            Overlay::None | Overlay::Help(_) => {}
        }
        paint::line(buffer, bottom, &footer::line(self), theme);
        None
    }

    /// Whether the list is narrowed beyond the usual.
    pub(super) fn is_filtered(&self) -> bool {
        self.choice != Choice::default()
    }
}
