//! CSV: a line per snapshot, lock and node, and one per lock over all nodes (node `*`). Every column, exact integers;
//! what does not apply or is not known is empty. Where a GFS2 is mounted at the beginning, its glocks are lines too, with their own
//! columns behind those of OCFS2's locks, or instead of them where there is no OCFS2. Of chosen columns, those that both have stand
//! once; a table of which no column was chosen has no lines.

use super::{Face, most, shows_all};
use crate::select;
use crate::settings::Settings;
use model::column::Cell;
use model::{COLUMNS, Column, FileSystemView, GLOCK_COLUMNS, GlockCell, GlockColumn, Snapshot, Value};
use sample::message::FileSystemKind;
use std::io::{self, Write};

/// See the module's text.
pub struct Csv<'s> {
    settings: &'s Settings,
    columns: Vec<&'static Column>,
    /// Of glocks: their columns of the same names as `columns` have stand there.
    glock_columns: Vec<&'static GlockColumn>,
    /// Whether locks, and whether glocks, are lines.
    tells: (bool, bool),
    headed: bool,
}

impl<'s> Csv<'s> {
    /// CSV with these settings: all columns but the trend, unless some were chosen.
    pub fn new(settings: &'s Settings) -> Csv<'s> {
        Csv { settings, columns: Vec::new(), glock_columns: Vec::new(), tells: (true, false), headed: false }
    }

    /// Decides which columns there are: those that were chosen, else by the file systems that are there.
    fn choose(&mut self, snapshot: &Snapshot) {
        let chosen = &self.settings.columns;
        if chosen.is_empty() {
            let has = |kind| snapshot.file_systems.iter().any(|view| view.kind == kind);
            self.tells = (has(FileSystemKind::Ocfs2) || !has(FileSystemKind::Gfs2), has(FileSystemKind::Gfs2));
        } else {
            self.tells = (chosen.locks.is_some(), chosen.glocks.is_some());
        }
        let all = || COLUMNS.iter().filter(|column| column.id != "trend_ns").collect();
        if self.tells.0 {
            self.columns = chosen.locks.clone().unwrap_or_else(all);
        }
        if self.tells.1 {
            self.glock_columns = chosen.glocks.clone().unwrap_or_else(|| GLOCK_COLUMNS.iter().collect());
            self.glock_columns.retain(|column| self.columns.iter().all(|known| known.id != column.id));
        }
    }

    fn glocks(&self, snapshot: &Snapshot, view: &FileSystemView, time: &str, writer: &mut csv::Writer<&mut dyn Write>) -> io::Result<()> {
        if !self.tells.1 {
            return Ok(());
        }
        let shared = |column: &&Column| GLOCK_COLUMNS.iter().find(|of| of.id == column.id);
        for row in select::glocks(view, self.settings, shows_all(snapshot)).iter().take(most(self.settings)) {
            for part in std::iter::once(None).chain(row.nodes.iter().map(Some)) {
                let cell = GlockCell { snapshot, view, row, part };
                let named = GlockCell { part: None, ..cell };
                let value = |column: &GlockColumn| {
                    exact(&(column.get)(if matches!(column.id, "type" | "glock" | "inode") { &named } else { &cell }))
                };
                let node = part.map_or("*", |part| snapshot.node_name(part.node));
                let fixed = [time.to_owned(), view.uuid.clone(), node.to_owned()].into_iter();
                let first = self.columns.iter().map(|column| shared(column).map(value).unwrap_or_default());
                writer.write_record(fixed.chain(first).chain(self.glock_columns.iter().map(|column| value(column))))?;
            }
        }
        Ok(())
    }
}

impl Face for Csv<'_> {
    fn write(&mut self, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        if !self.headed {
            self.headed = true;
            self.choose(snapshot);
            let fixed = ["time_us", "uuid", "node"].into_iter();
            let ids = self.columns.iter().map(|column| column.id).chain(self.glock_columns.iter().map(|column| column.id));
            writer.write_record(fixed.chain(ids))?;
        }
        let time = snapshot.at.realtime_us.map(|time| time.to_string()).unwrap_or_default();
        for view in &snapshot.file_systems {
            let most_locks = if self.tells.0 { most(self.settings) } else { 0 };
            for row in select::rows(view, self.settings, shows_all(snapshot), most_locks) {
                let parts = std::iter::once(None).chain(row.nodes.iter().map(Some));
                for part in parts {
                    let cell = Cell { snapshot, view, row: &row, part };
                    // A node's line names its lock too.
                    let named = Cell { part: None, ..cell };
                    let node = part.map_or("*", |part| snapshot.node_name(part.node));
                    let values = self.columns.iter().map(|column| {
                        let of = if matches!(column.id, "type" | "inode" | "name" | "path") { &named } else { &cell };
                        exact(&(column.get)(of))
                    });
                    let others = self.glock_columns.iter().map(|_| String::new());
                    writer.write_record([time.clone(), view.uuid.clone(), node.to_owned()].into_iter().chain(values).chain(others))?;
                }
            }
            self.glocks(snapshot, view, &time, &mut writer)?;
        }
        writer.flush()
    }
}

fn exact(value: &Value) -> String {
    match value {
        Value::Nothing | Value::Unknown => String::new(),
        Value::Count(value) | Value::Nanoseconds(value) | Value::AtLeast(value) | Value::Moment(value) => value.to_string(),
        Value::Text(text) => text.clone(),
        Value::Series(series) => series.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
    }
}
