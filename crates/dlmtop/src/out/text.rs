//! Text: what the live screen shows, once per snapshot, for people and logs.

use super::{Face, shows_all};
use crate::select;
use crate::settings::Settings;
use crate::units::{Clock, span, text};
use model::column::Cell;
use model::finding::verdicts::NOT_MEASURED;
use model::{COLUMNS, Column, Episode, FileSystemView, Finding, NodeState, NodeView, NodeWait, Severity, Snapshot, Value};
use sample::message::FileSystemKind;
use std::collections::BTreeSet;
use std::io::{self, Write};
use terminal::clean;

/// Rows per file system if not told otherwise.
const USUAL_ROWS: usize = 20;
/// Columns that text has by itself: those of a terminal of this width.
const USUAL_WIDTH: u16 = 110;
/// Columns that are empty in a node's row: its name stands there.
const NODE_NAME_OVER: [&str; 3] = ["type", "inode", "path"];
/// Room for a node's name where none of those comes first.
const NODE_NAME_WIDTH: usize = 15;

/// See the module's text.
pub struct Text<'s> {
    settings: &'s Settings,
    clock: Clock,
    columns: Vec<&'static Column>,
    /// Notes that are told once only.
    told: BTreeSet<String>,
}

impl<'s> Text<'s> {
    /// Text with these settings.
    pub fn new(settings: &'s Settings) -> Text<'s> {
        let usual = || COLUMNS.iter().filter(|column| column.from_width > 0 && column.from_width <= USUAL_WIDTH).collect();
        let columns: Vec<_> = settings.columns.locks.clone().unwrap_or_else(usual);
        Text { settings, clock: Clock::new(settings.utc), columns, told: BTreeSet::new() }
    }
}

impl Face for Text<'_> {
    fn write(&mut self, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
        let time = snapshot.at.realtime_us.map_or_else(|| "time unknown".to_owned(), |us| self.clock.date_time(us));
        writeln!(out, "=== {time}  sample {}", snapshot.number)?;
        for finding in &snapshot.findings {
            if finding.rule == NOT_MEASURED && !self.told.insert(finding.text.clone()) {
                continue;
            }
            writeln!(out, "{} {}", mark(finding.severity), clean(&finding.text))?;
            self.waits(snapshot, finding, out)?;
            if let Some(remedy) = finding.remedy {
                writeln!(out, "    {remedy}")?;
            }
        }
        for episode in &snapshot.ended {
            writeln!(out, "  {}", self.ended(snapshot, episode))?;
        }
        for node in &snapshot.elsewhere {
            writeln!(out, "{}", node_line(node, FileSystemKind::Ocfs2))?;
        }
        for view in &snapshot.file_systems {
            self.file_system(snapshot, view, out)?;
        }
        writeln!(out)
    }
}

fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "!!",
        Severity::Warning => " !",
        Severity::Note => " -",
    }
}

impl Text<'_> {
    fn ended(&self, snapshot: &Snapshot, episode: &Episode) -> String {
        let waits: Vec<String> = episode.waits.iter().map(|wait| self.past_wait(snapshot, wait)).collect();
        let inode = episode.name.inode().map(|inode| format!(" of inode {inode}")).unwrap_or_default();
        format!("ended: {} lock{inode} was stuck: {}  ({})", episode.name.kind().word(), waits.join("; "), episode.name)
    }

    fn past_wait(&self, snapshot: &Snapshot, wait: &NodeWait) -> String {
        let since = wait.since_us.map_or_else(|| "a time not recorded".to_owned(), |us| self.clock.date_time_ms(us));
        let length = match wait.over_after_ns {
            Some(over) => format!("{} to {}", span(wait.longest_ns), span(over)),
            None => format!("{} or longer", span(wait.longest_ns)),
        };
        format!("{} waited for {} from {since} for {length}", clean(snapshot.node_name(wait.node)), wait.wanted)
    }

    /// Who waits since when, a line per node.
    fn waits(&self, snapshot: &Snapshot, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        let view = finding.uuid.as_deref().and_then(|uuid| snapshot.file_system(uuid));
        let row = view.and_then(|view| view.rows.iter().find(|row| Some(row.name) == finding.lock));
        for part in row.iter().flat_map(|row| &row.nodes) {
            let Some(wait) = &part.figures.wait else { continue };
            let since = wait.since_us.map_or_else(|| "a time the kernel does not record".to_owned(), |us| self.clock.date_time_ms(us));
            let least = if wait.at_least { "at least " } else { "" };
            writeln!(
                out,
                "     {} waits for {} since {since} ({least}{})",
                clean(snapshot.node_name(part.node)),
                wait.wanted,
                span(wait.for_ns)
            )?;
        }
        Ok(())
    }

    fn file_system(&self, snapshot: &Snapshot, view: &FileSystemView, out: &mut dyn Write) -> io::Result<()> {
        let label = view.label.as_deref().map(|label| format!(" ({})", clean(label))).unwrap_or_default();
        let (title, uuid) = (clean(view.title()), clean(&view.uuid));
        match view.kind {
            FileSystemKind::Ocfs2 => writeln!(out, "{title}{label}  UUID {uuid}")?,
            FileSystemKind::Gfs2 => writeln!(out, "{title}  GFS2 {uuid}")?,
        }
        if let Some(verdict) = &view.verdict {
            writeln!(out, "  {}", clean(&crate::views::waits::headline(verdict, &self.clock)))?;
        }
        for node in &view.nodes {
            writeln!(out, "{}", node_line(node, view.kind))?;
        }
        if view.kind == FileSystemKind::Gfs2 {
            return super::glock_text::write(snapshot, view, self.settings, &self.clock, out);
        }
        let totals = &view.totals;
        let types: Vec<String> = totals.by_frequency().iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let basis = if view.lifetime { " since each lock was made" } else { "" };
        writeln!(
            out,
            "  acquisitions{basis}: EX {} in {}, PR {} in {}; active locks {}{}{}",
            totals.ex_gets,
            span(totals.ex_ns),
            totals.pr_gets,
            span(totals.pr_ns),
            totals.active_total(),
            if types.is_empty() { "" } else { ": " },
            types.join(", ")
        )?;
        let most = self.settings.top.unwrap_or(USUAL_ROWS);
        let mut rows = select::rows(view, self.settings, shows_all(snapshot), usize::MAX);
        let hidden = rows.len().saturating_sub(most);
        rows.truncate(most);
        if rows.is_empty() {
            let known: u64 = view.nodes.iter().filter_map(|node| node.last.as_ref()).map(|head| head.known).max().unwrap_or(0);
            return writeln!(out, "  no lock was acquired in this interval ({known} locks known)");
        }
        let headings = self.columns.iter().map(|column| padded(column.title, column));
        writeln!(out, "{}", headings.collect::<Vec<_>>().join(" ").trim_end())?;
        for row in &rows {
            let parts = if self.settings.detail { row.nodes.iter().map(Some).collect() } else { Vec::new() };
            for (number, part) in std::iter::once(None).chain(parts.iter().copied()).enumerate() {
                let cell = Cell { snapshot, view, row, part };
                let mut cells =
                    self.columns.iter().map(|column| padded(&text(&(column.get)(&cell), &self.clock), column)).collect::<Vec<_>>();
                if let Some(part) = part {
                    let branch = match (self.settings.ascii, number == parts.len()) {
                        (false, false) => "├─",
                        (false, true) => "└─",
                        (true, false) => "|-",
                        (true, true) => "`-",
                    };
                    let missed = if part.missed_ns.is_some() { "~" } else { "" };
                    let name = format!("{branch}{}{missed}", clean(snapshot.node_name(part.node)));
                    let over = self.columns.iter().take_while(|column| NODE_NAME_OVER.contains(&column.id));
                    put_name(&mut cells, &name, &over.map(|column| column.width).collect::<Vec<_>>());
                }
                let stuck = if row.figures.stuck && part.is_none() { "  STUCK" } else { "" };
                writeln!(out, "{}{stuck}", cells.join(" ").trim_end())?;
            }
        }
        if hidden > 0 {
            writeln!(out, "  and {hidden} more (--top {})", rows.len() + hidden)?;
        }
        Ok(())
    }
}

/// Puts a node's name in place of the first cells, whose columns are `over` wide and empty in its row; before all cells if there are none.
pub fn put_name(cells: &mut Vec<String>, name: &str, over: &[u16]) {
    let width = over.iter().map(|width| usize::from(*width) + 1).sum::<usize>();
    let width = if over.is_empty() { NODE_NAME_WIDTH } else { width.saturating_sub(1) };
    cells.splice(..over.len().min(cells.len()), [format!("{name:width$}")]);
}

fn padded(text: &str, column: &Column) -> String {
    let width = usize::from(column.width);
    if column.right { format!("{text:>width$}") } else { format!("{text:width$}") }
}

/// A node in one line: state, way, age, and how complete its dump was.
fn node_line(node: &NodeView, kind: FileSystemKind) -> String {
    let mut line = format!("  {:12} ", clean(&node.name));
    match &node.state {
        NodeState::Down(fault) => line += &clean(&format!("DOWN  {fault}; {}", fault.kind.remedy())),
        NodeState::Late(age_us) => line += &format!("LATE  no sample for {}", span(age_us * 1000)),
        NodeState::Connecting(attempt) => line += &format!("connecting (attempt {attempt})"),
        NodeState::Waiting => line += "connected, first sample awaited",
        NodeState::Live => line += "live",
    }
    if let (Some(head), true) = (&node.last, node.state.counts()) {
        if let Some(way) = &node.way {
            line += &format!(" ({way})");
        }
        let what = if kind == FileSystemKind::Gfs2 { "glocks" } else { "locks" };
        line += &format!(", {} {what}", head.known);
        match head.dump.missed {
            // GFS2's files lose nothing.
            Some(0) => {}
            Some(missed) => line += &format!(", about {missed} missed by the dump"),
            None => line += ", missed by the dump: unknown",
        }
        if head.pace.kept_ms > head.pace.asked_ms {
            line += &format!(", every {}", span(head.pace.kept_ms * 1_000_000));
        }
        if let Some(Value::Nanoseconds(age)) = node.age_us.filter(|age| *age > 500_000).map(|age| Value::Nanoseconds(age * 1000)) {
            line += &format!(", {} old", span(age));
        }
    }
    line
}
