//! Views beside the hot locks: who waits for whom, who masters what, O2CB's stack, one inode, the life of locks. Each as text and as JSON.

pub mod inode;
pub mod life;
pub mod masters;
pub mod names;
pub mod o2cb;
pub mod waits;
pub mod which;

use crate::out::Face;
use crate::settings::Settings;
use crate::units::Clock;
use model::Snapshot;
use sample::message::Look;
use serde_json::json;
use std::io::{self, Write};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The locks that cost time.
    Hot,
    /// Who waits for whom.
    Waits,
    /// Who masters what.
    Masters,
    /// O2CB's stack.
    O2cb,
    /// One inode.
    Inode(u64),
}

/// For how long a DLM may be read when the user asks for it, ms: the kernel's newer lists are quadratic.
const ASKED_FOR_MS: u64 = 3000;
/// And when only a wait makes it interesting.
const SUSPECTED_MS: u64 = 200;

impl View {
    /// What the nodes are asked for it, beside what something waits for.
    pub fn look(self) -> Look {
        let look = Look { most_ms: ASKED_FOR_MS, tasks: true, ..Look::default() };
        match self {
            View::Hot => Look { most_ms: SUSPECTED_MS, ..Look::default() },
            View::Waits => Look { most_ms: SUSPECTED_MS, ..look },
            View::Masters => Look { all: true, tasks: false, ..look },
            View::O2cb => Look { o2cb: true, ..Look::default() },
            View::Inode(inode) => Look { inodes: vec![inode], paths: vec![inode], ..look },
        }
    }
}

/// A view as text or JSON.
pub struct ViewFace<'v> {
    view: View,
    settings: &'v Settings,
    clock: Clock,
    json: bool,
}

impl<'v> ViewFace<'v> {
    /// The face of `view`.
    pub fn new(view: View, settings: &'v Settings, json: bool) -> ViewFace<'v> {
        ViewFace { view, settings, clock: Clock::new(settings.utc), json }
    }
}

impl Face for ViewFace<'_> {
    fn write(&mut self, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
        if self.json {
            let mut object = match self.view {
                View::Hot | View::Waits => waits::json(snapshot),
                View::Masters => masters::json(snapshot),
                View::O2cb => o2cb::json(snapshot)?,
                View::Inode(inode) => inode::json(snapshot, inode),
            };
            if let Some(object) = object.as_object_mut() {
                object.shift_insert(0, "time_us".to_owned(), json!(snapshot.at.realtime_us));
                object.shift_insert(0, "number".to_owned(), json!(snapshot.number));
                object.shift_insert(0, "schema".to_owned(), json!(crate::out::json::SCHEMA));
                object.insert("nodes_not_seen".to_owned(), json!(names::not_seen(snapshot)));
            }
            serde_json::to_writer(&mut *out, &object)?;
            return out.write_all(b"\n");
        }
        let time = snapshot.at.realtime_us.map_or_else(|| "time unknown".to_owned(), |us| self.clock.date_time(us));
        writeln!(out, "=== {time}  sample {}", snapshot.number)?;
        // O2CB's own lines tell which nodes are not seen; that no file system is mounted is nothing to them.
        let not_seen = if self.view == View::O2cb { Vec::new() } else { names::not_seen(snapshot) };
        for (node, why) in not_seen {
            writeln!(out, "!! {node}: {why}; what it holds and waits for is not seen")?;
        }
        let lines = match self.view {
            View::Hot | View::Waits => waits::lines(snapshot, &self.clock),
            View::Masters => masters::lines(snapshot),
            View::O2cb => o2cb::lines(snapshot, o2cb::WIDTH).into_iter().map(|line| line.text).collect(),
            View::Inode(inode) => inode::lines(snapshot, inode, self.settings),
        };
        for line in lines {
            writeln!(out, "{}", terminal::clean(&line))?;
        }
        writeln!(out)
    }
}
