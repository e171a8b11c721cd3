//! Arbitrary text as the files of `/proc` that tell of tasks and file locks.

#![no_main]

use formats::proc::{FdInfo, TaskStat, TaskStatus, comm, locks, stack};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let _ = (TaskStatus::parse(text), TaskStat::parse(text), FdInfo::parse(text));
    assert_eq!(comm::parse(text).is_none(), text.is_empty());
    let frames = stack::parse(text);
    assert_eq!(stack::interesting(&frames).is_empty(), frames.is_empty());
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count() as u64;
    let (held, problems) = locks::parse(text);
    assert_eq!(held.len() as u64 + problems.lines, lines);
});
