//! What happens, as lines for people: the same that happens to several nodes is one line.

use super::cluster::Cluster;
use super::event::Event;
use super::fault::Fault;
use super::outlook::{Happening, Outlook, Window};
use super::words::{fault, fault_over, rule, seconds};
use std::collections::BTreeSet;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub window: Window,
    /// At which nodes; none: it is what goes wrong.
    pub nodes: BTreeSet<usize>,
    /// What.
    pub what: String,
}

/// The lines, by time.
pub fn lines(cluster: &Cluster, faults: &[Fault], outlook: &Outlook) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for line in joined_peers(outlook).into_iter().filter_map(|(happening, peers)| line(cluster, faults, outlook, &happening, &peers)) {
        match lines.iter_mut().find(|known| known.what == line.what && known.window.overlaps(line.window)) {
            Some(known) => {
                known.window = known.window.and(line.window);
                known.nodes.extend(&line.nodes);
            }
            None => lines.push(line),
        }
    }
    lines.sort_by_key(|line| (line.window.earliest_ms, line.window.latest_ms));
    lines
}

/// What a node notices of several peers in the same way is one happening, with these peers.
fn joined_peers(outlook: &Outlook) -> Vec<(Happening, BTreeSet<usize>)> {
    let mut joined: Vec<(Happening, BTreeSet<usize>)> = Vec::new();
    for happening in &outlook.happenings {
        let (kind, node, peer) = match happening.event {
            Event::Lost { node, peer } => (0, node, peer),
            Event::Restored { node, peer } => (1, node, peer),
            Event::Dead { node, peer } => (2, node, peer),
            _ => {
                joined.push((happening.clone(), BTreeSet::new()));
                continue;
            }
        };
        let same = |known: &&mut (Happening, BTreeSet<usize>)| {
            let like = match known.0.event {
                Event::Lost { node: of, .. } => kind == 0 && of == node,
                Event::Restored { node: of, .. } => kind == 1 && of == node,
                Event::Dead { node: of, .. } => kind == 2 && of == node,
                _ => false,
            };
            like && known.0.nth == happening.nth && known.0.always == happening.always && known.0.window.overlaps(happening.window)
        };
        match joined.iter_mut().find(same) {
            Some((known, peers)) => {
                known.window = known.window.and(happening.window);
                peers.insert(peer);
            }
            None => joined.push((happening.clone(), [peer].into())),
        }
    }
    joined
}

fn line(cluster: &Cluster, faults: &[Fault], outlook: &Outlook, happening: &Happening, peers: &BTreeSet<usize>) -> Option<Line> {
    let settings = cluster.settings;
    let in_region = |region: usize| if cluster.regions.len() > 1 { format!(" in {}", cluster.region_name(region)) } else { String::new() };
    let names = cluster.names_of(peers);
    let repeats = outlook.happenings.iter().any(|other| match (other.event, happening.event) {
        (Event::Approves { node, region }, Event::Approves { node: of, region: at }) => node == of && region == at && other.nth > 0,
        _ => false,
    });
    let (node, what) = match happening.event {
        // They come again and again for as long as it lasts.
        Event::Asks { .. } | Event::Approves { .. } | Event::Stays { .. } if happening.nth > 0 => return None,
        Event::Begins { fault: index } => (None, fault(cluster, faults.get(index)?)),
        Event::Ends { fault: index } => (None, fault_over(cluster, faults.get(index)?)),
        Event::Lost { node, .. } => (
            Some(node),
            format!(
                "connection to {names} silent for {}; in {} the quorum decides, unless it comes back or the other node is dead by then",
                seconds(i64::from(settings.idle_ms)),
                seconds(settings.decide_ms())
            ),
        ),
        Event::Restored { node, .. } => (Some(node), format!("hears {names} again; the decision is called off")),
        Event::Asks { node, region, lowest } if node == lowest => (
            Some(node),
            format!(
                "no beat written{} for {}; as the lowest node waits to hear if all hang",
                in_region(region),
                seconds(settings.ask_ms())
            ),
        ),
        Event::Asks { node, region, .. } if happening.varies => {
            (Some(node), format!("no beat written{} for {}; tells the lowest node", in_region(region), seconds(settings.ask_ms())))
        }
        Event::Asks { node, region, lowest } => (
            Some(node),
            format!(
                "no beat written{} for {}; tells {}, the lowest node",
                in_region(region),
                seconds(settings.ask_ms()),
                cluster.name_of(lowest)
            ),
        ),
        Event::Approves { node, region } => {
            let again =
                if repeats { format!("; again every {} for as long as it lasts", seconds(settings.ask_ms())) } else { String::new() };
            let what =
                format!("all nodes hang{}: nobody fences, all start their {} anew{again}", in_region(region), seconds(settings.fence_ms()));
            (Some(node), what)
        }
        Event::RegionFailed { node, region, failed, quorum } => (
            Some(node),
            format!(
                "{}: no beat written for {}; {failed} of {quorum} regions failed, less than half: goes on",
                cluster.region_name(region),
                seconds(settings.fence_ms())
            ),
        ),
        Event::Stays { node, heartbeating, connected, lowest, reachable } => {
            let half = heartbeating == 2 * connected && reachable;
            let with = if half { format!(" and {}, the lowest, is among them", cluster.name_of(lowest)) } else { String::new() };
            let how = if happening.varies {
                "enough of the beating nodes".to_owned()
            } else {
                format!("{connected} of {heartbeating} beating nodes (counting itself){with}")
            };
            (Some(node), format!("quorum: reaches {how}: goes on"))
        }
        Event::Fences { node, rule: why } => {
            // One region or another: that is told as one.
            let varies = outlook.victims.iter().find(|victim| victim.is(happening.event)).map_or(happening.varies, |victim| victim.varies);
            (Some(node), format!("SELF-FENCE: {}", rule(cluster, why, varies)))
        }
        Event::Dead { node, .. } => {
            (Some(node), format!("{names} silent on disk for {}: dead; recovery begins", seconds(settings.dead_ms())))
        }
        Event::SeenAgain { node, peer } => {
            let peer = cluster.name_of(peer);
            (Some(node), format!("{peer} beats again after it was counted as dead: it may write to what is being recovered"))
        }
    };
    // One region or another: that is no other line.
    let always = outlook.victims.iter().find(|victim| victim.is(happening.event)).map_or(happening.always, |victim| victim.rule_always);
    let what = if always { what } else { format!("{what} (may be)") };
    Some(Line { window: happening.window, nodes: node.into_iter().collect(), what })
}
