//! Lines that were not understood: each costs itself only, is counted, and the first one is shown with its place.

use std::fmt;

/// Why one line was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// Number of the field in the line, counted from 1.
    pub field: u32,
    /// What was expected there.
    pub expected: &'static str,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field {}: expected {}", self.field, self.expected)
    }
}

impl std::error::Error for LineProblem {}

/// Malformed lines of one file: how many, and where and what the first one was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProblemCount {
    /// How many lines were not understood.
    pub lines: u64,
    /// The first of them: line number (from 1), what was wrong, and the start of the line (at most 120 bytes, lossy UTF-8).
    pub first: Option<(u64, LineProblem, String)>,
}

/// How much of a malformed line is kept to be shown.
const SHOWN_BYTES: usize = 120;

impl ProblemCount {
    /// Counts one malformed line; keeps it if it is the first.
    pub fn add(&mut self, line_number: u64, problem: LineProblem, line: &[u8]) {
        self.lines += 1;
        if self.first.is_none() {
            let shown = line.get(..SHOWN_BYTES).unwrap_or(line);
            self.first = Some((line_number, problem, String::from_utf8_lossy(shown).into_owned()));
        }
    }
}
