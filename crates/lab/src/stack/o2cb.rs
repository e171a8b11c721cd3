//! O2CB's configuration in a node, and bringing it online with Debian's init script.

use super::{CLUSTER, STEP};
use crate::lab::Lab;
use crate::network::Role;
use crate::plan::Timeouts;

/// `/etc/ocfs2/cluster.conf` for `nodes` nodes; with regions, for the global heartbeat.
pub fn cluster_conf(nodes: u8, regions: &[String]) -> String {
    let mode = if regions.is_empty() { "local" } else { "global" };
    let mut text = format!("cluster:\n\tnode_count = {nodes}\n\theartbeat_mode = {mode}\n\tname = {CLUSTER}\n\n");
    for node in 1..=nodes {
        let address = Role::Cluster.address(node);
        text += &format!(
            "node:\n\tip_port = 7777\n\tip_address = {address}\n\tnumber = {node}\n\tname = node{node}\n\tcluster = {CLUSTER}\n\n"
        );
    }
    for region in regions {
        text += &format!("heartbeat:\n\tregion = {region}\n\tcluster = {CLUSTER}\n\n");
    }
    text
}

/// `/etc/default/o2cb`.
pub fn defaults(timeouts: Timeouts) -> String {
    format!(
        "O2CB_ENABLED=true\nO2CB_STACK=o2cb\nO2CB_BOOTCLUSTER={CLUSTER}\nO2CB_HEARTBEAT_THRESHOLD={}\nO2CB_IDLE_TIMEOUT_MS={}\n\
         O2CB_KEEPALIVE_DELAY_MS={}\nO2CB_RECONNECT_DELAY_MS={}\n",
        timeouts.threshold, timeouts.idle_ms, timeouts.keepalive_ms, timeouts.reconnect_ms
    )
}

/// Writes the configuration to `nodes`.
pub fn configure(lab: &Lab, nodes: &[u8], conf: &str, timeouts: Timeouts) -> anyhow::Result<()> {
    crate::ssh::on_each(nodes, |node| {
        lab.ssh.write(node, "/etc/ocfs2/cluster.conf", 0o644, conf.as_bytes())?;
        lab.ssh.write(node, "/etc/default/o2cb", 0o644, defaults(timeouts).as_bytes())
    })?;
    Ok(())
}

/// Brings the cluster online. The init script ends with success also when it failed, so the kernel is asked.
pub fn online(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    let remote = format!(
        "service o2cb online {CLUSTER} >/run/o2cb.log 2>&1; \
         test -d /sys/kernel/config/cluster/{CLUSTER}/node/$(hostname) || {{ cat /run/o2cb.log >&2; exit 1; }}"
    );
    lab.ssh.run_on(nodes, &remote, STEP)?;
    Ok(())
}

/// Unmounts all OCFS2 volumes of a node and takes it out of the cluster; what keeps it in is an error.
pub fn offline(lab: &Lab, node: u8) -> anyhow::Result<()> {
    let remote = format!(
        "umount -a -t ocfs2 && umount -a -t ocfs2_dlmfs; service o2cb offline {CLUSTER} >/run/o2cb.log 2>&1; \
         test ! -d /sys/kernel/config/cluster/{CLUSTER} || {{ cat /run/o2cb.log >&2; grep ocfs2 /proc/mounts >&2; exit 1; }}"
    );
    lab.ssh.run(node, &remote, STEP)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_conf_of_two_nodes_and_a_region() {
        let text = cluster_conf(2, &["AB".to_owned()]);
        assert_eq!(text.matches("node:\n").count(), 2);
        assert!(text.contains("\theartbeat_mode = global\n") && text.ends_with("heartbeat:\n\tregion = AB\n\tcluster = lab\n\n"));
        assert!(cluster_conf(1, &[]).contains("heartbeat_mode = local"));
    }
}
