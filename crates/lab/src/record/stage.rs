//! Plays the scenes of a story on the nodes.

use super::clock;
use super::scenario::{Act, Scene};
use super::story::Story;
use crate::lab::Lab;
use crate::progress;
use crate::work::Running;
use anyhow::Context as _;
use serde_json::Value;
use std::process::ChildStdin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often somebody who waits looks.
const LOOK: Duration = Duration::from_millis(20);

/// Where the scenes are played.
pub struct Stage<'l> {
    lab: &'l Lab,
    directory: String,
    /// When frame 0 is due, host's clock.
    start: f64,
    is_over: AtomicBool,
    /// How many scenes are under way, or still to come.
    left: AtomicUsize,
    /// By them the workloads are ended.
    leashes: Mutex<Vec<ChildStdin>>,
    story: Mutex<Story>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'l> Stage<'l> {
    /// A stage on which nothing was played yet.
    pub fn new(lab: &'l Lab, directory: &str, start: f64, story: Story) -> Stage<'l> {
        Stage {
            lab,
            directory: directory.to_owned(),
            start,
            is_over: AtomicBool::new(false),
            left: AtomicUsize::new(0),
            leashes: Mutex::new(Vec::new()),
            story: Mutex::new(story),
        }
    }

    /// What happened.
    pub fn story(&self) -> MutexGuard<'_, Story> {
        lock(&self.story)
    }

    /// Plays a node's part of a scene when its time has come. What fails is told and written down: the recording goes on.
    pub fn play(&self, scene: &Scene, node: u8) {
        self.left.fetch_add(1, Ordering::Relaxed);
        if self.wait_for(self.start + f64::from(scene.at)) {
            let played = match scene.command_line(&self.directory) {
                Some(line) => self.work(node, &line),
                None => self.act(scene.act, node),
            };
            if let Err(error) = played {
                progress::say(&self.story().outside(clock::now(), &format!("{error:#}")));
            }
        }
        self.left.fetch_sub(1, Ordering::Relaxed);
    }

    /// Waits for a moment; `false` if all is over before.
    fn wait_for(&self, moment: f64) -> bool {
        while clock::now() < moment {
            if self.is_over.load(Ordering::Relaxed) {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        !self.is_over.load(Ordering::Relaxed)
    }

    fn work(&self, node: u8, line: &str) -> anyhow::Result<()> {
        let mut running = Running::start(self.lab, node, line)?;
        let leash = running.leash();
        let mut leashes = lock(&self.leashes);
        // Looked at under the lock: `end` takes it after it has said that all is over.
        if !self.is_over.load(Ordering::Relaxed) {
            leashes.extend(leash);
        }
        drop(leashes);
        while let Some(line) = running.line()? {
            let event: Value = serde_json::from_str(&line).with_context(|| format!("node{node} said {line}"))?;
            if let Some(told) = self.story().event(node, &event) {
                progress::say(&told);
            }
        }
        running.end()
    }

    fn act(&self, act: Act, node: u8) -> anyhow::Result<()> {
        match act {
            Act::PowerCut => {
                let process = self.lab.process(node)?;
                progress::say(&self.story().outside(clock::now(), &format!("node{node}'s power is cut")));
                process.kill()?;
                // Else what runs there over ssh is missed only after half a minute.
                self.lab.ssh.forget(node);
                Ok(())
            }
            Act::Work(_) => Ok(()),
        }
    }

    /// Ends all that runs and lets nothing more begin. What is blocked in a node gets some time, then its connection is
    /// given up.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        lock(&self.leashes).clear();
        let until = Instant::now() + Duration::from_secs(20);
        while self.left.load(Ordering::Relaxed) > 0 && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        if self.left.load(Ordering::Relaxed) > 0 {
            progress::say("a workload does not end; its connection is given up");
            self.lab.nodes().into_iter().for_each(|node| self.lab.ssh.forget(node));
        }
    }
}
