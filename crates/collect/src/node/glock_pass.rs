//! One pass over `glocks`: what is counted of every glock, and the few that are told.

use super::current_glock::Current;
use super::glock_reader::Wanted;
use super::lines::{Lines, Next, shown};
use formats::gfs2::glocks::{Line, parse_line};
use formats::gfs2::{Dialect, GlockName, GlockState, Idle, idle_glock};
use sample::gfs2::{InodeFacts, TypeFigures};
use sample::{DumpReport, GlockSample, NodeClock, Problems};
use std::collections::BTreeMap;

/// Holders of one glock that are told.
const MOST_HOLDERS: usize = 200;

pub(super) fn no_figures(kind: u8) -> TypeFigures {
    TypeFigures {
        kind: formats::gfs2::GlockType(kind),
        by_state: [0; 5],
        held: 0,
        contended: 0,
        waiting: 0,
        dlm_requests: None,
        queued: None,
        blocking_rtt_ns: None,
    }
}

/// What one pass over `glocks` gave.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) glocks: BTreeMap<GlockName, GlockSample>,
    /// By type: as many as the highest type that was seen.
    pub(super) types: Vec<Option<TypeFigures>>,
    pub(super) known: u64,
    /// Not all was read.
    pub(super) cut: bool,
    pub(super) report: DumpReport,
    pub(super) recorded_clock: Option<NodeClock>,
}

/// A pass that has ended.
pub(super) struct Ended {
    pub(super) read: Read,
    pub(super) problems: Problems,
    pub(super) dialect: Dialect,
}

/// The lines of one pass. Idle glocks are passed over whole where they can be. Most of the others are of no interest, which is known
/// only after their last line; so texts are made of one when it is, from the lines of its holders, which are kept until then.
pub(super) struct Pass<'w> {
    path: &'w str,
    /// Lines so far.
    number: u64,
    problems: Problems,
    wanted: Wanted<'w>,
    active: &'w dyn Fn(GlockName) -> bool,
    current: Option<Current>,
    /// `H:` lines of the current glock, each with its newline.
    holders: Vec<u8>,
    read: Read,
    dialect: Dialect,
    /// Every line is read by itself: to compare with.
    #[cfg(test)]
    without_short_cut: bool,
}

impl Lines for Pass<'_> {
    fn line(&mut self, line: &[u8]) -> Next {
        self.number += 1;
        match parse_line(line) {
            Ok(parsed) => self.take(line, &parsed),
            Err(problem) => {
                // What follows a glock without a name belongs to nobody, least of all to the glock before.
                if line.starts_with(b"G:") {
                    self.finish();
                }
                self.problems.lines += 1;
                let (path, number) = (self.path, self.number);
                self.problems.first.get_or_insert_with(|| format!("{path}:{number}: {problem}: {}", shown(line)));
            }
        }
        Next::Line
    }

    #[inline]
    fn ahead(&mut self, text: &[u8]) -> usize {
        #[cfg(test)]
        if self.without_short_cut {
            return 0;
        }
        let mut rest = text;
        while let Some(idle) = idle_glock(rest) {
            if self.is_told(idle.name) {
                break;
            }
            self.idle(&idle);
            rest = rest.get(idle.bytes..).unwrap_or_default();
        }
        text.len() - rest.len()
    }
}

impl<'w> Pass<'w> {
    pub(super) fn new(path: &'w str, wanted: Wanted<'w>, active: &'w dyn Fn(GlockName) -> bool, dialect: Dialect) -> Pass<'w> {
        Pass {
            path,
            number: 0,
            problems: Problems::default(),
            wanted,
            active,
            current: None,
            holders: Vec::new(),
            read: Read::default(),
            dialect,
            #[cfg(test)]
            without_short_cut: false,
        }
    }

    pub(super) fn end(mut self) -> Ended {
        self.finish();
        Ended { read: self.read, problems: self.problems, dialect: self.dialect }
    }

    /// Counts a glock of which nothing else is told.
    #[inline]
    fn idle(&mut self, idle: &Idle) {
        self.finish();
        self.number += u64::from(idle.lines);
        self.dialect.note_glock(idle.flags);
        self.dialect.note_holder(idle.holders);
        self.count(idle.name, idle.state);
    }

    /// Whether a glock is told whatever its lines say.
    #[inline]
    fn is_told(&self, name: GlockName) -> bool {
        let look = self.wanted.look;
        // Making a resource's name of every glock would cost as much as reading it.
        let names_any = || !look.resources.is_empty() || !look.inodes.is_empty();
        let is_asked_for = || names_any() && look.asks_for(&formats::dlm::ResourceName::from(name));
        self.wanted.all || look.all || (self.active)(name) || is_asked_for()
    }

    /// Counts a glock, and gives the counts of its type.
    #[inline]
    fn count(&mut self, name: GlockName, state: GlockState) -> Option<&mut TypeFigures> {
        self.read.known += 1;
        let kind = usize::from(name.kind.0);
        if self.read.types.len() <= kind {
            self.read.types.resize_with(kind + 1, || None);
        }
        let figures = self.read.types.get_mut(kind)?.get_or_insert_with(|| no_figures(name.kind.0));
        let states = [GlockState::UN, GlockState::SH, GlockState::DF, GlockState::EX];
        let at = states.iter().position(|known| *known == state).unwrap_or(4);
        if let Some(count) = figures.by_state.get_mut(at) {
            *count += 1;
        }
        Some(figures)
    }

    fn take(&mut self, text: &[u8], line: &Line<'_>) {
        match line {
            Line::Glock(glock) => {
                self.finish();
                self.dialect.note(glock);
                self.current = Some(Current::new(glock));
            }
            Line::Holder(holder) => {
                self.dialect.note_holder(holder.flags);
                let Some(current) = &mut self.current else { return };
                current.holder(holder);
                if current.kept < MOST_HOLDERS {
                    current.kept += 1;
                    self.holders.extend_from_slice(text);
                    self.holders.push(b'\n');
                } else {
                    current.omitted += 1;
                }
            }
            Line::Inode(inode) => {
                if let Some(current) = &mut self.current {
                    current.inode = Some(InodeFacts {
                        formal: inode.formal,
                        address: inode.address,
                        directory: inode.is_directory(),
                        system: inode.is_system(),
                        size: inode.size,
                    });
                }
            }
            Line::Rgrp(_) | Line::RgrpLvb(_) | Line::Reservation(_) => {}
        }
    }

    /// Ends the current glock: counts it, and keeps it if it matters.
    fn finish(&mut self) {
        let Some(current) = self.current.take() else { return };
        let (name, flags) = (current.glock.name, current.glock.flags);
        if let Some(figures) = self.count(name, current.glock.state) {
            figures.held += u64::from(current.held);
            figures.contended += u64::from(current.waiting > 0);
            figures.waiting += current.waiting;
        }
        let asked_to_demote = flags.demote_asked() && (current.held || flags.demoting());
        if current.waiting > 0 || asked_to_demote || self.is_told(name) {
            self.read.glocks.insert(name, current.sample(&self.holders, &self.dialect));
        }
        self.holders.clear();
    }
}

#[cfg(test)]
#[path = "glock_pass_tests.rs"]
mod tests;
