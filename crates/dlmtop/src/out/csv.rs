//! CSV: a line per snapshot, lock and node, and one per lock over all nodes (node `*`). Every column, exact integers;
//! what does not apply or is not known is empty.

use super::{Face, most, shows_all};
use crate::select;
use crate::settings::Settings;
use model::column::Cell;
use model::{COLUMNS, Column, Snapshot, Value};
use std::io::{self, Write};

/// See the module's text.
pub struct Csv<'s> {
    settings: &'s Settings,
    columns: Vec<&'static Column>,
    headed: bool,
}

impl<'s> Csv<'s> {
    /// CSV with these settings: all columns but the trend, unless some were chosen.
    pub fn new(settings: &'s Settings) -> Csv<'s> {
        let all = || COLUMNS.iter().filter(|column| column.id != "trend_ns").collect();
        Csv { settings, columns: settings.columns.clone().unwrap_or_else(all), headed: false }
    }
}

impl Face for Csv<'_> {
    fn write(&mut self, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        if !self.headed {
            self.headed = true;
            let fixed = ["time_us", "uuid", "node"].into_iter();
            writer.write_record(fixed.chain(self.columns.iter().map(|column| column.id)))?;
        }
        let time = snapshot.at.realtime_us.map(|time| time.to_string()).unwrap_or_default();
        for view in &snapshot.file_systems {
            for row in select::rows(view, self.settings, shows_all(snapshot), most(self.settings)) {
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
                    writer.write_record([time.clone(), view.uuid.clone(), node.to_owned()].into_iter().chain(values))?;
                }
            }
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
