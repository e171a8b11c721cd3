//! A forecast for people, 80 columns wide.

use super::report::{Compared, Report};
use super::splits::{ALL_SPLITS, Split};
use super::timing::BEAT_MS;
use super::words::{self, capital, fault, seconds, settings, span, verdict};
use super::{cluster::Cluster, timeline, timing::Settings};
use crate::printed::{WIDTH, wrapped};
use formats::cluster_conf::HeartbeatMode;

impl Report {
    /// All of it; `brief`: without the cluster, its settings and what was assumed.
    pub fn text(&self, brief: bool) -> String {
        let mut text = if brief { String::new() } else { self.head() + "\n" };
        if self.faults.is_empty() {
            text += &self.singles();
            text += &self.splits_text();
        } else {
            text += &self.story();
        }
        if let Some(compared) = &self.compared {
            text += &self.comparison(compared);
        }
        for note in self.untried.iter().chain(self.source.notes.iter().filter(|_| !brief)) {
            text += &wrapped("Note:", 6, note);
        }
        text
    }

    fn head(&self) -> String {
        let cluster = &self.source.cluster;
        let nodes: Vec<String> = cluster.nodes.iter().map(|node| format!("{} ({})", node.name, node.number)).collect();
        let regions: Vec<String> = (0..cluster.regions.len()).map(|region| cluster.region_name(region)).collect();
        let mode = match (cluster.mode, regions.len()) {
            (HeartbeatMode::Local, 1) => "local heartbeat, one region".to_owned(),
            (HeartbeatMode::Local, count) => format!("local heartbeat, {count} regions: {}", regions.join(", ")),
            (HeartbeatMode::Global, count) => {
                let s = if count == 1 { "" } else { "s" };
                format!("global heartbeat, {count} region{s}: {}", regions.join(", "))
            }
        };
        let mut text = wrapped("Cluster:", 10, &format!("{}, {mode}", cluster.name));
        text += &wrapped("Nodes:", 10, &nodes.join(", "));
        text += &wrapped("From:", 10, &self.source.from);
        if let Some(method) = &self.source.fence_method {
            text += &wrapped("To fence:", 10, if method == "panic" { "panic" } else { "reset: the machine restarts at once" });
        }
        if self.compared.is_none() {
            text += "\n";
            text += &settings_text(cluster);
        }
        text
    }

    /// What goes wrong, and what comes of it.
    fn story(&self) -> String {
        let cluster = &self.source.cluster;
        let mut text = String::new();
        for line in timeline::lines(cluster, &self.faults, &self.outlook) {
            let who = if line.nodes.is_empty() { String::new() } else { format!("{}: ", cluster.names_of(&line.nodes)) };
            text += &wrapped(&format!("t+{}", span(line.window)), 16, &format!("{who}{}", line.what));
        }
        text += "\n";
        text += &told("Verdict:", &verdict(cluster, &self.outlook));
        text
    }

    /// What each single fault comes to, in a line.
    fn singles(&self) -> String {
        let cluster = &self.source.cluster;
        let mut text = String::new();
        for (faults, outlook) in &self.singles {
            let what: Vec<String> = faults.iter().map(|one| capital(&fault(cluster, one))).collect();
            text += &wrapped("", 0, &format!("{}:", what.join(", ")));
            text += &wrapped("", 2, &verdict(cluster, outlook).join(" "));
        }
        text
    }

    fn splits_text(&self) -> String {
        let cluster = &self.source.cluster;
        if self.splits.is_empty() {
            return String::new();
        }
        let settings = cluster.settings;
        let (idle, keepalive) = (i64::from(settings.idle_ms), i64::from(settings.keepalive_ms));
        let latest = idle + settings.late_ms(idle) + settings.decide_ms() + settings.late_ms(settings.decide_ms());
        let decided = super::outlook::Window { earliest_ms: idle - keepalive + settings.decide_ms(), latest_ms: latest };
        let head = format!("The network splits in two: {} after the cut the losers fence themselves.", span(decided));
        let mut text = "\n".to_owned() + &wrapped("", 0, &head);
        if cluster.nodes.len() > ALL_SPLITS {
            text += &wrapped("", 0, &rule_of_splits(cluster.nodes.len()));
        }
        let rows: Vec<(String, String)> = self.splits.iter().map(|split| row(cluster, split)).collect();
        let width = rows.iter().map(|(groups, _)| groups.chars().count()).max().unwrap_or(0).min(WIDTH / 2);
        for (groups, left) in rows {
            if groups.chars().count() > width {
                text += &wrapped("", 2, &groups);
                text += &wrapped("", width + 4, &left);
            } else {
                text += &wrapped(&format!("  {groups:width$}"), width + 4, &left);
            }
        }
        text
    }

    fn comparison(&self, compared: &Compared) -> String {
        let cluster = &self.source.cluster;
        let (old, new) = (cluster.settings, compared.cluster.settings);
        let mut text = "\n".to_owned();
        text += &format!("{:44}{:>16}{:>16}\n", "", "now", "then");
        let rows: [Row; 8] = [
            ("heartbeat threshold", |settings| settings.threshold.to_string()),
            ("idle timeout", |settings| format!("{} ms", settings.idle_ms)),
            ("a node that cannot write fences after", |settings| seconds(settings.fence_ms())),
            ("a pause of storage that is always survived", |settings| seconds(settings.fence_ms() - BEAT_MS)),
            ("others count it as dead after", |settings| seconds(settings.dead_ms())),
            ("a silent connection is lost after", |settings| seconds(i64::from(settings.idle_ms))),
            ("then the quorum decides after", |settings| seconds(settings.decide_ms())),
            ("a network split: writes block about", |settings| {
                seconds(i64::from(settings.idle_ms) + settings.decide_ms() + settings.dead_ms())
            }),
        ];
        for (what, value) in rows {
            text += &format!("{what:44}{:>16}{:>16}\n", value(old), value(new));
        }
        text += "\n";
        let mut changes = Vec::new();
        if old.threshold != new.threshold {
            changes.push(format!("threshold {} instead of {}", new.threshold, old.threshold));
        }
        if old.idle_ms != new.idle_ms {
            changes.push(format!("idle timeout {} instead of {} ms", new.idle_ms, old.idle_ms));
        }
        let head = format!("With {}:", changes.join(" and "));
        if let Some(outlook) = &compared.outlook {
            text += &wrapped("", 0, &head);
            text += &told("", &verdict(&compared.cluster, outlook));
        }
        text += &careful(&compared.cluster);
        text + "\n"
    }
}

/// What a setting, or what follows from it, is called, and how it is told.
type Row = (&'static str, fn(Settings) -> String);

/// Sentences, each beginning a line.
fn told(head: &str, sentences: &[String]) -> String {
    sentences
        .iter()
        .enumerate()
        .map(|(index, sentence)| wrapped(if index == 0 { head } else { "" }, if head.is_empty() { 2 } else { 9 }, sentence))
        .collect()
}

fn settings_text(cluster: &Cluster) -> String {
    let now = cluster.settings;
    let mut text = String::new();
    for (name, value, meaning) in settings(now) {
        text += &wrapped(&format!("{name:19} {value:>9}  "), 31, &meaning);
    }
    text + &careful(cluster)
}

/// Settings with which fencing comes too late.
fn careful(cluster: &Cluster) -> String {
    let settings = cluster.settings;
    match settings.overlap_ms() {
        0 => String::new(),
        late => wrapped(
            "Careful:",
            9,
            &format!(
                "with this threshold the kernel's timer may fence a node {} late, which is up to {} after the others begin to recover it \
                 (CONFIG_HZ {}).",
                seconds(settings.late_ms(settings.fence_ms())),
                seconds(late),
                settings.hz
            ),
        ),
    }
}

fn row(cluster: &Cluster, split: &Split) -> (String, String) {
    let groups = format!("{} | {}", cluster.names_of_set(&split.groups.0), cluster.names_of_set(&split.groups.1));
    let left: Vec<String> = split.left.iter().map(|nodes| words::left(cluster, nodes)).collect();
    (groups, left.join(", or "))
}

fn rule_of_splits(count: usize) -> String {
    if count.is_multiple_of(2) {
        format!(
            "Of {count} nodes that beat, the group with more than {} goes on; of two groups of {} the one with the lowest node. The cuts of \
             single nodes:",
            count / 2,
            count / 2
        )
    } else {
        format!("Of {count} nodes that beat, the group with {} or more goes on. The cuts of single nodes:", count.div_ceil(2))
    }
}
