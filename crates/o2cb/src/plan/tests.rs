//! Plans against the model kernel: whatever is found and wanted, what is applied is wanted, or refused with a reason.

mod change;
mod defects;
mod firewall;
mod whole;

use super::{Plan, offline, online};
use crate::apply::{Failure, Voice, apply};
use crate::defaults::Defaults;
use crate::found::{Found, FoundCluster};
use crate::kernel::Look;
use crate::kernel::model::ModelKernel;
use crate::obstacles::Obstacles;
use crate::stack::samples::{self, Disks};
use crate::wanted::{NotWanted, Wanted};
use formats::cluster_conf::{Cluster, HeartbeatMode};

/// What `cluster` asks of the model's machine.
pub fn wanted(kernel: &ModelKernel, cluster: &Cluster, defaults: &Defaults) -> Result<Wanted, NotWanted> {
    let found = Found::look(kernel);
    let known = |uuid: &str| {
        let regions = found.cluster().filter(|registered| registered.name == cluster.name).map(|cluster| &cluster.regions);
        regions.into_iter().flatten().any(|region| region.uuid == uuid && region.is_started())
    };
    Wanted::of(cluster, defaults, &kernel.host_name().unwrap(), &Disks, &known)
}

pub fn plan(kernel: &ModelKernel, cluster: &Cluster, defaults: &Defaults) -> Plan {
    online(&Found::look(kernel), &wanted(kernel, cluster, defaults).unwrap())
}

/// Applies, and gives the lines of the init script and how it ended.
pub fn run(kernel: &mut ModelKernel, plan: &Plan) -> (String, Result<(), Failure>) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let result = apply(kernel, plan, &mut Voice::new(&mut out, &mut err, false)).unwrap();
    (String::from_utf8(out).unwrap(), result)
}

pub fn go_online(kernel: &mut ModelKernel, cluster: &Cluster, defaults: &Defaults) -> String {
    let plan = plan(kernel, cluster, defaults);
    assert_eq!(plan.refused, []);
    let (lines, result) = run(kernel, &plan);
    result.unwrap();
    lines
}

pub fn plan_offline(kernel: &ModelKernel, force: bool) -> Plan {
    let found = Found::look(kernel);
    let obstacles = Obstacles::look(kernel, &found).unwrap();
    offline(&found, &obstacles, "web", force)
}

/// The registered cluster says what is wanted.
pub fn assert_is(kernel: &ModelKernel, cluster: &Cluster, defaults: &Defaults) {
    let found = Found::look(kernel);
    let registered: &FoundCluster = found.cluster().expect("a cluster is registered");
    assert_eq!(registered.name, cluster.name);
    assert!(registered.mode.has(&cluster.mode));
    let mut names: Vec<_> = cluster.nodes.iter().map(|node| (&node.name, node.number, node.address, node.port)).collect();
    names.sort();
    let found_nodes: Vec<_> = registered
        .nodes
        .iter()
        .map(|node| (&node.name, *node.number.is().unwrap(), *node.address.is().unwrap(), *node.port.is().unwrap()))
        .collect();
    assert_eq!(found_nodes, names);
    assert_eq!(registered.local().map(|node| node.name.as_str()), Some("db1"));
    let asked = defaults.timeouts;
    assert_eq!(asked.threshold.unwrap_or(31), *registered.threshold.is().unwrap());
    assert_eq!(asked.idle_ms.unwrap_or(30000), *registered.idle_ms.is().unwrap());
    assert_eq!(asked.keepalive_ms.unwrap_or(2000), *registered.keepalive_ms.is().unwrap());
    assert_eq!(asked.reconnect_ms.unwrap_or(2000), *registered.reconnect_ms.is().unwrap());
    if cluster.mode == HeartbeatMode::Global {
        let mut regions = cluster.regions.clone();
        regions.sort();
        assert_eq!(registered.regions.iter().map(|region| region.uuid.clone()).collect::<Vec<_>>(), regions);
        assert!(registered.regions.iter().all(crate::found::FoundRegion::is_started));
    }
    assert!(registered.is_online());
}

pub fn timeouts(pairs: &[(&str, &str)]) -> Defaults {
    let (defaults, bad) = Defaults::of(pairs.iter().copied());
    assert!(bad.is_empty(), "{bad:?}");
    defaults
}

/// What is refused, a line for each.
pub fn refused(plan: &Plan) -> String {
    plan.refused.iter().fold(String::new(), |text, refusal| text + &refusal.what + ": " + &refusal.why + "\n")
}

pub fn sample(mode: HeartbeatMode, nodes: u8, regions: u8) -> Cluster {
    samples::cluster(mode, nodes, regions)
}
