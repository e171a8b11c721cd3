//! From a plan to what is told of it.

use super::Io;
use crate::FAILED;
use crate::apply::{Voice, apply};
use crate::kernel::Kernel;
use crate::plan::Plan;
use std::io::{self, Write};

/// What is told on stdout while it is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// The init script's lines.
    Script,
    /// Nothing, as `o2cb(8)`.
    None,
}

/// Carries out a plan. The exit code is 0 only if all of it was done and nothing refused.
pub fn carry(machine: &mut dyn Kernel, plan: &Plan, lines: Lines, io: &mut Io<'_>) -> anyhow::Result<u8> {
    for note in &plan.notes {
        writeln!(io.err, "o2cb: {note}")?;
    }
    let mut nowhere = io::sink();
    let out: &mut dyn Write = if lines == Lines::Script { &mut *io.out } else { &mut nowhere };
    let result = apply(machine, plan, &mut Voice::new(out, &mut *io.err, io.verbose))?;
    tell_refused(plan, io)?;
    match result {
        Ok(()) => Ok(if plan.refused.is_empty() { 0 } else { FAILED }),
        Err(failure) => {
            writeln!(io.err, "o2cb: {failure}")?;
            Ok(FAILED)
        }
    }
}

/// Tells what is refused, and why.
pub fn tell_refused(plan: &Plan, io: &mut Io<'_>) -> io::Result<()> {
    for refusal in &plan.refused {
        writeln!(io.err, "o2cb: {}: {}", refusal.what, refusal.why)?;
    }
    Ok(())
}
