//! The commands that make and end labs.

use crate::image::Root;
use crate::kernel;
use crate::lab::{self, Lab, names};
use crate::network::Network;
use crate::plan::{Disk, Engine, FileSystem, Plan, Series, Stack, Timeouts};
use crate::process::Process;
use crate::ssh::quote;
use crate::stack;
use crate::{cache, interrupt, packages, programs, progress};
use anyhow::{Context as _, ensure};
use clap::Args;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

/// Options of `setup`.
#[derive(Debug, Args)]
pub struct SetUp {
    /// Only what this engine needs [default: both]
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    /// Only this kernel [default: 6.1 for uml, both for qemu]
    #[arg(long, value_enum)]
    kernel: Option<Series>,
}

/// Options of `up`.
#[derive(Debug, Args)]
pub struct Up {
    /// What runs the nodes
    #[arg(long, value_enum, default_value = "uml")]
    engine: Engine,
    /// Their kernel
    #[arg(long, value_enum, default_value = "6.1")]
    kernel: Series,
    /// How many nodes, 1 to 8
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=8))]
    nodes: u8,
    /// What to mount on all nodes
    #[arg(long = "fs", value_enum, value_delimiter = ',', default_value = "ocfs2")]
    file_systems: Vec<FileSystem>,
    /// Under what OCFS2 runs
    #[arg(long, value_enum, default_value = "o2cb-local")]
    stack: Stack,
    /// O2CB's heartbeat dead threshold
    #[arg(long, default_value_t = Timeouts::DEFAULT.threshold, value_parser = clap::value_parser!(u32).range(2..))]
    threshold: u32,
    /// O2CB's network idle timeout, ms
    #[arg(long, default_value_t = Timeouts::DEFAULT.idle_ms)]
    idle_timeout: u32,
    /// Memory of a node, MiB [default: 384]
    #[arg(long, default_value_t = 384)]
    memory: u64,
    /// Size of the OCFS2 and GFS2 disks, MiB (sparse)
    #[arg(long, default_value_t = 4096)]
    disk: u64,
    /// Only boot the nodes: no stack, no file system
    #[arg(long)]
    bare: bool,
}

/// Options of `ssh`.
#[derive(Debug, Args)]
pub struct Login {
    /// Node: 1 or node1
    #[arg(value_parser = node_number)]
    node: u8,
    /// Command, as ssh takes it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// Options of `push`.
#[derive(Debug, Args)]
pub struct Push {
    /// Nodes [default: all that run]
    #[arg(value_parser = node_number)]
    nodes: Vec<u8>,
}

/// Options of `exec`.
#[derive(Debug, Args)]
pub struct Exec {
    /// Nodes [default: all that run]
    #[arg(value_parser = node_number)]
    nodes: Vec<u8>,
    /// Program and arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// `3` or `node3`.
pub fn node_number(text: &str) -> Result<u8, String> {
    match text.strip_prefix("node").unwrap_or(text).parse() {
        Ok(number @ 1..=8) => Ok(number),
        _ => Err("expected a node: 1 to 8, or node1 to node8".to_owned()),
    }
}

fn must_be_root() -> anyhow::Result<()> {
    ensure!(nix::unistd::geteuid().is_root(), "the lab needs root: for network namespaces, and for files that belong to the nodes' root");
    Ok(())
}

/// Builds what is missing in the cache.
pub fn set_up(options: &SetUp) -> anyhow::Result<()> {
    must_be_root()?;
    packages::install()?;
    Root::set_up()?;
    for engine in [Engine::Uml, Engine::Qemu] {
        if options.engine.is_some_and(|only| only != engine) {
            continue;
        }
        let default: &[Series] = match engine {
            Engine::Uml => &[Series::V6_1],
            Engine::Qemu => &[Series::V6_1, Series::V6_12],
        };
        for &series in options.kernel.as_ref().map_or(default, std::slice::from_ref) {
            kernel::set_up(engine, series)?;
        }
    }
    progress::say(&format!("all is in {}", cache::directory()?.display()));
    Ok(())
}

/// Starts a lab. What was begun is taken back if it does not come up.
pub fn up(name: &str, options: Up) -> anyhow::Result<()> {
    must_be_root()?;
    let heartbeat = ["hb1", "hb2", "hb3"].map(|name| Disk { name: name.to_owned(), mebibytes: 256 });
    let data = ["ocfs2", "other", "gfs2"].map(|name| Disk { name: name.to_owned(), mebibytes: options.disk });
    let plan = Plan {
        engine: options.engine,
        kernel: options.kernel,
        nodes: options.nodes,
        file_systems: options.file_systems,
        stack: options.stack,
        timeouts: Timeouts { threshold: options.threshold, idle_ms: options.idle_timeout, ..Timeouts::DEFAULT },
        memory: options.memory,
        disks: data.into_iter().chain(heartbeat).collect(),
    };
    let mut lab = Lab::new(name, plan)?;
    // What is missing is told before anything is begun.
    lab.machine()?;
    let begun = begin(&mut lab, options.bare);
    if let Err(error) = begun {
        interrupt::forget();
        progress::say("it does not come up: taking back what was begun");
        let kept = crate::evidence::keep_consoles(&lab, "up");
        lab.remove().context("taking back what was begun")?;
        return Err(match kept {
            Ok(place) => error.context(format!("the lab {name:?} did not come up; consoles are in {}", place.display())),
            Err(_) => error.context(format!("the lab {name:?} did not come up")),
        });
    }
    progress::say(&format!("the lab {name:?} is up; by hand: ssh -F {} node1", lab.place.ssh_config().display()));
    Ok(())
}

fn begin(lab: &mut Lab, bare: bool) -> anyhow::Result<()> {
    lab.lay_out()?;
    let nodes = lab.nodes();
    lab.boot(&nodes)?;
    programs::push(lab, &nodes)?;
    if !bare {
        stack::bring_up(lab)?;
    }
    Ok(())
}

/// Puts our programs into nodes.
pub fn push(name: &str, options: &Push) -> anyhow::Result<()> {
    let lab = Lab::open(name)?;
    programs::push(&lab, &lab.able(&options.nodes)?)?;
    Ok(())
}

/// Tells what runs.
pub fn status(name: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let all = Lab::names()?;
    let others: Vec<&String> = all.iter().filter(|other| *other != name).collect();
    if all.iter().any(|other| other == name) {
        let lab = Lab::open(name)?;
        let plan = &lab.plan;
        writeln!(
            out,
            "{name}: {} nodes, {} with Linux {}, {:?} under {:?}, threshold {}",
            plan.nodes,
            plan.engine.name(),
            plan.kernel.name(),
            plan.file_systems,
            plan.stack,
            plan.timeouts.threshold
        )?;
        let running = lab.running();
        for node in lab.nodes() {
            let told = if lab.process(node).is_ok_and(Process::paused) {
                "is paused".to_owned()
            } else if running.contains(&node) {
                let ask = "grep -E '^[^ ]+ /mnt/' /proc/mounts | cut -d' ' -f2,3; cut -d' ' -f1-3 /proc/loadavg";
                match lab.ssh.run(node, ask, Duration::from_secs(10)) {
                    Ok(said) => said.lines().collect::<Vec<_>>().join(", "),
                    Err(_) => "runs, but does not answer ssh".to_owned(),
                }
            } else {
                "does not run".to_owned()
            };
            writeln!(out, "  node{node}: {told}")?;
        }
        writeln!(out, "  ssh -F {} node1", lab.place.ssh_config().display())?;
    } else {
        writeln!(out, "no lab {name:?} runs; start it: cargo xtask lab up")?;
    }
    for other in others {
        writeln!(out, "also: {other} (cargo xtask lab --name {other} status)")?;
    }
    Ok(())
}

/// Logs in to a node.
pub fn login(name: &str, options: &Login) -> anyhow::Result<ExitCode> {
    let lab = Lab::open(name)?;
    lab.able(&[options.node])?;
    let mut command = lab.ssh.command(options.node, None);
    command.args(&options.command);
    let status = command.status().context("ssh does not start")?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(255)).unwrap_or(255)))
}

/// Runs a command on nodes at once; each line of its output begins with the node.
pub fn exec(name: &str, options: &Exec) -> anyhow::Result<ExitCode> {
    let lab = Lab::open(name)?;
    let nodes = lab.able(&options.nodes)?;
    let remote = options.command.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    let outputs = crate::ssh::on_each(&nodes, |node| lab.ssh.output(node, &remote, &[], Duration::from_secs(3600)))?;
    let mut code = 0;
    for (node, output) in nodes.iter().zip(outputs) {
        for (stream, to_stderr) in [(&output.stdout, false), (&output.stderr, true)] {
            for line in String::from_utf8_lossy(stream).lines() {
                if to_stderr {
                    eprintln!("node{node}: {line}");
                } else {
                    writeln!(std::io::stdout(), "node{node}: {line}")?;
                }
            }
        }
        if !output.status.success() {
            eprintln!("node{node}: {}", output.status);
            code = output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(255);
        }
    }
    Ok(ExitCode::from(code))
}

/// Ends a lab.
pub fn down(name: &str) -> anyhow::Result<()> {
    must_be_root()?;
    let mut lab = match Lab::open(name) {
        Ok(lab) => lab,
        // Interrupted before its state was written, or written by another version: the rest of it is found by its name.
        Err(error) => {
            let (place, network) = (crate::place::Place::of(name)?, Network::of(name));
            if place.directory().exists() || network.exists()? {
                lab::remove_left(&place, &network)?;
                progress::say(&format!("what was left of the lab {name:?} is gone"));
                return Ok(());
            }
            return Err(error);
        }
    };
    let running = lab.running();
    lab.remove()?;
    progress::say(&format!("the lab {name:?} is gone ({} ended)", if running.is_empty() { "no node".to_owned() } else { names(&running) }));
    Ok(())
}

/// Empties the cache.
pub fn clean() -> anyhow::Result<()> {
    let labs = Lab::names()?;
    ensure!(labs.is_empty(), "these labs are there: {}; end them first: cargo xtask lab --name NAME down", labs.join(", "));
    let directory = cache::directory()?;
    cache::discard(&directory)?;
    progress::say(&format!("{} is removed", directory.display()));
    Ok(())
}
