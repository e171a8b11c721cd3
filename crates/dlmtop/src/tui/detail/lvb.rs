//! A lock value block in words, as far as it is understood.

use super::super::app::App;
use formats::ocfs2::LockType;
use formats::ocfs2::lvb::MetaLvb;

/// `None` if there is none. `hex`: 128 digits.
pub fn words(app: &App, kind: LockType, hex: Option<&str>) -> Option<String> {
    let hex = hex?;
    let Some(bytes) = bytes(hex) else { return Some(hex.to_owned()) };
    if bytes.iter().all(|&byte| byte == 0) {
        return Some("empty".to_owned());
    }
    let Some(lvb) = (if kind == LockType::META { MetaLvb::decode(&bytes) } else { None }) else {
        return Some(hex.trim_end_matches("00").to_owned());
    };
    let time = |ns: u128| u64::try_from(ns / 1000).map_or_else(|_| "?".to_owned(), |us| app.clock.date_time(us));
    Some(format!(
        "{} {:04o}, {} bytes in {} clusters, uid {} gid {}, {} links, generation {}, modified {}, changed {}, read {}",
        lvb.file_type(),
        lvb.mode & 0o7777,
        lvb.size,
        lvb.clusters,
        lvb.uid,
        lvb.gid,
        lvb.links,
        lvb.generation,
        time(lvb.mtime_ns),
        time(lvb.ctime_ns),
        time(lvb.atime_ns)
    ))
}

fn bytes(hex: &str) -> Option<[u8; 64]> {
    let mut bytes = [0; 64];
    if hex.len() != 2 * bytes.len() {
        return None;
    }
    for (number, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * number..2 * number + 2)?, 16).ok()?;
    }
    Some(bytes)
}
