//! Rounds of the region's threads, their two timers, and the negotiation (`o2hb_do_disk_heartbeat`, `o2hb_check_slot`,
//! `o2hb_write_timeout`, `o2hb_nego_timeout`).

use super::{Due, Event, Of, Rule, Run, What};
use crate::forecast::timing::BEAT_MS;
use formats::cluster_conf::HeartbeatMode;
use std::collections::{BTreeMap, BTreeSet};

/// A node's thread for one region.
#[derive(Clone, Debug)]
pub(super) struct Beat {
    /// Whether a request hangs now.
    hangs: bool,
    /// Whether the last round that ended ended well.
    last_good: bool,
    /// When to ask, and when to fence; `None`: not armed.
    ask_at: Option<i64>,
    fence_at: Option<i64>,
    /// Whether an event is queued for either.
    ask_due: bool,
    fence_due: bool,
    /// Nodes that said they hang, since it last wrote; only the lowest node gathers them.
    hung: BTreeSet<usize>,
    /// A write timed out and none has been good since.
    failed: bool,
    /// The slots of the others.
    slots: BTreeMap<usize, Slot>,
}

/// What is known of another node's slot.
#[derive(Clone, Copy, Debug)]
struct Slot {
    seq: u64,
    equal: u32,
    changed: u32,
    live: bool,
}

/// How storage answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Storage {
    Good,
    Hangs,
    Fails,
}

impl Run<'_> {
    /// All beat for long; each wrote its slot last within the last 2 s, and knows the others by what they wrote then.
    pub(super) fn start_beats(&mut self) {
        for (region, members) in self.cluster.regions.iter().map(|region| &region.members).enumerate() {
            let wrote: BTreeMap<usize, i64> =
                members.iter().map(|&node| (node, -self.chance.of(node, Of::Age(region), self.beat_ms(node) - 1))).collect();
            for (&node, &time) in &wrote {
                // In its last round it saw what had been written by then.
                let seen = |peer: i64| u64::from(peer <= time);
                let slot = |peer: i64| Slot { seq: seen(peer), equal: 0, changed: 2, live: true };
                let slots = wrote.iter().filter(|(peer, _)| **peer != node).map(|(&peer, &time)| (peer, slot(time))).collect();
                let beat = Beat {
                    hangs: false,
                    last_good: true,
                    ask_at: None,
                    fence_at: None,
                    ask_due: false,
                    fence_due: false,
                    hung: BTreeSet::new(),
                    failed: false,
                    slots,
                };
                self.beats.insert((node, region), beat);
                self.written.entry(region).or_default().insert(node, 1);
                self.now = time;
                self.arm(node, region);
                self.now = 0;
                self.at(time + self.beat_ms(node), Due::Round(node, region));
            }
        }
    }

    fn beat_ms(&self, node: usize) -> i64 {
        BEAT_MS + self.chance.of(node, Of::Beat, self.settings.slow_beat_ms() - BEAT_MS)
    }

    fn storage(&self, node: usize, region: usize) -> Storage {
        let mut storage = Storage::Good;
        for fault in self.faults_now() {
            match &fault.what {
                What::Stall(spot) if spot.has(node, region) => return Storage::Hangs,
                What::IoError(spot) if spot.has(node, region) => storage = Storage::Fails,
                _ => {}
            }
        }
        storage
    }

    /// Requests that hung return when the storage is back.
    pub(super) fn look_at_storage(&mut self) {
        let hung: Vec<_> = self.beats.iter().filter(|(_, beat)| beat.hangs).map(|(at, _)| *at).collect();
        for (node, region) in hung {
            if self.storage(node, region) != Storage::Hangs {
                self.at(self.now, Due::Round(node, region));
                if let Some(beat) = self.beats.get_mut(&(node, region)) {
                    beat.hangs = false;
                }
            }
        }
    }

    pub(super) fn round(&mut self, node: usize, region: usize) {
        if !self.alive(node) {
            return;
        }
        let storage = self.storage(node, region);
        if storage == Storage::Good {
            self.read_slots(node, region);
        }
        let next = self.now + self.beat_ms(node);
        let Some(beat) = self.beats.get_mut(&(node, region)) else { return };
        match storage {
            Storage::Hangs => {
                beat.hangs = true;
                return;
            }
            Storage::Fails => beat.last_good = false,
            Storage::Good => {
                *self.written.entry(region).or_default().entry(node).or_default() += 1;
                beat.last_good = true;
                self.arm(node, region);
            }
        }
        self.at(next, Due::Round(node, region));
    }

    fn read_slots(&mut self, node: usize, region: usize) {
        let threshold = self.settings.threshold;
        let Some(beat) = self.beats.get_mut(&(node, region)) else { return };
        let (mut up, mut down) = (Vec::new(), Vec::new());
        // Both are of the region's members, in their order; a node has no view of its own.
        let others = self.written.get(&region).into_iter().flatten().filter(|(peer, _)| **peer != node);
        for ((&peer, slot), (&of, &seq)) in beat.slots.iter_mut().zip(others) {
            debug_assert_eq!(peer, of, "slots of different nodes");
            if slot.seq == seq {
                (slot.equal, slot.changed) = (slot.equal + 1, 0);
                if slot.live && slot.equal >= threshold {
                    slot.live = false;
                    down.push(peer);
                }
            } else {
                (slot.seq, slot.equal, slot.changed) = (seq, 0, slot.changed + 1);
                if !slot.live && slot.changed >= 2 {
                    slot.live = true;
                    up.push(peer);
                }
            }
        }
        for peer in down {
            if !self.sees(node, peer) {
                self.node_down(node, peer);
            }
        }
        for peer in up {
            // In another region it was never dead.
            let mut elsewhere = self.beats.range((node, 0)..(node + 1, 0)).filter(|((_, at), _)| *at != region);
            if !elsewhere.any(|(_, beat)| beat.slots.get(&peer).is_some_and(|slot| slot.live)) {
                self.tell(Event::SeenAgain { node, peer });
            }
        }
    }

    /// Whether the peer is alive for the node, in any region.
    pub(super) fn sees(&self, node: usize, peer: usize) -> bool {
        let mut own = self.beats.range((node, 0)..(node + 1, 0));
        own.any(|(_, beat)| beat.slots.get(&peer).is_some_and(|slot| slot.live))
    }

    /// Who is alive for the node, with itself.
    pub(super) fn heartbeating(&self, node: usize) -> BTreeSet<usize> {
        let own = self.beats.range((node, 0)..(node + 1, 0));
        let mut nodes: BTreeSet<usize> =
            own.flat_map(|(_, beat)| beat.slots.iter().filter(|(_, slot)| slot.live).map(|(peer, _)| *peer)).collect();
        nodes.insert(node);
        nodes
    }

    /// A good write, or the lowest node's word: all time is there again.
    fn arm(&mut self, node: usize, region: usize) {
        let ask_at = self.timer(node, self.settings.ask_ms());
        let fence_at = self.timer(node, self.settings.fence_ms());
        let Some(beat) = self.beats.get_mut(&(node, region)) else { return };
        (beat.ask_at, beat.fence_at, beat.failed) = (Some(ask_at), Some(fence_at), false);
        beat.hung.clear();
        let (ask, fence) = (!beat.ask_due, !beat.fence_due);
        (beat.ask_due, beat.fence_due) = (true, true);
        if ask {
            self.at(ask_at, Due::Ask(node, region));
        }
        if fence {
            self.at(fence_at, Due::WriteTimeout(node, region));
        }
    }

    pub(super) fn ask_timer(&mut self, node: usize, region: usize) {
        let now = self.now;
        let Some(beat) = self.beats.get_mut(&(node, region)).filter(|beat| beat.ask_due) else { return };
        match beat.ask_at {
            // It was armed anew meanwhile.
            Some(later) if later > now => self.at(later, Due::Ask(node, region)),
            Some(_) => {
                (beat.ask_at, beat.ask_due) = (None, false);
                self.ask(node, region);
            }
            None => beat.ask_due = false,
        }
    }

    /// Half of the time has passed without a good write.
    fn ask(&mut self, node: usize, region: usize) {
        // After a failed write nobody is asked: it is this node's storage.
        if !self.alive(node) || self.beats.get(&(node, region)).is_none_or(|beat| !beat.last_good) {
            return;
        }
        let live = self.heartbeating(node);
        let lowest = live.first().copied().unwrap_or(node);
        if lowest != node {
            self.tell(Event::Asks { node, region, lowest });
            if self.reaches(node, lowest)
                && let Some(beat) = self.beats.get_mut(&(lowest, region))
            {
                beat.hung.insert(node);
            }
            return;
        }
        let Some(beat) = self.beats.get_mut(&(node, region)) else { return };
        if beat.hung.insert(node) {
            self.log.push((self.now, Event::Asks { node, region, lowest }));
        }
        if beat.hung == live {
            self.tell(Event::Approves { node, region });
            self.arm(node, region);
            for peer in live {
                if peer != node && self.reaches(node, peer) {
                    self.arm(peer, region);
                }
            }
        } else {
            // It looks again every second.
            let again = self.timer(node, 1000);
            if let Some(beat) = self.beats.get_mut(&(node, region)) {
                (beat.ask_at, beat.ask_due) = (Some(again), true);
            }
            self.at(again, Due::Ask(node, region));
        }
    }

    pub(super) fn write_timer(&mut self, node: usize, region: usize) {
        let now = self.now;
        let Some(beat) = self.beats.get_mut(&(node, region)).filter(|beat| beat.fence_due) else { return };
        match beat.fence_at {
            Some(later) if later > now => self.at(later, Due::WriteTimeout(node, region)),
            Some(_) => {
                (beat.fence_at, beat.fence_due) = (None, false);
                self.write_timeout(node, region);
            }
            None => beat.fence_due = false,
        }
    }

    fn write_timeout(&mut self, node: usize, region: usize) {
        if !self.alive(node) {
            return;
        }
        let (mut failed, mut quorum) = (1, 1);
        if self.cluster.mode == HeartbeatMode::Global {
            let counts: Vec<bool> = self.cluster.regions.iter().map(|region| region.quorum && region.members.contains(&node)).collect();
            if counts.get(region) == Some(&true)
                && let Some(beat) = self.beats.get_mut(&(node, region))
            {
                beat.failed = true;
            }
            quorum = counts.iter().filter(|counts| **counts).count();
            failed = self.beats.range((node, 0)..(node + 1, 0)).filter(|(_, beat)| beat.failed).count();
            if 2 * failed < quorum {
                self.tell(Event::RegionFailed { node, region, failed, quorum });
                return;
            }
        }
        self.fence(node, Rule::WriteTimeout { region, failed, quorum });
    }
}
