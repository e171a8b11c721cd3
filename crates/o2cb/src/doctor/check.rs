//! A check and what came of it.

use super::facts::Facts;
use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or will not for long.
    Trouble,
    /// It works; it will hurt when something else happens.
    Risk,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub what: String,
    /// What was read, and where.
    pub evidence: Vec<String>,
    /// Why it is so, and by which rule it hurts.
    pub cause: String,
    /// What to do: commands, or places in files.
    pub fix: Vec<String>,
}

impl Finding {
    /// Something that does not work.
    pub fn trouble(what: impl Into<String>) -> Finding {
        Finding { severity: Severity::Trouble, what: what.into(), evidence: Vec::new(), cause: String::new(), fix: Vec::new() }
    }

    /// Something that will hurt.
    pub fn risk(what: impl Into<String>) -> Finding {
        Finding { severity: Severity::Risk, ..Finding::trouble(what) }
    }

    /// With what was read.
    #[must_use]
    pub fn seen(mut self, evidence: impl Into<String>) -> Finding {
        self.evidence.push(evidence.into());
        self
    }

    /// With why it is so.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Finding {
        self.cause = cause.into();
        self
    }

    /// With what to do.
    #[must_use]
    pub fn fixed_by(mut self, fix: impl Into<String>) -> Finding {
        self.fix.push(fix.into());
        self
    }
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong; what was looked at.
    Fine(String),
    /// Something is.
    Findings(Vec<Finding>),
    /// It cannot be told, and why. What was found all the same.
    Unknown(String, Vec<Finding>),
    /// It does not concern this machine, and why.
    NotApplicable(String),
}

impl Verdict {
    /// Findings if there are any; else fine, with what was looked at.
    pub fn of(findings: Vec<Finding>, looked_at: impl Into<String>) -> Verdict {
        if findings.is_empty() { Verdict::Fine(looked_at.into()) } else { Verdict::Findings(findings) }
    }

    /// The same where something could not be seen: nothing found is then not fine.
    #[must_use]
    pub fn but_unknown(self, why: Option<String>) -> Verdict {
        match (self, why) {
            (verdict, None) => verdict,
            (Verdict::Findings(findings), Some(why)) => Verdict::Unknown(why, findings),
            (Verdict::Unknown(first, findings), Some(why)) => Verdict::Unknown(format!("{first}; {why}"), findings),
            (Verdict::Fine(_) | Verdict::NotApplicable(_), Some(why)) => Verdict::Unknown(why, Vec::new()),
        }
    }

    /// What is wrong.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Verdict::Findings(findings) | Verdict::Unknown(_, findings) => findings,
            Verdict::Fine(_) | Verdict::NotApplicable(_) => &[],
        }
    }
}

/// A check: one question about a machine.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, which stays.
    pub id: &'static str,
    /// The question.
    pub title: &'static str,
    /// Answers it.
    pub judge: fn(&Facts) -> Verdict,
}
