//! Records a running lab: the raw files of all nodes, frame by frame, while a story is played on them.

use crate::lab::{Lab, names};
use crate::plan::FileSystem;
use crate::stack::{STEP, gfs2, ocfs2};
use crate::{interrupt, progress};
use anyhow::{Context as _, bail, ensure};
use archive::Archive;
use clap::Args;
use clock::Clock;
use readme::Readme;
use scenario::{Name, Scenario};
use stage::Stage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use story::Story;
use stream::{Done, Frame, Stream};

mod archive;
mod clock;
mod readme;
mod scenario;
mod stage;
mod story;
mod stream;

/// Options of `record`.
#[derive(Debug, Args)]
pub struct Options {
    /// File to write; what is there is replaced when the recording is whole
    #[arg(long, value_name = "FILE.tar.zst")]
    to: PathBuf,
    /// What to do meanwhile
    #[arg(long, value_enum, default_value = "ocfs2-hot")]
    scenario: Name,
    /// Seconds from frame to frame
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0, value_parser = every)]
    every: f64,
    /// How many frames [default: to the end of the scenario]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=9999))]
    frames: Option<u64>,
    /// Also `locking_state` of o2dlm: one resource per read, and the kernel logs each pass
    #[arg(long)]
    o2dlm_locking_state: bool,
}

fn every(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=3600.0).contains(&seconds) { Ok(seconds) } else { Err("not from 0.1 to 3600 seconds".to_owned()) }
}

/// From the decision to frame 0, seconds: the recorders must run by then.
const LEAD: f64 = 3.0;
/// How long recorders that were asked to end may take for the frame under way.
const GRACE: Duration = Duration::from_secs(30);
/// Frames that wait to be written.
const WAITING: usize = 8;
/// The extension of what is written.
const EXTENSION: &str = ".tar.zst";

/// What the nodes' recorders say.
enum News {
    Frame(Frame),
    Ended(u8, anyhow::Result<Done>),
}

/// Records.
pub fn run(lab: &Lab, options: &Options) -> anyhow::Result<()> {
    let scenario = options.scenario.scenario();
    let name = name(options)?;
    let nodes = lab.running();
    ensure!(!nodes.is_empty(), "no node of the lab {:?} runs", lab.place.name());
    let directory = directory(lab, &scenario)?;
    prepare(lab, &scenario, &directory, &nodes)?;
    let clocks: BTreeMap<u8, Clock> = nodes.iter().copied().zip(crate::ssh::on_each(&nodes, |node| Clock::ask(lab, node))?).collect();
    let version = lab.ssh.run(first(&nodes)?, "cat /proc/version", STEP)?;

    let start = (clock::now() + LEAD).ceil();
    let frames = options.frames.unwrap_or_else(|| (f64::from(scenario.seconds) / options.every) as u64 + 1);
    let mut archive = Archive::begin(&options.to, name, start as u64, &nodes)?;
    let stage = Stage::new(lab, &directory, start, Story::new(start, clocks.clone()));
    let (send, news) = sync_channel(WAITING);
    let ends = std::thread::scope(|scope| {
        let mut leashes = Vec::new();
        for (&node, clock) in &clocks {
            let o2dlm = if options.o2dlm_locking_state { " --o2dlm-locking-state" } else { "" };
            let due = start + clock.ahead;
            let arguments = format!("--start {due:.6} --every {} --frames {frames}{o2dlm}", options.every);
            let (stream, leash) = Stream::start(lab, node, &arguments).with_context(|| format!("node{node}"))?;
            leashes.push(leash);
            let send = send.clone();
            scope.spawn(move || {
                let done = stream.read(|frame| send.send(News::Frame(frame)).is_ok());
                // Nobody listens any more if writing failed: that error is the one to tell.
                let _ = send.send(News::Ended(node, done));
            });
        }
        drop(send);
        for scene in scenario.scenes {
            for &node in scene.nodes.iter().filter(|node| nodes.contains(node)) {
                let stage = &stage;
                scope.spawn(move || stage.play(scene, node));
            }
        }
        progress::say(&format!("frame 0 of {frames} is due in {:.0} s, on {}", start - clock::now(), names(&nodes)));
        let gathered = gather(lab, &mut archive, &stage, &news, leashes, frames);
        // The recorders end where nobody takes their frames.
        drop(news);
        stage.end();
        gathered
    })?;
    interrupt::forget();

    let story = stage.story();
    let text = Readme {
        name,
        lab,
        version: &version,
        date: &date(start)?,
        about: scenario.about,
        directory: &directory,
        every: options.every,
        frames: archive.written(),
        ends: &ends,
        clocks: &clocks.iter().map(|(&node, clock)| (node, (clock.ahead, clock.doubt))).collect(),
        with_o2dlm_locking_state: options.o2dlm_locking_state,
    }
    .text();
    archive.file("README", text.as_bytes())?;
    archive.file("events.txt", story.text(options.every).as_bytes())?;
    archive.file("inodes.txt", inodes(lab, &story, &directory).as_bytes())?;
    for node in lab.running() {
        match lab.ssh.run(node, "dmesg", Duration::from_secs(30)) {
            Ok(log) => archive.file(&format!("raw/dmesg-node{node}.txt"), log.as_bytes())?,
            Err(error) => progress::say(&format!("node{node}'s kernel log is not in the recording: {error:#}")),
        }
    }
    let written: u64 = archive.written().values().sum();
    ensure!(written > 0, "not one frame came; {}", ends.values().cloned().collect::<Vec<_>>().join("; "));
    let size = archive.finish()?;
    progress::say(&format!("{}: {written} frames of {} nodes, {} KB", options.to.display(), nodes.len(), size / 1000));
    Ok(())
}

/// The folder that all is in, by the file's name.
fn name(options: &Options) -> anyhow::Result<&str> {
    let file = options.to.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = file.strip_suffix(EXTENSION).filter(|name| !name.is_empty());
    name.with_context(|| format!("--to: a file whose name ends with {EXTENSION}, not {}", options.to.display()))
}

fn first(nodes: &[u8]) -> anyhow::Result<u8> {
    nodes.first().copied().context("no node runs")
}

/// Where the workloads work.
fn directory(lab: &Lab, scenario: &Scenario) -> anyhow::Result<String> {
    let has = |file_system: FileSystem| lab.plan.file_systems.contains(&file_system);
    if let Some(needed) = scenario.file_system.filter(|&needed| !has(needed)) {
        let option = format!("{needed:?}").to_lowercase();
        bail!(
            "the scenario needs {needed:?}, which the lab {:?} does not have; start one: cargo xtask lab up --fs {option}",
            lab.place.name()
        );
    }
    let mount_point = match scenario.file_system {
        Some(FileSystem::Gfs2) => gfs2::MOUNT_POINT,
        _ => ocfs2::MOUNT_POINT,
    };
    Ok(format!("{mount_point}/recording"))
}

/// Makes the directory anew and does what comes before frame 0.
fn prepare(lab: &Lab, scenario: &Scenario, directory: &str, nodes: &[u8]) -> anyhow::Result<()> {
    if scenario.scenes.is_empty() {
        return Ok(());
    }
    progress::say(&format!("preparing {directory}"));
    lab.ssh.run(first(nodes)?, &format!("rm -rf {directory} && mkdir {directory}"), STEP)?;
    for scene in scenario.before {
        for &node in scene.nodes.iter().filter(|node| nodes.contains(node)) {
            if let Some(line) = scene.command_line(directory) {
                lab.ssh.run(node, &format!("lab-guest {line}"), STEP)?;
            }
        }
    }
    Ok(())
}

/// Takes what the recorders give until all have ended. How each one ended, where it is worth telling.
fn gather(
    lab: &Lab,
    archive: &mut Archive,
    stage: &Stage,
    news: &Receiver<News>,
    leashes: Vec<ChildStdin>,
    frames: u64,
) -> anyhow::Result<BTreeMap<u8, String>> {
    let (mut ends, mut told) = (BTreeMap::new(), 0);
    let mut leashes = Some(leashes);
    let mut give_up = None;
    loop {
        match news.recv_timeout(Duration::from_millis(200)) {
            Ok(News::Frame(frame)) => {
                let complete = archive.take(frame)?;
                if complete >= told + 10 && complete <= frames {
                    told = complete;
                    progress::say(&format!("{complete} of {frames} frames"));
                }
            }
            Ok(News::Ended(node, end)) => {
                archive.ended(node)?;
                let how = match end {
                    Ok(done) => format!("at most {:.2} s late", done.late),
                    Err(error) => {
                        progress::say(&format!("node{node}: {error:#}"));
                        format!("{error:#}")
                    }
                };
                ends.insert(node, how);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(ends),
        }
        if interrupt::check().is_err() && leashes.take().is_some() {
            progress::say("interrupted: the frames under way are taken, then what there is is written");
            progress::say(&stage.story().outside(clock::now(), "the recording is interrupted"));
            give_up = Some(Instant::now() + GRACE);
        }
        if give_up.is_some_and(|give_up| Instant::now() > give_up) {
            give_up = None;
            lab.nodes().into_iter().for_each(|node| lab.ssh.forget(node));
        }
    }
}

/// The files that were used: as the workloads saw them, and as a surviving node lists them now.
fn inodes(lab: &Lab, story: &Story, directory: &str) -> String {
    let file_system = if directory.starts_with(gfs2::MOUNT_POINT) { "gfs2" } else { "ocfs2" };
    let mut text =
        "# fs\tinode\thex\tpath\tsource (\"seen by workload\" = when it was opened; \"find\" = after the last frame)\n".to_owned();
    let mut add = |inode: u64, path: &str, source: &str| text += &format!("{file_system}\t{inode}\t{inode:x}\t{path}\t{source}\n");
    for (path, &inode) in story.inodes() {
        add(inode, path, "seen by workload");
    }
    let above = directory.rsplit_once('/').map_or("/", |(above, _)| above);
    let list = format!("stat -c '%i %n' {above}; find {directory} -xdev -printf '%i %p\\n' 2>/dev/null");
    let listed = lab.running().first().map(|&node| lab.ssh.output(node, &list, &[], Duration::from_secs(120)));
    match listed {
        Some(Ok(listed)) => {
            let said = listed.text();
            let lines: BTreeSet<&str> = said.lines().collect();
            for (inode, path) in lines.iter().filter_map(|line| line.split_once(' ')) {
                if let Ok(inode) = inode.parse() {
                    add(inode, path, "find");
                }
            }
        }
        Some(Err(error)) => progress::say(&format!("the list of inodes is not complete: {error:#}")),
        None => progress::say("the list of inodes is not complete: no node runs"),
    }
    text
}

/// A moment as text, UTC.
fn date(moment: f64) -> anyhow::Result<String> {
    Ok(crate::tool::run("date", ["--utc", "--date", &format!("@{moment:.0}"), "+%Y-%m-%d %H:%M:%S UTC"])?.trim().to_owned())
}
