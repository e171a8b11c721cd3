//! Who holds and who waits on each node: the file system's own view first, the DLM's where there is none.

use super::attribution::{name_flocks, name_ocfs2_flocks};
use super::entry::{Entries, Entry, comm_of, node_actor, said_of};
use super::{Actor, BlockerKind, PidBy, Reason};
use crate::lockspace::{Local, LockView, LockspaceView, ResourceView};
use crate::row::NodeFigures;
use formats::Mode;
use formats::gfs2::GlockType;
use formats::ocfs2::lock_state::{Action, Flags, Wanted};
use formats::ocfs2::{LockName, LockType};
use sample::lockspace::Queue;
use sample::{GlockSample, TasksSample};
use std::collections::BTreeSet;

/// The holders and waiters of one resource. `alone`: no other lockspace of the node has a resource of this name, so that files
/// found by inode number are this one's.
pub(super) fn entries(
    view: &LockspaceView,
    resource: &ResourceView,
    tasks: &[(usize, &TasksSample)],
    alone: &dyn Fn(usize) -> bool,
) -> Entries {
    let mut all = Entries::default();
    let of_locks = resource.locks.iter().map(|lock| (lock.node, lock.number));
    let of_locals = resource.locals.iter().map(|(node, _)| (Some(*node), view.number_of(*node)));
    let owners: BTreeSet<(Option<usize>, Option<u32>)> = of_locks.chain(of_locals).collect();
    for (node, number) in owners {
        let locks: Vec<&LockView> = resource.locks.iter().filter(|lock| (lock.node, lock.number) == (node, number)).collect();
        let actor = node_actor(view, node, number);
        let tasks = node.and_then(|node| tasks.iter().find(|(of, _)| *of == node)).map(|(_, tasks)| *tasks);
        let device = node.and_then(|node| view.devices.iter().find(|(of, _)| *of == node)).map(|(_, device)| *device);
        let alone = node.is_some_and(alone);
        let mut here = Entries::default();
        match node.and_then(|node| resource.local(node)) {
            Some(Local::Glock(glock)) => {
                of_glock(&mut here, &actor, glock, &locks, tasks);
                all.directory = all.directory.or(glock.inode.map(|inode| inode.directory));
                if let (GlockType::FLOCK, Some(tasks)) = (glock.name.kind, tasks) {
                    name_flocks(&mut here, glock.name, tasks, device, alone);
                }
            }
            Some(Local::Lockres(figures)) => {
                of_lockres(&mut here, &actor, figures, resource.name.ocfs2(), &locks);
                if let (Some(name), Some(tasks)) = (resource.name.ocfs2().filter(|name| name.kind() == LockType::FLOCK), tasks) {
                    name_ocfs2_flocks(&mut here, name, tasks, device, alone);
                }
            }
            None => of_dlm(&mut here, &actor, &locks, tasks),
        }
        all.holders.append(&mut here.holders);
        all.waiters.append(&mut here.waiters);
    }
    all
}

/// What waits at the DLM for others: a convert to a weaker mode does not.
fn asks(lock: &LockView) -> bool {
    lock.waits() && (lock.queue != Queue::Converting || lock.requested.is_none_or(|wanted| wanted > lock.granted))
}

/// The strongest lock that a node has been granted.
fn strongest<'a>(locks: &[&'a LockView]) -> Option<&'a LockView> {
    locks.iter().copied().filter(|lock| lock.granted > Mode::NL).max_by_key(|lock| (lock.granted, lock.age_ns))
}

fn dlm_waiter(actor: &Actor, lock: &LockView, tasks: Option<&TasksSample>) -> Entry {
    let mut entry = Entry::new(actor.clone(), BlockerKind::Node, lock.requested, said_of(lock));
    if let Some(pid) = lock.pid.filter(|pid| *pid > 0) {
        entry.name(pid, PidBy::Dlm, tasks);
    }
    entry.age_ns = lock.age_ns;
    entry.lock_id = lock.id;
    entry.converts = lock.queue == Queue::Converting;
    entry.reason = (lock.queue == Queue::Lookup).then_some(Reason::LookingUp);
    entry
}

fn dlm_holder(actor: &Actor, lock: &LockView, kind: BlockerKind) -> Entry {
    let mut entry = Entry::new(actor.clone(), kind, Some(lock.granted), said_of(lock));
    // A converting lock's age is that of the request.
    entry.age_ns = lock.age_ns.filter(|_| lock.queue == Queue::Granted);
    entry.asked_ago_ns = lock.asked_ago_ns;
    entry
}

fn of_dlm(here: &mut Entries, actor: &Actor, locks: &[&LockView], tasks: Option<&TasksSample>) {
    for lock in locks.iter().filter(|lock| lock.granted > Mode::NL) {
        let mut entry = dlm_holder(actor, lock, BlockerKind::Node);
        if let Some(pid) = lock.pid.filter(|pid| *pid > 0) {
            entry.name(pid, PidBy::Dlm, tasks);
        }
        here.holders.push(entry);
    }
    here.waiters.extend(locks.iter().filter(|lock| asks(lock)).map(|lock| dlm_waiter(actor, lock, tasks)));
}

/// The DLM's mode of a glock state.
fn mode_of(state: &str) -> Option<Mode> {
    match state {
        "UN" => Some(Mode::NL),
        "SH" => Some(Mode::PR),
        "DF" => Some(Mode::CW),
        "EX" => Some(Mode::EX),
        _ => None,
    }
}

fn of_glock(here: &mut Entries, actor: &Actor, glock: &GlockSample, locks: &[&LockView], tasks: Option<&TasksSample>) {
    let line = format!("glock {}: state {}, flags {}", glock.name, glock.state, glock.flags);
    let asked_ago_ns = glock.demote.as_ref().filter(|demote| !demote.deferred).map(|demote| demote.for_ns);
    let asked_ago_ns = asked_ago_ns.or_else(|| strongest(locks).and_then(|lock| lock.asked_ago_ns));
    let giving_up = giving_up(glock);
    let nobody_asked = |holder: &sample::gfs2::HolderSample| glock.background && holder.pid.is_none();
    for holder in glock.holders.iter().filter(|holder| !nobody_asked(holder)) {
        let said = format!("{line}; holder {}, flags {}, {}", holder.state, holder.flags, holder.symbol);
        let mut entry = Entry::new(actor.clone(), BlockerKind::Unnamed, mode_of(&holder.state), said);
        if let Some(pid) = holder.pid {
            entry.name(pid, PidBy::Holder, None);
            let comm = Some(holder.comm.clone()).filter(|comm| !comm.is_empty());
            entry.actor.comm = comm.or_else(|| comm_of(tasks?, pid));
        }
        entry.symbol = Some(holder.symbol.clone()).filter(|symbol| !symbol.is_empty());
        (entry.age_ns, entry.at_least) = (Some(holder.seen_for_ns), true);
        if holder.waiting {
            entry.reason = glock.reason.map(Reason::from);
            here.waiters.push(entry);
        } else {
            entry.asked_ago_ns = asked_ago_ns;
            entry.reason = giving_up;
            here.holders.push(entry);
        }
    }
    let request = locks.iter().filter(|lock| asks(lock)).max_by_key(|lock| lock.age_ns);
    match (here.waiters.first_mut(), request) {
        // The request at the DLM is the first waiter's: its age is the kernel's, unless it was already seen for longer.
        (Some(first), Some(request)) => {
            if let Some(age) = request.age_ns.filter(|age| Some(*age) >= first.age_ns) {
                (first.age_ns, first.at_least) = (Some(age), false);
            }
            first.said = format!("{}; {}", first.said, said_of(request));
        }
        (None, Some(request)) => here.waiters.push(dlm_waiter(actor, request, tasks)),
        _ => {}
    }
    if glock.holders_omitted > 0 {
        let mut rest = Entry::new(actor.clone(), BlockerKind::Unnamed, None, format!("{line}; {} more waiters", glock.holders_omitted));
        rest.processes = glock.holders_omitted;
        rest.reason = glock.reason.map(Reason::from);
        // What they want is what the others want, for all that is known.
        rest.mode = here.waiters.last().and_then(|last| last.mode);
        here.waiters.push(rest);
    }
    let held = strongest(locks);
    let mode = mode_of(&glock.state).filter(|mode| *mode > Mode::NL).or(held.map(|lock| lock.granted));
    if let (true, Some(mode)) = (here.holders.is_empty(), mode) {
        let said = held.map_or_else(|| line.clone(), |lock| format!("{line}; {}", said_of(lock)));
        let mut entry = Entry::new(actor.clone(), BlockerKind::Cached, Some(mode), said);
        entry.age_ns = held.filter(|lock| lock.queue == Queue::Granted && lock.granted == mode).and_then(|lock| lock.age_ns);
        (entry.asked_ago_ns, entry.reason) = (asked_ago_ns, giving_up);
        here.holders.push(entry);
    }
}

/// What the node does to give a glock up, as far as its flags tell.
fn giving_up(glock: &GlockSample) -> Option<Reason> {
    glock.demote.as_ref().filter(|demote| !demote.deferred)?;
    let has = |letter| glock.flags.contains(letter);
    match (has('i'), has('f'), has('p') || has('l')) {
        (true, _, _) => Some(Reason::Invalidating),
        (false, true, true) => Some(Reason::LogFlush),
        _ => None,
    }
}

fn of_lockres(here: &mut Entries, actor: &Actor, figures: &NodeFigures, name: Option<LockName>, locks: &[&LockView]) {
    let state = &figures.state;
    let has = |flag| state.flags.has(flag);
    let flock = name.is_some_and(|name| name.kind() == LockType::FLOCK);
    let said = format!(
        "lockres: level {}, requested {}, blocking {}, action {}, flags {}, holders {} RO {} EX",
        state.level, state.requested, state.blocking, state.action, state.flags, state.ro_holders, state.ex_holders
    );
    let downconverts = has(Flags::BUSY) && state.action == Action::DOWNCONVERT;
    let has_holders = state.ro_holders > 0 || state.ex_holders > 0;
    let giving_up = match (state.blocks_others(), downconverts, has_holders) {
        (_, true, _) => Some(Reason::Downconverting),
        (true, false, false) => Some(Reason::DownconvertQueued),
        _ => None,
    };
    let held = strongest(locks);
    // Of several records that share a flock's name, the one that waits is told: what the others hold, only the DLM tells.
    let other_handle = flock && figures.figures.wait.is_some();
    let holds = if other_handle {
        held.filter(|lock| lock.queue == Queue::Granted).map(|lock| (BlockerKind::Unnamed, lock.granted))
    } else if state.ex_holders > 0 {
        Some((BlockerKind::Unnamed, Mode::EX))
    } else if state.ro_holders > 0 {
        Some((BlockerKind::Unnamed, Mode::PR))
    } else {
        // A flock's level is a process' own: `ocfs2_file_lock` counts no holders, and unlocking drops the level.
        let kind = if flock { BlockerKind::Unnamed } else { BlockerKind::Cached };
        (state.level > Mode::NL).then_some((kind, state.level))
    };
    if let Some((kind, mode)) = holds {
        let mut entry = Entry::new(actor.clone(), kind, Some(mode), held.map_or(said.clone(), |lock| format!("{said}; {}", said_of(lock))));
        let since_grant = held.filter(|lock| lock.queue == Queue::Granted && (kind == BlockerKind::Cached || flock));
        entry.age_ns = since_grant.and_then(|lock| lock.age_ns);
        entry.asked_ago_ns = held.and_then(|lock| lock.asked_ago_ns);
        entry.reason = giving_up;
        here.holders.push(entry);
    }
    let request = locks.iter().find(|lock| asks(lock));
    let Some(wait) = &figures.figures.wait else {
        here.waiters.extend(request.map(|lock| dlm_waiter(actor, lock, None)));
        return;
    };
    let mode = match wait.wanted {
        Wanted::Level(level) => Some(level),
        Wanted::PrOrEx => None,
    };
    let said = request.map_or(said.clone(), |lock| format!("{said}; {}", said_of(lock)));
    let mut entry = Entry::new(actor.clone(), BlockerKind::Unnamed, mode, said);
    (entry.age_ns, entry.at_least) = (Some(wait.for_ns), wait.at_least);
    if let (true, Some(age)) = (wait.at_least, request.and_then(|lock| lock.age_ns).filter(|age| *age >= wait.for_ns)) {
        (entry.age_ns, entry.at_least) = (Some(age), false);
    }
    entry.processes = u64::from(if flock { figures.figures.waiting_handles.max(1) } else { 1 });
    // The kernel records the first waiter only.
    entry.processes_at_least = !flock;
    entry.reason = Some(if downconverts {
        Reason::Downconverting
    } else if has(Flags::BLOCKED) && has_holders {
        Reason::LocalHolder
    } else if has(Flags::BLOCKED) && !has(Flags::BUSY) {
        Reason::DownconvertQueued
    } else if has(Flags::BUSY) {
        Reason::RemoteHolder
    } else if has(Flags::REFRESHING) {
        Reason::DiskRead
    } else {
        Reason::Unknown
    });
    here.waiters.push(entry);
}
