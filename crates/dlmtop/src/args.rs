//! The command line: one definition for parsing, help, man page and completions.

#![expect(clippy::doc_markdown, reason = "these comments are printed as help, where backticks would stand as they are")]

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  dlmtop                                    every OCFS2 and GFS2 mount of this machine
  dlmtop -n node1 -n node2 /mnt/shared      one file system on two nodes, over ssh
  dlmtop --all-nodes                        all nodes of the cluster that this machine is part of
  dlmtop --batch --count 2 --top 10         one interval as text
  dlmtop --json --count 5 /mnt/shared       five samples for a program
  dlmtop --from incident.tar.zst            play a recording at its own speed
  dlmtop waits --all-nodes                  who waits for whom, since when, on which node and pid
  dlmtop inode 0x183f3 --all-nodes          one inode: every lock, queue and master on every node
  dlmtop masters --all-nodes                does one node master everything?
  dlmtop demo                               play the built-in recording of a real cluster

Exit status:
  0  all well        1  nothing could be collected
  2  wrong usage     3  some node or line failed; the rest was printed";

/// Live monitor of OCFS2 and GFS2 cluster locks on all nodes at once
#[derive(Debug, Parser)]
#[command(name = "dlmtop", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true, max_term_width = 110)]
pub struct Cli {
    /// Something else than watching
    #[command(subcommand)]
    pub command: Option<Verb>,
    /// Watching
    #[command(flatten)]
    pub watch: Watch,
}

/// Something else than watching nodes.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Play the built-in recording of a real three-node cluster
    Demo(Demo),
    /// The locks that cost time now (what dlmtop shows without a verb)
    Hot(Watch),
    /// Who waits for whom: chains over all nodes and file systems, deadlocks, and what each wait is for
    Waits(Watch),
    /// Which node masters how many resources, used by whom
    Masters(Watch),
    /// O2CB's stack: heartbeats, connections and domains, and who is how far from fencing itself
    O2cb(Watch),
    /// Everything about one inode: its locks, resources, queues and masters on every node
    Inode(Inode),
    /// What happens to locks and masters from one moment to the next, or while a command runs
    Life(Life),
    /// Behave as o2locktop: its options, keys, columns and log
    #[command(disable_version_flag = true, disable_help_flag = true)]
    O2locktop {
        /// o2locktop's own arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Collect on this node and talk to a viewer on stdin and stdout (started by it over ssh)
    Collect {
        /// Print the protocol's version and end
        #[arg(long)]
        protocol: bool,
        /// Look at processes once: a request on stdin, the answer on stdout (started by the collector)
        #[arg(long, hide = true)]
        tasks: bool,
        /// Print the inode of a path (started where asking may hang)
        #[arg(long, hide = true, value_name = "PATH")]
        inode_of: Option<PathBuf>,
        /// Read this device for the collector (which starts this: a device may hang)
        #[arg(long, hide = true, value_name = "PATH")]
        device: Option<PathBuf>,
    },
    /// Print the completion script of a shell
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
    /// Print what each column tells
    Columns,
    /// Print the keys
    Keys,
}

/// Options of `inode`.
#[derive(Debug, Args)]
pub struct Inode {
    /// Inode number, decimal or 0xHEX, or a path on this machine
    #[arg(value_name = "INO|0xHEX|PATH")]
    pub which: String,
    /// Where to look, and how
    #[command(flatten)]
    pub watch: Watch,
}

/// Options of `life`.
#[derive(Debug, Args)]
pub struct Life {
    /// The node (as named with -n) on which the command runs; else this machine
    #[arg(long, value_name = "NODE")]
    pub on: Option<String>,
    /// Seconds from the first sample to the second, if no command is given; and from the command's end to the last sample
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub after: Option<f64>,
    /// With --from: compare its last moment with that of this recording, instead of the first with the last of one
    #[arg(long, value_name = "PATH")]
    pub then: Option<PathBuf>,
    /// Only locks of this inode, decimal or 0xHEX
    #[arg(long = "only", value_name = "INO|0xHEX")]
    pub only: Option<String>,
    /// Where to look, and how
    #[command(flatten)]
    pub watch: Watch,
    /// Command to run between the samples
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<String>,
}

/// Options of the demo.
#[derive(Debug, Args)]
pub struct Demo {
    /// Play so many times as fast as recorded, or `max`
    #[arg(long, value_name = "X", default_value = "3", value_parser = speed)]
    pub speed: Speed,
    /// What to show, and how
    #[command(flatten)]
    pub show: Show,
}

/// Options of watching.
#[derive(Clone, Debug, Args)]
pub struct Watch {
    /// Mount points, UUIDs or lock tables to watch; every OCFS2 and GFS2 mount if none is given
    #[arg(value_name = "MOUNT")]
    pub mounts: Vec<String>,
    /// Node to watch over ssh: NODE, USER@NODE, NODE:PORT or an alias of ssh_config; repeatable
    #[arg(short = 'n', long = "node", value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Watch all nodes that this machine's cluster configuration names
    #[arg(long, conflicts_with_all = ["nodes", "from"])]
    pub all_nodes: bool,
    /// Play a recording or capture: a folder of node roots, a time series, what gfs2_lockcapture or sosreport collect; also as tar,
    /// tar.zst, tar.bz2 or tar.xz
    #[arg(long, value_name = "PATH", conflicts_with = "nodes")]
    pub from: Option<PathBuf>,
    /// Play so many times as fast as recorded, or `max` (a pipe gets `max` by itself)
    #[arg(long, value_name = "X", requires = "from", value_parser = speed)]
    pub speed: Option<Speed>,
    /// Seconds between samples [default: 2]
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds)]
    pub interval: Option<f64>,
    /// Share of one CPU that reading may cost a node, in percent; the interval is stretched to keep it [default: 5]
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub cpu_share: Option<f64>,
    /// On the nodes, collect through `sudo -n`
    #[arg(long)]
    pub sudo: bool,
    /// Never send this program to a node: use the installed one, or a shell
    #[arg(long)]
    pub no_upload: bool,
    /// Never ask a node's kernel for the path of an inode that no process has open
    #[arg(long)]
    pub no_paths: bool,
    /// Write nothing to any kernel: do not have it measure GFS2's DLM waits in a tracefs instance (docs/gfs2.md)
    #[arg(long)]
    pub no_trace: bool,
    /// Configuration file for ssh, as ssh's own -F
    #[arg(short = 'F', long, value_name = "FILE")]
    pub ssh_config: Option<PathBuf>,
    /// What to show, and how
    #[command(flatten)]
    pub show: Show,
}

/// What to show, and how.
#[derive(Clone, Debug, Default, Args)]
pub struct Show {
    /// Print text instead of the live screen (by itself if stdout is no terminal)
    #[arg(short, long)]
    pub batch: bool,
    /// Print comma-separated values, a line per lock and node
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Print JSON, one object per line and sample (docs/json.md)
    #[arg(long)]
    pub json: bool,
    /// End after so many samples
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Print at most so many locks per file system and sample
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Order: average (o2locktop's), time, count, waiting, max, inode, type (`dlmtop columns` tells which goes by which column)
    #[arg(long, value_name = "KEY", value_parser = sort_key)]
    pub sort: Option<model::SortKey>,
    /// Reverse the order
    #[arg(short, long)]
    pub reverse: bool,
    /// Only locks of these types: OCFS2's as letters (MWOF), GFS2's as numbers or names (2,rgrp); each chooses among its own
    #[arg(short, long = "type", value_name = "TYPES")]
    pub types: Option<String>,
    /// Only locks of this inode
    #[arg(long, value_name = "INODE")]
    pub inode: Option<u64>,
    /// Show locks of system files too
    #[arg(short, long)]
    pub system: bool,
    /// Show a row per node below each lock
    #[arg(short = 'd', long)]
    pub detail: bool,
    /// Columns, comma-separated, by their ids (see `dlmtop columns`); those of GFS2's glocks too
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// A lock whose first waiter has waited so long is stuck [default: 5]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub stuck: Option<f64>,
    /// Colour: auto, always, never
    #[arg(long, value_name = "WHEN", value_enum)]
    pub color: Option<Color>,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
    /// Show times in UTC instead of local time
    #[arg(long)]
    pub utc: bool,
    /// Configuration file instead of the first of $XDG_CONFIG_HOME/dlmtop/config.toml and /etc/dlmtop/config.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If stdout is a terminal, NO_COLOR is not set and TERM is not dumb.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(pub Option<f64>);

fn speed(text: &str) -> Result<Speed, String> {
    match text {
        "max" => Ok(Speed(None)),
        _ => match text.parse::<f64>() {
            Ok(value) if value > 0.0 && value <= 10_000.0 => Ok(Speed(Some(value))),
            _ => Err("expected a number above 0, or max".to_owned()),
        },
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.1..=86_400.0).contains(&value) => Ok(value),
        _ => Err("expected seconds from 0.1 to 86400".to_owned()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.1..=100.0).contains(&value) => Ok(value),
        _ => Err("expected a percentage from 0.1 to 100".to_owned()),
    }
}

fn sort_key(text: &str) -> Result<model::SortKey, String> {
    model::SortKey::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = model::SortKey::ALL.iter().map(|row| row.1).collect();
        format!("expected one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_values_are_refused_with_the_right_ones() {
        for (arguments, said) in [
            (vec!["--sort", "size"], "average, time"),
            (vec!["-i", "0"], "0.1 to 86400"),
            (vec!["--count", "0"], "1"),
            (vec!["--from", "x", "--speed=-1"], "above 0"),
        ] {
            let error = Cli::try_parse_from([&["dlmtop"], &arguments[..]].concat()).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
