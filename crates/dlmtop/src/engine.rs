//! Between sources and faces: one thread that owns the cluster, takes the nodes' events and sends out snapshots.
//!
//! Live nodes are ticked by the clock, recordings by their frames; faces cannot tell which.

use collect::node::TraceKeeper;
use collect::recording::Player;
use collect::{Event, NodeEvent, NodeHandle};
use model::{Cluster, Rules, Snapshot, ViewTime};
use sample::message::{Configuration, Look};
use sample::{ToNode, WatchedLock};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a face gets.
#[derive(Clone, Debug)]
pub enum Update {
    /// The next picture.
    Snapshot(Arc<Snapshot>),
    /// A recording is over; nothing more will come.
    Ended,
}

/// What a face may ask.
#[derive(Clone, Debug)]
pub enum Command {
    /// Another interval, ms (live), or none (recordings keep theirs).
    Interval(u64),
    /// Tell these locks on all nodes even when idle; replaces the earlier list.
    AskFor(Vec<WatchedLock>),
    /// What of the DLMs and of processes to look at; beside it, what something waits for is looked at.
    Look(Look),
    /// Recordings: play so many times as fast; `None`: as fast as possible.
    Speed(Option<f64>),
}

/// Where the data comes from.
pub enum Source {
    /// Nodes that answer: their names, handles in the same order, and their events.
    Live {
        /// Names.
        nodes: Vec<String>,
        /// Handles.
        handles: Vec<NodeHandle>,
        /// Events of all nodes.
        events: Receiver<NodeEvent>,
        /// How to collect; the interval is also that of the snapshots.
        configuration: Configuration,
        /// The nodes' kernels may be asked for paths of inodes that no process has open.
        paths: bool,
        /// Removes what a collector of this process has made in the kernel; to be closed before the process ends.
        keeper: TraceKeeper,
    },
    /// A recording, and how many times as fast it is played; `None`: as fast as the face takes it.
    Recording(Box<Player>, Option<f64>),
}

/// The face's end of a running engine. Dropping it ends the engine and its nodes' connections.
pub struct Engine {
    /// Pictures, in order.
    pub updates: Receiver<Update>,
    commands: std::sync::mpsc::Sender<Command>,
}

impl Engine {
    /// Where to ask for something; nothing happens once a recording has ended.
    pub fn commands(&self) -> std::sync::mpsc::Sender<Command> {
        self.commands.clone()
    }
}

/// For how long the first picture waits for nodes that have not told of themselves yet: a program gets the nodes that can
/// be reached …
pub const PATIENT: Duration = Duration::from_secs(15);
/// … people want to see what goes on.
pub const AT_ONCE: Duration = Duration::from_millis(500);

/// Starts the engine. Fails only if no thread can be started.
pub fn start(source: Source, rules: Rules, look: Look, first_wait: Duration) -> std::io::Result<Engine> {
    // Few: a recording played as fast as possible waits for its face.
    let (update_sender, updates) = sync_channel(4);
    let (commands, inbox) = std::sync::mpsc::channel();
    thread::Builder::new().name("engine".to_owned()).spawn(move || match source {
        Source::Live { nodes, handles, events, configuration, keeper: _, paths } => {
            let cluster = Cluster::new(nodes, rules);
            let roots = paths.then(Vec::new);
            Live { cluster, handles, configuration, watched: Vec::new(), look, roots, told_look: None, start: Instant::now() }.run(
                &events,
                &inbox,
                &update_sender,
                first_wait,
            );
        }
        Source::Recording(player, speed) => play(*player, speed, rules, look, &inbox, &update_sender),
    })?;
    Ok(Engine { updates, commands })
}

struct Live {
    cluster: Cluster,
    handles: Vec<NodeHandle>,
    configuration: Configuration,
    watched: Vec<WatchedLock>,
    /// What the face looks at.
    look: Look,
    /// Inodes that stuck waits are about, for whose paths a kernel is asked while the face shows all waits; `None`: never.
    roots: Option<Vec<u64>>,
    told_look: Option<Look>,
    start: Instant,
}

impl Live {
    fn run(mut self, events: &Receiver<NodeEvent>, commands: &Receiver<Command>, updates: &SyncSender<Update>, first_wait: Duration) {
        self.configure();
        self.watch();
        let mut due = self.start + first_wait;
        let mut last: Option<Instant> = None;
        loop {
            loop {
                match commands.try_recv() {
                    Ok(Command::Interval(ms)) => {
                        self.configuration.interval_ms = ms;
                        self.configure();
                        due = due.min(Instant::now() + Duration::from_millis(ms));
                    }
                    Ok(Command::AskFor(locks)) => {
                        self.cluster.ask_for(locks);
                        self.watch();
                    }
                    Ok(Command::Look(look)) => {
                        self.look = look;
                        self.watch();
                    }
                    Ok(Command::Speed(_)) => {}
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let left = due.saturating_duration_since(Instant::now());
            // Commands are looked at ten times a second.
            match events.recv_timeout(left.min(Duration::from_millis(100))) {
                Ok(event) => self.apply(event),
                Err(RecvTimeoutError::Timeout) => {}
                // Every source has ended: keep telling what is known of them.
                Err(RecvTimeoutError::Disconnected) => thread::park_timeout(left.min(Duration::from_millis(100))),
            }
            let now = Instant::now();
            let interval = Duration::from_millis(self.configuration.interval_ms.max(100));
            // Right behind the nodes' samples, so that none of them is old when it is shown.
            let ready = now >= due
                || match last {
                    None => self.cluster.all_told(),
                    // That a node is late is told when it is, not when the next sample of the others is due.
                    Some(_) if self.cluster.turned_late(self.now()) => true,
                    Some(last) => now >= last + interval * 3 / 4 && self.cluster.all_fresh(),
                };
            if !ready {
                continue;
            }
            let snapshot = self.cluster.tick(self.now());
            if let Some(roots) = &mut self.roots {
                *roots = without_path(&snapshot);
            }
            self.watch();
            if updates.send(Update::Snapshot(Arc::new(snapshot))).is_err() {
                return;
            }
            last = Some(now);
            due = now + interval + interval / 4;
        }
    }

    fn apply(&mut self, event: NodeEvent) {
        match event.event {
            Event::Link(link) => self.cluster.link(event.node, link),
            Event::Message(message) => {
                let now = self.now();
                self.cluster.message(event.node, message, now);
            }
        }
    }

    fn configure(&self) {
        for handle in &self.handles {
            handle.tell(ToNode::Configure(self.configuration.clone()));
        }
    }

    fn watch(&mut self) {
        if self.cluster.watched() != self.watched.as_slice() {
            self.watched = self.cluster.watched().to_vec();
            for handle in &self.handles {
                handle.tell(ToNode::Watch(self.watched.clone()));
            }
        }
        let mut look = with_suspects(&self.look, &self.cluster);
        match &self.roots {
            Some(roots) if self.look.tasks && self.look.inodes.is_empty() => look.paths.extend(roots),
            Some(_) => {}
            None => look.paths.clear(),
        }
        if self.told_look.as_ref() != Some(&look) {
            for handle in &self.handles {
                handle.tell(ToNode::Look(look.clone()));
            }
            self.told_look = Some(look);
        }
    }

    fn now(&self) -> ViewTime {
        let realtime = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        ViewTime {
            monotonic_us: self.start.elapsed().as_micros() as u64,
            realtime_us: realtime.and_then(|since| u64::try_from(since.as_micros()).ok()),
        }
    }
}

/// Stuck waits whose inode's path is asked for.
const MOST_ROOTS: usize = 3;

/// The inodes of the first stuck waits which no process has open.
fn without_path(snapshot: &Snapshot) -> Vec<u64> {
    let stuck = snapshot.waits.chains.iter().zip(&snapshot.stuck_chains).filter(|(_, stuck)| stuck.is_some());
    let unnamed = stuck.filter(|(chain, _)| chain.path.is_none() || chain.path_said.is_some());
    let mut inodes: Vec<u64> = unnamed.take(MOST_ROOTS).filter_map(|(chain, _)| chain.resource.as_ref()?.inode()).collect();
    inodes.sort_unstable();
    inodes.dedup();
    inodes
}

/// What the face looks at, and what something waits for.
fn with_suspects(look: &Look, cluster: &Cluster) -> Look {
    let mut look = look.clone();
    look.tasks |= !cluster.suspects().is_empty();
    look.resources.extend(cluster.suspects().iter().cloned());
    look
}

fn play(
    mut player: Player,
    mut speed: Option<f64>,
    rules: Rules,
    mut look: Look,
    commands: &Receiver<Command>,
    updates: &SyncSender<Update>,
) {
    let mut cluster = Cluster::new(player.nodes().to_vec(), rules);
    let mut told: Vec<WatchedLock> = Vec::new();
    player.look(look.clone());
    while let Some(frame) = player.next_frame() {
        let now = ViewTime { monotonic_us: frame.after_us, realtime_us: frame.realtime_us };
        for event in frame.events {
            match event.event {
                Event::Link(link) => cluster.link(event.node, link),
                Event::Message(message) => {
                    let read = ViewTime { monotonic_us: event.after_us, realtime_us: event.realtime_us };
                    cluster.message(event.node, message, read);
                }
            }
        }
        let snapshot = cluster.tick(now);
        if updates.send(Update::Snapshot(Arc::new(snapshot))).is_err() {
            return;
        }
        let mut due = Instant::now() + wait(player.interval_ms(), speed);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            match commands.recv_timeout(left) {
                Ok(Command::AskFor(locks)) => cluster.ask_for(locks),
                Ok(Command::Look(wanted)) => look = wanted,
                Ok(Command::Speed(wanted)) => {
                    speed = wanted;
                    due = due.min(Instant::now() + wait(player.interval_ms(), speed));
                }
                Ok(Command::Interval(_)) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        player.look(with_suspects(&look, &cluster));
        if cluster.watched() != told.as_slice() {
            told = cluster.watched().to_vec();
            for node in 0..player.nodes().len() {
                player.tell(node, ToNode::Watch(told.clone()));
            }
        }
    }
    // The face may have gone already.
    let _ = updates.send(Update::Ended);
}

fn wait(interval_ms: Option<u64>, speed: Option<f64>) -> Duration {
    match (interval_ms, speed) {
        (Some(ms), Some(speed)) if speed > 0.0 => Duration::from_millis(ms).div_f64(speed),
        _ => Duration::ZERO,
    }
}
