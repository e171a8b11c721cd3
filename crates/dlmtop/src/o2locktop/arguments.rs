//! o2locktop's command line.

use clap::Parser;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Lists the OCFS2 locks that cost most time, every five seconds
#[derive(Debug, Parser)]
#[command(
    name = "o2locktop",
    version = concat!("(dlmtop) ", env!("CARGO_PKG_VERSION")),
    after_help = "Keys: q quits, d shows a row per node. See dlmtop(1) for more: sorting, filters, batch output, recordings."
)]
pub struct Arguments {
    /// Node to watch over ssh as the user's ssh configuration says; repeatable
    #[arg(short = 'n', value_name = "NODE_IP")]
    pub nodes: Vec<String>,
    /// Write every refresh to this file
    #[arg(short = 'o', value_name = "LOG_FILE")]
    pub log_file: Option<PathBuf>,
    /// Show so many locks; else what fits the terminal
    #[arg(short = 'l', value_name = "DISPLAY_LENGTH", value_parser = clap::value_parser!(u64).range(1..))]
    pub display_length: Option<u64>,
    /// Show locks of system files too
    #[arg(short = 'd', long = "debug")]
    pub debug: bool,
    /// OCFS2 mount point, the same on all nodes; all OCFS2 mounts if left out
    #[arg(value_name = "MOUNT_POINT")]
    pub mount_point: Option<String>,
}

/// Whether the program was called by the name of o2locktop.
pub fn is_called_so(program: Option<&OsStr>) -> bool {
    program.and_then(|program| Path::new(program).file_name()).is_some_and(|name| name == "o2locktop")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_options_are_taken() {
        let arguments = Arguments::try_parse_from(["o2locktop", "-n", "n1", "-n", "n2", "-l", "5", "-d", "-o", "log", "/mnt"]).unwrap();
        assert_eq!((arguments.nodes.len(), arguments.display_length, arguments.debug), (2, Some(5), true));
        assert_eq!(arguments.mount_point.as_deref(), Some("/mnt"));
    }

    #[test]
    fn wrong_lengths_end_with_status_2() {
        for bad in ["0", "-5", "x"] {
            assert_eq!(Arguments::try_parse_from(["o2locktop", "-l", bad, "/mnt"]).unwrap_err().exit_code(), 2);
        }
    }

    #[test]
    fn the_name_decides() {
        assert!(is_called_so(Some(OsStr::new("/usr/bin/o2locktop"))));
        assert!(!is_called_so(Some(OsStr::new("dlmtop"))));
    }
}
