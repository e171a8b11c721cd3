//! `cargo xtask dist`: the static release binaries, files that run on every node.

use crate::elf;
use anyhow::{Context as _, bail};

/// Runs the command.
pub fn run() -> anyhow::Result<()> {
    for package in ["dlmtop", "o2cb"] {
        let path = lab::programs::build(package)?;
        let file = std::fs::read(&path).with_context(|| path.display().to_string())?;
        if elf::has_interpreter(&file).with_context(|| path.display().to_string())? {
            bail!("{} is not static: it asks for a dynamic loader (PT_INTERP)", path.display());
        }
        println!("{}  static, {:.2} MB", path.display(), file.len() as f64 / 1e6);
    }
    Ok(())
}
