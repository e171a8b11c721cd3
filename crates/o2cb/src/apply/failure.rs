//! What failed, what was taken back, what stays.

use super::Problem;
use crate::errno;
use crate::step::{Action, Step};
use std::fmt;

/// A plan that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was to be done.
    pub what: String,
    /// What was done exactly, what came of it, what that means.
    pub words: String,
    /// What was taken back, the last first.
    pub undone: Vec<String>,
    /// What stays on purpose: what, and why that does no harm.
    pub stays: Vec<(String, String)>,
    /// What could not be taken back: what, and why.
    pub left: Vec<(String, String)>,
}

impl Failure {
    pub(super) fn new(step: &Step, problem: &Problem) -> Failure {
        let words = Failure::words(&step.action, problem);
        Failure { what: step.what.clone(), words, undone: Vec::new(), stays: Vec::new(), left: Vec::new() }
    }

    /// File, value, errno with its name, and its meaning at that file.
    pub(super) fn words(action: &Action, problem: &Problem) -> String {
        let did = action.shown();
        match problem {
            Problem::NotSo(instead) => format!("{did}: it was accepted, but {instead}"),
            Problem::Refused(error) => {
                let meaning = errno::meaning(action.deed(), &action.path(), error);
                format!("{did}: {}{}", errno::shown(error), meaning.map_or(String::new(), |meaning| format!(": {meaning}")))
            }
        }
    }

    pub(super) fn undone(&mut self, what: &str) {
        self.undone.push(what.to_owned());
    }

    pub(super) fn stays(&mut self, what: &str, why: &str) {
        self.stays.push((what.to_owned(), why.to_owned()));
    }

    pub(super) fn left(&mut self, what: &str, why: &str) {
        self.left.push((what.to_owned(), why.to_owned()));
    }

    /// Whether everything that should be taken back was.
    pub fn is_clean(&self) -> bool {
        self.left.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.words)?;
        if !self.undone.is_empty() {
            write!(f, "\n  Taken back: {}", self.undone.join("; "))?;
        }
        for (what, why) in &self.left {
            write!(f, "\n  NOT taken back: {what}: {why}")?;
        }
        // One reason stands for many steps.
        let mut reasons: Vec<&str> = self.stays.iter().map(|(_, why)| why.as_str()).collect();
        reasons.dedup();
        for reason in reasons {
            let steps: Vec<&str> = self.stays.iter().filter(|(_, why)| why == reason).map(|(what, _)| what.as_str()).collect();
            write!(f, "\n  Stays: {} ({reason})", steps.join("; "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
