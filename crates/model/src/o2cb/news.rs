//! What has changed from one picture to the next: each thing is told when it begins, when it gets worse and when it ends, not at
//! each interval.

use super::view::{MemberView, O2cbView, Trouble};
use crate::finding::Severity;
use serde::Serialize;

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Began,
    /// It was there, and is worse now.
    Worse,
    /// It is over.
    Ended,
    /// Whoever told it is not heard any more: whether it is over is not known.
    Unseen,
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct News {
    /// What became of it.
    pub change: Change,
    /// How bad it is; of what is over: a note.
    pub severity: Severity,
    /// How bad it was before it ended.
    pub was: Option<Severity>,
    /// The rule of the trouble, or `node-up`, `node-down`.
    pub rule: &'static str,
    /// What it is about.
    pub subject: String,
    /// In one line.
    pub text: String,
    /// What was read where.
    pub evidence: Vec<String>,
}

/// The news of `after`; without `before`, all trouble is new and nodes that live are none.
pub fn news(before: Option<&O2cbView>, after: &O2cbView) -> Vec<News> {
    let mut news = Vec::new();
    for trouble in &after.troubles {
        let known = before.and_then(|before| same(&before.troubles, trouble));
        match known {
            None => news.push(of(trouble, Change::Began)),
            Some(known) if trouble.severity > known.severity => news.push(of(trouble, Change::Worse)),
            Some(_) => {}
        }
    }
    let Some(before) = before else { return news };
    for trouble in before.troubles.iter().filter(|trouble| same(&after.troubles, trouble).is_none()) {
        let heard = |name: &String| after.nodes.iter().any(|node| node.name == *name && node.counts);
        let unseen = !trouble.told_by.is_empty() && !trouble.told_by.iter().any(heard);
        let dead = after.troubles.iter().any(|other| other.rule == "dead" && other.subject == trouble.subject);
        let (change, words) = match (unseen, dead) {
            (true, _) => (Change::Unseen, "not seen any more"),
            // It has not got better.
            (false, true) => (Change::Ended, "ended by its death"),
            (false, false) => (Change::Ended, "over"),
        };
        news.push(News {
            change,
            severity: Severity::Note,
            was: Some(trouble.severity),
            rule: trouble.rule,
            subject: trouble.subject.clone(),
            text: format!("{words}: {}", trouble.text),
            evidence: Vec::new(),
        });
    }
    for cluster in &after.clusters {
        let Some(earlier) = before.clusters.iter().find(|earlier| earlier.name == cluster.name) else { continue };
        for member in &cluster.members {
            let lived = earlier.members.iter().find(|known| known.number == member.number).and_then(|known| known.live);
            news.extend(lived.zip(member.live).filter(|(before, now)| before != now).map(|(_, now)| turned(member, now)));
        }
    }
    news
}

fn same<'t>(troubles: &'t [Trouble], trouble: &Trouble) -> Option<&'t Trouble> {
    troubles.iter().find(|other| other.rule == trouble.rule && other.subject == trouble.subject)
}

fn of(trouble: &Trouble, change: Change) -> News {
    News {
        change,
        severity: trouble.severity,
        was: None,
        rule: trouble.rule,
        subject: trouble.subject.clone(),
        text: trouble.text.clone(),
        evidence: trouble.evidence.clone(),
    }
}

fn turned(member: &MemberView, lives: bool) -> News {
    let (rule, word) = if lives { ("node-up", "up: it beats") } else { ("node-down", "down: the others do not count it among the living") };
    News {
        change: Change::Began,
        severity: Severity::Note,
        was: None,
        rule,
        subject: member.name.clone(),
        text: format!("{} is {word}", member.name),
        evidence: vec!["o2hb/livenodes".to_owned()],
    }
}
