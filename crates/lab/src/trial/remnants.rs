//! Nothing stays on a node: no process, no file, no trace instance, no filter.

use super::Bench;
use super::watch::Watch;
use crate::network::Role;
use crate::plan::FileSystem;
use crate::stack::STEP;
use anyhow::bail;
use std::time::{Duration, Instant};

/// Waits until `lab-guest remnants` finds nothing on `nodes`.
pub fn until_clean(bench: &Bench, nodes: &[u8], limit: Duration) -> anyhow::Result<()> {
    let began = Instant::now();
    crate::ssh::on_each(nodes, |node| {
        loop {
            let output = bench.lab.ssh.output(node, "lab-guest remnants", &[], STEP)?;
            match output.status.code() {
                Some(0) => return Ok(()),
                Some(3) if began.elapsed() < limit => std::thread::sleep(Duration::from_millis(200)),
                _ => bail!("node{node}, {:.0} s after the end: {}", began.elapsed().as_secs_f64(), output.text() + &output.said()),
            }
        }
    })?;
    crate::progress::say(&format!("nothing is left {:.1} s after the end", began.elapsed().as_secs_f64()));
    Ok(())
}

fn running(bench: &Bench) -> anyhow::Result<Watch> {
    let mut watch = Watch::nodes(bench, &[])?;
    watch.until_live(&bench.lab.nodes(), Duration::from_secs(60))?;
    Ok(watch)
}

pub(super) fn after_quit(bench: &mut Bench) -> anyhow::Result<()> {
    running(bench)?.quit()?;
    until_clean(bench, &bench.lab.nodes(), Duration::from_secs(15))
}

pub(super) fn after_kill(bench: &mut Bench) -> anyhow::Result<()> {
    running(bench)?.kill()?;
    until_clean(bench, &bench.lab.nodes(), Duration::from_secs(15))?;
    if bench.on == FileSystem::Gfs2 {
        let watch = running(bench)?;
        // The collector cannot clear up after this; the next one does it.
        bench.lab.ssh.run(1, "pkill -KILL -x dlmtop", STEP)?;
        watch.kill()?;
        running(bench)?.quit()?;
        until_clean(bench, &bench.lab.nodes(), Duration::from_secs(15))?;
    }
    Ok(())
}

/// The cable is pulled, then dlmtop is killed: nobody can tell the node any more. Its collector must end by itself.
pub(super) fn after_cut(bench: &mut Bench) -> anyhow::Result<()> {
    let watch = running(bench)?;
    bench.lab.network.cut(Role::Admin, 2)?;
    let killed = watch.kill();
    // Longer than a viewer may be silent.
    let silent = Instant::now();
    let waited = crate::interrupt::wait_for("a viewer's longest silence", Duration::from_secs(70), || {
        Ok((silent.elapsed() > Duration::from_secs(50)).then_some(()))
    });
    bench.lab.network.join(Role::Admin, 2, 0)?;
    killed?;
    waited?;
    until_clean(bench, &bench.lab.nodes(), Duration::from_secs(20))
}
