//! For a person: what is wrong first, then what happened, then what could not be seen.

use super::check::{Finding, Severity, Verdict};
use super::report::Report;
use super::story::Story;
use crate::printed::{one_line, told};

/// Stories that are told; `-v` tells all.
const TOLD: usize = 10;

impl Report {
    /// All of it; with `all` also what is fine.
    pub fn text(&self, all: bool) -> String {
        let facts = &self.facts;
        let name = facts.status.name.as_ref().map_or("no cluster".to_owned(), |name| format!("cluster '{name}'"));
        let mut text = told("", 0, &format!("{name} on host {}", facts.status.found.host.words(Clone::clone)));
        for (check, finding) in self.findings() {
            text += &format!("\n{}", told(word(finding.severity), 4, &format!("[{}] {}", check.id, finding.what)));
            text += &details(finding);
        }
        text += &history(&self.stories, all);
        let unknown: Vec<_> = self.verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Unknown(..))).collect();
        if !unknown.is_empty() || !facts.logs.unread.is_empty() {
            text += "\nUnknown:\n";
        }
        for (check, verdict) in &unknown {
            if let Verdict::Unknown(why, _) = verdict {
                text += &told(&format!("  [{}] ", check.id), 4, &format!("{}: {why}", check.title));
            }
        }
        for why in &facts.logs.unread {
            text += &told("  ", 2, why);
        }
        if all {
            text += "\n";
            for (check, verdict) in &self.verdicts {
                match verdict {
                    Verdict::Fine(note) => text += &told("fine ", 2, &format!("[{}] {}: {note}", check.id, check.title)),
                    Verdict::NotApplicable(why) => text += &told("not applicable ", 2, &format!("[{}] {}: {why}", check.id, check.title)),
                    Verdict::Findings(_) | Verdict::Unknown(..) => {}
                }
            }
        }
        let count = |is: fn(&Verdict) -> bool| self.verdicts.iter().filter(|(_, verdict)| is(verdict)).count();
        text += &format!(
            "\n{} checks: {} with findings, {} unknown, {} not applicable, {} fine\n",
            self.verdicts.len(),
            count(|verdict| !verdict.findings().is_empty()),
            count(|verdict| matches!(verdict, Verdict::Unknown(_, findings) if findings.is_empty())),
            count(|verdict| matches!(verdict, Verdict::NotApplicable(_))),
            count(|verdict| matches!(verdict, Verdict::Fine(_))),
        );
        text
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Trouble => "Trouble ",
        Severity::Risk => "Risk ",
    }
}

fn details(finding: &Finding) -> String {
    let mut text = String::new();
    for seen in &finding.evidence {
        text += &told("    seen:  ", 11, seen);
    }
    if !finding.cause.is_empty() {
        text += &told("    cause: ", 11, &finding.cause);
    }
    for fix in &finding.fix {
        // However long: it may be a command to copy.
        text += &format!("    fix:   {}\n", one_line(fix));
    }
    text
}

/// What happened: the last of them, or all.
fn history(stories: &[Story], all: bool) -> String {
    let chosen: Vec<&Story> = stories.iter().filter(|story| all || story.kind.is_incident()).collect();
    let skipped = if all { 0 } else { chosen.len().saturating_sub(TOLD) };
    let mut text = String::new();
    if skipped > 0 {
        text += &format!("\n{skipped} older stories are left out; -v tells all\n");
    }
    for story in chosen.into_iter().skip(skipped) {
        text += &format!("\n{}", story.text());
    }
    text
}
