//! The doctors of all nodes, each asked over ssh, and what only several of them can tell: what differs, whose clock is off, and what
//! each saw of the same death.

use super::report::Report;
use crate::stack::{Asked, ask_others, differences_between};
use anyhow::bail;
use serde_json::{Map, Value, json};
use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

/// How long a node may take: it watches disks, and some of them may hang.
const DEADLINE: Duration = Duration::from_secs(120);
/// Clocks may be apart by so much, µs, beside the time that the answer took.
const APART_US: i128 = 2_000_000;
/// Deaths of a node that nodes tell within this time are one, µs.
const SAME_US: i64 = 300_000_000;

/// Tells it. Exit code as for one node, of the worst; 3 if one does not answer.
pub fn tell(own: &Report, as_json: bool) -> anyhow::Result<u8> {
    let Some(cluster) = &own.facts.status.asked.cluster else {
        bail!("{} has no cluster {}", own.facts.config.path, own.facts.status.name.as_deref().unwrap_or("that could be meant"));
    };
    let host = own.facts.status.found.host.is().cloned().unwrap_or_default();
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_micros());
    let answers = ask_others(cluster, &host, &["doctor", "--json"], DEADLINE, &own.json(), now())?;
    let differences = differences(&answers);
    let incidents = incidents(&answers);
    let code = code(&answers, !differences.is_empty());
    let mut out = io::stdout().lock();
    if as_json {
        let nodes: Map<String, Value> = answers
            .iter()
            .map(|asked| (asked.node.clone(), asked.answer.clone().unwrap_or_else(|why| json!({ "unknown": why }))))
            .collect();
        writeln!(out, "{:#}", json!({ "nodes": nodes, "differences": differences, "incidents": incidents, "exit_code": code }))?;
        return Ok(code);
    }
    for asked in &answers {
        match &asked.answer {
            Ok(report) => write!(out, "{}", one(&asked.node, report))?,
            Err(why) => writeln!(out, "{}: unknown: {why}", asked.node)?,
        }
    }
    for difference in &differences {
        writeln!(out, "Difference: {difference}")?;
    }
    for incident in &incidents {
        write!(out, "{}", told(incident))?;
    }
    Ok(code)
}

fn code(answers: &[Asked], differ: bool) -> u8 {
    let codes: Vec<u64> =
        answers.iter().map(|asked| asked.answer.as_ref().ok().and_then(|report| report.get("exit_code")?.as_u64()).unwrap_or(3)).collect();
    if codes.contains(&3) && !codes.contains(&1) && !differ {
        return 3;
    }
    u8::from(differ || codes.iter().any(|code| *code != 0))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What a node's doctor found.
fn one(node: &str, report: &Value) -> String {
    let mut out = format!("{node}:\n");
    let mut fine = 0;
    for check in list(report, "checks") {
        if text(check, "verdict") == "unknown" {
            out += &format!("  Unknown [{}] {}\n", text(check, "id"), text(check, "note"));
        }
        fine += usize::from(text(check, "verdict") == "fine");
        for finding in list(check, "findings") {
            out += &format!(
                "  {} [{}] {}\n",
                if text(finding, "severity") == "risk" { "Risk" } else { "Trouble" },
                text(check, "id"),
                text(finding, "what")
            );
            for fix in list(finding, "fix").iter().filter_map(Value::as_str) {
                out += &format!("    fix: {fix}\n");
            }
        }
    }
    out + &format!("  {fine} checks are fine\n")
}

/// What must be alike and is not.
fn differences(answers: &[Asked]) -> Vec<String> {
    let statuses: Vec<(String, Result<Value, String>)> = answers
        .iter()
        .map(|asked| {
            (
                asked.node.clone(),
                asked.answer.as_ref().map(|report| report.get("status").cloned().unwrap_or(Value::Null)).map_err(Clone::clone),
            )
        })
        .collect();
    let mut told = differences_between(&statuses);
    let known: Vec<(&Asked, &Value)> = answers.iter().filter_map(|asked| Some((asked, asked.answer.as_ref().ok()?))).collect();
    let hash = |report: &Value| report.pointer("/configuration/hash").and_then(Value::as_str).map(str::to_owned);
    if let Some(((first, report), rest)) = known.split_first() {
        for (asked, other) in rest {
            if let (Some(here), Some(there)) = (hash(report), hash(other))
                && here != there
            {
                told.push(format!(
                    "cluster.conf means something else on {} than on {}: `o2cb config diff {}` on {}",
                    asked.node, first.node, asked.node, first.node
                ));
            }
        }
    }
    for (asked, report) in &known {
        let Some(clock) = report.get("clock_us").and_then(Value::as_u64) else { continue };
        let (theirs, ours) = (i128::from(clock), i128::try_from(asked.answered_us).unwrap_or(i128::MAX));
        let apart = (theirs - ours).abs();
        if apart > APART_US {
            let way = if theirs > ours { "ahead of" } else { "behind" };
            told.push(format!("the clock of {} is {:.1} s {way} this one's", asked.node, apart as f64 / 1e6));
        }
    }
    told
}

/// Deaths, with what each node tells of them.
fn incidents(answers: &[Asked]) -> Vec<Value> {
    let mut incidents: Vec<(u64, i64, Vec<Value>)> = Vec::new();
    for asked in answers {
        for story in asked.answer.as_ref().map_or(&[][..], |report| list(report, "stories")) {
            let death = ["disk-fence", "network-fence", "fence", "crash", "node-died"].contains(&text(story, "kind"));
            let (Some(victim), true) = (story.get("node").and_then(Value::as_u64), death) else { continue };
            let lines = list(story, "lines");
            let Some(ended) = lines.iter().rev().find_map(|line| line.get("wall_us")?.as_i64()) else { continue };
            let mut story = story.clone();
            if let Some(story) = story.as_object_mut() {
                story.insert("told_by".to_owned(), json!(asked.node));
            }
            match incidents.iter_mut().find(|(who, when, _)| *who == victim && (ended - *when).abs() <= SAME_US) {
                Some((_, _, stories)) => stories.push(story),
                None => incidents.push((victim, ended, vec![story])),
            }
        }
    }
    incidents.sort_by_key(|(_, when, _)| *when);
    incidents.into_iter().map(|(victim, _, stories)| json!({ "node": victim, "cause": cause(&stories), "stories": stories })).collect()
}

/// The victim's own log knows best; of the survivors the one that heard of hung storage, or that decided.
fn cause(stories: &[Value]) -> String {
    let own = stories.iter().find(|story| text(story, "kind") != "node-died");
    let sure = stories.iter().find(|story| !text(story, "cause").contains("no sign before"));
    own.or(sure).or(stories.first()).map(|story| text(story, "cause").to_owned()).unwrap_or_default()
}

fn told(incident: &Value) -> String {
    let node = incident.get("node").and_then(Value::as_u64).unwrap_or_default();
    let mut lines: Vec<(i64, String)> = Vec::new();
    for story in list(incident, "stories") {
        for line in list(story, "lines") {
            if let Some(at) = line.get("wall_us").and_then(Value::as_i64) {
                lines.push((at, format!("{}: {}", text(story, "told_by"), text(line, "words"))));
            }
        }
    }
    lines.sort();
    let first = lines.first().map_or(0, |(at, _)| *at);
    let mut out = format!("History: node {node} died\n    cause: {}\n", text(incident, "cause"));
    for (at, words) in lines {
        out += &format!("    {:+8.2} s  {words}\n", (at - first) as f64 / 1e6);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(node: &str, report: Value) -> Asked {
        Asked { node: node.to_owned(), answer: Ok(report), answered_us: 1_000_000_000 }
    }

    fn story(kind: &str, cause: &str, at: i64) -> Value {
        json!({ "kind": kind, "node": 2, "cause": cause, "lines": [{ "wall_us": at, "words": "x" }] })
    }

    #[test]
    fn one_death_is_told_once_and_the_victims_own_log_knows_best() {
        let answers = [
            asked(
                "db1",
                json!({ "exit_code": 0, "clock_us": 1_000_000_000, "configuration": { "hash": "a" }, "stories": [story("node-died", "died (no sign before)", 20)] }),
            ),
            asked(
                "db2",
                json!({ "exit_code": 0, "clock_us": 1_009_000_000, "configuration": { "hash": "b" }, "stories": [story("disk-fence", "storage hung", 10)] }),
            ),
        ];
        let incidents = incidents(&answers);
        assert_eq!((incidents.len(), incidents[0]["cause"].as_str()), (1, Some("storage hung")));
        assert!(
            told(&incidents[0]).contains("db2: x\n") && told(&incidents[0]).find("db2").unwrap() < told(&incidents[0]).find("db1").unwrap()
        );
        let differences = differences(&answers);
        assert!(differences[0].contains("cluster.conf means something else on db2"), "{differences:?}");
        assert!(differences[1].contains("the clock of db2 is 9.0 s ahead of"), "{differences:?}");
        assert_eq!(code(&answers, true), 1);
        let silent = Asked { node: "db3".to_owned(), answer: Err("timed out".to_owned()), answered_us: 0 };
        assert_eq!(code(&[silent], false), 3);
    }
}
