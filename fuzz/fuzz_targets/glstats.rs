//! Arbitrary text as GFS2's `glstats`: what is read, printed and read again is the same.

#![no_main]

use formats::gfs2::glstats::parse_line;
use formats::gfs2::print;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(stats) = parse_line(line) else { continue };
        if stats.rest.is_empty() {
            let mut text = Vec::new();
            print::write_stats(&mut text, &stats);
            assert_eq!(parse_line(text.strip_suffix(b"\n").expect("a newline")), Ok(stats));
        }
    }
});
