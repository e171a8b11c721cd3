//! Arbitrary text as the DLM's `LS_all`: every line is a record or a problem, and a record printed reads back.

#![no_main]

use formats::dlm::all::{AllLine, parse_line};
use formats::dlm::lvb::Gfs2Lvb;
use formats::dlm::{flags, print};
use formats::gfs2::GlockType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut out = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(record) = parse_line(line) else { continue };
        out.clear();
        match &record {
            AllLine::Resource(resource) => {
                let _ = (resource.name.to_string(), flags::resource_flag_words(resource.flags).to_string());
                print::all_resource(&mut out, resource);
            }
            AllLine::Lvb { seq, bytes } => {
                let bytes = bytes.to_vec();
                for kind in GlockType::ALL {
                    let _ = Gfs2Lvb::decode(kind.0, &bytes);
                }
                print::all_lvb(&mut out, *seq, &bytes);
            }
            AllLine::Lock(lock) => print::all_lock(&mut out, lock),
            AllLine::Header | AllLine::Unknown(_) => continue,
        }
        let again = parse_line(out.strip_suffix(b"\n").expect("a line")).expect("a printed record reads back");
        match (&again, &record) {
            // Hex digits have two cases.
            (AllLine::Lvb { seq, bytes }, AllLine::Lvb { seq: first_seq, bytes: first_bytes }) => {
                assert_eq!((seq, bytes.to_vec()), (first_seq, first_bytes.to_vec()));
            }
            _ => assert_eq!(again, record),
        }
    }
});
