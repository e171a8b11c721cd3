//! `cargo xtask dist`: the static release binary, one file that runs on every node.
//!
//! `crt-static` is given here and not in `.cargo/config.toml`: without `--target` it would also apply to procedural macros,
//! which cannot be linked statically.

use crate::{elf, paths};
use anyhow::{Context as _, bail, ensure};
use std::process::Command;

/// Runs the command.
pub fn run() -> anyhow::Result<()> {
    let triple = host_triple()?;
    let mut build = Command::new(paths::cargo());
    build.args(["build", "--release", "--package", "dlmtop", "--target", &triple]);
    build.env("RUSTFLAGS", "-C target-feature=+crt-static").current_dir(paths::root());
    ensure!(build.status().context("cargo does not start")?.success(), "the build failed");
    let path = paths::target().join(&triple).join("release/dlmtop");
    let file = std::fs::read(&path).with_context(|| path.display().to_string())?;
    if elf::has_interpreter(&file).with_context(|| path.display().to_string())? {
        bail!("{} is not static: it asks for a dynamic loader (PT_INTERP)", path.display());
    }
    println!("{}  static, {:.2} MB", path.display(), file.len() as f64 / 1e6);
    Ok(())
}

/// What `rustc -vV` calls this machine.
fn host_triple() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("rustc does not start")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV tells no host")?.to_owned())
}
