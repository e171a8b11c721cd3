//! Keys, acted on.

use super::app::{App, Effect, Name, OpenLock, Overlay, View};
use super::filter::{self, Choice};
use super::header::seconds;
use super::keys::{self, Action};
use super::list::Cursor;
use super::menu::{Menu, Subject};
use super::prompt::{Prompt, Purpose, Typed};
use super::stuck_wait::StuckWait;
use super::{Playback, columns, glock_columns, nodes, stuck_wait};
use crate::engine::Command;
use formats::gfs2::GlockName;
use formats::ocfs2::LockName;
use model::SortKey;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sample::WatchedLock;

/// Intervals that + and - go through, ms.
const INTERVALS_MS: [u64; 10] = [200, 500, 1000, 2000, 3000, 5000, 10_000, 15_000, 30_000, 60_000];
/// Speeds that + and - go through; beyond the last, as fast as possible.
const SPEEDS: [f64; 11] = [0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0];
/// A minute, µs.
const MINUTE_US: i64 = 60_000_000;

impl App {
    /// A key was pressed.
    pub fn key(&mut self, event: KeyEvent) -> Vec<Effect> {
        if event.kind == KeyEventKind::Release {
            return Vec::new();
        }
        self.answer = None;
        if event.modifiers.contains(KeyModifiers::ALT) {
            // Esc and a key that follow each other closely look like Alt to a terminal; nothing here uses Alt.
            let mut effects = self.key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
            effects.extend(self.key(KeyEvent::new(event.code, event.modifiers.difference(KeyModifiers::ALT))));
            return effects;
        }
        let look = self.look();
        let mut effects = if matches!(self.overlay, Overlay::Prompt(_)) {
            self.type_key(event)
        } else {
            keys::action(event).map(|action| self.act(action)).unwrap_or_default()
        };
        let wanted = self.look();
        if wanted != look {
            self.asked();
            effects.push(Effect::Tell(Command::Look(wanted)));
        }
        self.settle();
        effects
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => return vec![Effect::Quit(false)],
            Action::QuitKeeping => return vec![Effect::Quit(true)],
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Back => return self.back(),
            Action::Help => {
                self.overlay = if matches!(self.overlay, Overlay::Help(_)) { Overlay::None } else { Overlay::Help(0) };
            }
            Action::Move(by) => self.go(by),
            Action::Page(halves) => {
                let half = (usize::from(self.body().height) / 2).max(1);
                self.go(halves.saturating_mul(half.cast_signed()));
            }
            Action::First => {
                self.go(isize::MIN);
                // Whatever is first then: the worst lock stays in sight.
                self.wanted = None;
            }
            Action::Last => self.go(isize::MAX),
            Action::Open | Action::Pause if matches!(self.overlay, Overlay::Menu(_)) => self.choose(),
            Action::Open => return self.open_selected(),
            Action::Pause => self.pause(),
            Action::Step(by) => self.look_back(|app, number| app.history.step(number, by).cloned()),
            Action::Minute(by) => self.look_back(|app, number| app.history.jump(number, by * MINUTE_US).cloned()),
            Action::Left | Action::Right if self.view.is_page() => self.page.scroll_across(action == Action::Right),
            Action::Left => self.columns_from = self.columns_from.saturating_sub(1),
            Action::Right => {
                let more = if self.has_glocks() { glock_columns::shown(self).more_right } else { columns::shown(self).more_right };
                self.columns_from += usize::from(more);
            }
            Action::NodeRows => self.settings.detail = !self.settings.detail,
            Action::Follow => {
                self.follow = !self.follow;
                self.mark_wanted();
                self.answer =
                    Some(if self.follow { "the selection follows its lock" } else { "the selection stays at its rank" }.to_owned());
            }
            Action::SortMenu => {
                let at = SortKey::ALL.iter().position(|row| row.0 == self.settings.sort).unwrap_or(0);
                let kind = self.table();
                self.overlay = Overlay::Menu(Menu { subject: Subject::Order, kind, cursor: Cursor { at, top: 0 } });
            }
            Action::Sort(by) => {
                let at = SortKey::ALL.iter().position(|row| row.0 == self.settings.sort).unwrap_or(0);
                let to = at.cast_signed().saturating_add(by).rem_euclid(SortKey::ALL.len().cast_signed());
                if let Some(row) = SortKey::ALL.get(to.cast_unsigned()) {
                    self.settings.sort = row.0;
                    let words = if self.has_glocks() { row.0.words_of_glocks() } else { row.2 };
                    self.answer = Some(format!("order {}: {words}", row.1));
                }
                self.refresh();
            }
            Action::Reverse => {
                self.settings.reverse = !self.settings.reverse;
                self.refresh();
            }
            Action::Columns => {
                let kind = self.table();
                self.overlay = Overlay::Menu(Menu { subject: Subject::Columns, kind, cursor: Cursor::default() });
            }
            Action::Filter => {
                let words = filter::words(&self.choice, &self.node_names());
                self.overlay = Overlay::Prompt(Prompt::new(Purpose::Filter, &words));
            }
            Action::Jump => self.overlay = Overlay::Prompt(Prompt::new(Purpose::Jump, "")),
            Action::More => return self.pace(true),
            Action::Less => return self.pace(false),
            Action::FileSystem(by) => self.next_file_system(by),
            Action::Inode => return self.look_at_inode(),
            Action::View(number) => {
                if let Some((view, _)) = View::ALL.get(number) {
                    self.view = *view;
                    self.overlay = Overlay::None;
                    return self.close();
                }
            }
        }
        Vec::new()
    }

    /// Moves in whatever is on top.
    fn go(&mut self, by: isize) {
        let len = self.len();
        match (&mut self.overlay, &mut self.open) {
            (Overlay::Help(scroll), _) => *scroll = scroll.saturating_add_signed(by),
            (Overlay::Menu(menu), _) => {
                let len = menu.len();
                menu.cursor.step(by, len);
            }
            (_, Some(open)) => open.scroll = open.scroll.saturating_add_signed(by),
            _ => {
                self.cursor_mut().step(by, len);
                self.mark_wanted();
            }
        }
    }

    /// The selected lock is the one to follow.
    fn mark_wanted(&mut self) {
        if self.view == View::Locks {
            self.wanted = self.name(self.cursor().at);
        }
    }

    /// One step back: the last thing that was opened, narrowed or stopped.
    fn back(&mut self) -> Vec<Effect> {
        if !matches!(self.overlay, Overlay::None) {
            self.overlay = Overlay::None;
        } else if self.open.is_some() {
            return self.close();
        } else if self.view != View::Locks {
            self.view = View::Locks;
        } else if self.columns_from > 0 {
            self.columns_from = 0;
        } else if self.choice != Choice::default() {
            self.choice = Choice::default();
            self.refresh();
        } else if self.paused {
            self.pause();
        }
        Vec::new()
    }

    fn close(&mut self) -> Vec<Effect> {
        match self.open.take() {
            Some(_) => vec![Effect::Tell(Command::AskFor(Vec::new()))],
            None => Vec::new(),
        }
    }

    fn open_lock(&mut self, uuid: String, name: Name) -> Vec<Effect> {
        self.overlay = Overlay::None;
        let watched = match name {
            Name::Lock(name) => vec![WatchedLock { uuid: uuid.clone(), name }],
            // A glock is asked for by what is looked at.
            Name::Glock(_) => Vec::new(),
        };
        self.open = Some(OpenLock { uuid, name, scroll: 0 });
        vec![Effect::Tell(Command::AskFor(watched))]
    }

    /// The lock that the selection is about: the open one, else that of the list, the finding or the stuck wait.
    fn selected_name(&self) -> Option<Name> {
        if let Some(open) = &self.open {
            return Some(open.name);
        }
        let at = self.cursor().at;
        match self.view {
            View::Locks => self.name(at),
            View::Findings => self.shown.as_ref()?.findings.get(at)?.lock.map(Name::Lock),
            View::Episodes => stuck_wait::of(self).get(at)?.lock().map(|(_, name)| name),
            View::Nodes | View::Waits | View::Masters | View::Inode | View::O2cb => None,
        }
    }

    /// This inode everywhere; asks which if nothing is selected.
    fn look_at_inode(&mut self) -> Vec<Effect> {
        match self.selected_name().map(Name::inode) {
            Some(Some(inode)) => return self.show_inode(inode),
            Some(None) => self.answer = Some("this lock is about no inode".to_owned()),
            None => {
                // The one that most wait for is the likeliest.
                let waits = self.shown.as_ref().filter(|_| self.view == View::Waits).map(|shown| &shown.waits.chains);
                let likely = waits.and_then(|chains| chains.iter().find_map(|chain| chain.resource.as_ref()?.inode()));
                let likely = likely.map_or_else(String::new, |inode| inode.to_string());
                self.overlay = Overlay::Prompt(Prompt::new(Purpose::Inode, &likely));
            }
        }
        Vec::new()
    }

    fn show_inode(&mut self, inode: u64) -> Vec<Effect> {
        self.overlay = Overlay::None;
        self.page.inode = Some(inode);
        self.view = View::Inode;
        *self.cursor_mut() = Cursor::default();
        self.close()
    }

    /// Enter: opens what is selected.
    fn open_selected(&mut self) -> Vec<Effect> {
        if matches!(self.overlay, Overlay::Help(_)) || self.open.is_some() {
            return Vec::new();
        }
        let at = self.cursor().at;
        let lock = match self.view {
            View::Locks => self.file_system().zip(self.name(at)).map(|(view, name)| (view.uuid.clone(), name)),
            View::Findings => {
                let finding = self.shown.as_ref().and_then(|shown| shown.findings.get(at));
                let rule = finding.filter(|finding| finding.lock.is_none()).map(|finding| finding.rule);
                if let Some("stuck-lock" | "deadlock") = rule {
                    self.view = View::Waits;
                    return Vec::new();
                }
                finding.and_then(|finding| finding.uuid.clone().zip(finding.lock.map(Name::Lock)))
            }
            View::Episodes => {
                let selected = stuck_wait::of(self).get(at).map(|item| (item.lock(), matches!(item, StuckWait::UnderWay(..))));
                match selected {
                    // Of no lock that a file system tells of: who waits for whom is all there is.
                    Some((None, true)) => {
                        self.view = View::Waits;
                        return Vec::new();
                    }
                    Some((None, false)) => {
                        self.answer = Some("this wait is over, and was of no lock that can be opened".to_owned());
                        return Vec::new();
                    }
                    Some((lock, _)) => lock,
                    None => None,
                }
            }
            View::Waits | View::Masters | View::Inode | View::O2cb => return Vec::new(),
            View::Nodes => {
                let node = nodes::of(self).get(at).map(|node| node.node);
                if node.is_some() {
                    self.choice.filter.node = node;
                    self.view = View::Locks;
                    self.refresh();
                }
                return Vec::new();
            }
        };
        match lock {
            Some((uuid, name)) => {
                if self.view == View::Locks {
                    self.wanted = Some(name);
                }
                self.open_lock(uuid, name)
            }
            None => Vec::new(),
        }
    }

    /// Enter or Space in a menu.
    fn choose(&mut self) {
        let Overlay::Menu(menu) = &self.overlay else { return };
        let (at, kind) = (menu.cursor.at, menu.kind);
        match menu.subject {
            Subject::Order => {
                if let Some(row) = SortKey::ALL.get(at) {
                    self.settings.sort = row.0;
                }
                self.overlay = Overlay::None;
                self.refresh();
            }
            Subject::Columns => self.toggle_column(kind, at.checked_sub(1)),
        }
    }

    fn pause(&mut self) {
        self.paused = !self.paused;
        if !self.paused {
            self.shown = self.history.newest().cloned();
            self.refresh();
        }
    }

    fn look_back(&mut self, find: impl Fn(&App, u64) -> Option<std::sync::Arc<model::Snapshot>>) {
        let Some(number) = self.shown.as_ref().map(|shown| shown.number) else { return };
        let Some(found) = find(self, number) else { return };
        if found.number == number {
            self.answer = Some("there is no picture beyond this one".to_owned());
        } else {
            self.paused = true;
            self.shown = Some(found);
            self.refresh();
        }
    }

    fn pace(&mut self, more: bool) -> Vec<Effect> {
        let command = match &mut self.playback {
            Playback::Live => {
                let now = self.settings.interval_ms;
                let next = if more { INTERVALS_MS.iter().find(|&&ms| ms > now) } else { INTERVALS_MS.iter().rev().find(|&&ms| ms < now) };
                let Some(&next) = next else { return Vec::new() };
                self.settings.interval_ms = next;
                self.answer = Some(format!("interval {}", seconds(next)));
                Command::Interval(next)
            }
            Playback::Recording { speed } => {
                *speed = match (*speed, more) {
                    (None, true) => None,
                    (None, false) => SPEEDS.last().copied(),
                    (Some(now), true) => SPEEDS.iter().copied().find(|&speed| speed > now),
                    (Some(now), false) => Some(SPEEDS.iter().copied().rev().find(|&speed| speed < now).unwrap_or(now)),
                };
                self.answer = Some(match speed {
                    Some(speed) => format!("playing {speed} times as fast as recorded"),
                    None => "playing as fast as possible".to_owned(),
                });
                Command::Speed(*speed)
            }
        };
        vec![Effect::Tell(command)]
    }

    fn next_file_system(&mut self, by: isize) {
        let Some(shown) = &self.shown else { return };
        let len = shown.file_systems.len();
        if len < 2 {
            self.answer = Some("there is only one file system".to_owned());
            return;
        }
        let here = self.file_system().map(|view| view.uuid.clone());
        let at = shown.file_systems.iter().position(|view| Some(&view.uuid) == here.as_ref()).unwrap_or(0);
        let to = (at + len).saturating_add_signed(by) % len;
        self.place = shown.file_systems.get(to).map(|view| view.uuid.clone());
        self.wanted = None;
        self.cursors = [Cursor::default(); View::ALL.len()];
        self.refresh();
    }

    fn type_key(&mut self, event: KeyEvent) -> Vec<Effect> {
        let nodes = self.node_names();
        let Overlay::Prompt(prompt) = &mut self.overlay else { return Vec::new() };
        let typed = prompt.key(event);
        let (purpose, text) = (prompt.purpose, prompt.text());
        match (purpose, typed) {
            (_, Typed::Nothing) => {}
            (Purpose::Filter, Typed::GivenUp) => {
                self.overlay = Overlay::None;
                self.choice = Choice::default();
                self.refresh();
            }
            (Purpose::Jump | Purpose::Inode, Typed::GivenUp) => self.overlay = Overlay::None,
            (Purpose::Jump | Purpose::Inode, Typed::Changed) => prompt.error = None,
            (Purpose::Filter, Typed::Changed | Typed::Done) => match filter::parse(&text, &nodes) {
                Ok(choice) => {
                    prompt.error = None;
                    if typed == Typed::Done {
                        self.overlay = Overlay::None;
                    }
                    self.choice = choice;
                    self.refresh();
                }
                Err(error) => prompt.error = Some(error),
            },
            (Purpose::Jump, Typed::Done) => return self.jump(text.trim()),
            (Purpose::Inode, Typed::Done) if text.trim().is_empty() => self.overlay = Overlay::None,
            (Purpose::Inode, Typed::Done) => match filter::inode(text.trim()) {
                Ok(inode) => return self.show_inode(inode),
                Err(error) => prompt.error = Some(error),
            },
        }
        Vec::new()
    }

    /// To the first lock of an inode, or into the lock of this name.
    fn jump(&mut self, text: &str) -> Vec<Effect> {
        if text.is_empty() {
            self.overlay = Overlay::None;
            return Vec::new();
        }
        let named = if self.has_glocks() {
            GlockName::parse(text.as_bytes()).map(Name::Glock)
        } else {
            text.parse::<LockName>().ok().map(Name::Lock)
        };
        if let (Some(name), Some(view)) = (named, self.file_system()) {
            return self.open_lock(view.uuid.clone(), name);
        }
        let what = if self.has_glocks() { "glock" } else { "lock" };
        let found = filter::inode(text).and_then(|inode| {
            let row = (0..self.order.len()).find(|&rank| self.name(rank).is_some_and(|name| name.inode() == Some(inode)));
            row.ok_or_else(|| format!("no {what} of inode {inode} is active and shown"))
        });
        match found {
            Ok(at) => {
                self.overlay = Overlay::None;
                self.view = View::Locks;
                self.cursor_mut().at = at;
                self.mark_wanted();
                return self.close();
            }
            Err(error) => {
                if let Overlay::Prompt(prompt) = &mut self.overlay {
                    prompt.error = Some(error);
                }
            }
        }
        Vec::new()
    }
}
