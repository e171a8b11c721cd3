//! All OCFS2 locks of a mount, by repeated reading.

use crate::event::{self, Rows};
use crate::kernel::locking_state::{self, Lock, Problem};
use crate::kernel::reads::{self, PAGE, Sizes, Taken};
use crate::kernel::union::Union;
use crate::random::Random;
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Which mount.
#[derive(Args)]
pub struct Options {
    /// UUID of the volume as debugfs has it, or the path of a `locking_state`.
    volume: String,
    /// Ends after this many passes even if there is still something new.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..))]
    passes_max: u64,
    /// Seed of the read sizes, to repeat a listing.
    #[arg(long)]
    seed: Option<u64>,
}

/// So many passes without a new name, and it ends. A pass lacks a lock once in eight or nine times: with four, one reading in some
/// hundred of a hundred locks lacked one, which then looked as if it had been made later.
const QUIET_PASSES: u64 = 9;

/// A lock, and how often it was seen.
#[derive(Serialize)]
struct Listed<'l> {
    #[serde(flatten)]
    lock: &'l Lock,
    /// The name not as the kernel's bytes but with replacements: these are the bytes, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    name_hex: Option<String>,
    /// 0, or the how manyth of this name: open files with a flock share one.
    copy: u32,
    /// In how many passes it was there.
    seen: u64,
    /// The last pass that had it: where its values are from.
    last_pass: u64,
}

struct Seen {
    lock: Result<Lock, Problem>,
    passes: u64,
    last: u64,
}

/// Path of a volume's `locking_state`.
pub fn path(volume: &str) -> PathBuf {
    if volume.contains('/') { PathBuf::from(volume) } else { Path::new("/sys/kernel/debug/ocfs2").join(volume).join("locking_state") }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Lists them.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let path = path(&options.volume);
    let seed = options.seed.unwrap_or_else(|| Random::of_this_process().next() >> 12);
    let mut random = Random::new(seed);
    let began = Instant::now();
    let mut union = Union::new();
    let (mut records, mut reads_each) = (Vec::new(), Vec::new());
    let (mut pass, mut quiet, mut bytes) = (0, 0, 0);
    while pass < options.passes_max && quiet < QUIET_PASSES {
        pass += 1;
        let sizes = if pass == 1 { Sizes::Fixed(PAGE) } else { Sizes::Mixed(Random::new(random.next())) };
        let mut taken = Taken::default();
        let before = union.len();
        reads::read(&path, sizes, &mut taken, |part| {
            union.add(part, |line, former: Option<Seen>| {
                let passes = former.map_or(0, |former| former.passes) + 1;
                Seen { lock: locking_state::parse(line), passes, last: pass }
            });
        })
        .with_context(|| path.display().to_string())?;
        records.push(union.end_dump());
        reads_each.push(taken.reads);
        bytes += taken.bytes;
        quiet = if union.len() > before { 0 } else { quiet + 1 };
    }
    let seconds = began.elapsed().as_secs_f64();
    let (total, nameless) = (union.len(), union.nameless);
    let mut types: BTreeMap<char, u64> = BTreeMap::new();
    let mut problems: BTreeMap<String, u64> = BTreeMap::new();
    let mut rows = Rows::new();
    for (key, seen) in union.sorted() {
        match &seen.lock {
            Ok(lock) => {
                *types.entry(lock.letter).or_default() += 1;
                let name_hex = (lock.name.as_bytes() != &*key.name).then(|| hex(&key.name));
                rows.row("lock", &Listed { lock, name_hex, copy: key.copy, seen: seen.passes, last_pass: seen.last })?;
            }
            Err(problem) => *problems.entry(format!("{problem:?}")).or_default() += 1,
        }
    }
    rows.end()?;
    let lost: Vec<u64> = records.iter().map(|&here| total.saturating_sub(here)).collect();
    let fields = json!({
        "path": path,
        "locks": total,
        "types": types,
        "passes": pass,
        "complete": quiet >= QUIET_PASSES,
        "reads": reads_each.iter().sum::<u64>(),
        "bytes": bytes,
        "seconds": seconds,
        "lost_per_pass": lost,
        "reads_per_pass": reads_each,
        "seed": seed,
        "nameless": nameless,
        "problems": problems,
    });
    Ok(event::emit("summary", &fields)?)
}
