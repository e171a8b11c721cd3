//! Arbitrary text as the DLM's `LS_locks`: every line is a lock or a problem, and a lock printed reads back.

#![no_main]

use formats::dlm::locks::parse_line;
use formats::dlm::print;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut out = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(Some(record)) = parse_line(line) else { continue };
        let whole = record.resource_name();
        // A name cut at its NUL cannot be printed with the length it had.
        if whole.is_none() || record.name.contains(&0) {
            continue;
        }
        out.clear();
        print::locks_lock(&mut out, &record.lock, record.resource_node, record.name);
        let again = parse_line(out.strip_suffix(b"\n").expect("a line")).expect("a printed lock reads back").expect("no header");
        assert_eq!((again.lock, again.resource_node, again.name), (record.lock, record.resource_node, record.name));
    }
});
