//! Towards offline.

use super::super::carry::{Lines, carry, tell_refused};
use super::super::{Cluster, Io, Offline, Sources, StopHeartbeat, choice};
use crate::FAILED;
use crate::found::Found;
use crate::kernel::Kernel;
use crate::obstacles::{Leftover, Obstacles};
use crate::plan::{self, Plan};
use crate::step::Action;
use anyhow::Context as _;
use std::time::Duration;

/// How long `ocfs2_hb_ctl` may take to tell a number.
const TELLING: Duration = Duration::from_secs(5);

/// What the whole of `unload` does, as far as it can be told before.
pub(super) fn whole(found: &Found, obstacles: &Obstacles, name: &str, force: bool) -> Plan {
    let mut plan = plan::offline(found, obstacles, name, force);
    if !plan.blocked {
        plan.append(plan::unload(found, true));
    }
    plan
}

fn look(machine: &mut dyn Kernel) -> anyhow::Result<(Found, Obstacles)> {
    let found = Found::look(&*machine);
    let mut obstacles = Obstacles::look(&*machine, &found).context("/proc")?;
    for leftover in &mut obstacles.leftovers {
        // Asking for a count that does not exist would make it; asking without the stack would load it.
        if found.counted(&leftover.uuid) == Some(true) && found.plugin("o2cb") {
            leftover.users = users(machine, leftover);
        }
    }
    Ok((found, obstacles))
}

/// `UUID: N refs`; a program that is missing or says something else leaves the count unknown.
fn users(machine: &mut dyn Kernel, leftover: &Leftover) -> Option<u32> {
    let arguments = ["-I", "-u", leftover.uuid.as_str()].map(str::to_owned);
    let answer = machine.run(crate::apply::HB_CTL, &arguments, TELLING).ok()?;
    answer.stdout.trim().strip_prefix(leftover.uuid.as_str())?.strip_prefix(": ")?.strip_suffix(" refs")?.parse().ok()
}

/// Whether it may go on: with `--force` what is killed is told first, and asked.
fn may(plan: &Plan, options: &Offline, io: &mut Io<'_>) -> anyhow::Result<bool> {
    let victims = plan.taken().iter().filter(|step| matches!(step.action, Action::EndProcess { .. } | Action::StopCounted { .. }));
    let victims: Vec<&str> = victims.map(|step| step.what.as_str()).collect();
    if victims.is_empty() {
        return Ok(true);
    }
    writeln!(io.err, "o2cb: --force would:\n  {}", victims.join("\n  "))?;
    if options.yes {
        return Ok(true);
    }
    match (io.ask)("Go on? [y/N] ")? {
        Some(answer) if matches!(answer.as_str(), "y" | "Y" | "yes") => Ok(true),
        Some(_) => Ok(false),
        None => {
            writeln!(io.err, "o2cb: nobody is there to ask: --yes goes on without")?;
            Ok(false)
        }
    }
}

/// `offline`.
pub fn offline(machine: &mut dyn Kernel, sources: &dyn Sources, options: &Offline, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let (found, obstacles) = look(machine)?;
    let Some(name) = choice::choose(options.which.cluster.as_deref(), sources, Some(&found), io)? else { return Ok(FAILED) };
    let plan = plan::offline(&found, &obstacles, &name, options.force);
    if plan.blocked {
        writeln!(io.out, "Stopping O2CB cluster {name}: Failed")?;
        tell_refused(&plan, io)?;
        return Ok(FAILED);
    }
    if !may(&plan, options, io)? {
        return Ok(FAILED);
    }
    carry(machine, &plan, Lines::Script, io)
}

/// `unload` and `stop`.
pub fn unload(machine: &mut dyn Kernel, sources: &dyn Sources, options: &Offline, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let (found, obstacles) = look(machine)?;
    let named = options.which.cluster.as_deref();
    // Without any cluster there is still something to unload.
    if found.cluster().is_some() || named.is_some() || !obstacles.is_free() || !obstacles.idle_domains.is_empty() {
        match offline(machine, sources, options, io)? {
            0 => {}
            failed => return Ok(failed),
        }
    }
    let plan = plan::unload(&Found::look(&*machine), false);
    carry(machine, &plan, Lines::Script, io)
}

/// `unregister-cluster`: silent on success, as `o2cb(8)`.
pub fn unregister_cluster(machine: &mut dyn Kernel, sources: &dyn Sources, which: &Cluster, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let found = Found::look(&*machine);
    let Some(name) = choice::choose(which.cluster.as_deref(), sources, Some(&found), io)? else { return Ok(FAILED) };
    carry(machine, &plan::unregister(&found, &name), Lines::None, io)
}

/// `stop-heartbeat`.
pub fn stop_heartbeat(machine: &mut dyn Kernel, sources: &dyn Sources, options: &StopHeartbeat, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let (found, obstacles) = look(machine)?;
    let Some(name) = choice::choose(options.which.cluster.as_deref(), sources, Some(&found), io)? else { return Ok(FAILED) };
    if options.stale {
        let plan = plan::stop_stale(&found, &obstacles, &name);
        let code = carry(machine, &plan, Lines::None, io)?;
        for step in plan.taken().iter().filter(|_| code == 0) {
            writeln!(io.out, "Done: {}", step.what)?;
        }
        if plan.is_empty() && plan.notes.is_empty() {
            writeln!(io.out, "No stale region")?;
        }
        return Ok(code);
    }
    let plan = plan::stop_heartbeat(&found, &name);
    let code = carry(machine, &plan, Lines::None, io)?;
    if code == 0 && plan.notes.is_empty() {
        writeln!(io.out, "Global heartbeat stopped")?;
    }
    Ok(code)
}
