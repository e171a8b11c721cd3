//! From a message's text to its meaning. The texts are those of Linux 2.6.26 to 6.12; what changed in between is noted where it did.

mod dlm;
mod heartbeat;
mod machine;
mod net;
mod volume;

use super::Event;

/// What a message means; `None`: nothing that matters to the cluster, or nothing that is known.
pub fn recognise(text: &str) -> Option<Event> {
    let text = text.trim_end();
    let (function, said) = mlog_cut(text);
    if let Some(said) = said.strip_prefix("o2net: ") {
        return net::recognise(said);
    }
    if let Some(said) = said.strip_prefix("o2hb: ") {
        return heartbeat::recognise(said);
    }
    if let Some(said) = said.strip_prefix("o2dlm: ").or_else(|| said.strip_prefix("o2cb: ")) {
        return dlm::recognise(said);
    }
    if let Some(said) = said.strip_prefix("ocfs2: ") {
        return volume::recognise(said);
    }
    if function.is_some() {
        return heartbeat::logged(said).or_else(|| dlm::logged(said)).or_else(|| volume::logged(said));
    }
    heartbeat::fencing(said).or_else(|| machine::recognise(said))
}

/// `(dlm-0030,122,0):dlm_drop_lockres_ref:2234 ERROR: text`, as `__mlog_printk` (`fs/ocfs2/cluster/masklog.c`) prints it: function and
/// text. Without such a head: the text.
fn mlog_cut(text: &str) -> (Option<&str>, &str) {
    let cut = || {
        let (_, rest) = text.strip_prefix('(')?.split_once("):")?;
        let (function, rest) = rest.split_once(':')?;
        let (line, said) = rest.split_once(' ')?;
        let named = !function.is_empty() && function.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (named && line.parse::<u32>().is_ok()).then_some((function, said.strip_prefix("ERROR: ").unwrap_or(said)))
    };
    cut().map_or((None, text), |(function, said)| (Some(function), said))
}

/// `-22` or `22` as 22.
fn errno(text: &str) -> Option<u32> {
    text.trim().parse::<i32>().ok().map(i32::unsigned_abs)
}

/// `UUID (dm-3).`: region and device, which kernels before 5.x did not always name.
fn region(text: &str) -> (String, Option<String>) {
    let text = text.trim_end_matches('.');
    match text.split_once(" (") {
        Some((region, device)) => (region.to_owned(), Some(device.trim_end_matches(')').to_owned())),
        None => (text.to_owned(), None),
    }
}
