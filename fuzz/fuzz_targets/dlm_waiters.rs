//! Arbitrary text as the DLM's small files: `LS_waiters`, `LS_queued_asts`, those below `comms`, configfs and sysfs.

#![no_main]

use formats::dlm::recovery::{LinkFlags, LinkState, RecoverStatus, link_version};
use formats::dlm::waiters::{is_cut, message_word, parse_line};
use formats::dlm::{configfs, print, queued_asts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let _ = (is_cut(text), link_version(text), configfs::number(text), configfs::signed_number(text));
    let _ = RecoverStatus::parse(text).map(|status| status.to_string());
    let _ = LinkFlags::parse(text).map(|flags| flags.to_string());
    let _ = LinkState::parse(text).map(|state| state.word().len());
    let mut out = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let _ = (configfs::parse_address(line), queued_asts::parse_line(line));
        let Ok(record) = parse_line(line) else { continue };
        let _ = message_word(record.wait_type);
        if record.name.contains(&0) {
            continue;
        }
        out.clear();
        print::waiter(&mut out, &record);
        assert_eq!(parse_line(out.strip_suffix(b"\n").expect("a line")), Ok(record));
    }
});
