//! What a monitor left on the node.

use crate::event;
use crate::processes;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What the monitor and its files are called.
const NAME: &str = "dlmtop";
/// Where it may have put files.
const FOLDERS: [&str; 5] = ["/tmp", "/var/tmp", "/run", "/dev/shm", "/root/.cache"];
/// How deep files are looked for.
const DEPTH: u32 = 4;
/// Where the kernel has other tracers' instances. The second is looked at only without the first: looking mounts it.
const TRACING: [&str; 2] = ["/sys/kernel/tracing/instances", "/sys/kernel/debug/tracing/instances"];
const DEBUG_OCFS2: &str = "/sys/kernel/debug/ocfs2";
/// `locking_filter` of a mount that nobody filters: all locks are printed.
const NO_FILTER: &str = "0";

/// Looks; whether there is something.
pub fn run() -> anyhow::Result<bool> {
    let own = std::process::id();
    let processes: Vec<_> = processes::all()?
        .into_iter()
        .filter(|process| process.pid != own && (process.comm.contains(NAME) || process.argv0.contains(NAME)))
        .map(|process| json!({ "pid": process.pid, "comm": process.comm, "argv0": process.argv0 }))
        .collect();
    let mut files = Vec::new();
    for folder in FOLDERS {
        find(Path::new(folder), DEPTH, &mut files);
    }
    let tracing = TRACING.iter().map(Path::new).find(|folder| folder.is_dir());
    let instances: Vec<PathBuf> = tracing.map(names).unwrap_or_default();
    let filters: Vec<_> = names(Path::new(DEBUG_OCFS2))
        .into_iter()
        .filter_map(|volume| {
            let path = volume.join("locking_filter");
            let value = std::fs::read_to_string(&path).ok()?.trim().to_owned();
            (value != NO_FILTER).then(|| json!({ "path": path, "value": value }))
        })
        .collect();
    let is_clean = processes.is_empty() && files.is_empty() && instances.is_empty() && filters.is_empty();
    let fields = json!({
        "clean": is_clean,
        "processes": processes,
        "files": files,
        "tracing_instances": instances,
        "locking_filters": filters,
    });
    event::emit("remnants", &fields)?;
    Ok(!is_clean)
}

/// What is in a folder; nothing if it is not there.
fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    names.sort();
    names
}

/// Files and folders of the name, not through symbolic links.
fn find(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) {
    for path in names(folder) {
        let has_name = path.file_name().is_some_and(|name| name.to_string_lossy().contains(NAME));
        if has_name {
            found.push(path);
        } else if depth > 1 && path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            find(&path, depth - 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_name_in_depth() {
        let root = std::env::temp_dir().join(format!("lab-guest-{}", std::process::id()));
        let deep = root.join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("x-dlmtop.sock"), "").unwrap();
        std::fs::write(deep.join("other"), "").unwrap();
        let mut found = Vec::new();
        find(&root, 3, &mut found);
        assert_eq!(found, [deep.join("x-dlmtop.sock")]);
        found.clear();
        find(&root, 2, &mut found);
        assert!(found.is_empty());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
