//! A line of `journalctl -o json`: one object for each entry.

use super::record::{Record, Stamp};
use serde_json::Value;

/// Reads one; `None` if it is no entry of the journal.
pub fn entry(line: &str) -> Option<Record> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let message = match entry.get("MESSAGE")? {
        Value::String(message) => message.clone(),
        // What is not UTF-8 comes as numbers.
        Value::Array(bytes) => {
            let bytes: Vec<u8> = bytes.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        _ => return None,
    };
    // The kernel's own stamp; the journal's is of when it was received.
    let boot_us = text("_SOURCE_MONOTONIC_TIMESTAMP").or_else(|| text("__MONOTONIC_TIMESTAMP")).and_then(|us| us.parse().ok());
    let wall_us = text("__REALTIME_TIMESTAMP").and_then(|us| us.parse().ok());
    Some(Record { at: Stamp { boot_us, wall_us }, boot: 0, text: message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let record = entry(
            r#"{"__REALTIME_TIMESTAMP":"1795779530000000","_SOURCE_MONOTONIC_TIMESTAMP":"50540000","PRIORITY":"5","MESSAGE":"o2net: \"x\""}"#,
        );
        let record = record.unwrap();
        assert_eq!((record.at.boot_us, record.at.wall_us), (Some(50_540_000), Some(1_795_779_530_000_000)));
        assert_eq!(record.text, "o2net: \"x\"");
        assert_eq!(entry(r#"{"MESSAGE":[111,50,255]}"#).unwrap().text, "o2\u{fffd}");
        assert_eq!(entry("{}"), None);
        assert_eq!(entry("{"), None);
    }
}
