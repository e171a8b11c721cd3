//! Arbitrary text as `/etc/sysconfig/o2cb`: it round-trips, its problems have places, and a value that is set is what is read.

#![no_main]

use formats::sysconfig::{Sysconfig, Timeout, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut file = Sysconfig::parse(text);
    assert_eq!(file.to_bytes(), text);
    for problem in file.problems(Some(&["web"])) {
        assert!(problem.line > 0 && problem.column > 0 && problem.line as usize <= text.len() + 1);
    }
    let _ = (file.enabled(), Timeout::ALL.map(|timeout| file.timeout(timeout)));
    let value = String::from_utf8_lossy(text.get(..8).unwrap_or(text)).into_owned();
    let stack = matches!(file.get("O2CB_STACK"), Value::Text(_));
    if file.set("O2CB_ENABLED", &value).is_ok() {
        assert_eq!(file.get("O2CB_ENABLED"), Value::Text(&value));
        assert_eq!(matches!(file.get("O2CB_STACK"), Value::Text(_)), stack);
    }
});
