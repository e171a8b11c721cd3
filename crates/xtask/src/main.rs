//! Commands for developers, run as `cargo xtask …`: generated dumps, benchmarks, recordings, the static binary, fuzzing.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

mod bench;
mod bench_gfs2;
mod cpu;
mod cut;
mod dist;
mod dumps;
#[cfg(test)]
mod dumps_tests;
mod elf;
mod fuzz;
mod generate;
mod generate_gfs2;
mod glocks;
#[cfg(test)]
mod glocks_tests;
mod paths;

/// Commands for developers of dlmtop.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes generated dumps of `locking_state`.
    Gen(generate::Options),
    /// Writes a generated node with a GFS2, as a time series.
    GenGfs2(generate_gfs2::Options),
    /// Measures dlmtop's reading against o2locktop and `wc -l` on the same text; prints a markdown table.
    Bench(bench::Options),
    /// Measures this program's reading of one set of dumps (started by `bench`, so that peak memory is of nothing else).
    #[command(hide = true)]
    BenchOne(bench::ours::Options),
    /// Measures the reading of GFS2's glocks against glocktop on the same files; prints markdown tables.
    BenchGfs2(bench_gfs2::Options),
    /// Measures this program's reading of one generated node (started by `bench-gfs2`).
    #[command(hide = true)]
    BenchGfs2One(bench_gfs2::ours::Options),
    /// Builds the static release binary and checks that it is static.
    Dist,
    /// Cuts a recorded time series (tar.zst) down to what dlmtop reads, as the built-in demo is.
    Cut(cut::Options),
    /// Runs every fuzz target for a number of executions.
    Fuzz(fuzz::Options),
    /// Real clusters on this machine: start, break, test (docs/lab.md).
    Lab(lab::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Gen(options) => generate::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::BenchOne(options) => bench::ours::run(&options),
        Command::GenGfs2(options) => generate_gfs2::run(&options),
        Command::BenchGfs2(options) => bench_gfs2::run(&options),
        Command::BenchGfs2One(options) => bench_gfs2::ours::run(&options),
        Command::Dist => dist::run(),
        Command::Cut(options) => cut::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Lab(options) => return lab::run(options),
    }?;
    Ok(ExitCode::SUCCESS)
}
