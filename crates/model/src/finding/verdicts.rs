//! The rules: from a snapshot to verdicts.

use super::{Finding, Severity};
use crate::dlms;
use crate::node::{NodeState, NodeView};
use crate::row::{LockRow, NodeFigures};
use crate::rules::Rules;
use crate::snapshot::{FileSystemView, Snapshot};
use formats::ocfs2::{Level, LockType};
use sample::{FaultKind, StatsKept};

/// The rule that tells where DLM waits are not measured.
pub const NOT_MEASURED: &str = "dlm-waits-not-measured";

/// All verdicts on `snapshot`, worst first.
pub fn findings(snapshot: &Snapshot, rules: &Rules) -> Vec<Finding> {
    let mut findings = Vec::new();
    for view in &snapshot.file_systems {
        let mut stuck: Vec<&LockRow> = view.rows.iter().filter(|row| row.figures.stuck).collect();
        stuck.sort_by_key(|row| (std::cmp::Reverse(row.figures.waiting_ns()), row.name));
        findings.extend(stuck.into_iter().map(|row| stuck_lock(snapshot, view, row, rules)));
        for node in &view.nodes {
            findings.extend(node_findings(Some(view), node, rules));
        }
    }
    for node in &snapshot.elsewhere {
        findings.extend(node_findings(None, node, rules));
    }
    findings.extend(not_measured(snapshot));
    findings.extend(dlms::findings(snapshot));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// Nodes on which DLM waits should be measured and are not, or not all: once for each.
fn not_measured(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (view, of_node) in snapshot.file_systems.iter().flat_map(|view| view.gfs2.iter().map(move |of_node| (view, of_node))) {
        let Some(why) = of_node.tracing.trouble() else { continue };
        if findings.iter().all(|finding| !finding.nodes.contains(&of_node.node)) {
            findings.push(Finding {
                severity: Severity::Note,
                rule: NOT_MEASURED,
                uuid: Some(view.uuid.clone()),
                lock: None,
                nodes: vec![of_node.node],
                text: format!("{}: not all DLM waits and remote demotes are measured: {why}", snapshot.node_name(of_node.node)),
                evidence: vec!["hist triggers in a tracefs instance of its own measure them; --no-trace forbids it".to_owned()],
                remedy: None,
            });
        }
    }
    findings
}

/// What a lock is about, in words: `flock on inode 13187`.
pub fn subject(row: &LockRow) -> String {
    let kind = row.kind();
    match (row.name.inode(), kind) {
        (Some(inode), LockType::DENTRY) => format!("dentry of inode {inode} in directory {}", row.name.block()),
        (Some(inode), _) => format!("{} lock of inode {inode}", kind.word()),
        (None, _) => format!("{} lock", kind.word()),
    }
}

fn stuck_lock(snapshot: &Snapshot, view: &FileSystemView, row: &LockRow, rules: &Rules) -> Finding {
    let mut waiters: Vec<&NodeFigures> = row.nodes.iter().filter(|part| part.figures.wait.is_some()).collect();
    waiters.sort_by_key(|part| std::cmp::Reverse(part.figures.waiting_ns()));
    let told: Vec<String> = waiters
        .iter()
        .filter_map(|part| {
            let wait = part.figures.wait.as_ref()?;
            let length = seconds(wait.for_ns, wait.at_least);
            let handles =
                if part.figures.waiting_handles > 1 { format!(" ({} handles)", part.figures.waiting_handles) } else { String::new() };
            Some(format!("{}{handles} waits for {} {length}", snapshot.node_name(part.node), wait.wanted))
        })
        .collect();
    let holders: Vec<String> = row
        .nodes
        .iter()
        .filter(|part| part.figures.wait.is_none() && part.state.level >= Level::PR)
        .map(|part| format!("{} at {}", snapshot.node_name(part.node), part.state.level))
        .collect();
    let unseen: Vec<&str> = view.nodes.iter().filter(|node| !node.state.counts()).map(|node| node.name.as_str()).collect();
    let held = match (holders.is_empty(), unseen.is_empty()) {
        (false, _) => format!("; held by {}", holders.join(", ")),
        (true, true) => String::new(),
        (true, false) => format!("; holder not seen (not answering: {})", unseen.join(", ")),
    };
    let mut evidence: Vec<String> = row.nodes.iter().map(|part| evidence_line(snapshot, part)).collect();
    let stuck_s = rules.stuck_after_ns as f64 / 1e9;
    evidence.push(format!("rule: the first waiter of a node has waited {stuck_s} s or longer, by that node's clock"));
    Finding {
        severity: Severity::Critical,
        rule: "stuck-lock",
        uuid: Some(view.uuid.clone()),
        lock: Some(row.name),
        nodes: waiters.iter().map(|part| part.node).collect(),
        text: format!("{}: {}{held}", subject(row), told.join(", ")),
        evidence,
        remedy: None,
    }
}

/// What a node's record says: the numbers behind the words.
fn evidence_line(snapshot: &Snapshot, part: &NodeFigures) -> String {
    let state = &part.state;
    let since = part.figures.wait.as_ref().and_then(|wait| wait.since_us).map_or(String::new(), |since| format!(", lock_wait {since} µs"));
    let missed = part.missed_ns.map_or(String::new(), |ago| format!(", not in the last dump (seen {:.1} s ago)", ago as f64 / 1e9));
    format!(
        "{}: level {}, requested {}, blocking {}, action {}, flags {:#x} ({}), holders {} RO {} EX{since}{missed}",
        snapshot.node_name(part.node),
        state.level,
        state.requested,
        state.blocking,
        state.action,
        state.flags.0,
        state.flags,
        state.ro_holders,
        state.ex_holders
    )
}

fn seconds(ns: u64, at_least: bool) -> String {
    format!("{}{:.1} s", if at_least { "at least " } else { "" }, ns as f64 / 1e9)
}

fn node_findings(view: Option<&FileSystemView>, node: &NodeView, rules: &Rules) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |severity, rule, text: String, evidence: Vec<String>, remedy| {
        findings.push(Finding {
            severity,
            rule,
            uuid: view.map(|view| view.uuid.clone()),
            lock: None,
            nodes: vec![node.node],
            text: format!("{}: {text}", node.name),
            evidence,
            remedy,
        });
    };
    match &node.state {
        NodeState::Down(fault) => {
            let severity = if fault.kind == FaultKind::NotMounted { Severity::Warning } else { Severity::Critical };
            add(severity, "node-down", fault.to_string(), vec![fault.detail.clone()], Some(fault.kind.remedy()));
        }
        NodeState::Late(age_us) => {
            let kept = node.last.as_ref().map_or(0, |head| head.pace.kept_ms);
            add(
                Severity::Critical,
                "node-late",
                format!("no sample for {:.1} s", *age_us as f64 / 1e6),
                vec![format!(
                    "its interval is {:.1} s; rule: late after nearly two intervals; its numbers do not count",
                    kept as f64 / 1e3
                )],
                Some(FaultKind::Silent.remedy()),
            );
        }
        NodeState::Live | NodeState::Waiting | NodeState::Connecting(_) => {}
    }
    let Some(head) = node.last.as_ref().filter(|_| node.state.counts()) else { return findings };
    if let Some(ahead) = node.ahead_us.filter(|ahead| ahead.abs() > rules.skew_us) {
        let (by, way) = (ahead.unsigned_abs() as f64 / 1e6, if ahead > 0 { "ahead" } else { "behind" });
        let text = format!("clock skew: {by:.1} s {way} of this machine");
        add(Severity::Warning, "clock-skew", text, vec!["waits are measured on each node's own clock and stay right".to_owned()], None);
    }
    if head.stats == StatsKept::No {
        let evidence = vec!["locks are held and all their counters are 0: the kernel lacks CONFIG_OCFS2_FS_STATS".to_owned()];
        add(Severity::Warning, "no-statistics", "its kernel keeps no lock statistics".to_owned(), evidence, None);
    }
    if let Some(first) = &head.dump.problems.first {
        let text = format!("{} lines not understood", head.dump.problems.lines);
        add(Severity::Warning, "lines-not-understood", text, vec![format!("first: {first}")], None);
    }
    if head.pace.kept_ms > head.pace.asked_ms {
        let text = format!(
            "interval stretched to {:.1} s: a sample costs the node {:.2} s of CPU",
            head.pace.kept_ms as f64 / 1e3,
            head.pace.cpu_us as f64 / 1e6
        );
        add(Severity::Note, "interval-stretched", text, Vec::new(), Some("raise --cpu-share to read more often"));
    }
    findings
}
