//! Nodes that fence themselves, for real: `o2cb forecast` has to name victim, rule and time before, `o2cb watch` to see it coming,
//! `o2cb doctor` to name the cause afterwards. Each fault is made under each kind of heartbeat.

mod cluster;
mod coming;
mod expected;
mod faults;
mod played;

use super::Bench;
pub(super) use cluster::Heartbeat;
pub(super) use faults::Fault;

/// Makes a cluster that beats so, and the fault.
pub(super) fn play(bench: &mut Bench, heartbeat: Heartbeat, fault: Fault) -> anyhow::Result<()> {
    let scenarios = faults::scenarios(bench, heartbeat, fault);
    played::play(bench, heartbeat, &scenarios)
}
