//! What the kernel refuses, in words, with nothing left half done.

use super::{CLUSTER, apart, done, refused, registered};
use crate::stack::{STEP, o2cb};
use crate::trial::Bench;
use anyhow::ensure;

/// Another configuration than the lab's.
const OTHER: &str = "/run/other.conf";

pub fn refusals(bench: &mut Bench) -> anyhow::Result<()> {
    apart(bench, |bench| {
        let conf = o2cb::cluster_conf(bench.lab.plan.nodes, &[]);
        let online = format!("--config-file={OTHER} online {CLUSTER}");
        let with = |text: &str| bench.lab.ssh.write(1, OTHER, 0o644, text.as_bytes());

        with(&conf.replace("10.77.0.1\n", "10.77.0.77\n"))?;
        refused(bench, 1, &online, &["EADDRNOTAVAIL", "10.77.0.77"])?;
        nothing_is_left(bench, "an address of another machine")?;

        with(&conf.replace("name = node1\n", "name = stranger\n"))?;
        refused(bench, 1, &online, &["node1", "stranger"])?;
        nothing_is_left(bench, "no node of this host")?;

        with(&conf.replace("number = 2\n", "number = 1\n"))?;
        refused(bench, 1, &online, &[OTHER, "number"])?;
        nothing_is_left(bench, "a number twice")?;

        with(&conf)?;
        let listen = "setsid python3 -c 'import socket,time\ns=socket.socket(); s.setsockopt(1,2,1); s.bind((\"10.77.0.1\",7777)); s.listen(); time.sleep(900)' \
                      </dev/null >/dev/null 2>&1 & echo $!";
        let pid = bench.lab.ssh.run(1, listen, STEP)?.trim().to_owned();
        // Connections of earlier clusters may linger on that port (hence SO_REUSEADDR): it must be one that listens.
        let listens = "for n in $(seq 200); do awk '$2 ~ /:1E61$/ && $4 == \"0A\" { found = 1 } END { exit !found }' /proc/net/tcp && exit 0; \
                       sleep 0.1; done; exit 1";
        bench.lab.ssh.run(1, listens, STEP)?;
        let judged = refused(bench, 1, &online, &["EADDRINUSE", "7777"]);
        bench.lab.ssh.run(1, &format!("kill {pid}"), STEP)?;
        judged?;
        nothing_is_left(bench, "a port in use")?;

        done(bench, 1, &format!("online {CLUSTER}"))?;
        with(&conf.replace(&format!("= {CLUSTER}\n"), "= second\n"))?;
        refused(bench, 1, &format!("--config-file={OTHER} online second"), &["second", CLUSTER])?;
        ensure!(registered(bench, 1)? == CLUSTER, "the running cluster suffered");
        done(bench, 1, &format!("offline {CLUSTER}"))?;
        bench.lab.ssh.run(1, &format!("rm {OTHER}"), STEP)?;
        Ok(())
    })
}

fn nothing_is_left(bench: &Bench, after: &str) -> anyhow::Result<()> {
    let left = registered(bench, 1)?;
    ensure!(left.is_empty(), "after {after}: {left} is registered still");
    Ok(())
}
