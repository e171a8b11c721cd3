//! A forecast for programs. Names stay; new ones may come. Times are seconds since the beginning; what is not known is `null`.

use super::blocked::{Blocked, RECOVERY_SEEN_S};
use super::cluster::Cluster;
use super::event::{Event, Rule};
use super::fault::{Fault, Spot, What};
use super::outlook::{Outlook, Window};
use super::report::Report;
use super::splits::Split;
use super::timing::Settings;
use super::words::rule_name;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn s(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn numbers(cluster: &Cluster, nodes: &BTreeSet<usize>) -> Vec<u8> {
    nodes.iter().filter_map(|&node| number(cluster, node)).collect()
}

fn number(cluster: &Cluster, node: usize) -> Option<u8> {
    cluster.nodes.get(node).map(|node| node.number)
}

fn settings(settings: Settings) -> Value {
    json!({
        "dead_threshold": settings.threshold,
        "idle_timeout_ms": settings.idle_ms,
        "keepalive_delay_ms": settings.keepalive_ms,
        "kernel_hz": settings.hz,
        "fence_after_s": s(settings.fence_ms()),
        "fence_timer_late_up_to_s": s(settings.late_ms(settings.fence_ms())),
        "fences_after_counted_dead_up_to_s": s(settings.overlap_ms()),
        "ask_after_s": s(settings.ask_ms()),
        "dead_after_s": s(settings.dead_ms()),
        "quorum_after_s": s(settings.decide_ms()),
    })
}

impl Report {
    /// All of it.
    pub fn json(&self) -> Value {
        let cluster = &self.source.cluster;
        let region = |region: &super::cluster::Region| {
            json!({
                "uuid": region.uuid,
                "device": region.device,
                "nodes": numbers(cluster, &region.members),
                "quorum": region.quorum,
            })
        };
        let singles = self.singles.iter().map(|(faults, outlook)| {
            json!({
                "faults": faults.iter().map(|one| fault(cluster, one)).collect::<Vec<_>>(),
                "outlook": of_outlook(cluster, outlook),
            })
        });
        let splits = self.splits.iter().map(|split| of_split(cluster, split));
        let no_faults = self.faults.is_empty();
        json!({
            "cluster": cluster.name,
            "live": self.source.live,
            "source": self.source.from,
            "notes": self.source.notes,
            "untried": self.untried,
            "mode": cluster.mode.word(),
            "nodes": cluster.nodes.iter().map(|node| json!({ "number": node.number, "name": node.name })).collect::<Vec<_>>(),
            "regions": cluster.regions.iter().map(region).collect::<Vec<_>>(),
            "reconnect_delay_ms": self.source.reconnect_ms,
            "fence_method": self.source.fence_method,
            "settings": settings(cluster.settings),
            "faults": self.faults.iter().map(|one| fault(cluster, one)).collect::<Vec<_>>(),
            "outlook": of_outlook(cluster, &self.outlook),
            "usual_faults": no_faults.then(|| singles.collect::<Vec<_>>()),
            "splits": no_faults.then(|| splits.collect::<Vec<_>>()),
            "compared": self.compared.as_ref().map(|compared| json!({
                "settings": settings(compared.cluster.settings),
                "outlook": compared.outlook.as_ref().map(|outlook| of_outlook(&compared.cluster, outlook)),
            })),
        })
    }
}

fn fault(cluster: &Cluster, fault: &Fault) -> Value {
    let spot = |spot: &Spot| {
        let regions: Vec<_> = spot.regions.iter().filter_map(|&region| cluster.regions.get(region)).map(|region| &region.uuid).collect();
        json!({ "regions": regions, "nodes": numbers(cluster, &spot.nodes) })
    };
    let (kind, at) = match &fault.what {
        What::Split(groups) => ("split", json!({ "groups": groups.iter().map(|group| numbers(cluster, group)).collect::<Vec<_>>() })),
        What::Stall(at) => ("stall", spot(at)),
        What::IoError(at) => ("io_error", spot(at)),
        What::Kill(node) => ("kill", json!({ "node": number(cluster, *node) })),
    };
    merged(json!({ "kind": kind, "start_s": s(fault.start_ms), "end_s": fault.end_ms.map(s) }), at)
}

fn merged(one: Value, other: Value) -> Value {
    let mut all = Map::new();
    for value in [one, other] {
        if let Value::Object(map) = value {
            all.extend(map);
        }
    }
    Value::Object(all)
}

fn window(window: Window) -> Value {
    json!({ "earliest_s": s(window.earliest_ms), "latest_s": s(window.latest_ms) })
}

fn of_outlook(cluster: &Cluster, outlook: &Outlook) -> Value {
    let victim = |victim: &super::outlook::Victim| {
        let name = cluster.name_of(victim.node);
        let (always, rule_always) = (victim.always, victim.rule_always);
        let who = json!({ "node": number(cluster, victim.node), "name": name, "always": always, "rule_always": rule_always });
        let mut why = but_chance(rule(cluster, victim.rule), victim.varies);
        if victim.regions.len() > 1 {
            // In one way this, in another that: it is not known.
            why = merged(why, json!({ "region": null }));
        }
        merged(merged(who, window(victim.window)), why)
    };
    let happening = |one: &super::outlook::Happening| {
        let when = json!({ "nth": one.nth, "always": one.always });
        merged(merged(but_chance(event(cluster, one.event), one.varies), window(one.window)), when)
    };
    let (blocked, range) = match outlook.blocked {
        Blocked::No => ("no", None),
        Blocked::For(range) => ("for", Some(range)),
        Blocked::WhileItLasts => ("while_it_lasts", None),
        Blocked::NobodyLeft => ("nobody_left", None),
    };
    let (least, most) = RECOVERY_SEEN_S;
    json!({
        "victims": outlook.victims.iter().map(victim).collect::<Vec<_>>(),
        // Each of these sets of nodes may be left; more than one: it depends on chance.
        "left": outlook.left.iter().map(|left| numbers(cluster, left)).collect::<Vec<_>>(),
        "writes_block": blocked,
        "writes_block_up_to_s": range.map(window),
        "recovery_not_counted_seen_s": { "least": least, "most": most },
        "timeline": outlook.happenings.iter().map(happening).collect::<Vec<_>>(),
    })
}

/// What an event or a rule says beside what it is: `null` where it depends on chance.
fn but_chance(mut told: Value, varies: bool) -> Value {
    const IDENTITY: [&str; 6] = ["event", "rule", "node", "peer", "region", "fault"];
    if varies && let Value::Object(all) = &mut told {
        all.iter_mut().filter(|(name, _)| !IDENTITY.contains(&name.as_str())).for_each(|(_, value)| *value = Value::Null);
    }
    told
}

fn rule(cluster: &Cluster, rule: Rule) -> Value {
    let numbers = match rule {
        Rule::WriteTimeout { region, failed, quorum } => {
            json!({ "region": cluster.regions.get(region).map(|region| &region.uuid), "failed_regions": failed, "quorum_regions": quorum })
        }
        Rule::Minority { connected, needed, heartbeating } => {
            json!({ "connected": connected, "needed": needed, "heartbeating": heartbeating })
        }
        Rule::HalfWithoutLowest { connected, heartbeating, lowest } => {
            json!({ "connected": connected, "heartbeating": heartbeating, "lowest": number(cluster, lowest) })
        }
    };
    merged(json!({ "rule": rule_name(rule) }), numbers)
}

fn event(cluster: &Cluster, event: Event) -> Value {
    let node = |node: usize| number(cluster, node);
    let uuid = |region: usize| cluster.regions.get(region).map(|region| &region.uuid);
    match event {
        Event::Begins { fault } => json!({ "event": "fault_begins", "fault": fault }),
        Event::Ends { fault } => json!({ "event": "fault_ends", "fault": fault }),
        Event::Lost { node: of, peer } => json!({ "event": "connection_lost", "node": node(of), "peer": node(peer) }),
        Event::Restored { node: of, peer } => json!({ "event": "connection_restored", "node": node(of), "peer": node(peer) }),
        Event::Asks { node: of, region, lowest } => {
            json!({ "event": "asks_if_all_hang", "node": node(of), "region": uuid(region), "lowest": node(lowest) })
        }
        Event::Approves { node: of, region } => json!({ "event": "all_hang", "node": node(of), "region": uuid(region) }),
        Event::RegionFailed { node: of, region, failed, quorum } => json!({
            "event": "region_failed", "node": node(of), "region": uuid(region), "failed_regions": failed, "quorum_regions": quorum,
        }),
        Event::Stays { node: of, heartbeating, connected, lowest, reachable } => json!({
            "event": "stays", "node": node(of), "heartbeating": heartbeating, "connected": connected, "lowest": node(lowest),
            "lowest_reachable": reachable,
        }),
        Event::Fences { node: of, rule: why } => merged(json!({ "event": "fences", "node": node(of) }), rule(cluster, why)),
        Event::Dead { node: of, peer } => json!({ "event": "counts_dead", "node": node(of), "peer": node(peer) }),
        Event::SeenAgain { node: of, peer } => json!({ "event": "seen_again", "node": node(of), "peer": node(peer) }),
    }
}

fn of_split(cluster: &Cluster, split: &Split) -> Value {
    json!({
        "groups": [numbers(cluster, &split.groups.0), numbers(cluster, &split.groups.1)],
        "left": split.left.iter().map(|left| numbers(cluster, left)).collect::<Vec<_>>(),
    })
}
