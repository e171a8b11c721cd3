//! Bringing the cluster stack online and offline, and telling how it stands.

mod all_nodes;
mod carry;
mod choice;
mod configure;
mod lock;
mod one_step;
mod sources;
mod verbs;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub(crate) use all_nodes::{Asked, ask_others, differences as differences_between};
pub use configure::Configure;
pub use one_step::OneStep;
pub use sources::{DefaultsFile, Files, Sources};

use crate::kernel::{Kernel, Look, Machine};
use crate::place::Place;
use crate::status;
use clap::{Args, Subcommand};
use std::io::{self, BufRead as _, IsTerminal as _, Write};

/// Verbs about the running stack.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Load the modules of the stack and mount its file systems
    Load(Change),
    /// Load, register the cluster or apply what has changed in its configuration, start the heartbeat in global mode
    Online(ChangeCluster),
    /// Take the cluster offline, if nothing is in the way
    Offline(Offline),
    /// The same as `offline`, as the init script named it; `--force` is what forces
    #[command(hide = true)]
    ForceOffline(Offline),
    /// Take the cluster offline and unload the modules
    Unload(Offline),
    /// What the service does at boot: online, if `O2CB_ENABLED` is true
    Start(ChangeCluster),
    /// What the service does at shutdown: the same as `unload`
    Stop(Offline),
    /// Stop, then start
    Restart(Offline),
    /// The same as `restart`
    ForceReload(Offline),
    /// Tell how the stack stands: exit code 0 online and as configured, 1 offline, 2 online with differences or trouble, 3 unknown
    Status(Status),
    /// Tell `online` (exit code 0) or `offline` (1)
    OnlineStatus(Cluster),
    /// Set the variables of /etc/sysconfig/o2cb or /etc/default/o2cb; without options on a terminal: ask for each
    Configure(Box<Configure>),
    /// Set `O2CB_ENABLED=true`
    Enable(Change),
    /// Set `O2CB_ENABLED=false`
    Disable(Change),
    /// Register the cluster with the kernel, without its heartbeat
    RegisterCluster(ChangeCluster),
    /// Remove the cluster from the kernel
    UnregisterCluster(ChangeCluster),
    /// Start the heartbeat regions of a registered cluster in global mode
    StartHeartbeat(ChangeCluster),
    /// Stop the heartbeat regions of a cluster in global mode
    StopHeartbeat(StopHeartbeat),
    /// Tell whether the cluster is online (exit code 0) or not (1)
    ClusterStatus(Cluster),
    /// Take a single step at the kernel's files of a cluster, for experts: what it refuses is told in words
    Step(OneStep),
}

/// Which cluster.
#[derive(Args, Clone, Debug, Default)]
pub struct Cluster {
    /// Cluster [default: `O2CB_BOOTCLUSTER`, or the only one of the configuration]
    pub cluster: Option<String>,
}

/// How it is changed.
#[derive(Args, Clone, Debug, Default)]
pub struct Change {
    /// Tell what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Which cluster is changed, and how.
#[derive(Args, Clone, Debug, Default)]
pub struct ChangeCluster {
    #[command(flatten)]
    pub(crate) which: Cluster,
    #[command(flatten)]
    pub(crate) change: Change,
}

/// How it is taken offline.
#[derive(Args, Clone, Debug, Default)]
pub struct Offline {
    #[command(flatten)]
    pub(crate) which: Cluster,
    #[command(flatten)]
    pub(crate) change: Change,
    /// End the processes that use dlmfs and stop regions that were left over; never unmounts a volume. Asks before
    #[arg(long)]
    pub force: bool,
    /// Do not ask
    #[arg(long, requires = "force")]
    pub yes: bool,
}

/// Which heartbeat is stopped.
#[derive(Args, Clone, Debug, Default)]
pub struct StopHeartbeat {
    #[command(flatten)]
    pub(crate) which: Cluster,
    #[command(flatten)]
    pub(crate) change: Change,
    /// In local mode: stop regions that no mount, no domain and no process uses
    #[arg(long)]
    pub stale: bool,
}

/// What status tells.
#[derive(Args, Clone, Debug, Default)]
pub struct Status {
    #[command(flatten)]
    pub(crate) which: Cluster,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// Of all nodes of the configuration, over ssh
    #[arg(long)]
    pub all_nodes: bool,
}

impl Verb {
    /// Whether it changes the kernel: no query, no dry run, not only the defaults' file.
    fn changes_the_kernel(&self) -> bool {
        let change = match self {
            Verb::Load(change) => change,
            Verb::Online(options)
            | Verb::Start(options)
            | Verb::RegisterCluster(options)
            | Verb::UnregisterCluster(options)
            | Verb::StartHeartbeat(options) => &options.change,
            Verb::Offline(options)
            | Verb::ForceOffline(options)
            | Verb::Unload(options)
            | Verb::Stop(options)
            | Verb::Restart(options)
            | Verb::ForceReload(options) => &options.change,
            Verb::StopHeartbeat(options) => &options.change,
            Verb::Step(options) => options.change(),
            Verb::Status(_) | Verb::OnlineStatus(_) | Verb::ClusterStatus(_) | Verb::Configure(_) | Verb::Enable(_) | Verb::Disable(_) => {
                return false;
            }
        };
        !change.dry_run
    }
}

/// Where it is told, and who is asked.
pub struct Io<'a> {
    /// Answers and the init script's lines.
    pub out: &'a mut dyn Write,
    /// Reasons and progress.
    pub err: &'a mut dyn Write,
    /// Asks for a line; `None`: nobody is there to answer.
    pub ask: &'a mut dyn FnMut(&str) -> io::Result<Option<String>>,
    /// Also each step.
    pub verbose: bool,
}

/// Does one.
pub fn run(place: &Place, verb: &Verb, verbose: u8) -> anyhow::Result<u8> {
    // Two at once would each plan with what the other is changing.
    let _lock = if verb.changes_the_kernel() { Some(lock::take(place)?) } else { None };
    let mut machine = Machine::new(place);
    let sources = Files::new(place);
    let (mut out, mut err) = (io::stdout(), io::stderr());
    if verb.changes_the_kernel() {
        let (mut out, mut err) = (ToTheEnd(out), ToTheEnd(err));
        return run_on(&mut machine, &sources, verb, &mut Io { out: &mut out, err: &mut err, ask: &mut ask, verbose: verbose > 0 });
    }
    run_on(&mut machine, &sources, verb, &mut Io { out: &mut out, err: &mut err, ask: &mut ask, verbose: verbose > 0 })
}

/// A writer whose reader may go away (`o2cb online | head`): the machine is not left half changed for that, and the exit code still
/// tells how it went.
struct ToTheEnd<W>(W);

impl<W: Write> Write for ToTheEnd<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing that was said is of use to nobody.
        let _ = self.0.flush();
        Ok(())
    }
}

/// A line from the terminal.
fn ask(question: &str) -> io::Result<Option<String>> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Ok(None);
    }
    let mut output = io::stderr();
    write!(output, "{question}")?;
    output.flush()?;
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    Ok(Some(line.trim().to_owned()))
}

/// Does one on a machine. Queries and dry runs see it as a [`Look`] only.
pub fn run_on(machine: &mut dyn Kernel, sources: &dyn Sources, verb: &Verb, io: &mut Io<'_>) -> anyhow::Result<u8> {
    if let Some(plan) = verbs::dry_run(&*machine, sources, verb, io)? {
        write!(io.out, "{}", plan.shown())?;
        return Ok(if plan.refused.is_empty() { 0 } else { crate::FAILED });
    }
    match verb {
        Verb::Status(options) => query_status(&*machine, sources, options, io),
        Verb::OnlineStatus(which) => verbs::online_status(&*machine, sources, which, io),
        Verb::ClusterStatus(which) => verbs::cluster_status(&*machine, which, io),
        Verb::Load(_) => verbs::load(machine, io),
        Verb::Online(options) => verbs::online(machine, sources, &options.which, io),
        Verb::Offline(options) | Verb::ForceOffline(options) => verbs::offline(machine, sources, options, io),
        Verb::Unload(options) | Verb::Stop(options) => verbs::unload(machine, sources, options, io),
        Verb::Start(options) => verbs::start(machine, sources, &options.which, io),
        Verb::Restart(options) | Verb::ForceReload(options) => match verbs::unload(machine, sources, options, io)? {
            0 => verbs::start(machine, sources, &options.which, io),
            failed => Ok(failed),
        },
        Verb::Configure(options) => configure::configure(sources, options, io),
        Verb::Enable(_) => configure::enable(sources, true, io),
        Verb::Disable(_) => configure::enable(sources, false, io),
        Verb::RegisterCluster(options) => verbs::register_cluster(machine, sources, &options.which, io),
        Verb::UnregisterCluster(options) => verbs::unregister_cluster(machine, sources, &options.which, io),
        Verb::StartHeartbeat(options) => verbs::start_heartbeat(machine, sources, &options.which, io),
        Verb::StopHeartbeat(options) => verbs::stop_heartbeat(machine, sources, options, io),
        Verb::Step(options) => one_step::take(machine, options, io),
    }
}

fn query_status(look: &dyn Look, sources: &dyn Sources, options: &Status, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let status = status::Status::look(look, sources, options.which.cluster.as_deref());
    if options.all_nodes {
        return all_nodes::tell(&status, sources, options.json, io);
    }
    if options.json {
        writeln!(io.out, "{:#}", status.json())?;
    } else {
        write!(io.out, "{}", status.text())?;
    }
    Ok(status.code())
}
