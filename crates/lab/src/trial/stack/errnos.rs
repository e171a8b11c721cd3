//! What this kernel refuses at its own files, one by one: each errno is told by its name, and with what it means there.

use super::{CLUSTER, apart, done, refused};
use crate::fault::disk;
use crate::stack::{STEP, ocfs2};
use crate::trial::Bench;

/// Where nothing is mounted: a region may be tried on it.
const DISK: &str = "hb1";

pub fn errnos(bench: &mut Bench) -> anyhow::Result<()> {
    apart(bench, |bench| {
        done(bench, 1, "load")?;
        done(bench, 1, &format!("step make {CLUSTER}"))?;
        let judged = cluster(bench).and_then(|()| nodes(bench)).and_then(|()| regions(bench));
        let disk_well = disk::behave(&bench.lab, &[1], DISK, disk::How::Well, 0);
        let remove = format!(
            "cd /sys/kernel/config/cluster/{CLUSTER} && rmdir heartbeat/*/ 2>/dev/null; rmdir node/*/ 2>/dev/null; cd / && rmdir /sys/kernel/config/cluster/{CLUSTER}"
        );
        let removed = bench.lab.ssh.run(1, &remove, STEP);
        judged?;
        disk_well?;
        removed?;
        running(bench)
    })
}

/// Writes that are refused: attribute, value, what must be said.
fn refuses(bench: &Bench, table: &[(&str, &str, &[&str])]) -> anyhow::Result<()> {
    for (file, value, words) in table {
        refused(bench, 1, &format!("step write {CLUSTER}/{file} '{value}'"), words)?;
    }
    Ok(())
}

fn takes(bench: &Bench, table: &[(&str, &str)]) -> anyhow::Result<()> {
    for (file, value) in table {
        done(bench, 1, &format!("step write {CLUSTER}/{file} '{value}'"))?;
    }
    Ok(())
}

fn cluster(bench: &Bench) -> anyhow::Result<()> {
    refused(bench, 1, "step make second", &["ENOSPC", "one cluster"])?;
    refused(bench, 1, &format!("step make {CLUSTER}"), &["EEXIST"])?;
    refused(bench, 1, "step remove stranger", &["ENOENT"])?;
    let over = "4294967295";
    refuses(
        bench,
        &[
            ("idle_timeout_ms", "0", &["EINVAL", "above 0"]),
            ("idle_timeout_ms", over, &["ERANGE", "4294967294"]),
            ("idle_timeout_ms", "1000", &["EINVAL", "above the keepalive delay"]),
            ("keepalive_delay_ms", "0", &["EINVAL", "above 0"]),
            ("keepalive_delay_ms", over, &["ERANGE", "4294967294"]),
            ("keepalive_delay_ms", "30000", &["EINVAL", "above the keepalive delay"]),
            ("reconnect_delay_ms", "0", &["EINVAL", "above 0"]),
            ("reconnect_delay_ms", over, &["ERANGE", "4294967294"]),
            ("fence_method", "halt", &["EINVAL", "`reset` and `panic`"]),
            ("heartbeat/dead_threshold", "soon", &["EINVAL", "decimal"]),
            ("heartbeat/dead_threshold", "2", &["it was accepted, but it reads back"]),
            ("heartbeat/mode", "both", &["EINVAL", "`local` and `global`"]),
        ],
    )
}

fn nodes(bench: &Bench) -> anyhow::Result<()> {
    let long = "n".repeat(65);
    refused(bench, 1, &format!("step make {CLUSTER}/node/{long}"), &["ENAMETOOLONG", "64 bytes"])?;
    for node in ["one", "two", "far"] {
        done(bench, 1, &format!("step make {CLUSTER}/node/{node}"))?;
    }
    refuses(
        bench,
        &[
            ("node/one/ipv4_port", "0", &["EINVAL", "1 to 65534"]),
            ("node/one/ipv4_port", "65535", &["ERANGE", "1 to 65534"]),
            ("node/one/num", "1", &["EINVAL", "address and port"]),
            ("node/one/local", "1", &["EINVAL", "address, port and number"]),
            ("node/one/ipv4_address", "10.77.0.300", &["ERANGE", "0 to 255"]),
            ("node/one/ipv4_address", "here", &["EINVAL", "four numbers"]),
        ],
    )?;
    takes(bench, &[("node/one/ipv4_port", "7777"), ("node/one/ipv4_address", "10.77.0.1")])?;
    refuses(
        bench,
        &[
            ("node/one/ipv4_port", "7778", &["EBUSY", "cannot be changed"]),
            ("node/one/ipv4_address", "10.77.0.9", &["EBUSY", "cannot be changed"]),
            ("node/one/num", "255", &["ERANGE", "0 to 254"]),
            ("node/one/num", "-1", &["EINVAL", "0 to 254"]),
        ],
    )?;
    takes(bench, &[("node/one/num", "1")])?;
    refuses(
        bench,
        &[("node/one/num", "2", &["EBUSY", "cannot be changed"]), ("node/two/ipv4_address", "10.77.0.1", &["EEXIST", "has this address"])],
    )?;
    takes(bench, &[("node/two/ipv4_address", "10.77.0.2"), ("node/two/ipv4_port", "7777")])?;
    refuses(bench, &[("node/two/num", "1", &["EEXIST", "has this number"])])?;
    takes(bench, &[("node/two/num", "2"), ("node/far/ipv4_address", "10.99.9.9"), ("node/far/ipv4_port", "7777"), ("node/far/num", "9")])?;
    refuses(bench, &[("node/far/local", "1", &["EADDRNOTAVAIL", "no interface"])])
}

fn regions(bench: &Bench) -> anyhow::Result<()> {
    let region = format!("{CLUSTER}/heartbeat/R");
    let long = "R".repeat(33);
    refused(bench, 1, &format!("step make {CLUSTER}/heartbeat/{long}"), &["ENAMETOOLONG", "32 bytes"])?;
    done(bench, 1, &format!("step make {region}"))?;
    refuses(
        bench,
        &[
            ("heartbeat/R/block_bytes", "256", &["ERANGE", "512 to 4096"]),
            ("heartbeat/R/block_bytes", "8192", &["ERANGE", "512 to 4096"]),
            ("heartbeat/R/block_bytes", "600", &["EINVAL", "power of two"]),
            ("heartbeat/R/blocks", "0", &["ERANGE", "1 to 255"]),
            ("heartbeat/R/blocks", "256", &["ERANGE", "1 to 255"]),
            ("heartbeat/dead_threshold", "61", &["it was accepted, but it reads back", "while any region exists"]),
            ("heartbeat/mode", "global", &["it was accepted, but it reads back", "while any region exists"]),
        ],
    )?;
    let start = format!("step start {region} /dev/mapper/{DISK}");
    refused(bench, 1, &start, &["EINVAL", "registered as local"])?;
    takes(bench, &[("node/one/local", "1")])?;
    refuses(bench, &[("node/two/local", "1", &["EBUSY", "already this machine's"])])?;
    takes(bench, &[("heartbeat/R/block_bytes", "4096"), ("heartbeat/R/start_block", "64"), ("heartbeat/R/blocks", "8")])?;
    refused(bench, 1, &start, &["EINVAL", "sector size"])?;
    refused(bench, 1, &format!("step start {region} /dev/null"), &["EINVAL", "no block device"])?;
    refused(bench, 1, &format!("step start {region} /dev/nowhere"), &["ENOENT", "not there"])?;
    takes(bench, &[("heartbeat/R/block_bytes", "512")])?;
    disk::behave(&bench.lab, &[1], DISK, disk::How::Fail, 0)?;
    refused(bench, 1, &start, &["EIO", "did not become steady"])?;
    disk::behave(&bench.lab, &[1], DISK, disk::How::Well, 0)?;
    done(bench, 1, &format!("step remove {region}"))?;

    takes(bench, &[("heartbeat/mode", "global")])?;
    let many = format!("cd /sys/kernel/config/cluster/{CLUSTER}/heartbeat && for n in $(seq 32); do mkdir R$n; done");
    bench.lab.ssh.run(1, &many, STEP)?;
    refused(bench, 1, &format!("step make {CLUSTER}/heartbeat/R33"), &["EFBIG", "32 regions"])?;
    let none = format!("cd /sys/kernel/config/cluster/{CLUSTER}/heartbeat && rmdir R*");
    bench.lab.ssh.run(1, &none, STEP)?;
    takes(bench, &[("heartbeat/mode", "local")])
}

/// What a cluster that runs refuses: volume mounted, nodes connected.
fn running(bench: &Bench) -> anyhow::Result<()> {
    let nodes = bench.lab.nodes();
    ocfs2::start(&bench.lab, &nodes)?;
    ocfs2::mount(&bench.lab, &nodes)?;
    let region = format!("{CLUSTER}/heartbeat/{}", ocfs2::uuid(&bench.lab, 1, "ocfs2")?);
    for (file, value) in [("block_bytes", "1024"), ("start_block", "1"), ("blocks", "9")] {
        refused(bench, 1, &format!("step write {region}/{file} {value}"), &["EINVAL", "once the region is started"])?;
    }
    refused(bench, 1, &format!("step start {region} /dev/mapper/ocfs2"), &["EINVAL", "already started"])?;
    refused(bench, 1, &format!("step remove {region}"), &["EBUSY", "DLM domain"])?;
    refused(bench, 1, &format!("step remove {CLUSTER}/node/node1"), &["EBUSY", "while a heartbeat runs"])?;
    refused(bench, 1, &format!("step remove {CLUSTER}/node/node2"), &["EBUSY", "while it is connected"])?;
    refused(bench, 1, &format!("step remove {CLUSTER}"), &["ENOTEMPTY", "still registered"])?;
    refuses(bench, &[("idle_timeout_ms", "61000", &["EINVAL", "while a node is connected"])])?;
    refuses(bench, &[("keepalive_delay_ms", "2001", &["EINVAL", "while a node is connected"])])
}
