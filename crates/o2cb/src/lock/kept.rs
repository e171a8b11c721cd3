//! The keeper as the program sees it: started, heard, told to give the lock back.

use super::ask::Way;
use super::keeper::Wish;
use super::refusal::Refusal;
use super::signals::Came;
use super::talk::{Request, Told};
use super::turn::Share;
use rustix::io::{FdFlags, fcntl_setfd};
use std::cell::Cell;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long the keeper may take to give the lock back, and then to clear up, before it is left to do so by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the program waits for.
#[derive(Debug)]
pub enum Heard {
    /// The keeper says something.
    Keeper(Told),
    /// The keeper ended.
    Gone,
    /// A signal came.
    Signal(Came),
    /// The command ended, and waits for being asked how.
    Ended(io::Result<()>),
}

/// A keeper that was started.
#[derive(Debug)]
pub struct Kept {
    child: Child,
    /// `None` once it was told to give the lock back.
    requests: Option<ChildStdin>,
    heard: Receiver<Heard>,
    sender: Sender<Heard>,
    /// Whether it was heard that the keeper ended.
    gone: Cell<bool>,
}

impl Kept {
    /// Starts a keeper; `root`: the folder under which the machine's files are.
    pub fn start(wish: &Wish, root: Option<&Path>) -> io::Result<Kept> {
        // By its name, which process lists show; a program that was replaced meanwhile has none.
        let own = std::env::current_exe().ok().filter(|path| path.exists());
        let mut command = Command::new(own.unwrap_or_else(|| "/proc/self/exe".into()));
        command.args(["lock", "--keeper"]);
        if let Some(root) = root {
            command.arg("--root").arg(root);
        }
        if wish.share == Share::Shared {
            command.arg("--shared");
        }
        match wish.way {
            Way::Once => {
                command.arg("--nonblock");
            }
            Way::Poll => {
                command.arg("--poll");
            }
            Way::Queue => {}
        }
        if wish.stay {
            command.arg("--keep-domain");
        }
        command.arg("--linger").arg(wish.linger.as_secs_f64().to_string());
        command.args([&wish.domain, &wish.name]);
        // It hangs on nothing that the caller waits for: outputs that are read to their end, a mount, the terminal's signals.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).current_dir("/").process_group(0);
        Ok(Kept::of(command.spawn()?))
    }

    /// A keeper that listens at its input and speaks at its output.
    pub(super) fn of(mut child: Child) -> Kept {
        let (requests, lines) = (child.stdin.take(), child.stdout.take());
        let (sender, heard) = channel();
        let keeper = sender.clone();
        thread::spawn(move || {
            for line in lines.into_iter().flat_map(|lines| BufReader::new(lines).lines()) {
                let Some(told) = line.ok().and_then(|line| Told::parse(&line)) else { break };
                if keeper.send(Heard::Keeper(told)).is_err() {
                    return;
                }
            }
            // The program may be at its end already.
            let _ = keeper.send(Heard::Gone);
        });
        Kept { child, requests, heard, sender, gone: Cell::new(false) }
    }

    /// Where others put what they hear.
    pub fn sender(&self) -> Sender<Heard> {
        self.sender.clone()
    }

    /// What is heard next; `None`: nothing until then.
    pub fn next(&self, until: Option<Instant>) -> Option<Heard> {
        let heard = match until {
            // One sender is held here: it cannot be closed.
            None => self.heard.recv().unwrap_or(Heard::Gone),
            Some(until) => match self.heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(heard) => heard,
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => Heard::Gone,
            },
        };
        if matches!(heard, Heard::Gone) {
            self.gone.set(true);
        }
        Some(heard)
    }

    /// Asks the keeper for something. That it is gone is heard.
    pub fn ask(&mut self, request: &Request) {
        if let Some(requests) = &mut self.requests {
            let _ = writeln!(requests, "{request}");
        }
    }

    /// Lets the processes that are started from now on keep the lock too, should this program be killed: the keeper's input ends
    /// with the last of them. `false`: not any more.
    pub fn outlives(&self, outlives: bool) -> io::Result<()> {
        match &self.requests {
            Some(requests) => Ok(fcntl_setfd(requests, if outlives { FdFlags::empty() } else { FdFlags::CLOEXEC })?),
            None => Ok(()),
        }
    }

    /// Gives the lock back and waits until the keeper has done so and cleared up, or `patience` is over. What it could not do is
    /// returned. Whether the keeper hangs or not, the lock is given back as soon as the kernel lets it.
    pub fn release(self) -> Option<Refusal> {
        self.end(PATIENCE)
    }

    /// Gives up a lock that was not granted. The keeper is waited for only so long that what ends at once has ended.
    pub fn abandon(self) {
        let _ = self.end(Duration::from_millis(300));
    }

    fn end(mut self, patience: Duration) -> Option<Refusal> {
        self.ask(&Request::Release);
        drop(self.requests.take());
        let until = Instant::now() + patience;
        let mut failure = None;
        while !self.gone.get() {
            match self.next(Some(until)) {
                Some(Heard::Keeper(Told::Refused(refusal))) => failure = Some(refusal),
                // It goes on by itself.
                Some(Heard::Keeper(Told::Cleared)) | None => return failure,
                _ => {}
            }
        }
        // Its output is closed: it ends now.
        let _ = self.child.wait();
        failure
    }
}
