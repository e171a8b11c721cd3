//! Reading, checking and changing `cluster.conf`.

use crate::place::Place;
use clap::Subcommand;

/// Verbs about the configuration file.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the clusters of the configuration
    ListClusters,
}

/// Does one.
pub fn run(place: &Place, verb: &Verb, verbose: u8) -> anyhow::Result<u8> {
    let _ = (place, verb, verbose);
    anyhow::bail!("not there yet")
}
