//! Leaving a domain only when it has been idle for a while. Leaving takes some 4 s, as the node hands over what it masters, and the
//! next lock would wait for it and join anew; so one process of the node stays behind and leaves for all.

use super::clear;
use super::keeper::Wish;
use super::paths;
use super::refusal::{NO_FILE, Refusal};
use super::turn::{Share, Turn};
use crate::errno::Deed;
use crate::place::Place;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked whether this process was told to end.
const PACE: Duration = Duration::from_millis(100);

/// Leaves the domain once no `o2cb lock` of this node uses it, unless another process does so; at once when told to end.
pub fn linger(place: &Place, wish: &Wish, told_to_end: &AtomicBool) -> Result<(), Refusal> {
    let failed = |error: io::Error| Refusal::of(NO_FILE, Deed::Other, &paths::domain(&wish.domain), &error);
    let Some(duty) = Turn::take(&paths::linger_turn(place, &wish.domain), Share::Exclusive).map_err(failed)? else {
        return Ok(());
    };
    loop {
        let last_use = Turn::last_use(&paths::domain_turn(place, &wish.domain));
        let until = Instant::now().checked_add(wish.linger);
        let rest = || until.map_or(PACE, |until| until.saturating_duration_since(Instant::now()));
        while !rest().is_zero() && !told_to_end.load(Ordering::Relaxed) {
            thread::sleep(PACE.min(rest()));
        }
        if !duty.is_there().map_err(failed)? {
            // Somebody cleared all of it away, and what was noted: it is not known any more whether the domain is ours.
            return Ok(());
        }
        // Whoever uses the domain now finds this process on duty, and does not stay behind itself: it is looked again.
        let ending = told_to_end.load(Ordering::Relaxed);
        let turns = paths::domain_turn(place, &wish.domain);
        if let Some(turn) = Turn::take(&turns, Share::Exclusive).map_err(failed)? {
            if !ending && Turn::last_use(&turns) != last_use {
                continue;
            }
            // The duty ends before the turn does: who comes next must not find it taken.
            duty.remove().map_err(failed)?;
            drop(duty);
            return clear::domain(place, &wish.domain, &turn);
        }
        if ending {
            return duty.remove().map_err(failed);
        }
    }
}
