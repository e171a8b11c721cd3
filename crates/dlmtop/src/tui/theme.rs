//! How things look: the 16 colours of the user's terminal and its characters, or neither.
//!
//! No meaning is by colour alone: each style also has a mark, a word, or bold and reverse video.

use model::Severity;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// See the module's text.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// Colours may be used.
    pub color: bool,
    /// Only ASCII characters may be used.
    pub ascii: bool,
}

impl Theme {
    fn tinted(self, color: Color, with: Modifier, without: Modifier) -> Style {
        if self.color { Style::new().fg(color).add_modifier(with) } else { Style::new().add_modifier(without) }
    }

    /// A verdict that somebody must act on.
    pub fn alarm(self) -> Style {
        self.tinted(Color::Red, Modifier::BOLD.union(Modifier::REVERSED), Modifier::BOLD.union(Modifier::REVERSED))
    }

    /// A stuck lock, a node that is gone.
    pub fn critical(self) -> Style {
        self.tinted(Color::Red, Modifier::BOLD, Modifier::BOLD)
    }

    /// Not as it should be.
    pub fn warning(self) -> Style {
        self.tinted(Color::Yellow, Modifier::BOLD, Modifier::BOLD)
    }

    /// As it should be.
    pub fn good(self) -> Style {
        self.tinted(Color::Green, Modifier::empty(), Modifier::empty())
    }

    /// Names: nodes, mount points.
    pub fn name(self) -> Style {
        self.tinted(Color::Cyan, Modifier::empty(), Modifier::empty())
    }

    /// The line above a table.
    pub fn heading(self) -> Style {
        self.tinted(Color::Cyan, Modifier::REVERSED, Modifier::REVERSED)
    }

    /// A notice that what is shown is not now.
    pub fn notice(self) -> Style {
        self.tinted(Color::Yellow, Modifier::BOLD.union(Modifier::REVERSED), Modifier::BOLD.union(Modifier::REVERSED))
    }

    /// A finding, by how bad it is.
    pub fn severity(self, severity: Severity) -> Style {
        match severity {
            Severity::Critical => self.critical(),
            Severity::Warning => self.warning(),
            Severity::Note => Style::new(),
        }
    }

    /// What stands for text that was cut.
    pub fn cut(self) -> &'static str {
        if self.ascii { ">" } else { "…" }
    }

    /// Branches of a tree: one of several, the last.
    pub fn branches(self) -> (&'static str, &'static str) {
        if self.ascii { ("|-", "`-") } else { ("├─", "└─") }
    }

    /// Marks of the column that is sorted by: largest first, smallest first.
    pub fn arrows(self) -> (&'static str, &'static str) {
        if self.ascii { ("v", "^") } else { ("▼", "▲") }
    }

    /// Frame of a menu.
    pub fn border(self) -> border::Set<'static> {
        if self.ascii {
            border::Set {
                top_left: "+",
                top_right: "+",
                bottom_left: "+",
                bottom_right: "+",
                vertical_left: "|",
                vertical_right: "|",
                horizontal_top: "-",
                horizontal_bottom: "-",
            }
        } else {
            border::PLAIN
        }
    }

    /// Heights of a sparkline, lowest first; the first stands for nothing at all.
    pub fn heights(self) -> &'static [&'static str] {
        if self.ascii {
            &[".", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
        } else {
            &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        }
    }

    /// What a bar is made of.
    pub fn bar(self) -> &'static str {
        if self.ascii { "#" } else { "█" }
    }
}

#[expect(clippy::unused_self, reason = "a style is asked of the theme, whether colour changes it or not")]
impl Theme {
    /// Beside the point.
    pub fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Keys, headings inside a page.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The row that keys act on.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}

/// Two characters before a finding.
pub fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "!!",
        Severity::Warning => " !",
        Severity::Note => " -",
    }
}
