//! The inode that the user means: a number, or a path on this machine.

use crate::watch::WrongUsage;
use anyhow::{Context, bail};
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Asking the kernel for a path's inode takes the inode's lock: where that hangs, so does the one who asks.
const DEADLINE: Duration = Duration::from_secs(3);

/// Reads `12345`, `0x3039` or a path.
pub fn inode(which: &str) -> anyhow::Result<u64> {
    if let Some(number) = number(which) {
        return Ok(number);
    }
    if which.contains('/') || std::path::Path::new(which).is_relative() && which.contains('.') {
        return of_path(which);
    }
    Err(anyhow::anyhow!("{which:?}: expected an inode as 99315 or 0x183f3, or a path with a / in it").context(WrongUsage))
}

/// Reads `12345` or `0x3039`.
pub fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// By a child that is killed at a deadline.
fn of_path(path: &str) -> anyhow::Result<u64> {
    let mut child = Command::new("/proc/self/exe")
        .args(["collect", "--inode-of"])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start a child that asks for the path's inode")?;
    let mut stdout = child.stdout.take().context("the child has no output")?;
    let (sender, answer) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.read_to_string(&mut text);
        // Nobody waits any more if the deadline has passed.
        let _ = sender.send(read.map(|_| text));
    });
    match answer.recv_timeout(DEADLINE) {
        Ok(Ok(text)) => text.trim().parse().with_context(|| format!("{path}: its inode cannot be told")),
        Ok(Err(error)) => Err(error).with_context(|| path.to_owned()),
        Err(_) => {
            child.kill().context("the child that asks for the path's inode")?;
            bail!(
                "{path}: the kernel did not tell its inode in {} s: its lock is not to be had. Name the inode instead (`dlmtop waits` tells it)",
                DEADLINE.as_secs()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_paths() {
        assert_eq!(inode("99315").unwrap(), 99315);
        assert_eq!(inode("0x183f3").unwrap(), 99315);
        assert!(inode("183f3").unwrap_err().to_string().contains("wrong usage"));
    }
}
