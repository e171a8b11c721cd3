//! What one dump of `locking_state` costs the kernel and loses, by how it is read.

use crate::event;
use crate::kernel::reads::{self, PAGE, Sizes, Taken};
use crate::kernel::union::Union;
use crate::locks;
use crate::random::Random;
use anyhow::Context as _;
use clap::Args;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};
use nix::time::{ClockId, clock_gettime};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// Which mount, how often.
#[derive(Args)]
pub struct Options {
    /// UUID of the volume as debugfs has it, or the path of a `locking_state`.
    volume: String,
    /// Passes of each way of reading.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    passes: u64,
    /// Passes more with random sizes, not measured one by one, so that the union is complete.
    #[arg(long, default_value_t = 4)]
    extra: u64,
}

/// What one pass took, and its dump's number in the union.
struct Pass {
    way: &'static str,
    number: u64,
    taken: Taken,
    records: u64,
    spent: Spent,
}

/// Time of this thread.
#[derive(Clone, Copy)]
struct Spent {
    user: Duration,
    system: Duration,
    cpu: Duration,
    wall: Duration,
}

impl Spent {
    fn now(began: Instant) -> anyhow::Result<Spent> {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).context("no resource usage of this thread")?;
        let time = |time: TimeVal| u64::try_from(time.num_microseconds()).map(Duration::from_micros);
        // By the scheduler's clock: the two above may be shares by ticks.
        let cpu = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).context("no CPU clock of this thread")?;
        Ok(Spent { user: time(usage.user_time())?, system: time(usage.system_time())?, cpu: Duration::from(cpu), wall: began.elapsed() })
    }

    fn since(self, before: Spent) -> Spent {
        Spent {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
            cpu: self.cpu.saturating_sub(before.cpu),
            wall: self.wall.saturating_sub(before.wall),
        }
    }
}

/// Memory for a dump that is in place before the measurement: a page fault would be counted as the file's cost.
fn memory(bytes: usize) -> Vec<u8> {
    let mut memory = vec![1; bytes];
    std::hint::black_box(&mut memory).clear();
    memory
}

/// Measures.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let path = locks::path(&options.volume);
    let mut random = Random::of_this_process();
    let mut union = Union::<()>::new();
    let (first, _) = reads::read_all(&path, Sizes::Fixed(PAGE)).with_context(|| path.display().to_string())?;
    union.add(&first, |_, _| ());
    union.end_dump();
    let mut text = memory(first.len() * 3 / 2 + (1 << 20));
    drop(first);
    let began = Instant::now();
    let mut passes = Vec::new();
    for number in 1..=options.passes {
        let ways = [
            ("4096", Sizes::Fixed(PAGE)),
            ("65536", Sizes::Fixed(16 * PAGE)),
            ("1048576", Sizes::Fixed(256 * PAGE)),
            ("random", Sizes::Random(Random::new(random.next()))),
        ];
        for (way, sizes) in ways {
            passes.push(measure(&path, way, sizes, number, &mut text, &mut union, began)?);
        }
    }
    for _ in 0..options.extra {
        measure(&path, "extra", Sizes::Mixed(Random::new(random.next())), 0, &mut text, &mut union, began)?;
    }
    for pass in &passes {
        let fields = json!({
            "way": pass.way,
            "pass": pass.number,
            "bytes": pass.taken.bytes,
            "reads": pass.taken.reads,
            "records": pass.records,
            "lost": union.len().saturating_sub(pass.records),
            "system_seconds": pass.spent.system.as_secs_f64(),
            "user_seconds": pass.spent.user.as_secs_f64(),
            "cpu_seconds": pass.spent.cpu.as_secs_f64(),
            "wall_seconds": pass.spent.wall.as_secs_f64(),
        });
        event::emit("pass", &fields)?;
    }
    Ok(event::emit("summary", &json!({ "path": path, "locks": union.len(), "passes": passes.len() }))?)
}

fn measure(
    path: &Path,
    way: &'static str,
    sizes: Sizes,
    number: u64,
    text: &mut Vec<u8>,
    union: &mut Union<()>,
    began: Instant,
) -> anyhow::Result<Pass> {
    text.clear();
    let mut taken = Taken::default();
    let before = Spent::now(began)?;
    reads::read(path, sizes, &mut taken, |bytes| text.extend_from_slice(bytes)).with_context(|| path.display().to_string())?;
    let spent = Spent::now(began)?.since(before);
    union.add(text, |_, _| ());
    Ok(Pass { way, number, taken, records: union.end_dump(), spent })
}
