//! Which process has a flock, and which wait for it: the kernel's lock records name none.
//!
//! `/proc/locks` names who has it. `glockfd` names the files on which a request is under way or granted: take those that have it
//! away, and what is left waits. Before `glockfd`, and in OCFS2, it is a process that has the file open, no flock on it, and is in
//! the kernel's flock function, if the kernel tells stacks. Where the numbers do not fit (two readings at two moments), nobody is named.

use super::entry::{Entries, Entry};
use super::{Actor, PidBy};
use formats::Mode;
use formats::gfs2::GlockName;
use formats::ocfs2::LockName;
use sample::TasksSample;
use sample::task::TaskSample;

/// Processes that have a flock on this inode: pid and mode.
fn flocks(tasks: &TasksSample, inode: u64, device: Option<(u32, u32)>, alone: bool) -> Vec<(u32, Mode)> {
    let ours = |of: (u32, u32)| device.map_or(alone, |device| device == of);
    let locks = tasks.file_locks.iter().filter(|lock| lock.kind == "FLOCK" && !lock.blocked && lock.inode == inode && ours(lock.device));
    let mut pids: Vec<(u32, Mode)> =
        locks.filter_map(|lock| Some((lock.pid.filter(|pid| *pid > 0)?, if lock.write { Mode::EX } else { Mode::PR }))).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// Names waiters that are nameless still by open files and stacks. The paths of two waiters that want the same are not told
/// apart, and need not be.
fn name_by_stack(here: &mut Entries, inode: u64, held: &[(u32, Mode)], tasks: &TasksSample) {
    let in_flock = |function: &String| function.contains("flock") || function.starts_with("ocfs2_file_lock");
    let has = |task: &&TaskSample| task.files.iter().any(|file| file.inode == Some(inode));
    let without = |task: &&TaskSample| has(task) && !held.iter().any(|(of, _)| *of == task.pid);
    let mut candidates: Vec<u32> =
        tasks.tasks.iter().filter(without).filter(|task| task.stack.iter().any(in_flock)).map(|task| task.pid).collect();
    // A kernel may tell no stacks. Who waits has the file open: if no more have, it is they.
    let no_stacks = candidates.is_empty() && tasks.tasks.iter().all(|task| task.stack.len() < 2);
    if no_stacks {
        candidates = tasks.tasks.iter().filter(without).map(|task| task.pid).collect();
    }
    candidates.sort_unstable();
    let named = here.waiters.iter().any(|entry| entry.actor.pid.is_some());
    if !named && candidates.len() == here.waiters.len() && alike(&here.waiters) {
        for (entry, pid) in here.waiters.iter_mut().zip(candidates) {
            entry.name(pid, if no_stacks { PidBy::OnlyOpener } else { PidBy::OpenFiles }, Some(tasks));
        }
    }
}

/// Who of several wants which mode is not told: they are named only if all want the same, and each stands for one.
fn alike(waiters: &[Entry]) -> bool {
    waiters.windows(2).all(|pair| matches!(pair, [a, b] if a.mode == b.mode)) && waiters.iter().all(|entry| entry.processes == 1)
}

/// Names the holders and waiters of a GFS2 flock on one node.
pub(super) fn name_flocks(here: &mut Entries, name: GlockName, tasks: &TasksSample, device: Option<(u32, u32)>, alone: bool) {
    let held = flocks(tasks, name.number, device, alone);
    // One entry for each open file.
    let mut open: Vec<u32> = tasks.open_glocks.iter().filter(|(_, _, glock)| alone && *glock == name).map(|(pid, _, _)| *pid).collect();
    open.sort_unstable();
    let mut holders: Vec<&mut Entry> = here.holders.iter_mut().filter(|entry| entry.kind == super::BlockerKind::Unnamed).collect();
    let mut named: Vec<u32> = Vec::new();
    if held.len() <= holders.len() {
        for (pid, mode) in &held {
            let Some(at) = holders.iter().position(|entry| entry.mode == Some(*mode)) else { continue };
            holders.remove(at).name(*pid, PidBy::FileLocks, Some(tasks));
            named.push(*pid);
        }
    }
    // Each file of a process that has the flock: the one it has it by is not the one that waits.
    let mut rest = open.clone();
    for pid in &named {
        if let Some(at) = rest.iter().position(|of| of == pid) {
            rest.remove(at);
        }
    }
    let alike = alike(&here.waiters);
    let mut waiters: Vec<&mut Entry> = here.waiters.iter_mut().filter(|entry| entry.actor.pid.is_none()).collect();
    match (holders.as_mut_slice(), waiters.as_slice(), rest.as_slice()) {
        // glockfd tells only files with a flock on them: with one holder and no waiter they are one open file.
        ([holder], [], [pid, others @ ..]) => {
            holder.name(*pid, PidBy::OpenGlocks, Some(tasks));
            if !others.is_empty() {
                let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                holder.said.push_str(&format!("; its open file is shared with pid {}", others.join(", ")));
            }
        }
        ([], [_, ..], _) if rest.len() == waiters.len() && alike => {
            for (entry, pid) in waiters.iter_mut().zip(rest) {
                entry.name(pid, PidBy::OpenGlocks, Some(tasks));
            }
        }
        _ => {}
    }
    if alone {
        name_by_stack(here, name.number, &held, tasks);
    }
}

/// Names the holders and the waiter of an OCFS2 flock on one node: `/proc/locks` tells holders one by one.
pub(super) fn name_ocfs2_flocks(here: &mut Entries, name: LockName, tasks: &TasksSample, device: Option<(u32, u32)>, alone: bool) {
    let Some(inode) = name.inode() else { return };
    let held = flocks(tasks, inode, device, alone);
    if alone {
        name_by_stack(here, inode, &held, tasks);
    }
    let Some(first) = held.first() else { return };
    let template = match here.holders.first() {
        Some(entry) => entry.clone(),
        None => match here.waiters.first() {
            // Only a waiter's record was told: the holder's is another that shares the name.
            Some(waiter) => Entry::new(
                Actor { pid: None, pid_by: PidBy::None, comm: None, ..waiter.actor.clone() },
                super::BlockerKind::Unnamed,
                Some(first.1),
                "/proc/locks".to_owned(),
            ),
            None => return,
        },
    };
    if template.kind == super::BlockerKind::Cached {
        return;
    }
    here.holders = held
        .iter()
        .map(|(pid, mode)| {
            let mut entry = Entry { mode: Some(*mode), ..template.clone() };
            entry.name(*pid, PidBy::FileLocks, Some(tasks));
            // One age for several holders is that of none in particular.
            entry.age_ns = entry.age_ns.filter(|_| held.len() == 1);
            entry
        })
        .collect();
}
