//! What this node knows of the domains and locks of dlmfs: who is in them, who holds and who waits.
//!
//! dlmfs itself tells names only. Modes, nodes and masters are the DLM's, from debugfs; `locking_state` is read once, as each pass
//! makes a kernel of 6.1 log a line. The master of a lock knows all of its locks, another node its own only.

mod json;
#[cfg(test)]
mod tests;
mod text;

use super::{paths, ready};
use crate::found::{self, Seen, dlmfs_holders};
use crate::kernel::{DEBUGFS, DLMFS, Look};
use formats::mode::Mode;
use formats::o2dlm::{DlmState, Lock, Queue, Reader, Resource};
use std::collections::BTreeMap;
use std::io::{self, Write as _};

/// The domains, and who is who.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listing {
    /// Names of the cluster's nodes, by number.
    nodes: BTreeMap<u32, String>,
    domains: Vec<ListedDomain>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ListedDomain {
    name: String,
    state: Seen<DlmState>,
    locks: Vec<ListedLock>,
    /// Why the DLM's view is missing, or what of it was not understood.
    problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ListedLock {
    name: String,
    /// Whether it has a file here.
    file: bool,
    /// The node that decides about it; `None`: not known.
    master: Option<u32>,
    /// Whether this node is the master, and so knows all of its locks.
    complete: bool,
    holders: Vec<ListedHolder>,
    /// Pid and name of this node's processes that have its file open; `None` if that cannot be seen.
    processes: Option<Vec<(u32, String)>>,
}

/// A node's entry on a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ListedHolder {
    node: u32,
    granted: Mode,
    /// What it waits for.
    requested: Option<Mode>,
    queue: Queue,
}

/// Prints the list, of one domain or of all. Fails if dlmfs cannot be looked at, or this node is not in the domain.
pub fn run(look: &dyn Look, domain: Option<&str>, as_json: bool) -> anyhow::Result<u8> {
    let listing = match listing(look, domain) {
        Ok(listing) => listing,
        Err(why) => {
            crate::say(&format!("o2cb: {why}"));
            return Ok(crate::FAILED);
        }
    };
    let text = if as_json { format!("{:#}\n", json::document(&listing)) } else { text::table(&listing) };
    io::stdout().lock().write_all(text.as_bytes())?;
    for domain in &listing.domains {
        if let Some(problem) = &domain.problem {
            crate::say(&format!("o2cb: {}: {problem}", domain.name));
        }
    }
    Ok(0)
}

fn listing(look: &dyn Look, only: Option<&str>) -> Result<Listing, String> {
    if let Some(why) = ready::not_mounted(look) {
        return Err(why);
    }
    let folders = match found::user_domains(look) {
        Seen::Is(folders) => folders,
        Seen::Absent => return Err(format!("{DLMFS} is not there: `o2cb load`")),
        Seen::NeedsRoot => return Err(format!("{DLMFS}: this needs root")),
        Seen::Odd(why) => return Err(format!("{DLMFS}: {why}")),
    };
    if let Some(only) = only.filter(|only| !folders.iter().any(|(name, _)| name == only)) {
        return Err(format!("{DLMFS}/{only}: this node is not in such a domain; another one may be"));
    }
    let processes = processes(look);
    let wanted = folders.into_iter().filter(|(name, _)| only.is_none_or(|only| only == name));
    let domains = wanted.map(|(name, files)| listed_domain(look, name, &files, processes.as_ref())).collect();
    let clusters = found::clusters(look);
    let nodes = clusters.is().into_iter().flatten().flat_map(|cluster| &cluster.nodes);
    let nodes = nodes.filter_map(|node| Some((u32::from(*node.number.is()?), node.name.clone()))).collect();
    Ok(Listing { nodes, domains })
}

/// Who has which file of dlmfs open: path to pids and names.
fn processes(look: &dyn Look) -> Option<Processes> {
    let mut by_path = Processes::new();
    for holder in dlmfs_holders(look).ok()? {
        for path in holder.holds {
            by_path.entry(path).or_default().push((holder.pid, holder.name.clone()));
        }
    }
    Some(by_path)
}

/// Paths of dlmfs, and who has them open.
type Processes = BTreeMap<String, Vec<(u32, String)>>;

fn listed_domain(look: &dyn Look, name: String, files: &[String], processes: Option<&Processes>) -> ListedDomain {
    let folder = format!("{DEBUGFS}/o2dlm/{name}");
    let state = Seen::of(look.read(&format!("{folder}/dlm_state"))).map(|text| DlmState::parse(&text));
    let own = state.is().and_then(|state| state.node);
    let (resources, problem) = match look.read(&format!("{folder}/locking_state")) {
        Ok(text) => resources(&text),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            (Vec::new(), Some("who holds its locks is told to root only".to_owned()))
        }
        Err(error) => (Vec::new(), Some(format!("who holds its locks is not known: {folder}/locking_state: {error}"))),
    };
    let blank = |lock: &str, file: bool| ListedLock {
        name: lock.to_owned(),
        file,
        master: None,
        complete: false,
        holders: Vec::new(),
        processes: processes.map(|by_path| by_path.get(&paths::lock(&name, lock)).cloned().unwrap_or_default()),
    };
    let mut locks: BTreeMap<String, ListedLock> = files.iter().map(|file| (file.clone(), blank(file, true))).collect();
    for resource in resources {
        let told = String::from_utf8_lossy(resource.name.bytes()).into_owned();
        let name = files.iter().find(|file| printed(file.as_bytes()) == resource.name.bytes()).unwrap_or(&told);
        let lock = locks.entry(name.clone()).or_insert_with(|| blank(name, false));
        lock.master = resource.owner;
        lock.complete = resource.owner.is_some() && resource.owner == own && !resource.cut;
        lock.holders = resource.locks.iter().map(ListedHolder::of).collect();
    }
    ListedDomain { name, state, locks: locks.into_values().collect(), problem }
}

impl ListedHolder {
    fn of(lock: &Lock) -> ListedHolder {
        ListedHolder { node: lock.node, granted: lock.granted, requested: lock.requested, queue: lock.queue }
    }
}

/// A lock's name as the kernel prints it: one that begins with `N` is taken for a dentry lock of OCFS2, and what would be the number
/// of its inode is printed in hexadecimal (`stringify_lockname`, `fs/ocfs2/dlm/dlmdebug.c`).
fn printed(name: &[u8]) -> Vec<u8> {
    /// Where the inode's number begins: `OCFS2_DENTRY_LOCK_INO_START`; what is printed of it are its last four bytes.
    const INODE: usize = 18;
    if name.first() != Some(&b'N') {
        return name.to_vec();
    }
    let byte = |at: usize| name.get(at).copied().unwrap_or(0);
    let mut printed = name.get(..INODE - 1).unwrap_or(name).to_vec();
    printed.extend((INODE + 4..INODE + 8).flat_map(|at| format!("{:02x}", byte(at)).into_bytes()));
    printed
}

fn resources(text: &[u8]) -> (Vec<Resource>, Option<String>) {
    let mut reader = Reader::default();
    let lines = text.strip_suffix(b"\n").unwrap_or(text).split(|&byte| byte == b'\n');
    let mut resources: Vec<Resource> = lines.filter_map(|line| reader.push_line(line)).collect();
    resources.extend(reader.end());
    let not_understood = reader.problems.lines;
    (resources, (not_understood > 0).then(|| format!("{not_understood} lines of locking_state were not understood")))
}
