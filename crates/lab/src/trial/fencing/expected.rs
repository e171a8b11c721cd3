//! What `o2cb forecast --json` says before.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::ops::RangeInclusive;

/// What will come.
#[derive(Debug)]
pub struct Expected {
    /// Who fences itself, and when, in seconds from the beginning.
    pub victims: Vec<Victim>,
    /// Until when writes may block, in seconds from the beginning, without recovery; `None`: not at all, or for as long as the fault.
    pub blocks_until_s: Option<f64>,
}

/// One that fences itself.
#[derive(Debug)]
pub struct Victim {
    /// Its number.
    pub node: u8,
    /// From when to when.
    pub window_s: RangeInclusive<f64>,
    /// By which rule.
    pub rule: String,
}

/// Reads it. Where it is left to chance, there is nothing to compare with.
pub fn parse(text: &str) -> anyhow::Result<Expected> {
    let told: Value = serde_json::from_str(text).with_context(|| format!("o2cb forecast --json: {text}"))?;
    let outlook = told.get("outlook").context("o2cb forecast --json has no outlook")?;
    let mut victims = Vec::new();
    for victim in outlook.get("victims").and_then(Value::as_array).context("no victims")? {
        let seconds = |key: &str| victim.get(key).and_then(Value::as_f64).with_context(|| format!("no {key}: {victim}"));
        for key in ["always", "rule_always"] {
            ensure!(victim.get(key).and_then(Value::as_bool) == Some(true), "the forecast is left to chance: {victim}");
        }
        victims.push(Victim {
            node: victim.get("node").and_then(Value::as_u64).and_then(|node| u8::try_from(node).ok()).context("no node")?,
            window_s: seconds("earliest_s")?..=seconds("latest_s")?,
            rule: victim.get("rule").and_then(Value::as_str).context("no rule")?.to_owned(),
        });
    }
    let blocks_until_s = outlook.pointer("/writes_block_up_to_s/latest_s").and_then(Value::as_f64);
    Ok(Expected { victims, blocks_until_s })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: &str, rule_always: bool) -> String {
        let victim = serde_json::json!({
            "node": 2, "earliest_s": 58.0, "latest_s": 62.0, "rule": rule, "always": true, "rule_always": rule_always,
        });
        serde_json::json!({ "outlook": { "victims": [victim], "writes_block_up_to_s": null } }).to_string()
    }

    #[test]
    fn what_is_left_to_chance_cannot_be_compared() {
        let expected = parse(&told("minority", true)).unwrap();
        assert_eq!(expected.victims.first().map(|victim| (victim.node, victim.rule.as_str())), Some((2, "minority")));
        assert!(parse(&told("minority", false)).unwrap_err().to_string().contains("left to chance"));
    }
}
