//! How things are called, for people: times, faults, rules.

use super::blocked::{Blocked, RECOVERY_SEEN_S};
use super::cluster::Cluster;
use super::event::{Event, Rule};
use super::fault::{Fault, Spot, What};
use super::outlook::{Outlook, Window};
use super::timing::Settings;
use std::collections::BTreeSet;

/// Milliseconds as seconds: `30 s`, `1.5 s`.
pub fn seconds(ms: i64) -> String {
    if ms % 1000 == 0 { format!("{} s", ms / 1000) } else { format!("{:.1} s", ms as f64 / 1000.0) }
}

/// A window in whole seconds: `58 to 62 s`.
pub fn span(window: Window) -> String {
    let (from, to) = (nearest(window.earliest_ms), nearest(window.latest_ms));
    if from == to { format!("{from} s") } else { format!("{from} to {to} s") }
}

fn nearest(ms: i64) -> i64 {
    (ms + 500).div_euclid(1000)
}

fn spot(cluster: &Cluster, spot: &Spot) -> String {
    let regions = if spot.regions.len() == cluster.regions.len() {
        match cluster.regions.len() {
            1 => String::new(),
            2 => " (both regions)".to_owned(),
            count => format!(" (all {count} regions)"),
        }
    } else {
        format!(" ({})", spot.regions.iter().map(|&region| cluster.region_name(region)).collect::<Vec<_>>().join(", "))
    };
    if spot.nodes.len() == cluster.nodes.len() && spot.nodes.len() > 1 {
        return format!("all nodes{regions}");
    }
    format!("{}{regions}", cluster.names_of(&spot.nodes))
}

/// What goes wrong.
pub fn fault(cluster: &Cluster, fault: &Fault) -> String {
    let what = match &fault.what {
        What::Split(groups) => {
            let groups: Vec<String> = groups.iter().map(|group| cluster.names_of(group)).collect();
            format!("the network splits: {}", groups.join(" | "))
        }
        What::Stall(at) => format!("storage hangs at {}", spot(cluster, at)),
        What::IoError(at) => format!("storage fails with errors at {}", spot(cluster, at)),
        What::Kill(node) => format!("{} is killed, or loses power", cluster.name_of(*node)),
    };
    fault.end_ms.map_or(what.clone(), |end| format!("{what}, for {}", seconds(end - fault.start_ms)))
}

/// What goes wrong, when it is over.
pub fn fault_over(cluster: &Cluster, fault: &Fault) -> String {
    match &fault.what {
        What::Split(_) => "the network is whole again; TCP may take as long as it was cut to notice".to_owned(),
        What::Stall(at) | What::IoError(at) => format!("storage is back at {}", spot(cluster, at)),
        What::Kill(node) => cluster.name_of(*node).to_owned(),
    }
}

/// Why a node fences itself; `varies`: in which numbers depends on chance.
pub fn rule(cluster: &Cluster, rule: Rule, varies: bool) -> String {
    match rule {
        Rule::WriteTimeout { .. } if varies => {
            format!("no heartbeat written for {} in half of the regions or more", seconds(cluster.settings.fence_ms()))
        }
        Rule::Minority { .. } if varies => "reaches too few of the beating nodes".to_owned(),
        Rule::HalfWithoutLowest { .. } if varies => "reaches half of the beating nodes, without the lowest".to_owned(),
        Rule::WriteTimeout { failed, quorum, .. } => {
            let after = seconds(cluster.settings.fence_ms());
            if cluster.mode == formats::cluster_conf::HeartbeatMode::Global {
                format!("no heartbeat written for {after} in {failed} of {quorum} regions, which is half or more")
            } else if cluster.regions.len() > 1 {
                format!("no heartbeat written for {after} in one region")
            } else {
                format!("no heartbeat written for {after}")
            }
        }
        Rule::Minority { connected, needed, heartbeating } => {
            format!("reaches {connected} of {heartbeating} beating nodes (counting itself) and needs {needed}")
        }
        Rule::HalfWithoutLowest { connected, heartbeating, lowest } => {
            format!("reaches half ({connected} of {heartbeating}) of the beating nodes, without the lowest, {}", cluster.name_of(lowest))
        }
    }
}

/// Short names of the rules, for programs.
pub fn rule_name(rule: Rule) -> &'static str {
    match rule {
        Rule::WriteTimeout { .. } => "write_timeout",
        Rule::Minority { .. } => "minority",
        Rule::HalfWithoutLowest { .. } => "half_without_lowest",
    }
}

/// Who is left.
pub fn left(cluster: &Cluster, nodes: &BTreeSet<usize>) -> String {
    match nodes.len() {
        0 => "no node goes on".to_owned(),
        1 => format!("{} goes on", cluster.names_of(nodes)),
        count if count == cluster.nodes.len() => "all nodes go on".to_owned(),
        _ => format!("{} go on", cluster.names_of_set(nodes)),
    }
}

/// How a node fences itself.
struct Fate {
    /// Why, and when; more than one: by chance.
    ways: Vec<(String, Window)>,
    /// Whether it does in any case.
    always: bool,
}

impl Fate {
    /// Whether another node's is the same, at the same time.
    fn is_like(&self, other: &Fate) -> bool {
        let like =
            |((why, window), (other_why, other)): (&(String, Window), &(String, Window))| why == other_why && window.overlaps(*other);
        self.always == other.always && self.ways.len() == other.ways.len() && self.ways.iter().zip(&other.ways).all(like)
    }

    fn sentence(&self, count: usize, names: &str) -> String {
        let verb = match (count, self.always) {
            (1, true) => "fences itself",
            (_, true) => "fence themselves",
            (1, false) => "may fence itself",
            (_, false) => "may fence themselves",
        };
        let either = if self.ways.len() > 1 { " either" } else { "" };
        let ways: Vec<String> = self.ways.iter().map(|(why, window)| format!("at {}: {why}", span(*window))).collect();
        format!("{names} {verb}{either} {}.", ways.join("; or "))
    }
}

/// What becomes of those that may fence themselves; nodes with the same fate together.
fn fates(cluster: &Cluster, outlook: &Outlook) -> Vec<(Fate, BTreeSet<usize>)> {
    let mut of_node: Vec<(usize, Fate)> = Vec::new();
    for victim in &outlook.victims {
        let way = (rule(cluster, victim.rule, victim.varies), victim.window);
        match of_node.iter_mut().find(|(node, _)| *node == victim.node) {
            Some((_, fate)) => fate.ways.push(way),
            None => of_node.push((victim.node, Fate { ways: vec![way], always: victim.always })),
        }
    }
    let mut fates: Vec<(Fate, BTreeSet<usize>)> = Vec::new();
    for (node, fate) in of_node {
        match fates.iter_mut().find(|(known, _)| known.is_like(&fate)) {
            Some((known, nodes)) => {
                for ((_, window), (_, other)) in known.ways.iter_mut().zip(fate.ways) {
                    *window = window.and(other);
                }
                nodes.insert(node);
            }
            None => fates.push((fate, [node].into())),
        }
    }
    fates
}

/// All that comes of it, in sentences.
pub fn verdict(cluster: &Cluster, outlook: &Outlook) -> Vec<String> {
    let mut told = Vec::new();
    for (fate, nodes) in &fates(cluster, outlook) {
        told.push(fate.sentence(nodes.len(), &cluster.names_of(nodes)));
    }
    if told.is_empty() {
        told.push("No node fences itself.".to_owned());
    }
    match outlook.left.as_slice() {
        [one] => told.push(format!("{}.", capital(&left(cluster, one)))),
        many => {
            let many: Vec<String> = many.iter().map(|nodes| left(cluster, nodes)).collect();
            told.push(format!("It depends on chance: either {}.", many.join("; or ")));
        }
    }
    told.extend(waiting(cluster, outlook));
    told.extend(blocked(outlook));
    told
}

/// Who cannot recover a node that is gone, because it reads no slots where its storage hangs or fails.
fn waiting(cluster: &Cluster, outlook: &Outlook) -> Vec<String> {
    let [left] = outlook.left.as_slice() else { return Vec::new() };
    let dead: BTreeSet<(usize, usize)> = outlook.happenings.iter().filter_map(|one| one.event.death()).collect();
    let mut told = Vec::new();
    for gone in (0..cluster.nodes.len()).filter(|node| !left.contains(node)) {
        let waits: BTreeSet<usize> =
            left.intersection(&cluster.peers(gone)).copied().filter(|&node| !dead.contains(&(node, gone))).collect();
        if !waits.is_empty() {
            let (who, whom) = (cluster.names_of(&waits), cluster.name_of(gone));
            told.push(format!("{who} cannot count {whom} as dead while storage hangs or fails there: recovery of {whom} waits for it."));
        }
    }
    told
}

/// How long writes block.
pub fn blocked(outlook: &Outlook) -> Option<String> {
    let gone = !outlook.victims.is_empty()
        || outlook.left.iter().any(|left| {
            outlook.happenings.iter().any(|happening| matches!(happening.event, Event::Dead { peer, .. } if !left.contains(&peer)))
        });
    let (least, most) = RECOVERY_SEEN_S;
    match outlook.blocked {
        Blocked::No => None,
        Blocked::For(window) if gone => Some(format!(
            "Writes that need a lock of a lost node block until it is counted as dead, for up to {}, and for its recovery ({least} to {most} s \
             where it was watched; longer for large journals and many locks).",
            span(window)
        )),
        Blocked::For(window) => Some(format!("Writes may block for up to {}.", span(window))),
        Blocked::WhileItLasts => Some("Writes that need what does not answer block for as long as it lasts.".to_owned()),
        Blocked::NobodyLeft => {
            let chance = outlook.left.iter().any(|left| !left.is_empty());
            let when = if chance { "If no node goes on, nobody" } else { "Nobody" };
            Some(format!("{when} is left to write until nodes are back and have recovered the volumes."))
        }
    }
}

/// With a capital first letter, unless it is a name.
pub fn capital(text: &str) -> String {
    let known = ["no node", "all nodes", "all but", "the network", "storage"];
    if !known.iter().any(|known| text.starts_with(known)) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// The settings and what they mean, as rows: name, value, meaning.
pub fn settings(settings: Settings) -> Vec<(&'static str, String, String)> {
    vec![
        (
            "heartbeat threshold",
            settings.threshold.to_string(),
            format!(
                "a node that cannot write its heartbeat for {} fences itself; others count a node as dead {} after its last beat",
                seconds(settings.fence_ms()),
                seconds(settings.dead_ms())
            ),
        ),
        (
            "idle timeout",
            format!("{} ms", settings.idle_ms),
            format!(
                "a connection that is silent for {} is lost; {} later the nodes decide who fences",
                seconds(i64::from(settings.idle_ms)),
                seconds(settings.decide_ms())
            ),
        ),
        (
            "keepalive delay",
            format!("{} ms", settings.keepalive_ms),
            format!("silence after which a node asks for an answer; below {}", seconds(i64::from(settings.idle_ms))),
        ),
    ]
}
