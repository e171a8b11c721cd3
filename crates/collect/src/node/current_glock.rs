//! The glock whose lines are being read, and what is told of it.

use formats::gfs2::glocks::{Line, is_background, parse_line};
use formats::gfs2::{Dialect, Glock, Holder};
use formats::scan::split_line;
use sample::GlockSample;
use sample::gfs2::{Demote, HolderSample, InodeFacts, TracedFigures, WaitReason};

/// The glock whose lines are being read.
pub(super) struct Current {
    pub(super) glock: Glock<'static>,
    pub(super) inode: Option<InodeFacts>,
    pub(super) only_background: bool,
    pub(super) held: bool,
    pub(super) granted: bool,
    pub(super) waiting: u64,
    pub(super) kept: usize,
    pub(super) omitted: u64,
}

impl Current {
    pub(super) fn new(glock: &Glock<'_>) -> Current {
        Current {
            glock: Glock { rest: b"", ..*glock },
            inode: None,
            only_background: true,
            held: false,
            granted: false,
            waiting: 0,
            kept: 0,
            omitted: 0,
        }
    }

    pub(super) fn holder(&mut self, holder: &Holder<'_>) {
        let background = is_background(&self.glock, holder);
        self.only_background &= background;
        if holder.flags.waiting() {
            self.waiting += 1;
        } else {
            self.granted = true;
            self.held |= !background;
        }
    }

    /// The glock for the viewer; `holders` are the lines that were kept.
    pub(super) fn sample(self, holders: &[u8], dialect: &Dialect) -> GlockSample {
        let glock = &self.glock;
        let demote = (glock.flags.demote_asked() || glock.flags.demote_deferred()).then(|| Demote {
            state: glock.demote_state.word().to_owned(),
            for_ns: glock.demote_us.saturating_mul(1000),
            under_way: glock.flags.demoting(),
            deferred: !glock.flags.demote_asked(),
        });
        let mut samples = Vec::with_capacity(self.kept);
        let mut rest = holders;
        while let Some((line, tail)) = split_line(rest) {
            if let Ok(Line::Holder(holder)) = parse_line(line) {
                samples.push(holder_sample(&holder));
            }
            rest = tail;
        }
        GlockSample {
            name: glock.name,
            state: glock.state.word().to_owned(),
            target: glock.target.word().to_owned(),
            flags: glock.flags.to_string(),
            flags_words: String::new(),
            demote,
            reason: (self.waiting > 0).then(|| self.reason(dialect)),
            holders: samples,
            holders_omitted: self.omitted,
            background: self.only_background,
            stats: None,
            traced: TracedFigures::default(),
            inode: self.inode,
        }
    }

    /// By what the line shows; see `do_xmote` and `run_queue` in `fs/gfs2/glock.c`.
    fn reason(&self, dialect: &Dialect) -> WaitReason {
        let flags = self.glock.flags;
        if self.granted {
            WaitReason::LocalHolder
        } else if flags.frozen() {
            WaitReason::Recovery
        } else if flags.reply_here() {
            WaitReason::ReplyUnprocessed
        } else if flags.changing() && flags.flushing_log() && flags.demoting() {
            WaitReason::LogFlush
        } else if flags.changing() && flags.invalidating() {
            WaitReason::Invalidating
        } else if flags.reply_pending(dialect) == Some(true) || flags.changing() && self.glock.state != self.glock.target {
            WaitReason::RemoteHolder
        } else if flags.instantiating() {
            WaitReason::DiskRead
        } else {
            WaitReason::Unknown
        }
    }
}

fn holder_sample(holder: &Holder<'_>) -> HolderSample {
    HolderSample {
        state: holder.state.word().to_owned(),
        flags: holder.flags.to_string(),
        waiting: holder.flags.waiting(),
        pid: holder.pid,
        comm: String::from_utf8_lossy(holder.comm).into_owned(),
        symbol: String::from_utf8_lossy(holder.symbol).into_owned(),
        seen_for_ns: 0,
    }
}
