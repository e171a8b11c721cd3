//! What volumes and their slots tell.

use super::{Bench, NOW_S, beat, disk, says};
use crate::doctor::check::Verdict;
use crate::doctor::facts::disks::{Beat, Disk, OnDisk};
use crate::volumes::Use;
use formats::cluster_conf::HeartbeatMode;
use formats::o2hb::Remark;

fn named(stack: &str, cluster: &str, global: bool) -> OnDisk {
    OnDisk::Named { stack: stack.to_owned(), cluster: cluster.to_owned(), global }
}

#[test]
fn row_12_a_volume_of_another_cluster() {
    let mut bench = Bench::local();
    let foreign = Disk { mounted: Vec::new(), slots: Vec::new(), beats: Vec::new(), ..disk(3, named("o2cb", "other", false)) };
    bench.disks.volumes.push(foreign);
    // Nobody beats on it now: its cluster may be stopped. It is none of this machine's.
    let report = bench.report();
    assert!(report.findings().is_empty(), "{}", report.text(true));
    assert!(matches!(report.verdict("volume-cluster"), Verdict::Fine(note) if note.contains("/dev/vde says o2cb/other/local")));
    bench.kernel.put("/etc/fstab", "/dev/vde /o ocfs2 _netdev 0 0\n");
    says(
        &bench.only("volume-cluster"),
        &[
            "/dev/vde says o2cb/other/local, running is o2cb/web/local",
            "tunefs.ocfs2 --update-cluster-stack /dev/vde",
            "Cluster name is invalid",
            "/etc/fstab:1",
        ],
    );
    let refused = |bench: &Bench, why: &str| {
        let report = bench.report();
        let finding = report.verdict("volume-cluster").findings()[0].clone();
        says(&finding, &[why, "do not change it", "find out whose"]);
        assert!(!finding.fix.iter().any(|fix| fix.contains("tunefs")), "{finding:?}");
    };
    bench.disks.volumes[3].problems = vec!["heartbeat: no answer".to_owned()];
    refused(&bench, "who beats on it is not known: heartbeat: no answer");
    bench.disks.volumes[3].problems.clear();
    bench.disks.volumes[3].beats = vec![beat(7)];
    refused(&bench, "node(s) 7 beat on it now");
    bench.disks.volumes[3].beats.clear();
    bench.disks.volumes[3].slots = vec![(0, 7, Use::Unknown("its regions are elsewhere".to_owned()))];
    refused(&bench, "slots are held: 0 by node 7");
    bench.disks.volumes[3].slots.clear();
    bench.disks.volumes[3].made_for = named("pcmk", "ha", false);
    refused(&bench, "stack pcmk does not beat on disk");
    says(&bench.only("volume-cluster"), &["pcmk/ha/local", "Cluster stack is invalid", "/etc/fstab:1"]);
    bench.kernel.put("/etc/fstab", "");
    assert!(bench.report().findings().is_empty());
    bench.disks.volumes[3].made_for = named("o2cb", "web", true);
    says(&bench.only("volume-cluster"), &["o2cb/web/global", "Heartbeat mode is invalid", "tunefs"]);
    // A device for heartbeats alone, of the days of another mode: nobody mounts it.
    bench.disks.volumes[3].heartbeat_only = true;
    assert!(bench.report().findings().is_empty());
}

#[test]
fn a_volume_without_a_name_is_nobodys() {
    let mut bench = Bench::new(HeartbeatMode::Global);
    bench.disks.volumes.push(Disk { mounted: Vec::new(), slots: Vec::new(), beats: Vec::new(), ..disk(3, OnDisk::Classic) });
    let report = bench.report();
    assert!(
        matches!(report.verdict("volume-cluster"), Verdict::Fine(note) if note.contains("left to others: /dev/vde")),
        "{}",
        report.text(true)
    );
    bench.kernel.put("/etc/fstab", "/dev/vde /o ocfs2 _netdev 0 0\n");
    says(&bench.only("volume-cluster"), &["/dev/vde says o2cb, no cluster's name, local", "Heartbeat mode is invalid"]);
}

#[test]
fn row_14_slots_that_others_write() {
    let mut bench = Bench::local();
    bench.disks.volumes[0].beats.push(Beat { remarks: vec![Remark::UnknownNode], ..beat(5) });
    says(&bench.only("heartbeat-slots"), &["slot 5 of /dev/vdb is beating, and the cluster has no node 5", "do not run fsck or mkfs"]);
    let mut bench = Bench::local();
    bench.disks.volumes[0].beats[1].remarks = vec![Remark::TwoWriters];
    says(&bench.only("heartbeat-slots"), &["two machines write heartbeat slot 2 of /dev/vdb", "cloned machine"]);
    let bench = Bench::local();
    bench.machine.write("dev/kmsg", "3,9,4990000000,-;(o2hb-77D9,9,0):o2hb_check_own_slot:610 ERROR: Heartbeat generation mismatch on device (vdb): expected(1:0x1f, 0x6b0), ondisk(1:0x2e, 0x6b1)\n");
    says(&bench.only("heartbeat-slots"), &["another machine writes this node's heartbeat slot on vdb"]);
}

#[test]
fn row_15_a_slot_of_a_dead_node() {
    let mut bench = Bench::local();
    bench.disks.volumes[0].slots[1].2 = Use::Stale("silent for 90 s".to_owned());
    bench.disks.volumes[0].beats.clear();
    says(
        &bench.only("stale-slots"),
        &["slot 1 of /dev/vdb is held by node db2 (2), which does not live", "silent for 90 s", "replayed at the next mount"],
    );
}

#[test]
fn a_beat_that_the_disk_lost_is_no_second_machine() {
    let finding = |expected: &str, on_disk: &str| {
        let bench = Bench::local();
        bench.machine.write("dev/kmsg", &format!("3,9,4990000000,-;(o2hb-77D9,9,0):o2hb_check_own_slot:610 ERROR: Heartbeat sequence mismatch on device (vdb): expected(1:0x1f, {expected}), ondisk(1:0x1f, {on_disk})\n"));
        bench.only("heartbeat-slots")
    };
    let older = finding("0x6b2", "0x6b0");
    says(&older, &["vdb does not return this node's last heartbeat", "its last write was lost, or old data was read"]);
    assert!(!older.cause.contains("two hosts") && !older.fix.iter().any(|fix| fix.contains("stop one of the two")), "{older:?}");
    says(&finding("0x6b0", "0x6b2"), &["did not write", "snapshot"]);
}

#[test]
fn a_write_that_failed_is_missed_and_not_lost() {
    let mismatch = "3,9,4990000000,-;(o2hb-77D9,9,0):o2hb_check_own_slot:610 ERROR: Heartbeat sequence mismatch on device (vdb): expected(1:0x1f, 0x6b2), ondisk(1:0x1f, 0x6b0)\n";
    let finding = |before: &str| {
        let bench = Bench::local();
        bench.machine.write("dev/kmsg", &format!("{before}{mismatch}"));
        bench.only("heartbeat-slots")
    };
    let error = |at: u32, device: &str| {
        format!("3,8,{at}000000,-;(o2hb-77D9,9,0):o2hb_do_disk_heartbeat:1130 ERROR: Write error -5 on device \"{device}\"\n")
    };
    let told = finding(&error(4988, "vdb"));
    says(
        &told,
        &[
            "a heartbeat of this node was not written to vdb",
            "its write failed, and was told so",
            "look at the path to vdb",
            "Write error -5",
        ],
    );
    assert!(!told.fix.iter().any(|fix| fix.contains("fsck")), "{told:?}");
    // Long before, or of another disk.
    for other in [error(4970, "vdb"), error(4988, "vdc")] {
        says(&finding(&other), &["its last write was lost"]);
    }
}

#[test]
fn slots_of_other_clusters_are_theirs() {
    let mut bench = Bench::local();
    let mut foreign = disk(3, named("o2cb", "other", false));
    foreign.slots[1].2 = Use::Stale("silent for 90 s".to_owned());
    bench.disks.volumes.push(foreign);
    assert!(bench.report().findings().is_empty());
}

#[test]
fn a_heartbeat_that_was_not_read_is_not_fine() {
    let mut bench = Bench::local();
    bench.disks.volumes[0].problems = vec!["heartbeat: Input/output error".to_owned()];
    bench.disks.volumes[0].beats.clear();
    let report = bench.report();
    assert!(
        matches!(report.verdict("heartbeat-slots"), Verdict::Unknown(why, _) if why.contains("/dev/vdb: heartbeat: Input/output error"))
    );
    assert_eq!(report.code(), 3);
}

#[test]
fn clocks_are_compared_at_the_time_of_reading() {
    let mut bench = Bench::local();
    // A disk that was slow: read 60 s before the others.
    bench.disks.volumes[1].read_at_s = Some(NOW_S - 60);
    for beat in &mut bench.disks.volumes[1].beats {
        beat.seq = NOW_S - 61;
    }
    assert!(bench.report().findings().is_empty());
    bench.disks.volumes[1].read_at_s = Some(NOW_S);
    says(&bench.one("clocks"), &["61 s behind"]);
}

#[test]
fn a_disk_that_was_not_read_may_have_another_clock() {
    let mut bench = Bench::local();
    bench.disks.failed = vec![("/dev/vdx".to_owned(), "no answer".to_owned())];
    assert!(matches!(bench.report().verdict("clocks"), Verdict::Unknown(why, found) if why.contains("/dev/vdx") && found.is_empty()));
}
