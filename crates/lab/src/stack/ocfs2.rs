//! OCFS2 volumes: made on the first node, mounted on all.

use super::{CLUSTER, STEP, corosync, o2cb};
use crate::lab::Lab;
use crate::plan::Stack;
use crate::ssh::quote;
use anyhow::Context as _;

/// Where the volume of the disk `ocfs2` is mounted.
pub const MOUNT_POINT: &str = "/mnt/ocfs2";

/// Where the volume of the disk `other` is mounted.
pub const OTHER_MOUNT_POINT: &str = "/mnt/other";

/// Disks that hold the regions of the global heartbeat.
pub const REGIONS: [&str; 3] = ["hb1", "hb2", "hb3"];

/// Disks with a volume: the one that is mounted, and one beside it.
pub const VOLUMES: [&str; 2] = ["ocfs2", "other"];

/// What mkfs.ocfs2 is told of the cluster.
pub fn cluster_options(stack: Stack) -> String {
    match stack {
        Stack::O2cbLocal => String::new(),
        Stack::O2cbGlobal => format!("--cluster-stack=o2cb --cluster-name={CLUSTER} --global-heartbeat"),
        Stack::Pcmk => format!("--cluster-stack=pcmk --cluster-name={CLUSTER}"),
    }
}

/// Makes the volumes, and the heartbeat regions if there are any.
pub fn make(lab: &Lab) -> anyhow::Result<()> {
    let stack = lab.plan.stack;
    let options = cluster_options(stack);
    // mkfs asks the kernel which stack runs.
    let first = lab.nodes().first().copied().context("a lab without nodes")?;
    lab.ssh.run(first, "modprobe -a ocfs2 ocfs2_stackglue ocfs2_stack_o2cb ocfs2_stack_user 2>/dev/null; true", STEP)?;
    let regions = if stack == Stack::O2cbGlobal { REGIONS.as_slice() } else { &[] };
    for disk in VOLUMES.iter().chain(regions) {
        format(lab, first, disk, &options)?;
    }
    Ok(())
}

/// Makes a volume on a disk that no node has mounted. `options`: [`cluster_options`].
pub fn format(lab: &Lab, node: u8, disk: &str, options: &str) -> anyhow::Result<()> {
    let size = lab.plan.disks.iter().find(|has| has.name == disk).map_or(0, |has| has.mebibytes);
    let journal = if size >= 8192 { "64M" } else { "8M" };
    let slots = lab.plan.nodes.max(4);
    // -x: whole disk, no question. The cluster may not be online yet.
    let remote = format!("yes | mkfs.ocfs2 -x -F -N {slots} -J size={journal} -b 4096 -C 4096 -L {disk} {options} /dev/mapper/{disk} 2>&1");
    lab.ssh.run(node, &remote, STEP).with_context(|| format!("mkfs.ocfs2 of the disk {disk}"))?;
    // The other nodes' caches know the disk as it was.
    let others: Vec<u8> = lab.nodes().into_iter().filter(|&other| other != node).collect();
    lab.ssh.run_on(&others, &format!("blockdev --flushbufs /dev/mapper/{disk}"), STEP)?;
    Ok(())
}

/// Makes the disks that a test used for another heartbeat mode as the lab made them. The lab's own cluster must run: mkfs asks it.
pub fn remake(lab: &Lab) -> anyhow::Result<()> {
    let first = lab.nodes().first().copied().context("a lab without nodes")?;
    if lab.plan.stack != Stack::O2cbGlobal {
        for disk in REGIONS {
            lab.ssh.run(first, &format!("dd if=/dev/zero of=/dev/mapper/{disk} bs=1M count=4 conv=fsync 2>&1"), STEP)?;
            lab.ssh.run_on(&lab.nodes(), &format!("blockdev --flushbufs /dev/mapper/{disk}"), STEP)?;
        }
    }
    format(lab, first, "other", &cluster_options(lab.plan.stack))
}

/// The UUID of the volume on `disk`, as the kernel writes it: 32 upper-case digits.
pub fn uuid(lab: &Lab, node: u8, disk: &str) -> anyhow::Result<String> {
    let text = lab.ssh.run(node, &format!("mounted.ocfs2 -d /dev/mapper/{}", quote(disk)), STEP)?;
    let word = text.lines().nth(1).and_then(|line| line.split_whitespace().find(|word| is_uuid(word)));
    Ok(word.with_context(|| format!("mounted.ocfs2 -d tells no UUID of {disk}:\n{text}"))?.to_owned())
}

fn is_uuid(word: &str) -> bool {
    word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Brings the stack online on `nodes`.
pub fn start(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    if lab.plan.stack == Stack::Pcmk {
        return corosync::choose_user_stack(lab, nodes);
    }
    configure(lab, nodes)?;
    o2cb::online(lab, nodes)
}

/// Writes O2CB's configuration, as the lab was asked for, to `nodes`.
pub fn configure(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    let first = nodes.first().copied().context("no nodes")?;
    let regions = match lab.plan.stack {
        Stack::O2cbGlobal => REGIONS.iter().map(|disk| uuid(lab, first, disk)).collect::<anyhow::Result<Vec<_>>>()?,
        _ => Vec::new(),
    };
    o2cb::configure(lab, nodes, &o2cb::cluster_conf(lab.plan.nodes, &regions), lab.plan.timeouts)
}

/// Mounts the volume on `nodes`, and dlmfs.
pub fn mount(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    lab.ssh.run_on(nodes, &mount_once("ocfs2", MOUNT_POINT), STEP)?;
    if lab.plan.stack != Stack::Pcmk {
        lab.ssh.run_on(nodes, "modprobe ocfs2_dlmfs 2>/dev/null; mountpoint -q /dlm || mount -t ocfs2_dlmfs none /dlm", STEP)?;
    }
    Ok(())
}

/// Mounts the volume of the disk `other`.
pub fn mount_other(lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
    lab.ssh.run_on(nodes, &mount_once("other", OTHER_MOUNT_POINT), STEP)?;
    Ok(())
}

/// Mounts a disk unless it is. `/proc/mounts` answers also when the file system does not.
fn mount_once(disk: &str, mount_point: &str) -> String {
    format!("grep -q ' {mount_point} ocfs2 ' /proc/mounts || mount -t ocfs2 /dev/mapper/{disk} {mount_point}")
}

/// Unmounts what is mounted at `mount_point` on `nodes`, all at once.
pub fn unmount(lab: &Lab, nodes: &[u8], mount_point: &str) -> anyhow::Result<()> {
    let remote = format!("if grep -q ' {mount_point} ocfs2 ' /proc/mounts; then umount {mount_point}; fi");
    lab.ssh.run_on(nodes, &remote, STEP)?;
    Ok(())
}
