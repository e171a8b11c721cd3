//! All keys, once: dispatch, the help page, the footer and the documentation come from this table.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// End.
    Quit,
    /// End, and leave the last picture on the terminal.
    QuitKeeping,
    /// Show or hide the help page.
    Help,
    /// One step back: close, unfilter, go on.
    Back,
    /// Open what is selected.
    Open,
    /// Move by so many rows.
    Move(isize),
    /// Move by halves of a page.
    Page(isize),
    /// To the first row, and stay there.
    First,
    /// To the last row.
    Last,
    /// Columns to the left.
    Left,
    /// Columns to the right.
    Right,
    /// Rows per node below each lock.
    NodeRows,
    /// Follow the selected lock, or stay at its rank.
    Follow,
    /// Choose the order from a menu.
    SortMenu,
    /// Next (1) or previous (-1) order.
    Sort(isize),
    /// Reverse the order.
    Reverse,
    /// Choose columns.
    Columns,
    /// Edit the filter.
    Filter,
    /// Jump to an inode or a lock.
    Jump,
    /// Stop or go on.
    Pause,
    /// So many pictures back or forward.
    Step(isize),
    /// A minute back or forward.
    Minute(i64),
    /// Longer interval, or faster playing.
    More,
    /// Shorter interval, or slower playing.
    Less,
    /// Next (1) or previous (-1) file system.
    FileSystem(isize),
    /// This view.
    View(usize),
    /// The selected lock's inode on all nodes.
    Inode,
    /// Draw everything anew.
    Redraw,
    /// To the shell.
    Suspend,
}

/// One key: its code, and whether Ctrl is held.
type Chord = (KeyCode, bool);

/// A row of the table.
pub struct Binding {
    /// Keys that do it.
    pub keys: &'static [Chord],
    /// What.
    pub action: Action,
    /// In words.
    pub help: &'static str,
}

const fn key(letter: char) -> Chord {
    (KeyCode::Char(letter), false)
}

const fn ctrl(letter: char) -> Chord {
    (KeyCode::Char(letter), true)
}

const fn code(code: KeyCode) -> Chord {
    (code, false)
}

macro_rules! bindings {
    ($($heading:literal: { $([$($key:expr),+] $action:expr, $help:literal;)+ })+) => {
        /// The table, in the order of the help page, under headings.
        pub const KEYS: &[(&str, &[Binding])] = &[$(($heading, &[$(Binding { keys: &[$($key),+], action: $action, help: $help }),+])),+];
    };
}

bindings! {
    "What is shown": {
        [code(KeyCode::Enter)] Action::Open, "open: one lock on every node; a finding's lock; a node's locks";
        [code(KeyCode::Esc)] Action::Back, "one step back: close, clear the filter, back to live";
        [key('d')] Action::NodeRows, "rows per node below each lock";
        [key('/')] Action::Filter, "filter: M,W inode,rgrp type:2 inode:N node:NAME waiting system all";
        [key('s'), code(KeyCode::F(6))] Action::SortMenu, "choose the order";
        [key('>'), key('.')] Action::Sort(1), "next order";
        [key('<'), key(',')] Action::Sort(-1), "previous order";
        [key('r'), key('I')] Action::Reverse, "reverse the order";
        [key('c')] Action::Columns, "choose columns";
        [code(KeyCode::Tab)] Action::FileSystem(1), "next file system";
        [code(KeyCode::BackTab)] Action::FileSystem(-1), "previous file system";
        [key('1')] Action::View(0), "locks";
        [key('2')] Action::View(1), "nodes";
        [key('3')] Action::View(2), "findings";
        [key('4')] Action::View(3), "stuck history";
        [key('5'), key('w')] Action::View(4), "waits: who waits for whom, and why";
        [key('6'), key('m')] Action::View(5), "masters: who masters how many locks";
        [key('i'), key('7')] Action::Inode, "inode: the selected lock's inode on every node";
        [key('8')] Action::View(7), "o2cb: heartbeats, connections; how far each is from its fence";
    }
    "Moving": {
        [code(KeyCode::Up), key('k')] Action::Move(-1), "up";
        [code(KeyCode::Down), key('j')] Action::Move(1), "down";
        [code(KeyCode::PageUp), ctrl('b')] Action::Page(-2), "a page up";
        [code(KeyCode::PageDown), ctrl('f')] Action::Page(2), "a page down";
        [ctrl('u')] Action::Page(-1), "half a page up";
        [ctrl('d')] Action::Page(1), "half a page down";
        [code(KeyCode::Home), key('g')] Action::First, "first row, and stay there";
        [code(KeyCode::End), key('G')] Action::Last, "last row";
        [code(KeyCode::Right)] Action::Right, "columns further right";
        [code(KeyCode::Left)] Action::Left, "columns back to the left";
        [key('f')] Action::Jump, "jump to an inode; a full lock name opens that lock";
        [key('F')] Action::Follow, "selection follows its lock, or stays at its rank";
    }
    "Time": {
        [key(' ')] Action::Pause, "pause, and go on";
        [key('[')] Action::Step(-1), "one picture back";
        [key(']')] Action::Step(1), "one picture forward";
        [key('{')] Action::Minute(-1), "a minute back";
        [key('}')] Action::Minute(1), "a minute forward";
        [key('+'), key('=')] Action::More, "longer interval; a recording: faster";
        [key('-')] Action::Less, "shorter interval; a recording: slower";
    }
    "Program": {
        [key('?'), key('h'), code(KeyCode::F(1))] Action::Help, "this page";
        [ctrl('l')] Action::Redraw, "draw everything anew";
        [ctrl('z')] Action::Suspend, "to the shell; fg comes back";
        [key('q'), ctrl('c')] Action::Quit, "quit";
        [key('Q')] Action::QuitKeeping, "quit, and leave this picture on the terminal";
    }
}

/// What the key does; `None` for keys without a meaning.
pub fn action(event: KeyEvent) -> Option<Action> {
    let held = event.modifiers.contains(KeyModifiers::CONTROL);
    // Some terminals send Enter as ^J and Backspace as ^H.
    let chord = match (event.code, held) {
        (KeyCode::Char('j' | 'm'), true) => (KeyCode::Enter, false),
        (KeyCode::Char(letter), true) => (KeyCode::Char(letter.to_ascii_lowercase()), true),
        (code, _) => (code, held),
    };
    bindings().find(|binding| binding.keys.contains(&chord)).map(|binding| binding.action)
}

/// All rows, without their headings.
pub fn bindings() -> impl Iterator<Item = &'static Binding> {
    KEYS.iter().flat_map(|(_, bindings)| bindings.iter())
}

/// All keys and what they do, in words: for the documentation.
pub fn key_table() -> impl Iterator<Item = (String, &'static str)> {
    bindings().map(|binding| (binding.names(), binding.help))
}

/// The first key of an action, as it is written on keyboards.
pub fn first_key(action: Action) -> String {
    bindings().find(|binding| binding.action == action).and_then(|binding| binding.keys.first()).map(name).unwrap_or_default()
}

impl Binding {
    /// Its keys, as they are written on keyboards.
    pub fn names(&self) -> String {
        self.keys.iter().map(name).collect::<Vec<_>>().join(" ")
    }
}

fn name(chord: &Chord) -> String {
    let (code, held) = chord;
    let key = match code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(letter) if *held => letter.to_ascii_uppercase().to_string(),
        KeyCode::Char(letter) => letter.to_string(),
        KeyCode::F(number) => format!("F{number}"),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::BackTab => "S-Tab".to_owned(),
        other => format!("{other:?}"),
    };
    if *held { format!("^{key}") } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_key_has_one_meaning_and_function_keys_are_never_the_only_way() {
        let mut seen = HashSet::new();
        for binding in bindings() {
            for chord in binding.keys {
                assert!(seen.insert(*chord), "{} twice", name(chord));
            }
            assert!(binding.keys.iter().any(|(code, _)| !matches!(code, KeyCode::F(_))), "{}", binding.help);
        }
    }

    #[test]
    fn keys_as_terminals_send_them() {
        let of = |code, modifiers| action(KeyEvent::new(code, modifiers));
        assert_eq!(of(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Action::Last));
        assert_eq!(of(KeyCode::BackTab, KeyModifiers::SHIFT), Some(Action::FileSystem(-1)));
        assert_eq!(of(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(of(KeyCode::Char('j'), KeyModifiers::CONTROL), Some(Action::Open));
        assert_eq!(of(KeyCode::Char('t'), KeyModifiers::CONTROL), None);
    }
}
