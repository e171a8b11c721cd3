//! The slots of a region: each as the node tells it that has read it best.

use super::memory::{RegionMemory, Witness};
use super::view::{CellState, CellView, ClusterView, SlotRemark};
use formats::o2hb::{Expected, Judgement, Remark, State};
use sample::o2cb::{Region, Thread};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

/// A reading of this age is as good as a newer one: then it counts who has watched for longer, ns.
const FRESH_NS: u64 = 5_000_000_000;

/// What a region's slots are compared with.
struct Reader<'r> {
    witness: &'r Witness<'r>,
    memory: &'r RegionMemory,
}

/// The slots of the known nodes, and the others that are used.
pub(super) fn cells(cluster: &ClusterView, uuid: &str, have: &[(&Witness<'_>, &Region)]) -> Vec<CellView> {
    let reader = best_reader(uuid, have);
    let numbers: Vec<u8> = cluster.members.iter().map(|member| member.number).collect();
    let used = reader.iter().flat_map(|reader| reader.memory.slots.keys().copied());
    let all: BTreeSet<u8> = numbers.iter().copied().chain(used).collect();
    all.into_iter().map(|number| cell(cluster, number, &numbers, reader.as_ref(), have)).collect()
}

/// Of those who have read it lately who has watched it for the longest time; else who has read it last.
fn best_reader<'r>(uuid: &str, have: &[(&'r Witness<'r>, &Region)]) -> Option<Reader<'r>> {
    let readers = have.iter().filter_map(|(witness, _)| {
        let memory = witness.node.regions.get(uuid)?;
        let age = witness.now_ns.saturating_sub(memory.last_ns?);
        let watched = memory.last_ns?.saturating_sub(memory.first_ns?);
        let fresh = age <= FRESH_NS;
        Some(((fresh, if fresh { watched } else { 0 }, Reverse(age)), Reader { witness, memory }))
    });
    // The first of those that are equal.
    readers.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, reader)| reader)
}

fn cell(cluster: &ClusterView, number: u8, numbers: &[u8], reader: Option<&Reader<'_>>, have: &[(&Witness<'_>, &Region)]) -> CellView {
    let member = cluster.members.iter().find(|member| member.number == number);
    let own = have.iter().find(|(witness, _)| witness.number == Some(number));
    let runs = |region: &Region| matches!(region.thread, Some(Thread::Runs(_) | Thread::Gone(_)));
    let own_elapsed_ms =
        own.filter(|(_, region)| runs(region)).and_then(|(witness, region)| Some(region.elapsed_ms.filter(|&ms| ms > 0)? + witness.age_ms));
    let judged = reader.map(|reader| judge(reader, cluster, number, numbers));
    let (mut state, slot_age_ms, remarks) = judged.unwrap_or((CellState::Unread, None, Vec::new()));
    // Others count it among the living: in this region, else in any.
    let in_region = have.iter().filter(|(witness, _)| witness.number != Some(number)).find_map(|(_, region)| region.live.as_ref());
    let live = in_region.map_or_else(|| member.and_then(|member| member.live), |live| Some(live.contains(&u32::from(number))));
    let overdue = |age: Option<u64>| age.zip(cluster.dead_ms).is_some_and(|(age, dead)| age >= dead);
    if state == CellState::Silent && live.map_or(overdue(slot_age_ms), |live| !live) {
        state = CellState::Dead;
    }
    if state == CellState::Unread && own_elapsed_ms.is_some() {
        // The node's own word is all there is.
        state = CellState::Beating;
    }
    let age_ms = match state {
        CellState::Beating | CellState::Unsettled => own_elapsed_ms.or(slot_age_ms),
        CellState::Silent | CellState::Corrupt => own_elapsed_ms.max(slot_age_ms),
        CellState::Dead => slot_age_ms,
        CellState::Unread | CellState::NeverUsed | CellState::Left => None,
    };
    let lives = matches!(state, CellState::Beating | CellState::Silent | CellState::Corrupt) && live != Some(false);
    let left = |limit: Option<u64>| Some(limit?.saturating_sub(age_ms?)).filter(|_| lives);
    CellView {
        number,
        name: member.map(|member| member.name.clone()),
        state,
        age_ms,
        own_elapsed_ms,
        fence_in_ms: left(cluster.fence_ms),
        dead_in_ms: left(cluster.dead_ms),
        remarks,
        read_by: reader.filter(|_| state != CellState::Unread).map(|reader| reader.witness.node.name.clone()),
    }
}

fn judge(reader: &Reader<'_>, cluster: &ClusterView, number: u8, numbers: &[u8]) -> (CellState, Option<u64>, Vec<SlotRemark>) {
    let Some(history) = reader.memory.slots.get(&number) else { return (CellState::NeverUsed, None, Vec::new()) };
    let dead_ms = cluster.dead_ms.and_then(|ms| u32::try_from(ms).ok());
    let expected = Expected { dead_ms, nodes: Some(numbers) };
    let now = Duration::from_nanos(reader.witness.now_ns);
    let Judgement { state, remarks } = history.judge(number, now, expected);
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (state, age) = match state {
        State::Unread => (CellState::Unread, None),
        State::Unused => (CellState::NeverUsed, None),
        State::Left => (CellState::Left, None),
        State::Beating { age } => (CellState::Beating, Some(ms(age))),
        State::Unsettled => (CellState::Unsettled, None),
        State::Silent { at_least, .. } => (CellState::Silent, Some(ms(at_least))),
        State::Corrupt => (CellState::Corrupt, None),
    };
    (state, age, remarks.into_iter().map(remark).collect())
}

fn remark(remark: Remark) -> SlotRemark {
    match remark {
        Remark::Misplaced { written_by } => SlotRemark::Misplaced { written_by },
        Remark::ThresholdMismatch { found, expected } => SlotRemark::ThresholdMismatch { found_ms: found, expected_ms: expected },
        Remark::UnknownNode => SlotRemark::UnknownNode,
        Remark::TwoWriters => SlotRemark::TwoWriters,
        Remark::NewGeneration => SlotRemark::NewGeneration,
        Remark::CorruptSeen => SlotRemark::CorruptSeen,
    }
}
