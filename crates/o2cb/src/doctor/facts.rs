//! What is known of this machine. Looked at once, before any check judges; nothing is written, loaded or mounted.

pub mod again;
pub mod boot;
pub mod config;
pub mod disks;
pub mod firewall;
pub mod kernel;
pub mod logs;
pub mod multipath;
pub mod probe;
pub mod storage;
pub mod waits;

use crate::found::{FoundCluster, Seen};
use crate::kernel::{DEBUGFS, Look};
use crate::obstacles::Obstacles;
use crate::place::Place;
use crate::stack::Sources;
use crate::status::Status;
use formats::kernel_log::{Event, Message};
use formats::o2dlm::{Sending, send_tracking};

/// All of it.
#[derive(Debug)]
pub struct Facts {
    /// What is running, what is asked for, and what `status` says to that.
    pub status: Status,
    /// The configuration's files, judged.
    pub config: config::ConfigFacts,
    /// Who uses the stack.
    pub obstacles: Seen<Obstacles>,
    /// The OCFS2 volumes and who beats on them.
    pub disks: disks::Disks,
    /// How long the devices below the regions may keep a write waiting.
    pub storage: Vec<storage::Wait>,
    /// What happens at boot and at shutdown.
    pub boot: boot::Boot,
    /// The kernel and the distribution.
    pub kernel: kernel::KernelFacts,
    /// Kernel logs.
    pub logs: logs::Logs,
    /// What came of connecting to nodes that beat and are not connected.
    pub probes: Vec<probe::Probe>,
    /// Rules of this machine's firewall that name the port, or why they are not known.
    pub firewall: firewall::Firewall,
    /// Messages that are being sent.
    pub sendings: Seen<Vec<Sending>>,
    /// Locks that somebody here has waited for, for long.
    pub waits: Seen<waits::Waits>,
    /// What was read again after the heartbeats were watched; `None`: nothing was.
    pub again: Option<again::Again>,
}

impl Facts {
    /// Looks at everything that files tell. Disks, logs, probes and the firewall are left out: they need programs, sockets or time.
    pub fn look(look: &dyn Look, place: &Place, sources: &dyn Sources, named: Option<&str>) -> Facts {
        let status = Status::look(look, sources, named);
        let obstacles = Seen::of(Obstacles::look(look, &status.found));
        Facts {
            config: config::ConfigFacts::look(place),
            obstacles,
            disks: disks::Disks::default(),
            storage: storage::look(look, &status),
            boot: boot::Boot::look(look),
            kernel: kernel::KernelFacts::look(look),
            logs: logs::Logs::default(),
            probes: Vec::new(),
            firewall: firewall::Firewall::default(),
            sendings: Seen::of(look.read(&format!("{DEBUGFS}/o2net/send_tracking"))).map(|text| send_tracking::parse(&text).0),
            waits: waits::look(look),
            again: None,
            status,
        }
    }

    /// The registered cluster that this is about.
    pub fn cluster(&self) -> Option<&FoundCluster> {
        self.status.cluster()
    }

    /// The name of the cluster, for commands.
    pub fn cluster_name(&self) -> String {
        self.status.name.clone().unwrap_or_else(|| "CLUSTER".to_owned())
    }

    /// Name and number of a node, as far as they are known: `db2 (2)`.
    pub fn node(&self, number: u32) -> String {
        let running = self.cluster().and_then(|cluster| {
            let node = cluster.nodes.iter().find(|node| node.number.is().map(|own| u32::from(*own)) == Some(number));
            node.map(|node| node.name.clone())
        });
        let asked =
            || self.status.asked.cluster.as_ref()?.nodes.iter().find(|node| u32::from(node.number) == number).map(|node| node.name.clone());
        running.or_else(asked).map_or_else(|| format!("node {number}"), |name| format!("node {name} ({number})"))
    }

    /// This machine's number, from what runs, else from the configuration.
    pub fn own_number(&self) -> Option<u32> {
        let running = self.cluster().and_then(|cluster| cluster.local()?.number.is().map(|number| u32::from(*number)));
        running.or_else(|| self.status.host_node().map(|node| u32::from(node.number)))
    }

    /// Whether a node beats and is not connected, both times that this was read.
    pub fn lost(&self, node: u32) -> bool {
        let first =
            self.status.lost().unwrap_or_default().iter().any(|lost| lost.number.is().map(|number| u32::from(*number)) == Some(node));
        first && self.again.as_ref().is_none_or(|again| again.lost(node))
    }

    /// What the watch of the heartbeats on disk tells of a node.
    pub fn pulse(&self, node: u32) -> Option<disks::Pulse> {
        self.disks.pulse(self.status.name.as_deref(), node)
    }

    /// Seconds after which a node that cannot write fences itself, by what runs.
    pub fn fence_after_s(&self) -> Option<u64> {
        self.cluster()?.threshold.is().map(|threshold| crate::status::fence_after_s(*threshold))
    }

    /// Messages of this boot, oldest first; empty if the log cannot be read.
    pub fn now(&self) -> &[Message] {
        self.logs.now.is().map_or(&[], |log| &log.messages)
    }

    /// Messages of this boot that are at most so old.
    pub fn recent(&self, seconds: u64) -> impl Iterator<Item = &Message> {
        let from = self.logs.uptime_us.map(|now| now.saturating_sub(seconds * 1_000_000));
        self.now().iter().filter(move |message| message.at.boot_us >= from && from.is_some())
    }

    /// The same since the cluster was registered: each registration sets the heartbeat mode. What was wrong before may have been mended.
    pub fn since_registered(&self, seconds: u64) -> Vec<&Message> {
        let recent: Vec<&Message> = self.recent(seconds).collect();
        let registered = recent.iter().rposition(|message| matches!(message.event, Some(Event::HeartbeatMode { .. })));
        recent.into_iter().skip(registered.map_or(0, |index| index + 1)).collect()
    }

    /// Why messages of this boot, the newest with them, are not all known, if they are not.
    pub fn log_unknown(&self) -> Option<String> {
        let absent = || format!("the kernel's log: {}", self.logs.now.words(|_| String::new()));
        self.logs.behind.clone().or_else(|| self.logs.now.is().is_none().then(absent))
    }
}
