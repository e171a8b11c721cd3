//! All verdicts and stories of one machine.

use super::check::{Check, Finding, Verdict};
use super::checks::CHECKS;
use super::facts::Facts;
use super::story::{Known, Story, tell};

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
        let known = Known { own: facts.own_number(), threshold: facts.cluster().and_then(|cluster| cluster.threshold.is().copied()) };
        let mut stories: Vec<Story> = facts.logs.before.iter().flat_map(|log| tell(&log.messages, known, &log.source)).collect();
        if let Some(now) = facts.logs.now.is() {
            stories.extend(tell(&now.messages, known, &now.source));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::model::ModelKernel;
    use crate::stack::Files;
    use crate::volumes::testing::Machine;

    #[test]
    fn a_log_that_cannot_be_read_is_told_and_is_no_finding() {
        let machine = Machine::new();
        let report = |unread: Option<String>| {
            let mut facts = Facts::look(&ModelKernel::new(), &machine.place(), &Files::new(&machine.place()), None);
            facts.logs.unread.extend(unread);
            Report::of(facts)
        };
        let long = format!("the journal of the boot before: \x1b[2J {}", "words ".repeat(40));
        let with = report(Some(long));
        assert_eq!(with.code(), report(None).code(), "history is no check");
        let text = with.text(true);
        assert!(text.contains("  the journal of the boot before: \\u{1b}[2J words"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80 || line.starts_with("    fix:")), "{text}");
    }
}
