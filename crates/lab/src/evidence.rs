//! What is kept of a lab that failed: consoles, kernel logs, captures. It outlives `down`.

use crate::cache;
use crate::lab::Lab;
use anyhow::Context as _;
use std::fs;
use std::path::PathBuf;

/// Copies the nodes' consoles to the directory of the failure `what`, which is made anew. Returns it.
pub fn keep_consoles(lab: &Lab, what: &str) -> anyhow::Result<PathBuf> {
    let place = lab.place.failures()?.join(what);
    cache::discard(&place)?;
    fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
    for node in lab.nodes() {
        let console = lab.place.console(node);
        if console.exists() {
            fs::copy(console, place.join(format!("node{node}.console")))?;
        }
    }
    Ok(place)
}
