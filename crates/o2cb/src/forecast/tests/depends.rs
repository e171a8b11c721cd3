//! What depends on chance is told so, and so is what was not tried.

use super::testing::{cluster, global};
use crate::forecast::cluster::Cluster;
use crate::forecast::event::{Event, Rule};
use crate::forecast::fault::{Fault, Spot, What};
use crate::forecast::outlook::{Effort, outlook};
use crate::forecast::report::Report;
use crate::forecast::source::Source;
use crate::forecast::splits::splits;
use crate::forecast::words::verdict;
use crate::forecast::{engine, timeline};
use std::collections::BTreeSet;

fn source(cluster: Cluster) -> Source {
    let from = "a test".to_owned();
    Source { cluster, reconnect_ms: None, fence_method: None, live: false, from, notes: Vec::new(), silent: Vec::new() }
}

fn report(cluster: Cluster, faults: Vec<Fault>) -> Report {
    Report::new(source(cluster), faults, None).unwrap()
}

/// Its storage hangs just so long after the cut that the time to write and the quorum's decision end at once.
fn by_either_rule() -> (Cluster, Vec<Fault>) {
    let cluster = cluster(2);
    let stall = Fault { what: What::Stall(Spot::of_node(&cluster, 1)), start_ms: 36_000, end_ms: Some(336_000) };
    let faults = vec![Fault::split([0], &cluster), stall];
    (cluster, faults)
}

#[test]
fn a_node_that_always_fences_but_by_one_rule_or_another() {
    let (cluster, faults) = by_either_rule();
    let outlook = outlook(&cluster, &faults, Effort::full(1));
    let victims: Vec<_> = outlook.victims.iter().map(|victim| (victim.node, victim.always, victim.rule_always)).collect();
    assert_eq!(victims, [(1, true, false), (1, true, false)], "{:#?}", outlook.victims);
    let has = |wanted: fn(&Rule) -> bool| outlook.victims.iter().any(|victim| wanted(&victim.rule));
    assert!(has(|rule| matches!(rule, Rule::WriteTimeout { .. })) && has(|rule| matches!(rule, Rule::HalfWithoutLowest { .. })));
    let told = verdict(&cluster, &outlook);
    assert!(told[0].starts_with("db2 fences itself either at ") && told[0].contains("; or at "), "{told:?}");
    assert_eq!(told[1], "db1 goes on.");
    let fences = timeline::lines(&cluster, &faults, &outlook).into_iter().filter(|line| line.what.starts_with("SELF-FENCE"));
    assert!(fences.clone().all(|line| line.what.ends_with("(may be)")) && fences.count() == 2);
    let json = report(cluster, faults).json();
    let victim = &json["outlook"]["victims"][0];
    assert_eq!((&victim["always"], &victim["rule_always"]), (&true.into(), &false.into()));
}

#[test]
fn a_node_that_fences_for_certain_because_of_one_region_or_another() {
    let cluster = global(3, 3);
    let spot = |region| Spot { regions: [region].into(), nodes: [1].into() };
    let faults = vec![Fault::new(What::Stall(spot(0))), Fault::new(What::Stall(spot(1)))];
    let outlook = outlook(&cluster, &faults, Effort::full(1));
    let [victim] = &outlook.victims[..] else { panic!("{:#?}", outlook.victims) };
    assert_eq!((victim.always, victim.rule_always, &victim.regions), (true, true, &[0, 1].into()));
    let of_regions = outlook.happenings.iter().filter(|one| matches!(one.event, Event::Fences { .. }));
    assert!(of_regions.clone().all(|one| !one.always) && of_regions.count() == 2);
    assert!(verdict(&cluster, &outlook)[0].starts_with("db2 fences itself at "));
    let fences: Vec<_> =
        timeline::lines(&cluster, &faults, &outlook).into_iter().filter(|line| line.what.starts_with("SELF-FENCE")).collect();
    assert!(fences.len() == 1 && !fences[0].what.contains("(may be)"), "{fences:?}");
    let json = report(cluster, faults).json();
    assert!(json["outlook"]["victims"][0]["region"].is_null(), "{}", json["outlook"]["victims"]);
}

/// A node whose reads fail at once counts nobody as dead, either.
#[test]
fn recovery_waits_where_storage_fails_too() {
    let cluster = global(3, 3);
    let faults = [
        Fault::new(What::IoError(Spot { regions: [0].into(), nodes: [0].into() })),
        Fault { what: What::Kill(2), start_ms: 5000, end_ms: None },
    ];
    let told = verdict(&cluster, &outlook(&cluster, &faults, Effort::full(1)));
    let waits = "db1 cannot count db3 as dead while storage hangs or fails there: recovery of db3 waits for it.";
    assert!(told.iter().any(|sentence| sentence == waits), "{told:?}");
}

#[test]
fn what_is_not_tried_is_said() {
    let few = report(cluster(4), vec![Fault::new(What::Kill(3))]);
    assert_eq!((few.outlook.tried, &few.untried), (few.outlook.ways, &None));
    let many = report(cluster(254), vec![Fault::new(What::Kill(253))]);
    assert!((2..=8).contains(&many.outlook.tried) && many.outlook.ways > 1000, "{} of {}", many.outlook.tried, many.outlook.ways);
    let note = format!("only {} of {} ways", many.outlook.tried, many.outlook.ways);
    assert!(many.untried.as_ref().unwrap().contains(&note), "{:?}", many.untried);
    assert!(many.text(true).replace('\n', " ").contains("ways in which"), "brief or not");
    // Few as they are, the ends are among them.
    let dead = many.outlook.happenings.iter().find(|one| one.event == Event::Dead { node: 0, peer: 253 }).unwrap().window;
    assert!(dead.latest_ms - dead.earliest_ms > 3000, "{dead:?}");
}

/// Nothing is run that cannot change what is said.
#[test]
fn without_faults_one_way_is_enough() {
    let outlook = outlook(&cluster(4), &[], Effort::full(1));
    assert_eq!((outlook.tried, outlook.ways, outlook.happenings.len()), (1, 1, 0));
    assert!(engine::horizon(cluster(4).settings, &[]) > 0);
}

/// Days before the first fault, or thousands of nodes' slots, are not played; what cannot be is refused.
#[test]
fn no_forecast_takes_for_ever() {
    let day = 86_400_000;
    let late = report(cluster(254), vec![Fault { what: What::Kill(253), start_ms: day, end_ms: None }]);
    let dead = late.outlook.happenings.iter().find(|one| one.event == Event::Dead { node: 0, peer: 253 }).unwrap().window;
    let now = report(cluster(254), vec![Fault::new(What::Kill(253))]);
    let dead_now = now.outlook.happenings.iter().find(|one| one.event == Event::Dead { node: 0, peer: 253 }).unwrap().window;
    assert_eq!((dead.earliest_ms - day, dead.latest_ms - day), (dead_now.earliest_ms, dead_now.latest_ms));
    let splits = splits(&global(8, 32));
    assert_eq!(splits.len(), 127, "by the rule alone");
    let source = source(global(254, 32));
    let refused = Report::new(source, vec![Fault::new(What::Kill(253))], None).err().unwrap_or_default();
    assert!(refused.contains("254 nodes in 32 region(s)") && refused.contains("--down"), "{refused}");
}

/// Five nodes of which one dies while they decide: who sees it dead in time asks for less.
#[test]
fn what_chance_decides_has_no_number() {
    let cluster = cluster(6);
    let faults = [
        Fault::split([0, 1], &cluster),
        Fault { what: What::Kill(4), start_ms: 31_000, end_ms: None },
        Fault { what: What::Kill(5), start_ms: 36_000, end_ms: None },
    ];
    let report = report(cluster.clone(), faults.to_vec());
    let victim = report.outlook.victims.iter().find(|victim| victim.node == 0 && victim.varies).unwrap();
    assert!(matches!(victim.rule, Rule::Minority { .. }), "{victim:?}");
    let told = report.text(true).replace('\n', " ");
    assert!(told.contains("reaches too few of the beating nodes"), "{told}");
    let json = report.json();
    let of_json = json["outlook"]["victims"].as_array().unwrap().iter().find(|one| one["node"] == 1).unwrap();
    assert!(of_json["rule"] == "minority" && of_json["heartbeating"].is_null(), "{of_json}");
}

#[test]
fn that_nobody_may_be_left_is_no_certainty() {
    let cluster = cluster(5);
    let faults = [Fault::split([0, 1], &cluster), Fault { what: What::Kill(4), start_ms: 35_000, end_ms: None }];
    let outlook = outlook(&cluster, &faults, Effort::full(1));
    assert!(outlook.left.len() > 1 && outlook.left.iter().any(BTreeSet::is_empty), "{:?}", outlook.left);
    let told = verdict(&cluster, &outlook);
    assert!(told.iter().any(|one| one.starts_with("If no node goes on, nobody is left to write")), "{told:?}");
}
