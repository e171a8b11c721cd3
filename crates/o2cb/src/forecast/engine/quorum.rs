//! Who goes on when connections are lost (`o2quo_make_decision`).

use super::{Event, Rule, Run};

impl Run<'_> {
    /// One wait less; after the last one the decision is made.
    pub(super) fn clear_hold(&mut self, node: usize, peer: usize) {
        let Some(link) = self.links.get_mut(&(node, peer)) else { return };
        if !std::mem::take(&mut link.hold) {
            return;
        }
        let waits = self.links.range((node, 0)..(node + 1, 0)).any(|(_, link)| link.hold);
        let pending = self.members.get_mut(node).is_some_and(|member| !waits && std::mem::take(&mut member.pending));
        if pending {
            self.decide(node);
        }
    }

    fn decide(&mut self, node: usize) {
        let live = self.heartbeating(node);
        let mut reached = vec![node];
        reached.extend(self.links.range((node, 0)..(node + 1, 0)).filter(|(_, link)| link.connected).map(|((_, peer), _)| *peer));
        let (heartbeating, connected) = (live.len(), reached.len());
        let lowest = live.first().copied().unwrap_or(node);
        let reachable = reached.contains(&lowest);
        match verdict(heartbeating, connected, reachable) {
            Verdict::Alone => {}
            Verdict::Stays => self.tell(Event::Stays { node, heartbeating, connected, lowest, reachable }),
            Verdict::Minority { needed } => self.fence(node, Rule::Minority { connected, needed, heartbeating }),
            Verdict::HalfWithoutLowest => self.fence(node, Rule::HalfWithoutLowest { connected, heartbeating, lowest }),
        }
    }
}

/// What the quorum says to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nobody else beats: there is nothing to decide.
    Alone,
    /// It goes on.
    Stays,
    /// It is connected with less than it takes.
    Minority {
        /// What it takes.
        needed: usize,
    },
    /// It is connected with half, without the lowest.
    HalfWithoutLowest,
}

/// The rule: how many beat, with how many of them a node is connected (both with itself), and whether the lowest that beats is
/// among them.
pub(crate) fn verdict(heartbeating: usize, connected: usize, lowest_reachable: bool) -> Verdict {
    let needed = heartbeating.div_ceil(2);
    if heartbeating <= 1 {
        Verdict::Alone
    } else if connected < needed {
        Verdict::Minority { needed }
    } else if heartbeating.is_multiple_of(2) && connected == needed && !lowest_reachable {
        Verdict::HalfWithoutLowest
    } else {
        Verdict::Stays
    }
}
