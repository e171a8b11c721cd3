//! For programs. Names stay; new ones may come.

use super::check::Verdict;
use super::report::Report;
use super::story::Story;
use serde_json::{Value, json};
use std::time::SystemTime;

impl Report {
    /// All of it.
    pub fn json(&self) -> Value {
        let checks: Vec<Value> = self
            .verdicts
            .iter()
            .map(|(check, verdict)| {
                let (word, note) = match verdict {
                    Verdict::Fine(note) => ("fine", note),
                    Verdict::Findings(_) => ("finding", &String::new()),
                    Verdict::Unknown(why, _) => ("unknown", why),
                    Verdict::NotApplicable(why) => ("not-applicable", why),
                };
                json!({ "id": check.id, "title": check.title, "verdict": word, "note": note, "findings": verdict.findings() })
            })
            .collect();
        let facts = &self.facts;
        let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_micros());
        json!({
            "cluster": facts.status.name,
            "host": facts.status.found.host,
            "node": facts.own_number(),
            "exit_code": self.code(),
            "checks": checks,
            "stories": self.stories.iter().map(Story::json).collect::<Vec<_>>(),
            "logs": {
                "now": facts.logs.now.clone().map(|log| log.messages.len()),
                "before": facts.logs.before.iter().chain(&facts.logs.named).map(|log| log.source.clone()).collect::<Vec<_>>(),
                "unread": facts.logs.unread,
            },
            "firewall": facts.firewall,
            "configuration": { "path": facts.config.path, "hash": facts.config.hash() },
            "clock_us": u64::try_from(clock).unwrap_or(u64::MAX),
            "status": facts.status.json(),
        })
    }
}
