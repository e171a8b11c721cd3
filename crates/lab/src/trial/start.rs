//! From the start to the first numbers.

use super::Bench;
use super::watch::{Watch, list, node_of, text};
use anyhow::ensure;
use std::time::{Duration, Instant};

pub(super) fn first_numbers(bench: &mut Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    let began = Instant::now();
    let mut watch = Watch::nodes(bench, &[])?;
    let limit = if bench.lab.plan.engine == crate::plan::Engine::Uml { Duration::from_secs(15) } else { Duration::from_secs(60) };
    watch.until("numbers of three nodes", limit, |snapshot| {
        let live = |node: &&u8| node_of(snapshot, &format!("node{node}")).is_some_and(|told| text(told, "state") == "live");
        (nodes.iter().filter(live).count() == nodes.len()).then_some(())
    })?;
    crate::progress::say(&format!("first numbers of three nodes after {:.2} s", began.elapsed().as_secs_f64()));
    for &node in &nodes {
        let told = node_of(&watch.snapshot, &format!("node{node}")).cloned().unwrap_or_default();
        ensure!(
            text(&told, "kernel") == bench.lab.ssh.run(node, "uname -r", Duration::from_secs(20))?.trim(),
            "node{node}'s kernel: {told}"
        );
        ensure!(text(&told, "device") == "/dev/mapper/ocfs2", "node{node}'s device: {told}");
    }
    let volume = list(&watch.snapshot, "file_systems").first().cloned().unwrap_or_default();
    ensure!(text(&volume, "uuid") == super::reading::uuid(bench)?, "the UUID: {}", text(&volume, "uuid"));
    ensure!(text(&volume, "label") == "ocfs2" && list(&volume, "mount_points") == ["/mnt/ocfs2"], "label and mount point");
    watch.quit()
}
