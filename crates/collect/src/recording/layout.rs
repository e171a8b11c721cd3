//! Which node and frame a recorded file belongs to.

use super::foreign;
use std::borrow::Cow;

/// Where a path inside a recording points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'p> {
    /// Frame number; 0 in a recording of one moment.
    pub frame: u64,
    /// Node; empty in a recording of one node.
    pub node: &'p str,
    /// The file on the node; `/meta` tells about the frame.
    pub file: Cow<'p, str>,
}

/// The folders that a node's tree starts with, and the frame's own file.
const TOPS: [&str; 4] = ["/sys/", "/proc/", "/etc/", "/meta"];

/// Reads a path such as `ocfs2-hot/frames/0042/node1/sys/kernel/…`. `None` for files beside the nodes' trees.
pub fn place(path: &str) -> Option<Place<'_>> {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    if let Some(at) = path.find("frames/").filter(|&at| at == 0 || path.as_bytes().get(at - 1) == Some(&b'/')) {
        let mut parts = path.get(at + "frames/".len()..)?.splitn(3, '/');
        let frame = parts.next()?.parse().ok()?;
        let node = parts.next()?;
        let file_start = path.len() - parts.next()?.len() - 1;
        let file = path.get(file_start..)?;
        return TOPS.iter().any(|top| file.starts_with(top)).then_some(Place { frame, node, file: Cow::Borrowed(file) });
    }
    if let Some(place) = foreign::lockcapture(path) {
        return Some(place);
    }
    // The node is the folder before the first one that a tree starts with.
    let start = TOPS.iter().filter_map(|top| if path.starts_with(top.trim_start_matches('/')) { Some(0) } else { path.find(top) }).min()?;
    let (node, file) = if start == 0 && !path.starts_with('/') && TOPS.iter().any(|top| path.starts_with(top.trim_start_matches('/'))) {
        ("", path)
    } else {
        (path.get(..start)?.rsplit('/').next()?, path.get(start..)?)
    };
    Some(Place { frame: 0, node: foreign::host(node), file: Cow::Borrowed(file) })
}

/// Whether the collector ever asks for this file.
pub fn is_needed(file: &str) -> bool {
    let file = file.trim_start_matches('/');
    let (top, name) = file.rsplit_once('/').unwrap_or(("", file));
    if matches!(file, "meta" | "hostinformation.txt" | "proc/mounts" | "proc/self/mountinfo" | "proc/locks")
        || CONFIGURATION.contains(&file)
    {
        return true;
    }
    if let Some(rest) = top.strip_prefix("sys/kernel/debug/") {
        return match rest.split_once('/').unwrap_or((rest, "")) {
            ("ocfs2", _) => matches!(name, "locking_state" | "locking_state.rnd" | "fs_state"),
            ("gfs2", _) => matches!(name, "glocks" | "glstats" | "sbstats" | "glockfd"),
            ("dlm", "") => true,
            ("o2dlm", _) => matches!(name, "dlm_state" | "locking_state"),
            ("o2net", _) => name == "send_tracking",
            _ => false,
        };
    }
    if top.starts_with("proc/") {
        return matches!(name, "comm" | "stack" | "status" | "wchan") || top.ends_with("/fdinfo");
    }
    ["sys/fs/gfs2/", "sys/kernel/dlm/", "sys/kernel/config/dlm/cluster/comms/", "sys/kernel/config/dlm/cluster/spaces/"]
        .iter()
        .any(|prefix| file.starts_with(prefix))
        || (file.starts_with("sys/kernel/config/cluster/") && matches!(name, "num" | "ipv4_address" | "local"))
}

/// Files that name the nodes.
const CONFIGURATION: [&str; 2] = ["etc/ocfs2/cluster.conf", "etc/corosync/corosync.conf"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_layouts() {
        let of = |path: &str| place(path).map(|place| format!("{} {} {}", place.frame, place.node, place.file.trim_start_matches('/')));
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(of("ocfs2-hot/frames/0042/node1/sys/kernel/x"), is("42 node1 sys/kernel/x"));
        assert_eq!(of("./frames/7/n/meta"), is("7 n meta"));
        assert_eq!(of("ocfs2-61-load/node2/sys/kernel/x"), is("0 node2 sys/kernel/x"));
        assert_eq!(of("node2/proc/mounts"), is("0 node2 proc/mounts"));
        assert_eq!(of("sys/kernel/x"), is("0  sys/kernel/x"));
        assert_eq!(of("events.txt"), None);
        assert_eq!(of("frames/x/n/sys/k"), None);
        assert_eq!(of("frames/1/n"), None);
    }
}
