//! Arbitrary text as o2dlm's `locking_state`: every resource that is read prints and reads the same again.

#![no_main]

use formats::o2dlm::{Reader, Resource, print};
use formats::scan::split_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let (resources, reader, lines) = read(text);
    assert!(reader.problems.lines + reader.unknown_lines <= lines && resources.len() as u64 <= lines);
    assert_eq!(reader.problems.lines > 0, reader.problems.first.is_some());
    for resource in &resources {
        let (again, reader, _) = read(&print::resource(resource));
        assert_eq!(reader.problems.lines, 0);
        assert_eq!(again, std::slice::from_ref(resource));
        let _ = (resource.name.to_string(), resource.state.to_string());
    }
});

/// The resources, the reader that gave them, and the number of lines.
fn read(text: &[u8]) -> (Vec<Resource>, Reader, u64) {
    let (mut reader, mut resources, mut lines) = (Reader::default(), Vec::new(), 1);
    let mut rest = text.strip_suffix(b"\n").unwrap_or(text);
    // By vector search: a closure for each byte was a tenth of the target's time under the sanitizer.
    while let Some((line, tail)) = split_line(rest) {
        resources.extend(reader.push_line(line));
        (rest, lines) = (tail, lines + 1);
    }
    resources.extend(reader.push_line(rest));
    resources.extend(reader.end());
    (resources, reader, lines)
}
