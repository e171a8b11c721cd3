//! Verdicts, each with the evidence and the rule behind it.

pub mod verdicts;

use formats::ocfs2::LockName;
use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something is not as it should be.
    Warning,
    /// Somebody waits, or a node is gone.
    Critical,
}

impl Severity {
    /// In one word, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// One verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// A constant word for programs: `stuck-lock`, `node-down`, …
    pub rule: &'static str,
    /// File system, if it is about one.
    pub uuid: Option<String>,
    /// Lock, if it is about one.
    pub lock: Option<LockName>,
    /// Nodes it is about.
    pub nodes: Vec<usize>,
    /// What is the matter, in one line.
    pub text: String,
    /// What was read where, and the rule that was applied; a line each.
    pub evidence: Vec<String>,
    /// What to do, if anything.
    pub remedy: Option<&'static str>,
}
