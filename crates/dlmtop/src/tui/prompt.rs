//! One line of text that is being typed: the filter, or the inode to jump to.

use super::theme::Theme;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::{Line, Span};

/// Longest line that can be typed.
const LONGEST: usize = 200;

/// What the line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The filter; applies while it is typed.
    Filter,
    /// Jump to an inode or lock; applies on Enter.
    Jump,
    /// The inode to look at everywhere; applies on Enter.
    Inode,
}

/// See the module's text.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What it is for.
    pub purpose: Purpose,
    text: Vec<char>,
    at: usize,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// What a key did to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing, or the cursor moved.
    Nothing,
    /// It is another text now.
    Changed,
    /// It is finished.
    Done,
    /// It is given up.
    GivenUp,
}

impl Prompt {
    /// A line that starts with `text`.
    pub fn new(purpose: Purpose, text: &str) -> Prompt {
        let text: Vec<char> = text.chars().collect();
        Prompt { purpose, at: text.len(), text, error: None }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// A key was pressed.
    pub fn key(&mut self, event: KeyEvent) -> Typed {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        match (event.code, ctrl) {
            (KeyCode::Enter, _) | (KeyCode::Char('j' | 'm'), true) => return Typed::Done,
            (KeyCode::Esc, _) | (KeyCode::Char('c' | 'g'), true) => return Typed::GivenUp,
            (KeyCode::Left, _) => self.at = self.at.saturating_sub(1),
            (KeyCode::Right, _) => self.at = (self.at + 1).min(self.text.len()),
            (KeyCode::Home, _) | (KeyCode::Char('a'), true) => self.at = 0,
            (KeyCode::End, _) | (KeyCode::Char('e'), true) => self.at = self.text.len(),
            (KeyCode::Char('u'), true) => {
                self.text.drain(..self.at);
                self.at = 0;
                return Typed::Changed;
            }
            (KeyCode::Char('w'), true) => {
                let before = self.text.get(..self.at).unwrap_or_default();
                let kept = before.iter().rposition(|c| *c != ' ').and_then(|end| before.get(..end)?.iter().rposition(|c| *c == ' '));
                let from = kept.map_or(0, |space| space + 1);
                self.text.drain(from..self.at);
                self.at = from;
                return Typed::Changed;
            }
            (KeyCode::Backspace, _) | (KeyCode::Char('h'), true) if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
                return Typed::Changed;
            }
            (KeyCode::Delete, _) if self.at < self.text.len() => {
                self.text.remove(self.at);
                return Typed::Changed;
            }
            (KeyCode::Char(c), false) if self.text.len() < LONGEST && !c.is_control() => {
                self.text.insert(self.at, c);
                self.at += 1;
                return Typed::Changed;
            }
            _ => {}
        }
        Typed::Nothing
    }

    /// The line as it is drawn, and the column of its cursor.
    pub fn line(&self, theme: Theme) -> (Line<'static>, usize) {
        let label = match self.purpose {
            Purpose::Filter => "filter: ",
            Purpose::Jump => "inode or lock name: ",
            Purpose::Inode => "inode to look at: ",
        };
        let mut spans = vec![Span::styled(label, theme.strong()), Span::raw(self.text())];
        if let Some(error) = &self.error {
            spans.push(Span::styled(format!("  ! {error}"), theme.critical()));
        } else if self.text.is_empty() {
            let hint = match self.purpose {
                Purpose::Filter => " M,W inode:N node:NAME waiting system all; Enter keeps, Esc clears",
                Purpose::Jump => " a number, 0x…, or a full lock name",
                Purpose::Inode => " a number, or 0x…; Enter asks all nodes, Esc gives up",
            };
            spans.push(Span::styled(hint, theme.dim()));
        }
        let before: String = self.text.iter().take(self.at).collect();
        (Line::from(spans), label.len() + super::paint::width(&before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(prompt: &mut Prompt, code: KeyCode, modifiers: KeyModifiers) -> Typed {
        prompt.key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut prompt = Prompt::new(Purpose::Filter, "M,W node:n1");
        press(&mut prompt, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(prompt.text(), "M,W ");
        press(&mut prompt, KeyCode::Backspace, KeyModifiers::NONE);
        press(&mut prompt, KeyCode::Home, KeyModifiers::NONE);
        press(&mut prompt, KeyCode::Delete, KeyModifiers::NONE);
        press(&mut prompt, KeyCode::Char('F'), KeyModifiers::SHIFT);
        assert_eq!(prompt.text(), "F,W");
        press(&mut prompt, KeyCode::End, KeyModifiers::NONE);
        assert_eq!(press(&mut prompt, KeyCode::Char('u'), KeyModifiers::CONTROL), Typed::Changed);
        assert_eq!(prompt.text(), "");
        assert_eq!(press(&mut prompt, KeyCode::Backspace, KeyModifiers::NONE), Typed::Nothing);
        assert_eq!(press(&mut prompt, KeyCode::Esc, KeyModifiers::NONE), Typed::GivenUp);
    }
}
