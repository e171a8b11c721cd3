//! Towards online.

use super::super::carry::{Lines, carry, tell_refused};
use super::super::{Cluster, Io, Sources, choice};
use crate::FAILED;
use crate::found::Found;
use crate::kernel::Kernel;
use crate::plan::{self, Plan, Refusal};
use crate::wanted::Wanted;

fn refusal(what: String, why: String) -> Plan {
    Plan { refused: vec![Refusal { what, why }], blocked: true, ..Plan::default() }
}

pub(super) fn no_cluster() -> Plan {
    refusal("Cluster not known".to_owned(), "name one".to_owned())
}

/// What the configuration asks of this machine for that cluster, or a plan that says why nothing. What in the defaults is not used
/// stops it too: a cluster with other timeouts than its peers' is worse than none.
pub(super) fn wanted(found: &Found, sources: &dyn Sources, name: &str) -> anyhow::Result<Result<Wanted, Plan>> {
    let what = format!("bring cluster '{name}' online");
    let path = sources.config_path();
    let Some(config) = sources.config()? else {
        return Ok(Err(refusal("Checking O2CB cluster configuration".to_owned(), format!("there is no {}", path.display()))));
    };
    let file = sources.defaults()?;
    if !file.problems.is_empty() {
        return Ok(Err(refusal(what, file.problems.join("\n  "))));
    }
    if let Some(stack) = file.defaults.stack.as_ref().filter(|stack| *stack != "o2cb") {
        let why = format!("{} says O2CB_STACK={stack}: this program runs the stack o2cb only", file.path.display());
        return Ok(Err(refusal(what, why)));
    }
    let Some(cluster) = config.clusters.iter().find(|cluster| cluster.name == name) else {
        let names: Vec<&str> = config.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        let why = format!("{} has no such cluster; it has: {}", path.display(), names.join(", "));
        return Ok(Err(refusal(format!("Unknown cluster '{name}'"), why)));
    };
    let Some(host) = found.host.is() else {
        return Ok(Err(refusal(what, format!("the host's name is {}", found.host.words(Clone::clone)))));
    };
    let known = |uuid: &str| {
        let registered = found.cluster().filter(|registered| registered.name == name);
        registered.is_some_and(|cluster| cluster.regions.iter().any(|region| region.uuid == uuid && region.is_started()))
    };
    Ok(Wanted::of(cluster, &file.defaults, host, sources.regions(), &known).map_err(|why| refusal(what, why.to_string())))
}

/// `load`.
pub fn load(machine: &mut dyn Kernel, io: &mut Io<'_>) -> anyhow::Result<u8> {
    writeln!(io.out, "checking debugfs...")?;
    let plan = plan::load(&Found::look(&*machine));
    carry(machine, &plan, Lines::Script, io)
}

/// `online`.
pub fn online(machine: &mut dyn Kernel, sources: &dyn Sources, which: &Cluster, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let Some(name) = choice::choose(which.cluster.as_deref(), sources, None, io)? else { return Ok(FAILED) };
    writeln!(io.out, "checking debugfs...")?;
    let found = Found::look(&*machine);
    let was_online = found.online(&name) == Some(true);
    let wanted = match wanted(&found, sources, &name)? {
        Ok(wanted) => wanted,
        Err(refused) => {
            let line = if sources.config()?.is_none() {
                "Checking O2CB cluster configuration : Failed".to_owned()
            } else {
                format!("Registering O2CB cluster \"{name}\": Failed")
            };
            writeln!(io.out, "{line}")?;
            tell_refused(&refused, io)?;
            return Ok(FAILED);
        }
    };
    let plan = plan::online(&found, &wanted);
    if plan.is_empty() && was_online {
        writeln!(io.out, "Cluster {name} already online")?;
        return Ok(0);
    }
    if plan.blocked {
        writeln!(io.out, "Registering O2CB cluster \"{name}\": Failed")?;
        tell_refused(&plan, io)?;
        return Ok(FAILED);
    }
    let code = carry(machine, &plan, Lines::Script, io)?;
    if code != 0 && !was_online && Found::look(&*machine).online(&name) == Some(true) {
        writeln!(io.err, "o2cb: cluster '{name}' is online all the same, without what is told above")?;
    }
    Ok(code)
}

pub(super) fn not_enabled(sources: &dyn Sources) -> anyhow::Result<String> {
    Ok(format!("O2CB_ENABLED is not 'true' in {}: nothing is started (`o2cb enable`)", sources.defaults()?.path.display()))
}

/// `start`.
pub fn start(machine: &mut dyn Kernel, sources: &dyn Sources, which: &Cluster, io: &mut Io<'_>) -> anyhow::Result<u8> {
    if sources.defaults()?.defaults.enabled {
        online(machine, sources, which, io)
    } else {
        writeln!(io.err, "o2cb: {}", not_enabled(sources)?)?;
        Ok(0)
    }
}

/// `register-cluster`: silent on success, as `o2cb(8)`.
pub fn register_cluster(machine: &mut dyn Kernel, sources: &dyn Sources, which: &Cluster, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let Some(name) = choice::choose(which.cluster.as_deref(), sources, None, io)? else { return Ok(FAILED) };
    let found = Found::look(&*machine);
    let plan = match wanted(&found, sources, &name)? {
        Ok(wanted) => plan::register(&found, &wanted),
        Err(refused) => refused,
    };
    carry(machine, &plan, Lines::None, io)
}

/// `start-heartbeat`.
pub fn start_heartbeat(machine: &mut dyn Kernel, sources: &dyn Sources, which: &Cluster, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let Some(name) = choice::choose(which.cluster.as_deref(), sources, None, io)? else { return Ok(FAILED) };
    let found = Found::look(&*machine);
    let plan = match wanted(&found, sources, &name)? {
        Ok(wanted) => plan::start_heartbeat(&found, &wanted),
        Err(refused) => refused,
    };
    let code = carry(machine, &plan, Lines::None, io)?;
    // In local mode there is nothing to start; the note says so.
    if code == 0 && plan.notes.is_empty() {
        writeln!(io.out, "Global heartbeat started")?;
    }
    Ok(code)
}
