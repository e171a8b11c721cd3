//! Cuts a recording down to what the collector reads.

use anyhow::Context;
use clap::Args;
use std::fs::File;
use std::path::PathBuf;

/// What to cut.
#[derive(Args)]
pub struct Options {
    /// Time series, a tar.zst with `frames/SEQ/NODE/…`.
    from: PathBuf,
    /// Archive to write.
    to: PathBuf,
    /// First frame that is kept.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Last frame that is kept.
    #[arg(long, default_value_t = u64::MAX)]
    last: u64,
}

/// Cuts it.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let from = File::open(&options.from).with_context(|| options.from.display().to_string())?;
    let to = File::create(&options.to).with_context(|| options.to.display().to_string())?;
    collect::recording::cut::cut(from, to, options.first, options.last).context("cutting the recording")?;
    let size = std::fs::metadata(&options.to)?.len();
    println!("{}: {} KB", options.to.display(), size / 1000);
    Ok(())
}
