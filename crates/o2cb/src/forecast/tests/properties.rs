//! What holds for any cluster, however things stand.

use super::testing::{cluster, global, holds};
use crate::forecast::blocked::Blocked;
use crate::forecast::chance::Chance;
use crate::forecast::cluster::{Cluster, Node};
use crate::forecast::engine::run;
use crate::forecast::event::Event;
use crate::forecast::fault::{Fault, Spot, What};
use crate::forecast::outlook::{Effort, outlook};
use crate::forecast::timing::Settings;
use formats::cluster_conf::HeartbeatMode;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Timeouts that people use, and some more.
fn settings() -> impl Strategy<Value = Settings> {
    (5_u32..=130, 5_000_u32..=60_000, prop_oneof![Just(100), Just(250), Just(300), Just(1000)])
        .prop_map(|(threshold, idle_ms, hz)| Settings { threshold, idle_ms, keepalive_ms: 2000, hz })
}

/// A cluster of that many nodes, with any numbers.
fn clusters(count: impl Strategy<Value = usize>) -> impl Strategy<Value = Cluster> {
    (count.prop_flat_map(|count| proptest::collection::btree_set(0_u8..=254, count)), settings()).prop_map(|(numbers, settings)| {
        let nodes = numbers.into_iter().map(|number| Node { number, name: format!("n{number}") }).collect();
        Cluster::new("web", HeartbeatMode::Local, nodes, 1, settings)
    })
}

/// Who fences itself.
fn fenced(log: &[(i64, Event)]) -> BTreeSet<usize> {
    log.iter()
        .filter_map(|(_, event)| match event {
            Event::Fences { node, .. } => Some(*node),
            _ => None,
        })
        .collect()
}

/// The rule as an administrator knows it: the larger group, of equal ones that with the lowest node.
fn loser(count: usize, group: &BTreeSet<usize>) -> BTreeSet<usize> {
    let rest: BTreeSet<usize> = (0..count).filter(|node| !group.contains(node)).collect();
    match group.len().cmp(&rest.len()) {
        std::cmp::Ordering::Greater => rest,
        std::cmp::Ordering::Equal if group.contains(&0) => rest,
        std::cmp::Ordering::Less | std::cmp::Ordering::Equal => group.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_happens_when_nothing_goes_wrong(cluster in clusters(1_usize..6), seed: u64) {
        prop_assert_eq!(run(&cluster, &[], &Chance::Drawn(seed)), vec![]);
    }

    #[test]
    fn of_two_groups_exactly_one_is_left_and_the_rule_says_which(
        (cluster, bits) in clusters(2_usize..9).prop_flat_map(|cluster| {
            let all = 1_u32 << cluster.nodes.len();
            (Just(cluster), 1..all - 1)
        }),
        seed: u64,
    ) {
        let count = cluster.nodes.len();
        let group: BTreeSet<usize> = (0..count).filter(|node| bits & (1 << node) != 0).collect();
        let log = run(&cluster, &[Fault::split(group.clone(), &cluster)], &Chance::Drawn(seed));
        prop_assert_eq!(fenced(&log), loser(count, &group), "{:#?}", log);
    }

    #[test]
    fn of_three_groups_or_more_none_without_half_is_left(
        (cluster, groups) in clusters(3_usize..7).prop_flat_map(|cluster| {
            let count = cluster.nodes.len();
            (Just(cluster), proptest::collection::vec(0_usize..4, count))
        }),
        seed: u64,
    ) {
        let count = cluster.nodes.len();
        let sets: Vec<BTreeSet<usize>> = (0..4).map(|group| (0..count).filter(|node| groups[*node] == group).collect()).collect();
        let split = Fault::new(What::Split(sets.iter().filter(|set: &&BTreeSet<usize>| !set.is_empty()).cloned().collect()));
        let fenced = fenced(&run(&cluster, &[split], &Chance::Drawn(seed)));
        let left: Vec<&BTreeSet<usize>> = sets.iter().filter(|set| !set.is_subset(&fenced)).collect();
        prop_assert!(left.len() <= 1, "{left:?} are left");
    }

    #[test]
    fn nobody_fences_while_storage_hangs_everywhere(cluster in clusters(1_usize..6), seed: u64, start in 0_i64..5000, lasts in prop::option::of(1_i64..600_000)) {
        let fault = Fault { what: What::Stall(Spot::everywhere(&cluster)), start_ms: start, end_ms: lasts.map(|lasts| start + lasts) };
        prop_assert_eq!(fenced(&run(&cluster, &[fault], &Chance::Drawn(seed))), BTreeSet::new());
    }

    #[test]
    fn all_fence_when_all_writes_fail(cluster in clusters(1_usize..6), seed: u64) {
        let fault = Fault::new(What::IoError(Spot::everywhere(&cluster)));
        prop_assert_eq!(fenced(&run(&cluster, &[fault], &Chance::Drawn(seed))).len(), cluster.nodes.len());
    }

    #[test]
    fn a_pause_of_one_node_is_survived_exactly_as_long_as_it_is_said(cluster in clusters(2_usize..5), seed: u64, node in 0_usize..2, more in 1_i64..9000) {
        let settings = cluster.settings;
        let pause = |lasts| {
            let fault = Fault { what: What::Stall(Spot::of_node(&cluster, node)), start_ms: 0, end_ms: Some(lasts) };
            fenced(&run(&cluster, &[fault], &Chance::Drawn(seed)))
        };
        let sure = settings.fence_ms() - settings.slow_beat_ms();
        prop_assert_eq!(pause((sure - more).max(1)), BTreeSet::new());
        prop_assert_eq!(pause(settings.fence_ms() + settings.late_ms(settings.fence_ms()) + more), BTreeSet::from([node]));
    }

    #[test]
    fn a_killed_node_takes_nobody_with_it(cluster in clusters(2_usize..7), seed: u64) {
        let last = cluster.nodes.len() - 1;
        let log = run(&cluster, &[Fault::new(What::Kill(last))], &Chance::Drawn(seed));
        prop_assert_eq!(fenced(&log), BTreeSet::new());
        for node in 0..last {
            let dead = log.iter().filter(|(_, event)| *event == Event::Dead { node, peer: last }).count();
            prop_assert_eq!(dead, 1);
        }
    }

    #[test]
    fn in_global_mode_half_of_the_regions_make_a_node_fence(regions in 1_usize..6, failed in 1_usize..6, error: bool, seed: u64) {
        prop_assume!(failed <= regions);
        let cluster = global(3, regions);
        let spot = Spot { regions: (0..failed).collect(), nodes: [1].into() };
        let fault = Fault::new(if error { What::IoError(spot) } else { What::Stall(spot) });
        let expected = if 2 * failed >= regions { BTreeSet::from([1]) } else { BTreeSet::new() };
        prop_assert_eq!(fenced(&run(&cluster, &[fault], &Chance::Drawn(seed))), expected);
    }

    #[test]
    fn a_higher_threshold_fences_later(threshold in 5_u32..100, seed: u64) {
        let first = |threshold| {
            let cluster = cluster(2).with(Settings { threshold, ..Settings::DEFAULT });
            let time = |fault: Fault| run(&cluster, &[fault], &Chance::Drawn(seed)).iter().find(|(_, event)| matches!(event, Event::Fences { .. })).map(|(time, _)| *time);
            [time(Fault::new(What::Stall(Spot::of_node(&cluster, 1)))), time(Fault::split([0], &cluster))]
        };
        // Timers are coarse: one more may change nothing, ten more do.
        let (lower, next, higher) = (first(threshold), first(threshold + 1), first(threshold + 10));
        prop_assert!(lower.iter().zip(&next).all(|(lower, next)| lower.is_some() && lower <= next), "{lower:?} {next:?}");
        prop_assert!(lower.iter().zip(&higher).all(|(lower, higher)| lower < higher), "{lower:?} {higher:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// The windows are those of some hundred ways things may stand; any other way lies in them, to the second that is told. What happens in
    /// few of them only may be as far off as the last message may be old.
    #[test]
    fn windows_hold_whatever_happens(cluster in clusters(2_usize..5), kind in 0_u8..4, base: u64) {
        // With these, what happens depends on chance, and is told so.
        prop_assume!(cluster.settings.overlap_ms() == 0);
        let fault = match kind {
            0 => Fault::split([cluster.nodes.len() - 1], &cluster),
            1 => Fault::new(What::Stall(Spot::of_node(&cluster, 0))),
            2 => Fault::new(What::IoError(Spot::everywhere(&cluster))),
            _ => Fault::new(What::Kill(0)),
        };
        let faults = [fault];
        let outlook = outlook(&cluster, &faults, Effort::full(1));
        for seed in 0..64 {
            for (time, event) in run(&cluster, &faults, &Chance::Drawn(base.wrapping_add(seed))) {
                if matches!(event, Event::Dead { .. } | Event::Fences { .. } | Event::Lost { .. }) {
                    let known = outlook.happenings.iter().filter(|known| known.event == event).collect::<Vec<_>>();
                    let off = |always: bool| 1000 + if always { 0 } else { i64::from(cluster.settings.keepalive_ms) };
                    prop_assert!(known.iter().any(|one| holds(one.window, time, off(one.always))), "{time} {event:?}: {known:?}");
                }
            }
        }
    }
}

#[test]
fn one_of_three_regions_may_hang_everywhere_and_two_may_not_at_one_node() {
    let cluster = global(3, 3);
    let one = Fault::new(What::Stall(Spot { regions: [0].into(), nodes: [0, 1, 2].into() }));
    assert!(outlook(&cluster, &[one], Effort::full(1)).victims.is_empty());
    let two = Fault::new(What::Stall(Spot { regions: [0, 2].into(), nodes: [0].into() }));
    let victims = outlook(&cluster, &[two], Effort::full(1)).victims;
    assert_eq!(victims.iter().map(|victim| victim.node).collect::<Vec<_>>(), [0]);
}

#[test]
fn the_last_node_alone_has_nobody_to_ask() {
    let cluster = cluster(1);
    let stall = Fault::new(What::Stall(Spot::everywhere(&cluster)));
    assert!(outlook(&cluster, &[stall], Effort::full(1)).victims.is_empty());
    let error = Fault::new(What::IoError(Spot::everywhere(&cluster)));
    assert_eq!(outlook(&cluster, &[error], Effort::full(1)).victims.len(), 1);
}

/// A node whose region hangs reads no slots there: it never counts a dead one as dead, and waits.
#[test]
fn a_node_with_a_hung_region_waits_for_its_recovery() {
    let cluster = global(3, 3);
    let faults = [
        Fault::new(What::Stall(Spot { regions: [0].into(), nodes: [0].into() })),
        Fault { what: What::Kill(2), start_ms: 5000, end_ms: None },
    ];
    let outlook = outlook(&cluster, &faults, Effort::full(1));
    let dead = |node| outlook.happenings.iter().any(|happening| happening.event == Event::Dead { node, peer: 2 });
    assert!(!dead(0) && dead(1));
    assert_eq!(outlook.blocked, Blocked::WhileItLasts);
}

/// The clock of the quorum stops when the other side is dead: the node whose storage hangs first is the only one that is lost.
#[test]
fn a_node_that_dies_during_the_wait_calls_the_decision_off() {
    let cluster = cluster(2);
    let faults = [Fault::new(What::Stall(Spot::of_node(&cluster, 0))), Fault::split([1], &cluster)];
    let outlook = outlook(&cluster, &faults, Effort::full(1));
    assert_eq!(outlook.victims.iter().map(|victim| victim.node).collect::<Vec<_>>(), [0]);
    assert_eq!(outlook.left, [BTreeSet::from([1])]);
}

/// Seen on a lab of three: a link that is back after 16 s does not save the node when TCP sends again too late.
#[test]
fn a_link_that_is_back_may_not_save_the_node() {
    let cluster = cluster(3).with(Settings { threshold: 9, idle_ms: 10_000, ..Settings::DEFAULT });
    let back_after = |end| {
        let fault = Fault { end_ms: Some(end), ..Fault::split([2], &cluster) };
        outlook(&cluster, &[fault], Effort::full(1)).left.len()
    };
    assert_eq!(back_after(5_000), 1);
    assert_eq!(back_after(16_000), 2, "it depends on TCP");
    assert_eq!(back_after(40_000), 1);
}

/// The idle timers of lost connections fire on while the decision is waited for: that puts off nothing, however the two timeouts are to
/// each other.
#[test]
fn silence_that_lasts_puts_no_decision_off() {
    for (threshold, idle_ms) in [(7, 12_000), (7, 10_000), (28, 60_000), (31, 22_000), (31, 30_000)] {
        let cluster = cluster(3).with(Settings { threshold, idle_ms, ..Settings::DEFAULT });
        let settings = cluster.settings;
        let idle = i64::from(idle_ms);
        let latest = idle + settings.late_ms(idle) + settings.decide_ms() + settings.late_ms(settings.decide_ms());
        for seed in 0..200 {
            let log = run(&cluster, &[Fault::split([2], &cluster)], &Chance::Drawn(seed));
            let fences: Vec<_> = log.iter().filter(|(_, event)| matches!(event, Event::Fences { .. })).collect();
            assert!(matches!(fences[..], [(time, Event::Fences { node: 2, .. })] if *time <= latest), "{settings:?}, {seed}: {fences:?}");
        }
    }
}
