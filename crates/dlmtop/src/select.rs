//! Which rows of a file system are shown, and in which order: the same for every face.

use crate::settings::{Filter, Settings};
use model::{FileSystemView, GlockRow, LockRow, SortKey};

impl Filter {
    /// Whether the row is shown.
    pub fn shows(&self, row: &LockRow) -> bool {
        (self.system || !row.system || row.figures.stuck)
            && (self.types.locks.is_empty() || self.types.locks.contains(&row.kind()))
            && self.inode.is_none_or(|inode| row.name.inode() == Some(inode))
            && (!self.waiting || row.figures.wait.is_some())
            && self.node.is_none_or(|node| row.on(node).is_some_and(|part| part.figures.wait.is_some() || part.figures.gets() > 0))
    }

    /// Whether the glock is shown.
    pub fn shows_glock(&self, row: &GlockRow) -> bool {
        (self.system || !row.system || row.stuck)
            && (self.types.glocks.is_empty() || self.types.glocks.contains(&row.name.kind))
            && self.inode.is_none_or(|inode| row.name.inode() == Some(inode))
            && (!self.waiting || row.waiting > 0)
            && self.node.is_none_or(|node| row.on(node).is_some())
    }
}

/// The glocks to be shown, in order. `all`: those without activity too.
pub fn glocks(view: &FileSystemView, settings: &Settings, all: bool) -> Vec<GlockRow> {
    let mut rows: Vec<GlockRow> =
        view.glocks.iter().filter(|row| (all || row.is_hot()) && settings.filter.shows_glock(row)).cloned().collect();
    rows.sort_by(|a, b| if settings.reverse { settings.sort.compare_glocks(b, a) } else { settings.sort.compare_glocks(a, b) });
    rows
}

/// The rows to be shown, in order, at most `most`. `all`: those without activity too (a capture of one moment).
pub fn rows(view: &FileSystemView, settings: &Settings, all: bool, most: usize) -> Vec<LockRow> {
    sorted(view, &settings.filter, settings.sort, settings.reverse, all, most)
}

/// As [`rows`], by parts.
pub fn sorted(view: &FileSystemView, filter: &Filter, sort: SortKey, reverse: bool, all: bool, most: usize) -> Vec<LockRow> {
    let mut rows: Vec<LockRow> = view.rows.iter().filter(|row| (all || row.is_hot()) && filter.shows(row)).cloned().collect();
    sort.sort(&mut rows, reverse, most);
    rows.truncate(most);
    rows
}
