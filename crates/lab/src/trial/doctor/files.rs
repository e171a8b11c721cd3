//! What is wrong in files, found while the cluster runs as before.

use super::{finds, well};
use crate::stack::{STEP, o2cb};
use crate::trial::Bench;

/// Another configuration than the lab's.
const OTHER: &str = "/run/other.conf";

pub fn files(bench: &mut Bench) -> anyhow::Result<()> {
    let judged = each(bench);
    let restore = format!(
        "rm -f {OTHER} /etc/fstab.trial; test -e /run/default.o2cb && mv /run/default.o2cb /etc/default/o2cb; test -e /run/fstab && mv /run/fstab /etc/fstab; true"
    );
    bench.lab.ssh.run(1, &restore, STEP)?;
    judged?;
    well(bench)
}

fn each(bench: &Bench) -> anyhow::Result<()> {
    let conf = o2cb::cluster_conf(bench.lab.plan.nodes, &[]);
    let with = |text: &str| bench.lab.ssh.write(1, OTHER, 0o644, text.as_bytes());
    let other = format!("--config-file={OTHER}");

    with(&conf.replace("name = node1\n", "name = stranger\n"))?;
    finds(bench, 1, &other, "", "local-node", &["this host is 'node1'", "stranger, node2, node3"])?;

    with(&conf.replacen("\tname = node2\n", "name = node2\n", 1))?;
    finds(bench, 1, &other, "", "cluster-conf", &[OTHER, "not-indented", "251"])?;

    with(&conf.replace("10.77.0.1\n", "10.77.0.77\n"))?;
    finds(bench, 1, &other, "", "local-address", &["no interface of this host has 10.77.0.77", "EADDRNOTAVAIL"])?;

    let region = "0123456789ABCDEF0123456789ABCDEF";
    with(&o2cb::cluster_conf(bench.lab.plan.nodes, &[region.to_owned()]))?;
    finds(bench, 1, &other, "", "region-missing", &[region, "is on no device"])?;

    // A node that beats and is not in the configuration.
    let without: String = conf.split_inclusive("\n\n").filter(|stanza| !stanza.contains("name = node3\n")).collect();
    with(&without.replace("node_count = 3", "node_count = 2"))?;
    finds(bench, 1, &other, "", "heartbeat-slots", &["slot 3 of /dev/mapper/ocfs2 is beating, and the cluster has no node 3"])?;

    bench.lab.ssh.run(
        1,
        "cp /etc/default/o2cb /run/default.o2cb && sed -i s/O2CB_ENABLED=true/O2CB_ENABLED=false/ /etc/default/o2cb",
        STEP,
    )?;
    finds(bench, 1, "", "", "boot-start", &["not started at boot", "o2cb enable"])?;
    bench.lab.ssh.run(1, "mv /run/default.o2cb /etc/default/o2cb", STEP)?;

    bench.lab.ssh.run(
        1,
        "touch /etc/fstab && cp /etc/fstab /run/fstab && echo '/dev/mapper/ocfs2 /mnt/ocfs2 ocfs2 defaults 0 0' >>/etc/fstab",
        STEP,
    )?;
    finds(bench, 1, "", "", "shutdown-order", &["_netdev", "/mnt/ocfs2"])?;
    bench.lab.ssh.run(1, "mv /run/fstab /etc/fstab", STEP)?;

    bench.lab.ssh.run(1, "sysctl -q -w kernel.panic_on_oops=0", STEP)?;
    let judged = finds(bench, 1, "", "", "crash-restart", &["panic_on_oops is 0"]);
    bench.lab.ssh.run(1, "sysctl -q -w kernel.panic_on_oops=1", STEP)?;
    judged
}
