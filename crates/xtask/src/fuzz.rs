//! `cargo xtask fuzz`: runs every fuzz target for a number of executions, one after the other.

use crate::dumps::{NodeLocks, Shape};
use crate::paths;
use anyhow::{Context as _, bail};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

mod disk_seeds;
mod seeds;

/// Longest input: ten lines of a dump.
const MAX_LEN: u32 = 4096;
/// The same where a dump has short lines: three whole blocks of `locking_state`. Longer inputs only cost time, for each of up to
/// 600 resources in one is printed and read again.
const MAX_LEN_SHORT_LINES: u32 = 1024;

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
        command.args(["run", target, "--"]).arg(format!("-runs={}", options.runs)).arg(format!("-max_len={}", max_len(target)));
        command.args(["-print_final_stats=1", "-verbosity=0", "-timeout=60"]).current_dir(paths::root());
        if !command.status().context("cargo +nightly does not start")?.success() {
            bail!("{target} failed: it does not build, or the input named above lies in fuzz/artifacts/{target}");
        }
    }
    println!("nothing was found in {} targets", targets.len());
    Ok(())
}

fn max_len(target: &str) -> u32 {
    if target == "o2dlm_locking_state" { MAX_LEN_SHORT_LINES } else { MAX_LEN }
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
        "fs_state" => vec![seeds::FS_STATE.to_owned()],
        // A block each: the fuzzer joins them itself.
        "o2dlm_locking_state" => seeds::O2DLM_LOCKING_STATE.split_inclusive("\n\n").map(str::to_owned).collect(),
        "dlm_state" => vec![seeds::DLM_STATE.to_owned()],
        "send_tracking" => {
            vec![seeds::SEND_TRACKING.to_owned(), seeds::NET_STATS.to_owned(), seeds::MLE_STATE.to_owned(), seeds::PURGE_LIST.to_owned()]
        }
        "proc" => vec![
            seeds::TASK_STATUS.to_owned(),
            seeds::STACK.to_owned(),
            seeds::FDINFO.to_owned(),
            seeds::FILE_LOCKS.to_owned(),
            seeds::TASK_STAT.to_owned(),
        ],
        "dlm_locks" => vec![seeds::DLM_LOCKS.to_owned()],
        "dlm_all" => vec![seeds::DLM_ALL.to_owned(), seeds::DLM_ALL_612.to_owned()],
        "dlm_toss" => vec![seeds::DLM_TOSS.to_owned()],
        "dlm_text" => vec![seeds::DLM_TEXT.to_owned()],
        "dlm_waiters" => {
            vec![seeds::DLM_WAITERS.to_owned(), "AF_INET\t10.9.0.3\n".to_owned(), "55\n".to_owned(), "ESTABLISHED\n".to_owned()]
        }
        "mountinfo" => vec![seeds::MOUNTINFO.to_owned(), seeds::MOUNTS.to_owned()],
        "glocks" => vec![seeds::GLOCKS.to_owned(), seeds::OLD_GLOCKS.to_owned()],
        "glstats" => vec![seeds::GLSTATS.to_owned()],
        "sbstats" => vec![format!("{0}\n\n{0}", seeds::SBSTATS)],
        "hist" => vec![seeds::HIST.to_owned()],
        "cluster_conf" => vec![seeds::CLUSTER_CONF.to_owned(), seeds::ODD_CLUSTER_CONF.to_owned()],
        "sysconfig" => vec![seeds::SYSCONFIG.to_owned()],
        "kernel_log" => vec![seeds::KILLED_SURVIVOR.to_owned(), seeds::GLOBAL_START.to_owned()],
        "network" => vec![
            seeds::NET_TCP.to_owned(),
            seeds::ROUTES.to_owned(),
            seeds::FIB_TRIE.to_owned(),
            seeds::CLUSTER_CONF.to_owned(),
            seeds::COROSYNC_CONF.to_owned(),
        ],
        "firewall" => vec![seeds::ZONE.to_owned(), seeds::SERVICE.to_owned(), seeds::UFW_RULES.to_owned()],
        "glockfd" => vec![seeds::GLOCKFD.to_owned(), seeds::GFS2_STATUS.to_owned()],
        _ => Vec::new(),
    };
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number}")), seed)?;
    }
    let binary = match target {
        "ocfs2_disk" => disk_seeds::volumes()?,
        "o2hb" => disk_seeds::heartbeats(),
        _ => Vec::new(),
    };
    for (number, seed) in binary.iter().enumerate() {
        fs::write(corpus.join(format!("volume-{number}")), seed)?;
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
