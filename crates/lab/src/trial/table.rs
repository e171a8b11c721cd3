//! All tests, in the order in which they run: those that take a node down come last.

use super::Bench;
use super::fencing::{Fault, Heartbeat};
use super::{
    Trial, article, completeness, doctor, faults, fencing, flock, hot, inside, lock, numbers, remnants, stack, start, tracing, waits,
};
use crate::plan::FileSystem::{Gfs2, Ocfs2};

/// Tests that wait for minutes; one of each kind is not among them.
pub const LONG: [&str; 22] = [
    "fence-error",
    "fence-stall-all",
    "fence-cut-three",
    "fence-cut-two",
    "fence-killed",
    "fence-global-stall",
    "fence-global-error",
    "fence-global-stall-all",
    "fence-global-cut-three",
    "fence-global-cut-two",
    "fence-global-killed",
    "fence-global3-stall",
    "fence-global3-error",
    "fence-global3-stall-all",
    "fence-global3-cut-three",
    "fence-global3-cut-two",
    "fence-global3-killed",
    "doctor-differ",
    "doctor-stalled-disk",
    "doctor-cut-network",
    "doctor-killed",
    "o2cb-lock",
];

/// A test of a fault that may cost a node.
const fn fence(name: &'static str, claim: &'static str, run: fn(&mut Bench) -> anyhow::Result<()>) -> Trial {
    Trial { name, claim, core: false, on: Ocfs2, run }
}

pub const TRIALS: &[Trial] = &[
    Trial {
        name: "first-numbers",
        claim: "three nodes' numbers within seconds of the start",
        core: true,
        on: Ocfs2,
        run: start::first_numbers,
    },
    Trial {
        name: "creates",
        claim: "N creates by node 1 are told as node 1's, and equal the kernel's counters",
        core: true,
        on: Ocfs2,
        run: numbers::creates,
    },
    Trial {
        name: "contention",
        claim: "every lock's told counts equal the kernel's, with three nodes in one directory",
        core: true,
        on: Ocfs2,
        run: numbers::contention,
    },
    Trial { name: "evicted", claim: "counters that begin anew are counted from there", core: false, on: Ocfs2, run: numbers::evicted },
    Trial {
        name: "complete",
        claim: "the lock list is o2dlm's own, though each dump lacks some",
        core: false,
        on: Ocfs2,
        run: completeness::complete,
    },
    Trial {
        name: "stuck-flock",
        claim: "a held flock is named: inode, holder, waiters, since when",
        core: true,
        on: Ocfs2,
        run: waits::stuck_flock,
    },
    Trial {
        name: "deadlock-flock",
        claim: "two flocks taken in opposite order on two nodes are a deadlock, until one is killed",
        core: false,
        on: Ocfs2,
        run: flock::deadlock_ocfs2,
    },
    Trial {
        name: "inside",
        claim: "--all-nodes on a node finds the others by cluster.conf",
        core: false,
        on: Ocfs2,
        run: inside::all_nodes,
    },
    Trial { name: "ways", claim: "installed, uploaded and shell tell the same", core: false, on: Ocfs2, run: inside::ways },
    Trial {
        name: "reads-only",
        claim: "the collector writes nothing and opens nothing on the mount (strace)",
        core: true,
        on: Ocfs2,
        run: tracing::reads_only,
    },
    Trial { name: "left-quit", claim: "nothing is left on a node after the end", core: true, on: Ocfs2, run: remnants::after_quit },
    Trial { name: "left-killed", claim: "nothing is left on a node after kill -9", core: false, on: Ocfs2, run: remnants::after_kill },
    Trial {
        name: "left-cut",
        claim: "nothing is left on a node after a lost connection",
        core: false,
        on: Ocfs2,
        run: remnants::after_cut,
    },
    Trial {
        name: "gfs2-article",
        claim: "masters and glocks before and after a cp and an rm are what grep counts; what stays is told with its reason",
        core: true,
        on: Gfs2,
        run: article::life,
    },
    Trial {
        name: "gfs2-inode",
        claim: "an inode's two glocks are told on the nodes that have them, with the master that the DLM names",
        core: true,
        on: Gfs2,
        run: article::inode,
    },
    Trial { name: "gfs2-masters", claim: "each node masters as many as grep counts there", core: true, on: Gfs2, run: article::masters },
    Trial {
        name: "gfs2-stuck-flock",
        claim: "a held flock is named: holder and waiters by node and pid, ages, the end",
        core: true,
        on: Gfs2,
        run: flock::stuck_gfs2,
    },
    Trial {
        name: "gfs2-deadlock-flock",
        claim: "two flocks taken in opposite order on two nodes are a deadlock, until one is given back",
        core: false,
        on: Gfs2,
        run: flock::deadlock_gfs2,
    },
    Trial {
        name: "gfs2-hot",
        claim: "three nodes in one directory: its glock is among the first, all DLM requests are counted, and remote demotes",
        core: true,
        on: Gfs2,
        run: hot::directory,
    },
    Trial {
        name: "gfs2-reads-only",
        claim: "the collector writes to its trace instance only, with --no-trace nowhere, and opens nothing on the mount (strace)",
        core: true,
        on: Gfs2,
        run: tracing::reads_only,
    },
    Trial { name: "gfs2-left-quit", claim: "nothing is left on a node after the end", core: true, on: Gfs2, run: remnants::after_quit },
    Trial {
        name: "gfs2-left-killed",
        claim: "nothing is left on a node after kill -9 of the viewer; what a killed collector left, the next one removes",
        core: false,
        on: Gfs2,
        run: remnants::after_kill,
    },
    Trial {
        name: "ssh-killed",
        claim: "ssh killed in the middle of a frame: back by itself, nothing counted twice",
        core: false,
        on: Ocfs2,
        run: faults::ssh_killed,
    },
    Trial {
        name: "ssh-cut",
        claim: "a node without its ssh network: named, not counted, back by itself",
        core: true,
        on: Ocfs2,
        run: faults::ssh_cut,
    },
    Trial {
        name: "clock",
        claim: "a clock stepped by an hour: told, and no figure is wrong by it",
        core: false,
        on: Ocfs2,
        run: faults::clock_stepped,
    },
    Trial {
        name: "debugfs",
        claim: "debugfs unmounted on a node: named with the remedy, back by itself",
        core: false,
        on: Ocfs2,
        run: faults::debugfs_gone,
    },
    Trial {
        name: "unmounted-one",
        claim: "unmounted on one node: named, back by itself",
        core: true,
        on: Ocfs2,
        run: faults::unmounted_one,
    },
    Trial {
        name: "two-volumes",
        claim: "nodes with different volumes: each under its UUID",
        core: false,
        on: Ocfs2,
        run: faults::two_volumes,
    },
    Trial {
        name: "unmounted-all",
        claim: "unmounted everywhere: said so, back by itself",
        core: false,
        on: Ocfs2,
        run: faults::unmounted_all,
    },
    Trial {
        name: "hung",
        claim: "a node that hangs: late within two intervals, back by itself, counts right",
        core: true,
        on: Ocfs2,
        run: faults::hung,
    },
    Trial {
        name: "o2cb-lock",
        claim: "o2cb lock: 1000 increments by each of three nodes are 3000; holders killed, timeouts, values; nothing is left behind",
        core: false,
        on: Ocfs2,
        run: lock::cluster_flock,
    },
    Trial {
        name: "killed",
        claim: "a node without power: named within two intervals, its numbers gone, back after its start",
        core: true,
        on: Ocfs2,
        run: faults::killed,
    },
    Trial {
        name: "o2cb-local",
        claim: "our o2cb from nothing to mounted and back, beside the C tools; what is in the way of offline is named; queries write nothing",
        core: true,
        on: Ocfs2,
        run: stack::whole_life,
    },
    Trial {
        name: "o2cb-refusals",
        claim: "what the kernel refuses is told in words, and nothing is left half done",
        core: false,
        on: Ocfs2,
        run: stack::refusals,
    },
    Trial {
        name: "o2cb-errnos",
        claim: "every errno that this kernel's files give is named, with what it means at that file",
        core: false,
        on: Ocfs2,
        run: stack::errnos,
    },
    Trial {
        name: "o2cb-global",
        claim: "global heartbeat on three regions: nodes and regions come and go while a volume is mounted",
        core: false,
        on: Ocfs2,
        run: stack::three_regions,
    },
    Trial {
        name: "o2cb-slots",
        claim: "heartbeat slots are what debugfs.ocfs2 and the kernel say, for blocks of 512 bytes to 4 KiB",
        core: false,
        on: Ocfs2,
        run: stack::slots,
    },
    fence(
        "fence-stall",
        "local heartbeat: the heartbeat's storage hangs at one node: it fences itself when and by which rule it was forecast, the others go on",
        |bench| fencing::play(bench, Heartbeat::Local, Fault::Stall),
    ),
    fence("fence-error", "local heartbeat: the heartbeat's storage fails at one node: it fences itself, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Local, Fault::Error)
    }),
    fence("fence-stall-all", "local heartbeat: the storage hangs for all nodes: nobody fences, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Local, Fault::StallAll)
    }),
    fence("fence-cut-three", "local heartbeat: one of three nodes loses its network: it fences itself, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Local, Fault::CutThree)
    }),
    fence("fence-cut-two", "local heartbeat: two nodes lose each other: the higher number fences itself, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Local, Fault::CutTwo)
    }),
    fence("fence-killed", "local heartbeat: a node loses its power: nobody fences, the others go on by when it was forecast", |bench| {
        fencing::play(bench, Heartbeat::Local, Fault::Killed)
    }),
    fence(
        "fence-global-stall",
        "one global region: the heartbeat's storage hangs at one node: it fences itself when and by which rule it was forecast, the others go on",
        |bench| fencing::play(bench, Heartbeat::Global(1), Fault::Stall),
    ),
    fence("fence-global-error", "one global region: the heartbeat's storage fails at one node: it fences itself, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Global(1), Fault::Error)
    }),
    fence("fence-global-stall-all", "one global region: the storage hangs for all nodes: nobody fences, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Global(1), Fault::StallAll)
    }),
    fence("fence-global-cut-three", "one global region: one of three nodes loses its network: it fences itself, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Global(1), Fault::CutThree)
    }),
    fence("fence-global-cut-two", "one global region: two nodes lose each other: the higher number fences itself, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Global(1), Fault::CutTwo)
    }),
    fence(
        "fence-global-killed",
        "one global region: a node loses its power: nobody fences, the others go on by when it was forecast",
        |bench| fencing::play(bench, Heartbeat::Global(1), Fault::Killed),
    ),
    fence(
        "fence-global3-stall",
        "three global regions: the heartbeat's storage hangs at one node in most of them, not before: it fences itself when and by which rule it was forecast, the others go on",
        |bench| fencing::play(bench, Heartbeat::Global(3), Fault::Stall),
    ),
    fence(
        "fence-global3-error",
        "three global regions: the heartbeat's storage fails at one node in most of them, not before: it fences itself, as forecast",
        |bench| fencing::play(bench, Heartbeat::Global(3), Fault::Error),
    ),
    fence("fence-global3-stall-all", "three global regions: the storage hangs for all nodes: nobody fences, as forecast", |bench| {
        fencing::play(bench, Heartbeat::Global(3), Fault::StallAll)
    }),
    fence(
        "fence-global3-cut-three",
        "three global regions: one of three nodes loses its network: it fences itself, as forecast",
        |bench| fencing::play(bench, Heartbeat::Global(3), Fault::CutThree),
    ),
    fence(
        "fence-global3-cut-two",
        "three global regions: two nodes lose each other: the higher number fences itself, as forecast",
        |bench| fencing::play(bench, Heartbeat::Global(3), Fault::CutTwo),
    ),
    fence(
        "fence-global3-killed",
        "three global regions: a node loses its power: nobody fences, the others go on by when it was forecast",
        |bench| fencing::play(bench, Heartbeat::Global(3), Fault::Killed),
    ),
    Trial {
        name: "doctor-healthy",
        claim: "o2cb doctor has no finding on a healthy cluster",
        core: false,
        on: Ocfs2,
        run: doctor::healthy,
    },
    Trial {
        name: "doctor-files",
        claim: "o2cb doctor names what is wrong in cluster.conf, the defaults, fstab and sysctls, with the fix",
        core: false,
        on: Ocfs2,
        run: doctor::files,
    },
    Trial {
        name: "doctor-differ",
        claim: "o2cb doctor names node tables, timeouts and ports that differ between nodes",
        core: false,
        on: Ocfs2,
        run: doctor::differ,
    },
    Trial {
        name: "doctor-disks",
        claim: "o2cb doctor names a heartbeat that was left over, a volume of another cluster, a slot of a dead node",
        core: false,
        on: Ocfs2,
        run: doctor::disks,
    },
    Trial {
        name: "doctor-stalled-disk",
        claim: "after a stalled disk both ends tell that the storage of the dead node hung",
        core: false,
        on: Ocfs2,
        run: doctor::stalled_disk,
    },
    Trial {
        name: "doctor-cut-network",
        claim: "after a cut network both ends tell who lost the quorum, and why",
        core: false,
        on: Ocfs2,
        run: doctor::cut_network,
    },
    Trial {
        name: "doctor-killed",
        claim: "after a cut power the survivors tell that there was no sign before",
        core: false,
        on: Ocfs2,
        run: doctor::killed,
    },
];

#[cfg(test)]
mod tests {
    use super::{LONG, TRIALS};

    #[test]
    fn a_long_test_is_a_test() {
        for name in LONG {
            assert!(TRIALS.iter().any(|trial| trial.name == name && !trial.core), "{name}");
        }
    }
}
