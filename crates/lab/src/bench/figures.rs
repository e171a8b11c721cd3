//! Figures of several runs.

use std::fmt;

/// Least, median and greatest of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub least: f64,
    /// The median; of an even number the mean of the two in the middle.
    pub median: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Spread {
    /// Of at least one figure.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (&least, &greatest) = (figures.first()?, figures.last()?);
        let half = figures.len() / 2;
        let (lower, upper) = (figures.get((figures.len() - 1) / 2)?, figures.get(half)?);
        Some(Spread { least, median: f64::midpoint(*lower, *upper), greatest })
    }
}

/// `0.10 / 0.12 / 0.30`, with the precision asked for.
impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let precision = formatter.precision().unwrap_or(2);
        write!(formatter, "{:.precision$} / {:.precision$} / {:.precision$}", self.least, self.median, self.greatest)
    }
}

/// The spread as text; `–` if there are no figures.
pub fn text(figures: impl IntoIterator<Item = f64>, precision: usize) -> String {
    Spread::of(figures).map_or_else(|| "–".to_owned(), |spread| format!("{spread:.precision$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        assert_eq!(text([3.0, 1.0, 2.0], 1), "1.0 / 2.0 / 3.0");
        assert_eq!(text([4.0, 1.0], 1), "1.0 / 2.5 / 4.0");
        assert_eq!(text([], 1), "–");
    }
}
