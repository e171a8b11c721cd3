//! What `o2cb watch` on a node that goes on says before another one fences itself.

use crate::programs::O2CB;
use crate::progress::say;
use crate::stack::STEP;
use crate::trial::Bench;
use anyhow::Context as _;
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

const TOLD: &str = "/run/watch.json";

/// A watch that runs in a node.
pub struct Watching {
    node: u8,
}

impl Watching {
    /// Starts it.
    pub fn start(bench: &Bench, node: u8) -> anyhow::Result<Watching> {
        let remote = format!("setsid {O2CB} watch --json </dev/null >{TOLD} 2>/run/watch.err & echo $! >/run/watch.pid");
        bench.lab.ssh.run(node, &remote, STEP)?;
        Ok(Watching { node })
    }

    /// Ends it. It must have named each of `victims` (node and moment of its end) before; `storage`: and seen that storage does not do well.
    pub fn judge(self, bench: &Bench, victims: &[(u8, SystemTime)], storage: bool) -> anyhow::Result<()> {
        let remote = format!("kill $(cat /run/watch.pid); cat {TOLD}; cat /run/watch.err >&2; rm {TOLD} /run/watch.err /run/watch.pid");
        let told = bench.lab.ssh.run(self.node, &remote, STEP)?;
        let readings: Vec<Value> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if storage {
            let words = readings.iter().find_map(of_storage).context("o2cb watch did not see that storage does not do well")?;
            say(&format!("watch: {words}"));
        }
        for (victim, end) in victims {
            let end_us = u64::try_from(end.duration_since(UNIX_EPOCH)?.as_micros())?;
            let name = format!("node{victim}");
            let (before_us, words) = readings
                .iter()
                .find_map(|reading| Some((end_us.checked_sub(reading.get("time_us")?.as_u64()?)?, named(reading, &name)?)))
                .with_context(|| format!("o2cb watch on node{} did not see the end of {name} coming", self.node))?;
            say(&format!("watch, {:.0} s before the end of {name}: {words}", before_us as f64 / 1e6));
        }
        Ok(())
    }
}

/// The first trouble of heartbeats.
fn of_storage(reading: &Value) -> Option<String> {
    let troubles = reading.get("troubles")?.as_array()?;
    let rule = |trouble: &&Value| trouble.get("rule").and_then(Value::as_str).unwrap_or_default().to_owned();
    let of = |trouble: &&Value| ["silent", "region-failed", "device-silent", "device-unreadable"].contains(&rule(trouble).as_str());
    troubles.iter().find(of)?.get("text")?.as_str().map(str::to_owned)
}

/// The first trouble that is about the node.
fn named(reading: &Value, name: &str) -> Option<String> {
    let troubles = reading.get("troubles")?.as_array()?;
    let text = |trouble: &Value| trouble.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    troubles.iter().map(text).find(|text| text.contains(name))
}
