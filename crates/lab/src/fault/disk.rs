//! Disks that stall, are slow or fail.
//!
//! From inside, one disk of a node: its device-mapper table is changed. From outside, all disks of a node at once: what serves
//! them is stopped, which the node cannot know of.

use crate::engine::qemu;
use crate::lab::Lab;
use crate::plan::Engine;
use crate::stack::STEP;
use anyhow::Context as _;
use clap::ValueEnum;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;

/// How a disk behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// Requests wait until it is well again.
    Stall,
    /// Requests take longer.
    Slow,
    /// Requests end with EIO.
    Fail,
    /// As it should be.
    Well,
}

/// Makes the disk `name` of `nodes` behave so. `delay_ms` counts for [`How::Slow`].
pub fn behave(lab: &Lab, nodes: &[u8], name: &str, how: How, delay_ms: u32) -> anyhow::Result<()> {
    let device = lab.machine()?.device(name).with_context(|| {
        let all: Vec<&str> = lab.plan.disks.iter().map(|disk| disk.name.as_str()).collect();
        format!("the lab has no disk {name:?}; it has {}", all.join(", "))
    })?;
    let sectors = lab.plan.disks.iter().find(|disk| disk.name == name).map_or(0, |disk| disk.mebibytes * 2048);
    let table = match how {
        How::Stall => {
            lab.ssh.run_on(nodes, &format!("dmsetup suspend --noflush --nolockfs {name}"), STEP)?;
            return Ok(());
        }
        How::Slow => format!("0 {sectors} delay /dev/{device} 0 {delay_ms}"),
        How::Fail => format!("0 {sectors} error"),
        How::Well => format!("0 {sectors} linear /dev/{device} 0"),
    };
    let remote = format!(
        "modprobe -a dm-delay dm-flakey 2>/dev/null; dmsetup reload {name} --table '{table}' && \
         dmsetup suspend --noflush --nolockfs {name} && dmsetup resume --noudevsync --noudevrules {name}"
    );
    lab.ssh.run_on(nodes, &remote, STEP)?;
    Ok(())
}

/// Stops what serves all disks of a node, or lets it go on.
pub fn freeze(lab: &Lab, node: u8, stop: bool) -> anyhow::Result<()> {
    let process = lab.process(node)?;
    match lab.plan.engine {
        Engine::Uml => {
            let helper = disk_process(process.node()?)?;
            kill(helper, if stop { Signal::SIGSTOP } else { Signal::SIGCONT }).context("signalling the node's disk process")
        }
        Engine::Qemu => {
            let machine = lab.machine()?;
            for index in 0..lab.plan.disks.len() {
                qemu::throttle(&machine, node, index + 2, u64::from(stop))?;
            }
            Ok(())
        }
    }
}

/// UML does its disk requests in a process of its own: the kernel's only child that nobody traces (guest processes are traced).
fn disk_process(kernel: Pid) -> anyhow::Result<Pid> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{kernel}/task"))? {
        let children = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
            if status.lines().any(|line| line == "TracerPid:\t0") {
                found.push(child.parse::<i32>()?);
            }
        }
    }
    // It is started with the first disk, before anything else could be.
    found.into_iter().min().map(Pid::from_raw).context("the node's disk process is not found")
}
