//! Watches heartbeats: a region is read each second, for long enough that two beats would be seen.

use super::region::{RegionOnDisk, region_on};
use super::survey::Found;
use formats::o2hb::{Block, SlotHistory, WATCH_MS};
use formats::ocfs2_disk::Storage as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Between two readings: each of two writers that take turns is seen.
const BETWEEN: Duration = Duration::from_secs(1);

/// A clock that can be waited for. In tests, waiting is what lets the nodes beat.
pub trait Clock: Sync {
    /// Time since any moment.
    fn now(&self) -> Duration;
    /// Returns when `time` has passed.
    fn wait(&self, time: Duration);
}

/// The machine's steady clock.
#[derive(Debug)]
pub struct Steady(pub Instant);

impl Clock for Steady {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// What was seen of a region.
#[derive(Debug)]
pub struct Watched {
    /// Where it is.
    pub region: RegionOnDisk,
    /// Slots, from node 0.
    pub slots: Vec<SlotHistory>,
    /// When the watch ended, on the clock of the readings.
    pub end: Duration,
    /// Why it was not watched to the end.
    pub problem: Option<String>,
}

/// Watches the region of each of `volumes` for `time`, at least for two beats, all at once. A volume whose heartbeat file cannot be
/// used gives the reason.
pub fn watch_all(volumes: &mut [&mut Found], time: Duration, clock: &dyn Clock) -> Vec<(PathBuf, Result<Watched, String>)> {
    let time = time.max(Duration::from_millis(u64::from(WATCH_MS)));
    std::thread::scope(|scope| {
        let watches: Vec<_> = volumes
            .iter_mut()
            .map(|found| {
                let path = found.path.clone();
                (path, scope.spawn(move || watch(found, time, clock)))
            })
            .collect();
        let joined = watches.into_iter().map(|(path, watch)| (path, watch.join()));
        joined.map(|(path, watched)| (path, watched.unwrap_or_else(|_| Err("the watch ended".to_owned())))).collect()
    })
}

fn watch(found: &mut Found, time: Duration, clock: &dyn Clock) -> Result<Watched, String> {
    let region = region_on(found).map_err(|fault| fault.to_string())?;
    let mut watched = Watched { slots: vec![SlotHistory::new(); region.blocks as usize], region, end: clock.now(), problem: None };
    let mut first = None;
    loop {
        if let Err(problem) = read(found, &mut watched, clock) {
            watched.problem = Some(problem);
            return Ok(watched);
        }
        let first = *first.get_or_insert(watched.end);
        let left = (first + time).saturating_sub(watched.end);
        if left.is_zero() {
            return Ok(watched);
        }
        clock.wait(left.min(BETWEEN));
    }
}

fn read(found: &mut Found, watched: &mut Watched, clock: &dyn Clock) -> Result<(), String> {
    let sector = watched.region.block_bytes as usize;
    let offset = watched.region.start_block.saturating_mul(sector as u64);
    let bytes = found.reader.read(offset, watched.slots.len() * sector).map_err(|problem| problem.to_string())?;
    watched.end = clock.now();
    for (slot, bytes) in watched.slots.iter_mut().zip(bytes.chunks(sector)) {
        if let Some(block) = Block::parse(bytes) {
            slot.observe(watched.end, block);
        }
    }
    Ok(())
}
