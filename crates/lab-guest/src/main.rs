//! The one program that runs inside the nodes of a test lab: workloads on the shared file system, independent readings of
//! what the kernel tells about locks, raw recordings, and what tests need to know or to disturb on a node.
//!
//! Everything is one process without forks, since a fork costs 45 to 200 ms in the lab's guests. Standard output is JSON
//! lines, each flushed (`record`: a tar); errors go to standard error with path and errno, and end with code 1.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

mod clock;
mod cost;
mod event;
mod failure;
mod kernel;
mod locks;
mod memory;
mod processes;
mod random;
mod record;
mod remnants;
mod resources;
mod stop;
mod usage;
mod work;

/// Runs inside the nodes of a test lab. Prints JSON lines.
#[derive(Parser)]
#[command(name = "lab-guest", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Works on the shared file system, as users do.
    Work(work::Options),
    /// Lists OCFS2's locks by repeated reading of `locking_state` until nothing new appears.
    Locks(locks::Options),
    /// Lists o2dlm's lock resources; the reading makes the kernel log, so it is done once.
    Resources(resources::Options),
    /// Measures what reading `locking_state` costs the kernel, and what each way of reading loses.
    Cost(cost::Options),
    /// Records the node's lock state frame by frame as a tar on standard output; events go to standard error.
    Record(record::Options),
    /// Steps the node's clock.
    Clock(clock::Options),
    /// Takes memory until little is left, and holds it.
    Memory(memory::Options),
    /// Looks for what a monitor left on the node; ends with 0 if there is nothing, with 3 if there is something.
    Remnants,
    /// Tells CPU time and memory of processes.
    Usage(usage::Options),
}

/// What `remnants` ends with when it found something.
const REMNANTS_FOUND: u8 = 3;

fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Work(options) => work::run(options)?,
        Command::Locks(options) => locks::run(options)?,
        Command::Resources(options) => resources::run(options)?,
        Command::Cost(options) => cost::run(options)?,
        Command::Record(options) => record::run(options)?,
        Command::Clock(options) => clock::run(options)?,
        Command::Memory(options) => memory::run(options)?,
        Command::Remnants => {
            if remnants::run()? {
                return Ok(ExitCode::from(REMNANTS_FOUND));
            }
        }
        Command::Usage(options) => usage::run(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    run(&Arguments::parse().command).unwrap_or_else(|error| {
        eprintln!("lab-guest: {}", failure::text(&error));
        ExitCode::FAILURE
    })
}
