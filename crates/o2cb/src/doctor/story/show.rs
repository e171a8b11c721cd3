//! A story on screen and as JSON.

use super::{Line, Story};
use crate::printed::told;
use formats::kernel_log::Stamp;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// `2026-11-27 12:38:50` here; else seconds of uptime; else nothing.
fn clock(at: Stamp) -> String {
    let wall = at.wall_us.and_then(|us| Timestamp::from_microsecond(us).ok());
    match (wall, at.boot_us) {
        (Some(time), _) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        (None, Some(us)) => format!("uptime {:.2} s", us as f64 / 1e6),
        (None, None) => "some time".to_owned(),
    }
}

impl Story {
    /// As text, several lines.
    pub fn text(&self) -> String {
        let begun = self.lines.first().map(|line| line.at).unwrap_or_default();
        let mut text = told("History, ", 4, &format!("{}: {}", clock(begun), self.headline));
        text += &told("    cause: ", 11, &self.cause);
        if !self.open.is_empty() {
            text += &told("    not known: ", 15, &self.open);
        }
        let total = self.total_ms().filter(|total| *total > 0);
        let total = total.map_or_else(String::new, |total| format!("in all {:.1} s, ", total as f64 / 1000.0));
        text += &told("    ", 4, &format!("{total}from {}", self.source));
        for line in &self.lines {
            let since = line.at.since(begun).map_or_else(|| "        ?".to_owned(), |us| format!("{:+8.2} s", us as f64 / 1e6));
            text += &told(&format!("    {since}  "), 16, &line.words);
        }
        text
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let begun = self.lines.first().map(|line| line.at).unwrap_or_default();
        let line = |line: &Line| {
            json!({
                "after_ms": line.at.since(begun).map(|us| us / 1000),
                "uptime_us": line.at.boot_us,
                "wall_us": line.at.wall_us,
                "words": line.words,
                "message": (!line.said.is_empty()).then_some(&line.said),
            })
        };
        json!({
            "kind": self.kind,
            "node": self.node,
            "source": self.source,
            "headline": self.headline,
            "cause": self.cause,
            "basis": self.basis,
            "not_known": (!self.open.is_empty()).then_some(&self.open),
            "total_ms": self.total_ms(),
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
        })
    }
}
