//! What breaks in the field, made to happen.

use crate::lab::Lab;
use crate::network::Role;
use crate::plan;
use crate::stack::{STEP, o2cb, ocfs2};
use anyhow::{Context as _, ensure};
use clap::{Subcommand, ValueEnum};

pub mod clock;
pub mod disk;
pub mod power;

/// A fault, or the end of one.
#[derive(Debug, Subcommand)]
pub enum Fault {
    /// Cut a node's power
    Kill {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
    },
    /// Boot a node that does not run, and bring it back into the cluster
    Start {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// Only boot it
        #[arg(long)]
        bare: bool,
    },
    /// Stop a node where it is, as a machine that hangs
    Pause {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
    },
    /// Let a stopped node go on
    Resume {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
    },
    /// Pull a node's cable of the cluster's network, or with --ssh of the administrator's
    Cut {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// The administrator's network
        #[arg(long)]
        ssh: bool,
    },
    /// Put a node's cable back
    Heal {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// The administrator's network
        #[arg(long)]
        ssh: bool,
    },
    /// Split the cluster's network into groups, as 1,2/3,4; one group of all heals it
    Split {
        /// Groups
        #[arg(value_name = "GROUPS", value_parser = groups)]
        groups: Groups,
    },
    /// Stall, slow or fail a disk of a node, from inside (device mapper)
    Disk {
        /// What it does from now on
        #[arg(value_enum)]
        how: disk::How,
        /// Nodes, or none for all that run
        #[arg(value_parser = crate::bring::node_number)]
        nodes: Vec<u8>,
        /// Which disk
        #[arg(long, default_value = "ocfs2")]
        disk: String,
        /// How slow: each request takes so much longer, ms
        #[arg(long, default_value_t = 500)]
        delay: u32,
    },
    /// Stall all disks of a node from outside (uml: its disk process is stopped; qemu: throttled by its monitor)
    Freeze {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
    },
    /// End `freeze`
    Thaw {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
    },
    /// Step a node's clock by so many seconds
    Clock {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// Seconds, also negative or with a fraction
        #[arg(allow_hyphen_values = true)]
        seconds: f64,
    },
    /// Unmount OCFS2 on nodes; with --other the volume beside it
    Unmount {
        /// Nodes, or none for all that run
        #[arg(value_parser = crate::bring::node_number)]
        nodes: Vec<u8>,
        /// The other volume
        #[arg(long)]
        other: bool,
    },
    /// Mount OCFS2 again; with --other the volume beside it, at /mnt/other
    Mount {
        /// Nodes, or none for all that run
        #[arg(value_parser = crate::bring::node_number)]
        nodes: Vec<u8>,
        /// The other volume
        #[arg(long)]
        other: bool,
    },
    /// Unmount debugfs on a node, or with --back mount it again
    Debugfs {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// Mount it again
        #[arg(long)]
        back: bool,
    },
    /// Fill a node's memory, until this command is ended
    Memory {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// How much to leave, MiB
        #[arg(long, default_value_t = 16)]
        leave: u32,
    },
    /// Stop, continue or kill a cluster daemon of a node
    Daemon {
        /// Node
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// Which
        #[arg(value_enum)]
        daemon: Daemon,
        /// What to do
        #[arg(value_enum)]
        how: Signal,
    },
    /// Give a node a cluster.conf that differs from the others' (two nodes swapped), and bring it online with it
    WrongConfig {
        /// Node; its OCFS2 is unmounted first
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// Give it the right one again
        #[arg(long)]
        back: bool,
    },
    /// Give a node another heartbeat threshold than the others', and bring it online with it
    WrongThreshold {
        /// Node; its OCFS2 is unmounted first
        #[arg(value_parser = crate::bring::node_number)]
        node: u8,
        /// Threshold
        #[arg(long, default_value_t = 61, value_parser = clap::value_parser!(u32).range(2..))]
        threshold: u32,
        /// Give it the others' again
        #[arg(long, conflicts_with = "threshold")]
        back: bool,
    },
}

/// Groups of nodes that hear each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups(pub Vec<Vec<u8>>);

fn groups(text: &str) -> Result<Groups, String> {
    let node = |word: &str| crate::bring::node_number(word.trim());
    let groups = text.split('/').map(|group| group.split(',').map(node).collect()).collect::<Result<Vec<Vec<u8>>, String>>()?;
    let mut all: Vec<u8> = groups.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    if all.len() == groups.iter().map(Vec::len).sum::<usize>() { Ok(Groups(groups)) } else { Err("a node is in two groups".to_owned()) }
}

/// Daemons of the user-space stack.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Daemon {
    /// The DLM's.
    #[value(name = "dlm_controld")]
    DlmControld,
    /// Membership and messages.
    Corosync,
}

/// What is sent to a daemon.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Signal {
    /// SIGSTOP.
    Stop,
    /// SIGCONT.
    Continue,
    /// SIGKILL.
    Kill,
}

/// Makes it happen.
pub fn make(lab: &mut Lab, fault: &Fault) -> anyhow::Result<()> {
    let role = |ssh: bool| if ssh { Role::Admin } else { Role::Cluster };
    match fault {
        Fault::Kill { node } => lab.process(*node)?.kill(),
        Fault::Start { node, bare } => power::start(lab, *node, *bare),
        Fault::Pause { node } => lab.process(*node)?.pause(),
        Fault::Resume { node } => lab.process(*node)?.resume(),
        Fault::Cut { node, ssh } => {
            lab.must_have(*node)?;
            lab.network.cut(role(*ssh), *node)
        }
        Fault::Heal { node, ssh } => {
            lab.must_have(*node)?;
            lab.network.join(role(*ssh), *node, 0)?;
            // A connection that was kept over the cut would go on only with its next retransmission.
            if *ssh {
                lab.ssh.forget(*node);
            }
            Ok(())
        }
        Fault::Split { groups } => split(lab, groups),
        Fault::Disk { how, nodes, disk, delay } => disk::behave(lab, &lab.able(nodes)?, disk, *how, *delay),
        Fault::Freeze { node } => disk::freeze(lab, *node, true),
        Fault::Thaw { node } => disk::freeze(lab, *node, false),
        Fault::Clock { node, seconds } => clock::step(lab, *node, *seconds),
        Fault::Unmount { nodes, other } => {
            ocfs2::unmount(lab, &lab.able(nodes)?, if *other { ocfs2::OTHER_MOUNT_POINT } else { ocfs2::MOUNT_POINT })
        }
        Fault::Mount { nodes, other: false } => ocfs2::mount(lab, &lab.able(nodes)?),
        Fault::Mount { nodes, other: true } => ocfs2::mount_other(lab, &lab.able(nodes)?),
        Fault::Debugfs { node, back } => debugfs(lab, *node, *back),
        Fault::Memory { node, leave } => {
            lab.able(&[*node])?;
            let status = lab.ssh.command(*node, Some(&format!("lab-guest memory --leave {leave} --until-eof"))).status();
            ensure!(status.context("ssh does not start")?.success(), "node{node}: filling its memory failed");
            Ok(())
        }
        Fault::Daemon { node, daemon, how } => signal(lab, *node, *daemon, *how),
        Fault::WrongConfig { node, back: false } => wrong_config(lab, *node),
        Fault::WrongThreshold { node, threshold, back: false } => wrong_threshold(lab, *node, *threshold),
        Fault::WrongConfig { node, back: true } | Fault::WrongThreshold { node, back: true, .. } => {
            reconfigured(lab, *node, || ocfs2::configure(lab, &[*node]))
        }
    }
}

/// Splits the cluster's network.
pub fn split(lab: &Lab, groups: &Groups) -> anyhow::Result<()> {
    for (number, group) in groups.0.iter().enumerate() {
        for &node in group {
            lab.must_have(node)?;
            lab.network.join(Role::Cluster, node, number)?;
        }
    }
    Ok(())
}

/// Takes debugfs away, or puts it back.
pub fn debugfs(lab: &Lab, node: u8, back: bool) -> anyhow::Result<()> {
    lab.able(&[node])?;
    let remote = if back {
        "mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug"
    } else {
        // Its tracefs is mounted by the kernel when somebody looks there.
        "umount /sys/kernel/debug/tracing 2>/dev/null; umount /sys/kernel/debug"
    };
    lab.ssh.run(node, remote, STEP)?;
    Ok(())
}

fn signal(lab: &Lab, node: u8, daemon: Daemon, how: Signal) -> anyhow::Result<()> {
    lab.able(&[node])?;
    let name = match daemon {
        Daemon::DlmControld => "dlm_controld",
        Daemon::Corosync => "corosync",
    };
    let signal = match how {
        Signal::Stop => "STOP",
        Signal::Continue => "CONT",
        Signal::Kill => "KILL",
    };
    let remote = format!("pids=$(pidof {name}) || {{ echo {name} does not run >&2; exit 1; }}; kill -{signal} $pids");
    lab.ssh.run(node, &remote, STEP)?;
    Ok(())
}

/// Takes a node out of the cluster and brings it back with what `configure` wrote.
fn reconfigured(lab: &Lab, node: u8, configure: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    ensure!(lab.plan.stack != plan::Stack::Pcmk, "the lab does not run O2CB");
    lab.able(&[node])?;
    o2cb::offline(lab, node)?;
    configure()?;
    o2cb::online(lab, &[node])
}

fn wrong_config(lab: &Lab, node: u8) -> anyhow::Result<()> {
    let others: Vec<u8> = lab.nodes().into_iter().filter(|&other| other != node).collect();
    let [one, two, ..] = others.as_slice() else { anyhow::bail!("a wrong cluster.conf needs two other nodes") };
    reconfigured(lab, node, || {
        let conf = lab.ssh.run(node, "cat /etc/ocfs2/cluster.conf", STEP)?;
        let swapped = swapped(&conf, &Role::Cluster.address(*one), &Role::Cluster.address(*two));
        o2cb::configure(lab, &[node], &swapped, lab.plan.timeouts)
    })
}

/// A cluster.conf in which two addresses have changed places.
fn swapped(conf: &str, first: &str, second: &str) -> String {
    let other = |line: &str| match line.strip_prefix("\tip_address = ") {
        Some(address) if address == first => format!("\tip_address = {second}\n"),
        Some(address) if address == second => format!("\tip_address = {first}\n"),
        _ => format!("{line}\n"),
    };
    conf.lines().map(other).collect()
}

fn wrong_threshold(lab: &Lab, node: u8, threshold: u32) -> anyhow::Result<()> {
    reconfigured(lab, node, || {
        let conf = lab.ssh.run(node, "cat /etc/ocfs2/cluster.conf", STEP)?;
        let timeouts = plan::Timeouts { threshold, ..lab.plan.timeouts };
        o2cb::configure(lab, &[node], &conf, timeouts)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_change_places() {
        let conf = o2cb::cluster_conf(3, &["AB".to_owned()]);
        let wrong = swapped(&conf, "10.77.0.1", "10.77.0.2");
        assert!(wrong.contains("\tip_address = 10.77.0.2\n\tnumber = 1\n") && wrong.contains("\tip_address = 10.77.0.1\n\tnumber = 2\n"));
        assert_eq!(swapped(&wrong, "10.77.0.1", "10.77.0.2"), conf);
    }

    #[test]
    fn splits() {
        assert_eq!(groups("1,2/3,node4"), Ok(Groups(vec![vec![1, 2], vec![3, 4]])));
        assert_eq!(groups("1,2,3"), Ok(Groups(vec![vec![1, 2, 3]])));
        assert!(groups("1,2/2").is_err() && groups("1//2").is_err() && groups("0").is_err() && groups("").is_err());
    }
}
