use super::*;
use crate::testing::{SECOND, gfs2_sample, glock, granted, lockspace_sample, resource, waiting};
use proptest::prelude::*;
use sample::LockspaceSample;
use sample::lockspace::{Master, Resource};

fn merged(samples: &[(usize, &LockspaceSample, u64)]) -> LockspaceView {
    let names = ["alpha", "beta", "gamma", "delta"];
    let inputs: Vec<_> =
        samples.iter().map(|(node, sample, age_us)| LockspaceInput { node: *node, name: names[*node], sample, age_us: *age_us }).collect();
    merge("fs", Dlm::Kernel, &inputs, FileSystemInput::default())
}

#[test]
fn master_and_owner_tell_of_one_lock() {
    let (mut first, mut second) = (lockspace_sample(1, 2), lockspace_sample(2, 2));
    let mut own = waiting(None, Mode::EX, 40);
    own.pid = Some(1405);
    first.resources.push(resource("2/183f3", Master::Here, vec![granted(None, Mode::EX, 90), waiting(Some(2), Mode::EX, 41)]));
    second.resources.push(resource("2/183f3", Master::Node(1), vec![own]));
    let view = merged(&[(0, &first, 0), (1, &second, 0)]);
    let resource = &view.resources[0];
    assert_eq!((resource.master.number, resource.master.told_by.as_slice()), (Some(1), &[0, 1][..]));
    let [holder, waiter] = resource.locks.as_slice() else { panic!("{:?}", resource.locks) };
    assert_eq!((holder.number, holder.node, holder.told_by_master, holder.told_by_owner), (Some(1), Some(0), true, true));
    assert_eq!((waiter.pid, waiter.age_ns, waiter.age_told_by, waiter.disagree), (Some(1405), Some(41 * SECOND), Some(0), false));
    assert_eq!(view.node_word(Some(2), None, &[]), "name2");
}

#[test]
fn of_two_moments_the_newer_is_shown() {
    let (mut first, mut second) = (lockspace_sample(1, 2), lockspace_sample(2, 2));
    first.resources.push(resource("2/1", Master::Here, vec![waiting(Some(2), Mode::EX, 41)]));
    second.resources.push(resource("2/1", Master::Node(1), vec![granted(None, Mode::EX, 0)]));
    let newer_owner = merged(&[(0, &first, 2_000_000), (1, &second, 0)]).resources[0].locks[0].clone();
    assert_eq!((newer_owner.queue, newer_owner.age_ns, newer_owner.disagree), (Queue::Granted, Some(0), true));
    let newer_master = merged(&[(0, &first, 0), (1, &second, 2_000_000)]).resources[0].locks[0].clone();
    assert_eq!((newer_master.queue, newer_master.age_ns, newer_master.disagree), (Queue::Waiting, Some(41 * SECOND), true));
}

#[test]
fn without_its_number_a_node_stays_unnumbered_and_masters_may_contradict() {
    let (mut first, mut second, mut third) = (lockspace_sample(1, 3), lockspace_sample(2, 3), lockspace_sample(3, 3));
    third.own_number = None;
    first.resources.push(resource("2/1", Master::Here, vec![]));
    second.resources.push(resource("2/1", Master::Node(3), vec![]));
    third.resources.push(resource("2/1", Master::Unknown, vec![waiting(None, Mode::PR, 1)]));
    let view = merged(&[(0, &first, 0), (1, &second, 0), (2, &third, 0)]);
    let of = &view.resources[0];
    assert_eq!(
        (of.master.number, of.master.contradictions.as_slice(), of.master.looked_up_by.as_slice()),
        (Some(1), &[(1, 3)][..], &[2][..])
    );
    assert_eq!((of.locks[0].number, of.locks[0].node, view.number_of(2)), (None, Some(2), None));
}

#[test]
fn a_glock_without_resource_is_shown_beside_those_with() {
    let sample = gfs2_sample(vec![glock("2/5", "UN", "", vec![])]);
    let first = lockspace_sample(1, 1);
    let input = LockspaceInput { node: 0, name: "alpha", sample: &first, age_us: 0 };
    let own = FileSystemInput { gfs2: &[(0, &sample)], ..FileSystemInput::default() };
    let view = merge("fs", Dlm::Kernel, &[input], own);
    assert_eq!(
        (view.resources[0].name.to_string().as_str(), view.resources[0].master.number, view.resources[0].locals.len()),
        ("2/5", None, 1)
    );
}

fn any_resource() -> impl Strategy<Value = (usize, Resource)> {
    let lock = (0..5_u32, prop::bool::ANY, 0..6_i8, 0..50_u64).prop_map(|(node, waits, mode, age)| {
        let node = (node > 0).then_some(node);
        if waits { waiting(node, Mode(mode), age) } else { granted(node, Mode(mode), age) }
    });
    let master = prop_oneof![Just(Master::Here), (1..5_u32).prop_map(Master::Node), Just(Master::Unknown)];
    (0..4_usize, 0..3_u8, master, prop::collection::vec(lock, 0..4))
        .prop_map(|(node, name, master, locks)| (node, resource(&format!("2/{name}"), master, locks)))
}

proptest! {
    #[test]
    fn the_order_of_the_nodes_does_not_matter(resources in prop::collection::vec(any_resource(), 0..12), turn in 0..4_usize) {
        let mut samples: Vec<LockspaceSample> = (1..=4).map(|number| lockspace_sample(number, 4)).collect();
        for (node, resource) in resources {
            samples[node].resources.push(resource);
        }
        let told: Vec<_> = samples.iter().enumerate().map(|(node, sample)| (node, sample, node as u64 % 2)).collect();
        let mut turned = told.clone();
        turned.rotate_left(turn);
        turned.reverse();
        prop_assert_eq!(merged(&told), merged(&turned));
    }
}
