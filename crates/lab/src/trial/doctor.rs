//! `o2cb doctor` against real kernels: each failure is made, named with the right words, and gone when it is mended; a healthy cluster
//! has no finding; after a death both ends tell the cause.

mod death;
mod differ;
mod disks;
mod files;

pub(super) use death::{cut_network, killed, stalled_disk};
pub(super) use differ::differ;
pub(super) use disks::disks;
pub(super) use files::files;

use super::Bench;
use super::stack::{Said, ours};
use crate::stack::CLUSTER;
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::time::Duration;

/// How long it may take until all that was made to fail is well again: heartbeats, connections, recovery.
const SETTLED: Duration = Duration::from_secs(180);

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What the doctor of a node says; `options` come before and after the verb.
pub(super) fn doctor(bench: &Bench, node: u8, before: &str, after: &str) -> anyhow::Result<Value> {
    let Said { code, out, err } = ours(bench, node, &format!("{before} doctor --json {after} {CLUSTER}"))?;
    let said: Value = serde_json::from_str(&out).with_context(|| format!("node{node}: o2cb doctor --json: exit {code}\n{out}{err}"))?;
    ensure!(
        said.get("exit_code").and_then(Value::as_i64) == Some(i64::from(code)),
        "node{node}: exit {code}, and in JSON {:?}",
        said.get("exit_code")
    );
    Ok(said)
}

/// All words of a check's findings, one text for each.
fn findings(said: &Value, id: &str) -> Vec<String> {
    let check = list(said, "checks").iter().find(|check| text(check, "id") == id);
    let findings = check.map_or(&[][..], |check| list(check, "findings"));
    findings.iter().map(ToString::to_string).collect()
}

/// All findings in short.
fn brief(said: &Value) -> String {
    let mut lines = Vec::new();
    for check in list(said, "checks") {
        for finding in list(check, "findings") {
            lines.push(format!("[{}] {}", text(check, "id"), text(finding, "what")));
        }
        if text(check, "verdict") == "unknown" {
            lines.push(format!("[{}] unknown: {}", text(check, "id"), text(check, "note")));
        }
    }
    lines.join("\n")
}

/// A finding of this check with all of these words.
fn has(said: &Value, id: &str, words: &[&str]) -> bool {
    findings(said, id).iter().any(|finding| words.iter().all(|word| finding.contains(word)))
}

/// The doctor finds it at once.
fn finds(bench: &Bench, node: u8, before: &str, after: &str, id: &str, words: &[&str]) -> anyhow::Result<()> {
    let said = doctor(bench, node, before, after)?;
    ensure!(has(&said, id, words), "node{node}: no finding of {id} has {words:?}:\n{:#?}\n{}", findings(&said, id), brief(&said));
    crate::progress::say(&format!("node{node}: {id}"));
    Ok(())
}

/// The doctor finds it within `limit`.
fn comes_to_find(bench: &Bench, node: u8, id: &str, words: &[&str], limit: Duration) -> anyhow::Result<()> {
    let mut last = String::new();
    crate::interrupt::wait_for(&format!("{id} found on node{node}"), limit, || {
        let said = doctor(bench, node, "", "")?;
        last = brief(&said);
        Ok(has(&said, id, words).then_some(()))
    })
    .with_context(|| last)?;
    crate::progress::say(&format!("node{node}: {id}"));
    Ok(())
}

/// No node finds anything, and all can be seen.
pub(super) fn healthy(bench: &mut Bench) -> anyhow::Result<()> {
    well(bench)?;
    for node in bench.lab.nodes() {
        let Said { code, out, .. } = ours(bench, node, &format!("-v doctor {CLUSTER}"))?;
        ensure!(code == 0 && out.contains("fine [connection-blocked]"), "node{node}: exit {code}\n{out}");
    }
    Ok(())
}

fn well(bench: &Bench) -> anyhow::Result<()> {
    let mut last = String::new();
    crate::interrupt::wait_for("no finding on any node", SETTLED, || {
        for node in bench.lab.nodes() {
            let said = doctor(bench, node, "", "")?;
            if said.get("exit_code").and_then(Value::as_i64) != Some(0) {
                last = format!("node{node}:\n{}", brief(&said));
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .with_context(|| last)
}

/// The last story of a kind about `node`.
fn last_story<'a>(said: &'a Value, kind: &str, node: u8) -> Option<&'a Value> {
    let about = |story: &&Value| text(story, "kind") == kind && story.get("node").and_then(Value::as_u64) == Some(u64::from(node));
    list(said, "stories").iter().rfind(about)
}

/// The last story of that kind has these words in its cause.
pub(super) fn tells(said: &Value, kind: &str, node: u8, words: &[&str]) -> anyhow::Result<()> {
    let Some(story) = last_story(said, kind, node) else {
        bail!(
            "no story {kind} of node{node}:\n{:#?}",
            list(said, "stories").iter().map(|story| text(story, "headline")).collect::<Vec<_>>()
        );
    };
    let cause = text(story, "cause");
    for word in words {
        ensure!(cause.contains(word), "{word:?} is not in the cause of {kind}:\n{story:#}");
    }
    crate::progress::say(&format!(
        "{}; in all {} ms",
        text(story, "headline"),
        story.get("total_ms").map(ToString::to_string).unwrap_or_default()
    ));
    Ok(())
}
