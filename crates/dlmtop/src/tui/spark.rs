//! Series as a row of small bars.

use super::theme::Theme;

/// The series in so many columns, newest to the right, scaled to its own largest value. Nothing is a blank (ASCII: a dot),
/// anything else at least the smallest bar.
pub fn line(series: &[u64], columns: usize, theme: Theme) -> String {
    let heights = theme.heights();
    let steps = heights.len() as u64 - 1;
    let most = series.iter().copied().max().unwrap_or(0);
    let per_column = series.len().div_ceil(columns.max(1)).max(1);
    // Whole groups from the newest on, so that bars do not flicker as time goes on.
    let groups: Vec<u64> = series.rchunks(per_column).take(columns).map(|group| group.iter().copied().max().unwrap_or(0)).collect();
    let bar = |value: u64| {
        let at = if value == 0 { 0 } else { (u128::from(value) * u128::from(steps)).div_ceil(u128::from(most.max(1))) as usize };
        heights.get(at).copied().unwrap_or("?")
    };
    let drawn: String = groups.iter().rev().map(|&value| bar(value)).collect();
    " ".repeat(columns - groups.len().min(columns)) + &drawn
}

/// A bar of at most so many columns.
pub fn bar(value: u64, most: u64, columns: usize, theme: Theme) -> String {
    let length = (u128::from(value) * columns as u128).div_ceil(u128::from(most.max(1))) as usize;
    theme.bar().repeat(length.min(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Theme = Theme { color: false, ascii: false };

    #[test]
    fn something_never_looks_like_nothing() {
        assert_eq!(line(&[0, 1, 500, 1000], 6, PLAIN), "   ▁▄█");
        assert_eq!(line(&[0, 1, 500, 1000], 6, Theme { ascii: true, ..PLAIN }), "  .159");
        assert_eq!(line(&[], 3, PLAIN), "   ");
        assert_eq!(line(&[9, 0, 0, 0, 0, 8], 3, PLAIN), "█ ▇".replace('▇', "█"));
        assert_eq!(bar(1, u64::MAX, 10, PLAIN), "█");
        assert_eq!(bar(0, 0, 10, PLAIN), "");
    }
}
