//! The clusters that are broken: of local heartbeat, and of one or three global regions.

use crate::fault::power;
use crate::lab::Lab;
use crate::plan::{FileSystem, Stack};
use crate::programs;
use crate::ssh::on_each;
use crate::stack::ocfs2::{self, MOUNT_POINT, OTHER_MOUNT_POINT, REGIONS};
use crate::stack::{CLUSTER, STEP, corosync, gfs2, o2cb};
use crate::trial::Bench;
use anyhow::{Context as _, ensure};

/// How the nodes beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// In the mounted volume.
    Local,
    /// In so many regions of their own.
    Global(usize),
}

impl Heartbeat {
    /// Where the volume is.
    pub fn mount_point(self) -> &'static str {
        match self {
            Heartbeat::Local => MOUNT_POINT,
            Heartbeat::Global(_) => OTHER_MOUNT_POINT,
        }
    }

    /// The disks that it beats on.
    pub fn disks(self) -> &'static [&'static str] {
        match self {
            Heartbeat::Local => &["ocfs2"],
            Heartbeat::Global(_) => self.regions(),
        }
    }

    /// The disks that carry nothing else.
    pub fn regions(self) -> &'static [&'static str] {
        match self {
            Heartbeat::Local => &[],
            Heartbeat::Global(count) => REGIONS.get(..count).unwrap_or(&REGIONS),
        }
    }

    /// Makes its volumes.
    pub fn format(self, lab: &Lab) -> anyhow::Result<()> {
        for disk in self.regions().iter().chain(if self == Heartbeat::Local { [].iter() } else { ["other"].iter() }) {
            ocfs2::format(lab, 1, disk, &ocfs2::cluster_options(Stack::O2cbGlobal))?;
        }
        Ok(())
    }

    /// Brings `nodes` online by our program and mounts the volume there.
    pub fn start(self, lab: &Lab, nodes: &[u8]) -> anyhow::Result<()> {
        let uuids = self.regions().iter().map(|disk| ocfs2::uuid(lab, 1, disk)).collect::<anyhow::Result<Vec<_>>>()?;
        o2cb::configure(lab, nodes, &o2cb::cluster_conf(lab.plan.nodes, &uuids), lab.plan.timeouts)?;
        lab.ssh.run_on(nodes, &format!("{} online {CLUSTER}", programs::O2CB), STEP)?;
        match self {
            Heartbeat::Local => ocfs2::mount(lab, nodes),
            Heartbeat::Global(_) => ocfs2::mount_other(lab, nodes),
        }
    }
}

/// Takes all of it down, GFS2 and corosync too: what is cut is the network of both.
pub fn down(bench: &Bench) -> anyhow::Result<()> {
    let lab = &bench.lab;
    let nodes = lab.nodes();
    ensure!(lab.plan.stack == Stack::O2cbLocal, "this test wants a lab with --stack o2cb-local");
    if lab.plan.file_systems.contains(&FileSystem::Gfs2) {
        let remote = "if mountpoint -q /mnt/gfs2; then umount /mnt/gfs2; fi; pkill -x dlm_controld; \
                      for n in $(seq 100); do pidof dlm_controld >/dev/null || break; sleep 0.1; done; pkill -x corosync; \
                      for n in $(seq 100); do pidof corosync >/dev/null || exit 0; sleep 0.1; done; exit 1";
        lab.ssh.run_on(&nodes, remote, STEP)?;
    }
    ocfs2::unmount(lab, &nodes, MOUNT_POINT)?;
    ocfs2::unmount(lab, &nodes, OTHER_MOUNT_POINT)?;
    on_each(&nodes, |node| o2cb::offline(lab, node))?;
    Ok(())
}

/// As the lab was made: all nodes run, all is mounted.
pub fn restore(bench: &mut Bench, formatted: bool) -> anyhow::Result<()> {
    boot_missing(bench)?;
    let lab = &bench.lab;
    let nodes = lab.nodes();
    for disk in ["ocfs2", "other", "hb1", "hb2", "hb3"] {
        crate::fault::disk::behave(lab, &nodes, disk, crate::fault::disk::How::Well, 0)?;
    }
    ocfs2::unmount(lab, &nodes, MOUNT_POINT)?;
    ocfs2::unmount(lab, &nodes, OTHER_MOUNT_POINT)?;
    on_each(&nodes, |node| o2cb::offline(lab, node))?;
    ocfs2::start(lab, &nodes)?;
    if formatted {
        ocfs2::remake(lab)?;
    }
    ocfs2::mount(lab, &nodes)?;
    if lab.plan.file_systems.contains(&FileSystem::Gfs2) {
        corosync::start(lab, &nodes)?;
        gfs2::mount(lab, &nodes)?;
    }
    Ok(())
}

/// Boots nodes that do not run, and no more. Returns them with what their console had said before.
pub fn boot_missing(bench: &mut Bench) -> anyhow::Result<Vec<(u8, Vec<u8>)>> {
    let running = bench.lab.running();
    let mut booted = Vec::new();
    for node in bench.lab.nodes().into_iter().filter(|node| !running.contains(node)) {
        let console = std::fs::read(bench.lab.place.console(node)).with_context(|| format!("the console of node{node}"))?;
        power::start(&mut bench.lab, node, true)?;
        booted.push((node, console));
    }
    Ok(booted)
}
