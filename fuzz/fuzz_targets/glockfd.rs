//! Arbitrary text as GFS2's `glockfd`, and as the `status` of a mounted file system.

#![no_main]

use formats::gfs2::Status;
use formats::gfs2::glockfd::parse_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(file) = parse_line(line) else { continue };
        if file.rest.is_empty() {
            let printed = format!("{} {} {}", file.tgid, file.fd, file.glock);
            assert_eq!(parse_line(printed.as_bytes()), Ok(file));
        }
    }
    let status = Status::parse(text);
    let _ = (status.journal_id(), status.withdrawn(), status.frozen());
});
