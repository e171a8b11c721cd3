//! Columns that were chosen by their ids, of OCFS2's table of locks and of GFS2's table of glocks.

use anyhow::bail;
use model::{COLUMNS, Column, GLOCK_COLUMNS, GlockColumn};

/// The columns of each table; `None`: it goes by the width that there is.
#[derive(Clone, Debug, Default)]
pub struct ColumnChoice {
    /// OCFS2's locks.
    pub locks: Option<Vec<&'static Column>>,
    /// GFS2's glocks.
    pub glocks: Option<Vec<&'static GlockColumn>>,
}

impl ColumnChoice {
    /// By ids, in their order. Some ids are of both tables. If some are of one table only, the choice is about that one: the other keeps
    /// its own columns, unless some are only its own, too.
    pub fn of<'i>(ids: impl IntoIterator<Item = &'i str>) -> anyhow::Result<ColumnChoice> {
        let (mut locks, mut glocks) = (Vec::new(), Vec::new());
        let (mut only_locks, mut only_glocks) = (false, false);
        for id in ids {
            let id = id.trim();
            let (lock, glock) = (Column::by_id(id), GlockColumn::by_id(id));
            if lock.is_none() && glock.is_none() {
                let names = |ids: Vec<&'static str>| ids.join(", ");
                bail!(
                    "no column {id:?}; of OCFS2's locks there are {}; of GFS2's glocks {}",
                    names(COLUMNS.iter().map(|column| column.id).collect()),
                    names(GLOCK_COLUMNS.iter().map(|column| column.id).collect())
                );
            }
            only_locks |= glock.is_none();
            only_glocks |= lock.is_none();
            locks.extend(lock);
            glocks.extend(glock);
        }
        Ok(ColumnChoice {
            locks: (!locks.is_empty() && (only_locks || !only_glocks)).then_some(locks),
            glocks: (!glocks.is_empty() && (only_glocks || !only_locks)).then_some(glocks),
        })
    }

    /// Whether none was chosen.
    pub fn is_empty(&self) -> bool {
        self.locks.is_none() && self.glocks.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(choice: &ColumnChoice) -> (Option<Vec<&str>>, Option<Vec<&str>>) {
        let locks = choice.locks.as_ref().map(|columns| columns.iter().map(|column| column.id).collect());
        (locks, choice.glocks.as_ref().map(|columns| columns.iter().map(|column| column.id).collect()))
    }

    #[test]
    fn a_choice_is_about_the_table_whose_own_columns_it_names() {
        let of = |list: &str| ColumnChoice::of(list.split(',')).unwrap();
        assert_eq!(ids(&of("ex_count, type")), (Some(vec!["ex_count", "type"]), None));
        assert_eq!(ids(&of("glock,inode,dlm_wait_ns")), (None, Some(vec!["glock", "inode", "dlm_wait_ns"])));
        assert_eq!(ids(&of("type,inode")), (Some(vec!["type", "inode"]), Some(vec!["type", "inode"])));
        assert_eq!(ids(&of("inode,glock,ex_count")), (Some(vec!["inode", "ex_count"]), Some(vec!["inode", "glock"])));
        assert!(ColumnChoice::of([]).unwrap().is_empty());
    }

    #[test]
    fn an_unknown_one_is_told_with_those_of_both_tables() {
        let error = ColumnChoice::of(["type", "size"]).unwrap_err().to_string();
        assert!(error.contains("\"size\"") && error.contains("ex_count") && error.contains("remote_demotes"), "{error}");
    }
}
