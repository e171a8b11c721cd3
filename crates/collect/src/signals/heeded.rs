//! Signals that a program was started to ignore, as by `nohup` or behind a shell's `&`, stay ignored.

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The signals that ask a program to end.
pub const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Those of these signals that this process does not ignore. What it ignores it was started to ignore, if it is asked before the
/// first handler is installed. Where `/proc` is not there to tell, all of them.
pub fn heeded(signals: &[i32]) -> Vec<i32> {
    let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    signals.iter().copied().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
}

/// The mask of ignored signals, bit 0 for signal 1: `SigIgn:` of `/proc/PID/status`.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn nohup_is_seen() {
        let status = "Name:\to2cb\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
        assert_eq!(super::ignored(status), 0x1001);
        assert_eq!(super::ignored(""), 0);
    }
}
