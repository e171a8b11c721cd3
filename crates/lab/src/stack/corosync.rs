//! corosync and `dlm_controld` in the nodes, for GFS2 and for OCFS2's user stack.

use super::{CLUSTER, STEP};
use crate::interrupt;
use crate::lab::Lab;
use crate::network::Role;
use crate::plan::Engine;
use std::time::Duration;

fn corosync_conf(nodes: u8, token_ms: u32) -> String {
    let mut text = format!(
        "totem {{\n  version: 2\n  cluster_name: {CLUSTER}\n  transport: knet\n  crypto_cipher: none\n  crypto_hash: none\n  token: {token_ms}\n}}\n\
         quorum {{\n  provider: corosync_votequorum\n  expected_votes: {nodes}\n}}\n\
         system {{\n  sched_rr: no\n}}\n\
         logging {{\n  to_logfile: yes\n  logfile: /var/log/corosync.log\n  to_syslog: no\n  to_stderr: yes\n  timestamp: on\n}}\n\
         nodelist {{\n"
    );
    for node in 1..=nodes {
        text += &format!("  node {{\n    ring0_addr: {}\n    name: node{node}\n    nodeid: {node}\n  }}\n", Role::Cluster.address(node));
    }
    text + "}\n"
}

/// Nobody is there to fence a node, so the DLM is told not to wait for it.
const DLM_CONF: &str = "enable_fencing=0\nenable_startup_fencing=0\nenable_quorum_lockspace=1\nlog_debug=1\nprotocol=tcp\n";

/// Starts both on `nodes` and waits for quorum.
pub fn start(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    let token_ms = match lab.plan.engine {
        Engine::Uml => 5_000,
        Engine::Qemu => 10_000,
    };
    let conf = corosync_conf(lab.plan.nodes, token_ms);
    crate::ssh::on_each(nodes, |node| {
        lab.ssh.write(node, "/etc/corosync/corosync.conf", 0o644, conf.as_bytes())?;
        lab.ssh.write(node, "/etc/dlm/dlm.conf", 0o644, DLM_CONF.as_bytes())
    })?;
    // All at once: the first alone would form a cluster of one.
    lab.ssh.run_on(nodes, "modprobe -a dlm gfs2 2>/dev/null; mkdir -p /var/lib/corosync /var/log/dlm_controld; corosync", STEP)?;
    crate::ssh::on_each(nodes, |node| {
        interrupt::wait_for(&format!("node{node}: quorum"), Duration::from_secs(120), || {
            let said = lab.ssh.output(node, "corosync-quorumtool -s", &[], Duration::from_secs(20))?.text();
            let of = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
            let all = of("Nodes:").is_some_and(|count| count == lab.plan.nodes.to_string());
            Ok((all && of("Quorate:").as_deref() == Some("Yes")).then_some(()))
        })
    })?;
    lab.ssh.run_on(nodes, "pidof dlm_controld >/dev/null || dlm_controld", STEP)?;
    crate::ssh::on_each(nodes, |node| {
        interrupt::wait_for(&format!("node{node}: dlm_controld"), Duration::from_secs(60), || {
            let said = lab.ssh.output(node, "dlm_tool status", &[], Duration::from_secs(20))?.text();
            Ok(said.contains("quorate 1").then_some(()))
        })
    })?;
    Ok(())
}

/// Tells OCFS2's kernel part to use the user stack.
pub fn choose_user_stack(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    lab.ssh.run_on(nodes, "modprobe -a ocfs2 ocfs2_stack_user 2>/dev/null; echo pcmk >/sys/fs/ocfs2/cluster_stack", STEP)?;
    Ok(())
}
