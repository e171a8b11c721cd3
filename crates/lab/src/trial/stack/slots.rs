//! The slots of a region as we read them, beside `debugfs.ocfs2` and the kernel, for each size of blocks that mkfs takes.

use super::{Said, ours};
use crate::stack::STEP;
use crate::stack::ocfs2::{self, OTHER_MOUNT_POINT};
use crate::trial::Bench;
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::collections::BTreeMap;

/// Node, generation, dead time.
type Slots = BTreeMap<u64, (u64, u64)>;

pub fn slots(bench: &mut Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    let judged = [512, 1024, 2048, 4096].into_iter().try_for_each(|block| {
        // The smallest blocks go with few nodes and a small journal only.
        let remote = format!("yes | mkfs.ocfs2 -x -F -N 4 -J size=8M -b {block} -C 4096 -L other /dev/mapper/other 2>&1");
        bench.lab.ssh.run(1, &remote, STEP)?;
        bench.lab.ssh.run_on(&[2, 3], "blockdev --flushbufs /dev/mapper/other", STEP)?;
        ocfs2::mount_other(&bench.lab, &nodes)?;
        let judged = compare(bench, nodes.len()).with_context(|| format!("blocks of {block} bytes"));
        ocfs2::unmount(&bench.lab, &nodes, OTHER_MOUNT_POINT)?;
        judged
    });
    let remade = ocfs2::format(&bench.lab, 1, "other", &ocfs2::cluster_options(bench.lab.plan.stack));
    judged?;
    remade
}

fn compare(bench: &Bench, nodes: usize) -> anyhow::Result<()> {
    let (first, beats_before) = by_debugfs(bench)?;
    let Said { out, .. } = ours(bench, 1, "volumes -f --json /dev/mapper/other")?;
    let (second, beats_after) = by_debugfs(bench)?;
    ensure!(first == second && first.len() == nodes, "debugfs.ocfs2 sees {first:?}, then {second:?}");
    let told: Value = serde_json::from_str(&out).with_context(|| out.clone())?;
    let heartbeat = told.pointer("/volumes/0/heartbeat").and_then(Value::as_array).with_context(|| format!("no heartbeat: {told}"))?;
    let mut own = Slots::new();
    for slot in heartbeat {
        let number = |key: &str| slot.get(key).and_then(Value::as_u64).with_context(|| format!("no {key}: {slot}"));
        let generation = slot.get("generation").and_then(Value::as_str).unwrap_or_default();
        let (node, beat) = (number("node")?, number("last_beat")?);
        own.insert(node, (u64::from_str_radix(generation, 16)?, number("dead_ms")?));
        ensure!(slot.get("state").and_then(Value::as_str) == Some("beating"), "node {node} beats: {slot}");
        let between = beats_before.get(&node).copied()..=beats_after.get(&node).copied();
        ensure!(between.contains(&Some(beat)), "node {node}: the last beat is {beat}, debugfs.ocfs2 saw {between:?}");
    }
    ensure!(own == first, "we see {own:?}, debugfs.ocfs2 {first:?}");
    // The kernel's own view of who lives there.
    let uuid = ocfs2::uuid(&bench.lab, 1, "other")?;
    let live = bench.lab.ssh.run(1, &format!("cat /sys/kernel/debug/o2hb/{uuid}/livenodes"), STEP)?;
    let live: Vec<u64> = live.split_whitespace().filter_map(|node| node.parse().ok()).collect();
    ensure!(live.iter().eq(own.keys()), "the kernel sees {live:?}, we see {own:?}");
    let dead_ms = u64::from(bench.lab.plan.timeouts.threshold) * 2000;
    ensure!(own.values().all(|(_, told)| *told == dead_ms), "{own:?}: dead after {dead_ms} ms");
    Ok(())
}

/// `debugfs.ocfs2 -R hb`: `   1:    1 000000006b020d7b bc88a8674536ea4f c6b94b91  14000`; also the last beats.
fn by_debugfs(bench: &Bench) -> anyhow::Result<(Slots, BTreeMap<u64, u64>)> {
    let text = bench.lab.ssh.run(1, "debugfs.ocfs2 -R hb /dev/mapper/other", STEP)?;
    let (mut slots, mut beats) = (Slots::new(), BTreeMap::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [slot, _, beat, generation, _, dead_ms] = words.as_slice() else { continue };
        let Some(node) = slot.strip_suffix(':').and_then(|node| node.parse().ok()) else { continue };
        slots.insert(node, (u64::from_str_radix(generation, 16)?, dead_ms.parse()?));
        beats.insert(node, u64::from_str_radix(beat, 16)?);
    }
    Ok((slots, beats))
}
