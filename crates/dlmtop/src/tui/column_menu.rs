//! Columns that the menu switches on and off, of the table that is shown: OCFS2's locks or GFS2's glocks.

use super::app::App;
use super::{columns, glock_columns};
use model::{COLUMNS, GLOCK_COLUMNS};
use sample::message::FileSystemKind;

/// The id of the column at this place of its table.
pub fn column_id(kind: FileSystemKind, at: usize) -> Option<&'static str> {
    match kind {
        FileSystemKind::Ocfs2 => COLUMNS.get(at).map(|column| column.id),
        FileSystemKind::Gfs2 => GLOCK_COLUMNS.get(at).map(|column| column.id),
    }
}

impl App {
    /// Which table's columns are chosen: that of the file system that is shown.
    pub(super) fn table(&self) -> FileSystemKind {
        self.file_system().map(|view| view.kind).unwrap_or_default()
    }

    /// The columns that stand on the screen.
    pub(super) fn shown_columns(&self, kind: FileSystemKind) -> Vec<&'static str> {
        match kind {
            FileSystemKind::Ocfs2 => columns::shown(self).columns.iter().map(|(column, _)| column.id).collect(),
            FileSystemKind::Gfs2 => glock_columns::shown(self).columns.iter().map(|(column, _)| column.id).collect(),
        }
    }

    /// Whether the user chose some.
    pub(super) fn has_chosen_columns(&self, kind: FileSystemKind) -> bool {
        match kind {
            FileSystemKind::Ocfs2 => self.settings.columns.locks.is_some(),
            FileSystemKind::Gfs2 => self.settings.columns.glocks.is_some(),
        }
    }

    /// Switches the column at this place on or off, beginning with those on the screen; `None`: back to what the width allows. The last
    /// one stays.
    pub(super) fn toggle_column(&mut self, kind: FileSystemKind, at: Option<usize>) {
        let toggled = at.and_then(|at| column_id(kind, at));
        let shown = self.shown_columns(kind);
        let stays = |id: &str| shown.contains(&id) != (toggled == Some(id));
        let columns = &mut self.settings.columns;
        match kind {
            FileSystemKind::Ocfs2 if toggled.is_none() => columns.locks = None,
            FileSystemKind::Gfs2 if toggled.is_none() => columns.glocks = None,
            FileSystemKind::Ocfs2 => {
                let chosen: Vec<_> = COLUMNS.iter().filter(|column| stays(column.id)).collect();
                if !chosen.is_empty() {
                    columns.locks = Some(chosen);
                    self.columns_from = 0;
                }
            }
            FileSystemKind::Gfs2 => {
                let chosen: Vec<_> = GLOCK_COLUMNS.iter().filter(|column| stays(column.id)).collect();
                if !chosen.is_empty() {
                    columns.glocks = Some(chosen);
                    self.columns_from = 0;
                }
            }
        }
    }
}
