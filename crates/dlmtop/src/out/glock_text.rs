//! Text of one GFS2: what its types did, and the glocks that cost time or wait.

use super::shows_all;
use super::text::put_name;
use crate::select;
use crate::settings::Settings;
use crate::units::{Clock, span, text};
use model::{FileSystemView, GLOCK_COLUMNS, GlockCell, GlockColumn, Snapshot};
use std::io::{self, Write};
use terminal::clean;

/// Rows if not told otherwise.
const USUAL_ROWS: usize = 20;
/// Columns that text has by itself: those of a terminal of this width.
const USUAL_WIDTH: u16 = 170;
/// Columns that are empty in a node's row: its name stands there.
const NODE_NAME_OVER: [&str; 3] = ["type", "glock", "inode"];

/// Writes types and glocks.
pub fn write(snapshot: &Snapshot, view: &FileSystemView, settings: &Settings, clock: &Clock, out: &mut dyn Write) -> io::Result<()> {
    types(view, out)?;
    let most = settings.top.unwrap_or(USUAL_ROWS);
    let mut rows = select::glocks(view, settings, shows_all(snapshot));
    let hidden = rows.len().saturating_sub(most);
    rows.truncate(most);
    if rows.is_empty() {
        let known: u64 = view.nodes.iter().filter_map(|node| node.last.as_ref()).map(|head| head.known).max().unwrap_or(0);
        return writeln!(out, "  no glock was used in this interval ({known} glocks known)");
    }
    let usual = || GLOCK_COLUMNS.iter().filter(|column| column.from_width <= USUAL_WIDTH).collect();
    let columns: Vec<&GlockColumn> = settings.columns.glocks.clone().unwrap_or_else(usual);
    let line = |cells: Vec<String>| cells.join(" ").trim_end().to_owned();
    writeln!(out, "{}", line(columns.iter().map(|column| padded(column.title, column)).collect()))?;
    for row in &rows {
        let parts = if settings.detail { row.nodes.iter().map(Some).collect() } else { Vec::new() };
        for part in std::iter::once(None).chain(parts) {
            let cell = GlockCell { snapshot, view, row, part };
            let mut cells: Vec<String> = columns.iter().map(|column| padded(&clean(&text(&(column.get)(&cell), clock)), column)).collect();
            if let Some(part) = part {
                let name = format!("  {}", clean(snapshot.node_name(part.node)));
                let over = columns.iter().take_while(|column| NODE_NAME_OVER.contains(&column.id));
                put_name(&mut cells, &name, &over.map(|column| column.width).collect::<Vec<_>>());
            }
            let stuck = if row.stuck && part.is_none() { "  STUCK" } else { "" };
            writeln!(out, "{}{stuck}", line(cells))?;
        }
    }
    if hidden > 0 {
        writeln!(out, "  and {hidden} more (--top {})", rows.len() + hidden)?;
    }
    Ok(())
}

/// What each type did on each node, exact whatever the rows show.
fn types(view: &FileSystemView, out: &mut dyn Write) -> io::Result<()> {
    for of_node in &view.gfs2 {
        let Some(node) = view.nodes.iter().find(|node| node.node == of_node.node) else { continue };
        let told: Vec<String> = of_node
            .types
            .iter()
            .filter(|figures| figures.dlm_requests.unwrap_or(0) > 0 || figures.queued.unwrap_or(0) > 0)
            .map(|figures| {
                let rtt = figures.blocking_rtt_ns.filter(|ns| *ns > 0).map_or_else(String::new, |ns| format!(" ({})", span(ns)));
                format!(
                    "{} {} calls, {} DLM requests{rtt}",
                    figures.kind.word(),
                    figures.queued.unwrap_or(0),
                    figures.dlm_requests.unwrap_or(0)
                )
            })
            .collect();
        if !told.is_empty() {
            writeln!(out, "  {:12} {}", clean(&node.name), told.join("; "))?;
        }
    }
    Ok(())
}

fn padded(text: &str, column: &GlockColumn) -> String {
    let width = usize::from(column.width);
    if column.right { format!("{text:>width$}") } else { format!("{text:width$}") }
}
