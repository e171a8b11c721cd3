//! Which waits are stuck, and which were: chains followed from moment to moment.
//!
//! Stuck is a waiter that is the same in two moments and has waited longer than the rule says. One that waits anew for the same
//! resource is another wait: its age, where the kernel tells it, is shorter than the time since the first was seen.

use crate::rules::Rules;
use crate::time::ViewTime;
use crate::waits::{Actor, Blocker, Chain, PidBy, Waiter, Waits};
use formats::Mode;
use formats::dlm::ResourceName;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Ended ones that are kept.
const MOST_ENDED: usize = 200;
/// Clocks of two nodes and two readings may differ by this, ns, before an age tells another wait.
const SLACK_NS: u64 = 500_000_000;

/// A chain's wait that is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StuckSince {
    /// Start of the oldest wait by the viewer's clock, µs since the epoch; `None`: the viewer has no clock. If `at_least`, it
    /// began at this time or before.
    pub since_us: Option<u64>,
    /// Length of the oldest wait, ns.
    pub for_ns: u64,
    /// The length is a lower bound.
    pub at_least: bool,
}

/// One who waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Who.
    pub actor: Actor,
    /// For what.
    pub resource: ResourceName,
    /// Mode wanted.
    pub mode: Option<Mode>,
    /// Longest length that was seen, ns.
    pub longest_ns: u64,
    /// That is a lower bound.
    pub at_least: bool,
}

/// A chain that was stuck for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitEpisode {
    /// Lockspace.
    pub lockspace: String,
    /// The root's resource.
    pub resource: Option<ResourceName>,
    /// Its file system.
    pub file_system: Option<String>,
    /// Start of the oldest wait by the viewer's clock, µs since the epoch.
    pub since_us: Option<u64>,
    /// The root as it was seen last.
    pub blocker: Blocker,
    /// Who waited.
    pub waiters: Vec<Waited>,
    /// When it was seen last.
    pub last_seen: ViewTime,
    /// When it was first seen to be over: it ended between `last_seen` and this. `None`: under way, or out of sight.
    pub ended: Option<ViewTime>,
}

/// Who waits for what: the same in two moments.
type WaiterKey = (String, ResourceName, Actor, Option<u64>);
/// Lockspace, resource, and for chains without one, the kind of their root and its node.
type ChainKey = (String, Option<ResourceName>, Option<(crate::waits::BlockerKind, Option<u32>)>);

#[derive(Clone, Copy, Debug)]
struct Track {
    first_seen: ViewTime,
    /// Its length then, ns.
    length_then: u64,
    /// That is a lower bound.
    at_least: bool,
    /// What was told last, ns.
    told: u64,
    /// Seen in two moments.
    twice: bool,
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct WaitMemory {
    tracks: BTreeMap<WaiterKey, Track>,
    open: Vec<(ChainKey, WaitEpisode)>,
    ended: VecDeque<WaitEpisode>,
}

impl WaitMemory {
    /// Takes the next moment. `told`: watched nodes whose numbers count now; only they can show that a wait is over. Returns, for
    /// each of `waits.chains` in order, whether it is stuck.
    ///
    /// A length that was told exactly once is known from then on: a DLM is not read at every moment. `waits` gets it.
    pub fn step(&mut self, waits: &mut Waits, told: &[usize], now: ViewTime, rules: &Rules) -> Vec<Option<StuckSince>> {
        let (mut tracks, mut count) = (BTreeMap::new(), BTreeMap::<WaiterKey, u32>::new());
        let of_chains = waits.chains.iter().flat_map(Chain::all_waiters);
        let of_cycles = waits.cycles.iter().flat_map(|cycle| cycle.edges.iter().map(|edge| &edge.waiter).chain(&cycle.waiters));
        let mut all: Vec<&Waiter> = of_chains.chain(of_cycles.flat_map(Waiter::all)).collect();
        // Of those without a name, the one that waits longest is followed.
        all.sort_by_key(|waiter| waiter.age_ns);
        for waiter in all {
            let key = key(waiter);
            let track = self.next(&key, waiter, now);
            *count.entry(key.clone()).or_default() += 1;
            tracks.insert(key, track);
        }
        // Of a node that says nothing now, the waits are not over.
        let unseen = |actor: &Actor| actor.node.is_some_and(|node| !told.contains(&node));
        tracks.extend(
            self.tracks
                .iter()
                .filter(|(key, _)| unseen(&key.2) && !tracks.contains_key(*key))
                .map(|(key, track)| (key.clone(), *track))
                .collect::<Vec<_>>(),
        );
        self.tracks = tracks;
        waits.date(&|waiter| {
            let key = key(waiter);
            // Of several that cannot be told apart, only the longest is followed.
            let track = self.tracks.get(&key).filter(|track| track.twice && !track.at_least && count.get(&key) == Some(&1));
            let known = track.map(|track| now.since_us(track.first_seen).saturating_mul(1000).saturating_add(track.length_then));
            if let Some(known) = known.filter(|known| (waiter.at_least && waiter.age_ns <= Some(*known)) || waiter.age_ns.is_none()) {
                (waiter.age_ns, waiter.at_least) = (Some(known), false);
            }
        });
        let waits = &*waits;
        let stuck: Vec<Option<StuckSince>> = waits.chains.iter().map(|chain| self.stuck(chain, now, rules)).collect();
        for (chain, stuck) in waits.chains.iter().zip(&stuck) {
            let key = chain_key(chain);
            let known = self.open.iter().position(|(of, _)| *of == key);
            match (known.and_then(|at| self.open.get_mut(at)), stuck) {
                (Some((_, episode)), _) => episode.see(chain, now, *stuck),
                (None, Some(_)) => {
                    let mut episode = WaitEpisode::new(chain, now);
                    episode.see(chain, now, *stuck);
                    self.open.push((key, episode));
                }
                (None, None) => {}
            }
        }
        self.end(waits, told, now);
        stuck
    }

    /// Stuck chains under way, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &WaitEpisode> {
        self.open.iter().map(|(_, episode)| episode)
    }

    /// Those that ended, oldest first.
    pub fn ended(&self) -> impl Iterator<Item = &WaitEpisode> {
        self.ended.iter()
    }

    fn next(&self, key: &WaiterKey, waiter: &Waiter, now: ViewTime) -> Track {
        let seen_now = waiter.age_ns.unwrap_or(0);
        let at_least = waiter.at_least || waiter.age_ns.is_none();
        let fresh = Track { first_seen: now, length_then: seen_now, at_least, told: seen_now, twice: false };
        let Some(before) = self.tracks.get(key) else { return fresh };
        if waiter.at_least && waiter.age_ns.is_some() {
            // Who tells a lower bound has followed the wait himself: that the process waits again proves nothing beyond it.
            let goes_on = seen_now > 0 && (!before.at_least || seen_now >= before.told);
            let start = if before.at_least { fresh } else { *before };
            return if goes_on { Track { told: seen_now, twice: true, ..start } } else { fresh };
        }
        let since = now.since_us(before.first_seen).saturating_mul(1000);
        // An exact age that is shorter than the time it has been known tells another wait, and so does a lower bound that fell.
        let another = (!at_least && seen_now.saturating_add(SLACK_NS) < since) || (at_least && before.at_least && seen_now < before.told);
        if another {
            return fresh;
        }
        let grown = Track { twice: before.twice || since > 0, told: seen_now, ..*before };
        // What is told exactly later on says since when it was so from the first.
        let length_then = seen_now.saturating_sub(since);
        if at_least { Track { length_then: grown.length_then.max(length_then), ..grown } } else { Track { length_then, at_least, ..grown } }
    }

    fn stuck(&self, chain: &Chain, now: ViewTime, rules: &Rules) -> Option<StuckSince> {
        let lengths = chain.all_waiters().into_iter().filter_map(|waiter| {
            let track = self.tracks.get(&key(waiter)).filter(|track| track.twice)?;
            let since = now.since_us(track.first_seen).saturating_mul(1000);
            Some((since.saturating_add(track.length_then), !track.at_least))
        });
        let (for_ns, exact) = lengths.max().filter(|(length, _)| *length >= rules.stuck_after_ns)?;
        Some(StuckSince { since_us: now.realtime_us.map(|now| now.saturating_sub(for_ns / 1000)), for_ns, at_least: !exact })
    }

    fn end(&mut self, waits: &Waits, told: &[usize], now: ViewTime) {
        let present: BTreeSet<ChainKey> = waits.chains.iter().map(chain_key).collect();
        let mut ended = Vec::new();
        self.open.retain_mut(|(key, episode)| {
            let node_told = |waited: &Waited| waited.actor.node.is_none_or(|node| told.contains(&node));
            let over = !present.contains(key) && !told.is_empty() && episode.waiters.iter().any(node_told);
            if over {
                episode.ended = Some(now);
                ended.push(episode.clone());
            }
            !over
        });
        self.ended.extend(ended);
        while self.ended.len() > MOST_ENDED {
            self.ended.pop_front();
        }
    }
}

fn key(waiter: &Waiter) -> WaiterKey {
    (waiter.lockspace.clone(), waiter.resource.clone(), lasting(&waiter.actor), waiter.lock_id)
}

/// What of an actor stays the same. A pid that is found by the open files may be missing the next time: it makes no other waiter.
fn lasting(actor: &Actor) -> Actor {
    let lasts = matches!(actor.pid_by, PidBy::Holder | PidBy::Dlm);
    let (pid, pid_by) = if lasts { (actor.pid, actor.pid_by) } else { (None, PidBy::None) };
    Actor { comm: None, member: None, pid, pid_by, ..actor.clone() }
}

fn chain_key(chain: &Chain) -> ChainKey {
    let without = chain.resource.is_none().then_some((chain.root.kind, chain.root.actor.number));
    (chain.lockspace.clone(), chain.resource.clone(), without)
}

impl WaitEpisode {
    fn new(chain: &Chain, now: ViewTime) -> WaitEpisode {
        WaitEpisode {
            lockspace: chain.lockspace.clone(),
            resource: chain.resource.clone(),
            file_system: chain.file_system.clone(),
            since_us: None,
            blocker: chain.root.clone(),
            waiters: Vec::new(),
            last_seen: now,
            ended: None,
        }
    }

    /// Length of the longest wait that was seen, ns.
    pub fn longest_ns(&self) -> u64 {
        self.waiters.iter().map(|waited| waited.longest_ns).max().unwrap_or(0)
    }

    fn see(&mut self, chain: &Chain, now: ViewTime, stuck: Option<StuckSince>) {
        self.last_seen = now;
        // Who held it is told, not who got it first afterwards.
        if !self.blocker.is_holder() || self.blocker.actor == chain.root.actor {
            self.blocker = chain.root.clone();
        }
        if let Some(since) = stuck.and_then(|stuck| stuck.since_us) {
            self.since_us = Some(self.since_us.map_or(since, |known| known.min(since)));
        }
        for waiter in chain.all_waiters() {
            let seen = Waited {
                actor: waiter.actor.clone(),
                resource: waiter.resource.clone(),
                mode: waiter.mode,
                longest_ns: waiter.age_ns.unwrap_or(0),
                at_least: waiter.at_least || waiter.age_ns.is_none(),
            };
            // Those without a lasting name are told apart by the pid found for them, if any.
            let same = |known: &Waited| known.actor.pid == seen.actor.pid && lasting(&known.actor) == lasting(&seen.actor);
            match self.waiters.iter_mut().find(|known| known.resource == seen.resource && same(known)) {
                None => self.waiters.push(seen),
                Some(known) if seen.longest_ns >= known.longest_ns => *known = seen,
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SECOND, granted, lockspace_sample, resource, waiting};
    use formats::Mode;
    use sample::lockspace::{Dlm, Master};

    fn at(seconds: u64) -> ViewTime {
        ViewTime { monotonic_us: seconds * 1_000_000, realtime_us: Some((1000 + seconds) * 1_000_000) }
    }

    /// Node 1 holds, node 2 waits for so long, as node 1 tells.
    fn waits(age_s: Option<u64>) -> Waits {
        let mut sample = lockspace_sample(1, 2);
        let wait = age_s.map(|age| waiting(Some(2), Mode::EX, age));
        sample.resources.push(resource("2/183f3", Master::Here, std::iter::once(granted(None, Mode::EX, 100)).chain(wait).collect()));
        let input = crate::lockspace::LockspaceInput { node: 0, name: "n", sample: &sample, age_us: 0 };
        crate::waits::graph(&[crate::lockspace::merge("fs", Dlm::Kernel, &[input], crate::lockspace::FileSystemInput::default())], &[])
    }

    #[test]
    fn stuck_needs_two_moments_and_the_rules_time() {
        let (mut memory, rules) = (WaitMemory::default(), Rules::default());
        assert_eq!(memory.step(&mut waits(Some(8)), &[0], at(10), &rules), [None]);
        let stuck = StuckSince { since_us: Some(1_002_000_000), for_ns: 10 * SECOND, at_least: false };
        assert_eq!(memory.step(&mut waits(Some(10)), &[0], at(12), &rules), [Some(stuck)]);
        // A new wait of the same node is another.
        assert_eq!(memory.step(&mut waits(Some(1)), &[0], at(14), &rules), [None]);
    }

    #[test]
    fn a_lower_bound_that_falls_is_another_wait() {
        let (mut memory, rules) = (WaitMemory::default(), Rules::default());
        let seen_for = |seconds| {
            let mut waits = waits(Some(seconds));
            waits.chains[0].waiters[0].at_least = true;
            waits
        };
        memory.step(&mut seen_for(8), &[0], at(10), &rules);
        assert!(memory.step(&mut seen_for(10), &[0], at(12), &rules)[0].is_some_and(|stuck| stuck.at_least));
        assert_eq!(memory.step(&mut seen_for(6), &[0], at(14), &rules), [None]);
        // Seen again, and longer than the rule says.
        let stuck = StuckSince { since_us: Some(1_008_000_000), for_ns: 8 * SECOND, at_least: true };
        assert_eq!(memory.step(&mut seen_for(8), &[0], at(16), &rules), [Some(stuck)]);
    }

    #[test]
    fn a_length_that_was_exact_once_is_known_from_then_on() {
        let (mut memory, rules) = (WaitMemory::default(), Rules::default());
        memory.step(&mut waits(Some(8)), &[0], at(10), &rules);
        // The DLM is not read any more; the lock's own list tells only that it was seen for a while.
        for (age_s, now_s) in [(4, 12), (6, 14)] {
            let mut later = waits(Some(age_s));
            later.chains[0].waiters[0].at_least = true;
            memory.step(&mut later, &[0], at(now_s), &rules);
            let chain = &later.chains[0];
            assert_eq!((chain.waiters[0].age_ns, chain.waiters[0].at_least), (Some((now_s - 2) * SECOND), false));
            assert_eq!((chain.longest_wait_ns, chain.longest_at_least), (Some((now_s - 2) * SECOND), false));
        }
    }

    #[test]
    fn what_ended_is_remembered_with_its_bracket() {
        let (mut memory, rules) = (WaitMemory::default(), Rules::default());
        memory.step(&mut waits(Some(8)), &[0], at(10), &rules);
        memory.step(&mut waits(Some(10)), &[0], at(12), &rules);
        assert_eq!(memory.open().count(), 1);
        // Nobody tells: not over.
        memory.step(&mut Waits::default(), &[], at(14), &rules);
        assert_eq!((memory.open().count(), memory.ended().count()), (1, 0));
        memory.step(&mut waits(None), &[0], at(16), &rules);
        let ended = memory.ended().next().unwrap();
        assert_eq!((ended.since_us, ended.last_seen, ended.ended), (Some(1_002_000_000), at(12), Some(at(16))));
        assert_eq!((ended.longest_ns(), ended.waiters.len(), memory.open().count()), (10 * SECOND, 1, 0));
    }
}
