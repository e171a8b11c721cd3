//! End-to-end tests: our programs against real kernels. `cargo xtask lab test [FILTER]`.
//!
//! All run on one boot, in the order of [`TRIALS`]: those that take a node down come last. Each leaves the lab as it found it, so
//! that all can be run again. Nothing waits for a fixed time: each step has a deadline.

use crate::lab::Lab;
use crate::plan::FileSystem::{self, Gfs2, Ocfs2};
use crate::{evidence, fault, interrupt, programs, progress};
use anyhow::{Context as _, ensure};
use clap::Args;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

mod article;
mod completeness;
mod doctor;
mod faults;
mod fencing;
mod flock;
mod gfs2;
mod hot;
mod inside;
mod lock;
mod numbers;
mod reading;
mod remnants;
mod stack;
mod start;
mod tracing;
mod waits;
mod watch;

/// Options of `test`.
#[derive(Debug, Args)]
pub struct Options {
    /// Only tests whose name has this in it
    filter: Option<String>,
    /// Only the core set, for slow engines
    #[arg(long)]
    core: bool,
    /// Without those that wait for minutes: most about fencing, and the thousands of turns of `o2cb lock`
    #[arg(long)]
    short: bool,
    /// Tell the tests' names
    #[arg(long)]
    list: bool,
    /// Use the programs as they were built last
    #[arg(long)]
    no_build: bool,
    /// Run a test that failed so many times again, at the end; it is told that it had failed
    #[arg(long, default_value_t = 0)]
    retry: u32,
}

/// One end-to-end test.
struct Trial {
    name: &'static str,
    /// What must hold.
    claim: &'static str,
    /// Part of the core set.
    core: bool,
    /// The file system that it is about: without it in the lab, it is skipped.
    on: FileSystem,
    run: fn(&mut Bench) -> anyhow::Result<()>,
}

/// Tests that wait for minutes; one of each kind is not among them.
const LONG: [&str; 11] = [
    "fence-stall-all",
    "fence-cut-three",
    "fence-killed",
    "fence-global-stall",
    "fence-global-error",
    "fence-global-majority",
    "fence-global-cut",
    "doctor-stalled-disk",
    "doctor-cut-network",
    "doctor-killed",
    "o2cb-lock",
];

const TRIALS: &[Trial] = &[
    Trial {
        name: "first-numbers",
        claim: "three nodes' numbers within seconds of the start",
        core: true,
        on: Ocfs2,
        run: start::first_numbers,
    },
    Trial {
        name: "creates",
        claim: "N creates by node 1 are told as node 1's, and equal the kernel's counters",
        core: true,
        on: Ocfs2,
        run: numbers::creates,
    },
    Trial {
        name: "contention",
        claim: "every lock's told counts equal the kernel's, with three nodes in one directory",
        core: true,
        on: Ocfs2,
        run: numbers::contention,
    },
    Trial { name: "evicted", claim: "counters that begin anew are counted from there", core: false, on: Ocfs2, run: numbers::evicted },
    Trial {
        name: "complete",
        claim: "the lock list is o2dlm's own, though each dump lacks some",
        core: false,
        on: Ocfs2,
        run: completeness::complete,
    },
    Trial {
        name: "stuck-flock",
        claim: "a held flock is named: inode, holder, waiters, since when",
        core: true,
        on: Ocfs2,
        run: waits::stuck_flock,
    },
    Trial {
        name: "deadlock-flock",
        claim: "two flocks taken in opposite order on two nodes are a deadlock, until one is killed",
        core: false,
        on: Ocfs2,
        run: flock::deadlock_ocfs2,
    },
    Trial {
        name: "inside",
        claim: "--all-nodes on a node finds the others by cluster.conf",
        core: false,
        on: Ocfs2,
        run: inside::all_nodes,
    },
    Trial { name: "ways", claim: "installed, uploaded and shell tell the same", core: false, on: Ocfs2, run: inside::ways },
    Trial {
        name: "reads-only",
        claim: "the collector writes nothing and opens nothing on the mount (strace)",
        core: true,
        on: Ocfs2,
        run: tracing::reads_only,
    },
    Trial { name: "left-quit", claim: "nothing is left on a node after the end", core: true, on: Ocfs2, run: remnants::after_quit },
    Trial { name: "left-killed", claim: "nothing is left on a node after kill -9", core: false, on: Ocfs2, run: remnants::after_kill },
    Trial {
        name: "left-cut",
        claim: "nothing is left on a node after a lost connection",
        core: false,
        on: Ocfs2,
        run: remnants::after_cut,
    },
    Trial {
        name: "gfs2-article",
        claim: "masters and glocks before and after a cp and an rm are what grep counts; what stays is told with its reason",
        core: true,
        on: Gfs2,
        run: article::life,
    },
    Trial {
        name: "gfs2-inode",
        claim: "an inode's two glocks are told on the nodes that have them, with the master that the DLM names",
        core: true,
        on: Gfs2,
        run: article::inode,
    },
    Trial { name: "gfs2-masters", claim: "each node masters as many as grep counts there", core: true, on: Gfs2, run: article::masters },
    Trial {
        name: "gfs2-stuck-flock",
        claim: "a held flock is named: holder and waiters by node and pid, ages, the end",
        core: true,
        on: Gfs2,
        run: flock::stuck_gfs2,
    },
    Trial {
        name: "gfs2-deadlock-flock",
        claim: "two flocks taken in opposite order on two nodes are a deadlock, until one is given back",
        core: false,
        on: Gfs2,
        run: flock::deadlock_gfs2,
    },
    Trial {
        name: "gfs2-hot",
        claim: "three nodes in one directory: its glock is among the first, all DLM requests are counted, and remote demotes",
        core: true,
        on: Gfs2,
        run: hot::directory,
    },
    Trial {
        name: "gfs2-reads-only",
        claim: "the collector writes to its trace instance only, with --no-trace nowhere, and opens nothing on the mount (strace)",
        core: true,
        on: Gfs2,
        run: tracing::reads_only,
    },
    Trial { name: "gfs2-left-quit", claim: "nothing is left on a node after the end", core: true, on: Gfs2, run: remnants::after_quit },
    Trial {
        name: "gfs2-left-killed",
        claim: "nothing is left on a node after kill -9 of the viewer; what a killed collector left, the next one removes",
        core: false,
        on: Gfs2,
        run: remnants::after_kill,
    },
    Trial {
        name: "ssh-killed",
        claim: "ssh killed in the middle of a frame: back by itself, nothing counted twice",
        core: false,
        on: Ocfs2,
        run: faults::ssh_killed,
    },
    Trial {
        name: "ssh-cut",
        claim: "a node without its ssh network: named, not counted, back by itself",
        core: true,
        on: Ocfs2,
        run: faults::ssh_cut,
    },
    Trial {
        name: "clock",
        claim: "a clock stepped by an hour: told, and no figure is wrong by it",
        core: false,
        on: Ocfs2,
        run: faults::clock_stepped,
    },
    Trial {
        name: "debugfs",
        claim: "debugfs unmounted on a node: named with the remedy, back by itself",
        core: false,
        on: Ocfs2,
        run: faults::debugfs_gone,
    },
    Trial {
        name: "unmounted-one",
        claim: "unmounted on one node: named, back by itself",
        core: true,
        on: Ocfs2,
        run: faults::unmounted_one,
    },
    Trial {
        name: "two-volumes",
        claim: "nodes with different volumes: each under its UUID",
        core: false,
        on: Ocfs2,
        run: faults::two_volumes,
    },
    Trial {
        name: "unmounted-all",
        claim: "unmounted everywhere: said so, back by itself",
        core: false,
        on: Ocfs2,
        run: faults::unmounted_all,
    },
    Trial {
        name: "hung",
        claim: "a node that hangs: late within two intervals, back by itself, counts right",
        core: true,
        on: Ocfs2,
        run: faults::hung,
    },
    Trial {
        name: "o2cb-lock",
        claim: "o2cb lock: 1000 increments by each of three nodes are 3000; holders killed, timeouts, values; nothing is left behind",
        core: false,
        on: Ocfs2,
        run: lock::cluster_flock,
    },
    Trial {
        name: "killed",
        claim: "a node without power: named within two intervals, its numbers gone, back after its start",
        core: true,
        on: Ocfs2,
        run: faults::killed,
    },
    Trial {
        name: "o2cb-local",
        claim: "our o2cb from nothing to mounted and back, beside the C tools; what is in the way of offline is named; queries write nothing",
        core: true,
        on: Ocfs2,
        run: stack::whole_life,
    },
    Trial {
        name: "o2cb-refusals",
        claim: "what the kernel refuses is told in words, and nothing is left half done",
        core: false,
        on: Ocfs2,
        run: stack::refusals,
    },
    Trial {
        name: "o2cb-errnos",
        claim: "every errno that this kernel's files give is named, with what it means at that file",
        core: false,
        on: Ocfs2,
        run: stack::errnos,
    },
    Trial {
        name: "o2cb-global",
        claim: "global heartbeat on three regions: nodes and regions come and go while a volume is mounted",
        core: false,
        on: Ocfs2,
        run: stack::three_regions,
    },
    Trial {
        name: "o2cb-slots",
        claim: "heartbeat slots are what debugfs.ocfs2 and the kernel say, for blocks of 512 bytes to 4 KiB",
        core: false,
        on: Ocfs2,
        run: stack::slots,
    },
    Trial {
        name: "fence-stall",
        claim: "one node's storage hangs: it fences itself when and by which rule it was forecast, the others go on",
        core: false,
        on: Ocfs2,
        run: fencing::stall,
    },
    Trial {
        name: "fence-stall-all",
        claim: "the storage hangs for all nodes: nobody fences, as forecast",
        core: false,
        on: Ocfs2,
        run: fencing::stall_all,
    },
    Trial {
        name: "fence-cut-three",
        claim: "one of three nodes loses its network: it fences itself, as forecast",
        core: false,
        on: Ocfs2,
        run: fencing::cut_three,
    },
    Trial {
        name: "fence-cut-two",
        claim: "two nodes lose each other: the higher number fences itself, as forecast",
        core: false,
        on: Ocfs2,
        run: fencing::cut_two,
    },
    Trial {
        name: "fence-killed",
        claim: "a node loses its power: nobody fences, the others go on by when it was forecast",
        core: false,
        on: Ocfs2,
        run: fencing::killed,
    },
    Trial {
        name: "fence-global-stall",
        claim: "the one global region hangs at a node: it fences itself, as forecast",
        core: false,
        on: Ocfs2,
        run: fencing::stall_global,
    },
    Trial {
        name: "fence-global-error",
        claim: "the one global region fails at a node: it fences itself, as forecast",
        core: false,
        on: Ocfs2,
        run: fencing::io_error,
    },
    Trial {
        name: "fence-global-majority",
        claim: "of three global regions one may hang, two may not, as forecast",
        core: false,
        on: Ocfs2,
        run: fencing::stall_one_of_three,
    },
    Trial {
        name: "fence-global-cut",
        claim: "a split of the network with three global regions, as forecast",
        core: false,
        on: Ocfs2,
        run: fencing::cut_global,
    },
    Trial { name: "doctor-healthy", claim: "o2cb doctor has no finding on a healthy cluster", core: true, on: Ocfs2, run: doctor::healthy },
    Trial {
        name: "doctor-files",
        claim: "o2cb doctor names what is wrong in cluster.conf, the defaults, fstab and sysctls, with the fix",
        core: false,
        on: Ocfs2,
        run: doctor::files,
    },
    Trial {
        name: "doctor-differ",
        claim: "o2cb doctor names node tables, timeouts and ports that differ between nodes",
        core: false,
        on: Ocfs2,
        run: doctor::differ,
    },
    Trial {
        name: "doctor-disks",
        claim: "o2cb doctor names a heartbeat that was left over, a volume of another cluster, a slot of a dead node",
        core: false,
        on: Ocfs2,
        run: doctor::disks,
    },
    Trial {
        name: "doctor-stalled-disk",
        claim: "after a stalled disk both ends tell that the storage of the dead node hung",
        core: false,
        on: Ocfs2,
        run: doctor::stalled_disk,
    },
    Trial {
        name: "doctor-cut-network",
        claim: "after a cut network both ends tell who lost the quorum, and why",
        core: false,
        on: Ocfs2,
        run: doctor::cut_network,
    },
    Trial {
        name: "doctor-killed",
        claim: "after a cut power the survivors tell that there was no sign before",
        core: false,
        on: Ocfs2,
        run: doctor::killed,
    },
];

/// What a test works with.
struct Bench {
    lab: Lab,
    /// The program under test, as built for this machine.
    dlmtop: PathBuf,
    /// Where what a test writes is kept if it fails.
    scratch: PathBuf,
    /// Time between samples.
    interval: Duration,
    /// The file system that the test is about.
    on: FileSystem,
}

/// Runs the tests.
pub fn run(name: &str, options: &Options) -> anyhow::Result<ExitCode> {
    let chosen: Vec<&Trial> = TRIALS
        .iter()
        .filter(|trial| options.filter.as_ref().is_none_or(|part| trial.name.contains(part.as_str())))
        .filter(|trial| (trial.core || !options.core) && !(options.short && LONG.contains(&trial.name)))
        .collect();
    ensure!(!chosen.is_empty(), "no test has {:?} in its name; all: cargo xtask lab test --list", options.filter.as_deref().unwrap_or(""));
    if options.list {
        let mut out = std::io::stdout().lock();
        for trial in chosen {
            let core = if trial.core { ", core" } else { "" };
            writeln!(out, "{:20} {} ({}{core})", trial.name, trial.claim, trial.on.word())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let lab = Lab::open(name)?;
    ensure!(lab.plan.nodes == 3 && lab.running().len() == 3, "the tests need three nodes that run: cargo xtask lab up");
    let dlmtop = if options.no_build { programs::built_dlmtop()? } else { programs::push(&lab, &lab.nodes())? };
    let interval = match lab.plan.engine {
        crate::plan::Engine::Uml => Duration::from_secs(2),
        crate::plan::Engine::Qemu => Duration::from_secs(4),
    };
    let scratch = lab.place.directory().join("scratch");
    let mut bench = Bench { lab, dlmtop, scratch, interval, on: Ocfs2 };
    let (able, skipped): (Vec<&Trial>, Vec<&Trial>) = chosen.into_iter().partition(|trial| bench.lab.plan.file_systems.contains(&trial.on));
    for trial in &skipped {
        eprintln!("--- {}: skipped, the lab has no {}: lab up --fs ocfs2,gfs2", trial.name, trial.on.word());
    }
    let (mut passed, mut unsteady, mut left) = (0, Vec::new(), able);
    for attempt in 0..=options.retry {
        let mut failed = Vec::new();
        for trial in left {
            if run_one(&mut bench, trial)? {
                passed += 1;
                if attempt > 0 {
                    unsteady.push(trial.name);
                }
            } else {
                failed.push(trial);
            }
        }
        left = failed;
    }
    crate::cache::discard(&bench.scratch)?;
    let mut out = std::io::stdout().lock();
    if !unsteady.is_empty() {
        writeln!(out, "passed only when run again: {}", unsteady.join(", "))?;
    }
    if !left.is_empty() {
        writeln!(out, "failed: {}", left.iter().map(|trial| trial.name).collect::<Vec<_>>().join(", "))?;
    }
    let more = if skipped.is_empty() { String::new() } else { format!(", {} skipped", skipped.len()) };
    writeln!(out, "{passed} passed, {} failed{more}", left.len())?;
    Ok(if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one test. If it fails, keeps what it left and makes the lab well for the next.
fn run_one(bench: &mut Bench, trial: &Trial) -> anyhow::Result<bool> {
    interrupt::check()?;
    crate::cache::discard(&bench.scratch)?;
    std::fs::create_dir_all(&bench.scratch)?;
    bench.on = trial.on;
    eprintln!("--- {}: {}", trial.name, trial.claim);
    let began = Instant::now();
    let result = (trial.run)(bench);
    let seconds = began.elapsed().as_secs_f64();
    let Err(error) = result else {
        progress::say(&format!("passed: {} ({seconds:.1} s)", trial.name));
        return Ok(true);
    };
    interrupt::check()?;
    progress::say(&format!("FAILED: {} ({seconds:.1} s): {error:#}", trial.name));
    match evidence::keep(&bench.lab, &bench.scratch, trial.name, &format!("{error:#}")) {
        Ok(place) => eprintln!("    what it left is in {}", place.display()),
        Err(error) => eprintln!("    keeping what it left failed: {error:#}"),
    }
    heal(&mut bench.lab).context("making the lab well for the next test")?;
    Ok(false)
}

/// Undoes whatever fault a failed test left.
fn heal(lab: &mut Lab) -> anyhow::Result<()> {
    for node in lab.nodes() {
        for role in crate::network::ROLES {
            lab.network.join(role, node, 0)?;
        }
        match lab.process(node) {
            Ok(process) => process.resume()?,
            Err(_) => fault::power::start(lab, node, false)?,
        }
    }
    let nodes = lab.nodes();
    for &node in &nodes {
        interrupt::wait_for(&format!("node{node} answering ssh"), Duration::from_secs(60), || Ok(lab.ssh.answers(node).then_some(())))?;
        fault::debugfs(lab, node, true)?;
        let remote = "pkill lab-guest; pkill -x dlmtop; mountpoint -q /mnt/other && umount /mnt/other; true";
        lab.ssh.run(node, remote, crate::stack::STEP).with_context(|| format!("making node{node} well"))?;
        for file_system in &lab.plan.file_systems {
            let kind = file_system.word();
            let remote = format!("mountpoint -q /mnt/{kind} || mount -t {kind} /dev/mapper/{kind} /mnt/{kind}");
            lab.ssh.run(node, &remote, crate::stack::STEP).with_context(|| format!("making node{node} well"))?;
        }
    }
    programs::push_built(lab, &nodes)
}

#[cfg(test)]
mod tests {
    use super::{LONG, TRIALS};

    #[test]
    fn a_long_test_is_a_test() {
        for name in LONG {
            assert!(TRIALS.iter().any(|trial| trial.name == name && !trial.core), "{name}");
        }
    }
}
