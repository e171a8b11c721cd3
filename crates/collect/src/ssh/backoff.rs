//! When to try again: later each time, and never all nodes at once.

use std::time::Duration;

/// Delays that double, up to a bound, with jitter.
#[derive(Debug)]
pub(super) struct Backoff {
    least: Duration,
    most: Duration,
    step: u32,
    random: fastrand::Rng,
}

impl Backoff {
    /// From `least` to `most`.
    pub fn new(least: Duration, most: Duration) -> Backoff {
        Backoff { least, most, step: 0, random: fastrand::Rng::new() }
    }

    /// The delay before the next attempt: between half of the step and the whole, so that nodes that failed together do not
    /// come back together. The first is between the least and its double.
    pub fn next(&mut self) -> Duration {
        self.step = (self.step + 1).min(16);
        let whole = self.least.saturating_mul(1 << self.step).min(self.most);
        whole.mul_f64(0.5 + self.random.f64() / 2.0)
    }

    /// A connection was good: the next delay is the least again.
    pub fn reset(&mut self) {
        self.step = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_bound_and_start_again() {
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(30));
        let mut backoff = Backoff::new(least, most);
        for step in 1..40 {
            let whole = least.saturating_mul(1 << step.min(10)).min(most);
            let delay = backoff.next();
            assert!(delay >= whole / 2 && delay <= whole, "{step}: {delay:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= least * 2);
    }
}
