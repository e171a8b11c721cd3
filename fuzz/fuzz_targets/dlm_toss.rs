//! Arbitrary text as the DLM's `LS_toss`: every line is a record or a problem, and a record printed reads back.

#![no_main]

use formats::dlm::print;
use formats::dlm::toss::parse_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut out = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(Some(record)) = parse_line(line) else { continue };
        assert!(!record.is_directory_record() || record.master != record.directory);
        out.clear();
        print::toss(&mut out, &record);
        assert_eq!(parse_line(out.strip_suffix(b"\n").expect("a line")), Ok(Some(record)));
    }
});
