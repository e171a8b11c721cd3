//! All verdicts and stories of one machine.

use super::check::{Check, Finding, Verdict};
use super::checks::CHECKS;
use super::facts::Facts;
use super::story::{Known, Story, tell};
use formats::kernel_log::Stamp;

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
        let stories = stories(&facts);
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

fn stories(facts: &Facts) -> Vec<Story> {
    let logs = &facts.logs;
    let threshold = facts.cluster().and_then(|cluster| cluster.threshold.is().copied());
    let own = Known { own: facts.own_number(), threshold, until: None };
    // One that was named may be another node's.
    let any = Known { own: None, ..own };
    let running = Known { until: logs.uptime_us.map(|us| Stamp { boot_us: Some(us), wall_us: None }), ..own };
    let of_own = logs.before.iter().map(|log| (log, own));
    let of_any = logs.named.iter().map(|log| (log, any));
    let now = logs.now.is().map(|log| (log, running));
    of_own.chain(of_any).chain(now).flat_map(|(log, known)| tell(&log.messages, known, &log.source)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::facts::logs::Log;
    use crate::found::Seen;
    use crate::kernel::model::ModelKernel;
    use crate::stack::Files;
    use crate::volumes::testing::Machine;
    use formats::kernel_log::Message;

    #[test]
    fn a_log_that_was_named_may_be_another_nodes() {
        let machine = Machine::new();
        machine.write("etc/ocfs2/cluster.conf", "cluster:\n\tname = web\n\tnode_count = 1\n\nnode:\n\tcluster = web\n\tnumber = 1\n\tip_port = 7777\n\tip_address = 10.9.0.1\n\tname = db1\n");
        machine.write("proc/sys/kernel/hostname", "db1\n");
        let fence = b"[   99.0] *** ocfs2 is very sorry to be fencing this system by restarting ***\n";
        let mut kernel = ModelKernel::new();
        kernel.put("/proc/sys/kernel/hostname", "db1\n");
        let mut facts = Facts::look(&kernel, &machine.place(), &Files::new(&machine.place()), Some("web"));
        assert_eq!(facts.own_number(), Some(1));
        let log = |source: &str| Log { source: source.to_owned(), messages: Message::all_of(fence) };
        facts.logs.before.push(log("pstore"));
        facts.logs.named.push(log("console"));
        let report = Report::of(facts);
        let told: Vec<(Option<u32>, &str)> = report.stories.iter().map(|story| (story.node, story.headline.as_str())).collect();
        assert_eq!(told, [(Some(1), "node 1 fenced itself"), (None, "the node of this log fenced itself")]);
        assert_eq!(report.json()["logs"]["before"], serde_json::json!(["pstore", "console"]));
    }

    #[test]
    fn a_hang_of_this_boot_is_over_once_nothing_was_said_for_long() {
        let machine = Machine::new();
        let story = |now_s: u64| {
            let mut facts = Facts::look(&ModelKernel::new(), &machine.place(), &Files::new(&machine.place()), None);
            let hung = b"[  100.0] o2hb: node 2 hb write hung for 6s on region X (dm-0), negotiate timeout with node 1.\n";
            facts.logs.now = Seen::Is(Log { source: "now".to_owned(), messages: Message::all_of(hung) });
            facts.logs.uptime_us = Some(now_s * 1_000_000);
            Report::of(facts).stories.remove(0)
        };
        assert!(!story(105).cause.contains("went on"));
        assert!(story(120).cause.contains("went on"));
    }

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
