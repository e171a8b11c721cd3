//! What reading `locking_state` costs the kernel, and what each way of reading loses.

use super::figures::text;
use crate::lab::Lab;
use anyhow::Context as _;
use serde_json::Value;
use std::time::Duration;

/// One pass of one way of reading.
struct Pass {
    way: String,
    records: f64,
    lost: f64,
    bytes: f64,
    system: f64,
    cpu: f64,
}

/// All passes at one number of locks.
pub struct Cost {
    /// How many locks there were, by all passes together.
    pub locks: u64,
    passes: Vec<Pass>,
    /// Passes that are one figure together: short ones take less than a clock tick.
    together: usize,
}

/// So many locks are read for one figure at least: half a second of CPU, where the clock may tick every 10 ms.
const LOCKS_PER_FIGURE: u64 = 100_000;

/// The ways of reading that `lab-guest cost` knows, and their names here.
const WAYS: [(&str, &str); 4] = [("4096", "4 KiB"), ("65536", "64 KiB"), ("1048576", "1 MiB"), ("random", "random 1500–4096 B")];

impl Cost {
    /// Measures `runs` figures on a node with about so many locks.
    pub fn measure(lab: &Lab, node: u8, uuid: &str, locks: u64, runs: u64) -> anyhow::Result<Cost> {
        let together = LOCKS_PER_FIGURE.div_ceil(locks.max(1)).min(1000 / runs.max(1)).max(1);
        let passes = runs * together;
        let said = lab.ssh.run(node, &format!("lab-guest cost {uuid} --passes {passes}"), Duration::from_secs(3600))?;
        let mut cost = Cost { locks: 0, passes: Vec::new(), together: together as usize };
        for line in said.lines() {
            let event: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            let number = |key: &str| event.get(key).and_then(Value::as_f64).with_context(|| format!("lab-guest cost: no {key} in {line}"));
            match event.get("event").and_then(Value::as_str) {
                Some("pass") => cost.passes.push(Pass {
                    way: event.get("way").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    records: number("records")?,
                    lost: number("lost")?,
                    bytes: number("bytes")?,
                    system: number("system_seconds")?,
                    cpu: number("cpu_seconds")?,
                }),
                Some("summary") => cost.locks = number("locks")? as u64,
                _ => {}
            }
        }
        Ok(cost)
    }

    fn of<'c>(&'c self, way: &'c str) -> impl Iterator<Item = &'c Pass> {
        self.passes.iter().filter(move |pass| pass.way == way)
    }

    /// µs of CPU per lock, of each figure.
    fn per_lock(&self, way: &str, of: impl Fn(&Pass) -> f64) -> Vec<f64> {
        let passes: Vec<&Pass> = self.of(way).collect();
        let figures = passes.chunks(self.together);
        figures
            .map(|passes| passes.iter().map(|pass| of(pass)).sum::<f64>() * 1e6 / passes.iter().map(|pass| pass.records).sum::<f64>())
            .collect()
    }

    /// Bytes of a dump, by the largest.
    pub fn dump_bytes(&self) -> f64 {
        self.passes.iter().map(|pass| pass.bytes).fold(0.0, f64::max)
    }
}

/// The two tables.
pub fn tables(costs: &[Cost]) -> String {
    let mut text_of = format!(
        "Kernel's share of one reading (min / median / max; small dumps are read as often as makes {LOCKS_PER_FIGURE} locks a figure):\n\n\
        | locks | bytes per read(2) | system time, µs/lock | CPU by the scheduler's clock, µs/lock |\n|---|---|---|---|\n"
    );
    for cost in costs {
        for (way, name) in WAYS {
            let system = text(cost.per_lock(way, |pass| pass.system), 2);
            let cpu = text(cost.per_lock(way, |pass| pass.cpu), 2);
            text_of += &format!("| {} | {name} | {system} | {cpu} |\n", cost.locks);
        }
    }
    text_of += "\nLocks that one pass lacks (min / median / max):\n\n\
        | locks | bytes per read(2) | lost per pass | lost, % |\n|---|---|---|---|\n";
    for cost in costs {
        for (way, name) in WAYS {
            let lost = text(cost.of(way).map(|pass| pass.lost), 0);
            let share = text(cost.of(way).map(|pass| pass.lost * 100.0 / cost.locks as f64), 2);
            text_of += &format!("| {} | {name} | {lost} | {share} |\n", cost.locks);
        }
    }
    text_of
}
