//! Processes that wait for a lock: those of glocks' waiting holders, and workloads that sleep in the file system's code or
//! cannot be interrupted.

use crate::processes;

/// Parts of the kernel functions' names that a process sleeps in while it waits for a cluster lock.
const WAITING_IN: [&str; 6] = ["ocfs2", "dlm", "o2net", "glock", "gfs2", "flock"];
/// This program's own name: its workloads.
const WORKLOAD: &str = "lab-guest";

/// Processes of holders that wait (`f:` has `W`) in `glocks`. 0 stands where the line said so, as for flocks.
pub fn of_glocks(text: &[u8]) -> Vec<u32> {
    let text = String::from_utf8_lossy(text);
    let holders = text.lines().filter_map(|line| line.strip_prefix(" H:"));
    let word = |line: &str, key: &str| line.split(' ').find_map(|word| word.strip_prefix(key).map(str::to_owned));
    let waiting = holders.filter(|line| word(line, "f:").is_some_and(|flags| flags.contains('W')));
    let mut pids: Vec<u32> = waiting.filter_map(|line| word(line, "p:")?.parse().ok()).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// Workloads that wait.
pub fn of_workloads() -> Vec<u32> {
    let own = std::process::id();
    let waits = |process: &processes::Process| {
        let text = |name| std::fs::read_to_string(process.file(name)).unwrap_or_default();
        let state = text("stat").rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        let place = text("wchan");
        state == Some('D') || WAITING_IN.iter().any(|part| place.contains(part))
    };
    let workloads = processes::all().unwrap_or_default().into_iter();
    let workloads = workloads.filter(|process| process.pid != own && process.comm == WORKLOAD);
    workloads.filter(waits).map(|process| process.pid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_that_wait() {
        let text = b"G:  s:UN n:6/3382 f:lq t:EX d:EX/0 a:0 v:0 r:4 m:20 p:0\n H: s:EX f:W e:0 p:0 [(none)] gfs2_flock+0x1\n \
            H: s:SH f:eEcH e:0 p:77 [x] y\n H: s:SH f:aW e:0 p:78 [cat] gfs2_getattr+0x1\n";
        assert_eq!(of_glocks(text), [0, 78]);
    }
}
