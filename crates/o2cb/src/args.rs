//! The arguments. Global options come before or after the command; `o2cb(8)` wants them before.

use crate::place::Place;
use crate::{collect_verb, config, doctor, forecast, lock, stack, volumes, watch};
use clap::{ArgAction, CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;

/// Operates and explains O2CB, the cluster stack of OCFS2
#[derive(Debug, Parser)]
#[command(name = "o2cb", version, disable_version_flag = true, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// The cluster's configuration [default: /etc/ocfs2/cluster.conf]
    #[arg(long, value_name = "PATH", global = true)]
    config_file: Option<PathBuf>,
    /// Tell what is done; twice: also what is looked at
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Tell the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: (),
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    #[command(flatten)]
    Config(config::Verb),
    #[command(flatten)]
    Stack(stack::Verb),
    /// Tell what is wrong, why, and what to do; and what happened before: exit code 0 nothing is wrong, 1 something is, 3 not all could be seen
    Doctor(doctor::Options),
    /// List the OCFS2 volumes of this machine
    Volumes(volumes::Options),
    /// Tell what the cluster will do when its network splits, its storage hangs or fails, or a node is lost
    Forecast(Box<forecast::Options>),
    /// Run a command under a lock that all nodes of the cluster know: flock(1) through dlmfs
    Lock(lock::Options),
    /// Watch heartbeats, connections and domains: live, as text or JSON, to the log, or for a hook
    Watch(watch::Options),
    /// Collect on this node and talk to a viewer on stdin and stdout (started by it over ssh)
    #[command(hide = true)]
    Collect(collect_verb::Options),
    /// Print completions for a shell
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the man page, or write those of all commands
    Man {
        /// A folder for the pages of all commands, such as /usr/local/share/man/man1
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
    },
}

impl Cli {
    /// Whether the arguments, which are not understood, are those of this verb.
    pub fn meant(verb: &str) -> bool {
        let matches = Cli::command().ignore_errors(true).try_get_matches();
        matches.is_ok_and(|matches| matches.subcommand_name() == Some(verb))
    }

    /// The machine that the arguments are about.
    pub fn place(&self) -> Place {
        Place::new(self.config_file.as_deref())
    }
}
