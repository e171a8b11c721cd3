//! The OCFS2 volumes of this machine.

use crate::place::Place;
use clap::Args;

/// Options of `volumes`.
#[derive(Debug, Args)]
pub struct Options {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Lists them.
pub fn run(place: &Place, options: &Options) -> anyhow::Result<u8> {
    let _ = (place, options);
    anyhow::bail!("not there yet")
}
