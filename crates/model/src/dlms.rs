//! What the nodes' DLMs said, joined with what their file systems say: the lockspaces of a snapshot, who waits for whom in them,
//! and one verdict for each file system.

use crate::finding::{Finding, Severity};
use crate::lockspace::{self, FileSystemInput, LockspaceInput, LockspaceView};
use crate::node::Node;
use crate::row::LockRow;
use crate::rules::Rules;
use crate::snapshot::{FileSystemView, Snapshot};
use crate::time::ViewTime;
use crate::verdict::{self, Verdict, VerdictInput};
use crate::wait_memory::WaitMemory;
use crate::waits;
use formats::dlm::ResourceName;
use sample::gfs2::Gfs2Health;
use sample::lockspace::Dlm;
use sample::message::FileSystemKind;
use sample::{Gfs2Sample, GlockSample, LockspaceSample, TasksSample};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What was said longer ago than so many intervals of its node is no present wait any more.
const CURRENT_INTERVALS: u64 = 2;
/// So many locks of a file system are joined with the DLM's whether they are notable or not.
const MOST_JOINED: usize = 1000;
/// Waiters whose evidence a finding tells.
const MOST_WAITERS: usize = 10;

/// The lockspaces, as of `now`. `views`: the file systems of this snapshot.
pub(crate) fn lockspaces(nodes: &[Node], views: &[FileSystemView], rules: &Rules, now: ViewTime) -> Vec<LockspaceView> {
    let mut names: BTreeSet<(Dlm, String)> = nodes.iter().flat_map(|node| node.lockspaces.keys().cloned()).collect();
    for view in views {
        let name = lockspace_of(view);
        if !names.iter().any(|(_, known)| known == name) {
            // Nothing of its DLM is known: the file system's own view still tells who waits.
            let dlm = if view.kind == FileSystemKind::Gfs2 { Dlm::Kernel } else { Dlm::O2dlm };
            names.insert((dlm, name.to_owned()));
        }
    }
    names.into_iter().map(|(dlm, name)| one(nodes, views, rules, now, dlm, &name)).collect()
}

fn lockspace_of(view: &FileSystemView) -> &str {
    match view.kind {
        FileSystemKind::Ocfs2 => &view.uuid,
        FileSystemKind::Gfs2 => view.uuid.split_once(':').map_or(view.uuid.as_str(), |(_, name)| name),
    }
}

fn one(nodes: &[Node], views: &[FileSystemView], rules: &Rules, now: ViewTime, dlm: Dlm, name: &str) -> LockspaceView {
    let view = views.iter().find(|view| lockspace_of(view) == name);
    let counts = |number: usize, node: &Node| match view {
        Some(view) => node.state_of(&view.uuid, now).counts(),
        None => matches!(node.link, sample::Link::Up(_)) && nodes.get(number).is_some_and(|node| node.fault.is_none()),
    };
    let mut samples: Vec<(usize, &str, Cow<'_, LockspaceSample>, u64)> = Vec::new();
    for (number, node) in nodes.iter().enumerate().filter(|(number, node)| counts(*number, node)) {
        let Some(said) = node.lockspaces.get(&(dlm, name.to_owned())) else { continue };
        let sample = said.as_of(|came| is_current(node, now.since_us(came)));
        samples.push((number, node.name.as_str(), sample, now.since_us(said.read)));
    }
    let inputs: Vec<LockspaceInput<'_>> =
        samples.iter().map(|(node, name, sample, age_us)| LockspaceInput { node: *node, name, sample, age_us: *age_us }).collect();
    let of_view = |number: usize| view.and_then(|view| nodes.get(number)?.file_systems.get(&view.uuid));
    let told: BTreeSet<&ResourceName> =
        samples.iter().flat_map(|(_, _, sample, _)| &sample.resources).map(|resource| &resource.name).collect();
    let gfs2: Vec<(usize, Gfs2Sample)> = nodes
        .iter()
        .enumerate()
        .filter(|(number, node)| counts(*number, node))
        .filter_map(|(number, _)| Some((number, notable_glocks(of_view(number)?.gfs2.as_ref()?, &told))))
        .collect();
    let gfs2: Vec<(usize, &Gfs2Sample)> = gfs2.iter().map(|(node, sample)| (*node, sample)).collect();
    let rows = view.map_or(Cow::Borrowed(&[][..]), |view| notable_rows(&view.rows, &told));
    let devices: Vec<(usize, (u32, u32))> =
        (0..nodes.len()).filter_map(|number| Some((number, of_view(number)?.file_system.as_ref()?.device?))).collect();
    let own = FileSystemInput { gfs2: &gfs2, ocfs2: &rows, devices: &devices };
    let mut merged = lockspace::merge(name, dlm, &inputs, own);
    // A message is on its way all the time: only one that stays unanswered is told. The kernel's DLM tells no time: that a hot lock
    // has one under way in two samples proves little.
    let least = if dlm == Dlm::Kernel { rules.stuck_after_ns } else { rules.slow_after_ns };
    merged.unanswered.retain(|(_, message)| message.for_ns.is_some_and(|ns| ns >= least));
    merged.file_system = merged.file_system.or_else(|| view.map(|view| view.uuid.clone()));
    merged
}

/// Of very many locks that are merely active, only those that a DLM told of too, or that wait, are joined.
fn notable_rows<'r>(rows: &'r [LockRow], told: &BTreeSet<&ResourceName>) -> Cow<'r, [LockRow]> {
    if rows.len() <= MOST_JOINED {
        return Cow::Borrowed(rows);
    }
    let notable = |row: &&LockRow| row.figures.wait.is_some() || told.contains(&ResourceName::from(row.name));
    Cow::Owned(rows.iter().filter(notable).cloned().collect())
}

/// Likewise of glocks.
fn notable_glocks(sample: &Gfs2Sample, told: &BTreeSet<&ResourceName>) -> Gfs2Sample {
    let notable = |glock: &&GlockSample| {
        sample.glocks.len() <= MOST_JOINED
            || glock.reason.is_some()
            || glock.demote.is_some()
            || told.contains(&ResourceName::from(glock.name))
    };
    let glocks = sample.glocks.iter().filter(notable).cloned().collect();
    Gfs2Sample {
        glocks,
        types: sample.types.clone(),
        health: sample.health.clone(),
        table: sample.table.clone(),
        dump: sample.dump.clone(),
        growth: sample.growth.clone(),
        tracing: sample.tracing.clone(),
        ..*sample
    }
}

/// Whether it was said within two of the node's own intervals.
fn is_current(node: &Node, age_us: u64) -> bool {
    let kept_ms = node.file_systems.values().filter_map(|on_node| on_node.head.as_ref()).map(|head| head.pace.kept_ms).max();
    kept_ms.is_none_or(|ms| age_us <= ms.saturating_mul(1000 * CURRENT_INTERVALS).max(1_000_000))
}

/// Joins all that the DLMs said into `snapshot`: lockspaces, waits, verdicts, and the findings that come of them.
pub(crate) fn join(snapshot: &mut Snapshot, nodes: &[Node], memory: &mut WaitMemory, rules: &Rules, now: ViewTime) {
    let lockspaces = lockspaces(nodes, &snapshot.file_systems, rules, now);
    let tasks: Vec<(usize, &TasksSample)> = nodes
        .iter()
        .enumerate()
        .filter_map(|(number, node)| {
            let (tasks, came) = node.tasks.as_ref()?;
            is_current(node, now.since_us(*came)).then_some((number, tasks))
        })
        .collect();
    let mut waits = waits::graph(&lockspaces, &tasks);
    for chain in &mut waits.chains {
        let view = chain.file_system.as_deref().and_then(|uuid| snapshot.file_system(uuid));
        let inode = chain.resource.as_ref().and_then(ResourceName::inode);
        let Some((view, inode)) = view.zip(inode) else { continue };
        chain.path = path_of(view, inode, &tasks);
        if chain.path.is_none() {
            (chain.path, chain.path_said) = path_by_handle(view, inode, &tasks, &snapshot.nodes);
        }
    }
    let told: Vec<usize> = nodes.iter().enumerate().filter(|(_, node)| is_told(node, now)).map(|(number, _)| number).collect();
    let stuck = memory.step(&mut waits, &told, now, rules);
    let names = snapshot.nodes.clone();
    for view in &mut snapshot.file_systems {
        let health: Vec<(usize, &Gfs2Health)> = view.gfs2.iter().map(|of_node| (of_node.node, &of_node.health)).collect();
        let lockspace = lockspaces.iter().find(|lockspace| lockspace.file_system.as_deref() == Some(&view.uuid));
        view.verdict = verdict::verdict(&VerdictInput {
            file_system: &view.uuid,
            lockspace,
            gfs2: &health,
            waits: &waits,
            stuck: &stuck,
            names: &names,
            rules,
            now,
        });
    }
    snapshot.unseen_processes = tasks.iter().filter_map(|(node, tasks)| Some((*node, tasks.unseen.clone()?))).collect();
    snapshot.tasks = tasks.into_iter().map(|(node, tasks)| (node, tasks.clone())).collect();
    snapshot.lockspaces = lockspaces;
    snapshot.stuck_chains = stuck;
    snapshot.ended_waits = memory.ended().cloned().collect();
    snapshot.waits = waits;
}

/// A path of an inode, as a process has it open. Inode numbers are a file system's own: the path must lie on it.
fn path_of(view: &FileSystemView, inode: u64, tasks: &[(usize, &TasksSample)]) -> Option<String> {
    let files = tasks.iter().flat_map(|(_, tasks)| &tasks.tasks).flat_map(|task| &task.files);
    let mut paths = files.filter(|file| file.inode == Some(inode)).filter_map(|file| file.path.as_ref());
    let lies_on = |path: &&String| {
        let below = |point: &String| path.strip_prefix(point.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        view.mount_points.iter().any(below)
    };
    paths.find(lies_on).cloned()
}

/// A path of an inode, as a node's kernel tells by its file handle, and who said so; or why there is none.
fn path_by_handle(
    view: &FileSystemView,
    inode: u64,
    tasks: &[(usize, &TasksSample)],
    names: &[String],
) -> (Option<String>, Option<String>) {
    let told = tasks.iter().flat_map(|(node, tasks)| tasks.paths.iter().map(|path| (*node, path)));
    let mut of_inode: Vec<_> = told.filter(|(_, path)| path.inode == inode && path.file_system == view.uuid).collect();
    // The newest path; else the first reason.
    of_inode.sort_by_key(|(node, path)| (path.told.is_err(), path.ago_ns, *node));
    let Some((node, path)) = of_inode.first() else { return (None, None) };
    let name = names.get(*node).map_or("?", String::as_str);
    match &path.told {
        Ok(found) => {
            let ago = waits::length(path.ago_ns, false);
            (Some(found.clone()), Some(format!("{name}: path by its file handle, {ago} ago")))
        }
        Err(why) => (None, Some(format!("{name}: no path by its file handle: {why}"))),
    }
}

fn is_told(node: &Node, now: ViewTime) -> bool {
    node.file_systems.keys().any(|uuid| node.state_of(uuid, now).counts())
}

/// What the waits and verdicts of `snapshot` say, as findings. Stuck OCFS2 locks are told by their rows.
pub(crate) fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (chain, stuck) in snapshot.waits.chains.iter().zip(&snapshot.stuck_chains) {
        let view = chain.file_system.as_deref().and_then(|uuid| snapshot.file_system(uuid));
        if stuck.is_none() || view.is_none_or(|view| view.kind == FileSystemKind::Ocfs2) {
            continue;
        }
        findings.push(Finding {
            severity: Severity::Critical,
            rule: "stuck-lock",
            uuid: chain.file_system.clone(),
            lock: None,
            nodes: nodes_of(chain.waiters.iter()),
            text: chain.sentence(&snapshot.nodes),
            evidence: chain.evidence(&snapshot.nodes, MOST_WAITERS),
            remedy: None,
        });
    }
    for cycle in &snapshot.waits.cycles {
        findings.push(Finding {
            severity: Severity::Critical,
            rule: "deadlock",
            uuid: cycle.edges.first().and_then(|edge| {
                let lockspace = snapshot.lockspaces.iter().find(|lockspace| lockspace.name == edge.waiter.lockspace)?;
                lockspace.file_system.clone()
            }),
            lock: None,
            nodes: nodes_of(cycle.edges.iter().map(|edge| &edge.waiter)),
            text: cycle.sentence(&snapshot.nodes),
            evidence: cycle.edges.iter().flat_map(|edge| [edge.waiter.said.clone(), edge.blocker.said.clone()]).collect(),
            remedy: Some("end one of these processes: none of them can go on by itself"),
        });
    }
    for view in &snapshot.file_systems {
        let Some(told) = &view.verdict else { continue };
        let (severity, rule, remedy) = match told.verdict {
            Verdict::Withdrawn => (
                Severity::Critical,
                "withdrawn",
                Some("unmount it there or restart the node, and check it with fsck.gfs2 before it is used again"),
            ),
            Verdict::Recovering => (
                Severity::Critical,
                "recovering",
                Some("if it lasts, see whether fencing of the dead node is pending: dlm_tool ls, stonith_admin --history '*'"),
            ),
            Verdict::Frozen => (Severity::Warning, "frozen", Some("thaw it when what froze it is done: fsfreeze -u MOUNT")),
            Verdict::Ok | Verdict::Slow | Verdict::Stuck { .. } => continue,
        };
        findings.push(Finding {
            severity,
            rule,
            uuid: Some(view.uuid.clone()),
            lock: None,
            nodes: told.nodes.clone(),
            text: told.sentence.clone(),
            evidence: told.evidence.clone(),
            remedy,
        });
    }
    findings
}

fn nodes_of<'w>(waiters: impl Iterator<Item = &'w waits::Waiter>) -> Vec<usize> {
    let nodes: BTreeSet<usize> = waiters.flat_map(waits::Waiter::all).filter_map(|waiter| waiter.actor.node).collect();
    nodes.into_iter().collect()
}
