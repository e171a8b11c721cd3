//! Carrying out a plan: in order, each change read back, and taken back when one fails.

mod act;
mod failure;
mod voice;

#[cfg(test)]
mod tests;

pub use act::HB_CTL;
pub use failure::Failure;
pub use voice::Voice;

use crate::kernel::Kernel;
use crate::plan::Plan;
use crate::step::{Action, Step, Undo};
use std::io;

/// Carries it out. A failed change takes back what this run did, as far as it can be and should be; the failure says what stays.
pub fn apply(kernel: &mut dyn Kernel, plan: &Plan, voice: &mut Voice<'_>) -> io::Result<Result<(), Failure>> {
    let steps = plan.taken();
    let mut done: Vec<Done<'_>> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        voice.begin(step)?;
        // Read before it is overwritten; what cannot be read is not written back.
        let before = match &step.action {
            Action::Write { file, .. } => kernel.read(file).ok().map(|text| String::from_utf8_lossy(&text).into_owned()),
            _ => None,
        };
        let result = act::act(kernel, &step.action).map_err(Problem::Refused);
        let result = result.and_then(|()| step.action.check(&*kernel).map_err(Problem::NotSo));
        match result {
            Ok(()) => done.push(Done { step, before }),
            Err(Problem::Refused(error)) if step.optional => voice.passed_over(step, &error)?,
            Err(problem) => {
                if matches!(problem, Problem::NotSo(_)) {
                    // It may have had its effect all the same.
                    done.push(Done { step, before });
                }
                let mut failure = Failure::new(step, &problem);
                voice.failed(plan, step)?;
                take_back(kernel, done, &mut failure);
                return Ok(Err(failure));
            }
        }
        voice.done(plan, steps, index)?;
    }
    Ok(Ok(()))
}

/// Why a change did not come about.
#[derive(Debug)]
pub enum Problem {
    /// The machine refused it.
    Refused(io::Error),
    /// It was accepted and is not so.
    NotSo(String),
}

struct Done<'a> {
    step: &'a Step,
    before: Option<String>,
}

fn take_back(kernel: &mut dyn Kernel, done: Vec<Done<'_>>, failure: &mut Failure) {
    for Done { step, before } in done.into_iter().rev() {
        let actions = match &step.undo {
            Undo::Back => opposite(&step.action, before),
            Undo::By(actions) => Some(actions.clone()),
            Undo::WithFolder => continue,
            Undo::Stays(why) => {
                failure.stays(&step.what, why);
                continue;
            }
        };
        let Some(actions) = actions else {
            failure.left(&step.what, "what was there before could not be read");
            continue;
        };
        let result = actions.iter().try_for_each(|action| {
            // What a file said before is written, and a port is closed, also where no file shows a need.
            if action.check(&*kernel).is_ok() && !matches!(action, Action::Write { .. } | Action::ClosePort(_)) {
                return Ok(());
            }
            act::act(kernel, action).map_err(|error| Failure::words(action, &Problem::Refused(error)))?;
            action.check(&*kernel).map_err(|instead| Failure::words(action, &Problem::NotSo(instead)))
        });
        match result {
            Ok(()) => failure.undone(&step.what),
            Err(words) => failure.left(&step.what, &words),
        }
    }
}

fn opposite(action: &Action, before: Option<String>) -> Option<Vec<Action>> {
    Some(vec![match action {
        Action::LoadModule(module) => Action::UnloadModule(module.clone()),
        Action::UnloadModule(module) => Action::LoadModule(module.clone()),
        Action::Mount { fs_type, at } => Action::Unmount { fs_type: fs_type.clone(), at: at.clone(), if_empty: false },
        Action::Unmount { fs_type, at, .. } => Action::Mount { fs_type: fs_type.clone(), at: at.clone() },
        Action::MakeFolder(path) => Action::RemoveFolder(path.clone()),
        Action::RemoveFolder(path) => Action::MakeFolder(path.clone()),
        Action::StartRegion { folder, .. } => Action::RemoveFolder(folder.clone()),
        Action::OpenPort(opening) => Action::ClosePort(opening.clone()),
        Action::ClosePort(opening) => Action::OpenPort(opening.clone()),
        Action::Write { file, older, .. } => {
            let before = before?;
            // The fence method wants its newline, the others want none around the value.
            let value = if file.ends_with("/fence_method") { before } else { before.trim().to_owned() };
            Action::Write { file: file.clone(), older: older.clone(), value }
        }
        Action::RemoveFile(_) | Action::StopCounted { .. } | Action::ForgetCount { .. } | Action::EndProcess { .. } => return None,
    }])
}
