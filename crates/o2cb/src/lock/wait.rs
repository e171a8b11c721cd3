//! The wait for a lock, as the one who waits sees it.

use super::ask::Way;
use super::causes;
use super::keeper::Wish;
use super::kept::{Heard, Kept};
use super::paths;
use super::refusal::{Refusal, SYSTEM};
use super::talk::{Rival, Told};
use super::turn::Share;
use crate::kernel::Look;
use crate::say;
use std::time::{Duration, Instant};

/// After so long it is told what is waited for.
const SOON: Duration = Duration::from_secs(1);
/// The longest that one who does not wait for locks waits for the DLM's answer, which takes milliseconds but where a node has just
/// died.
const ANSWER: Duration = Duration::from_secs(5);

/// Why there is no lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoLock {
    /// Somebody else has it, and it is not waited for any longer.
    Conflict(String),
    /// It cannot be had.
    Refused(Refusal),
    /// A signal came.
    Signal(i32),
}

/// Who waits, and how long.
#[derive(Clone, Debug)]
pub struct Patience {
    /// The path of the lock.
    pub path: String,
    /// The path of its domain.
    pub domain: String,
    /// How it is wanted.
    pub share: Share,
    /// How it is waited for.
    pub way: Way,
    /// When waiting ends.
    pub until: Option<Instant>,
    /// Whether somebody wants to know what is waited for.
    pub talk: bool,
}

impl Patience {
    /// Who waits for this lock.
    pub fn new(wish: &Wish, until: Option<Instant>, talk: bool) -> Patience {
        let (path, domain) = (paths::lock(&wish.domain, &wish.name), paths::domain(&wish.domain));
        Patience { path, domain, share: wish.share, way: wish.way, until, talk }
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Starting,
    Turn,
    Joining,
    Asking,
    Busy,
}

/// Waits until the keeper has the lock.
pub fn until_granted(kept: &Kept, patience: &Patience, look: &dyn Look) -> Result<(), NoLock> {
    let mut stage = Stage::Starting;
    let mut tell_at = Some(Instant::now() + SOON).filter(|_| patience.talk);
    let mut until = patience.until;
    loop {
        let next = [tell_at, until].into_iter().flatten().min();
        let Some(heard) = kept.next(next) else {
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(NoLock::Conflict(format!("{}: gave up {}", patience.path, patience.words(stage, look))));
            }
            say(&format!("o2cb: {}: {} …", patience.path, patience.words(stage, look)));
            tell_at = None;
            continue;
        };
        let now = match heard {
            Heard::Keeper(Told::Granted) => return Ok(()),
            Heard::Keeper(Told::Turn) => Stage::Turn,
            Heard::Keeper(Told::Joining) => Stage::Joining,
            Heard::Keeper(Told::Asking) => Stage::Asking,
            Heard::Keeper(Told::Busy) => Stage::Busy,
            Heard::Keeper(Told::Conflict(Rival::Process)) => {
                return Err(NoLock::Conflict(format!("{}: a process of this node has it or waits for it", patience.path)));
            }
            Heard::Keeper(Told::Conflict(Rival::Node)) => {
                return Err(NoLock::Conflict(format!("{}: another node has it", patience.path)));
            }
            Heard::Keeper(Told::Refused(refusal)) => return Err(NoLock::Refused(causes::added(refusal, stage == Stage::Joining, look))),
            Heard::Signal(signal) => return Err(NoLock::Signal(signal.number)),
            Heard::Keeper(_) | Heard::Ended(_) => continue,
            Heard::Gone => {
                return Err(NoLock::Refused(Refusal::new(SYSTEM, format!("{}: the process that asks for it ended", patience.path))));
            }
        };
        if now != stage {
            stage = now;
            tell_at = Some(Instant::now() + SOON).filter(|_| patience.talk);
            if now == Stage::Asking && patience.way == Way::Once {
                until = Some(Instant::now() + ANSWER);
            }
        }
    }
}

impl Patience {
    fn words(&self, stage: Stage, look: &dyn Look) -> String {
        match stage {
            Stage::Starting => "starting the process that asks for it".to_owned(),
            Stage::Turn => "waiting for a process of this node".to_owned(),
            Stage::Joining => format!("joining the domain {}{}", self.domain, causes::unconnected(look).unwrap_or_default()),
            Stage::Asking => "waiting for the DLM's answer: another node has the lock, or a node that died is being recovered".to_owned(),
            Stage::Busy => {
                let others = if self.share == Share::Shared { "another node has it for itself alone" } else { "another node has it" };
                format!("waiting: {others}")
            }
        }
    }
}
