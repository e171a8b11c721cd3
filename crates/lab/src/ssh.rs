//! Commands in the nodes, over ssh through the administrator's network.

use crate::network::{Network, Role};
use crate::place::Place;
use crate::tool::{self, Output};
use anyhow::{Context as _, bail};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How to reach the nodes of one lab.
#[derive(Clone, Debug)]
pub struct Ssh {
    place: Place,
}

/// Writes the file for `ssh -F`: an entry per node, `node1` and so on. Nothing else of the user's settings counts.
pub fn write_config(place: &Place, network: &Network, key: &Path, nodes: u8) -> anyhow::Result<()> {
    let mut text = String::new();
    for node in 1..=nodes {
        text += &format!("Host node{node}\n    HostName {}\n", Role::Admin.address(node));
    }
    text += &format!(
        "Host node*\n    User root\n    IdentityFile \"{}\"\n    IdentitiesOnly yes\n    BatchMode yes\n    StrictHostKeyChecking no\n    \
         UserKnownHostsFile /dev/null\n    GlobalKnownHostsFile /dev/null\n    LogLevel ERROR\n    ConnectTimeout 20\n    \
         ServerAliveInterval 5\n    ServerAliveCountMax 6\n    ProxyCommand ip netns exec {} nc %h %p\n",
        key.display(),
        network.namespace
    );
    let path = place.ssh_config();
    std::fs::write(&path, text).with_context(|| path.display().to_string())
}

/// A word as one word of a shell's command line.
pub fn quote(word: &str) -> String {
    let plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

impl Ssh {
    /// The way to the nodes of the lab at `place`.
    pub fn to(place: &Place) -> Ssh {
        Ssh { place: place.clone() }
    }

    /// `ssh` to a node with `remote` as its command; connections are kept and shared by later commands.
    pub fn command(&self, node: u8, remote: Option<&str>) -> Command {
        let mut control = std::ffi::OsString::from("ControlPath=");
        control.push(self.control(node));
        let mut command = Command::new("ssh");
        command.arg("-F").arg(self.place.ssh_config()).args(["-o", "ControlMaster=auto", "-o", "ControlPersist=600", "-o"]).arg(control);
        command.arg(format!("node{node}")).args(remote);
        command
    }

    fn control(&self, node: u8) -> std::path::PathBuf {
        self.place.node(node).join("ssh")
    }

    /// Ends the kept connection, as before a node goes away.
    pub fn forget(&self, node: u8) {
        if self.control(node).exists() {
            let mut exit = self.command(node, None);
            exit.args(["-O", "exit"]);
            // The connection may already be dead; then its socket is all there is.
            let _ = tool::output(exit, &[], Duration::from_secs(5));
            let _ = std::fs::remove_file(self.control(node));
        }
    }

    /// Runs `remote`, a command line of the node's shell, with `input`; how it ends is the caller's matter.
    pub fn output(&self, node: u8, remote: &str, input: &[u8], limit: Duration) -> anyhow::Result<Output> {
        let output = tool::output(self.command(node, Some(remote)), input, limit).with_context(|| format!("node{node}"))?;
        // 255 is ssh's own failure: a kept connection that died. A second one tells whether the node lives.
        if output.status.code() == Some(255) {
            self.forget(node);
        }
        Ok(output)
    }

    /// Runs `remote`, which must succeed. Returns its standard output.
    pub fn run(&self, node: u8, remote: &str, limit: Duration) -> anyhow::Result<String> {
        let output = self.output(node, remote, &[], limit)?;
        if !output.status.success() {
            bail!("node{node}: {remote}: {}\n{}", output.status, output.said());
        }
        Ok(output.text())
    }

    /// Runs `remote` on all of `nodes` at once. Returns what each printed, in order.
    pub fn run_on(&self, nodes: &[u8], remote: &str, limit: Duration) -> anyhow::Result<Vec<String>> {
        on_each(nodes, |node| self.run(node, remote, limit))
    }

    /// Whether the node answers.
    pub fn answers(&self, node: u8) -> bool {
        self.output(node, "true", &[], Duration::from_secs(8)).is_ok_and(|output| output.status.success())
    }

    /// Writes a file in the node, whole or not at all.
    pub fn write(&self, node: u8, path: &str, mode: u32, bytes: &[u8]) -> anyhow::Result<()> {
        let path = quote(path);
        let remote = format!("cat >{path}.new && chmod {mode:o} {path}.new && mv {path}.new {path}");
        let output = self.output(node, &remote, bytes, Duration::from_secs(120))?;
        if !output.status.success() {
            bail!("node{node}: writing {path}: {}\n{}", output.status, output.said());
        }
        Ok(())
    }
}

/// Does something for each node at once, and gathers the results in order; the first error wins.
pub fn on_each<T: Send>(nodes: &[u8], act: impl Fn(u8) -> anyhow::Result<T> + Sync) -> anyhow::Result<Vec<T>> {
    std::thread::scope(|scope| {
        let act = &act;
        let threads: Vec<_> = nodes.iter().map(|&node| scope.spawn(move || act(node))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| bail!("a thread of the lab panicked"))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(quote("a-b/c"), "a-b/c");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b$(c)'d"), r"'a b$(c)'\''d'");
    }
}
