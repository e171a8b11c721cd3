//! Captures that others make, for support: where their files belong on the node.
//!
//! **`gfs2_lockcapture`** (gfs2-utils 3.5.0, `gfs2/scripts/gfs2_lockcapture`: `gatherDLMLockDumps`, `gatherGFS2LockDumps`,
//! `gatherDiagnosticData`, `gatherPidData`, `archiveData`) makes one `gfs2_lockcapture-DATE-HOST.tar.bz2` on each node:
//!
//! ```text
//! gfs2_lockcapture-2026-11-27/run1/node1/hostinformation.txt
//!                                        gfs2/labgfs:gfs1/glocks      as in /sys/kernel/debug/gfs2
//!                                        dlm/gfs1/gfs1_locks          as in /sys/kernel/debug/dlm, by lockspace
//!                                        dlm/gfs1/gfs1_lockdebug      what dlm_tool prints: not the kernel's
//!                                        proc/mounts, proc/PID/stack  as there
//!                                        sys/kernel/config/dlm/…      as there
//! ```
//!
//! Each run is a frame. The nodes' runs are put together by their numbers: the command is to be started on all at once.
//!
//! **sos** (`sos/archive.py`, `sos/report/plugins/__init__.py`: `add_copy_spec`) copies files to where they are on the node, below
//! `sosreport-HOST-DATE-RANDOM`. Its plugin `gfs2` takes `/sys/kernel/debug/gfs2/*` if asked for lock dumps (some versions never
//! do: they ask for an option of another name than they declare), `dlm` only what `dlm_tool` prints. There is no plugin for
//! OCFS2, so those files are there only if somebody added them.

use super::files::{Content, Frames, RecordedFiles};
use super::layout::{Place, is_needed};
use super::meta::Meta;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What tells that a folder is one node in one run of `gfs2_lockcapture`.
pub const HOST_INFORMATION: &str = "hostinformation.txt";
/// Folders between the one that is named and a node's in a run.
const DEEPEST: usize = 3;
/// Folders of a node's processes, and such, are not searched deeper.
const DEEPEST_FILE: usize = 8;

/// Reads a path of a `gfs2_lockcapture`: `…/run1/NODE/gfs2/…`. `None` if it is none.
pub fn lockcapture(path: &str) -> Option<Place<'_>> {
    let mut start = 0;
    for part in path.split('/') {
        let after = start + part.len() + 1;
        if let Some(frame) = part.strip_prefix("run").and_then(|number| number.parse().ok())
            && let Some((node, rest)) = path.get(after..).and_then(|rest| rest.split_once('/'))
            && let Some(file) = node_path(rest)
        {
            return Some(Place { frame, node, file });
        }
        start = after;
    }
    None
}

/// Where a file of a run lies on the node.
fn node_path(file: &str) -> Option<Cow<'_, str>> {
    if file == HOST_INFORMATION {
        return Some(Cow::Borrowed(file));
    }
    let (top, rest) = file.split_once('/')?;
    match top {
        "gfs2" => Some(Cow::Owned(format!("/sys/kernel/debug/gfs2/{rest}"))),
        // `dlm_tool lockdebug` is not what the kernel prints.
        "dlm" => {
            let (lockspace, name) = rest.split_once('/')?;
            let is_kernels = name.strip_suffix("_lockdebug") != Some(lockspace);
            is_kernels.then(|| Cow::Owned(format!("/sys/kernel/debug/dlm/{name}")))
        }
        "proc" | "sys" => Some(Cow::Borrowed(file)),
        _ => None,
    }
}

/// A node's name out of its folder's: of `sosreport-HOST-2026-11-27-abcdefg` the host, with the label and case number that sos
/// may put behind it; any other name as it is.
pub fn host(folder: &str) -> &str {
    let Some(rest) = folder.strip_prefix("sosreport-") else { return folder };
    let bytes = rest.as_bytes();
    let dashed =
        |date: &[u8]| date.iter().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() });
    // sos 3 and 4: `-2026-11-27-`; before, `-20261127035329`.
    let is_date = |at: usize| {
        bytes.get(at) == Some(&b'-')
            && (bytes.get(at + 1..at + 11).is_some_and(dashed)
                || bytes.get(at + 1..at + 15).is_some_and(|date| date.iter().all(u8::is_ascii_digit)))
    };
    match (1..bytes.len()).find(|&at| is_date(at)).and_then(|at| rest.get(..at)) {
        Some(host) => host,
        None => rest,
    }
}

/// The frames of a folder with one or several captures of `gfs2_lockcapture` in it: the capture's own folder, a run's, a node's,
/// or one that captures of several nodes were unpacked to. Empty if there is none.
pub fn lockcaptures(root: &Path) -> io::Result<Frames> {
    let mut nodes = Vec::new();
    nodes_below(&root.canonicalize()?, DEEPEST, &mut nodes)?;
    let mut frames = Frames::new();
    for folder in nodes {
        let mut files = Vec::new();
        files_below(&folder, DEEPEST_FILE, &mut files)?;
        for file in files {
            let Some(name) = file.to_str() else { continue };
            // The run's folder is the last but one above the node's own files.
            let base = folder.ancestors().nth(2).and_then(Path::to_str).unwrap_or_default();
            let Some(place) = name.strip_prefix(base).and_then(|path| lockcapture(path.trim_start_matches('/'))) else { continue };
            if is_needed(&place.file) {
                let path = format!("/{}", place.file.trim_start_matches('/'));
                let of_node = frames.entry(place.frame).or_default().entry(place.node.to_owned());
                of_node.or_insert_with(|| RecordedFiles::memory(BTreeMap::new())).insert(path, Content::File(file.clone()));
            }
        }
    }
    Ok(frames)
}

fn nodes_below(folder: &Path, deep: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if folder.join(HOST_INFORMATION).is_file() {
        found.push(folder.to_owned());
    } else if deep > 0 {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                nodes_below(&entry.path(), deep - 1, found)?;
            }
        }
    }
    Ok(())
}

fn files_below(folder: &Path, deep: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() {
            found.push(entry.path());
        } else if kind.is_dir() && deep > 0 {
            files_below(&entry.path(), deep - 1, found)?;
        }
    }
    Ok(())
}

/// When a run of `gfs2_lockcapture` began, by its `hostinformation.txt`.
///
/// ```text
/// HOSTNAME=node1
/// TIMESTAMP=2026-11-27 03:53:29
/// ```
///
/// That is the node's local time, and its zone is not told: it is taken for UTC. Only differences between runs are sure. The same
/// number stands for the node's clock since boot, which is not told to the second.
pub fn host_information(text: &str) -> Meta {
    let started = text.lines().find_map(|line| line.strip_prefix("TIMESTAMP=")).and_then(seconds);
    let us = started.map(|seconds| seconds * 1_000_000);
    Meta { realtime_us: us, uptime_ns: us.map(|us| us * 1000), due_us: us, ..Meta::default() }
}

/// Seconds since the epoch of `2026-11-27 03:53:29`.
fn seconds(text: &str) -> Option<u64> {
    let mut numbers = text.trim().split(['-', ' ', ':']).map(|number| number.parse::<u64>().ok());
    let mut next = |least: u64, most: u64| numbers.next().flatten().filter(|number| (least..=most).contains(number));
    let (year, month, day) = (next(1970, 9999)?, next(1, 12)?, next(1, 31)?);
    let (hour, minute, second) = (next(0, 23)?, next(0, 59)?, next(0, 60)?);
    // Years that begin in March have their leap day last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some(days.checked_sub(719_468)? * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_lockcapture() {
        let of = |path: &str| lockcapture(path).map(|place| format!("{} {} {}", place.frame, place.node, place.file));
        let top = "gfs2_lockcapture-2026-11-27/run2/node1.lab";
        let is = |file: &str| Some(format!("2 node1.lab {file}"));
        assert_eq!(of(&format!("{top}/gfs2/labgfs:gfs1/glocks")), is("/sys/kernel/debug/gfs2/labgfs:gfs1/glocks"));
        assert_eq!(of(&format!("{top}/dlm/gfs1/gfs1_locks")), is("/sys/kernel/debug/dlm/gfs1_locks"));
        assert_eq!(of(&format!("{top}/dlm/gfs1/gfs1")), is("/sys/kernel/debug/dlm/gfs1"));
        assert_eq!(of(&format!("{top}/proc/mounts")), is("proc/mounts"));
        for other in ["dlm/gfs1/gfs1_lockdebug", "logs/messages", "gfs2_lockcapture.log", "dlm/x"] {
            assert_eq!(of(&format!("{top}/{other}")), None, "{other}");
        }
        assert_eq!(of("run1/node1"), None);
    }

    #[test]
    fn hosts_of_sosreports() {
        assert_eq!(host("sosreport-node-1-2026-11-27-abcdefg"), "node-1");
        assert_eq!(host("sosreport-node1-03412345-2026-11-27-abcdefg"), "node1-03412345");
        assert_eq!(host("sosreport-node1.lab-20141127035329-1a2b"), "node1.lab");
        assert_eq!((host("sosreport-node1"), host("node2"), host("")), ("node1", "node2", ""));
    }

    #[test]
    fn times_of_runs() {
        assert_eq!(seconds("1970-01-01 00:00:00"), Some(0));
        assert_eq!(seconds("2026-11-27 03:53:29\n"), Some(1_795_751_609));
        assert_eq!(seconds("2024-02-29 12:00:00"), Some(1_709_208_000));
        assert_eq!((seconds("2026-13-01 00:00:00"), seconds("today")), (None, None));
    }
}
