//! Nodes that fence themselves, for real: `o2cb forecast` has to name victim, rule and time before, `o2cb watch` to see it coming,
//! `o2cb doctor` to name the cause afterwards.

mod cluster;
mod coming;
mod expected;
mod played;

use super::Bench;
use crate::fault::disk::{self, How};
use crate::network::Role;
use cluster::Heartbeat;
use played::Scenario;
use std::time::Duration;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// A node that could not write for so long alone would have fenced itself.
fn longer_than_a_fence(bench: &Bench) -> Duration {
    Duration::from_secs(u64::from(bench.lab.plan.timeouts.threshold) * 2 + 20)
}

/// All requests to the region's disk hang at node2, under local heartbeat.
pub(super) fn stall(bench: &mut Bench) -> anyhow::Result<()> {
    played::play(bench, Heartbeat::Local, &stalled("ocfs2"))
}

/// The same in a cluster of one global region.
pub(super) fn stall_global(bench: &mut Bench) -> anyhow::Result<()> {
    played::play(bench, Heartbeat::Global(1), &stalled("hb1"))
}

fn stalled(disk: &'static str) -> Scenario<'static> {
    Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--stall", "*@node2"]),
        begin: Box::new(move |bench| disk::behave(&bench.lab, &[2], disk, How::Stall, 0)),
        end: Box::new(|_| Ok(())),
        lasts: None,
        survivor: &["storage of node 2 hung"],
        victim: Some(("disk-fence", &["storage of node 2 hung", "asked node 1 to wait"])),
    }
}

/// Of three global regions one hangs at node2: nobody fences; then two: node2 does.
pub(super) fn stall_one_of_three(bench: &mut Bench) -> anyhow::Result<()> {
    let long = longer_than_a_fence(bench);
    let one = Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--stall", &format!("hb1@node2:{}s", long.as_secs())]),
        begin: Box::new(|bench| disk::behave(&bench.lab, &[2], "hb1", How::Stall, 0)),
        end: Box::new(|bench| disk::behave(&bench.lab, &[2], "hb1", How::Well, 0)),
        lasts: Some(long),
        survivor: &[],
        victim: None,
    };
    let two = Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--stall", "hb1@node2", "--stall", "hb2@node2"]),
        begin: Box::new(|bench| {
            disk::behave(&bench.lab, &[2], "hb1", How::Stall, 0)?;
            disk::behave(&bench.lab, &[2], "hb2", How::Stall, 0)
        }),
        end: Box::new(|_| Ok(())),
        lasts: None,
        survivor: &["storage of node 2 hung"],
        victim: Some(("disk-fence", &["storage of node 2 hung", "asked node 1 to wait"])),
    };
    played::play_all(bench, Heartbeat::Global(3), &[one, two])
}

/// The storage hangs for all nodes at once, for longer than any would wait alone.
pub(super) fn stall_all(bench: &mut Bench) -> anyhow::Result<()> {
    let long = longer_than_a_fence(bench);
    let scenario = Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--stall", &format!("*@*:{}s", long.as_secs())]),
        begin: Box::new(|bench| disk::behave(&bench.lab, &[1, 2, 3], "ocfs2", How::Stall, 0)),
        end: Box::new(|bench| disk::behave(&bench.lab, &[1, 2, 3], "ocfs2", How::Well, 0)),
        lasts: Some(long),
        survivor: &[],
        victim: None,
    };
    played::play(bench, Heartbeat::Local, &scenario)
}

/// Writes of node2 fail at once.
pub(super) fn io_error(bench: &mut Bench) -> anyhow::Result<()> {
    let scenario = Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--io-error", "*@node2"]),
        begin: Box::new(|bench| disk::behave(&bench.lab, &[2], "hb1", How::Fail, 0)),
        end: Box::new(|_| Ok(())),
        lasts: None,
        // Whom it asks nothing, it tells nothing: see what the survivors cannot know in docs/doctor.md.
        survivor: &["its storage stopped"],
        victim: Some(("disk-fence", &["storage of node 2 failed"])),
    };
    played::play(bench, Heartbeat::Global(1), &scenario)
}

/// The cable of one of three nodes is pulled.
pub(super) fn cut_three(bench: &mut Bench) -> anyhow::Result<()> {
    let scenario = Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--split", "1,2/3"]),
        begin: Box::new(|bench| bench.lab.network.cut(Role::Cluster, 3)),
        end: Box::new(|bench| bench.lab.network.join(Role::Cluster, 3, 0)),
        lasts: None,
        survivor: &["network between node 1 and node 3 lost"],
        victim: Some(("network-fence", &["network between node 3 and nodes 1 and 2 lost", "lost the quorum decision"])),
    };
    played::play(bench, Heartbeat::Local, &scenario)
}

/// Two nodes lose each other: the higher number goes, though its cable is well.
pub(super) fn cut_two(bench: &mut Bench) -> anyhow::Result<()> {
    let scenario = Scenario {
        nodes: &[1, 2],
        forecast: words(&["--down", "node3", "--split", "1/2"]),
        begin: Box::new(|bench| bench.lab.network.cut(Role::Cluster, 1)),
        end: Box::new(|bench| bench.lab.network.join(Role::Cluster, 1, 0)),
        lasts: None,
        survivor: &["network between node 1 and node 2 lost"],
        victim: Some(("network-fence", &["network between node 2 and node 1 lost", "only half (1 of 2)"])),
    };
    played::play(bench, Heartbeat::Local, &scenario)
}

/// The same with three global regions.
pub(super) fn cut_global(bench: &mut Bench) -> anyhow::Result<()> {
    let scenario = Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--split", "1,3/2"]),
        begin: Box::new(|bench| bench.lab.network.cut(Role::Cluster, 2)),
        end: Box::new(|bench| bench.lab.network.join(Role::Cluster, 2, 0)),
        lasts: None,
        survivor: &["network between node 1 and node 2 lost"],
        victim: Some(("network-fence", &["network between node 2 and nodes 1 and 3 lost", "lost the quorum decision"])),
    };
    played::play(bench, Heartbeat::Global(3), &scenario)
}

/// A node's power is cut: nobody fences, the others wait until it counts as dead.
pub(super) fn killed(bench: &mut Bench) -> anyhow::Result<()> {
    let scenario = Scenario {
        nodes: &[1, 2, 3],
        forecast: words(&["--kill", "node3"]),
        begin: Box::new(|bench| bench.lab.process(3)?.kill()),
        end: Box::new(|_| Ok(())),
        lasts: None,
        survivor: &["died (no sign before)"],
        victim: None,
    };
    played::play(bench, Heartbeat::Local, &scenario)
}
