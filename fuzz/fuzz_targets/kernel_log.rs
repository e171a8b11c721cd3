//! Arbitrary bytes as a kernel's log in any form.

#![no_main]

use formats::kernel_log::{Message, join, parse, pstore_order, recognise};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    let records = parse(log);
    let lines = log.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
    assert!(records.len() <= lines);
    // Boots are counted, and never backwards.
    assert!(records.iter().zip(records.iter().skip(1)).all(|(a, b)| b.boot == a.boot || b.boot == a.boot + 1));
    let whole = join(records.clone());
    assert!(whole.len() <= records.len());
    let messages = Message::all_of(log);
    assert_eq!(messages.len(), whole.len());
    for (message, record) in messages.iter().zip(&whole) {
        assert_eq!(message.event, recognise(&record.text));
    }
    // Pieces of pstore are only put into order: nothing but their first lines is lost.
    let halves = log.split_at(log.len() / 2);
    assert!(pstore_order(vec![halves.0.to_vec(), halves.1.to_vec()]).len() <= log.len() + 2);
});
