//! The pictures of the last minutes, for stepping back. Bounded by their number and by the rows they hold.

use model::Snapshot;
use std::collections::VecDeque;
use std::sync::Arc;

/// Pictures kept at most.
const MOST_PICTURES: usize = 300;
/// Rows that they may hold together.
const MOST_ROWS: usize = 200_000;

/// See the module's text.
#[derive(Debug, Default)]
pub struct History {
    pictures: VecDeque<Arc<Snapshot>>,
    rows: usize,
}

fn rows(snapshot: &Snapshot) -> usize {
    snapshot.file_systems.iter().map(|view| view.rows.iter().map(|row| 1 + row.nodes.len()).sum::<usize>()).sum()
}

impl History {
    /// Adds the newest.
    pub fn add(&mut self, picture: Arc<Snapshot>) {
        self.rows += rows(&picture);
        self.pictures.push_back(picture);
        while self.pictures.len() > MOST_PICTURES || (self.rows > MOST_ROWS && self.pictures.len() > 2) {
            if let Some(oldest) = self.pictures.pop_front() {
                self.rows -= rows(&oldest);
            }
        }
    }

    /// The newest.
    pub fn newest(&self) -> Option<&Arc<Snapshot>> {
        self.pictures.back()
    }

    /// How many are newer than `number`.
    pub fn newer_than(&self, number: u64) -> usize {
        self.pictures.iter().rev().take_while(|picture| picture.number > number).count()
    }

    /// So many pictures after (or before) `number`; the first or last if there are not so many.
    pub fn step(&self, number: u64, by: isize) -> Option<&Arc<Snapshot>> {
        let at = self.pictures.len().saturating_sub(1 + self.newer_than(number));
        let to = at.saturating_add_signed(by).min(self.pictures.len().saturating_sub(1));
        self.pictures.get(to)
    }

    /// The picture about so many µs after (or before) `number`'s.
    pub fn jump(&self, number: u64, by_us: i64) -> Option<&Arc<Snapshot>> {
        let from = self.step(number, 0)?.at.monotonic_us;
        let to = from.saturating_add_signed(by_us);
        if by_us < 0 {
            self.pictures.iter().rev().find(|picture| picture.at.monotonic_us <= to).or(self.pictures.front())
        } else {
            self.pictures.iter().find(|picture| picture.at.monotonic_us >= to).or(self.pictures.back())
        }
    }

    /// The pictures up to `number` and not older than so many µs before it, newest first.
    pub fn back_from(&self, number: u64, span_us: u64) -> impl Iterator<Item = &Arc<Snapshot>> {
        let mut start = None;
        self.pictures.iter().rev().skip_while(move |picture| picture.number > number).take_while(move |picture| {
            let start = *start.get_or_insert(picture.at);
            start.since_us(picture.at) <= span_us
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{FileSystemView, LockRow, ViewTime};

    fn picture(number: u64, rows: usize) -> Arc<Snapshot> {
        let name = formats::ocfs2::LockName::new(formats::ocfs2::LockType::META, 1, 0);
        let view = FileSystemView { rows: vec![LockRow::merge(name, false, Vec::new()); rows], ..FileSystemView::default() };
        let at = ViewTime { monotonic_us: number * 2_000_000, realtime_us: None };
        Arc::new(Snapshot { number, at, file_systems: vec![view], ..Snapshot::default() })
    }

    #[test]
    fn it_is_bounded_by_number_and_rows() {
        let mut history = History::default();
        (1..=400).for_each(|number| history.add(picture(number, 1)));
        assert_eq!(history.pictures.len(), MOST_PICTURES);
        history.add(picture(401, 199_990));
        assert_eq!((history.pictures.len(), history.rows), (11, 200_000));
    }

    #[test]
    fn steps_and_jumps_stop_at_the_ends() {
        let mut history = History::default();
        (1..=100).for_each(|number| history.add(picture(number, 0)));
        let number = |picture: Option<&Arc<Snapshot>>| picture.map(|picture| picture.number);
        assert_eq!(number(history.step(100, -1)), Some(99));
        assert_eq!(number(history.step(2, -5)), Some(1));
        assert_eq!(number(history.step(99, 5)), Some(100));
        assert_eq!(number(history.jump(100, -60_000_000)), Some(70));
        assert_eq!(number(history.jump(90, 60_000_000)), Some(100));
        assert_eq!(history.newer_than(97), 3);
        assert_eq!(history.back_from(50, 10_000_000).map(|picture| picture.number).collect::<Vec<_>>(), [50, 49, 48, 47, 46, 45]);
    }
}
