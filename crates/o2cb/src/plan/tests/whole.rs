//! From nothing to online and back, and what every pair of found and wanted comes to.

use super::*;
use crate::plan::unload;
use proptest::prelude::*;

#[test]
fn from_nothing_with_the_lines_of_the_init_script() {
    let mut kernel = samples::machine(3);
    let lines = go_online(&mut kernel, &sample(HeartbeatMode::Global, 3, 3), &Defaults::default());
    let expected = [
        "Loading filesystem \"configfs\": OK",
        "Mounting configfs filesystem at /sys/kernel/config: OK",
        "Loading stack plugin \"o2cb\": OK",
        "Loading filesystem \"ocfs2_dlmfs\": OK",
        "Creating directory '/dlm': OK",
        "Mounting ocfs2_dlmfs filesystem at /dlm: OK",
        "Setting cluster stack \"o2cb\": OK",
        "Registering O2CB cluster \"web\": OK",
        "Setting O2CB cluster timeouts : OK",
        "Starting global heartbeat for cluster \"web\": OK",
    ];
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    assert_is(&kernel, &sample(HeartbeatMode::Global, 3, 3), &Defaults::default());
}

#[test]
fn defect_19_the_kernels_own_order() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 1), &timeouts(&[("O2CB_IDLE_TIMEOUT_MS", "60000")]));
    let at = |part: &str| kernel.log.iter().position(|change| change.contains(part)).unwrap_or_else(|| panic!("{part}: {:?}", kernel.log));
    let local = at("db1/local");
    for before in ["heartbeat/mode", "dead_threshold", "idle_timeout_ms", "keepalive_delay_ms", "reconnect_delay_ms", "db2/num"] {
        assert!(at(before) < local, "{before} comes before the socket opens");
    }
    let of_node: Vec<usize> =
        ["mkdir /sys/kernel/config/cluster/web/node/db2", "db2/ipv4_port", "db2/ipv4_address", "db2/num"].map(at).into();
    assert!(of_node.is_sorted());
    assert!(local < at("mkdir /sys/kernel/config/cluster/web/heartbeat/"));
}

#[test]
fn to_nothing_with_the_lines_of_the_init_script() {
    let mut kernel = samples::machine(1);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 1), &Defaults::default());
    kernel.modules.insert("ocfs2".to_owned());
    let plan = plan_offline(&kernel, false);
    let (lines, result) = run(&mut kernel, &plan);
    result.unwrap();
    let expected = [
        "Stopping global heartbeat on cluster \"web\": OK",
        "Stopping O2CB cluster web: Unregistering O2CB cluster \"web\": OK",
        "Unloading module \"ocfs2\": OK",
    ];
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    assert_eq!(kernel.cluster, None);
    let plan = unload(&Found::look(&kernel), false);
    let (lines, result) = run(&mut kernel, &plan);
    result.unwrap();
    let expected =
        ["Unmounting ocfs2_dlmfs filesystem: OK", "Unloading module \"ocfs2_dlmfs\": OK", "Unloading module \"ocfs2_stack_o2cb\": OK"];
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    // configfs is not the stack's own.
    let left: Vec<_> = kernel.modules.iter().map(String::as_str).collect();
    assert!(left == ["configfs"] && !kernel.is_mounted("configfs"), "{left:?} {:?}", kernel.mounts);
}

#[test]
fn an_idle_file_system_module_goes_first_where_there_is_no_cluster() {
    let mut kernel = samples::machine(0);
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 1, 0), &Defaults::default());
    let plan = plan_offline(&kernel, false);
    run(&mut kernel, &plan).1.unwrap();
    // A mount that came and went has loaded it.
    kernel.modules.insert("ocfs2".to_owned());
    let plan = unload(&Found::look(&kernel), false);
    let (lines, result) = run(&mut kernel, &plan);
    result.unwrap();
    assert!(lines.starts_with("Unloading module \"ocfs2\": OK\n"), "{lines}");
    assert!(!kernel.modules.contains("ocfs2_nodemanager"));
}

fn asked() -> impl Strategy<Value = Defaults> {
    let option = |range: std::ops::Range<u32>| proptest::option::of(range);
    (option(3..200), option(2001..90_000), option(1..2001), option(1..9000)).prop_map(|(threshold, idle_ms, keepalive_ms, reconnect_ms)| {
        Defaults { timeouts: crate::defaults::Timeouts { threshold, idle_ms, keepalive_ms, reconnect_ms }, ..Defaults::default() }
    })
}

/// Clusters with this machine in them, nodes shuffled in number and address.
fn cluster() -> impl Strategy<Value = Cluster> {
    (any::<bool>(), 1u8..6, 1u8..5, 0u8..3, proptest::collection::vec(any::<bool>(), 5)).prop_map(
        |(global, nodes, regions, shift, keep)| {
            let mut cluster =
                sample(if global { HeartbeatMode::Global } else { HeartbeatMode::Local }, nodes, if global { regions } else { 0 });
            for node in cluster.nodes.iter_mut().filter(|node| node.number != 1) {
                node.number = 2 + (node.number + shift) % 5;
            }
            cluster.nodes.retain(|node| node.name == "db1" || keep.get(usize::from(node.number - 2)).copied().unwrap_or(true));
            cluster
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_applied_is_wanted_and_a_second_run_has_nothing_to_do(cluster in cluster(), asked in asked()) {
        let mut kernel = samples::machine(8);
        go_online(&mut kernel, &cluster, &asked);
        assert_is(&kernel, &cluster, &asked);
        let again = plan(&kernel, &cluster, &asked);
        prop_assert!(again.is_empty(), "{}", again.shown());
    }

    #[test]
    fn every_change_of_a_running_cluster_is_made_or_refused_and_never_fails(
        (before, after) in (cluster(), cluster()), (first, second) in (asked(), asked()), live in proptest::collection::btree_set(2u8..7, 0..3),
        mounted: bool, lag in 0u8..5,
    ) {
        let mut kernel = samples::machine(8);
        go_online(&mut kernel, &before, &first);
        if before.mode == HeartbeatMode::Global {
            let known = kernel.cluster.as_ref().unwrap().nodes.values().filter_map(|node| node.number).collect::<Vec<_>>();
            kernel.live = live.iter().copied().filter(|number| known.contains(number)).collect();
            kernel.connected = kernel.live.clone();
            kernel.no_quorum = (0..lag).map(samples::uuid).collect();
            if mounted {
                kernel.volumes.insert(samples::uuid(7));
            }
        }
        let plan = plan(&kernel, &after, &second);
        let (_, result) = run(&mut kernel, &plan);
        prop_assert!(result.is_ok(), "{}\n{}", result.unwrap_err(), plan.shown());
        prop_assert!(plan.refused.iter().all(|refusal| !refusal.why.is_empty()));
        let again = super::plan(&kernel, &after, &second);
        // What is refused stays refused; nothing else is left to do, but what the changes themselves made possible.
        if plan.refused.is_empty() {
            prop_assert!(again.is_empty(), "{}", again.shown());
            let effective = crate::defaults::Timeouts {
                threshold: second.timeouts.threshold.or(first.timeouts.threshold),
                idle_ms: second.timeouts.idle_ms.or(first.timeouts.idle_ms),
                keepalive_ms: second.timeouts.keepalive_ms.or(first.timeouts.keepalive_ms),
                reconnect_ms: second.timeouts.reconnect_ms.or(first.timeouts.reconnect_ms),
            };
            assert_is(&kernel, &after, &Defaults { timeouts: effective, ..Defaults::default() });
        }
    }
}
