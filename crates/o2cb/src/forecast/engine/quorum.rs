//! Who goes on when connections are lost (`o2quo_make_decision`).

use super::{Event, Rule, Run};
use model::o2cb::quorum::{Verdict, verdict};

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
