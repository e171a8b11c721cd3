//! Where a lab keeps its files: below `labs/NAME` in the cache. `down` removes all of it.

use crate::cache;
use anyhow::ensure;
use std::path::{Path, PathBuf};

/// A lab's directory.
#[derive(Clone, Debug)]
pub struct Place {
    name: String,
    directory: PathBuf,
}

impl Place {
    /// The directory of the lab `name`: 1 to 9 letters, digits or `_` (it becomes part of device and socket names).
    pub fn of(name: &str) -> anyhow::Result<Place> {
        let good = (1..=9).contains(&name.len()) && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        ensure!(good, "a lab's name is 1 to 9 letters, digits or _, not {name:?}");
        Ok(Place { name: name.to_owned(), directory: cache::directory()?.join("labs").join(name) })
    }

    /// The lab's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the lab is and runs.
    pub fn state(&self) -> PathBuf {
        self.directory.join("lab.json")
    }

    /// The file of a shared disk.
    pub fn disk(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.disk"))
    }

    /// A node's directory.
    pub fn node(&self, node: u8) -> PathBuf {
        self.directory.join(format!("node{node}"))
    }

    /// What a node's kernel and init print.
    pub fn console(&self, node: u8) -> PathBuf {
        self.node(node).join("console")
    }

    /// For `ssh -F`, also by hand and by the programs under test.
    pub fn ssh_config(&self) -> PathBuf {
        self.directory.join("ssh_config")
    }

    /// Where what a failed end-to-end test leaves is kept, also after `down`.
    pub fn failures(&self) -> anyhow::Result<PathBuf> {
        Ok(cache::directory()?.join("failures").join(&self.name))
    }
}
