//! The processes behind locks: from `/proc` alone, which takes no lock of the file system.
//!
//! `glockfd` is the exception: showing a line takes the inode's `i_rwsem`, so a reader can hang behind a writer that hangs. On a
//! live node all this runs in a child that is killed at its deadline ([`in_child`]).

use super::child::{self, Ended};
use super::discover_gfs2::debug_file;
use super::files::NodeFiles;
use formats::proc::{FdInfo, LockKind, TaskStatus, locks, stack};
use sample::TasksSample;
use sample::task::{FileLock, TaskFile, TaskRequest, TaskSample};
use sample::wire::{Decoder, encode};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::process::Command;
use std::time::Duration;

/// How long a child may look.
const CHILD_DEADLINE: Duration = Duration::from_secs(3);
/// Processes that are searched.
const MOST_PROCESSES: usize = 20_000;
/// Processes that are told.
const MOST_TOLD: usize = 500;
/// Descriptors of one process that are looked at.
const MOST_DESCRIPTORS: usize = 1024;
/// Frames of a stack that are told.
const MOST_FRAMES: usize = 12;
/// Parts of kernel functions' names in which waiters for cluster locks sleep.
const LOCK_FUNCTIONS: [&str; 6] = ["gfs2_", "ocfs2_", "dlm_", "gdlm_", "o2net_", "flock"];

/// Looks at the processes that `request` names, through `files`.
pub fn look(files: &dyn NodeFiles, request: &TaskRequest) -> TasksSample {
    let mut told = TasksSample { file_locks: file_locks(files, request), ..TasksSample::default() };
    for table in &request.tables {
        open_glocks(files, table, request, &mut told);
    }
    let mut named: BTreeSet<u32> = request.pids.iter().copied().filter(|pid| *pid > 0).collect();
    named.extend(told.file_locks.iter().filter_map(|lock| lock.pid));
    named.extend(told.open_glocks.iter().map(|(pid, ..)| *pid));
    let mut found: BTreeMap<u32, TaskSample> = BTreeMap::new();
    for &pid in named.iter().take(MOST_TOLD) {
        found.extend(task(files, pid, request).map(|task| (pid, task)));
    }
    if request.search {
        let pids = files.list("/proc").unwrap_or_default().into_iter().filter_map(|name| name.parse::<u32>().ok());
        for pid in pids.filter(|pid| !named.contains(pid)).take(MOST_PROCESSES) {
            if found.len() >= MOST_TOLD {
                told.unseen = Some(format!("more than {MOST_TOLD} processes wait: the rest is not told"));
                break;
            }
            if let Some(sleeps) = sleeps_in(files, pid)
                && sleeps.iter().any(|function| LOCK_FUNCTIONS.iter().any(|part| function.contains(part)))
            {
                found.extend(
                    task(files, pid, request).filter(|task| task.state == Some('D') || !task.files.is_empty()).map(|task| (pid, task)),
                );
            }
        }
    }
    told.tasks = found.into_values().collect();
    told
}

fn file_locks(files: &dyn NodeFiles, request: &TaskRequest) -> Vec<FileLock> {
    let Ok(text) = files.read("/proc/locks", 16 << 20) else { return Vec::new() };
    let (all, _) = locks::parse(&text);
    let ours = all.into_iter().filter(|lock| {
        let here = request.devices.is_empty() || request.devices.contains(&(lock.major, lock.minor));
        here && request.inodes.contains(&lock.inode)
    });
    ours.map(|lock| FileLock {
        kind: word(&lock.kind).to_owned(),
        write: lock.write,
        blocked: lock.blocked,
        pid: u32::try_from(lock.pid).ok().filter(|pid| *pid > 0),
        device: (lock.major, lock.minor),
        inode: lock.inode,
    })
    .collect()
}

/// The kernel's word.
fn word(kind: &LockKind) -> &str {
    match kind {
        LockKind::Posix => "POSIX",
        LockKind::Flock => "FLOCK",
        LockKind::Ofd => "OFDLCK",
        LockKind::Lease => "LEASE",
        LockKind::Other(word) => word,
    }
}

fn open_glocks(files: &dyn NodeFiles, table: &str, request: &TaskRequest, told: &mut TasksSample) {
    if request.inodes.is_empty() {
        return;
    }
    let Ok(text) = files.read(&debug_file(table, "glockfd"), 16 << 20) else { return };
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        if let Ok(open) = formats::gfs2::glockfd::parse_line(line)
            && open.glock.inode().is_some_and(|inode| request.inodes.contains(&inode))
        {
            told.open_glocks.push((open.tgid, open.fd, open.glock));
        }
    }
}

/// The kernel functions a process sleeps in, innermost first.
fn sleeps_in(files: &dyn NodeFiles, pid: u32) -> Option<Vec<String>> {
    let text = files.read(&format!("/proc/{pid}/stack"), 64 << 10).unwrap_or_default();
    let frames = stack::parse(&text);
    let mut functions: Vec<String> =
        stack::interesting(&frames).iter().take(MOST_FRAMES).map(|frame| frame.function().to_owned()).collect();
    if functions.is_empty() {
        // Some architectures give no stack of a sleeping process.
        let wchan = files.read(&format!("/proc/{pid}/wchan"), 256).ok()?;
        let wchan = String::from_utf8_lossy(wchan.trim_ascii()).into_owned();
        functions.extend(Some(wchan).filter(|name| !name.is_empty() && name != "0"));
    }
    Some(functions)
}

fn task(files: &dyn NodeFiles, pid: u32, request: &TaskRequest) -> Option<TaskSample> {
    let status = TaskStatus::parse(&files.read(&format!("/proc/{pid}/status"), 64 << 10).ok()?);
    let comm = files.read(&format!("/proc/{pid}/comm"), 64).ok().and_then(|text| formats::proc::comm::parse(&text));
    Some(TaskSample {
        pid,
        comm: comm.or(status.name).unwrap_or_default(),
        state: status.state,
        stack: sleeps_in(files, pid).unwrap_or_default(),
        files: open_files(files, pid, request),
    })
}

fn open_files(files: &dyn NodeFiles, pid: u32, request: &TaskRequest) -> Vec<TaskFile> {
    let mut open = Vec::new();
    let Ok(descriptors) = files.list(&format!("/proc/{pid}/fdinfo")) else { return open };
    for fd in descriptors.iter().filter_map(|name| name.parse::<u32>().ok()).take(MOST_DESCRIPTORS) {
        let Ok(text) = files.read(&format!("/proc/{pid}/fdinfo/{fd}"), 16 << 10) else { continue };
        let inode = FdInfo::parse(&text).ino;
        if inode.is_some_and(|inode| request.inodes.contains(&inode)) {
            let path = files.link(&format!("/proc/{pid}/fd/{fd}")).ok();
            open.push(TaskFile { fd, inode, path });
        }
    }
    open
}

/// The same by a child of this program, `collect --tasks`, which is killed at a deadline. One that hangs in the kernel cannot be
/// waited for: it ends when what it hangs on does.
pub fn in_child(request: &TaskRequest) -> TasksSample {
    match asked(request) {
        Ok(told) => told,
        Err(error) => TasksSample { unseen: Some(format!("processes: {error}")), ..TasksSample::default() },
    }
}

fn asked(request: &TaskRequest) -> io::Result<TasksSample> {
    let frame = encode(request).map_err(io::Error::other)?;
    match child::run(Command::new("/proc/self/exe").args(["collect", "--tasks"]), frame, CHILD_DEADLINE)? {
        Ended::Said(bytes) => {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            decoder.message().map_err(io::Error::other)?.ok_or_else(|| io::Error::other("the looking child ended without an answer"))
        }
        Ended::Late(_) => {
            let text = format!("no answer in {} s: something it read hangs", CHILD_DEADLINE.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, text))
        }
    }
}

/// The child's part: a request on stdin, the answer on stdout.
pub fn answer(files: &dyn NodeFiles, mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let mut decoder = Decoder::default();
    decoder.push(&bytes);
    let request: TaskRequest = decoder.message().map_err(io::Error::other)?.ok_or_else(|| io::Error::other("no request"))?;
    output.write_all(&encode(&look(files, &request)).map_err(io::Error::other)?)?;
    output.flush()
}
