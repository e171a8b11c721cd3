//! What is kept of a lab that failed: consoles, kernel logs, captures. It outlives `down`.

use crate::cache;
use crate::lab::Lab;
use anyhow::Context as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Copies the nodes' consoles to the directory of the failure `what`, which is made anew. Returns it.
pub fn keep_consoles(lab: &Lab, what: &str) -> anyhow::Result<PathBuf> {
    let place = lab.place.failures()?.join(what);
    cache::discard(&place)?;
    fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
    for node in lab.nodes() {
        let console = lab.place.console(node);
        if console.exists() {
            fs::copy(console, place.join(format!("node{node}.console")))?;
        }
    }
    Ok(place)
}

/// Keeps what the failed test `what` left: its own files in `scratch`, why it failed, consoles, kernel logs, and one raw frame of
/// the kernel's files of each node that answers.
pub fn keep(lab: &Lab, scratch: &Path, what: &str, why: &str) -> anyhow::Result<PathBuf> {
    let place = keep_consoles(lab, what)?;
    fs::write(place.join("why"), format!("{why}\n"))?;
    for entry in fs::read_dir(scratch)?.filter_map(Result::ok) {
        fs::copy(entry.path(), place.join(entry.file_name()))?;
    }
    crate::ssh::on_each(&lab.running(), |node| {
        let asked = [
            ("dmesg", "dmesg".to_owned()),
            ("processes", "ps axo pid,ppid,stat,comm,wchan:30,args".to_owned()),
            ("capture.tar", format!("lab-guest record --node node{node} --start 0 --every 1 --frames 1")),
        ];
        for (name, remote) in asked {
            // A node may be the one that does not answer.
            if let Ok(output) = lab.ssh.output(node, &remote, &[], Duration::from_secs(30)) {
                fs::write(place.join(format!("node{node}.{name}")), output.stdout)?;
            }
        }
        Ok(())
    })?;
    Ok(place)
}
