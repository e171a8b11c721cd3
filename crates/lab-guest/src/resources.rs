//! All lock resources that o2dlm has on this node.

use crate::event::{self, Rows};
use crate::kernel::o2dlm;
use crate::kernel::reads::{self, PAGE, Sizes};
use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Which domain.
#[derive(Args)]
pub struct Options {
    /// Domain as debugfs has it: the volume's UUID, or a directory of dlmfs.
    domain: String,
    /// Only counts, by `dlm_state`: the kernel logs nothing.
    #[arg(long)]
    count: bool,
}

/// Lists them.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let domain = Path::new("/sys/kernel/debug/o2dlm").join(&options.domain);
    let state = domain.join("dlm_state");
    let counts = || -> anyhow::Result<Option<(u64, u64)>> {
        let (text, _) = reads::read_all(&state, Sizes::Fixed(PAGE)).with_context(|| state.display().to_string())?;
        Ok(o2dlm::counts(&String::from_utf8_lossy(&text)))
    };
    let before = counts()?;
    let now = |counts: Option<(u64, u64)>| counts.map(|(now, _)| now);
    let ever = |counts: Option<(u64, u64)>| counts.map(|(_, ever)| ever);
    if options.count {
        let fields = json!({ "path": state, "count": now(before), "ever": ever(before) });
        return Ok(event::emit("summary", &fields)?);
    }
    let path = domain.join("locking_state");
    let began = Instant::now();
    // One resource comes per read, whatever the size.
    let (text, taken) = reads::read_all(&path, Sizes::Fixed(16 * PAGE)).with_context(|| path.display().to_string())?;
    let seconds = began.elapsed().as_secs_f64();
    let after = counts()?;
    let resources = o2dlm::resources(&text);
    let mut rows = Rows::new();
    for resource in &resources {
        rows.row("resource", resource)?;
    }
    rows.end()?;
    let fields = json!({
        "path": path,
        "resources": resources.len(),
        "locks": resources.iter().map(|resource| resource.locks.len()).sum::<usize>(),
        "unread": resources.iter().map(|resource| resource.unread.len()).sum::<usize>(),
        "count_before": now(before),
        "count": now(after),
        "ever": ever(after),
        "reads": taken.reads,
        "bytes": taken.bytes,
        "seconds": seconds,
    });
    Ok(event::emit("summary", &fields)?)
}
