//! What happens at boot and at shutdown.

use super::{Bench, says};
use crate::doctor::check::Verdict;

#[test]
fn row_6_the_network_stops_before_the_volume() {
    let mut bench = Bench::local();
    bench.kernel.put("/etc/fstab", "/dev/vdb /srv ocfs2 defaults 0 0\n");
    says(&bench.only("shutdown-order"), &["/etc/fstab:1", "_netdev", "/srv"]);
    bench.kernel.put("/etc/fstab", "/dev/vdb /srv ocfs2 _netdev 0 0\n");
    let report = bench.report();
    assert!(
        matches!(report.verdict("shutdown-order"), Verdict::Fine(words) if words.contains("fewer than 2 of 3 nodes fences")),
        "{}",
        report.text(true)
    );
}

#[test]
fn row_7_the_cluster_is_not_started_at_boot() {
    let bench = Bench::local();
    bench.machine.write("etc/default/o2cb", "O2CB_ENABLED=false\nO2CB_BOOTCLUSTER=web\n");
    says(&bench.only("boot-start"), &["O2CB_ENABLED", "o2cb enable"]);
    let systemd = |bench: &mut Bench| {
        bench.kernel.put("/run/systemd/system/x", "");
        bench.kernel.put("/etc/systemd/system/multi-user.target.wants/o2cb.service", "");
    };
    let mut bench = Bench::local();
    systemd(&mut bench);
    bench.kernel.put(
        "/lib/systemd/system/o2cb.service",
        "[Unit]\nRequires=network.service\nAfter=network.service\n[Service]\nExecStop=/sbin/o2cb.init disable\n",
    );
    let report = bench.report();
    let found: Vec<_> = report.verdict("boot-start").findings().iter().map(|finding| finding.what.clone()).collect();
    assert!(
        found.len() == 2 && found[0].contains("requires network.service") && found[1].contains("writes O2CB_ENABLED=false"),
        "{found:?}"
    );
    let mut bench = Bench::local();
    systemd(&mut bench);
    bench.kernel.put("/lib/systemd/system/o2cb.service", "[Unit]\nAfter=network-online.target\n");
    bench.kernel.put("/etc/fstab", "UUID=77d95ef5-1c01-49d2-8236-74fcc162cf00 /srv ocfs2 _netdev 0 0\n");
    says(&bench.only("boot-start"), &["x-systemd.requires=o2cb.service", "/etc/fstab:1"]);
}

const FSTAB: &str = "/dev/vdb /srv ocfs2 defaults 0 0\n";

/// The unit that this project installs.
const UNIT: &str = include_str!("../../../../../../packaging/systemd/o2cb.service");

fn with_systemd(bench: &mut Bench, unit: &str) {
    bench.kernel.put("/run/systemd/system/x", "");
    bench.kernel.put("/etc/systemd/system/multi-user.target.wants/o2cb.service", "");
    bench.kernel.put("/usr/lib/systemd/system/o2cb.service", unit);
}

#[test]
fn systemd_knows_ocfs2_for_a_network_file_system_or_not() {
    let mut bench = Bench::local();
    with_systemd(&mut bench, UNIT);
    bench.kernel.put("/etc/fstab", FSTAB);
    let report = bench.report();
    assert!(matches!(report.verdict("shutdown-order"), Verdict::Unknown(why, found) if found.is_empty() && why.contains("/srv")));
    // As a recent one takes it: no `_netdev` is needed, and the project's unit goes before all such mounts.
    let mut recent = Bench::local();
    with_systemd(&mut recent, UNIT);
    recent.kernel.put("/etc/fstab", FSTAB);
    recent.kernel.put("/run/systemd/generator/remote-fs.target.requires/srv.mount", "");
    let report = recent.report();
    assert!(report.findings().is_empty() && report.code() == 0, "{}", report.text(true));
    bench.kernel.put("/run/systemd/generator/local-fs.target.requires/srv.mount", "");
    let report = bench.report();
    says(&report.verdict("shutdown-order").findings()[0], &["/etc/fstab:1", "_netdev"]);
    says(&report.verdict("boot-start").findings()[0], &["may be mounted before the cluster is online"]);
}

#[test]
fn a_mount_that_requires_the_cluster_starts_it() {
    let mut bench = Bench::local();
    bench.kernel.put("/run/systemd/system/x", "");
    bench.kernel.put("/lib/systemd/system/o2cb.service", "[Unit]\nAfter=network-online.target\n");
    says(&bench.only("boot-start"), &["nothing starts o2cb at boot"]);
    bench.kernel.put("/etc/fstab", "/dev/vdb /srv ocfs2 _netdev,x-systemd.requires=o2cb.service 0 0\n");
    let report = bench.report();
    assert!(report.findings().is_empty(), "{}", report.text(true));
}

#[test]
fn a_mount_that_requires_something_else_does_not_wait_for_the_cluster() {
    let mut bench = Bench::local();
    with_systemd(&mut bench, "[Unit]\nAfter=network-online.target\n");
    bench.kernel.put("/etc/fstab", "/dev/vdb /srv ocfs2 _netdev,x-systemd.requires=network-online.target 0 0\n");
    says(
        &bench.only("boot-start"),
        &["may be mounted before the cluster is online", "x-systemd.requires=network-online.target,x-systemd.requires=o2cb.service"],
    );
}

#[test]
fn drop_ins_mend_what_they_can() {
    let mut bench = Bench::local();
    with_systemd(&mut bench, "[Unit]\nRequires=network.service\n[Service]\nExecStop=/sbin/o2cb.init disable\n");
    bench
        .kernel
        .put("/etc/systemd/system/o2cb.service.d/override.conf", "[Unit]\nRequires=\nAfter=network-online.target\n[Service]\nExecStop=\n");
    let finding = bench.only("boot-start");
    says(&finding, &["requires network.service", "systemctl edit --full o2cb"]);
}
