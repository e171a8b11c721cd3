//! Changing a cluster that runs.

use super::*;
use crate::stack::samples::uuid;

fn running(nodes: u8, regions: u8) -> ModelKernel {
    let mut kernel = samples::machine(8);
    go_online(&mut kernel, &sample(HeartbeatMode::Global, nodes, regions), &Defaults::default());
    kernel
}

#[test]
fn nodes_and_regions_are_added_and_removed() {
    let mut kernel = running(3, 4);
    let mut after = sample(HeartbeatMode::Global, 4, 5);
    after.nodes.remove(1);
    after.regions.remove(0);
    let plan = plan(&kernel, &after, &Defaults::default());
    assert_eq!(refused(&plan), "");
    run(&mut kernel, &plan).1.unwrap();
    assert_is(&kernel, &after, &Defaults::default());
}

#[test]
fn an_active_node_is_neither_removed_nor_changed() {
    let mut kernel = running(3, 1);
    kernel.live = [2, 3].into();
    kernel.connected = [2].into();
    let mut after = sample(HeartbeatMode::Global, 3, 1);
    after.nodes.remove(1);
    after.nodes[1].port = 7778;
    let told = refused(&plan(&kernel, &after, &Defaults::default()));
    assert!(told.contains("remove node 'db2': the node is active (it beats and is connected)"), "{told}");
    assert!(told.contains("change node 'db3' to number 3, 10.9.0.3:7778: a registered node can only be removed and made anew"), "{told}");
}

#[test]
fn a_node_that_is_not_active_is_made_anew() {
    let mut kernel = running(3, 1);
    let mut after = sample(HeartbeatMode::Global, 3, 1);
    // Two nodes exchange their addresses: both must go before one can come.
    let address = after.nodes[1].address;
    after.nodes[1].address = after.nodes[2].address;
    after.nodes[2].address = address;
    let plan = plan(&kernel, &after, &Defaults::default());
    run(&mut kernel, &plan).1.unwrap();
    assert_is(&kernel, &after, &Defaults::default());
}

#[test]
fn the_own_node_is_not_changed_under_a_heartbeat() {
    let kernel = running(2, 1);
    let mut after = sample(HeartbeatMode::Global, 2, 1);
    after.nodes[0].number = 9;
    let told = refused(&plan(&kernel, &after, &Defaults::default()));
    assert!(told.contains("change node 'db1'") && told.contains("1 heartbeat region(s) run under it"), "{told}");
}

#[test]
fn with_a_domain_three_quorum_regions_hold_each_other() {
    let mut kernel = running(2, 3);
    kernel.volumes.insert(uuid(20));
    let after = sample(HeartbeatMode::Global, 2, 2);
    let plan_of_three = plan(&kernel, &after, &Defaults::default());
    assert!(refused(&plan_of_three).contains(&format!("domain(s) {} exist and there are 3 quorum regions", uuid(20))));
    assert!(plan_of_three.steps.is_empty());
    // The fourth lets one go; the kernel agrees.
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 2, 4), &Defaults::default());
    let plan = plan(&kernel, &sample(HeartbeatMode::Global, 2, 3), &Defaults::default());
    assert_eq!(refused(&plan), "");
    run(&mut kernel, &plan).1.unwrap();
}

#[test]
fn the_threshold_and_the_mode_are_refused_while_a_region_exists() {
    let mut kernel = running(2, 1);
    kernel.connected = [2].into();
    let asked = timeouts(&[("O2CB_HEARTBEAT_THRESHOLD", "61"), ("O2CB_IDLE_TIMEOUT_MS", "60000"), ("O2CB_RECONNECT_DELAY_MS", "3000")]);
    let plan_of_timeouts = plan(&kernel, &sample(HeartbeatMode::Global, 2, 1), &asked);
    let told = refused(&plan_of_timeouts);
    assert!(told.contains("change the heartbeat dead threshold from 31 to 61: 1 heartbeat region(s) exist"), "{told}");
    assert!(told.contains("from 30000 and 2000 to 60000 and 2000 ms: node(s) 2 are connected"), "{told}");
    // What can be changed is.
    assert_eq!(plan_of_timeouts.steps.len(), 1);
    let plan = plan(&kernel, &sample(HeartbeatMode::Local, 2, 0), &Defaults::default());
    assert!(plan.blocked && refused(&plan).contains("change the heartbeat mode to local"));
}

#[test]
fn a_region_that_is_not_found_stops_a_beginning_and_not_a_running_cluster() {
    let mut kernel = samples::machine(2);
    let mut cluster = sample(HeartbeatMode::Global, 1, 1);
    cluster.regions.push("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF".to_owned());
    let begin = plan(&kernel, &cluster, &Defaults::default());
    assert!(begin.blocked && refused(&begin).contains("Heartbeat region could not be found: no block device carries it"));
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 1, 1), &Defaults::default());
    cluster.regions.push(uuid(1));
    let plan = plan(&kernel, &cluster, &Defaults::default());
    assert!(!plan.blocked && plan.refused.len() == 1, "{}", plan.shown());
    run(&mut kernel, &plan).1.unwrap();
    assert_eq!(kernel.cluster.as_ref().unwrap().regions.len(), 2);
}

#[test]
fn a_region_that_was_never_started_is_made_anew() {
    let mut kernel = running(1, 1);
    let cluster = kernel.cluster.as_mut().unwrap();
    cluster.regions.insert(uuid(1), crate::kernel::model::Region::default());
    go_online(&mut kernel, &sample(HeartbeatMode::Global, 1, 2), &Defaults::default());
    assert_is(&kernel, &sample(HeartbeatMode::Global, 1, 2), &Defaults::default());
}

#[test]
fn a_half_registered_cluster_is_completed() {
    let mut kernel = samples::machine(0);
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 3, 0), &Defaults::default());
    let nodes = &mut kernel.cluster.as_mut().unwrap().nodes;
    nodes.get_mut("db1").unwrap().local = false;
    nodes.get_mut("db2").unwrap().number = None;
    nodes.get_mut("db2").unwrap().address = None;
    nodes.remove("db3");
    go_online(&mut kernel, &sample(HeartbeatMode::Local, 3, 0), &Defaults::default());
    assert_is(&kernel, &sample(HeartbeatMode::Local, 3, 0), &Defaults::default());
}

#[test]
fn regions_go_in_one_run_only_until_three_are_left() {
    let mut kernel = running(1, 6);
    kernel.volumes.insert(uuid(20));
    let plan = plan(&kernel, &sample(HeartbeatMode::Global, 1, 1), &Defaults::default());
    assert_eq!(plan.refused.len(), 2, "{}", plan.shown());
    run(&mut kernel, &plan).1.unwrap();
    assert_eq!(kernel.cluster.as_ref().unwrap().regions.len(), 3);
}
