//! Whom a message is about.

use super::Event;

impl Event {
    /// The other node that it is about, if it is about one.
    pub fn node(&self) -> Option<u32> {
        Some(match self {
            Event::Connected { peer, .. }
            | Event::Shutdown { peer, .. }
            | Event::Disconnected { peer }
            | Event::Idle { peer, .. }
            | Event::ConnectFailed { peer, .. }
            | Event::SettingDiffers { peer, .. }
            | Event::ProtocolDiffers { peer, .. } => peer.number,
            Event::NegotiationReceived { from, .. } => *from,
            Event::NoConnection { node, .. }
            | Event::BadChecksum { node, .. }
            | Event::DeadTimeDiffers { node, .. }
            | Event::Joined { node, .. }
            | Event::Left { node, .. }
            | Event::Evicted { node, .. }
            | Event::RecoveryBegins { node, .. }
            | Event::WaitingForDeath { node, .. }
            | Event::WaitingForRecovery { node, .. }
            | Event::LinkDown { node }
            | Event::ReplayBegins { node, .. }
            | Event::ReplayEnds { node, .. } => *node,
            Event::RecoveryMaster { dead, .. } => *dead,
            _ => return None,
        })
    }
}
