//! Files of other nodes, read over ssh.

use crate::program::{MOST_BYTES, output_of};
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The commands that are run there. Nothing is put into them.
const CLUSTER_CONF: &str = "cat /etc/ocfs2/cluster.conf";
const SYSCONFIG: &str = "sh -c 'for file in /etc/sysconfig/o2cb /etc/default/o2cb; do if test -e $file; then exec cat $file; fi; done'";

/// A node's files.
#[derive(Debug)]
pub(super) struct Files {
    /// `/etc/ocfs2/cluster.conf`.
    pub(super) cluster_conf: Vec<u8>,
    /// `/etc/sysconfig/o2cb` or `/etc/default/o2cb`; empty if there is none.
    pub(super) sysconfig: Vec<u8>,
}

/// Reads a node's files, both before the deadline.
///
/// # Errors
/// In words, what ssh or `cat` say.
pub(super) fn files(ssh: &Path, node: &str, timeout: Duration) -> Result<Files, String> {
    let deadline = Instant::now() + timeout;
    let cluster_conf = run(ssh, node, CLUSTER_CONF, deadline)?;
    let sysconfig = run(ssh, node, SYSCONFIG, deadline)?;
    Ok(Files { cluster_conf, sysconfig })
}

fn run(ssh: &Path, node: &str, command: &str, deadline: Instant) -> Result<Vec<u8>, String> {
    let left = deadline.saturating_duration_since(Instant::now());
    let mut asking = Command::new(ssh);
    asking.args(["-o", "BatchMode=yes", "-o", &format!("ConnectTimeout={}", left.as_secs().max(1)), "-o", "ClearAllForwardings=yes"]);
    // After "--" nothing is an option, whatever it looks like.
    asking.args(["--", node, command]);
    let said = output_of(&mut asking, left).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => "no answer in time (--timeout)".to_owned(),
        _ => format!("{} does not start: {error}", ssh.display()),
    })?;
    if said.code == Some(0) {
        return if said.stdout.len() > MOST_BYTES { Err(format!("answers with more than {MOST_BYTES} bytes")) } else { Ok(said.stdout) };
    }
    let errors = String::from_utf8_lossy(&said.stderr).trim().escape_debug().to_string();
    let ended = said.code.map_or("ended by a signal".to_owned(), |code| format!("exit code {code}"));
    Err(if errors.is_empty() { format!("ssh: {ended}") } else { errors })
}
