//! Told counts against the kernel's own, before and after a workload.

use super::reading::{self, Locks};
use super::watch::{Counts, Watch, text};
use super::{Bench, watch};
use crate::work::Running;
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::time::Duration;

/// Acquisitions of every lock of `node` between two readings: of locks that lived all the time.
fn grown(node: u8, before: &Locks, after: &Locks) -> Counts {
    let mut counts = Counts::new();
    for (name, locks) in after {
        // Open files with a flock share a name, and keep no counters.
        let [now] = locks.as_slice() else { continue };
        let (pr, ex) = match before.get(name).map(Vec::as_slice) {
            Some([then]) if then.pr <= now.pr && then.ex <= now.ex => (now.pr - then.pr, now.ex - then.ex),
            // Made since, or evicted and read again: it began anew.
            _ => (now.pr, now.ex),
        };
        counts.insert((format!("node{node}"), name.clone()), (pr, ex));
    }
    counts
}

/// Runs `work` on an otherwise quiet cluster. Returns what dlmtop told and what the kernels counted meanwhile, lock by lock.
pub fn told_and_true(
    bench: &mut Bench,
    work: impl FnOnce(&mut Bench, &mut Watch) -> anyhow::Result<()>,
) -> anyhow::Result<(Counts, Counts)> {
    let nodes = bench.lab.nodes();
    let uuid = reading::uuid(bench)?;
    let mut watch = Watch::nodes(bench, &[])?;
    watch.until_live(&nodes, Duration::from_secs(60))?;
    // A lock that the first dumps lacked is known to be new only after some more.
    for _ in 0..LONG_WATCHED {
        watch.next()?;
    }
    watch.until_quiet(&nodes, 2, Duration::from_secs(120))?;
    let read = |bench: &Bench| crate::ssh::on_each(&nodes, |node| reading::locks(bench, node, &uuid));
    let before = read(bench)?;
    watch.told.clear();
    work(bench, &mut watch)?;
    watch.until_quiet(&nodes, 3, Duration::from_secs(180))?;
    let after = read(bench)?;
    let mut truth = Counts::new();
    for (&node, (before, after)) in nodes.iter().zip(before.iter().zip(&after)) {
        truth.append(&mut grown(node, before, after));
    }
    // A lock that the last dumps lack is told by a later one: the cluster is quiet, so nothing else comes.
    for _ in 0..MOST_LATER {
        if truth.iter().all(|(lock, counted)| *counted == (0, 0) || watch.told.contains_key(lock)) {
            break;
        }
        watch.next()?;
    }
    let told = std::mem::take(&mut watch.told);
    watch.quit()?;
    Ok((told, truth))
}

/// So many dumps have shown every lock that there is.
const LONG_WATCHED: u32 = 9;
/// So many dumps, each of which lacks a twelfth of the locks, lack none of some thousands together.
const MOST_LATER: u32 = 10;

/// Every lock's counts are equal. Locks in `told` that are gone by now cannot be judged, and are not in `truth`.
pub fn equal(told: &Counts, truth: &Counts) -> anyhow::Result<()> {
    let mut differ = Vec::new();
    for (lock, counted) in truth {
        let told = told.get(lock).copied().unwrap_or_default();
        if told != *counted {
            differ.push(format!("{} on {}: told {told:?}, the kernel has {counted:?} (PR, EX)", lock.1, lock.0));
        }
    }
    let active = truth.values().filter(|counts| **counts != (0, 0)).count();
    crate::progress::say(&format!("{active} of {} locks were active; {} differ", truth.len(), differ.len()));
    ensure!(active > 0, "the workload took no lock");
    ensure!(
        differ.is_empty(),
        "{} of {} locks differ, such as {}",
        differ.len(),
        truth.len(),
        differ.iter().take(5).cloned().collect::<Vec<_>>().join("; ")
    );
    Ok(())
}

/// Runs `lab-guest` in a node up to its event `done`.
pub fn run_work(bench: &Bench, node: u8, arguments: &str) -> anyhow::Result<Value> {
    let mut running = Running::start(&bench.lab, node, arguments)?;
    let done = running.event("done")?;
    running.end()?;
    Ok(done)
}

/// A directory of this test's own, so that it can be run again.
pub fn fresh(bench: &Bench, name: &str) -> anyhow::Result<String> {
    let directory = format!("/mnt/ocfs2/{name}");
    bench.lab.ssh.run(1, &format!("rm -rf {directory}; mkdir {directory}"), crate::stack::STEP)?;
    Ok(directory)
}

pub(super) fn creates(bench: &mut Bench) -> anyhow::Result<()> {
    const FILES: u64 = 1500;
    let directory = fresh(bench, "creates")?;
    let (told, truth) = told_and_true(bench, |bench, watch| {
        // dlmtop's lines must be taken while it works.
        std::thread::scope(|scope| {
            let work = scope.spawn(|| run_work(bench, 1, &format!("work mass {directory}/files --files {FILES}")));
            while !work.is_finished() {
                watch.next()?;
            }
            work.join().map_err(|_| anyhow::anyhow!("the workload's thread panicked"))?
        })?;
        Ok(())
    })?;
    equal(&told, &truth)?;
    // Each new inode's own lock was used by its maker, and by nobody else. (It is made at EX without being counted:
    // `ocfs2_create_new_inode_locks`.)
    let made =
        |node: &str| told.iter().filter(|((of, lock), counts)| of == node && lock.starts_with('M') && **counts != (0, 0)).count() as u64;
    ensure!(made("node1") >= FILES, "node1 made {FILES} files, but only {} inode locks are told of it", made("node1"));
    for other in ["node2", "node3"] {
        ensure!(made(other) < FILES / 10, "{other} made nothing, but {} inode locks are told of it", made(other));
    }
    Ok(())
}

pub(super) fn contention(bench: &mut Bench) -> anyhow::Result<()> {
    let directory = fresh(bench, "contention")?;
    let inode: u64 = bench.lab.ssh.run(1, &format!("stat -c %i {directory}"), crate::stack::STEP)?.trim().parse()?;
    let (told, truth) = told_and_true(bench, |bench, watch| {
        let nodes = bench.lab.nodes();
        let mut hottest = Vec::new();
        std::thread::scope(|scope| {
            let work =
                scope.spawn(|| crate::ssh::on_each(&nodes, |node| run_work(bench, node, &format!("work hot {directory} --seconds 10"))));
            while !work.is_finished() {
                let snapshot = watch.next()?;
                let locks = watch::list(snapshot, "file_systems").first().map_or(&[][..], |file_system| watch::list(file_system, "locks"));
                hottest.push(locks.first().and_then(|lock| watch::number(lock, "inode")));
            }
            work.join().map_err(|_| anyhow::anyhow!("the workload's thread panicked"))?
        })?;
        ensure!(hottest.contains(&Some(inode)), "the directory (inode {inode}) was never the hottest lock: {hottest:?}");
        Ok(())
    })?;
    // Names are type, six zeros, inode (16 digits) and generation (8 digits). The directory and the system files, which share the
    // file system's generation, live all the time: every acquisition of theirs is told.
    let of = |name: &str| name.get(7..23).and_then(|hex| u64::from_str_radix(hex, 16).ok());
    let generation = told.keys().chain(truth.keys()).find(|(_, name)| name.starts_with('M') && of(name) == Some(ROOT));
    let generation = generation.and_then(|(_, name)| name.get(23..)).context("no lock of the root directory")?.to_owned();
    let (lasting, passing): (Counts, Counts) =
        truth.into_iter().partition(|((_, name), _)| !name.starts_with('N') && (of(name) == Some(inode) || name.ends_with(&generation)));
    equal(&told, &lasting)?;
    // Files come and go, and numbers of inodes are used again. A W lock's name has the inode's own generation, so it is of one life:
    // never is more told of it than was. Less may be: the kernel's dumps may hide a lock until all is gone that tells its age.
    let mut untold = 0;
    for (lock, counted) in passing.iter().filter(|(lock, _)| lock.1.starts_with('W')) {
        let told = told.get(lock).copied().unwrap_or_default();
        ensure!(told.0 <= counted.0 && told.1 <= counted.1, "{lock:?}: told {told:?}, the kernel has {counted:?}");
        untold += counted.0 + counted.1 - told.0 - told.1;
    }
    let all = told.values().map(|(pr, ex)| pr + ex).sum::<u64>();
    crate::progress::say(&format!("{untold} acquisitions of files that came and went are untold, of {all} told in all"));
    ensure!(untold * 200 <= all, "{untold} acquisitions are untold, of {all} told");
    Ok(())
}

/// Inode of the root directory: the first that mkfs makes.
const ROOT: u64 = 5;

pub(super) fn evicted(bench: &mut Bench) -> anyhow::Result<()> {
    let directory = fresh(bench, "evicted")?;
    run_work(bench, 1, &format!("work mass {directory}/files --files 50"))?;
    let (told, truth) = told_and_true(bench, |bench, watch| {
        let scan = |node| run_work(bench, node, &format!("work scan {directory}"));
        scan(2)?;
        watch.until_quiet(&bench.lab.nodes(), 2, Duration::from_secs(60))?;
        // The inodes go, and their locks with them; the next scan makes them anew, under their old names.
        bench.lab.ssh.run(2, "sync; echo 3 >/proc/sys/vm/drop_caches", crate::stack::STEP)?;
        watch.until_quiet(&bench.lab.nodes(), 2, Duration::from_secs(60))?;
        watch.told.retain(|(node, _), _| node != "node2");
        scan(2)?;
        Ok(())
    })?;
    // Node 2's locks that were made anew: all that they have counted was told since.
    let anew = |((node, name), counted): &(&(String, String), &(u64, u64))| {
        node == "node2" && **counted != (0, 0) && name.starts_with('M') && name.ends_with("00000000")
    };
    let judged: Counts = truth.iter().filter(anew).map(|(lock, counted)| (lock.clone(), *counted)).collect();
    ensure!(judged.len() >= 50, "only {} inode locks of node2 were made anew", judged.len());
    equal(&told, &judged)
}

/// The inode of a path in a node.
pub fn inode(bench: &Bench, path: &str) -> anyhow::Result<u64> {
    bench
        .lab
        .ssh
        .run(1, &format!("stat -c %i {}", crate::ssh::quote(path)), crate::stack::STEP)?
        .trim()
        .parse()
        .context("stat tells no inode")
}

/// A node's `known` locks in a snapshot.
pub fn known(snapshot: &Value, node: u8) -> Option<u64> {
    let told = watch::node_of(snapshot, &format!("node{node}"))?;
    if text(told, "state") != "live" {
        return None;
    }
    watch::number(told.get("sample")?, "known")
}
