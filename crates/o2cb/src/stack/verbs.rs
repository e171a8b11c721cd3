//! The verbs that change something, and the two short queries.

mod going_offline;
mod going_online;

pub use going_offline::{offline, stop_heartbeat, unload, unregister_cluster};
pub use going_online::{load, online, register_cluster, start, start_heartbeat};

use super::{Cluster, Io, Sources, Verb, choice};
use crate::FAILED;
use crate::found::{Found, Seen};
use crate::kernel::Look;
use crate::obstacles::Obstacles;
use crate::plan::{self, Plan};
use anyhow::Context as _;
use going_online::{no_cluster, wanted};

/// The plan of a verb that was asked what it would do; `None`: it was not, or it is a query.
pub fn dry_run(look: &dyn Look, sources: &dyn Sources, verb: &Verb, io: &mut Io<'_>) -> anyhow::Result<Option<Plan>> {
    if let Verb::Step(options) = verb {
        return if options.change().dry_run { options.plan().map(Some) } else { Ok(None) };
    }
    let Some((which, named)) = asked(verb) else { return Ok(None) };
    let found = Found::look(look);
    if let Verb::Load(_) = verb {
        return Ok(Some(plan::load(&found)));
    }
    if let Verb::Enable(_) | Verb::Disable(_) = verb {
        let enabled = matches!(verb, Verb::Enable(_));
        let note = format!("O2CB_ENABLED={enabled} would be written to {}", sources.defaults()?.path.display());
        return Ok(Some(Plan { notes: vec![note], ..Plan::default() }));
    }
    let running = going_down(verb).then_some(&found);
    let Some(name) = choice::choose(named, sources, running, io)? else { return Ok(Some(no_cluster())) };
    let obstacles = || Obstacles::look(look, &found).context("/proc");
    let plan = match which {
        Goal::Online if matches!(verb, Verb::Start(_)) && !sources.defaults()?.defaults.enabled => {
            Plan { notes: vec![going_online::not_enabled(sources)?], ..Plan::default() }
        }
        Goal::Online => match wanted(&found, sources, &name)? {
            Ok(wanted) => plan::online(&found, &wanted),
            Err(refused) => refused,
        },
        Goal::Register => match wanted(&found, sources, &name)? {
            Ok(wanted) => plan::register(&found, &wanted),
            Err(refused) => refused,
        },
        Goal::Start => match wanted(&found, sources, &name)? {
            Ok(wanted) => plan::start_heartbeat(&found, &wanted),
            Err(refused) => refused,
        },
        Goal::Offline { force } => plan::offline(&found, &obstacles()?, &name, force),
        Goal::Unload { force } => going_offline::whole(&found, &obstacles()?, &name, force),
        Goal::Unregister => plan::unregister(&found, &name),
        Goal::Stop { stale: true } => plan::stop_stale(&found, &obstacles()?, &name),
        Goal::Stop { stale: false } => plan::stop_heartbeat(&found, &name),
        Goal::Nothing => Plan::default(),
    };
    Ok(Some(plan))
}

/// What a verb is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Online,
    Register,
    Start,
    Offline { force: bool },
    Unload { force: bool },
    Unregister,
    Stop { stale: bool },
    Nothing,
}

fn going_down(verb: &Verb) -> bool {
    !matches!(verb, Verb::Online(_) | Verb::Start(_) | Verb::RegisterCluster(_) | Verb::StartHeartbeat(_))
}

/// The goal of a verb with `--dry-run`, and the cluster named.
fn asked(verb: &Verb) -> Option<(Goal, Option<&str>)> {
    let (goal, change, which) = match verb {
        Verb::Load(change) | Verb::Enable(change) | Verb::Disable(change) => (Goal::Nothing, change, None),
        Verb::Online(options) | Verb::Start(options) => (Goal::Online, &options.change, options.which.cluster.as_deref()),
        Verb::RegisterCluster(options) => (Goal::Register, &options.change, options.which.cluster.as_deref()),
        Verb::UnregisterCluster(options) => (Goal::Unregister, &options.change, options.which.cluster.as_deref()),
        Verb::StartHeartbeat(options) => (Goal::Start, &options.change, options.which.cluster.as_deref()),
        Verb::StopHeartbeat(options) => (Goal::Stop { stale: options.stale }, &options.change, options.which.cluster.as_deref()),
        Verb::Offline(options) | Verb::ForceOffline(options) => {
            (Goal::Offline { force: options.force }, &options.change, options.which.cluster.as_deref())
        }
        Verb::Unload(options) | Verb::Stop(options) | Verb::Restart(options) | Verb::ForceReload(options) => {
            (Goal::Unload { force: options.force }, &options.change, options.which.cluster.as_deref())
        }
        Verb::Status(_) | Verb::OnlineStatus(_) | Verb::ClusterStatus(_) | Verb::Configure(_) | Verb::Step(_) => return None,
    };
    change.dry_run.then_some((goal, which))
}

/// `online`, `offline` or `error`.
pub fn online_status(look: &dyn Look, sources: &dyn Sources, which: &Cluster, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let found = Found::look(look);
    let Some(name) = choice::choose(which.cluster.as_deref(), sources, Some(&found), io)? else {
        writeln!(io.out, "error")?;
        return Ok(2);
    };
    let (word, code) = match found.online(&name) {
        Some(true) => ("online", 0),
        Some(false) => ("offline", 1),
        None => ("error", 2),
    };
    writeln!(io.out, "{word}")?;
    Ok(code)
}

/// `Cluster 'web' is online`.
pub fn cluster_status(look: &dyn Look, which: &Cluster, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let found = Found::look(look);
    if found.clusters.is_unknown() {
        writeln!(io.err, "o2cb: {}: {}", crate::kernel::CLUSTERS, found.clusters.words(|_| String::new()))?;
    }
    if found.clusters == Seen::Absent && io.verbose {
        writeln!(io.err, "o2cb: the node manager is not loaded, or configfs is not mounted")?;
    }
    let Some(name) = which.cluster.clone().or_else(|| found.cluster().map(|cluster| cluster.name.clone())) else {
        writeln!(io.out, "offline")?;
        return Ok(FAILED);
    };
    let online = found.online(&name) == Some(true);
    writeln!(io.out, "Cluster '{name}' is {}", if online { "online" } else { "offline" })?;
    Ok(if online { 0 } else { FAILED })
}
