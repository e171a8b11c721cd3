//! The ways to a node, and dlmtop on a node itself.

use super::Bench;
use super::watch::{Watch, list, node_of, number, text};
use crate::stack::STEP;
use anyhow::ensure;
use std::process::Command;
use std::time::Duration;

/// dlmtop runs on node 1 and reaches the others as an administrator would.
pub(super) fn all_nodes(bench: &mut Bench) -> anyhow::Result<()> {
    let mut command: Command = bench.lab.ssh.command(1, None);
    command.args(["dlmtop", "--all-nodes", "-i", &bench.interval.as_secs_f64().to_string()]);
    let mut watch = Watch::start(bench, command)?;
    watch.until_live(&bench.lab.nodes(), Duration::from_secs(60))?;
    let way = |node: &str| node_of(&watch.snapshot, node).map(|told| text(told, "way").to_owned()).unwrap_or_default();
    ensure!(way("node1") == "local", "node1 is this node, but its way is {:?}", way("node1"));
    ensure!(way("node2") == "ssh" && way("node3") == "ssh", "the ways to node2 and node3: {:?}, {:?}", way("node2"), way("node3"));
    watch.kill()?;
    bench.lab.ssh.run(1, "pkill -x dlmtop; true", STEP)?;
    super::remnants::until_clean(bench, &bench.lab.nodes(), Duration::from_secs(60))
}

/// Node 1 has the program installed, node 2 gets it uploaded, node 3 (whose /tmp and the like run nothing) is read by its shell.
pub(super) fn ways(bench: &mut Bench) -> anyhow::Result<()> {
    let ssh = &bench.lab.ssh;
    let hide = "mv /usr/local/bin/dlmtop /usr/local/bin/dlmtop.away";
    let show = "mv /usr/local/bin/dlmtop.away /usr/local/bin/dlmtop";
    ssh.run_on(&[2, 3], hide, STEP)?;
    let judged = (|| {
        let mut uploaded = Watch::nodes(bench, &[])?;
        uploaded.until_live(&[1, 2, 3], Duration::from_secs(90))?;
        let way = |watch: &Watch, node: &str| node_of(&watch.snapshot, node).map(|told| text(told, "way").to_owned()).unwrap_or_default();
        ensure!(way(&uploaded, "node1") == "ssh", "node1 has it installed, its way is {:?}", way(&uploaded, "node1"));
        ensure!(way(&uploaded, "node2") == "ssh, uploaded", "node2's way is {:?}", way(&uploaded, "node2"));
        uploaded.quit()?;
        let mut shell = Watch::nodes(bench, &["--no-upload"])?;
        shell.until_live(&[1, 2, 3], Duration::from_secs(120))?;
        ensure!(way(&shell, "node3").starts_with("ssh, shell"), "node3's way is {:?}", way(&shell, "node3"));
        // The same kernel file by other ways: as many locks as the independent reading has, in time.
        let uuid = super::reading::uuid(bench)?;
        let all: u64 = super::reading::locks(bench, 3, &uuid)?.values().map(|of_name| of_name.len() as u64).sum();
        shell.until(&format!("all {all} locks of node3 by its shell"), Duration::from_secs(240), |snapshot| {
            let told = node_of(snapshot, "node3")?;
            (number(told.get("sample")?, "known")? >= all).then_some(())
        })?;
        ensure!(list(&shell.snapshot, "file_systems").len() == 1, "one file system by all ways");
        shell.quit()
    })();
    ssh.run_on(&[2, 3], show, STEP)?;
    judged?;
    super::remnants::until_clean(bench, &[1, 2, 3], Duration::from_secs(60))
}
