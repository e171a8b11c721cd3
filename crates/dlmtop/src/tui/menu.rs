//! A menu over the page: the order, or the columns.

use super::list::Cursor;
use super::paint;
use super::theme::Theme;
use model::{COLUMNS, GLOCK_COLUMNS, SortKey};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};
use sample::message::FileSystemKind;

/// What is chosen from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The order.
    Order,
    /// Which columns: any number; the first item is "by the terminal's width".
    Columns,
}

/// See the module's text.
#[derive(Clone, Copy, Debug)]
pub struct Menu {
    /// What is chosen.
    pub subject: Subject,
    /// Of which file system's table.
    pub kind: FileSystemKind,
    /// The selected item.
    pub cursor: Cursor,
}

impl Menu {
    /// How many items there are.
    pub fn len(&self) -> usize {
        match (self.subject, self.kind) {
            (Subject::Order, _) => SortKey::ALL.len(),
            (Subject::Columns, FileSystemKind::Ocfs2) => COLUMNS.len() + 1,
            (Subject::Columns, FileSystemKind::Gfs2) => GLOCK_COLUMNS.len() + 1,
        }
    }

    /// Each item's name, and what it is in words.
    fn items(&self) -> Vec<(&'static str, &'static str)> {
        let automatic = std::iter::once(("(automatic)", "what fits the terminal's width"));
        match (self.subject, self.kind) {
            (Subject::Order, FileSystemKind::Ocfs2) => SortKey::ALL.iter().map(|row| (row.1, row.2)).collect(),
            (Subject::Order, FileSystemKind::Gfs2) => SortKey::ALL.iter().map(|row| (row.1, row.0.words_of_glocks())).collect(),
            (Subject::Columns, FileSystemKind::Ocfs2) => automatic.chain(COLUMNS.iter().map(|column| (column.id, column.help))).collect(),
            (Subject::Columns, FileSystemKind::Gfs2) => {
                automatic.chain(GLOCK_COLUMNS.iter().map(|column| (column.id, column.help))).collect()
            }
        }
    }

    /// Lines for items, on a screen of so many lines.
    pub fn page(&self, screen: u16) -> usize {
        self.len().min(usize::from(screen.saturating_sub(4)))
    }

    /// Draws it. `chosen`: whether an item is.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, chosen: impl Fn(usize) -> bool, theme: Theme) {
        let rows = self.items();
        let name_width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
        let width = rows.iter().map(|row| paint::width(row.1)).max().unwrap_or(0) + name_width + 9;
        let width = u16::try_from(width).unwrap_or(u16::MAX).min(area.width);
        let height = u16::try_from(self.page(area.height)).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
        let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
        let title = match self.subject {
            Subject::Order => " order: Enter chooses, Esc closes ",
            Subject::Columns => " columns: Space or Enter toggles, Esc closes ",
        };
        Clear.render(place, buffer);
        let block = Block::bordered().border_set(theme.border()).title(title);
        let inside = block.inner(place);
        block.render(place, buffer);
        for (row, at) in inside.rows().zip(self.cursor.top..rows.len()) {
            let Some((name, help)) = rows.get(at) else { break };
            let mark = match (self.subject, chosen(at)) {
                (Subject::Columns, true) => "[x]",
                (Subject::Columns, false) => "[ ]",
                (Subject::Order, true) => " * ",
                (Subject::Order, false) => "   ",
            };
            paint::line(buffer, row, &Line::raw(format!("{mark} {name:name_width$}  {help}")), theme);
            if at == self.cursor.at {
                buffer.set_style(row, theme.selected());
            }
        }
    }
}
