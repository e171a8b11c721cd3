//! The machine, its regions and its waits.

use super::{Bench, says};
use crate::doctor::check::Verdict;
use crate::doctor::facts::storage::{Long, Wait};
use crate::kernel::model::ModelKernel;
use crate::stack::samples;
use formats::cluster_conf::HeartbeatMode;
use std::time::SystemTime;

/// A line of `locking_state` of a lock that has been waited for since then.
fn line(name: &str, since_us: u128) -> String {
    let lvb = "0x0\t".repeat(64);
    format!("0x4\t{name}\t5\t0x41\t0x1\t0x0\t0\t0\t5\t-1\t{lvb}1\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t{since_us}\t\n")
}

fn ago_us(seconds: u128) -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() - seconds * 1_000_000
}

fn waiting(bench: &Bench, text: &str) -> ModelKernel {
    let mut kernel = bench.kernel.clone();
    kernel.put("/sys/kernel/debug/ocfs2/X/locking_state", text);
    kernel
}

const META: &str = "M0000000000000000007e0200000000";
const FLOCK: &str = "F0000000000000000007e0200000000";

#[test]
fn programs_that_wait_for_programs_are_no_trouble() {
    let mut bench = Bench::local();
    let text = line(FLOCK, ago_us(400));
    (bench.later, bench.kernel) = (Some(waiting(&bench, &text)), waiting(&bench, &text));
    let report = bench.report();
    assert!(report.findings().is_empty(), "{}", report.text(true));
    assert!(matches!(report.verdict("lock-waits"), Verdict::Fine(note) if note.contains("1 flock(2) wait for other programs")));
}

#[test]
fn a_wait_that_ends_while_it_is_watched_was_not_long() {
    let mut bench = Bench::local();
    let since = ago_us(400);
    bench.kernel = waiting(&bench, &line(META, since));
    // The kernel says its start a little differently each time.
    bench.later = Some(waiting(&bench, &line(META, since + 900)));
    let finding = bench.only("lock-waits");
    says(&finding, &["1 lock(s) are waited for here", META, "this node's clock", "a program on any node, this one too"]);
    assert!(!finding.cause.contains("another node holds it"), "{finding:?}");
    bench.later = Some(waiting(&bench, &line(META, ago_us(100))));
    assert!(bench.report().findings().is_empty(), "another one waits now");
    // Each reading loses some locks: that it is in none of them proves nothing.
    bench.later = Some(waiting(&bench, &line("M0000000000000000007e0300000000", 0)));
    says(&bench.only("lock-waits"), &["1 lock(s) are waited for here"]);
    bench.later = Some(waiting(&bench, &line(META, 0)));
    assert!(bench.report().findings().is_empty(), "it is read, and nobody waits");
}

#[test]
fn of_three_regions_one_may_fail() {
    let late = |bench: &mut Bench, number: u8| {
        bench.kernel.put(&format!("/sys/kernel/debug/o2hb/{}/elapsed_time_in_ms", samples::uuid(number)), "43000\n");
        bench.one("heartbeat-late").what
    };
    let mut bench = Bench::new(HeartbeatMode::Global);
    let what = late(&mut bench, 0);
    assert!(what.contains("after 60 s 1 of 3 quorum regions count as failed") && !what.contains("s this node fences"), "{what}");
    let number = bench.report().facts.cluster().unwrap().regions[1].number.is().copied().unwrap();
    bench.kernel.put("/sys/kernel/debug/o2hb/failed_regions", &format!("{number} \n"));
    assert!(late(&mut bench, 0).contains("after 60 s this node fences itself"));
    bench.kernel.put("/sys/kernel/debug/o2hb/quorum_regions", "0 \n");
    bench.kernel.put("/sys/kernel/debug/o2hb/failed_regions", "\n");
    assert!(late(&mut bench, 0).contains("after 60 s this node fences itself"));
    assert!(late(&mut Bench::local(), 0).contains("after 60 s this node fences itself"));
    let mut bench = Bench::new(HeartbeatMode::Global);
    let wait = |device: &str| Wait {
        device: device.to_owned(),
        layer: "multipath",
        long: Long::Seconds(300),
        one_try: false,
        evidence: String::new(),
        fix: "x".to_owned(),
    };
    bench.storage = vec![wait("vdb")];
    says(&bench.only("storage-timeouts"), &["after 60 s 1 of 3 quorum regions count as failed"]);
}

#[test]
fn failed_regions_that_are_not_seen_are_not_none() {
    let mut bench = Bench::new(HeartbeatMode::Global);
    bench.kernel.put("/sys/kernel/debug/o2hb/failed_regions", "x\n");
    assert!(matches!(bench.report().verdict("region-count"), Verdict::Unknown(why, _) if why.contains("which regions failed")));
}

#[test]
fn what_stumbled_is_told_by_what_it_was() {
    let cause = |tainted: u32| {
        let mut bench = Bench::local();
        bench.kernel.put("/proc/sys/kernel/tainted", &format!("{tainted}\n"));
        bench.only("kernel-health").cause
    };
    assert!(cause(1 << 7).contains("stays held"));
    assert!(!cause(1 << 14).contains("stays held") && cause(1 << 14).contains("20 s"));
    assert!(!cause(1 << 4).contains("stays held") && cause(1 << 4).contains("hardware"));
}

#[test]
fn a_panic_without_a_restart_is_told_once() {
    let mut bench = Bench::local();
    bench.kernel.put("/proc/sys/kernel/panic", "0\n");
    bench.kernel.put("/sys/kernel/config/cluster/web/fence_method", "panic\n");
    says(&bench.only("crash-restart"), &["after a panic this node would stay down", "fence_method is panic"]);
}

#[test]
fn fedora_has_it_in_a_package() {
    let machine = crate::volumes::testing::Machine::new();
    let mut kernel = ModelKernel::new();
    kernel.put("/proc/sys/kernel/osrelease", "6.11.4-301.fc41.x86_64\n");
    kernel.put("/lib/modules/6.11.4-301.fc41.x86_64/modules.dep", "kernel/fs/ext4/ext4.ko:\n");
    kernel.put("/etc/os-release", "ID=fedora\nPRETTY_NAME=\"Fedora Linux 41\"\n");
    let place = machine.place();
    let facts = crate::doctor::Facts::look(&kernel, &place, &crate::stack::Files::new(&place), None);
    let report = crate::doctor::Report::of(facts);
    says(
        &report.verdict("kernel-support").findings()[0],
        &["package of its own", "dnf install kernel-modules-extra-6.11.4-301.fc41.x86_64"],
    );
}
