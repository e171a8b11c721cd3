//! The hidden verb `collect`: the node's end of `watch` over ssh, and the child that reads a device.

use crate::watch::local_files;
use clap::Args;
use collect::node::TraceKeeper;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Options of `collect`.
#[derive(Debug, Args)]
pub struct Options {
    /// Print the protocol's version and end
    #[arg(long)]
    protocol: bool,
    /// Read this device for the program that started this one
    #[arg(long, value_name = "PATH")]
    device: Option<PathBuf>,
}

/// Collects on this node, and talks to a viewer on stdin and stdout.
pub fn run(options: &Options) -> anyhow::Result<u8> {
    if options.protocol {
        writeln!(io::stdout(), "dlmtop-protocol {}", sample::message::PROTOCOL)?;
    } else if let Some(path) = &options.device {
        collect::device::serve(path, io::stdin().lock(), io::stdout().lock())?;
    } else {
        // No trace instance is ever made: nothing is written on the node.
        let keeper = TraceKeeper::new(None);
        collect::serve::serve(&local_files(), &keeper, io::stdin(), io::stdout(), sample::message::VIEWER_GONE_AFTER)?;
    }
    Ok(0)
}
