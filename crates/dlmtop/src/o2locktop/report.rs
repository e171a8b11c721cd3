//! One refresh as o2locktop prints it.
//!
//! ```text
//! o2locktop (dlmtop 0.1.0) n1:/mnt/shared lockspace: 7635D31F539A483C8E2F4CC606D5D628
//! 2026-11-21 21:14:24 lock acquisitions: total 600, EX 120, PR 480
//! lock resources: total 21, M 9, W 6, O 3, S 3
//!
//! TYPE INO             EX NUM      EX TIME(ns) EX AVG(ns)  PR NUM      PR TIME(ns) PR AVG(ns)
//! M    1000            24          504000      21000       96          336000      3500
//! ├─n1                 8           168000      21000       16          56000       3500
//! ```

use crate::select;
use crate::settings::Filter;
use crate::units::{Clock, span};
use formats::ocfs2::Level;
use formats::ocfs2::lock_state::Wanted;
use model::{Figures, FileSystemView, LockRow, NodeState, Snapshot, SortKey};
use sample::LevelDelta;
use terminal::clean;

/// What does not change between refreshes.
#[derive(Clone, Debug)]
pub struct Report {
    /// First line, without the lockspace.
    pub title: String,
    /// Rows, if the user said how many.
    pub length: Option<u64>,
    /// Locks of system files too.
    pub system: bool,
    /// Times in UTC.
    pub utc: bool,
}

impl Report {
    /// The lines of a refresh. `detail`: a row per node. `rows`: how many lines fit, if that is limited.
    pub fn lines(&self, snapshot: &Snapshot, detail: bool, rows: Option<usize>) -> Vec<String> {
        let clock = Clock::new(self.utc);
        let time = snapshot.at.realtime_us.map_or_else(|| "?".to_owned(), |us| clock.date_time(us));
        let mut lines = Vec::new();
        for node in &snapshot.elsewhere {
            lines.extend(node_note(&clean(&node.name), &node.state));
        }
        let single = snapshot.file_systems.len() == 1;
        if !single {
            lines.insert(0, self.title.clone());
        }
        for view in &snapshot.file_systems {
            let title = if single { self.title.clone() } else { clean(view.title()) };
            lines.push(format!("{title} lockspace: {}", view.uuid));
            for node in &view.nodes {
                lines.extend(node_note(&clean(&node.name), &node.state));
            }
            let totals = &view.totals;
            // A first look has no interval: its figures are since each lock was made, and no acquisitions of now.
            let counted = |value: u64| if view.lifetime { 0 } else { value };
            let (ex, pr) = (counted(totals.ex_gets), counted(totals.pr_gets));
            lines.push(format!("{time} lock acquisitions: total {}, EX {ex}, PR {pr}", ex + pr));
            let types = if view.lifetime { Vec::new() } else { totals.by_frequency() };
            let types = types.iter().map(|(kind, count)| format!("{kind} {count}"));
            let parts: Vec<String> = std::iter::once(format!("total {}", counted(totals.active_total()))).chain(types).collect();
            lines.push(format!("lock resources: {}", parts.join(", ")));
            lines.push(String::new());
            lines.push(fields(
                "TYPE INO",
                ["EX NUM", "EX TIME(ns)", "EX AVG(ns)", "PR NUM", "PR TIME(ns)", "PR AVG(ns)"].map(str::to_owned),
            ));
            let filter = Filter { system: self.system, ..Filter::default() };
            let most = self.length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX));
            for row in select::sorted(view, &filter, SortKey::Average, false, false, most) {
                if !view.lifetime || row.figures.stuck {
                    lines.extend(lock_lines(snapshot, view, &row, detail));
                }
            }
        }
        if let (Some(rows), None) = (rows, self.length) {
            lines.truncate(rows);
        }
        lines
    }
}

fn node_note(name: &str, state: &NodeState) -> Option<String> {
    match state {
        NodeState::Live | NodeState::Waiting => None,
        NodeState::Connecting(_) => Some(format!("{name}: connecting")),
        NodeState::Late(age_us) => Some(format!("{name}: NO ANSWER for {}; its numbers are left out", span(age_us * 1000))),
        NodeState::Down(fault) => Some(format!("{name}: {}; its numbers are left out", clean(&fault.to_string()).to_uppercase_first())),
    }
}

trait UppercaseFirst {
    fn to_uppercase_first(&self) -> String;
}

impl UppercaseFirst for String {
    fn to_uppercase_first(&self) -> String {
        let mut characters = self.chars();
        characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
    }
}

fn lock_lines(snapshot: &Snapshot, view: &FileSystemView, row: &LockRow, detail: bool) -> Vec<String> {
    let inode = row.name.inode().unwrap_or(row.name.block());
    let mut lines = vec![fields(&format!("{:4} {inode}", row.kind().to_string()), figures(&row.figures))];
    if detail {
        let parts: Vec<_> = view.nodes.iter().filter_map(|node| row.on(node.node)).collect();
        for (number, part) in parts.iter().enumerate() {
            let branch = if number + 1 == parts.len() { "└─" } else { "├─" };
            let values = if part.missed_ns.is_some() { std::array::from_fn(|_| "?".to_owned()) } else { figures(&part.figures) };
            lines.push(fields(&format!("{branch}{}", clean(snapshot.node_name(part.node))), values));
        }
    }
    lines
}

/// The six fields. A stuck level has its wait as TIME and `--` as AVG, as in o2locktop; a figure not known is `?`.
fn figures(figures: &Figures) -> [String; 6] {
    let wanted = figures.wait.as_ref().filter(|_| figures.stuck).map(|wait| wait.wanted);
    let level = |delta: &LevelDelta, level: Level| {
        let hung = match wanted {
            Some(Wanted::Level(wanted)) => wanted == level,
            Some(Wanted::PrOrEx) => true,
            None => false,
        };
        let number = if figures.unknown { "?".to_owned() } else { delta.gets.to_string() };
        if hung {
            return [number, format!("{}s(hang)", figures.waiting_ns() / 1_000_000_000), "--".to_owned()];
        }
        if figures.unknown {
            return [number, "?".to_owned(), "?".to_owned()];
        }
        [number, delta.total_ns.to_string(), delta.average_ns().unwrap_or(0).to_string()]
    };
    let ([ex_num, ex_time, ex_avg], [pr_num, pr_time, pr_avg]) = (level(&figures.ex, Level::EX), level(&figures.pr, Level::PR));
    [ex_num, ex_time, ex_avg, pr_num, pr_time, pr_avg]
}

/// o2locktop's columns: 21 characters, then six of 12. A longer number pushes the rest aside instead of touching it.
fn fields(first: &str, values: [String; 6]) -> String {
    let mut line = format!("{first:21}");
    for value in values {
        line += &format!("{value:12}");
        if value.len() >= 12 {
            line.push(' ');
        }
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, Source, Update};
    use model::Rules;

    /// The snapshots of the built-in recording.
    fn snapshots() -> Vec<Snapshot> {
        let player =
            collect::recording::Player::from_archive(crate::demo::RECORDING, "demo", sample::message::Configuration::default()).unwrap();
        let engine =
            engine::start(Source::Recording(Box::new(player), None), Rules::default(), sample::message::Look::default(), engine::AT_ONCE)
                .unwrap();
        engine
            .updates
            .iter()
            .map_while(|update| match update {
                Update::Snapshot(snapshot) => Some((*snapshot).clone()),
                Update::Ended => None,
            })
            .collect()
    }

    fn report() -> Report {
        Report { title: "o2locktop n1:/mnt".to_owned(), length: None, system: false, utc: true }
    }

    #[test]
    fn header_and_columns_are_o2locktops() {
        let snapshots = snapshots();
        let lines = report().lines(&snapshots[8], true, None);
        assert_eq!(lines[0], "o2locktop n1:/mnt lockspace: 2301D35BE4444B3D90E874F99B090156");
        assert_eq!(lines[1], "2026-11-22 03:43:43 lock acquisitions: total 25310, EX 5243, PR 20067");
        assert!(lines[2].starts_with("lock resources: total "), "{}", lines[2]);
        assert_eq!(lines[4], "TYPE INO             EX NUM      EX TIME(ns) EX AVG(ns)  PR NUM      PR TIME(ns) PR AVG(ns)");
        assert!(lines[5].starts_with("M    12820           "), "{}", lines[5]);
        assert!(lines[6].starts_with("├─node1") && lines[8].starts_with("└─node3"), "{}", lines[6]);
    }

    #[test]
    fn acquisitions_do_not_depend_on_the_number_of_rows_shown() {
        let snapshots = snapshots();
        let of = |length| Report { length, ..report() }.lines(&snapshots[8], false, None)[1].clone();
        assert_eq!(of(Some(1)), of(None));
    }

    #[test]
    fn a_hung_lock_is_on_top_and_says_how_long() {
        let snapshots = snapshots();
        let lines = report().lines(&snapshots[50], false, None);
        assert!(lines[5].starts_with("F    32770           ?           19s(hang)   --"), "{}", lines[5]);
    }

    #[test]
    fn the_root_directory_is_shown_and_system_files_only_if_asked_for() {
        let snapshots = snapshots();
        let has = |system, inode: &str| {
            (0..snapshots.len()).any(|at| {
                Report { system, ..report() }
                    .lines(&snapshots[at], false, None)
                    .iter()
                    .any(|line| line.split_whitespace().nth(1) == Some(inode) && line.starts_with(['M', 'O', 'W']))
            })
        };
        assert!(has(false, "5"));
        assert!(!has(false, "14") && has(true, "14"));
    }

    #[test]
    fn a_node_name_with_braces_is_harmless() {
        let mut snapshot = snapshots()[8].clone();
        snapshot.nodes[0] = "{0}{name}".to_owned();
        let lines = report().lines(&snapshot, true, None);
        assert!(lines.iter().any(|line| line.starts_with("├─{0}{name}")));
    }

    #[test]
    fn a_wide_number_does_not_touch_the_next() {
        let line = fields("M    1", ["1", "123456789012", "7", "8", "9", "10"].map(str::to_owned));
        assert!(line.contains("123456789012 7"), "{line}");
    }
}
