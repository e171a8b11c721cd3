//! Arbitrary text as `/proc/PID/mountinfo` and `/proc/mounts`: every line is a mount or a problem.

#![no_main]

use formats::mounts::{parse_mountinfo, parse_mounts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count() as u64;
    for (mounts, problems) in [parse_mountinfo(text), parse_mounts(text)] {
        assert_eq!(mounts.len() as u64 + problems.lines, lines);
        assert_eq!(problems.lines > 0, problems.first.is_some());
    }
});
