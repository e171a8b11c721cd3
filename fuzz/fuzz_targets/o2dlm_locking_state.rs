//! Arbitrary text as o2dlm's `locking_state`: every resource that is read prints and reads the same again.

#![no_main]

use formats::o2dlm::{Reader, Resource, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let (resources, reader) = read(text);
    let lines = text.split(|&byte| byte == b'\n').count() as u64;
    assert!(reader.problems.lines + reader.unknown_lines <= lines && resources.len() as u64 <= lines);
    assert_eq!(reader.problems.lines > 0, reader.problems.first.is_some());
    for resource in &resources {
        let (again, reader) = read(&print::resource(resource));
        assert_eq!(reader.problems.lines, 0);
        assert_eq!(again, std::slice::from_ref(resource));
        let _ = (resource.name.to_string(), resource.state.to_string());
    }
});

fn read(text: &[u8]) -> (Vec<Resource>, Reader) {
    let mut reader = Reader::default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut resources: Vec<Resource> = text.split(|&byte| byte == b'\n').filter_map(|line| reader.push_line(line)).collect();
    resources.extend(reader.end());
    (resources, reader)
}
