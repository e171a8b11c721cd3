//! One file that all nodes append to.

use super::files;
use super::session;
use super::tally::Tally;
use crate::stop::Limits;
use clap::Args;
use serde_json::json;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

/// Where and for how long.
#[derive(Args)]
pub struct Options {
    /// File; made if it is not there. Each line is `NODE PID NUMBER`, so that a lost or torn one can be found: the nodes of
    /// OCFS2 and GFS2 do overwrite each other's lines.
    file: PathBuf,
    /// Pause between two lines, ms.
    #[arg(long, default_value_t = 0)]
    pause_ms: u64,
    #[command(flatten)]
    limits: Limits,
}

/// Works.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut file = files::open_shared(&options.file)?;
    let about = json!({ "work": "append", "path": options.file, "inode": file.metadata()?.ino() });
    session::run(options.limits, &about, Tally::new(&["appended"], None), |session| {
        let mut number = 0_u64;
        let pause = Duration::from_millis(options.pause_ms);
        while session.goes_on(pause) {
            let line = format!("{} {} {number}\n", crate::event::node(), std::process::id());
            // One write, whole among the writers of one node.
            session.tally.time("appended", || file.write_all(line.as_bytes()));
            number += 1;
        }
        Ok(())
    })
}
