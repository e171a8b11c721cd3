//! What `o2cb lock` has made goes with its last user on this node. What others made, or what is to be kept, stays.

use super::paths;
use super::refusal::{NO_LOCK, Refusal, SYSTEM};
use super::turn::{Mark, Share, Turn};
use crate::FAILED;
use crate::errno::Deed;
use crate::place::Place;
use std::io;

/// Ends this process's part in a lock.
pub fn lock(place: &Place, domain: &str, name: &str, turn: &Turn) -> Result<(), Refusal> {
    let path = paths::lock(domain, name);
    end(&path, turn, || std::fs::remove_file(place.at(&path)))
}

/// Ends this process's part in a domain.
pub fn domain(place: &Place, domain: &str, turn: &Turn) -> Result<(), Refusal> {
    let path = paths::domain(domain);
    end(&path, turn, || std::fs::remove_dir(place.at(&path)))
}

fn end(path: &str, turn: &Turn, remove: impl FnOnce() -> io::Result<()>) -> Result<(), Refusal> {
    let failed = |error: io::Error| Refusal::of(SYSTEM, Deed::Remove, path, &error);
    if !turn.alone() {
        // The last one does it.
        return Ok(());
    }
    match turn.mark().map_err(failed)? {
        Mark::Kept => return Ok(()),
        Mark::Foreign => {}
        Mark::Made => match remove() {
            Err(error) if in_use(&error) => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        },
    }
    turn.remove().map_err(failed)
}

/// A program that is not ours has the lock open, or has made a lock in the domain.
fn in_use(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::DirectoryNotEmpty)
}

/// Makes this node forget a lock, with its value, and leave the domain if no other lock is in it; without a name, makes it leave
/// the domain.
pub fn forget(place: &Place, domain: &str, name: Option<&str>) -> Result<(), Refusal> {
    if let Some(name) = name {
        let path = paths::lock(domain, name);
        let turn = alone(&paths::lock_turn(place, domain, name), &path)?;
        forgotten(&path, &turn, std::fs::remove_file(place.at(&path)))?;
    }
    let path = paths::domain(domain);
    let turn = match alone(&paths::domain_turn(place, domain), &path) {
        Ok(turn) => turn,
        // Another lock of the domain is in use: it stays.
        Err(_) if name.is_some() => return Ok(()),
        Err(refusal) => return Err(refusal),
    };
    match std::fs::remove_dir(place.at(&path)) {
        Err(error) if name.is_some() && in_use(&error) => turn.leave().map_err(|error| Refusal::of(SYSTEM, Deed::Remove, &path, &error)),
        result => forgotten(&path, &turn, result),
    }
}

fn alone(turns: &std::path::Path, path: &str) -> Result<Turn, Refusal> {
    let turn = Turn::take(turns, Share::Exclusive).map_err(|error| Refusal::of(SYSTEM, Deed::Other, path, &error))?;
    turn.ok_or_else(|| Refusal::new(FAILED, format!("{path}: an `o2cb lock` of this node uses it")))
}

/// What is not there any more needs no turns; nor does what stays, if nothing is noted of it.
fn forgotten(path: &str, turn: &Turn, removed: io::Result<()>) -> Result<(), Refusal> {
    let refusal = |why: &str| Refusal::new(FAILED, format!("{path}: {why}"));
    let (result, cleared) = match removed {
        Ok(()) => (Ok(()), turn.remove()),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => (Err(refusal("this node does not know it")), turn.remove()),
            io::ErrorKind::ResourceBusy => (Err(refusal("a process of this node has it open")), turn.leave()),
            io::ErrorKind::DirectoryNotEmpty => (Err(refusal("there are locks in it: `o2cb lock --list`")), turn.leave()),
            _ => (Err(Refusal::of(NO_LOCK, Deed::Remove, path, &error)), turn.leave()),
        },
    };
    result.and(cleared.map_err(|error| Refusal::of(SYSTEM, Deed::Remove, path, &error)))
}
