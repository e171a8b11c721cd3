//! What the screen shows, and how keys and new pictures change it. Never touches a clock, a terminal or a channel.

use super::filter::Choice;
use super::history::History;
use super::list::Cursor;
use super::menu::Menu;
use super::page::Page;
use super::prompt::Prompt;
use super::theme::Theme;
use super::{Playback, Title, columns, detail, episodes, findings, glock_columns, glocks, header, help, locks, nodes, stuck_wait};
use crate::engine::Command;
use crate::settings::Settings;
use crate::units::Clock;
use formats::gfs2::GlockName;
use formats::ocfs2::LockName;
use model::{FileSystemView, GlockRow, LockRow, Snapshot};
use ratatui::layout::Rect;
use sample::message::FileSystemKind;
use std::sync::Arc;
use std::time::Duration;

/// What the program around it is to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Tell the engine.
    Tell(Command),
    /// End; whether this picture is to stay on the terminal.
    Quit(bool),
    /// Draw everything anew.
    Redraw,
    /// Stop until the shell continues us.
    Suspend,
}

/// The pages that number keys choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Locks.
    #[default]
    Locks,
    /// Nodes.
    Nodes,
    /// Findings.
    Findings,
    /// Stuck waits under way and over.
    Episodes,
    /// Who waits for whom.
    Waits,
    /// Who masters what.
    Masters,
    /// One inode on all nodes.
    Inode,
    /// O2CB's stack.
    O2cb,
}

impl View {
    /// All, by their number, with their name.
    pub const ALL: [(View, &'static str); 8] = [
        (View::Locks, "locks"),
        (View::Nodes, "nodes"),
        (View::Findings, "findings"),
        (View::Episodes, "stuck history"),
        (View::Waits, "waits"),
        (View::Masters, "masters"),
        (View::Inode, "inode"),
        (View::O2cb, "o2cb"),
    ];

    /// It is a page of text that is scrolled, not a list with a selection.
    pub fn is_page(self) -> bool {
        matches!(self, View::Waits | View::Masters | View::Inode | View::O2cb)
    }
}

/// A lock's name, of either file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// OCFS2's.
    Lock(LockName),
    /// GFS2's.
    Glock(GlockName),
}

impl Name {
    /// The inode it is about.
    pub fn inode(self) -> Option<u64> {
        match self {
            Name::Lock(name) => name.inode(),
            Name::Glock(name) => name.inode(),
        }
    }
}

/// What lies over the page.
#[derive(Debug, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The help page, scrolled by so many lines.
    Help(usize),
    /// A menu.
    Menu(Menu),
    /// A line that is being typed.
    Prompt(Prompt),
}

/// The lock that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLock {
    /// Its file system.
    pub uuid: String,
    /// Its name.
    pub name: Name,
    /// Lines scrolled.
    pub scroll: usize,
}

/// See the module's text.
#[derive(Debug)]
pub struct App {
    pub(super) settings: Settings,
    pub(super) choice: Choice,
    pub(super) title: Title,
    pub(super) playback: Playback,
    pub(super) theme: Theme,
    pub(super) clock: Clock,
    pub(super) size: Rect,
    pub(super) history: History,
    pub(super) shown: Option<Arc<Snapshot>>,
    pub(super) paused: bool,
    pub(super) ended: bool,
    /// Since the newest picture came.
    pub(super) silent: Duration,
    /// UUID of the file system that is shown.
    pub(super) place: Option<String>,
    pub(super) view: View,
    /// Rows of the file system that are shown, in order.
    pub(super) order: Vec<usize>,
    /// Cursors of the views; a page's is its first line.
    pub(super) cursors: [Cursor; View::ALL.len()],
    /// The page of text, if the view is one.
    pub(super) page: Page,
    /// The lock that the selection follows.
    pub(super) wanted: Option<Name>,
    pub(super) follow: bool,
    /// Columns scrolled out to the left.
    pub(super) columns_from: usize,
    pub(super) open: Option<OpenLock>,
    pub(super) overlay: Overlay,
    /// Answer to the last key, in the footer.
    pub(super) answer: Option<String>,
}

impl App {
    /// A screen without a picture yet.
    pub fn new(settings: Settings, title: Title, playback: Playback) -> App {
        App {
            theme: Theme { color: settings.color, ascii: settings.ascii },
            clock: Clock::new(settings.utc),
            choice: Choice { filter: settings.filter.clone(), all: false },
            settings,
            title,
            playback,
            size: Rect::new(0, 0, 80, 24),
            history: History::default(),
            shown: None,
            paused: false,
            ended: false,
            silent: Duration::ZERO,
            place: None,
            view: View::Locks,
            order: Vec::new(),
            cursors: [Cursor::default(); View::ALL.len()],
            page: Page::default(),
            wanted: None,
            follow: true,
            columns_from: 0,
            open: None,
            overlay: Overlay::None,
            answer: None,
        }
    }

    /// The next picture came.
    pub fn update(&mut self, picture: Arc<Snapshot>) {
        self.history.add(picture);
        self.silent = Duration::ZERO;
        if !self.paused {
            self.shown = self.history.newest().cloned();
        }
        self.refresh();
    }

    /// The recording is over.
    pub fn end(&mut self) {
        self.ended = true;
        self.settle();
    }

    /// No picture has come for so long.
    pub fn tick(&mut self, silent: Duration) {
        self.silent = silent;
        self.settle();
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.size = Rect::new(0, 0, width, height);
        self.settle();
    }

    /// The file system that is shown.
    pub(super) fn file_system(&self) -> Option<&FileSystemView> {
        let shown = self.shown.as_ref()?;
        self.place.as_deref().and_then(|uuid| shown.file_system(uuid)).or(shown.file_systems.first())
    }

    /// Whether that is a GFS2, which has glocks.
    pub(super) fn has_glocks(&self) -> bool {
        self.file_system().is_some_and(|view| view.kind == FileSystemKind::Gfs2)
    }

    /// Its lock of this rank.
    pub(super) fn row(&self, rank: usize) -> Option<&LockRow> {
        let view = self.file_system().filter(|view| view.kind == FileSystemKind::Ocfs2)?;
        view.rows.get(*self.order.get(rank)?)
    }

    /// Its glock of this rank.
    pub(super) fn glock(&self, rank: usize) -> Option<&GlockRow> {
        let view = self.file_system().filter(|view| view.kind == FileSystemKind::Gfs2)?;
        view.glocks.get(*self.order.get(rank)?)
    }

    /// The name of the lock or glock of this rank.
    pub(super) fn name(&self, rank: usize) -> Option<Name> {
        self.row(rank).map(|row| Name::Lock(row.name)).or_else(|| self.glock(rank).map(|row| Name::Glock(row.name)))
    }

    /// The cursor of the view that is shown.
    pub(super) fn cursor(&self) -> Cursor {
        let [locks, nodes, findings, episodes, waits, masters, inode, o2cb] = self.cursors;
        match self.view {
            View::Locks => locks,
            View::Nodes => nodes,
            View::Findings => findings,
            View::Episodes => episodes,
            View::Waits => waits,
            View::Masters => masters,
            View::Inode => inode,
            View::O2cb => o2cb,
        }
    }

    /// As [`App::cursor`], to be changed.
    pub(super) fn cursor_mut(&mut self) -> &mut Cursor {
        let [locks, nodes, findings, episodes, waits, masters, inode, o2cb] = &mut self.cursors;
        match self.view {
            View::Locks => locks,
            View::Nodes => nodes,
            View::Findings => findings,
            View::Episodes => episodes,
            View::Waits => waits,
            View::Masters => masters,
            View::Inode => inode,
            View::O2cb => o2cb,
        }
    }

    /// Items in the view that is shown.
    pub(super) fn len(&self) -> usize {
        match self.view {
            View::Locks => self.order.len(),
            View::Nodes => nodes::of(self).len(),
            View::Findings => self.shown.as_ref().map_or(0, |shown| shown.findings.len()),
            View::Episodes => stuck_wait::of(self).len(),
            View::Waits | View::Masters | View::Inode | View::O2cb => self.page.len(),
        }
    }

    /// Names of all nodes.
    pub(super) fn node_names(&self) -> Vec<String> {
        self.shown.as_ref().map(|shown| shown.nodes.clone()).unwrap_or_default()
    }

    /// Puts rows in order anew, and the selection where its lock is now.
    pub(super) fn refresh(&mut self) {
        let order = self.file_system().map(|view| match view.kind {
            FileSystemKind::Ocfs2 => locks::order(view, &self.choice, &self.settings),
            FileSystemKind::Gfs2 => glocks::order(view, &self.choice, &self.settings),
        });
        self.order = order.unwrap_or_default();
        if let (true, Some(wanted)) = (self.follow, self.wanted) {
            let at = (0..self.order.len()).find(|&rank| self.name(rank) == Some(wanted));
            if let (Some(at), [locks, ..]) = (at, &mut self.cursors) {
                locks.at = at;
            }
        }
        self.settle();
    }

    /// Keeps every cursor inside what there is to show.
    pub(super) fn settle(&mut self) {
        self.tell_page();
        let chosen = &self.settings.columns;
        let columns_end = if self.has_glocks() {
            glock_columns::last_from(chosen.glocks.as_deref())
        } else {
            columns::last_from(chosen.locks.as_deref())
        };
        self.columns_from = self.columns_from.min(columns_end);
        let page = usize::from(self.body().height);
        let width = self.size.width;
        let (len, cursor) = (self.len(), self.cursor());
        let mut settled = cursor;
        match self.view {
            View::Locks => settled.settle(len, page.saturating_sub(1), |at| locks::height(self, at)),
            View::Nodes => settled.settle(len, nodes::list_page(page), |_| 1),
            View::Findings => settled.settle(len, page, |at| findings::height(self, at, at == cursor.at, width)),
            View::Episodes => {
                let items = stuck_wait::of(self);
                settled.settle(len, page.saturating_sub(1), |at| episodes::height(self, &items, at, at == cursor.at));
            }
            View::Waits | View::Masters | View::Inode | View::O2cb => settled.settle(len.saturating_sub(page.saturating_sub(1)), 1, |_| 1),
        }
        *self.cursor_mut() = settled;
        let all = usize::from(self.size.height.saturating_sub(1));
        let help_end = help::lines(self.theme, width).len().saturating_sub(all);
        let detail_end = self.open.as_ref().map(|open| detail::lines(self, open, width).len().saturating_sub(page));
        if let (Some(open), Some(end)) = (&mut self.open, detail_end) {
            open.scroll = open.scroll.min(end);
        }
        match &mut self.overlay {
            Overlay::Help(scroll) => *scroll = (*scroll).min(help_end),
            Overlay::Menu(menu) => menu.cursor.settle(menu.len(), menu.page(self.size.height), |_| 1),
            Overlay::None | Overlay::Prompt(_) => {}
        }
    }

    /// Where the page itself is drawn: between header and footer.
    pub(super) fn body(&self) -> Rect {
        let above = u16::try_from(header::lines(self).len()).unwrap_or(u16::MAX).min(self.size.height.saturating_sub(1));
        Rect { y: above, height: self.size.height - above - self.size.height.min(1), ..self.size }
    }

    /// Whether the terminal is too small to show anything of use.
    pub(super) fn too_small(&self) -> bool {
        self.size.width < 40 || self.size.height < 8
    }
}
