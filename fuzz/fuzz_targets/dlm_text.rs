//! Arbitrary text as the DLM's `LS`: no line panics, and a resource printed reads back with as many locks.

#![no_main]

use formats::dlm::print::{self, Generation};
use formats::dlm::text::{TextReader, TextResource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut out = Vec::new();
    for resource in read(text) {
        for generation in [Generation::Old, Generation::Columns] {
            out.clear();
            print::text_resource(&mut out, &resource, generation);
            let again = read(&out);
            assert_eq!(again.len(), 1);
            assert_eq!((again[0].master, again[0].locks.len()), (resource.master, resource.locks.len()));
            assert_eq!(again[0].lvb.as_ref().map(|lvb| &lvb.bytes), resource.lvb.as_ref().map(|lvb| &lvb.bytes));
        }
    }
});

fn read(text: &[u8]) -> Vec<TextResource> {
    let mut reader = TextReader::new();
    let lines = text.split(|&byte| byte == b'\n');
    let mut resources: Vec<TextResource> = lines.filter_map(|line| reader.line(line).ok().flatten()).collect();
    while let Some(resource) = reader.finish() {
        resources.push(resource);
    }
    resources
}
