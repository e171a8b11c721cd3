//! A cursor in a list that is longer than the screen.

/// Which item is selected, and which is the first one drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Selected.
    pub at: usize,
    /// First drawn.
    pub top: usize,
}

impl Cursor {
    /// Moves by so many items.
    pub fn step(&mut self, by: isize, len: usize) {
        self.at = self.at.saturating_add_signed(by).min(len.saturating_sub(1));
    }

    /// Brings the selected item into a page of so many lines. `height`: lines of an item.
    pub fn settle(&mut self, len: usize, page: usize, height: impl Fn(usize) -> usize) {
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.top.min(self.at);
        let mut lines: usize = (self.top..=self.at).map(&height).sum();
        while lines > page && self.top < self.at {
            lines -= height(self.top);
            self.top += 1;
        }
        // No empty room at the end while there is something above.
        let mut below: usize = if len == 0 { 0 } else { (self.at + 1..len).take(page).map(&height).sum() };
        below = below.saturating_add(lines);
        while self.top > 0 && below + height(self.top - 1) <= page {
            self.top -= 1;
            below += height(self.top);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_item_is_always_drawn() {
        let mut cursor = Cursor::default();
        cursor.step(30, 100);
        cursor.settle(100, 10, |_| 1);
        assert_eq!(cursor, Cursor { at: 30, top: 21 });
        cursor.step(-100, 100);
        cursor.settle(100, 10, |_| 1);
        assert_eq!(cursor, Cursor::default());
        cursor.step(2, 100);
        cursor.settle(100, 10, |_| 4);
        assert_eq!(cursor, Cursor { at: 2, top: 1 });
        // The list got shorter.
        let mut cursor = Cursor { at: 90, top: 85 };
        cursor.settle(5, 10, |_| 1);
        assert_eq!(cursor, Cursor { at: 4, top: 0 });
        cursor.settle(0, 10, |_| 1);
        assert_eq!(cursor, Cursor::default());
    }
}
