//! The command that is run for each warning. It never holds up the watch: one at a time, the others wait; one that takes too long is
//! ended.

use super::signals::Ended;
use model::Severity;
use model::o2cb::O2cbView;
use model::o2cb::news::News;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long one run may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// A program that runs is looked at so often.
const GLANCE: Duration = Duration::from_millis(20);
/// News that wait; the oldest are dropped, which is told.
const MOST_WAITING: usize = 100;

/// The command, and what waits for it.
#[derive(Debug)]
pub struct Hook {
    command: Vec<OsString>,
    /// Whether its complaints may be shown: there is no screen.
    audible: bool,
    waiting: VecDeque<(News, String)>,
    running: Option<(Child, Instant)>,
    deadline: Duration,
}

impl Hook {
    /// A hook that runs `command` without a shell; an empty one runs nothing.
    pub fn new(command: Vec<OsString>, audible: bool) -> Hook {
        Hook { command, audible, waiting: VecDeque::new(), running: None, deadline: DEADLINE }
    }

    /// Whether there is no command.
    pub fn is_none(&self) -> bool {
        self.command.is_empty()
    }

    /// Takes what is a warning, and the end of what was one.
    pub fn take(&mut self, news: &News, view: &O2cbView) {
        let matters = news.severity.max(news.was.unwrap_or(Severity::Note)) >= Severity::Warning;
        if self.is_none() || !matters {
            return;
        }
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
            self.complain("too much waits for the hook: the oldest news is dropped");
        }
        self.waiting.push_back((news.clone(), view.verdict.clone()));
    }

    /// Ends a run that takes too long, and begins the next one.
    pub fn look_after(&mut self) {
        if let Some((child, began)) = &mut self.running {
            let late = began.elapsed() >= self.deadline;
            match child.try_wait() {
                Ok(Some(status)) => {
                    if !status.success() {
                        let words = format!("the hook ended with {status}");
                        self.running = None;
                        self.complain(&words);
                    }
                    self.running = None;
                }
                Ok(None) if late => {
                    self.end();
                    let words = format!("the hook took longer than {} s and was ended", self.deadline.as_secs());
                    self.complain(&words);
                }
                Ok(None) => return,
                Err(error) => {
                    self.running = None;
                    self.complain(&format!("the hook cannot be waited for: {error}"));
                }
            }
        }
        if let Some((news, verdict)) = self.waiting.pop_front() {
            match self.start(&news, &verdict) {
                Ok(child) => self.running = Some((child, Instant::now())),
                Err(error) => self.complain(&format!("the hook cannot be run: {error}")),
            }
        }
    }

    /// Has all that waits run to its end, each within its time; a signal ends it at once.
    pub fn finish(&mut self, ended: &Ended) {
        while ended.signal().is_none() && (self.running.is_some() || !self.waiting.is_empty()) {
            self.look_after();
            std::thread::sleep(GLANCE);
        }
        self.end();
    }

    /// Ends what runs.
    fn end(&mut self) {
        if let Some((child, _)) = self.running.take() {
            end(child);
        }
    }

    fn start(&self, news: &News, verdict: &str) -> io::Result<Child> {
        #[derive(Serialize)]
        struct Told<'n> {
            #[serde(flatten)]
            news: &'n News,
            verdict: &'n str,
        }
        let Some((program, arguments)) = self.command.split_first() else { return Err(io::ErrorKind::NotFound.into()) };
        let json = serde_json::to_vec(&Told { news, verdict })?;
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let change = serde_json::to_value(news.change).map(|change| word(&change))?;
        // Each has a process group of its own: what it starts ends with it.
        let mut child = Command::new(program)
            .args(arguments)
            .env("O2CB_RULE", news.rule)
            .env("O2CB_SUBJECT", without_nul(&news.subject))
            .env("O2CB_CHANGE", change)
            .env("O2CB_SEVERITY", news.severity.word())
            .env("O2CB_TEXT", without_nul(&news.text))
            .env("O2CB_VERDICT", without_nul(verdict))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(if self.audible { Stdio::inherit() } else { Stdio::null() })
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may read as slowly as it likes, or not at all.
            std::thread::spawn(move || {
                let _ = stdin.write_all(&json).and_then(|()| stdin.write_all(b"\n"));
            });
        }
        Ok(child)
    }

    fn complain(&self, words: &str) {
        if self.audible {
            crate::say(&format!("o2cb: {words}"));
        }
    }
}

/// A variable cannot hold one.
fn without_nul(text: &str) -> String {
    text.replace('\0', "?")
}

/// Ends it and what it started.
fn end(mut child: Child) {
    // It may just have ended.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    // Waited for by a thread of its own: one that hangs in the kernel ends when what it hangs on does.
    std::thread::spawn(move || child.wait());
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::o2cb::news::Change;
    use std::path::Path;

    fn news(text: &str, severity: Severity, was: Option<Severity>) -> News {
        let change = if was.is_some() { Change::Ended } else { Change::Began };
        News { change, severity, was, rule: "silent", subject: "node2 X".to_owned(), text: text.to_owned(), evidence: Vec::new() }
    }

    fn hook(script: &str) -> Hook {
        Hook::new(["sh", "-c", script].map(OsString::from).to_vec(), false)
    }

    fn until(mut done: impl FnMut() -> bool) {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(60), "it never came");
            std::thread::yield_now();
        }
    }

    fn lines(path: &Path) -> Vec<String> {
        std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    #[test]
    fn warnings_and_their_ends_are_handed_over_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("told");
        let script = format!("read -r json; echo \"$O2CB_CHANGE $O2CB_SEVERITY $O2CB_TEXT $json\" >> {}", path.display());
        let mut hook = hook(&script);
        let view = O2cbView { verdict: "bad".to_owned(), ..O2cbView::default() };
        hook.take(&news("a $(b)", Severity::Warning, None), &view);
        hook.take(&news("only noted", Severity::Note, None), &view);
        hook.take(&news("over", Severity::Note, Some(Severity::Critical)), &view);
        until(|| {
            hook.look_after();
            hook.running.is_none() && hook.waiting.is_empty()
        });
        let told = lines(&path);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("began warning a $(b) {\"change\":\"began\",\"severity\":\"warning\""), "{told:?}");
        assert!(told[0].contains("\"verdict\":\"bad\"") && told[1].starts_with("ended note over"), "{told:?}");
    }

    #[test]
    fn one_that_hangs_is_ended_with_what_it_started() {
        let mut hook = hook("sleep 600 & wait");
        hook.deadline = Duration::ZERO;
        hook.take(&news("a", Severity::Critical, None), &O2cbView::default());
        hook.look_after();
        let (child, _) = hook.running.as_ref().unwrap();
        let group = Pid::from_child(child);
        hook.look_after();
        assert!(hook.running.is_none());
        until(|| rustix::process::test_kill_process_group(group).is_err());
    }
}
