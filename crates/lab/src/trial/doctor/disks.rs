//! What is wrong on disks: a heartbeat that was left over, a volume of another cluster, a slot of a dead node.

use super::{finds, well};
use crate::fault::power;
use crate::stack::{STEP, ocfs2};
use crate::trial::Bench;
use std::time::Duration;

pub fn disks(bench: &mut Bench) -> anyhow::Result<()> {
    let uuid = ocfs2::uuid(&bench.lab, 1, "ocfs2")?;
    // A program of the C tools that was killed left its count.
    ocfs2::unmount(&bench.lab, &[1], ocfs2::MOUNT_POINT)?;
    bench.lab.ssh.run(1, "ocfs2_hb_ctl -S -d /dev/mapper/ocfs2 ocfs2", STEP)?;
    let judged = finds(bench, 1, "", "", "stale-region", &[&uuid, "the C tools still count a user", "stop-heartbeat --stale"]);
    bench.lab.ssh.run(1, "ocfs2_hb_ctl -K -d /dev/mapper/ocfs2 ocfs2", STEP)?;
    judged?;
    ocfs2::mount(&bench.lab, &[1])?;

    // A volume that was made for another cluster, and that this machine is to mount: others' volumes are theirs.
    ocfs2::format(&bench.lab, 1, "other", "--cluster-stack=o2cb --cluster-name=elsewhere --global-heartbeat")?;
    let line = format!("echo '/dev/mapper/other {} ocfs2 _netdev,noauto 0 0' >>/etc/fstab", ocfs2::OTHER_MOUNT_POINT);
    bench.lab.ssh.run(1, &format!("touch /etc/fstab && cp -p /etc/fstab /run/fstab.before && {line}"), STEP)?;
    let judged = finds(
        bench,
        1,
        "",
        "",
        "volume-cluster",
        &["/dev/mapper/other says o2cb/elsewhere/global, running is o2cb/lab/local", "Cluster name is invalid", "/etc/fstab:"],
    );
    bench.lab.ssh.run(1, "mv /run/fstab.before /etc/fstab", STEP)?;
    ocfs2::format(&bench.lab, 1, "other", &ocfs2::cluster_options(bench.lab.plan.stack))?;
    judged?;

    // The only node that had it mounted dies.
    ocfs2::unmount(&bench.lab, &[1, 2], ocfs2::MOUNT_POINT)?;
    bench.lab.process(3)?.kill()?;
    let dead = u64::from(bench.lab.plan.timeouts.threshold) * 2 + 4;
    let judged = finds(
        bench,
        1,
        "",
        &format!("--seconds {dead}"),
        "stale-slots",
        &["is held by node node3 (3), which does not live", "replayed at the next mount"],
    );
    ocfs2::mount(&bench.lab, &[1, 2])?;
    crate::interrupt::wait_for("node3 off", Duration::from_secs(30), || Ok((!bench.lab.running().contains(&3)).then_some(())))?;
    power::start(&mut bench.lab, 3, false)?;
    judged?;
    well(bench)
}
