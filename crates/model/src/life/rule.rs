//! Why a lock comes, stays and goes: one sentence for the lock's type, one for what the DLM does.

use super::Change;
use formats::dlm::ResourceName;
use formats::gfs2::GlockType;

/// The rule behind a change. `mastered`: the node whose lock it is masters the resource.
pub(super) fn of(name: &ResourceName, change: Change, mastered: bool) -> String {
    let of_type = name.glock().and_then(|glock| of_glock(glock.kind, change));
    let of_dlm = of_dlm(change, mastered);
    of_type.map_or_else(|| of_dlm.to_owned(), |of_type| format!("{of_type}; {of_dlm}"))
}

/// How long a glock of this type lives.
fn of_glock(kind: GlockType, change: Change) -> Option<&'static str> {
    let gone = matches!(change, Change::Released { .. });
    if matches!(change, Change::MasterMoved { .. }) {
        return None;
    }
    Some(match kind {
        GlockType::NONDISK => "a glock of the whole file system is there from mount to unmount",
        GlockType::INODE if gone => "an inode's glock is freed when memory gets short or the inode leaves memory, at the latest at unmount",
        GlockType::INODE => "an inode's glock is made at first use and outlives it: even a deleted file's stays for a while",
        GlockType::RGRP => "a resource group's glock stays for as long as it is mounted, once it was touched",
        GlockType::META => "the superblock's glock is there from mount to unmount",
        GlockType::IOPEN if gone => "an iopen glock goes at once when the file is deleted, else when the inode leaves memory",
        GlockType::IOPEN => "an iopen glock is held for as long as the inode is in the node's memory",
        GlockType::FLOCK => "a flock glock lives for as long as a process has or wants the flock",
        GlockType::QUOTA => "a quota id's glock is kept after use",
        GlockType::JOURNAL => "a journal's glock is there from mount to unmount",
        _ => return None,
    })
}

fn of_dlm(change: Change, mastered: bool) -> &'static str {
    match change {
        Change::Created { .. } if mastered => "the node that locks a resource first becomes its master",
        Change::Created { .. } => "the resource has a master already, which does not move to a node that comes later",
        Change::Raised { .. } => "the lock is converted on the resource that is there; the master stays",
        Change::Demoted { to, .. } if to <= formats::Mode::NL => "a lock that is given up stays in NL: the resource and its master remain",
        Change::Demoted { .. } => "the lock is converted to a weaker mode, which others can share; the master stays",
        Change::Kept { .. } => "a lock is kept after use until another node asks for it or its memory is wanted",
        Change::Released { resource_stays: true, .. } => {
            "a resource and its master stay until all locks on all nodes are gone, and for a while after"
        }
        Change::Released { .. } => "with its last lock, the resource goes, and its mastership with it",
        Change::MasterMoved { .. } => "a master changes only if its node left, or if all locks were gone and another node came first",
    }
}
