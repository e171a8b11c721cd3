//! A node's clocks beside the host's.

use crate::lab::Lab;
use anyhow::Context as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often a node is asked; the quickest answer counts.
const TRIES: u32 = 4;

/// What a node's clocks say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// How much the node's clock is ahead of the host's, seconds.
    pub ahead: f64,
    /// What the node's clock said when it booted, seconds since the epoch.
    pub booted: f64,
    /// How long the answer took: `ahead` is wrong by at most so much, seconds.
    pub doubt: f64,
}

/// The host's clock, seconds since the epoch.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

impl Clock {
    /// Asks a node.
    pub fn ask(lab: &Lab, node: u8) -> anyhow::Result<Clock> {
        let mut best: Option<Clock> = None;
        for _ in 0..TRIES {
            let before = now();
            let text = lab.ssh.run(node, "date +%s.%N; cat /proc/uptime", Duration::from_secs(30))?;
            let clock = Clock::of(&text, before, now()).with_context(|| format!("node{node} tells no time: {text:?}"))?;
            best = best.filter(|best| best.doubt <= clock.doubt).or(Some(clock));
        }
        best.with_context(|| format!("node{node} was not asked"))
    }

    fn of(text: &str, before: f64, after: f64) -> Option<Clock> {
        let mut words = text.split_whitespace().map(str::parse::<f64>);
        let (realtime, uptime) = (words.next()?.ok()?, words.next()?.ok()?);
        // A node that was not touched has the host's clock: what cannot be told from that is that.
        let is_hosts = (before..=after).contains(&realtime);
        let ahead = if is_hosts { 0.0 } else { realtime - f64::midpoint(before, after) };
        Some(Clock { ahead, booted: realtime - uptime, doubt: after - before })
    }

    /// The host's clock when the node's said `time`.
    pub fn host(&self, time: f64) -> f64 {
        time - self.ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_node_says() {
        let clock = Clock::of("1100.5\n100.25 90.00\n", 1000.0, 1001.0).unwrap();
        assert_eq!(clock, Clock { ahead: 100.0, booted: 1000.25, doubt: 1.0 });
        assert!((clock.host(1101.0) - 1001.0).abs() < 1e-9);
        let same = Clock::of("1000.9\n100.25\n", 1000.0, 1001.0).unwrap();
        assert!(same.ahead.abs() < 1e-9);
        assert_eq!(Clock::of("x", 0.0, 0.0), None);
    }
}
