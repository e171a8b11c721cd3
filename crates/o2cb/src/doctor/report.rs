//! All verdicts and stories of one machine.

use super::check::{Check, Finding, Verdict};
use super::checks::CHECKS;
use super::facts::Facts;
use super::story::{Story, tell};

/// What came of an examination.
#[derive(Debug)]
pub struct Report {
    /// What was looked at.
    pub facts: Facts,
    /// Each check with its verdict, in the order of the table.
    pub verdicts: Vec<(Check, Verdict)>,
    /// What happened, oldest first in each log.
    pub stories: Vec<Story>,
}

impl Report {
    /// Judges.
    pub fn of(facts: Facts) -> Report {
        let verdicts = CHECKS.iter().map(|check| (*check, (check.judge)(&facts))).collect();
        let own = facts.own_number();
        let half_s = facts.fence_after_s().map(|seconds| seconds / 2);
        let mut stories: Vec<Story> = facts.logs.before.iter().flat_map(|log| tell(&log.messages, own, half_s, &log.source)).collect();
        if let Some(now) = facts.logs.now.is() {
            stories.extend(tell(&now.messages, own, half_s, &now.source));
        }
        Report { facts, verdicts, stories }
    }

    /// What is wrong, with the check that found it; trouble before risks.
    pub fn findings(&self) -> Vec<(&Check, &Finding)> {
        let mut findings: Vec<_> =
            self.verdicts.iter().flat_map(|(check, verdict)| verdict.findings().iter().map(move |finding| (check, finding))).collect();
        findings.sort_by_key(|(_, finding)| finding.severity);
        findings
    }

    /// Exit code: 1 with findings, 3 if there are none and something could not be seen, else 0.
    pub fn code(&self) -> u8 {
        if !self.findings().is_empty() {
            return crate::FAILED;
        }
        if self.verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::Unknown(..))) { 3 } else { 0 }
    }

    /// What was found by a check.
    #[cfg(test)]
    pub(super) fn verdict(&self, id: &str) -> &Verdict {
        &self.verdicts.iter().find(|(check, _)| check.id == id).expect("a check of that name").1
    }
}
