//! Arbitrary text as tracefs' `hist`: what is read, printed and read again is the same.

#![no_main]

use formats::tracefs::hist::{HistLine, parse_line, write_line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(read) = parse_line(line) else { continue };
        if let HistLine::Entry(entry) = read {
            let _ = (entry.key_number("glnum"), entry.value("tdiff"));
        }
        let mut printed = Vec::new();
        write_line(&mut printed, &read);
        assert_eq!(parse_line(printed.strip_suffix(b"\n").expect("a newline")), Ok(read));
    }
});
