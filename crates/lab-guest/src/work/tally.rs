//! Counts of what a workload did, its errors, and how long the worst took.

use crate::failure;
use crate::stop::Reason;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What was counted so far; another thread may look while the work is blocked.
pub struct Tally {
    counts: Mutex<Counts>,
    /// Operations from this on are told one by one.
    slow: Option<Duration>,
}

struct Counts {
    began: Instant,
    done: BTreeMap<&'static str, u64>,
    errors: BTreeMap<String, u64>,
    worst: BTreeMap<&'static str, Duration>,
    /// What is being done, and since when.
    current: Option<Current>,
    ended: bool,
}

struct Current {
    what: &'static str,
    since: Instant,
    /// It was told to be blocked.
    told: bool,
}

/// Milliseconds, to the µs.
pub fn ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

impl Tally {
    /// Counts of these operations, 0 at first. Those that take as long as `slow` are told one by one.
    pub fn new(operations: &[&'static str], slow: Option<Duration>) -> Tally {
        let done = operations.iter().map(|&what| (what, 0)).collect();
        let (errors, worst) = (BTreeMap::new(), BTreeMap::new());
        let counts = Counts { began: Instant::now(), done, errors, worst, current: None, ended: false };
        Tally { counts: Mutex::new(counts), slow }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one operation and counts it, or its error.
    pub fn time<T>(&self, what: &'static str, operation: impl FnOnce() -> io::Result<T>) -> Option<T> {
        let since = Instant::now();
        self.counts().current = Some(Current { what, since, told: false });
        let result = operation();
        let took = since.elapsed();
        let mut counts = self.counts();
        counts.current = None;
        let worst = counts.worst.entry(what).or_default();
        *worst = took.max(*worst);
        match &result {
            Ok(_) => *counts.done.entry(what).or_default() += 1,
            Err(error) => *counts.errors.entry(failure::name(error)).or_default() += 1,
        }
        drop(counts);
        if self.slow.is_some_and(|slow| took >= slow) {
            let error = result.as_ref().err().map(failure::name);
            // Nobody listens any more: the work itself goes on to its end.
            let _ = crate::event::emit("slow", &json!({ "what": what, "ms": ms(took), "error": error }));
        }
        result.ok()
    }

    /// Adds to a count without timing.
    pub fn add(&self, what: &'static str, number: u64) {
        *self.counts().done.entry(what).or_default() += number;
    }

    /// Tells once of an operation that has been going on for longer than it should.
    pub fn tell_blocked(&self) {
        let Some(slow) = self.slow else { return };
        let mut counts = self.counts();
        let Some(current) = counts.current.as_mut().filter(|current| !current.told && current.since.elapsed() >= slow) else { return };
        current.told = true;
        let blocked = json!({ "what": current.what, "ms": ms(current.since.elapsed()) });
        drop(counts);
        let _ = crate::event::emit("blocked", &blocked);
    }

    /// Whether the end was told.
    pub fn ended(&self) -> bool {
        self.counts().ended
    }

    /// What to tell at the end, once: the work and who watches it may both come to it.
    pub fn end(&self, reason: Reason) -> Option<Value> {
        let mut counts = self.counts();
        if std::mem::replace(&mut counts.ended, true) {
            return None;
        }
        let mut fields: Map<String, Value> = counts.done.iter().map(|(&what, &number)| (what.to_owned(), number.into())).collect();
        // What is blocked now has taken at least as long as until now.
        let blocked = counts.current.as_ref().map(|current| (current.what, current.since.elapsed()));
        if let Some((what, took)) = blocked {
            let worst = counts.worst.entry(what).or_default();
            *worst = took.max(*worst);
        }
        let worst = counts.worst.values().max().copied().unwrap_or_default();
        let each: Map<String, Value> = counts.worst.iter().map(|(&what, &took)| (what.to_owned(), ms(took).into())).collect();
        fields.insert("seconds".to_owned(), counts.began.elapsed().as_secs_f64().into());
        fields.insert("ended_by".to_owned(), reason.word().into());
        fields.insert("errors".to_owned(), json!(counts.errors));
        fields.insert("worst_ms".to_owned(), ms(worst).into());
        fields.insert("worst_ms_of".to_owned(), each.into());
        if let Some((what, took)) = blocked {
            fields.insert("blocked_in".to_owned(), what.into());
            fields.insert("blocked_ms".to_owned(), ms(took).into());
        }
        Some(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

    #[test]
    fn counts_errors_and_what_is_blocked() {
        let tally = Tally::new(&["created", "unlinked"], None);
        assert_eq!(tally.time("created", || Ok(7)), Some(7));
        assert_eq!(tally.time("created", || Err::<(), _>(Errno::EEXIST.into())), None);
        tally.counts().current = Some(Current { what: "unlinked", since: Instant::now(), told: false });
        let end = tally.end(Reason::Seconds).unwrap();
        assert_eq!((&end["created"], &end["unlinked"]), (&json!(1), &json!(0)));
        assert_eq!(end["errors"], json!({ "EEXIST": 1 }));
        assert_eq!((&end["ended_by"], &end["blocked_in"]), (&json!("seconds"), &json!("unlinked")));
        assert!(tally.end(Reason::Finished).is_none());
    }
}
