//! Which columns of GFS2's glocks stand where: those the user chose, else those that the terminal's width allows.

use super::app::App;
use super::columns::MARK_WIDTH;
use model::{GLOCK_COLUMNS, GlockColumn};

/// Columns that stay in place while others are scrolled; a node's name stands there in its row.
pub const FROZEN: [&str; 3] = ["type", "glock", "inode"];
/// The least that is left of a column of text.
const LEAST_TEXT: usize = 16;

/// Columns with their widths.
pub struct Shown {
    /// From left to right.
    pub columns: Vec<(&'static GlockColumn, usize)>,
    /// Some are scrolled out to the left.
    pub more_left: bool,
    /// Some do not fit.
    pub more_right: bool,
}

/// What the shown rows need.
#[derive(Clone, Copy, Debug, Default)]
struct Needs {
    /// Nodes whose states stand side by side.
    nodes: usize,
    /// Digits of the longest inode number.
    inode: usize,
    /// Characters of the longest glock's name.
    glock: usize,
}

/// The columns of the glock table now.
pub fn shown(app: &App) -> Shown {
    let rows = || (0..app.order.len()).filter_map(|rank| app.glock(rank));
    let digits = |number: u64| number.checked_ilog10().map_or(1, |digits| digits as usize + 1);
    let needs = Needs {
        nodes: app.file_system().map_or(0, |view| view.nodes.len()),
        inode: rows().filter_map(|row| row.name.inode()).max().map_or(0, digits),
        glock: rows().map(|row| row.name.to_string().len()).max().unwrap_or(0),
    };
    choose(app.settings.columns.glocks.as_deref(), usize::from(app.size.width), app.columns_from, needs)
}

/// How far columns can be scrolled.
pub fn last_from(chosen: Option<&[&'static GlockColumn]>) -> usize {
    all(chosen).iter().filter(|column| !FROZEN.contains(&column.id)).count().saturating_sub(1)
}

fn all(chosen: Option<&[&'static GlockColumn]>) -> Vec<&'static GlockColumn> {
    chosen.map_or_else(|| GLOCK_COLUMNS.iter().collect(), <[_]>::to_vec)
}

/// Text that is cut where there is less room, and wider where there is more.
fn is_elastic(column: &GlockColumn) -> bool {
    usize::from(column.width) > LEAST_TEXT
}

fn choose(chosen: Option<&[&'static GlockColumn]>, width: usize, from: usize, needs: Needs) -> Shown {
    let width_of = |column: &GlockColumn| match column.id {
        "inode" => usize::from(column.width).max(needs.inode),
        "glock" => usize::from(column.width).max(needs.glock),
        // `SH UN EX`: two letters for each node, and a blank between.
        "state" => (3 * needs.nodes).saturating_sub(1).clamp(column.title.len(), 23),
        _ => usize::from(column.width),
    };
    let least = |column: &GlockColumn| if is_elastic(column) { LEAST_TEXT } else { width_of(column) };
    let (frozen, free): (Vec<&GlockColumn>, Vec<&GlockColumn>) = all(chosen).into_iter().partition(|column| FROZEN.contains(&column.id));
    // Chosen or scrolled to, a column comes whatever the width it is meant for.
    let wide_enough = |column: &GlockColumn| chosen.is_some() || from > 0 || usize::from(column.from_width) <= width;
    let mut columns: Vec<(&'static GlockColumn, usize)> = frozen.iter().map(|column| (*column, width_of(column))).collect();
    // With the blank after each column, the last one too.
    let total = |columns: &[(&GlockColumn, usize)]| MARK_WIDTH + columns.iter().map(|(_, width)| width + 1).sum::<usize>();
    let mut more_right = false;
    for column in free.into_iter().skip(from) {
        if wide_enough(column) && total(&columns) + least(column) < width {
            columns.push((column, least(column)));
        } else {
            more_right = true;
            break;
        }
    }
    let mut left = width.saturating_sub(total(&columns));
    for (column, of) in &mut columns {
        let more = usize::from(column.width).saturating_sub(*of).min(left);
        if is_elastic(column) {
            *of += more;
            left -= more;
        }
    }
    if let Some((column, of)) = columns.last_mut()
        && is_elastic(column)
    {
        *of += left;
    }
    Shown { columns, more_left: from > 0, more_right }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: Needs = Needs { nodes: 3, inode: 6, glock: 8 };

    fn ids(shown: &Shown) -> Vec<&'static str> {
        shown.columns.iter().map(|(column, _)| column.id).collect()
    }

    #[test]
    fn counts_and_waits_fit_80_columns() {
        let shown = choose(None, 80, 0, NEEDS);
        assert_eq!(ids(&shown), ["type", "glock", "inode", "state", "waiting", "waited_ns", "demote_ns", "dlm_requests", "queued"]);
        assert!(shown.more_right && !shown.more_left);
        assert!(ids(&choose(None, 200, 0, NEEDS)).contains(&"reason"));
    }

    #[test]
    fn no_width_overflows() {
        for width in 40..260 {
            for from in 0..=last_from(None) {
                for needs in [NEEDS, Needs { nodes: 16, inode: 12, glock: 14 }] {
                    let shown = choose(None, width, from, needs);
                    let total = MARK_WIDTH + shown.columns.iter().map(|(_, width)| width + 1).sum::<usize>() - 1;
                    assert!(total < width, "{width} {from}: {:?}", ids(&shown));
                }
            }
        }
    }

    #[test]
    fn hidden_columns_are_scrolled_to() {
        let shown = choose(None, 80, last_from(None), NEEDS);
        assert_eq!(ids(&shown), ["type", "glock", "inode", "reason"]);
        assert!(shown.more_left && !shown.more_right);
    }

    #[test]
    fn chosen_columns_win_at_every_width() {
        let chosen: Vec<&'static GlockColumn> =
            ["dlm_replies", "glock", "remote_demotes"].iter().filter_map(|id| GlockColumn::by_id(id)).collect();
        let shown = choose(Some(&chosen), 80, 0, NEEDS);
        assert_eq!(ids(&shown), ["glock", "dlm_replies", "remote_demotes"]);
        assert!(!shown.more_right);
        assert_eq!(last_from(Some(&chosen)), 1);
        assert_eq!(ids(&choose(Some(&chosen), 80, 1, NEEDS)), ["glock", "remote_demotes"]);
    }
}
