//! A time as a bar towards its limits: `[######....|.......!..]`, `|` where it is a warning, `!` where a node fences itself or a
//! connection counts as lost; the end is what follows.

/// A bar of `width` columns in all, at least 8. Times in ms; `marks` are places of the scale, `end` its end.
pub(super) fn bar(age: u64, marks: &[(u64, char)], end: u64, width: usize) -> String {
    let inside = width.max(8) - 2;
    let at = |ms: u64| usize::try_from(u128::from(ms) * inside as u128 / u128::from(end.max(1))).unwrap_or(usize::MAX);
    let filled = if age == 0 { 0 } else { at(age).max(1) };
    let cell = |column: usize| {
        let mark = marks.iter().find(|(ms, _)| at(*ms).min(inside - 1) == column);
        match mark {
            Some((_, mark)) => *mark,
            None if column < filled => '#',
            None => '.',
        }
    };
    let inner: String = (0..inside).map(cell).collect();
    // What is beyond the end stands out.
    format!("[{inner}{}", if age >= end { '#' } else { ']' })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_fills_towards_its_marks() {
        let marks = [(6000, '|'), (12_000, '!')];
        assert_eq!(bar(0, &marks, 14_000, 22), "[........|........!..]");
        assert_eq!(bar(900, &marks, 14_000, 22), "[#.......|........!..]");
        assert_eq!(bar(9000, &marks, 14_000, 22), "[########|###.....!..]");
        assert_eq!(bar(99_000, &marks, 14_000, 22), "[########|########!###"[..22].to_owned());
    }

    proptest! {
        #[test]
        fn its_width_is_kept(age: u64, warn: u64, fence: u64, end: u64, width in 0usize..200) {
            prop_assert_eq!(bar(age, &[(warn, '|'), (fence, '!')], end, width).chars().count(), width.max(8));
        }
    }
}
