//! JSON: one object per line and snapshot, documented in `docs/json.md`. Integers are exact, names carry units, what is
//! not known is `null`.

use super::{Face, most, shows_all};
use crate::select;
use crate::settings::Settings;
use model::column::Cell;
use model::{
    COLUMNS, Episode, FileSystemView, Finding, GLOCK_COLUMNS, GlockCell, GlockRow, LockRow, NodeFigures, NodeState, NodeView, Snapshot,
    Value as Figure,
};
use sample::gfs2::Tracing;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Raised when a field changes its meaning or goes; not when one is added.
pub const SCHEMA: u32 = 1;

/// See the module's text.
pub struct Json<'s> {
    settings: &'s Settings,
}

impl<'s> Json<'s> {
    /// JSON with these settings.
    pub fn new(settings: &'s Settings) -> Json<'s> {
        Json { settings }
    }
}

impl Face for Json<'_> {
    fn write(&mut self, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &object(snapshot, self.settings))?;
        out.write_all(b"\n")
    }
}

/// A snapshot as one object.
pub fn object(snapshot: &Snapshot, settings: &Settings) -> Value {
    json!({
        "schema": SCHEMA,
        "number": snapshot.number,
        "time_us": snapshot.at.realtime_us,
        "after_us": snapshot.at.monotonic_us,
        "interval_us": snapshot.interval_us,
        "findings": snapshot.findings.iter().map(|finding| finding_object(snapshot, finding)).collect::<Vec<_>>(),
        "stuck": snapshot.stuck.iter().map(|episode| episode_object(snapshot, episode)).collect::<Vec<_>>(),
        "ended": snapshot.ended.iter().map(|episode| episode_object(snapshot, episode)).collect::<Vec<_>>(),
        "file_systems": snapshot.file_systems.iter().map(|view| file_system(snapshot, view, settings)).collect::<Vec<_>>(),
        "elsewhere": snapshot.elsewhere.iter().map(node_object).collect::<Vec<_>>(),
    })
}

fn file_system(snapshot: &Snapshot, view: &FileSystemView, settings: &Settings) -> Value {
    let totals = &view.totals;
    let rows = select::rows(view, settings, shows_all(snapshot), most(settings));
    json!({
        "uuid": view.uuid,
        "kind": view.kind.word(),
        "verdict": view.verdict.as_ref().map(crate::views::waits::verdict),
        "label": view.label,
        "mount_points": view.mount_points,
        "since": if view.lifetime { "lock made" } else { "interval" },
        "nodes": view.nodes.iter().map(node_object).collect::<Vec<_>>(),
        "totals": {
            "ex_count": totals.ex_gets,
            "ex_time_ns": totals.ex_ns,
            "pr_count": totals.pr_gets,
            "pr_time_ns": totals.pr_ns,
            "active": totals.active_total(),
            "active_by_type": totals.by_frequency().into_iter().map(|(kind, count)| (kind.to_string(), json!(count))).collect::<Map<_, _>>(),
            "omitted": totals.omitted,
            "waiting": totals.waiting,
            "stuck": totals.stuck,
        },
        "locks": rows.iter().map(|row| lock(snapshot, view, row)).collect::<Vec<_>>(),
        "glocks": select::glocks(view, settings, shows_all(snapshot)).iter().take(most(settings)).map(|row| glock(snapshot, view, row)).collect::<Vec<_>>(),
        "gfs2": view.gfs2.iter().map(|of_node| json!({
            "node": snapshot.node_name(of_node.node),
            "health": of_node.health,
            "dlm_waits": match of_node.tracing {
                Tracing::Off => "off",
                Tracing::Failed(_) => "failed",
                Tracing::On { .. } => "on",
            },
            "dlm_waits_trouble": of_node.tracing.trouble(),
            "types": of_node.types.iter().map(|figures| json!({
                "type": figures.kind.word(),
                "unlocked": figures.by_state.first(),
                "shared": figures.by_state.get(1),
                "deferred": figures.by_state.get(2),
                "exclusive": figures.by_state.get(3),
                "held": figures.held,
                "contended": figures.contended,
                "waiting": figures.waiting,
                "dlm_requests": figures.dlm_requests,
                "queued": figures.queued,
                "blocking_rtt_ns": figures.blocking_rtt_ns,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn glock(snapshot: &Snapshot, view: &FileSystemView, row: &GlockRow) -> Value {
    let mut object = glock_figures(&GlockCell { snapshot, view, row, part: None });
    object.insert("stuck".to_owned(), json!(row.stuck));
    object.insert("system".to_owned(), json!(row.system));
    let parts = row.nodes.iter().map(|part| {
        let mut object = Map::new();
        object.insert("node".to_owned(), json!(snapshot.node_name(part.node)));
        object.append(&mut glock_figures(&GlockCell { snapshot, view, row, part: Some(part) }));
        object.insert("target".to_owned(), json!(part.glock.target));
        object.insert("flags".to_owned(), json!(part.glock.flags));
        object.insert("flags_words".to_owned(), json!(part.glock.flags_words));
        object.insert("holders".to_owned(), json!(part.glock.holders));
        object.insert("holders_omitted".to_owned(), json!(part.glock.holders_omitted));
        object.insert("demote".to_owned(), json!(part.glock.demote));
        object.insert("over_ns".to_owned(), json!(part.glock.stats.and_then(|stats| stats.over_ns)));
        Value::Object(object)
    });
    object.insert("nodes".to_owned(), Value::Array(parts.collect()));
    Value::Object(object)
}

/// The columns as fields, as [`figures`] has them.
fn glock_figures(cell: &GlockCell<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    for column in GLOCK_COLUMNS.iter().filter(|column| cell.part.is_some() || column.id != "state") {
        add(&mut object, column.id, (column.get)(cell));
    }
    object
}

/// Adds a field; what does not apply is left out, what is not known is `null`.
fn add(object: &mut Map<String, Value>, id: &str, value: Figure) {
    let value = match value {
        Figure::Nothing => return,
        Figure::Unknown => Value::Null,
        Figure::Count(value) | Figure::Nanoseconds(value) | Figure::Moment(value) => json!(value),
        Figure::AtLeast(value) => {
            object.insert("waiting_at_least".to_owned(), json!(true));
            json!(value)
        }
        Figure::Text(text) => json!(text),
        Figure::Series(series) => json!(series),
    };
    object.insert(id.to_owned(), value);
}

fn node_object(node: &NodeView) -> Value {
    let head = node.last.as_ref();
    let fault = match &node.state {
        NodeState::Down(fault) => json!({ "kind": fault.kind, "detail": fault.detail, "remedy": fault.kind.remedy() }),
        _ => Value::Null,
    };
    json!({
        "name": node.name,
        "state": match &node.state {
            NodeState::Down(_) => "down",
            other => other.word(),
        },
        "fault": fault,
        "way": node.way.as_ref().map(ToString::to_string),
        "fresh": node.fresh,
        "age_us": node.age_us,
        "device": node.file_system.as_ref().and_then(|file_system| file_system.device_path.clone()),
        "slot": node.file_system.as_ref().and_then(|file_system| file_system.slot),
        "kernel": node.hello.as_ref().map(|hello| hello.kernel.clone()),
        "clock_ahead_us": node.ahead_us,
        "sample": head.map(|head| json!({
            "seq": head.seq,
            "node_time_us": head.clock.realtime_us,
            "interval_ns": head.interval_ns,
            "known": head.known,
            "known_by_type": head.census.iter().map(|(letter, count)| (letter.to_string(), json!(count))).collect::<Map<_, _>>(),
            "made": head.made,
            "made_again": head.made_again,
            "gone": head.gone,
            "statistics": head.stats,
            "passes": head.dump.passes,
            "records": head.dump.records,
            "bytes": head.dump.bytes,
            "reads": head.dump.reads,
            "missed_estimate": head.dump.missed,
            "format_version": head.dump.version,
            "lines_not_understood": head.dump.problems.lines,
            "first_not_understood": head.dump.problems.first,
            "interval_asked_ms": head.pace.asked_ms,
            "interval_kept_ms": head.pace.kept_ms,
            "cpu_us": head.pace.cpu_us,
        })),
    })
}

fn lock(snapshot: &Snapshot, view: &FileSystemView, row: &LockRow) -> Value {
    let mut object = figures(&Cell { snapshot, view, row, part: None });
    object.insert("system".to_owned(), json!(row.system));
    object.insert("stuck".to_owned(), json!(row.figures.stuck));
    let parts: Vec<Value> = row.nodes.iter().map(|part| node_part(snapshot, view, row, part)).collect();
    object.insert("nodes".to_owned(), Value::Array(parts));
    Value::Object(object)
}

fn node_part(snapshot: &Snapshot, view: &FileSystemView, row: &LockRow, part: &NodeFigures) -> Value {
    let mut object = Map::new();
    object.insert("node".to_owned(), json!(snapshot.node_name(part.node)));
    object.append(&mut figures(&Cell { snapshot, view, row, part: Some(part) }));
    let state = &part.state;
    let more = json!({
        "over_ns": part.figures.over_ns,
        "missed_ns": part.missed_ns,
        "life": part.life,
        "requested": state.requested.to_string(),
        "blocking": state.blocking.to_string(),
        "action": state.action.to_string(),
        "unlock_action": state.unlock_action.to_string(),
        "flags": state.flags.0,
        "flags_words": state.flags.to_string(),
        "ro_holders": state.ro_holders,
        "ex_holders": state.ex_holders,
        "waiting_handles": part.figures.waiting_handles,
        "pr_last_us": part.figures.pr.last_us,
        "ex_last_us": part.figures.ex.last_us,
        "stuck": part.figures.stuck,
    });
    if let Value::Object(mut more) = more {
        object.append(&mut more);
    }
    Value::Object(object)
}

/// The columns as fields. Columns that do not apply are left out; what applies but is not known is `null`.
fn figures(cell: &Cell<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    for column in
        COLUMNS.iter().filter(|column| cell.part.is_none() || !matches!(column.id, "type" | "inode" | "path" | "trend_ns" | "name"))
    {
        add(&mut object, column.id, (column.get)(cell));
    }
    if cell.part.is_none() {
        // Per node and in one string: programs want the former.
        object.remove("level");
    }
    object
}

fn episode_object(snapshot: &Snapshot, episode: &Episode) -> Value {
    let name = |node: &usize| snapshot.node_name(*node).to_owned();
    json!({
        "uuid": episode.uuid,
        "name": episode.name.to_string(),
        "type": episode.name.kind().to_string(),
        "inode": episode.name.inode(),
        "since_us": episode.since_us,
        "longest_ns": episode.longest_ns(),
        "waits": episode.waits.iter().map(|wait| json!({
            "node": name(&wait.node),
            "since_us": wait.since_us,
            "longest_ns": wait.longest_ns,
            "at_least": wait.at_least,
            "over_after_ns": wait.over_after_ns,
            "wanted": wait.wanted.to_string(),
            "handles": wait.handles,
        })).collect::<Vec<_>>(),
        "holders": episode.holders.iter().map(name).collect::<Vec<_>>(),
        "last_seen_us": episode.last_seen.realtime_us,
        "ended_before_us": episode.ended.and_then(|ended| ended.realtime_us),
    })
}

fn finding_object(snapshot: &Snapshot, finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.word(),
        "rule": finding.rule,
        "uuid": finding.uuid,
        "lock": finding.lock.map(|name| name.to_string()),
        "nodes": finding.nodes.iter().map(|node| snapshot.node_name(*node)).collect::<Vec<_>>(),
        "text": finding.text,
        "evidence": finding.evidence,
        "remedy": finding.remedy,
    })
}
