//! What depends on chance is told so, and so is what was not tried.

use super::testing::{cluster, global};
use crate::forecast::cluster::Cluster;
use crate::forecast::event::{Event, Rule};
use crate::forecast::fault::{Fault, Spot, What};
use crate::forecast::outlook::{Effort, outlook};
use crate::forecast::report::Report;
use crate::forecast::source::Source;
use crate::forecast::words::verdict;
use crate::forecast::{engine, timeline};

fn report(cluster: Cluster, faults: Vec<Fault>) -> Report {
    let from = "a test".to_owned();
    let source = Source { cluster, reconnect_ms: None, fence_method: None, live: false, from, notes: Vec::new(), silent: Vec::new() };
    Report::new(source, faults, None)
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
    let outlook = outlook(&cluster, &faults, Effort::Full);
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
    let outlook = outlook(&cluster, &faults, Effort::Full);
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
    let told = verdict(&cluster, &outlook(&cluster, &faults, Effort::Full));
    let waits = "db1 cannot count db3 as dead while storage hangs or fails there: recovery of db3 waits for it.";
    assert!(told.iter().any(|sentence| sentence == waits), "{told:?}");
}

#[test]
fn what_is_not_tried_is_said() {
    let few = report(cluster(4), vec![Fault::new(What::Kill(3))]);
    assert_eq!((few.outlook.tried, &few.source.notes[..]), (few.outlook.ways, &[][..]));
    let many = report(cluster(254), vec![Fault::new(What::Kill(253))]);
    assert!((2..=8).contains(&many.outlook.tried) && many.outlook.ways > 1000, "{} of {}", many.outlook.tried, many.outlook.ways);
    let note = format!("only {} of {} ways", many.outlook.tried, many.outlook.ways);
    assert!(many.source.notes.iter().any(|told| told.contains(&note)), "{:?}", many.source.notes);
    // Few as they are, the ends are among them.
    let dead = many.outlook.happenings.iter().find(|one| one.event == Event::Dead { node: 0, peer: 253 }).unwrap().window;
    assert!(dead.latest_ms - dead.earliest_ms > 3000, "{dead:?}");
}

/// Nothing is run that cannot change what is said.
#[test]
fn without_faults_one_way_is_enough() {
    let outlook = outlook(&cluster(4), &[], Effort::Full);
    assert_eq!((outlook.tried, outlook.ways, outlook.happenings.len()), (1, 1, 0));
    assert!(engine::horizon(cluster(4).settings, &[]) > 0);
}
