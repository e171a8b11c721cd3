//! Which files a frame has.

use std::path::Path;

const DEBUG: &str = "/sys/kernel/debug";
const DLM_CONFIG: &str = "/sys/kernel/config/dlm/cluster";
/// How deep a tree may be.
const DEPTH: u32 = 8;
/// Not opened wherever they are: they wait for somebody, are commands, or act when they are touched.
const NEVER: [&str; 6] = ["addr", "event_done", "control", "rawmsg", "withdraw", "locking_filter"];

/// What to read for a frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Path on the node.
    pub path: String,
    /// A second reading with random read sizes, kept as `PATH.rnd`.
    pub is_random: bool,
}

/// Collects what is there.
struct List {
    wanted: Vec<Wanted>,
}

/// Names in a folder, sorted; nothing if it is not there.
fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

impl List {
    fn file(&mut self, path: impl Into<String>) {
        self.wanted.push(Wanted { path: path.into(), is_random: false });
    }

    /// These files of every folder in `parent`.
    fn in_each(&mut self, parent: &str, files: &[&str]) {
        for folder in names(parent).iter().map(|name| format!("{parent}/{name}")).filter(|folder| Path::new(folder).is_dir()) {
            for path in files.iter().map(|file| format!("{folder}/{file}")).filter(|path| Path::new(path).exists()) {
                self.file(path);
            }
        }
    }

    /// All files of a tree that anybody may read. What only takes commands has no read permission.
    fn tree(&mut self, folder: &str, depth: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        for name in names(folder) {
            let path = format!("{folder}/{name}");
            let Ok(metadata) = Path::new(&path).symlink_metadata() else { continue };
            if metadata.is_dir() && depth > 0 {
                self.tree(&path, depth - 1);
            } else if metadata.is_file() && metadata.permissions().mode() & 0o444 != 0 && !NEVER.contains(&name.as_str()) {
                self.file(path);
            }
        }
    }
}

/// What every frame has; the first also what does not change.
pub fn of_frame(is_first: bool, with_o2dlm_locking_state: bool) -> Vec<Wanted> {
    let mut list = List { wanted: Vec::new() };
    for volume in names(&format!("{DEBUG}/ocfs2")) {
        let folder = format!("{DEBUG}/ocfs2/{volume}");
        list.file(format!("{folder}/locking_state"));
        list.wanted.push(Wanted { path: format!("{folder}/locking_state"), is_random: true });
        list.file(format!("{folder}/fs_state"));
    }
    let o2dlm: &[&str] = &["dlm_state", "locking_state", "mle_state", "purge_list"];
    let o2dlm: Vec<&str> = o2dlm.iter().copied().filter(|&file| with_o2dlm_locking_state || file != "locking_state").collect();
    list.in_each(&format!("{DEBUG}/o2dlm"), &o2dlm);
    list.tree(&format!("{DEBUG}/o2hb"), 1);
    list.tree(&format!("{DEBUG}/o2net"), 0);
    list.in_each(&format!("{DEBUG}/gfs2"), &["glocks", "glstats", "sbstats", "glockfd"]);
    list.tree(&format!("{DEBUG}/dlm"), 2);
    list.in_each(&format!("{DLM_CONFIG}/comms"), &["nodeid", "addr_list", "local"]);
    list.in_each("/sys/kernel/dlm", &["id", "nodir", "recover_status", "recover_nodeid"]);
    for mount in names("/sys/fs/gfs2") {
        for file in ["recover_done", "recover_status", "block"] {
            list.file(format!("/sys/fs/gfs2/{mount}/lock_module/{file}"));
        }
    }
    for file in ["mounts", "self/mountinfo", "locks", "uptime"] {
        list.file(format!("/proc/{file}"));
    }
    if is_first {
        list.tree("/sys/kernel/config/cluster", DEPTH);
        list.tree(DLM_CONFIG, DEPTH);
        list.tree("/sys/fs/ocfs2", DEPTH);
        list.tree("/sys/fs/o2cb", DEPTH);
        list.tree("/sys/fs/gfs2", DEPTH);
        for file in ["/etc/ocfs2/cluster.conf", "/etc/default/o2cb", "/etc/dlm/dlm.conf", "/etc/corosync/corosync.conf"] {
            list.file(file);
        }
        for file in ["version", "cmdline", "sys/kernel/hostname"] {
            list.file(format!("/proc/{file}"));
        }
    }
    // A file of both lists is read once.
    let mut seen = std::collections::BTreeSet::new();
    list.wanted.retain(|wanted| seen.insert((wanted.path.clone(), wanted.is_random)));
    list.wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn trees_without_what_must_not_be_opened() {
        let root = std::env::temp_dir().join(format!("lab-guest-tree-{}", std::process::id()));
        let folder = root.join("comms/1");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, mode) in [("addr", 0o200), ("addr_list", 0o444), ("mark", 0o644), ("order", 0o200), ("withdraw", 0o644)] {
            std::fs::write(folder.join(name), "").unwrap();
            std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut list = List { wanted: Vec::new() };
        list.tree(root.to_str().unwrap(), 2);
        let paths: Vec<_> = list.wanted.iter().map(|wanted| wanted.path.rsplit('/').next().unwrap()).collect();
        assert_eq!(paths, ["addr_list", "mark"]);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
