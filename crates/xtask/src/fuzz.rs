//! `cargo xtask fuzz`: runs every fuzz target for a number of executions, one after the other.

use crate::dumps::{NodeLocks, Shape};
use crate::paths;
use anyhow::{Context as _, bail};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Longest input: ten lines of a dump.
const MAX_LEN: usize = 4096;

/// Which targets, and how long.
#[derive(clap::Args)]
pub struct Options {
    /// Executions of each target.
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
    /// Only these targets.
    targets: Vec<String>,
}

/// Runs the command.
pub fn run(options: &Options) -> anyhow::Result<()> {
    check_tools()?;
    let fuzz = paths::root().join("fuzz");
    let targets = if options.targets.is_empty() { all_targets(&fuzz)? } else { options.targets.clone() };
    for target in &targets {
        println!("== {target}: {} executions", options.runs);
        write_seeds(&fuzz, target)?;
        let mut command = fuzz_command();
        command.args(["run", target, "--"]).arg(format!("-runs={}", options.runs)).arg(format!("-max_len={MAX_LEN}"));
        command.args(["-print_final_stats=1", "-verbosity=0", "-timeout=60"]).current_dir(paths::root());
        if !command.status().context("cargo +nightly does not start")?.success() {
            bail!("{target} failed: it does not build, or the input named above lies in fuzz/artifacts/{target}");
        }
    }
    println!("nothing was found in {} targets", targets.len());
    Ok(())
}

/// `cargo +nightly fuzz`. Not this program's cargo: only rustup's knows `+nightly`.
fn fuzz_command() -> Command {
    let mut command = Command::new("cargo");
    command.args(["+nightly", "fuzz"]).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    command
}

fn check_tools() -> anyhow::Result<()> {
    let works = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !works(Command::new("cargo").args(["+nightly", "--version"]).env_remove("RUSTUP_TOOLCHAIN")) {
        bail!("fuzzing needs a nightly toolchain: rustup toolchain install nightly");
    }
    if !works(fuzz_command().arg("--version")) {
        bail!("fuzzing needs cargo-fuzz: cargo install cargo-fuzz");
    }
    Ok(())
}

fn all_targets(fuzz: &Path) -> anyhow::Result<Vec<String>> {
    let mut targets = Vec::new();
    for file in fs::read_dir(fuzz.join("fuzz_targets")).context("fuzz/fuzz_targets")? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    targets.sort();
    Ok(targets)
}

/// Texts to start from: no fuzzer finds 86 fields by itself.
fn write_seeds(fuzz: &Path, target: &str) -> anyhow::Result<()> {
    let corpus = fuzz.join("corpus").join(target);
    fs::create_dir_all(&corpus).with_context(|| corpus.display().to_string())?;
    let seeds = match target {
        "locking_state" => dumps(),
        "fs_state" => vec![FS_STATE.to_owned()],
        "mountinfo" => vec![MOUNTINFO.to_owned(), MOUNTS.to_owned()],
        _ => Vec::new(),
    };
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}

/// Two passes of a few locks in each version; an empty line ends a pass (see the target).
fn dumps() -> Vec<String> {
    let mut dumps = Vec::new();
    for version in 1..=4 {
        for signed_lvb in [false, true] {
            let shape = Shape { locks: 200, version, signed_lvb, lvb: 1.0, active: 0.5, complete: true, ..Shape::default() };
            let mut locks = NodeLocks::new(&shape, 1);
            let mut text = String::new();
            for _ in 0..2 {
                text.extend(locks.text().split_inclusive('\n').take(4));
                text.push('\n');
                locks.advance();
            }
            dumps.push(text);
        }
    }
    dumps
}

const FS_STATE: &str = "    Device => Id: 254,16  Uuid: D3C123F4B7EA4CAD87B04CA0CBCB3C0B  Gen: 0xF10E1D25  Label: lab
    Volume => State: 2  Flags: 0x0
     Sizes => Block: 4096  Cluster: 4096
   Cluster => Stack: o2cb  Name: D3C123F4B7EA4CAD87B04CA0CBCB3C0B  Version: 1.0
  Recovery => Pid: 77  Nodes: 2 3
     Slots => Num     RecoGen
                0           0
            *   2           0
";

const MOUNTINFO: &str = "36 35 254:16 / /mnt/my\\040share rw,relatime shared:1 master:2 - ocfs2 /dev/vdb rw,heartbeat=local\n37 35 0:5 / /dev rw - devtmpfs udev rw\n";

const MOUNTS: &str = "/dev/vdb /mnt/my\\040share ocfs2 rw,relatime,heartbeat=local 0 0\n";
