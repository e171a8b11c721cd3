//! Connections: silence, its timer, and what comes back (`o2net_idle_timer`, `o2net_sc_postpone_idle`).
//!
//! The idle timer starts anew when it has fired, and calls `o2quo_conn_err` each time; but that takes a hold on the decision only while
//! it finds the node in `qs_conn_bm`, from which it strikes it out: at the first time of a silence, not at those after. So in the source
//! of `fs/ocfs2/cluster/quorum.c`, and in `ocfs2_nodemanager.ko` of Debian's 6.1.0-56 and 6.12.117, disassembled: where that bit is
//! clear, both jump over the call of `o2quo_set_hold`. Kernels in which the idle timer shut the connection down took it each time.

use super::{Due, Event, Of, Run};

/// TCP doubles the time between two attempts to send, up to this (`TCP_RTO_MAX`).
const RESEND_MAX_MS: i64 = 120_000;
/// Its least time between two (`TCP_RTO_MIN`).
const RESEND_MIN_MS: i64 = 200;

/// What a node knows of its connection with a peer.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Whether packets arrive.
    up: bool,
    /// Since when they do not.
    down_since: i64,
    /// Which state this is: timers of older ones are void.
    state: u32,
    /// The idle timer has fired and nothing has arrived since.
    pub(super) timed_out: bool,
    /// Whether it counts as connected.
    pub(super) connected: bool,
    /// The decision waits because of it: since the connection was lost, until it is known whether the peer is still alive.
    pub(super) hold: bool,
    /// The timer of that wait runs.
    still_up_due: bool,
    /// The peer was counted as dead, and the connection shut.
    shut: bool,
}

impl Link {
    /// A connection that works.
    pub(super) fn up() -> Link {
        Link { up: true, down_since: 0, state: 0, timed_out: false, connected: true, hold: false, still_up_due: false, shut: false }
    }
}

impl Run<'_> {
    /// Whether a message of the node arrives at the peer.
    pub(super) fn reaches(&self, node: usize, peer: usize) -> bool {
        self.links.get(&(peer, node)).is_some_and(|link| link.up && !link.timed_out) && self.alive(peer)
    }

    /// Faults have changed: which links work now?
    pub(super) fn look_at_links(&mut self) {
        let all: Vec<_> = self.links.keys().copied().collect();
        for (node, peer) in all {
            self.look_at_link(node, peer);
        }
    }

    /// A node is gone: so are its links.
    pub(super) fn look_at_links_of(&mut self, gone: usize) {
        for peer in 0..self.members.len() {
            self.look_at_link(gone, peer);
            self.look_at_link(peer, gone);
        }
    }

    fn look_at_link(&mut self, node: usize, peer: usize) {
        let works = self.alive(node) && self.alive(peer) && !self.faults_now().any(|fault| fault.cuts(node, peer));
        if self.links.get(&(node, peer)).is_none_or(|link| link.up == works || link.shut) {
            return;
        }
        let now = self.now;
        let silence = self.chance.of(node, Of::Silence(peer), i64::from(self.settings.keepalive_ms));
        // It was set when the last message came.
        let (delay, late) = (i64::from(self.settings.idle_ms), self.settings.late_ms(i64::from(self.settings.idle_ms)));
        let idle = self.chance.fires(node, now - silence, delay, late);
        let Some(link) = self.links.get_mut(&(node, peer)) else { return };
        link.up = works;
        if works {
            // Sooner or later within the time that the next attempt of TCP is away.
            let away = (now - link.down_since + RESEND_MIN_MS).min(RESEND_MAX_MS);
            let state = link.state;
            let when = now + self.chance.of(node, Of::Resend(peer), away);
            self.at(when, Due::Receive(node, peer, state));
        } else {
            link.down_since = now;
            link.state += 1;
            let state = link.state;
            self.at(idle.max(now), Due::Idle(node, peer, state));
        }
    }

    /// Something arrived.
    pub(super) fn receive(&mut self, node: usize, peer: usize, state: u32) {
        let Some(link) = self.links.get_mut(&(node, peer)) else { return };
        if link.state != state || !link.up {
            return;
        }
        // The idle timer and the wait are void.
        link.state += 1;
        link.still_up_due = false;
        if !std::mem::take(&mut link.timed_out) {
            return;
        }
        link.connected = true;
        self.tell(Event::Restored { node, peer });
        self.clear_hold(node, peer);
    }

    /// The idle timer fired. It starts anew: as long as the silence lasts, it fires again and again.
    pub(super) fn idle(&mut self, node: usize, peer: usize, state: u32) {
        if !self.alive(node) {
            return;
        }
        let beats = self.sees(node, peer);
        let again = self.timer(node, i64::from(self.settings.idle_ms));
        let decide = self.timer(node, self.settings.decide_ms());
        let Some(link) = self.links.get_mut(&(node, peer)).filter(|link| link.state == state) else { return };
        let first = !std::mem::replace(&mut link.timed_out, true);
        let was_connected = std::mem::replace(&mut link.connected, false);
        link.hold |= was_connected && beats;
        let wait = !std::mem::replace(&mut link.still_up_due, true);
        if first {
            self.tell(Event::Lost { node, peer });
        }
        if wait {
            self.at(decide, Due::StillUp(node, peer, state));
        }
        self.at(again, Due::Idle(node, peer, state));
    }

    /// The wait is over and the peer still beats.
    pub(super) fn still_up(&mut self, node: usize, peer: usize, state: u32) {
        if !self.alive(node) {
            return;
        }
        let Some(link) = self.links.get_mut(&(node, peer)).filter(|link| link.state == state) else { return };
        link.still_up_due = false;
        if let Some(member) = self.members.get_mut(node) {
            member.pending = true;
        }
        self.clear_hold(node, peer);
    }

    /// The peer is dead for the node: no connection, no wait.
    pub(super) fn node_down(&mut self, node: usize, peer: usize) {
        self.tell(Event::Dead { node, peer });
        if let Some(link) = self.links.get_mut(&(node, peer)) {
            (link.connected, link.shut) = (false, true);
            link.state += 1;
            link.still_up_due = false;
        }
        self.clear_hold(node, peer);
    }
}
