//! Where a lock's files are.

use crate::kernel::DLMFS;
use crate::place::Place;
use std::path::PathBuf;

/// Turns of this node's processes: a folder for each domain, in it a file for each lock.
const TURNS: &str = "/run/o2cb/lock";
/// The file of the domain itself. No lock has such a name: the kernel takes none that begins with '$'.
const DOMAIN: &str = "$domain";

/// The file of the process that leaves the domain when it is idle.
const LINGER: &str = "$linger";

/// The domain's folder, as people know it.
pub fn domain(domain: &str) -> String {
    format!("{DLMFS}/{domain}")
}

/// The lock's file, as people know it.
pub fn lock(domain: &str, name: &str) -> String {
    format!("{DLMFS}/{domain}/{name}")
}

/// Where processes of this node take turns at a lock.
pub fn lock_turn(place: &Place, domain: &str, name: &str) -> PathBuf {
    place.at(TURNS).join(domain).join(name)
}

/// Where processes of this node take turns at joining and leaving a domain.
pub fn domain_turn(place: &Place, domain: &str) -> PathBuf {
    place.at(TURNS).join(domain).join(DOMAIN)
}

/// Where it is settled which process of this node leaves the domain.
pub fn linger_turn(place: &Place, domain: &str) -> PathBuf {
    place.at(TURNS).join(domain).join(LINGER)
}
