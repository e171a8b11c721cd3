//! Who waits, for whom, since when.

use super::watch::{Watch, list, number, text};
use super::{Bench, numbers};
use crate::work::Running;
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::time::Duration;

const FILE: &str = "/mnt/ocfs2/held";

fn moment_us(event: &Value) -> anyhow::Result<i64> {
    let seconds = event.get("time").and_then(Value::as_f64).context("an event without time")?;
    Ok((seconds * 1e6) as i64)
}

pub(super) fn stuck_flock(bench: &mut Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    let mut watch = Watch::nodes(bench, &["--stuck", "3"])?;
    watch.until_live(&nodes, Duration::from_secs(60))?;
    let mut holder = Running::start(&bench.lab, 1, &format!("work hold {FILE} --until-eof"))?;
    holder.event("has")?;
    let inode = numbers::inode(bench, FILE)?;
    let mut waiters = Vec::new();
    let mut wants = Vec::new();
    for node in [2, 3] {
        let mut waiter = Running::start(&bench.lab, node, &format!("work hold {FILE} --seconds 0"))?;
        wants.push(moment_us(&waiter.event("wants")?)?);
        waiters.push(waiter);
    }
    // Two nodes wait, both stuck, and one holds.
    let stuck = watch.until("the stuck flock", Duration::from_secs(60), |snapshot| {
        let stuck = list(snapshot, "stuck").iter().find(|stuck| number(stuck, "inode") == Some(inode))?;
        (list(stuck, "waits").len() == 2).then(|| stuck.clone())
    })?;
    ensure!(text(&stuck, "type") == "F", "the type of {stuck}");
    // The holder's node is asked about the lock when the waits are seen, and tells it with its next sample.
    let stuck = watch.until("the holder of the stuck flock named", watch.soon(), |snapshot| {
        let stuck = list(snapshot, "stuck").iter().find(|stuck| number(stuck, "inode") == Some(inode))?;
        (!list(stuck, "holders").is_empty()).then(|| stuck.clone())
    })?;
    ensure!(list(&stuck, "holders") == ["node1"], "the holders of {stuck}");
    for (wait, (node, wanted_us)) in list(&stuck, "waits").iter().zip(["node2", "node3"].iter().zip(&wants)) {
        ensure!(text(wait, "node") == *node && text(wait, "wanted") == "EX", "the wait {wait}");
        let since = number(wait, "since_us").with_context(|| format!("the wait {wait} has no start"))?.cast_signed();
        // A wait that its lock's record does not date is dated by the sample before: an interval.
        let slack = if wait.get("at_least").and_then(Value::as_bool) == Some(true) { bench.interval.as_micros() as i64 } else { 0 };
        ensure!((since - wanted_us).abs() < 300_000 + slack, "{node} waits since {since}, told by the workload as {wanted_us} (µs)");
    }
    let finding = list(&watch.snapshot, "findings").iter().find(|finding| text(finding, "rule") == "stuck-lock").cloned();
    let sentence = finding.context("no finding names the stuck lock")?;
    let said = text(&sentence, "text");
    for word in [&inode.to_string(), "node1", "node2", "node3"] {
        ensure!(said.contains(word) || sentence.to_string().contains(word), "the finding does not name {word}: {sentence}");
    }
    crate::progress::say(said);

    holder.finish("released")?;
    for mut waiter in waiters {
        waiter.event("released")?;
        waiter.end()?;
    }
    watch.until("the end of the stuck wait", bench.interval * 5, |snapshot| {
        let over = list(snapshot, "ended").iter().any(|ended| number(ended, "inode") == Some(inode));
        (over && list(snapshot, "stuck").is_empty()).then_some(())
    })?;
    watch.quit()
}
