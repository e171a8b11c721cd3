//! Files of other nodes, read over ssh.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The commands that are run there. Nothing is put into them.
const CLUSTER_CONF: &str = "cat /etc/ocfs2/cluster.conf";
const SYSCONFIG: &str = "sh -c 'for file in /etc/sysconfig/o2cb /etc/default/o2cb; do if test -e $file; then exec cat $file; fi; done'";
/// Largest answer, in bytes.
const LARGEST: u64 = 4 << 20;

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
    let mut child = Command::new(ssh)
        .args(["-o", "BatchMode=yes", "-o", &format!("ConnectTimeout={}", left.as_secs().max(1)), "-o", "ClearAllForwardings=yes"])
        // After "--" nothing is an option, whatever it looks like.
        .args(["--", node, command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{} does not start: {error}", ssh.display()))?;
    let (out, errors) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let answer = (|| Some((receive(&out, deadline)?, receive(&errors, deadline)?)))();
    let Some((out, errors)) = answer else {
        stop(&mut child)?;
        return Err("no answer in time (--timeout)".to_owned());
    };
    // Both its outputs are closed: it is ending.
    let status = child.wait().map_err(|error| error.to_string())?;
    let out = out.map_err(|error| error.to_string())?;
    if status.success() {
        return if out.len() as u64 > LARGEST { Err(format!("answers with more than {LARGEST} bytes")) } else { Ok(out) };
    }
    let errors = String::from_utf8_lossy(&errors.unwrap_or_default()).trim().escape_debug().to_string();
    Err(if errors.is_empty() { format!("ssh: {status}") } else { errors })
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.map_or(Ok(0), |pipe| pipe.take(LARGEST + 1).read_to_end(&mut bytes));
        // Nobody waits any more after the deadline.
        let _ = sender.send(read.map(|_| bytes));
    });
    receiver
}

fn receive(from: &mpsc::Receiver<io::Result<Vec<u8>>>, deadline: Instant) -> Option<io::Result<Vec<u8>>> {
    from.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

fn stop(child: &mut Child) -> Result<(), String> {
    child.kill().and_then(|()| child.wait()).map(|_| ()).map_err(|error| format!("no answer in time, and ssh cannot be stopped: {error}"))
}
