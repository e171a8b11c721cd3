//! What a node's DLM said last of one lockspace: its list of resources, and since then perhaps only its state.

use crate::time::ViewTime;
use sample::LockspaceSample;
use sample::lockspace::Queue;
use std::borrow::Cow;

/// See the module's text.
#[derive(Debug)]
pub(crate) struct LockspaceSaid {
    /// The list as it was read last; members, recovery and messages as they were told last.
    pub(crate) sample: LockspaceSample,
    /// When the list came.
    pub(crate) read: ViewTime,
    /// When members, recovery and messages came.
    pub(crate) told: ViewTime,
}

impl LockspaceSaid {
    /// All of it came now.
    pub(crate) fn whole(sample: LockspaceSample, now: ViewTime) -> LockspaceSaid {
        LockspaceSaid { sample, read: now, told: now }
    }

    /// The same list with the state that `news` tells.
    pub(crate) fn with_news(self, news: LockspaceSample, now: ViewTime) -> LockspaceSaid {
        let LockspaceSample { own_number, members, recovery, unanswered, file_system, .. } = news;
        let sample = LockspaceSample { own_number, members, recovery, unanswered, file_system, ..self.sample };
        LockspaceSaid { sample, told: now, ..self }
    }

    /// What of it is still so. What is granted lasts; a wait, a message or a recovery may be over: of an older reading they are not told.
    pub(crate) fn as_of(&self, is_current: impl Fn(ViewTime) -> bool) -> Cow<'_, LockspaceSample> {
        let (list, state) = (is_current(self.read), is_current(self.told));
        if list && state {
            return Cow::Borrowed(&self.sample);
        }
        let mut sample = self.sample.clone();
        if !list {
            for resource in &mut sample.resources {
                resource.locks.retain(|lock| lock.queue == Queue::Granted);
            }
        }
        if !state {
            sample.unanswered.clear();
            sample.recovery = None;
        }
        Cow::Owned(sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SECOND, lockspace_sample, resource};
    use formats::Mode;
    use sample::lockspace::{Master, Recovery, ResourceLock, Unanswered};

    fn at(seconds: u64) -> ViewTime {
        ViewTime { monotonic_us: seconds * SECOND / 1000, ..ViewTime::default() }
    }

    #[test]
    fn news_change_the_state_and_leave_the_list_its_age() {
        let waiting = ResourceLock { queue: Queue::Waiting, granted: Mode::IV, ..crate::testing::granted(None, Mode::EX, 1) };
        let mut first = lockspace_sample(1, 3);
        first.resources.push(resource("2/10", Master::Here, vec![crate::testing::granted(None, Mode::EX, 1), waiting]));
        let mut news = lockspace_sample(1, 2);
        news.kept = true;
        news.recovery = Some(Recovery { active: true, dead_node: Some(3), ..Recovery::default() });
        let message = Unanswered { node: 3, message: "request".to_owned(), resource: None, for_ns: None, pid: None };
        news.unanswered.push(message);
        let said = LockspaceSaid::whole(first, at(1)).with_news(news, at(9));
        let told = said.as_of(|came| came >= at(7));
        assert_eq!((told.members.len(), told.recovery.as_ref().and_then(|recovery| recovery.dead_node)), (2, Some(3)));
        assert_eq!((told.unanswered.len(), told.resources.len()), (1, 1));
        assert_eq!(told.resources.first().map(|resource| resource.locks.len()), Some(1), "the wait was read too long ago");
        let old = said.as_of(|_| false);
        assert_eq!((old.unanswered.len(), &old.recovery), (0, &None));
        assert_eq!(said.as_of(|_| true).resources.first().map(|resource| resource.locks.len()), Some(2));
    }
}
