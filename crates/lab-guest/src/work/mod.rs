//! What users do with a shared file system. Each workload is this one process; the work is done by the main thread, so that
//! a process that blocks in the kernel is the one that the events name.

use clap::{Args, Subcommand};

mod append;
mod article;
mod contend;
mod deadlock;
mod files;
mod hold;
mod hot;
mod mass;
mod mix;
mod probe;
mod scan;
mod session;
mod tally;

/// Which work.
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    work: Work,
}

#[derive(Subcommand)]
enum Work {
    /// Creates, appends to and unlinks files of random names in one directory; nodes in the same directory contend.
    Hot(hot::Options),
    /// Appends lines to one file that other nodes append to.
    Append(append::Options),
    /// Takes and releases an exclusive flock on one file over and over.
    Contend(contend::Options),
    /// Takes a lock on a file and holds it. Its seconds count from when it has the lock; asked to end while it waits, it
    /// says `gave_up`.
    Hold(hold::Options),
    /// Has one flock and wants another: run with the two files the other way round on another node, they wait for each
    /// other. Asked to end, it gives back the first.
    Deadlock(deadlock::Options),
    /// Reads a directory tree and stats all in it.
    Scan(scan::Options),
    /// Copies a file of random bytes in.
    Copy(article::CopyOptions),
    /// Reads a file.
    Read(article::ReadOptions),
    /// Deletes a file.
    Delete(article::DeleteOptions),
    /// Creates, stats or unlinks many files.
    Mass(mass::Options),
    /// Appends, creates, renames, locks, stats and unlinks in one directory.
    Mix(mix::Options),
    /// Touches shared files gently and tells every operation that took long.
    Probe(probe::Options),
}

/// Works.
pub fn run(options: &Options) -> anyhow::Result<()> {
    match &options.work {
        Work::Hot(options) => hot::run(options),
        Work::Append(options) => append::run(options),
        Work::Contend(options) => contend::run(options),
        Work::Hold(options) => hold::run(options),
        Work::Deadlock(options) => deadlock::run(options),
        Work::Scan(options) => scan::run(options),
        Work::Copy(options) => article::copy(options),
        Work::Read(options) => article::read(options),
        Work::Delete(options) => article::delete(options),
        Work::Mass(options) => mass::run(options),
        Work::Mix(options) => mix::run(options),
        Work::Probe(options) => probe::run(options),
    }
}
