//! Real clusters on one machine: a few nodes that share disks, booted, broken and judged by one command.
//!
//! `cargo xtask lab …` (docs/lab.md). Nothing here knows dlmtop's formats: the judge of a program must not be the program.

use clap::{Args, Subcommand};
use std::io;
use std::process::ExitCode;

mod bench;
mod bring;
mod cache;
mod engine;
mod evidence;
mod fault;
mod image;
mod interrupt;
mod kernel;
mod lab;
mod network;
mod packages;
mod place;
mod plan;
mod process;
pub mod programs;
mod progress;
mod record;
mod ssh;
mod stack;
mod tool;
mod trial;
mod work;

/// Real clusters on this machine.
#[derive(Debug, Args)]
pub struct Options {
    /// The lab's name: several can run at once
    #[arg(long, value_name = "NAME", default_value = "lab")]
    name: String,
    #[command(subcommand)]
    verb: Verb,
}

/// What to do with a lab.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Install Debian packages, build kernels and the root image into the cache
    Setup(bring::SetUp),
    /// Start a cluster and mount its file systems
    Up(bring::Up),
    /// Tell what runs
    Status,
    /// Log in to a node, or run one command there
    Ssh(bring::Login),
    /// Run a command on nodes at once: NODE… -- CMD
    Exec(bring::Exec),
    /// Build our programs and put them into nodes
    Push(bring::Push),
    /// Run a workload on nodes
    Work(work::Options),
    /// Make a fault, or end it
    Fault {
        #[command(subcommand)]
        fault: fault::Fault,
    },
    /// Run the end-to-end tests on a lab that is up
    Test(trial::Options),
    /// Record the nodes' raw lock state while a story is played on them
    Record(record::Options),
    /// Measure on the lab's kernels what watching costs, as tables for docs/benchmarks.md
    Bench(bench::Options),
    /// End the lab's nodes and remove what it made
    Down,
    /// Remove all that setup built, and what failed tests left
    Clean,
}

/// Runs the command. If who reads its output has seen enough (`lab status | head`), that is no failure.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    match act(options) {
        Err(error) if is_closed_output(&error) => Ok(ExitCode::SUCCESS),
        result => result,
    }
}

/// Whether writing to standard output failed because nobody reads it: what else can break tells where, so its error has a cause.
fn is_closed_output(error: &anyhow::Error) -> bool {
    let broken = error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    broken && error.chain().count() == 1
}

fn act(options: Options) -> anyhow::Result<ExitCode> {
    interrupt::watch()?;
    progress::seconds();
    let name = options.name.as_str();
    match options.verb {
        Verb::Setup(set_up) => bring::set_up(&set_up)?,
        Verb::Up(up) => bring::up(name, up)?,
        Verb::Status => bring::status(name)?,
        Verb::Ssh(login) => return bring::login(name, &login),
        Verb::Exec(exec) => return bring::exec(name, &exec),
        Verb::Push(push) => bring::push(name, &push)?,
        Verb::Work(work) => work::run(&lab::Lab::open(name)?, &work)?,
        Verb::Fault { fault } => fault::make(&mut lab::Lab::open(name)?, &fault)?,
        Verb::Test(test) => return trial::run(name, &test),
        Verb::Record(record) => record::run(&lab::Lab::open(name)?, &record)?,
        Verb::Bench(bench) => bench::run(&lab::Lab::open(name)?, &bench)?,
        Verb::Down => bring::down(name)?,
        Verb::Clean => bring::clean()?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn only_a_reader_who_left_ends_quietly() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_closed_output(&broken().into()));
        assert!(!is_closed_output(&io::Error::from(io::ErrorKind::NotFound).into()));
        let elsewhere = Err::<(), _>(broken()).context("telling node1 a command").unwrap_err();
        assert!(!is_closed_output(&elsewhere));
    }
}
