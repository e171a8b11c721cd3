//! The items of the stuck history: episodes of OCFS2's locks, and stuck waits of what else there is, under way and over.

use super::app::{App, Name};
use crate::units::Clock;
use crate::views::waits;
use formats::dlm::ResourceName;
use model::wait_memory::{StuckSince, WaitEpisode};
use model::waits::Chain;
use model::{Episode, Snapshot};
use sample::message::FileSystemKind;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub enum StuckWait<'s> {
    /// Of a lock of OCFS2.
    Lock(&'s Episode),
    /// Of another lock, or of none: under way.
    UnderWay(&'s Chain, StuckSince),
    /// The same, over.
    Over(&'s WaitEpisode),
}

/// All that the shown picture knows: OCFS2's locks, then the others; of each those under way first, then newest first.
pub fn of(app: &App) -> Vec<StuckWait<'_>> {
    let Some(shown) = app.shown.as_deref() else { return Vec::new() };
    let is_other = |uuid: Option<&str>| uuid.and_then(|uuid| shown.file_system(uuid)).is_none_or(|view| view.kind != FileSystemKind::Ocfs2);
    let chains = shown.waits.chains.iter().zip(&shown.stuck_chains).filter(|(chain, _)| is_other(chain.file_system.as_deref()));
    let under_way = chains.filter_map(|(chain, stuck)| Some(StuckWait::UnderWay(chain, (*stuck)?)));
    let over = shown.ended_waits.iter().rev().filter(|episode| is_other(episode.file_system.as_deref()));
    of_locks(shown).map(StuckWait::Lock).chain(under_way).chain(over.map(StuckWait::Over)).collect()
}

/// Those of OCFS2's locks: under way first, then newest first.
pub fn of_locks(shown: &Snapshot) -> impl Iterator<Item = &Episode> {
    shown.stuck.iter().rev().chain(shown.ended.iter().rev()).chain(shown.ended_before.iter().rev())
}

impl StuckWait<'_> {
    /// The lock or glock that it is about, and its file system; `None` where it is about neither.
    pub fn lock(self) -> Option<(String, Name)> {
        let glock = |uuid: Option<&String>, resource: Option<&ResourceName>| Some((uuid?.clone(), Name::Glock(resource?.glock()?)));
        match self {
            StuckWait::Lock(episode) => Some((episode.uuid.clone(), Name::Lock(episode.name))),
            StuckWait::UnderWay(chain, _) => glock(chain.file_system.as_ref(), chain.resource.as_ref()),
            StuckWait::Over(episode) => glock(episode.file_system.as_ref(), episode.resource.as_ref()),
        }
    }

    /// The sentence of one that is not of OCFS2's locks.
    pub fn sentence(self, shown: &Snapshot, clock: &Clock) -> Option<String> {
        match self {
            StuckWait::Lock(_) => None,
            StuckWait::UnderWay(chain, stuck) => {
                let since = stuck.since_us.map_or_else(String::new, |us| format!("since {}: ", clock.time(us)));
                Some(format!("{since}{}", chain.sentence(&shown.nodes)))
            }
            StuckWait::Over(episode) => Some(waits::ended_line(shown, episode, clock)),
        }
    }
}
