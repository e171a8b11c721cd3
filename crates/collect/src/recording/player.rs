//! Plays a recording frame by frame: each node's collector reads the recorded files and says what it would have said live.

use super::RecordingError;
use super::files::{Frames, RecordedFiles};
use super::frame::{Frame, FrameEvent, read_at};
use super::{archive, foreign};
use crate::event::Event;
use crate::node::{Collector, NodeFiles};
use sample::message::{Configuration, Look};
use sample::{Link, NodeClock, ToNode, Way};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Time between frames that do not tell when they were due, µs.
const UNTOLD_INTERVAL_US: u64 = 1_000_000;

/// A recording that is being played.
pub struct Player {
    nodes: Vec<String>,
    collectors: Vec<Option<Collector>>,
    frames: Vec<(u64, BTreeMap<String, RecordedFiles>)>,
    next: usize,
    configuration: Configuration,
    look: Look,
    started: Vec<bool>,
}

impl Player {
    /// Opens a folder, or a tar as it is or compressed.
    pub fn open(path: &Path, configuration: Configuration) -> Result<Player, RecordingError> {
        let read_error = |source| RecordingError::Read { path: path.to_owned(), source };
        let metadata = std::fs::metadata(path).map_err(read_error)?;
        let frames = if metadata.is_dir() {
            from_folder(path).map_err(read_error)?
        } else {
            archive::read(File::open(path).map_err(read_error)?).map_err(read_error)?
        };
        Player::new(frames, configuration).ok_or_else(|| RecordingError::Empty(path.to_owned()))
    }

    /// Opens an archive that is held in memory; `name` is told in errors.
    pub fn from_archive(bytes: impl Read, name: &str, configuration: Configuration) -> Result<Player, RecordingError> {
        let frames = archive::read(bytes).map_err(|source| RecordingError::Read { path: PathBuf::from(name), source })?;
        Player::new(frames, configuration).ok_or_else(|| RecordingError::Empty(PathBuf::from(name)))
    }

    fn new(frames: Frames, configuration: Configuration) -> Option<Player> {
        let has_state = |files: &RecordedFiles| {
            use crate::node::{discover, discover_gfs2, dlm_reader, o2dlm_reader};
            [discover::DEBUG_OCFS2, discover_gfs2::DEBUG_GFS2, dlm_reader::DEBUG_DLM, o2dlm_reader::DEBUG_O2DLM]
                .iter()
                .any(|directory| NodeFiles::list(files, directory).is_ok())
        };
        if !frames.values().flat_map(BTreeMap::values).any(has_state) {
            return None;
        }
        let mut nodes: Vec<String> = frames.values().flat_map(BTreeMap::keys).cloned().collect();
        nodes.sort();
        nodes.dedup();
        let frames: Vec<_> = frames.into_iter().collect();
        let mut player = Player {
            collectors: nodes.iter().map(|_| None).collect(),
            started: vec![false; nodes.len()],
            nodes,
            frames,
            next: 0,
            configuration,
            look: Look::default(),
        };
        // The recorded nodes' pace: by the spacing of most frames.
        let mut spaces: Vec<u64> =
            (1..player.len()).filter_map(|at| Some(player.after_us(at)?.saturating_sub(player.after_us(at - 1)?))).collect();
        spaces.sort_unstable();
        if let Some(&space) = spaces.get(spaces.len() / 2).filter(|&&space| space > 0) {
            player.configuration.interval_ms = space / 1000;
        }
        Some(player)
    }

    /// The nodes, by name.
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Leaves out the first frames; at least one stays.
    pub fn skip(&mut self, frames: usize) {
        self.frames.drain(..frames.min(self.frames.len().saturating_sub(1)));
    }

    /// Time from the next frame to be played to the one after it, ms; `None` at the end.
    pub fn interval_ms(&self) -> Option<u64> {
        let at = self.next.saturating_sub(1);
        Some(self.after_us(at + 1)?.saturating_sub(self.after_us(at)?) / 1000)
    }

    /// What every node's collector looks at from the next frame on.
    pub fn look(&mut self, mut look: Look) {
        if self.frames.len() == 1 {
            // There is no next frame in which to look closer, and reading a recording costs no node.
            (look.all, look.tasks) = (true, true);
        }
        for collector in self.collectors.iter_mut().flatten() {
            collector.follow(ToNode::Look(look.clone()));
        }
        self.look = look;
    }

    /// Tells one node's collector something, as a viewer tells a live one.
    pub fn tell(&mut self, node: usize, message: ToNode) {
        if let Some(Some(collector)) = self.collectors.get_mut(node) {
            collector.follow(message);
        }
    }

    /// Plays the next frame; `None` at the end.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let after_us = self.after_us(self.next)?;
        let realtime_us = self.due_us(self.next);
        // A file that was read after the next frame was due is of this frame all the same.
        let most_late_us = self.after_us(self.next + 1).map_or(u64::MAX, |next| next.saturating_sub(after_us).saturating_sub(1));
        let only_one = self.frames.len() == 1;
        let (number, files) = self.frames.get(self.next)?;
        let mut frame = Frame { number: *number, after_us, realtime_us, events: Vec::new() };
        for (node, name) in self.nodes.iter().enumerate() {
            let Some(files) = files.get(name) else { continue };
            let Some(slot) = self.collectors.get_mut(node) else { continue };
            let collector = slot.get_or_insert_with(|| {
                let mut collector = Collector::new(self.configuration.clone());
                collector.follow(ToNode::Look(self.look.clone()));
                if only_one { collector.emit_all() } else { collector }
            });
            if let Some(started) = self.started.get_mut(node).filter(|started| !**started) {
                *started = true;
                frame.events.push(FrameEvent { node, event: Event::Link(Link::Up(Way::Recording)), after_us, realtime_us });
            }
            let mut clock = || NodeClock { monotonic_ns: after_us * 1000, realtime_us };
            let messages = collector.round(files, &mut clock);
            // What comes without a time of its own comes with what was read before it.
            let mut late_us = 0;
            for message in messages {
                late_us = read_at(&message).and_then(|read| files.meta().late_us(read)).unwrap_or(late_us).min(most_late_us);
                frame.add(node, Event::Message(message), after_us + late_us, realtime_us.map(|due| due + late_us));
            }
        }
        self.next += 1;
        Some(frame)
    }

    fn due_us(&self, at: usize) -> Option<u64> {
        let (_, nodes) = self.frames.get(at)?;
        nodes.values().filter_map(|files| files.meta().start_us()).min()
    }

    fn after_us(&self, at: usize) -> Option<u64> {
        let (number, _) = self.frames.get(at)?;
        let (first, _) = self.frames.first()?;
        match (self.due_us(0), self.due_us(at)) {
            (Some(start), Some(due)) => Some(due.saturating_sub(start)),
            _ => Some((number - first) * UNTOLD_INTERVAL_US),
        }
    }
}

/// The frames of a folder in one of the three layouts. A recording may lie one folder deeper than named.
fn from_folder(root: &Path) -> std::io::Result<Frames> {
    let mut frames = Frames::new();
    let is_node = |folder: &Path| folder.join("sys").is_dir() || folder.join("proc").is_dir();
    let folders = |folder: &Path| -> std::io::Result<Vec<(String, PathBuf)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if let (true, Ok(name)) = (entry.path().is_dir(), entry.file_name().into_string()) {
                found.push((name, entry.path()));
            }
        }
        found.sort();
        Ok(found)
    };
    // First, for its nodes' folders have a `proc`, too.
    let captured = foreign::lockcaptures(root)?;
    if !captured.is_empty() {
        return Ok(captured);
    }
    if is_node(root) {
        let name = root.canonicalize()?.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        frames.entry(0).or_default().insert(foreign::host(&name).to_owned(), RecordedFiles::folder(root.to_owned()));
        return Ok(frames);
    }
    let mut series = root.join("frames");
    if !series.is_dir() {
        let below = folders(root)?;
        for (name, folder) in &below {
            if is_node(folder) {
                frames.entry(0).or_default().insert(foreign::host(name).to_owned(), RecordedFiles::folder(folder.clone()));
            }
        }
        match below.as_slice() {
            [(_, only)] if frames.is_empty() => series = only.join("frames"),
            _ if frames.is_empty() => return archives(root),
            _ => return Ok(frames),
        }
        if !series.is_dir() {
            return Ok(frames);
        }
    }
    for (number, folder) in folders(&series)? {
        let Ok(number) = number.parse::<u64>() else { continue };
        for (node, folder) in folders(&folder)? {
            frames.entry(number).or_default().insert(node, RecordedFiles::folder(folder));
        }
    }
    Ok(frames)
}

/// The frames of all archives in a folder together: those who capture make one on each node.
fn archives(folder: &Path) -> std::io::Result<Frames> {
    let mut all = Frames::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if [".tar", ".tar.zst", ".tar.bz2", ".tar.xz", ".tar.gz"].iter().any(|end| name.ends_with(end)) {
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths {
        let in_file = |error: std::io::Error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        for (frame, nodes) in archive::read(File::open(&path).map_err(in_file)?).map_err(in_file)? {
            let known = all.entry(frame).or_default();
            for (node, files) in nodes {
                match known.get_mut(&node) {
                    Some(before) => before.merge(files),
                    None => drop(known.insert(node, files)),
                }
            }
        }
    }
    Ok(all)
}
