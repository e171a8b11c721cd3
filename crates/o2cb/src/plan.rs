//! What has to be done: wanted − found = steps. Everything here is pure.

mod firewall;
mod heartbeat;
mod load;
mod nodes;
mod offline;
mod register;
mod stale;
mod timeouts;

#[cfg(test)]
pub(crate) mod tests;

pub use heartbeat::{start_heartbeat, stop_heartbeat};
pub use load::{load, unload};
pub use offline::{offline, unregister};
pub use register::{online, register};
pub use stale::stop_stale;

use crate::step::{Action, Step, Undo};

/// What cannot be done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was wanted.
    pub what: String,
    /// Why it is not done, and what helps.
    pub why: String,
}

/// The steps of a verb, in the order that the kernel wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Steps, in order.
    pub steps: Vec<Step>,
    /// What is not done. The steps do without it.
    pub refused: Vec<Refusal>,
    /// Nothing is done at all, for what is refused.
    pub blocked: bool,
    /// What else is worth saying.
    pub notes: Vec<String>,
    /// The init script's lines, in its order, without their `OK`.
    pub lines: Vec<String>,
}

impl Plan {
    /// A line of the init script's output; the same one only once.
    fn line(&mut self, text: impl Into<String>) -> usize {
        let text = text.into();
        let known = self.lines.iter().position(|line| *line == text);
        known.unwrap_or_else(|| {
            self.lines.push(text);
            self.lines.len() - 1
        })
    }

    fn step(&mut self, line: impl Into<Option<usize>>, action: Action, undo: Undo, what: impl Into<String>) {
        self.steps.push(Step { action, what: what.into(), line: line.into(), undo, optional: false });
    }

    fn optional(&mut self, line: impl Into<Option<usize>>, action: Action, undo: Undo, what: impl Into<String>) {
        self.steps.push(Step { action, what: what.into(), line: line.into(), undo, optional: true });
    }

    fn refuse(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.refused.push(Refusal { what: what.into(), why: why.into() });
    }

    /// Nothing is done at all.
    fn block(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.refuse(what, why);
        self.blocked = true;
    }

    /// Puts another plan's steps after these.
    pub fn append(&mut self, mut other: Plan) {
        let lines: Vec<usize> = other.lines.drain(..).map(|line| self.line(line)).collect();
        for mut step in other.steps {
            step.line = step.line.and_then(|line| lines.get(line).copied());
            self.steps.push(step);
        }
        self.refused.append(&mut other.refused);
        self.notes.append(&mut other.notes);
        self.blocked |= other.blocked;
    }

    /// The steps that are to be taken: none if the plan is blocked.
    pub fn taken(&self) -> &[Step] {
        if self.blocked { &[] } else { &self.steps }
    }

    /// Whether there is nothing to do and nothing refused.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.refused.is_empty()
    }

    /// For `--dry-run`: each step with exactly what it does, then what is refused.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        for (number, step) in self.taken().iter().enumerate() {
            text += &format!("{:3}. {}\n     {}\n", number + 1, step.what, step.action.shown());
        }
        if self.taken().is_empty() {
            text += if self.blocked { "Nothing would be done.\n" } else { "Nothing to do.\n" };
        }
        for refusal in &self.refused {
            text += &format!("Refused: {}: {}\n", refusal.what, refusal.why);
        }
        for note in &self.notes {
            text += &format!("Note: {note}\n");
        }
        text
    }
}
