//! Bringing the cluster stack online and offline, and telling how it stands.

use crate::place::Place;
use clap::Subcommand;

/// Verbs about the running stack.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Tell how the cluster stack stands
    Status,
}

/// Does one.
pub fn run(place: &Place, verb: &Verb, verbose: u8) -> anyhow::Result<u8> {
    let _ = (place, verb, verbose);
    anyhow::bail!("not there yet")
}
