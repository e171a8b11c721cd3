//! Defects of the C tools that are not shared; the numbers are those of the list in `docs/o2cb-stack.md`.

use super::*;
use crate::kernel::model::{self, EADDRINUSE, EADDRNOTAVAIL};
use crate::plan::{start_heartbeat, stop_heartbeat, stop_stale, unregister};
use crate::stack::samples::{device, uuid};
use std::net::Ipv4Addr;

const MOUNT: &str = "36 35 254:16 / /mnt/a rw - ocfs2 /dev/vdb rw\n40 35 0:44 / /dlm rw - ocfs2_dlmfs ocfs2_dlmfs rw\n";

fn local() -> ModelKernel {
    let mut kernel = samples::machine(2);
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 2, 0), &Defaults::default());
    kernel
}

/// As `mount.ocfs2` and its like start one.
fn start_local_region(kernel: &mut ModelKernel, number: u8, users: u32) {
    let name = device(number).trim_start_matches("/dev/").to_owned();
    let region = model::Region { block_bytes: 512, start_block: 2048, blocks: 255, device: Some(name) };
    kernel.cluster.as_mut().unwrap().regions.insert(uuid(number), region);
    kernel.counts.insert(uuid(number), users);
}

#[test]
fn defect_7_each_refusal_of_the_kernel_has_file_value_errno_and_meaning() {
    let mut kernel = samples::machine(0);
    kernel.addresses = vec![Ipv4Addr::new(192, 168, 1, 1)];
    let plan = plan(&kernel, &sample(HeartbeatMode::Local, 2, 0), &Defaults::default());
    let (lines, result) = run(&mut kernel, &plan);
    let told = result.unwrap_err().to_string();
    let file = "/sys/kernel/config/cluster/web/node/db1/local";
    assert!(told.contains(&format!("write \"1\" to {file}: EADDRNOTAVAIL ({EADDRNOTAVAIL}): the address is on no interface")), "{told}");
    assert!(lines.ends_with("Registering O2CB cluster \"web\": Failed\n"), "{lines}");
    assert_eq!(kernel.cluster, None, "taken back");
    let mut kernel = samples::machine(0);
    kernel.busy_ports = vec![(Ipv4Addr::new(10, 9, 0, 1), 7777)];
    let told = run(&mut kernel, &plan).1.unwrap_err().to_string();
    assert!(told.contains(&format!("EADDRINUSE ({EADDRINUSE}): another program listens")), "{told}");
}

#[test]
fn defect_8_without_a_local_node_nothing_is_registered() {
    let mut kernel = samples::machine(0);
    kernel.host = "db9".to_owned();
    let refused = wanted(&kernel, &sample(HeartbeatMode::Local, 2, 0), &Defaults::default()).unwrap_err();
    assert!(matches!(refused, NotWanted::NoLocalNode { .. }));
    assert_eq!(kernel.changes(), 0);
}

#[test]
fn defect_9_a_value_that_the_kernel_ignores_is_found_by_reading_back() {
    let mut kernel = samples::machine(0);
    let plan = plan(&kernel, &sample(HeartbeatMode::Local, 1, 0), &timeouts(&[("O2CB_HEARTBEAT_THRESHOLD", "61")]));
    kernel.lose_at = plan.steps.iter().position(|step| step.action.shown().contains("dead_threshold"));
    let (lines, result) = run(&mut kernel, &plan);
    let told = result.unwrap_err().to_string();
    assert!(told.contains("it was accepted, but it reads back \"31\""), "{told}");
    assert!(lines.contains("Setting O2CB cluster timeouts : Failed"), "{lines}");
}

#[test]
fn defect_9_idle_and_keepalive_are_written_in_the_order_that_the_kernel_takes() {
    let pair =
        |idle: &'static str, keepalive: &'static str| timeouts(&[("O2CB_IDLE_TIMEOUT_MS", idle), ("O2CB_KEEPALIVE_DELAY_MS", keepalive)]);
    let mut kernel = samples::machine(0);
    for asked in [pair("1500", "1000"), pair("60000", "40000"), pair("6000", "5000"), pair("2", "1"), pair("4294967294", "4294967293")] {
        go_online(&mut kernel, &sample(HeartbeatMode::Local, 1, 0), &asked);
        assert_is(&kernel, &sample(HeartbeatMode::Local, 1, 0), &asked);
    }
}

#[test]
fn defect_11_nothing_is_killed_or_removed_while_something_is_in_the_way() {
    let mut kernel = local();
    kernel.process(1, "systemd", 5, "mnt:[1]", MOUNT);
    kernel.process(70, "app", 700, "mnt:[1]", MOUNT);
    kernel.open_file(70, 3, "/dlm/mine/lock", 40);
    kernel.user_domains.insert("mine".to_owned(), ["lock".to_owned()].into());
    kernel.volumes.insert(uuid(0));
    start_local_region(&mut kernel, 0, 1);
    let before = kernel.changes();
    for force in [false, true] {
        let plan = plan_offline(&kernel, force);
        let told = refused(&plan);
        assert!(told.contains("volume /dev/vdb is mounted at /mnt/a: unmount it first (process 1 sees it)"), "{told}");
        assert!(told.contains(&format!("domain {} is open", uuid(0))), "{told}");
        assert_eq!(told.contains("process 70 (app) uses dlmfs: /dlm/mine/lock"), !force, "{told}");
        assert!(plan.blocked);
        run(&mut kernel, &plan).1.unwrap();
    }
    assert_eq!((kernel.changes(), kernel.ended.len()), (before, 0));
    assert!(kernel.user_domains.contains_key("mine"));
}

#[test]
fn defect_31_what_is_mounted_is_in_the_way_without_mtab_and_whatever_mtab_says() {
    let mut kernel = local();
    kernel.process(1, "systemd", 5, "mnt:[1]", MOUNT);
    let told = |kernel: &ModelKernel| refused(&plan_offline(kernel, false));
    assert!(kernel.read("/etc/mtab").is_err() && kernel.read("/proc/mounts").is_err());
    let without = told(&kernel);
    assert!(without.contains("volume /dev/vdb is mounted at /mnt/a: unmount it first (process 1 sees it)"), "{without}");
    kernel.put("/etc/mtab", "/dev/vdc /mnt/other ocfs2 rw 0 0\n");
    assert_eq!(told(&kernel), without);
    kernel.process(1, "systemd", 5, "mnt:[1]", "");
    assert!(!plan_offline(&kernel, false).blocked, "{}", told(&kernel));
}

#[test]
fn users_of_dlmfs_are_ended_by_force_only() {
    let mut kernel = local();
    kernel.process(70, "app", 700, "mnt:[1]", "40 35 0:44 / /dlm rw - ocfs2_dlmfs ocfs2_dlmfs rw\n");
    kernel.open_file(70, 3, "/dlm/mine/lock", 40);
    kernel.user_domains.insert("mine".to_owned(), ["lock".to_owned()].into());
    assert!(plan_offline(&kernel, false).blocked);
    let plan = plan_offline(&kernel, true);
    assert!(plan.shown().contains("SIGTERM to 70 (app)"), "{}", plan.shown());
    let (lines, result) = run(&mut kernel, &plan);
    result.unwrap();
    assert!(lines.starts_with("Clean userdlm domains: OK\n"), "{lines}");
    assert_eq!((kernel.ended.as_slice(), &kernel.cluster), (&[70][..], &None));
}

#[test]
fn defect_12_and_27_a_region_that_was_left_over_is_named_and_can_be_stopped() {
    let mut kernel = local();
    start_local_region(&mut kernel, 0, 2);
    let told = refused(&plan_offline(&kernel, false));
    assert!(told.contains(&format!("region {} is active on vdb: nothing uses it: `o2cb stop-heartbeat --stale`", uuid(0))), "{told}");
    let stale = |kernel: &ModelKernel| {
        let found = Found::look(kernel);
        stop_stale(&found, &Obstacles::look(kernel, &found).unwrap(), "web")
    };
    // fsck works on it: it stays.
    let mut checked = kernel.clone();
    checked.process(71, "fsck.ocfs2", 9, "mnt:[1]", "");
    checked.open_file(71, 3, "/dev/vdb", 1);
    let plan = stale(&checked);
    assert!(plan.steps.is_empty() && refused(&plan).contains("process 71 (fsck.ocfs2) has vdb open"), "{}", plan.shown());
    // Nobody does: both leaked users are counted down, with the program that the C tools share.
    let plan = stale(&kernel);
    run(&mut kernel, &plan).1.unwrap();
    assert!(kernel.cluster.as_ref().unwrap().regions.is_empty() && kernel.counts.is_empty());
    assert!(!plan_offline(&kernel, false).blocked);
}

#[test]
fn without_the_c_tools_program_it_is_said() {
    let mut kernel = local();
    start_local_region(&mut kernel, 0, 1);
    kernel.hb_ctl = false;
    let found = Found::look(&kernel);
    let plan = stop_stale(&found, &Obstacles::look(&kernel, &found).unwrap(), "web");
    let told = run(&mut kernel, &plan).1.unwrap_err().to_string();
    assert!(told.contains("/sbin/ocfs2_hb_ctl is not installed"), "{told}");
}

#[test]
fn defect_13_without_a_cluster_there_is_an_answer() {
    let kernel = samples::machine(0);
    let found = Found::look(&kernel);
    let told = refused(&stop_heartbeat(&found, "web")) + &refused(&unregister(&found, "web"));
    assert!(told.contains("Cluster 'web' is not registered; none is") && told.contains("Cluster 'web' is not active"), "{told}");
    let wanted = wanted(&kernel, &sample(HeartbeatMode::Global, 1, 1), &Defaults::default()).unwrap();
    assert!(start_heartbeat(&found, &wanted).blocked);
}

#[test]
fn defect_16_planning_and_looking_change_nothing() {
    let mut kernel = samples::machine(2);
    let cluster = sample(HeartbeatMode::Global, 2, 2);
    plan(&kernel, &cluster, &Defaults::default()).shown();
    plan_offline(&kernel, true).shown();
    assert_eq!(kernel.changes(), 0);
    go_online(&mut kernel, &cluster, &Defaults::default());
    let before = kernel.changes();
    plan(&kernel, &sample(HeartbeatMode::Global, 3, 1), &Defaults::default()).shown();
    plan_offline(&kernel, true).shown();
    assert_eq!(kernel.changes(), before);
}

#[test]
fn defect_17_fence_method_and_sysctls_are_set_when_asked_for() {
    let mut kernel = samples::machine(0);
    let asked = timeouts(&[("O2CB_FENCE_METHOD", "panic"), ("O2CB_PANIC_ON_OOPS", "1"), ("O2CB_PANIC", "30")]);
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 1, 0), &asked);
    assert_eq!(kernel.cluster.as_ref().unwrap().fence, "panic");
    assert_eq!(kernel.read("/proc/sys/kernel/panic").unwrap(), b"30\n");
    assert!(plan(&kernel, &sample(HeartbeatMode::Local, 1, 0), &asked).is_empty());
}

#[test]
fn defect_28_a_change_that_fails_leaves_the_running_cluster_as_it_was() {
    let mut kernel = samples::machine(4);
    let before = sample(HeartbeatMode::Global, 2, 2);
    go_online(&mut kernel, &before, &Defaults::default());
    let registered = kernel.cluster.clone();
    let after = sample(HeartbeatMode::Global, 3, 3);
    let plan = plan(&kernel, &after, &Defaults::default());
    for step in 0..plan.steps.len() {
        let mut kernel = kernel.clone();
        kernel.fail_at = Some((kernel.changes() + step, model::EIO));
        let failure = run(&mut kernel, &plan).1.unwrap_err();
        assert!(failure.is_clean(), "{failure}");
        assert_eq!(kernel.cluster, registered, "after a failure at step {step}");
    }
}

#[test]
fn defect_29_a_second_online_in_local_mode_applies_changes() {
    let mut kernel = local();
    let after = sample(HeartbeatMode::Local, 3, 0);
    let asked = timeouts(&[("O2CB_HEARTBEAT_THRESHOLD", "61")]);
    go_online(&mut kernel, &after, &asked);
    assert_is(&kernel, &after, &asked);
}

#[test]
fn a_count_of_the_c_tools_does_not_outlive_a_region_of_global_mode() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 1, 1), &Defaults::default());
    // `o2cb start-heartbeat` of the C tools counts itself.
    kernel.counts.insert(uuid(0), 1);
    let plan = plan_offline(&kernel, false);
    run(&mut kernel, &plan).1.unwrap();
    assert!(kernel.counts.is_empty());
}

#[test]
fn defect_14_the_unit_never_writes_the_configuration_and_is_ordered_between_network_and_mounts() {
    let unit = include_str!("../../../../../packaging/systemd/o2cb.service");
    let settings: Vec<&str> = unit.lines().filter(|line| !line.starts_with('#')).collect();
    let has = |line: &str| settings.contains(&line);
    assert!(has("ExecStart=/usr/local/sbin/o2cb start") && has("ExecStop=/usr/local/sbin/o2cb stop"));
    assert!(has("After=network-online.target") && has("Wants=network-online.target") && has("Before=remote-fs-pre.target"));
    assert!(settings.iter().all(|line| !line.contains("able") || line.starts_with("Description")), "no enable, no disable");
    assert!(settings.iter().all(|line| !line.contains("network.service")));
}

#[test]
fn a_module_that_the_kernel_does_not_have_is_named() {
    let mut kernel = samples::machine(0);
    kernel.no_such_module.insert("ocfs2_stackglue".to_owned());
    let plan = plan(&kernel, &sample(HeartbeatMode::Local, 1, 0), &Defaults::default());
    let told = run(&mut kernel, &plan).1.unwrap_err().to_string();
    assert!(told.contains("/sbin/modprobe ocfs2_stackglue: modprobe: FATAL: Module ocfs2_stackglue not found"), "{told}");
}

#[test]
fn the_registered_cluster_is_not_replaced_by_another() {
    let mut kernel = local();
    let mut other = sample(HeartbeatMode::Local, 1, 0);
    other.name = "other".to_owned();
    let plan = plan(&kernel, &other, &Defaults::default());
    assert!(plan.blocked && refused(&plan).contains("cluster 'web' is registered and the kernel has room for one"));
    let before = kernel.changes();
    run(&mut kernel, &plan).1.unwrap();
    assert_eq!(kernel.changes(), before);
}
