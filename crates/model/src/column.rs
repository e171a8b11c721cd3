//! Everything that can be told of a lock, once: terminal, text, CSV, JSON and the manual's table come from it.

use crate::rank::SortKey;
use crate::row::{Figures, LockRow, NodeFigures};
use crate::snapshot::{FileSystemView, Snapshot};
use formats::ocfs2::LockType;

/// A value without its unit's spelling: each face writes it in its own way.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Does not apply here.
    Nothing,
    /// Applies, but is not known; never shown as 0.
    Unknown,
    /// A count.
    Count(u64),
    /// A time span, ns.
    Nanoseconds(u64),
    /// A lower bound of a time span, ns.
    AtLeast(u64),
    /// A moment, µs since the epoch.
    Moment(u64),
    /// Words.
    Text(String),
    /// A series, oldest first.
    Series(Vec<u64>),
}

/// What a column's getter may look at.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'s> {
    /// The moment.
    pub snapshot: &'s Snapshot,
    /// The file system.
    pub view: &'s FileSystemView,
    /// The lock.
    pub row: &'s LockRow,
    /// One node's part of it; `None`: merged over nodes.
    pub part: Option<&'s NodeFigures>,
}

impl<'s> Cell<'s> {
    /// The figures: the node's, or merged.
    pub fn figures(&self) -> &'s Figures {
        self.part.map_or(&self.row.figures, |part| &part.figures)
    }
}

/// One column.
#[derive(Debug)]
pub struct Column {
    /// Name on the command line, in the configuration, CSV and JSON; with the unit where it has one.
    pub id: &'static str,
    /// Heading.
    pub title: &'static str,
    /// Width in the terminal.
    pub width: u16,
    /// Numbers stand to the right.
    pub right: bool,
    /// Shown from this terminal width on, if the user chose no columns; 0: only if chosen.
    pub from_width: u16,
    /// What it tells, one line.
    pub help: &'static str,
    /// What sorts by it.
    pub sort: Option<SortKey>,
    /// Its value.
    pub get: for<'s> fn(&Cell<'s>) -> Value,
}

/// All columns, in the order they are shown.
pub const COLUMNS: &[Column] = &[
    Column {
        id: "type",
        title: "TYPE",
        width: 4,
        right: false,
        from_width: 1,
        help: "type letter of the lock: M metadata, W write, O open, F flock, N dentry, …",
        sort: Some(SortKey::Type),
        get: |cell| match cell.part {
            None => Value::Text(cell.row.kind().to_string()),
            Some(_) => Value::Nothing,
        },
    },
    Column {
        id: "inode",
        title: "INO",
        width: 10,
        right: true,
        from_width: 1,
        help: "inode (block) number; empty for locks of the whole file system",
        sort: Some(SortKey::Inode),
        get: |cell| match (cell.part, cell.row.name.inode()) {
            (None, Some(inode)) => Value::Count(inode),
            _ => Value::Nothing,
        },
    },
    Column {
        id: "path",
        title: "PATH",
        width: 14,
        right: false,
        from_width: 150,
        help: "what is known of the path: the root directory, system files; else nothing",
        sort: None,
        get: path,
    },
    Column {
        id: "ex_count",
        title: "EX NUM",
        width: 7,
        right: true,
        from_width: 1,
        help: "exclusive (write) acquisitions in the interval, cached and failed ones included",
        sort: None,
        get: |cell| counted(cell, |figures| Value::Count(figures.ex.gets)),
    },
    Column {
        id: "ex_time_ns",
        title: "EX TIME",
        width: 8,
        right: true,
        from_width: 1,
        help: "total time spent acquiring EX in the interval",
        sort: None,
        get: |cell| counted(cell, |figures| Value::Nanoseconds(figures.ex.total_ns)),
    },
    Column {
        id: "ex_avg_ns",
        title: "EX AVG",
        width: 7,
        right: true,
        from_width: 1,
        help: "average time per EX acquisition",
        sort: None,
        get: |cell| counted(cell, |figures| average(figures.ex.average_ns())),
    },
    Column {
        id: "pr_count",
        title: "PR NUM",
        width: 7,
        right: true,
        from_width: 1,
        help: "protected-read acquisitions in the interval, cached and failed ones included",
        sort: None,
        get: |cell| counted(cell, |figures| Value::Count(figures.pr.gets)),
    },
    Column {
        id: "pr_time_ns",
        title: "PR TIME",
        width: 8,
        right: true,
        from_width: 1,
        help: "total time spent acquiring PR in the interval",
        sort: None,
        get: |cell| counted(cell, |figures| Value::Nanoseconds(figures.pr.total_ns)),
    },
    Column {
        id: "pr_avg_ns",
        title: "PR AVG",
        width: 7,
        right: true,
        from_width: 1,
        help: "average time per PR acquisition",
        sort: None,
        get: |cell| counted(cell, |figures| average(figures.pr.average_ns())),
    },
    Column {
        id: "waiting_ns",
        title: "WAITING",
        width: 8,
        right: true,
        from_width: 1,
        help: "length of the longest wait under way, by the waiting node's own clock",
        sort: Some(SortKey::Waiting),
        get: |cell| match &cell.figures().wait {
            None => Value::Nothing,
            Some(wait) if wait.at_least => Value::AtLeast(wait.for_ns),
            Some(wait) => Value::Nanoseconds(wait.for_ns),
        },
    },
    Column {
        id: "waiting_since_us",
        title: "SINCE",
        width: 12,
        right: true,
        from_width: 130,
        help: "start of the longest wait under way, by the waiting node's clock (format version 4)",
        sort: None,
        get: |cell| match &cell.figures().wait {
            None => Value::Nothing,
            Some(wait) => wait.since_us.map_or(Value::Unknown, Value::Moment),
        },
    },
    Column {
        id: "wanted",
        title: "WANTS",
        width: 5,
        right: false,
        from_width: 130,
        help: "level that the first waiter wants, as far as the kernel's record tells",
        sort: None,
        get: |cell| cell.figures().wait.as_ref().map_or(Value::Nothing, |wait| Value::Text(wait.wanted.to_string())),
    },
    Column {
        id: "max_ns",
        title: "MAX",
        width: 7,
        right: true,
        from_width: 90,
        help: "longest single acquisition since the lock was made; the kernel never resets it",
        sort: Some(SortKey::Max),
        get: |cell| counted(cell, |figures| Value::Nanoseconds(figures.max_ns())),
    },
    Column {
        id: "level",
        title: "LEVEL",
        width: 14,
        right: false,
        from_width: 140,
        help: "level granted, per node in the nodes' order; . where the node has not told it",
        sort: None,
        get: level,
    },
    Column {
        id: "count",
        title: "NUM",
        width: 7,
        right: true,
        from_width: 0,
        help: "acquisitions at both levels",
        sort: Some(SortKey::Count),
        get: |cell| counted(cell, |figures| Value::Count(figures.gets())),
    },
    Column {
        id: "time_ns",
        title: "TIME",
        width: 8,
        right: true,
        from_width: 100,
        help: "total time spent acquiring at both levels",
        sort: Some(SortKey::Time),
        get: |cell| counted(cell, |figures| Value::Nanoseconds(figures.total_ns())),
    },
    Column {
        id: "rank_ns",
        title: "AVG",
        width: 7,
        right: true,
        from_width: 110,
        help: "half the sum of EX AVG and PR AVG, summed over nodes: the default order",
        sort: Some(SortKey::Average),
        get: |cell| ranked(cell),
    },
    Column {
        id: "failed",
        title: "FAILED",
        width: 7,
        right: true,
        from_width: 170,
        help: "acquisitions that failed (a trylock that got EAGAIN counts)",
        sort: None,
        get: |cell| counted(cell, |figures| Value::Count(figures.pr.fails + figures.ex.fails)),
    },
    Column {
        id: "refreshed",
        title: "REFRESH",
        width: 7,
        right: true,
        from_width: 0,
        help: "times the contents were read from disk again since the lock was made",
        sort: None,
        get: |cell| counted(cell, |figures| Value::Count(figures.refresh)),
    },
    Column {
        id: "handles",
        title: "HANDLES",
        width: 7,
        right: true,
        from_width: 0,
        help: "open file handles that share a flock lock's name",
        sort: None,
        get: |cell| if cell.row.kind() == LockType::FLOCK { Value::Count(u64::from(cell.figures().handles)) } else { Value::Nothing },
    },
    Column {
        id: "trend_ns",
        title: "LAST MINUTE",
        width: 12,
        right: false,
        from_width: 120,
        help: "time spent acquiring it, over the last minute",
        sort: None,
        get: |cell| if cell.part.is_none() { Value::Series(cell.row.trend.clone()) } else { Value::Nothing },
    },
    Column {
        id: "name",
        title: "NAME",
        width: 31,
        right: false,
        from_width: 200,
        help: "the lock's full name",
        sort: None,
        get: |cell| if cell.part.is_none() { Value::Text(cell.row.name.to_string()) } else { Value::Nothing },
    },
];

impl Column {
    /// The column of this id.
    pub fn by_id(id: &str) -> Option<&'static Column> {
        COLUMNS.iter().find(|column| column.id == id)
    }
}

/// A figure that only statistics give: unknown where the kernel keeps none, or the last dump lacked the lock.
fn counted(cell: &Cell<'_>, get: fn(&Figures) -> Value) -> Value {
    let figures = cell.figures();
    let missed = match cell.part {
        Some(part) => part.missed_ns.is_some(),
        None => !cell.row.nodes.is_empty() && cell.row.nodes.iter().all(|part| part.missed_ns.is_some()),
    };
    if figures.unknown || missed { Value::Unknown } else { get(figures) }
}

fn ranked(cell: &Cell<'_>) -> Value {
    if cell.figures().unknown { Value::Unknown } else { Value::Nanoseconds(cell.figures().rank_ns) }
}

fn average(ns: Option<u64>) -> Value {
    ns.map_or(Value::Nothing, Value::Nanoseconds)
}

fn path(cell: &Cell<'_>) -> Value {
    if cell.part.is_some() {
        return Value::Nothing;
    }
    if cell.row.system {
        return Value::Text("(system file)".to_owned());
    }
    match cell.row.kind() {
        LockType::SUPER => Value::Text("(superblock)".to_owned()),
        LockType::DENTRY => Value::Text(format!("in dir {}", cell.row.name.block())),
        kind if !kind.names_inode() => Value::Text(format!("({})", kind.word())),
        _ => Value::Nothing,
    }
}

fn level(cell: &Cell<'_>) -> Value {
    if let Some(part) = cell.part {
        Value::Text(part.state.level.to_string())
    } else {
        let of = |node: usize| cell.row.on(node).map_or(".", |part| part.state.level.word());
        Value::Text(cell.view.nodes.iter().map(|node| of(node.node)).collect::<Vec<_>>().join(" "))
    }
}
