//! What happened while a recording ran: the workloads' events as lines of text.

use super::clock::Clock;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
struct Happening {
    /// By the host's clock, seconds since the epoch.
    at: f64,
    /// By the node's clocks: since the epoch, since its boot. None if it happened outside of the nodes.
    guest: Option<(f64, f64)>,
    place: String,
    pid: Option<u64>,
    text: String,
}

/// Gathers what happens.
#[derive(Debug)]
pub struct Story {
    /// When frame 0 is due, host's clock.
    start: f64,
    clocks: BTreeMap<u8, Clock>,
    happened: Vec<Happening>,
    /// What each process said when it started: its end does not repeat it.
    started: BTreeMap<(u8, u64), Value>,
    /// Inodes by path, as the workloads saw them.
    inodes: BTreeMap<String, u64>,
}

impl Story {
    /// Nothing so far.
    pub fn new(start: f64, clocks: BTreeMap<u8, Clock>) -> Story {
        Story { start, clocks, happened: Vec::new(), started: BTreeMap::new(), inodes: BTreeMap::new() }
    }

    /// Something happened outside of the nodes. Returns it as a line for people.
    pub fn outside(&mut self, at: f64, text: &str) -> String {
        self.add(Happening { at, guest: None, place: "host".to_owned(), pid: None, text: text.to_owned() })
    }

    /// A node's workload said something. Returns it as a line for people, if it is worth one.
    pub fn event(&mut self, node: u8, event: &Value) -> Option<String> {
        let (time, pid) = (event.get("time")?.as_f64()?, event.get("pid")?.as_u64()?);
        if let (Some(path), Some(inode)) = (text(event, "path"), event.get("inode").and_then(Value::as_u64)) {
            self.inodes.insert(path.to_owned(), inode);
        }
        let name = text(event, "event")?;
        if name == "started" {
            self.started.insert((node, pid), event.clone());
        }
        let about = self.started.get(&(node, pid)).unwrap_or(event);
        let text = sentence(name, event, about)?;
        let clock = self.clocks.get(&node)?;
        let guest = Some((time, time - clock.booted));
        Some(self.add(Happening { at: clock.host(time), guest, place: format!("node{node}"), pid: Some(pid), text }))
    }

    fn add(&mut self, happening: Happening) -> String {
        let line = format!("{:+.0} s {}: {}", happening.at - self.start, happening.place, happening.text);
        self.happened.push(happening);
        line
    }

    /// Inodes by path.
    pub fn inodes(&self) -> &BTreeMap<String, u64> {
        &self.inodes
    }

    /// `events.txt`; frames are due every `every` seconds.
    pub fn text(&self, every: f64) -> String {
        let mut all: Vec<&Happening> = self.happened.iter().collect();
        all.sort_by(|one, other| one.at.total_cmp(&other.at));
        let mut text = format!(
            "# T0 = host epoch {:.0}; frame <seq> was due at T0 + {every}*seq. Columns (tab): seconds_after_T0 host_epoch guest_epoch \
             guest_uptime node pid text\n",
            self.start
        );
        for one in all {
            let (epoch, uptime) =
                one.guest.map_or(("-".to_owned(), "-".to_owned()), |(epoch, up)| (format!("{epoch:.3}"), format!("{up:.2}")));
            let pid = one.pid.map_or("-".to_owned(), |pid| pid.to_string());
            let after = one.at - self.start;
            text += &format!("{after:.3}\t{:.3}\t{epoch}\t{uptime}\t{}\t{pid}\t{}\n", one.at, one.place, one.text);
        }
        text
    }
}

fn text<'v>(event: &'v Value, key: &str) -> Option<&'v str> {
    event.get(key).and_then(Value::as_str)
}

/// The event `name` in words; `about` is what the process said when it started. None for what says nothing new.
fn sentence(name: &str, event: &Value, about: &Value) -> Option<String> {
    let path = text(about, "path").unwrap_or("?");
    let seconds = |key: &str| event.get(key).and_then(Value::as_f64).unwrap_or_default() / 1000.0;
    let lock = || {
        let mode = if text(event, "mode") == Some("shared") { "SH" } else { "EX" };
        let kind = if text(event, "kind") == Some("posix") { "POSIX lock" } else { "flock" };
        let inode = event.get("inode").map(Value::to_string).unwrap_or_default();
        format!("{mode} {kind} on {path} ino {inode}")
    };
    let work = match text(about, "work") {
        Some("hot") => format!("create/append/unlink loop in {path}"),
        Some("append") if about.get("flock") == Some(&Value::Bool(true)) => format!("append under flock to {path}"),
        Some("mass") => format!("{} of {} files in {path}", text(about, "do").unwrap_or("?"), about.get("files").unwrap_or(&Value::Null)),
        Some(work) => format!("{work} {path}"),
        None => path.to_owned(),
    };
    Some(match name {
        // "wants" follows at once, and tells more.
        "started" if text(about, "work") == Some("hold") => return None,
        "progress" => return None,
        "started" => format!("start {work}"),
        "done" => format!("end {work}: {}", counts(event)),
        "wants" => format!("WAIT: asks {}", lock()),
        "has" => format!("GOT {} after {:.3} s", lock(), seconds("waited_ms")),
        "released" => format!("RELEASE: {} after {:.1} s", lock(), seconds("held_ms")),
        "gave_up" => format!("GAVE UP: {} after {:.1} s", lock(), seconds("waited_ms")),
        other => format!("{other}: {event}"),
    })
}

/// What a workload counted: `12 created, 3 unlinked; errors: 4 EEXIST; longest 123.4 ms (locked)`.
fn counts(event: &Value) -> String {
    let not_counts = ["time", "pid", "seconds", "inode", "blocked_ms", "per_second", "ms", "worst_ms"];
    let fields = event.as_object().into_iter().flatten();
    let counts = fields.filter(|(key, value)| value.is_number() && !not_counts.contains(&key.as_str()));
    let mut said = counts.map(|(key, value)| format!("{value} {key}")).collect::<Vec<_>>().join(", ");
    let errors = event.get("errors").and_then(Value::as_object).into_iter().flatten();
    let errors = errors.map(|(errno, count)| format!("{count} {errno}")).collect::<Vec<_>>().join(", ");
    // Writing to a String does not fail.
    if !errors.is_empty() {
        let _ = write!(said, "; errors: {errors}");
    }
    let worst = event.get("worst_ms_of").and_then(Value::as_object).into_iter().flatten();
    let worst = worst.filter_map(|(what, took)| Some((what, took.as_f64()?))).max_by(|one, other| one.1.total_cmp(&other.1));
    if let Some((what, took)) = worst {
        let _ = write!(said, "; longest {took:.1} ms ({what})");
    }
    if let Some(what) = text(event, "blocked_in") {
        let _ = write!(said, "; still blocked in {what:?}");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn as_the_first_recordings_have_it() {
        let clock = Clock { ahead: 100.0, booted: 1000.0, doubt: 0.0 };
        let mut story = Story::new(1000.0, BTreeMap::from([(2, clock)]));
        let started = json!({ "event": "started", "time": 1115.0, "pid": 7, "work": "hot", "path": "/mnt/ocfs2/dir" });
        assert_eq!(story.event(2, &started).unwrap(), "+15 s node2: start create/append/unlink loop in /mnt/ocfs2/dir");
        let done = json!({
            "event": "done", "time": 1170.5, "pid": 7, "created": 3, "unlinked": 2, "seconds": 55.0, "ended_by": "seconds",
            "errors": { "EEXIST": 4 }, "worst_ms": 12.5, "worst_ms_of": { "created": 12.5, "unlinked": 3.0 },
        });
        story.event(2, &done).unwrap();
        story.outside(1060.0, "node3's power is cut");
        assert!(story.event(9, &started).is_none(), "a node without a clock");
        assert_eq!(
            story.text(3.0),
            "# T0 = host epoch 1000; frame <seq> was due at T0 + 3*seq. Columns (tab): seconds_after_T0 host_epoch guest_epoch \
             guest_uptime node pid text\n\
             15.000\t1015.000\t1115.000\t115.00\tnode2\t7\tstart create/append/unlink loop in /mnt/ocfs2/dir\n\
             60.000\t1060.000\t-\t-\thost\t-\tnode3's power is cut\n\
             70.500\t1070.500\t1170.500\t170.50\tnode2\t7\tend create/append/unlink loop in /mnt/ocfs2/dir: 3 created, 2 unlinked; \
             errors: 4 EEXIST; longest 12.5 ms (created)\n"
        );
    }

    #[test]
    fn locks_in_words() {
        let clock = Clock { ahead: 0.0, booted: 0.0, doubt: 0.0 };
        let mut story = Story::new(0.0, BTreeMap::from([(1, clock)]));
        let event = |name: &str| json!({ "event": name, "time": 1.0, "pid": 7, "path": "/f", "inode": 13, "kind": "flock", "mode": "exclusive", "waited_ms": 35_900.0 });
        let mut tell = |name: &str| story.event(1, &event(name)).unwrap();
        assert_eq!(tell("wants"), "+1 s node1: WAIT: asks EX flock on /f ino 13");
        assert_eq!(tell("has"), "+1 s node1: GOT EX flock on /f ino 13 after 35.900 s");
        assert_eq!(story.inodes(), &BTreeMap::from([("/f".to_owned(), 13)]));
    }
}
