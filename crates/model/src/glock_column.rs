//! Everything that can be told of a GFS2 glock, once: text, CSV, JSON, terminal and the manual's table come from it.

use crate::column::Value;
use crate::glock_row::{GlockPart, GlockRow};
use crate::rank::SortKey;
use crate::snapshot::{FileSystemView, Snapshot};
use sample::gfs2::TracedFigures;

/// What a column's getter may look at.
#[derive(Clone, Copy, Debug)]
pub struct GlockCell<'s> {
    /// The moment.
    pub snapshot: &'s Snapshot,
    /// The file system.
    pub view: &'s FileSystemView,
    /// The glock.
    pub row: &'s GlockRow,
    /// One node's part of it; `None`: merged over nodes.
    pub part: Option<&'s GlockPart>,
}

/// One column.
#[derive(Debug)]
pub struct GlockColumn {
    /// Name on the command line, in the configuration, CSV and JSON; with the unit where it has one.
    pub id: &'static str,
    /// Heading.
    pub title: &'static str,
    /// Width in the terminal.
    pub width: u16,
    /// Numbers stand to the right.
    pub right: bool,
    /// Shown from this terminal width on, if the user chose no columns.
    pub from_width: u16,
    /// What it tells, one line.
    pub help: &'static str,
    /// What sorts by it.
    pub sort: Option<SortKey>,
    /// Its value.
    pub get: for<'s> fn(&GlockCell<'s>) -> Value,
}

/// All columns, in the order they are shown.
pub const GLOCK_COLUMNS: &[GlockColumn] = &[
    GlockColumn {
        id: "type",
        title: "TYPE",
        width: 7,
        right: false,
        from_width: 1,
        help: "glock type: inode, rgrp (allocation), iopen (who may delete), flock, …",
        sort: Some(SortKey::Type),
        get: |cell| merged(cell, |row| Value::Text(row.name.kind.word().to_owned())),
    },
    GlockColumn {
        id: "glock",
        title: "GLOCK",
        width: 10,
        right: true,
        from_width: 1,
        help: "type and number as GFS2 prints them: 2/183f3 is inode 0x183f3",
        sort: None,
        get: |cell| merged(cell, |row| Value::Text(row.name.to_string())),
    },
    GlockColumn {
        id: "inode",
        title: "INO",
        width: 9,
        right: true,
        from_width: 1,
        help: "inode number, as ls -i prints it; empty for locks that are of no inode",
        sort: Some(SortKey::Inode),
        get: |cell| merged(cell, |row| row.name.inode().map_or(Value::Nothing, Value::Count)),
    },
    GlockColumn {
        id: "state",
        title: "STATE",
        width: 11,
        right: false,
        from_width: 1,
        help: "state of the glock per node in the nodes' order (UN SH DF EX); . where the node has not told it",
        sort: None,
        get: state,
    },
    GlockColumn {
        id: "waiting",
        title: "WAIT",
        width: 4,
        right: true,
        from_width: 1,
        help: "holders that wait",
        sort: None,
        get: |cell| count_or_nothing(cell.part.map_or(cell.row.waiting, GlockPart::waiting)),
    },
    GlockColumn {
        id: "waited_ns",
        title: "WAITED",
        width: 7,
        right: true,
        from_width: 1,
        help: "for how long the longest waiter has been seen waiting; a lower bound, GFS2 records no start",
        sort: Some(SortKey::Waiting),
        get: |cell| match cell.part.map_or((cell.row.waiting, cell.row.waited_ns), |part| (part.waiting(), part.waited_ns)) {
            (0, _) => Value::Nothing,
            (_, ns) => Value::AtLeast(ns),
        },
    },
    GlockColumn {
        id: "demote_ns",
        title: "ASKED",
        width: 6,
        right: true,
        from_width: 1,
        help: "how long ago a node was asked to give it up and has not: another node waits for it so long",
        sort: None,
        get: |cell| {
            let part = |part: &GlockPart| part.glock.demote.as_ref().map(|demote| demote.for_ns);
            cell.part.map_or(cell.row.demote_ns, part).map_or(Value::Nothing, Value::Nanoseconds)
        },
    },
    GlockColumn {
        id: "dlm_requests",
        title: "DLM",
        width: 6,
        right: true,
        from_width: 1,
        help: "requests to the DLM in the interval",
        sort: None,
        get: |cell| counted(cell, |row| row.dlm_requests, |stats| stats.dlm_requests),
    },
    GlockColumn {
        id: "queued",
        title: "CALLS",
        width: 7,
        right: true,
        from_width: 1,
        help: "local lock calls in the interval; those beyond DLM were served from the cache",
        sort: Some(SortKey::Count),
        get: |cell| counted(cell, |row| row.queued, |stats| stats.queued),
    },
    GlockColumn {
        id: "blocking_rtt_ns",
        title: "ROUND TRIP",
        width: 10,
        right: true,
        from_width: 90,
        help: "smoothed time of DLM requests that may wait for other nodes, the longest of the nodes",
        sort: Some(SortKey::Max),
        get: |cell| {
            let of = cell.part.map_or(cell.row.blocking_rtt_ns, |part| part.glock.stats.and_then(|stats| stats.blocking_rtt_ns));
            of.filter(|ns| *ns > 0).map_or(Value::Nothing, Value::Nanoseconds)
        },
    },
    GlockColumn {
        id: "dlm_wait_ns",
        title: "DLM WAIT",
        width: 8,
        right: true,
        from_width: 100,
        help: "time that requests to the DLM took which were answered in the interval, over the nodes that measure it; ? where none does",
        sort: Some(SortKey::Time),
        get: |cell| traced(cell, |row| row.dlm_wait_ns, |figures| figures.dlm_wait_ns).map_or(Value::Unknown, Value::Nanoseconds),
    },
    GlockColumn {
        id: "remote_demotes",
        title: "DEMOTED",
        width: 7,
        right: true,
        from_width: 100,
        help: "how often another node asked for it and the node had to give it up, in the interval, over the nodes that measure it; ? where none does",
        sort: None,
        get: |cell| traced(cell, |row| row.remote_demotes, |figures| figures.remote_demotes).map_or(Value::Unknown, Value::Count),
    },
    GlockColumn {
        id: "holder",
        title: "HELD BY",
        width: 44,
        right: false,
        from_width: 124,
        help: "the first process that holds it: node, pid, name, and the kernel function that asked for it",
        sort: None,
        get: holder,
    },
    GlockColumn {
        id: "dlm_replies",
        title: "REPLIES",
        width: 7,
        right: true,
        from_width: 150,
        help: "replies of the DLM in the interval: DLM WAIT is the time of so many requests; ? where they are not measured",
        sort: None,
        get: |cell| traced(cell, |row| row.dlm_replies, |figures| figures.dlm_replies).map_or(Value::Unknown, Value::Count),
    },
    GlockColumn {
        id: "reason",
        title: "WHY IT WAITS",
        width: 40,
        right: false,
        from_width: 170,
        help: "why the waiters wait, as far as the node can tell",
        sort: None,
        get: |cell| {
            let mut parts = cell.part.into_iter().chain(cell.row.nodes.iter().filter(|_| cell.part.is_none()));
            parts.find_map(GlockPart::reason).map_or(Value::Nothing, |reason| Value::Text(reason.words().to_owned()))
        },
    },
];

impl GlockColumn {
    /// The column of this id.
    pub fn by_id(id: &str) -> Option<&'static GlockColumn> {
        GLOCK_COLUMNS.iter().find(|column| column.id == id)
    }
}

fn merged(cell: &GlockCell<'_>, get: impl Fn(&GlockRow) -> Value) -> Value {
    if cell.part.is_some() { Value::Nothing } else { get(cell.row) }
}

fn count_or_nothing(count: u64) -> Value {
    if count == 0 { Value::Nothing } else { Value::Count(count) }
}

fn counted(cell: &GlockCell<'_>, row: fn(&GlockRow) -> Option<u64>, part: fn(&sample::gfs2::GlockFigures) -> u64) -> Value {
    let count = match cell.part {
        Some(of) => of.glock.stats.as_ref().map(part),
        None => row(cell.row),
    };
    // Without a line in glstats nothing is known of it; that is not 0.
    count.map_or(Value::Nothing, Value::Count)
}

fn traced(cell: &GlockCell<'_>, row: fn(&GlockRow) -> Option<u64>, part: fn(&TracedFigures) -> Option<u64>) -> Option<u64> {
    cell.part.map_or_else(|| row(cell.row), |of| part(&of.glock.traced))
}

fn state(cell: &GlockCell<'_>) -> Value {
    let word = |part: &GlockPart| if part.glock.state.is_empty() { ".".to_owned() } else { part.glock.state.clone() };
    if let Some(part) = cell.part {
        return Value::Text(word(part));
    }
    let of = |node: usize| cell.row.on(node).map_or_else(|| ".".to_owned(), word);
    Value::Text(cell.view.nodes.iter().map(|node| of(node.node)).collect::<Vec<_>>().join(" "))
}

fn holder(cell: &GlockCell<'_>) -> Value {
    let mut parts = cell.part.into_iter().chain(cell.row.nodes.iter().filter(|_| cell.part.is_none()));
    let held = parts.find_map(|part| {
        let holder = part.glock.holders.iter().find(|holder| !holder.waiting && !part.glock.background)?;
        let pid = holder.pid.map_or_else(String::new, |pid| format!(" pid {pid}"));
        let comm = if holder.pid.is_some() { format!(" {}", holder.comm) } else { String::new() };
        Some(format!("{}{pid}{comm} {} {}", cell.snapshot.node_name(part.node), holder.state, holder.symbol))
    });
    held.map_or(Value::Nothing, Value::Text)
}
