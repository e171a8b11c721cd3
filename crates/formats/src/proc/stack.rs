//! `/proc/PID/stack`: where in the kernel a task sleeps, innermost first (`proc_pid_stack`, `fs/proc/base.c`, since 2.6.29). Only
//! root may read it; a task that runs has no lines.
//!
//! ```text
//! [<0>] gfs2_glock_wait+0x3f/0x80 [gfs2]
//! [<0>] gfs2_permission+0x64/0xe0 [gfs2]
//! [<0>] do_syscall_64+0x5d/0xb0
//! [<0>] entry_SYSCALL_64_after_hwframe+0x6e/0xd8
//! ```
//!
//! Before Linux 4.15 the brackets hold an address, and the last line is `[<ffffffffffffffff>] 0xffffffffffffffff`.

use crate::scan::prefixed_hex;

/// Frames that are read: the kernel prints 64.
const MOST_FRAMES: usize = 256;

/// One function of a call chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Frame {
    /// The function as printed: `gfs2_glock_wait`, `ocfs2_do_flock.constprop.0`; an address where there is no name.
    pub symbol: String,
    /// Its module; `None` if it is in the kernel itself.
    pub module: Option<String>,
    /// How far into the function, bytes; `None` if not told.
    pub offset: Option<u64>,
}

impl Frame {
    /// The function without what the compiler appended (`.constprop.0`, `.part.0`, `.isra.0`).
    pub fn function(&self) -> &str {
        self.symbol.split_once('.').map_or(&self.symbol, |(function, _)| function)
    }
}

/// Reads the whole file. Lines that are no frame are passed over.
pub fn parse(text: &[u8]) -> Vec<Frame> {
    let text = String::from_utf8_lossy(text);
    text.lines().filter_map(frame).take(MOST_FRAMES).collect()
}

fn frame(line: &str) -> Option<Frame> {
    let (_, frame) = line.trim().strip_prefix("[<")?.split_once(">]")?;
    let mut words = frame.split_whitespace();
    let place = words.next()?;
    if place == "0xffffffffffffffff" {
        return None;
    }
    let (symbol, offset) = match place.split_once('+') {
        Some((symbol, offset)) => (symbol, offset.split('/').next().and_then(|offset| prefixed_hex(offset.as_bytes()))),
        None => (place, None),
    };
    // A build ID may follow the module within the brackets.
    let module = words.next().and_then(|word| word.strip_prefix('[')).map(|module| module.trim_end_matches(']').to_owned());
    Some(Frame { symbol: symbol.to_owned(), module, offset })
}

/// How functions begin that only say that a task sleeps.
const SLEEP: [&str; 28] = [
    "schedule",
    "__schedule",
    "io_schedule",
    "preempt_schedule",
    "wait_for_completion",
    "__wait_for_common",
    "wait_for_common",
    "do_wait_for_common",
    "wait_on_bit",
    "__wait_on_bit",
    "out_of_line_wait_on_bit",
    "bit_wait",
    "wait_woken",
    "prepare_to_wait",
    "msleep",
    "usleep_range",
    "do_nanosleep",
    "hrtimer_nanosleep",
    "common_nsleep",
    "down_read",
    "down_write",
    "__down",
    "rwsem_down_",
    "call_rwsem_down_",
    "mutex_lock",
    "__mutex_lock",
    "ww_mutex_lock",
    "poll_schedule_timeout",
];

/// How functions begin that only lead from user space, or from the start of a thread, into the kernel.
const ENTRY: [&str; 16] = [
    "do_syscall_",
    "entry_SYSCALL",
    "__x64_sys_",
    "__ia32_sys_",
    "__arm64_sys_",
    "__do_sys_",
    "__se_sys_",
    "SyS_",
    "sys_",
    "system_call",
    "x64_sys_call",
    "el0",
    "invoke_syscall",
    "ret_from_fork",
    "kthread",
    "worker_thread",
];

/// The frames that tell what a task waits for, innermost first: from the first that is no plain sleep up to the entry into the
/// kernel. The innermost frame alone if there is nothing else; empty without frames.
pub fn interesting(frames: &[Frame]) -> &[Frame] {
    let is = |frame: &Frame, starts: &[&str]| starts.iter().any(|start| frame.symbol.starts_with(start));
    let first = frames.iter().position(|frame| !is(frame, &SLEEP)).unwrap_or(frames.len());
    let told = frames.get(first..).unwrap_or_default();
    let end = told.iter().position(|frame| is(frame, &ENTRY)).unwrap_or(told.len());
    match told.get(..end) {
        Some(told) if !told.is_empty() => told,
        _ => frames.get(..1).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &[u8]) -> Vec<String> {
        interesting(&parse(text)).iter().map(|frame| frame.function().to_owned()).collect()
    }

    #[test]
    fn real_waiters() {
        let flock = parse(include_bytes!("../../testdata/proc/ocfs2-flock-stack"));
        assert_eq!((flock[0].symbol.as_str(), flock[0].module.as_deref()), ("ocfs2_file_lock", Some("ocfs2")));
        assert_eq!(told(include_bytes!("../../testdata/proc/ocfs2-flock-stack")), ["ocfs2_file_lock", "ocfs2_do_flock"]);
        assert_eq!(told(include_bytes!("../../testdata/proc/gfs2-open-stack"))[..2], ["gfs2_glock_wait", "gfs2_permission"]);
        assert_eq!(told(include_bytes!("../../testdata/proc/fcntl-waiter-stack")), ["fcntl_setlk", "do_fcntl"]);
    }

    #[test]
    fn sleep_is_passed_over_but_better_than_nothing() {
        let text =
            b"[<0>] __wait_for_common+0x1/0x2\n[<0>] __ocfs2_cluster_lock.isra.0+0x4/0x5 [ocfs2 12ab]\n[<0>] do_syscall_64+0x1/0x2\n";
        assert_eq!(told(text), ["__ocfs2_cluster_lock"]);
        let frames = parse(text);
        assert_eq!((frames[1].module.as_deref(), frames[1].offset), (Some("ocfs2"), Some(4)));
        assert_eq!(told(b"[<0>] hrtimer_nanosleep+0x1/0x2\n[<0>] do_syscall_64+0x1/0x2\n"), ["hrtimer_nanosleep"]);
        assert_eq!(told(b""), Vec::<String>::new());
    }

    #[test]
    fn old_kernels_print_addresses() {
        let frames = parse(b"[<ffffffffa0123456>] gfs2_glock_wait+0x3f/0x80 [gfs2]\n[<ffffffffffffffff>] 0xffffffffffffffff\n");
        assert_eq!((frames.len(), frames[0].function()), (1, "gfs2_glock_wait"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "(\\[<0>\\] |[a-z.+/\\[\\]0-9 \n]){0,60}") {
            let _ = interesting(&parse(&bytes));
            let frames = parse(text.as_bytes());
            prop_assert_eq!(interesting(&frames).is_empty(), frames.is_empty());
        }
    }
}
