//! The last line: the most useful keys here, and where the cursor is; or the answer to the last key.

use super::app::{App, Overlay, View};
use super::keys::{Action, first_key};
use super::paint;
use ratatui::text::{Line, Span};

/// See the module's text.
pub fn line(app: &App) -> Line<'static> {
    let theme = app.theme;
    let columns = usize::from(app.size.width);
    let at = match (&app.overlay, &app.open, app.len()) {
        (Overlay::Help(_), ..) | (_, Some(_), _) | (_, _, 0) => String::new(),
        (_, _, len) => format!("  {}/{len}", app.cursor().at + 1),
    };
    if let Some(answer) = &app.answer {
        return paint::both_ends(vec![Span::styled(format!(" {answer}"), theme.strong())], vec![Span::raw(at)], columns);
    }
    let hints: &[(Action, &str)] = match (&app.overlay, &app.open, app.view) {
        (Overlay::Help(_), ..) => &[(Action::Back, "close"), (Action::Move(1), "scroll"), (Action::Quit, "quit")],
        (Overlay::Menu(_), ..) => &[(Action::Open, "choose"), (Action::Back, "close")],
        (_, Some(_), _) => &[
            (Action::Back, "close"),
            (Action::Move(1), "scroll"),
            (Action::Step(-1), "earlier"),
            (Action::Pause, "pause"),
            (Action::Help, "help"),
        ],
        (_, _, View::Locks) => &[
            (Action::Help, "help"),
            (Action::Open, "lock"),
            (Action::NodeRows, "per node"),
            (Action::SortMenu, "order"),
            (Action::Filter, "filter"),
            (Action::Pause, "pause"),
            (Action::Quit, "quit"),
        ],
        (_, _, View::Nodes) => &[(Action::Help, "help"), (Action::Open, "its locks"), (Action::Back, "back"), (Action::Quit, "quit")],
        (_, _, View::Findings | View::Episodes) => {
            &[(Action::Help, "help"), (Action::Open, "the lock"), (Action::Back, "back"), (Action::Quit, "quit")]
        }
        (_, _, View::Waits | View::Inode | View::O2cb) => &[
            (Action::Help, "help"),
            (Action::Move(1), "scroll"),
            (Action::Inode, "inode"),
            (Action::Pause, "pause"),
            (Action::Back, "back"),
            (Action::Quit, "quit"),
        ],
        (_, _, View::Masters) => &[
            (Action::Help, "help"),
            (Action::Move(1), "scroll"),
            (Action::Right, "table"),
            (Action::Pause, "pause"),
            (Action::Back, "back"),
            (Action::Quit, "quit"),
        ],
    };
    let mut left = Vec::new();
    for (action, word) in hints {
        left.push(Span::styled(format!(" {}", first_key(*action)), theme.strong()));
        left.push(Span::raw(format!(" {word} ")));
    }
    let mut right: Vec<Span<'static>> = Vec::new();
    if matches!(app.overlay, Overlay::None) && app.open.is_none() {
        for (number, (view, name)) in View::ALL.iter().enumerate() {
            let style = if *view == app.view { theme.selected() } else { theme.dim() };
            right.push(Span::styled(format!("{} {name}", number + 1), style));
            right.push(Span::raw(" "));
        }
    }
    let taken = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    if taken(&left) + taken(&right) + at.len() + 1 > columns {
        right.clear();
    }
    right.push(Span::raw(at));
    paint::both_ends(left, right, columns)
}
