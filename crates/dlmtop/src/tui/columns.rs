//! Which columns stand where: those the user chose, else those that the terminal's width allows.

use super::app::App;
use model::{COLUMNS, Column};

/// Before the first column: `!` and the like.
pub const MARK_WIDTH: usize = 2;
/// Columns that stay in place while others are scrolled.
const FROZEN: [&str; 2] = ["type", "inode"];

/// Columns that even the narrowest terminal shows.
const LAST_TO_GO: [&str; 3] = ["type", "inode", "waiting_ns"];

/// Columns with their widths.
pub struct Shown {
    /// From left to right.
    pub columns: Vec<(&'static Column, usize)>,
    /// Some are scrolled out to the left.
    pub more_left: bool,
    /// Some do not fit.
    pub more_right: bool,
}

/// The columns of the lock table now.
pub fn shown(app: &App) -> Shown {
    let inode_digits = app.file_system().map_or(0, |view| {
        let inodes = app.order.iter().filter_map(|&row| view.rows.get(row)).filter_map(|row| row.name.inode());
        inodes.max().unwrap_or(0).checked_ilog10().map_or(1, |digits| digits as usize + 1)
    });
    choose(app.settings.columns.locks.as_deref(), usize::from(app.size.width), app.columns_from, inode_digits)
}

/// How far columns can be scrolled.
pub fn last_from(chosen: Option<&[&'static Column]>) -> usize {
    let is_free = |column: &&&Column| !FROZEN.contains(&column.id);
    let free = chosen.map_or_else(
        || COLUMNS.iter().filter(|column| column.from_width > 0 && !FROZEN.contains(&column.id)).count(),
        |chosen| chosen.iter().filter(is_free).count(),
    );
    free.saturating_sub(1)
}

fn choose(chosen: Option<&[&'static Column]>, width: usize, from: usize, inode_digits: usize) -> Shown {
    let width_of = |column: &Column| match column.id {
        "inode" => usize::from(column.width).max(inode_digits),
        _ => usize::from(column.width),
    };
    let total = |columns: &[&'static Column]| MARK_WIDTH + columns.iter().map(|column| width_of(column) + 1).sum::<usize>() - 1;
    let usual: Vec<&'static Column> = COLUMNS.iter().filter(|column| column.from_width > 0).collect();
    let all = chosen.map_or_else(|| usual.clone(), <[_]>::to_vec);
    let mut columns = all.clone();
    if chosen.is_none() {
        columns.retain(|column| usize::from(column.from_width) <= width);
        // The widths at which columns appear are a guide; a long inode number may leave less room.
        while total(&columns) > width {
            let may_go = |column: &&&'static Column| !LAST_TO_GO.contains(&column.id);
            let Some(widest) = columns.iter().filter(may_go).map(|column| column.from_width).max() else { break };
            let Some(at) = columns.iter().rposition(|column| column.from_width == widest && may_go(&column)) else { break };
            columns.remove(at);
        }
        // Those that do not fit come after the others when scrolled to.
        let hidden = all.iter().filter(|column| !columns.iter().any(|shown| shown.id == column.id)).copied();
        let mut hidden: Vec<_> = hidden.collect();
        hidden.sort_by_key(|column| column.from_width);
        columns.extend(hidden);
    }
    let (frozen, free): (Vec<&'static Column>, Vec<&'static Column>) = columns.into_iter().partition(|column| FROZEN.contains(&column.id));
    let mut fitting = frozen;
    let mut rest = free.into_iter().skip(from).peekable();
    while let Some(column) = rest.peek() {
        fitting.push(column);
        if total(&fitting) > width && fitting.len() > 1 {
            fitting.pop();
            break;
        }
        rest.next();
    }
    let more_right = rest.peek().is_some();
    // In the table's own order, unless the user gave one.
    if chosen.is_none() {
        fitting.sort_by_key(|column| COLUMNS.iter().position(|known| known.id == column.id));
    }
    Shown { columns: fitting.into_iter().map(|column| (column, width_of(column))).collect(), more_left: from > 0, more_right }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(shown: &Shown) -> Vec<&'static str> {
        shown.columns.iter().map(|(column, _)| column.id).collect()
    }

    #[test]
    fn o2locktops_columns_and_the_wait_fit_80_columns() {
        let shown = choose(None, 80, 0, 5);
        assert_eq!(
            ids(&shown),
            ["type", "inode", "ex_count", "ex_time_ns", "ex_avg_ns", "pr_count", "pr_time_ns", "pr_avg_ns", "waiting_ns"]
        );
        assert!(shown.more_right && !shown.more_left);
    }

    #[test]
    fn no_width_overflows() {
        for width in 40..260 {
            for from in 0..20 {
                let shown = choose(None, width, from, 12);
                let total = MARK_WIDTH + shown.columns.iter().map(|(_, width)| width + 1).sum::<usize>() - 1;
                assert!(total <= width, "{width}: {:?}", ids(&shown));
            }
        }
        assert!(ids(&choose(None, 250, 0, 5)).contains(&"name"));
        assert!(ids(&choose(None, 40, 0, 5)).contains(&"waiting_ns"));
    }

    #[test]
    fn scrolling_keeps_type_and_inode_and_brings_hidden_columns() {
        let shown = choose(None, 80, 3, 5);
        assert!(ids(&shown).starts_with(&["type", "inode"]) && ids(&shown).contains(&"max_ns"), "{:?}", ids(&shown));
        assert!(shown.more_left);
        let last = choose(None, 80, last_from(None), 5);
        assert!(!last.more_right && last.columns.len() == 3, "{:?}", ids(&last));
    }

    #[test]
    fn chosen_columns_win() {
        let chosen: Vec<&'static Column> = ["waiting_ns", "type"].iter().filter_map(|id| Column::by_id(id)).collect();
        assert_eq!(ids(&choose(Some(&chosen), 200, 0, 5)), ["type", "waiting_ns"]);
    }
}
