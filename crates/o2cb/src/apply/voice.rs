//! What is told while a plan is carried out: the init script's lines on stdout, progress on stderr.

use crate::errno;
use crate::plan::Plan;
use crate::step::Step;
use std::io::{self, Write};

/// Where it is told, and how much.
pub struct Voice<'a> {
    /// The init script's lines.
    pub out: &'a mut dyn Write,
    /// Progress.
    pub err: &'a mut dyn Write,
    /// Also each step.
    pub verbose: bool,
    /// Lines of the plan that were told.
    told: usize,
}

impl<'a> Voice<'a> {
    /// Tells on these.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, verbose: bool) -> Voice<'a> {
        Voice { out, err, verbose, told: 0 }
    }

    pub(super) fn begin(&mut self, step: &Step) -> io::Result<()> {
        if self.verbose {
            writeln!(self.err, "{}: {}", step.what, step.action.shown())
        } else if step.action.is_slow() {
            writeln!(self.err, "{} …", step.what)
        } else {
            Ok(())
        }
    }

    pub(super) fn passed_over(&mut self, step: &Step, error: &io::Error) -> io::Result<()> {
        if self.verbose { writeln!(self.err, "{}: {}; going on without it", step.what, errno::shown(error)) } else { Ok(()) }
    }

    /// Tells each line whose steps are all done, in the order of the init script.
    pub(super) fn done(&mut self, plan: &Plan, steps: &[Step], index: usize) -> io::Result<()> {
        let rest = steps.get(index + 1..).unwrap_or_default();
        while let Some(line) = plan.lines.get(self.told) {
            if rest.iter().any(|step| step.line == Some(self.told)) {
                break;
            }
            // A line of which nothing had to be done is not told.
            if steps.iter().any(|step| step.line == Some(self.told)) {
                writeln!(self.out, "{line}OK")?;
            }
            self.told += 1;
        }
        self.out.flush()
    }

    pub(super) fn failed(&mut self, plan: &Plan, step: &Step) -> io::Result<()> {
        if let Some(line) = step.line.and_then(|line| plan.lines.get(line)) {
            writeln!(self.out, "{line}Failed")?;
            self.out.flush()?;
        }
        Ok(())
    }
}
