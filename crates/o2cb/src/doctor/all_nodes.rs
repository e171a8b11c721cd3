//! The doctors of all nodes, each asked over ssh, and what only several of them can tell: what differs, whose clock is off, and what
//! each saw of the same death.

use super::report::Report;
use crate::printed;
use crate::stack::{Asked, ask_others, differences_between};
use anyhow::bail;
use serde_json::{Map, Value, json};
use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

/// How long a node may take beside the time for which it watches its disks, some of which may hang.
const DEADLINE: Duration = Duration::from_secs(120);
/// A clock may be so far, µs, before the time when its node was asked, or after the time when it answered.
const APART_US: i128 = 10_000_000;
/// Deaths of a node that nodes tell within this time are one, µs.
const SAME_US: i64 = 300_000_000;

/// Tells it; `words`: what the other nodes are asked to do, `watched`: for how long they watch. Exit code as for one node, of the worst; 3
/// if one does not answer.
pub fn tell(own: &Report, as_json: bool, words: &[String], watched: Duration) -> anyhow::Result<u8> {
    let Some(cluster) = &own.facts.status.asked.cluster else {
        bail!("{} has no cluster {}", own.facts.config.path, own.facts.status.name.as_deref().unwrap_or("that could be meant"));
    };
    let host = own.facts.status.found.host.is().cloned().unwrap_or_default();
    let now_us = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_micros());
    let report = own.json();
    let others = ask_others(cluster, &host, words, DEADLINE + watched, &report, now_us)?;
    let answers = with_own(others, own.facts.status.host_node().is_some(), &host, report, now_us);
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
            Err(why) => write!(out, "{}", printed::told("", 0, &format!("{}: unknown: {why}", asked.node)))?,
        }
    }
    for difference in &differences {
        write!(out, "{}", printed::told("Difference: ", 12, difference))?;
    }
    for incident in &incidents {
        write!(out, "{}", told(incident))?;
    }
    Ok(code)
}

/// The answers with that of this host first: it tells what it sees also where no node of the cluster is this host.
fn with_own(mut answers: Vec<Asked>, is_node: bool, host: &str, report: Value, now_us: u128) -> Vec<Asked> {
    if !is_node {
        let own = Asked { node: format!("this host, {host}, no node"), answer: Ok(report), begun_us: now_us, ended_us: now_us };
        answers.insert(0, own);
    }
    answers
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
    let mut out = printed::told("", 0, &format!("{node}:"));
    let mut fine = 0;
    for check in list(report, "checks") {
        if text(check, "verdict") == "unknown" {
            out += &printed::told("  Unknown ", 4, &format!("[{}] {}", text(check, "id"), text(check, "note")));
        }
        fine += usize::from(text(check, "verdict") == "fine");
        for finding in list(check, "findings") {
            let severity = if text(finding, "severity") == "risk" { "  Risk " } else { "  Trouble " };
            out += &printed::told(severity, 4, &format!("[{}] {}", text(check, "id"), text(finding, "what")));
            for fix in list(finding, "fix").iter().filter_map(Value::as_str) {
                out += &format!("    fix: {}\n", printed::one_line(fix));
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
    // One whose file cannot be used is compared with nothing.
    let hashes: Vec<(&str, String)> = known.iter().filter_map(|(asked, report)| Some((asked.node.as_str(), hash(report)?))).collect();
    if let Some(((first, here), rest)) = hashes.split_first() {
        for (node, _) in rest.iter().filter(|(_, there)| there != here) {
            told.push(format!("cluster.conf means something else on {node} than on {first}: `o2cb config diff {node}` on {first}"));
        }
    }
    for (asked, report) in &known {
        let Some(clock) = report.get("clock_us").and_then(Value::as_u64) else { continue };
        // It was read at some time between.
        let us = |us: u128| i128::try_from(us).unwrap_or(i128::MAX);
        let (theirs, begun, ended) = (i128::from(clock), us(asked.begun_us), us(asked.ended_us));
        let (apart, way) = if theirs > ended { (theirs - ended, "ahead of") } else { (begun - theirs, "behind") };
        if apart > APART_US {
            told.push(format!("the clock of {} is at least {:.1} s {way} this one's", asked.node, apart as f64 / 1e6));
        }
    }
    told
}

/// Deaths, with what each node tells of them.
fn incidents(answers: &[Asked]) -> Vec<Value> {
    let mut incidents: Vec<(Option<u64>, Option<i64>, Vec<Value>)> = Vec::new();
    for asked in answers {
        for story in asked.answer.as_ref().map_or(&[][..], |report| list(report, "stories")) {
            let death = ["disk-fence", "network-fence", "fence", "crash", "node-died"].contains(&text(story, "kind"));
            if !death {
                continue;
            }
            // A log that was named may not tell whose it is.
            let victim = story.get("node").and_then(Value::as_u64);
            let lines = list(story, "lines");
            // Some logs have no time of day: pstore's, a console's. What they tell is put together with nothing.
            let ended = lines.iter().rev().find_map(|line| line.get("wall_us")?.as_i64());
            let mut story = story.clone();
            if let Some(story) = story.as_object_mut() {
                story.insert("told_by".to_owned(), json!(asked.node));
            }
            let same =
                |when: Option<i64>| when.zip(ended).is_some_and(|(when, ended)| ended.saturating_sub(when).saturating_abs() <= SAME_US);
            match incidents.iter_mut().find(|(who, when, _)| victim.is_some() && *who == victim && same(*when)) {
                Some((_, _, stories)) => stories.push(story),
                None => incidents.push((victim, ended, vec![story])),
            }
        }
    }
    incidents.sort_by_key(|(_, when, _)| *when);
    incidents.into_iter().map(|(victim, _, stories)| json!({ "node": victim, "cause": cause(&stories), "stories": stories })).collect()
}

/// The victim's own log knows best, where it has the cause; of the survivors the one that heard of hung storage, or that decided.
fn cause(stories: &[Value]) -> String {
    let is_own = |story: &&Value| text(story, "kind") != "node-died";
    let is_sure = |story: &&Value| ["said", "concluded"].contains(&text(story, "basis"));
    let told = stories.iter().find(|story| is_own(story) && is_sure(story)).or_else(|| stories.iter().find(is_sure));
    told.or_else(|| stories.iter().find(is_own)).or(stories.first()).map(|story| text(story, "cause").to_owned()).unwrap_or_default()
}

fn told(incident: &Value) -> String {
    let node = incident.get("node").and_then(Value::as_u64);
    let who = node.map_or_else(|| "a node that its log does not name".to_owned(), |node| format!("node {node}"));
    let stories = list(incident, "stories");
    let dated = stories.iter().flat_map(|story| list(story, "lines")).any(|line| line.get("wall_us").is_some_and(Value::is_i64));
    // What has no time of day is of one log, and of one clock.
    let clock = if dated { "wall_us" } else { "uptime_us" };
    let mut lines: Vec<(Option<i64>, String)> = Vec::new();
    for story in stories {
        for line in list(story, "lines") {
            let at = line.get(clock).and_then(Value::as_i64);
            lines.push((at, format!("{}: {}", text(story, "told_by"), text(line, "words"))));
        }
    }
    // Those without a time last, in their order.
    lines.sort_by_key(|(at, _)| (at.is_none(), *at));
    let first = lines.iter().find_map(|(at, _)| *at).unwrap_or_default();
    let when = if dated {
        String::new()
    } else {
        format!(", by {}, which has no time of day", stories.first().map_or("", |story| text(story, "source")))
    };
    let mut out = printed::told("History: ", 4, &format!("{who} died{when}"));
    out += &printed::told("    cause: ", 11, text(incident, "cause"));
    for (at, words) in lines {
        let since = at.map_or_else(|| format!("{:>10}", "?"), |at| format!("{:+8.2} s", at.saturating_sub(first) as f64 / 1e6));
        out += &printed::told(&format!("    {since}  "), 16, &words);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(node: &str, report: Value) -> Asked {
        Asked { node: node.to_owned(), answer: Ok(report), begun_us: 995_000_000, ended_us: 1_000_000_000 }
    }

    fn story(kind: &str, basis: &str, cause: &str, at: i64) -> Value {
        json!({ "kind": kind, "node": 2, "basis": basis, "cause": cause, "lines": [{ "wall_us": at, "words": "x" }] })
    }

    #[test]
    fn one_death_is_told_once_and_the_victims_own_log_knows_best() {
        let answers = [
            asked(
                "db1",
                json!({ "exit_code": 0, "clock_us": 1_000_000_000, "configuration": { "hash": "a" }, "stories": [story("node-died", "no-sign", "died", 20)] }),
            ),
            asked(
                "db2",
                json!({ "exit_code": 0, "clock_us": 1_011_000_000, "configuration": { "hash": "b" }, "stories": [story("disk-fence", "said", "storage hung", 10)] }),
            ),
        ];
        let incidents = incidents(&answers);
        assert_eq!((incidents.len(), incidents[0]["cause"].as_str()), (1, Some("storage hung")));
        assert!(
            told(&incidents[0]).contains("db2: x\n") && told(&incidents[0]).find("db2").unwrap() < told(&incidents[0]).find("db1").unwrap()
        );
        let differences = differences(&answers);
        assert!(differences[0].contains("cluster.conf means something else on db2"), "{differences:?}");
        assert!(differences[1].contains("the clock of db2 is at least 11.0 s ahead of"), "{differences:?}");
        assert_eq!(code(&answers, true), 1);
        let silent = Asked { node: "db3".to_owned(), answer: Err("timed out".to_owned()), begun_us: 0, ended_us: 0 };
        assert_eq!(code(&[silent], false), 3);
    }

    #[test]
    fn a_clock_is_compared_with_the_time_between_question_and_answer() {
        let told = |clock: u64| {
            let own = Asked { begun_us: 1_000_000_000, ..asked("db1", json!({ "clock_us": 1_000_000_000 })) };
            differences(&[own, asked("db2", json!({ "clock_us": clock }))])
        };
        // It was asked at 995 s and answered at 1000 s.
        assert_eq!((told(985_500_000), told(1_009_500_000)), (Vec::new(), Vec::new()));
        assert_eq!(told(984_000_000), ["the clock of db2 is at least 11.0 s behind this one's"]);
    }

    #[test]
    fn of_survivors_the_one_that_knows_is_believed() {
        let of = |cause: &str, basis: &str| asked("x", json!({ "stories": [story("node-died", basis, cause, 20)] }));
        let told = incidents(&[of("one", "no-sign"), of("two", "concluded")]);
        assert_eq!((told.len(), told[0]["cause"].as_str()), (1, Some("two")), "{told:?}");
    }

    #[test]
    fn a_victims_log_without_the_cause_is_no_better_than_a_survivors() {
        let of = |kind: &str, cause: &str, basis: &str| asked("x", json!({ "stories": [story(kind, basis, cause, 20)] }));
        let cause = |answers: &[Asked]| incidents(answers)[0]["cause"].as_str().unwrap().to_owned();
        let fence = || of("fence", "why it fenced itself is not in this log", "no-sign");
        assert_eq!(cause(&[fence(), of("node-died", "storage hung", "concluded")]), "storage hung");
        assert!(cause(&[of("node-died", "no sign before", "no-sign"), fence()]).contains("fenced itself"), "it knows that it was a fence");
    }

    #[test]
    fn a_death_in_a_log_that_does_not_name_its_node_is_told_and_put_together_with_none() {
        let mut nameless = story("network-fence", "said", "network lost", 20);
        nameless["node"] = Value::Null;
        let incidents = incidents(&[asked("db1", json!({ "stories": [nameless.clone(), nameless] }))]);
        assert_eq!(incidents.len(), 2);
        assert!(told(&incidents[0]).starts_with("History: a node that its log does not name died"), "{incidents:?}");
    }

    #[test]
    fn files_are_compared_with_the_first_that_can_be_used() {
        let of = |node: &str, hash: Value| asked(node, json!({ "configuration": { "hash": hash } }));
        let told = differences(&[of("db1", Value::Null), of("db2", json!("a")), of("db3", json!("b"))]);
        assert_eq!(told, ["cluster.conf means something else on db3 than on db2: `o2cb config diff db3` on db2"]);
    }

    #[test]
    fn a_death_without_a_time_of_day_is_told() {
        let lines = json!([{ "wall_us": null, "uptime_us": 5_000_000, "words": "a" }, { "wall_us": null, "uptime_us": 7_000_000, "words": "b\u{1b}[2J" }]);
        let pstore = json!({ "kind": "disk-fence", "node": 2, "cause": "storage hung", "source": "/sys/fs/pstore", "lines": lines });
        let report = json!({ "stories": [pstore, story("node-died", "no-sign", "died", 20)] });
        let incidents = incidents(&[asked("db2", report)]);
        assert_eq!(incidents.len(), 2, "nobody knows whether they are one");
        let told = told(&incidents[0]);
        assert!(told.contains("by /sys/fs/pstore") && told.contains("+2.00 s  db2: b\\u{1b}[2J\n"), "{told}");
    }

    #[test]
    fn a_host_that_is_no_node_tells_too() {
        let all = |is_node| with_own(vec![asked("db1", json!({ "exit_code": 0 }))], is_node, "adm", json!({ "exit_code": 1 }), 7);
        assert_eq!((all(true).len(), code(&all(true), false)), (1, 0), "it is one of them");
        let answers = all(false);
        assert_eq!((answers.len(), code(&answers, false)), (2, 1));
        assert!(one(&answers[0].node, answers[0].answer.as_ref().unwrap()).starts_with("this host, adm, no node:"));
    }
}
