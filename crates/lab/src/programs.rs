//! Our own programs, static release builds, and their way into the nodes.

use crate::lab::Lab;
use crate::{progress, tool};
use anyhow::{Context as _, ensure};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the nodes get, and where. `o2cb` is not on the path: Debian's init script must find the C tool of this name.
const PROGRAMS: [(&str, &str); 3] = [("dlmtop", "/usr/local/bin/dlmtop"), ("lab-guest", "/usr/local/bin/lab-guest"), ("o2cb", O2CB)];

/// Our `o2cb` in the nodes.
pub const O2CB: &str = "/opt/o2cb/o2cb";

/// The workspace's root directory.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Builds a package's program statically. Returns where it is.
///
/// `crt-static` is given here and not in `.cargo/config.toml`: without `--target` it would also apply to procedural macros,
/// which cannot be linked statically.
pub fn build(package: &str) -> anyhow::Result<PathBuf> {
    let triple = host_triple()?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--quiet", "--package", package, "--target", &triple]);
    build.env("CARGO_ENCODED_RUSTFLAGS", rust_flags().join("\x1f")).current_dir(workspace());
    ensure!(tool::show(build)?.success(), "building {package} failed");
    Ok(built(package, &triple))
}

/// Static, and without the paths of this machine in the messages of panics.
fn rust_flags() -> Vec<String> {
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned(), format!("--remap-path-prefix={}=.", workspace().display())];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let registries = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok());
    let mut folders: Vec<PathBuf> = registries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    // Other flags would build everything anew.
    folders.sort();
    flags.extend(folders.iter().map(|folder| format!("--remap-path-prefix={}=", folder.display())));
    flags
}

fn built(package: &str, triple: &str) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), |set| workspace().join(set));
    target.join(triple).join("release").join(package)
}

/// What `rustc -vV` calls this machine.
fn host_triple() -> anyhow::Result<String> {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let text = tool::run(&rustc, ["-vV"])?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV tells no host")?.to_owned())
}

/// dlmtop as it was built last.
pub fn built_dlmtop() -> anyhow::Result<PathBuf> {
    Ok(built("dlmtop", &host_triple()?))
}

/// Builds our programs and puts them into `nodes`. Returns where dlmtop is.
pub fn push(lab: &Lab, nodes: &[u8]) -> anyhow::Result<PathBuf> {
    progress::say("building our programs");
    for (program, _) in PROGRAMS {
        build(program)?;
    }
    push_built(lab, nodes)?;
    progress::say(&format!("{} have {}", crate::lab::names(nodes), PROGRAMS.map(|(program, _)| program).join(", ")));
    built_dlmtop()
}

/// Puts what was built last into `nodes`.
pub fn push_built(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    let triple = host_triple()?;
    crate::ssh::on_each(nodes, |node| lab.ssh.run(node, "mkdir -p /opt/o2cb", crate::stack::STEP))?;
    for (program, place) in PROGRAMS {
        let path = built(program, &triple);
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        crate::ssh::on_each(nodes, |node| lab.ssh.write(node, place, 0o755, &bytes))?;
    }
    Ok(())
}
