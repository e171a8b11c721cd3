//! What happens while a recording runs: tables of scenes.

use crate::plan::FileSystem;
use clap::ValueEnum;

/// A story to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// A hot directory, a file appended under flock, a flock that is held while others wait, a tree that is scanned
    Ocfs2Hot,
    /// The same on /mnt/gfs2
    Gfs2Hot,
    /// Light load; node 3's power is cut while it holds a flock that the others wait for; recovery
    NodeDeath,
    /// Nothing is done
    Quiet,
}

/// A story: what is done before frame 0, and when what is done after it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What the story is, for the README.
    pub about: &'static str,
    /// The file system that it needs, if it needs one.
    pub file_system: Option<FileSystem>,
    /// How long it is, seconds.
    pub seconds: u32,
    /// One after the other, to their end.
    pub before: &'static [Scene],
    /// Each at its time, whatever the others do.
    pub scenes: &'static [Scene],
}

/// Something that nodes do at once.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// Seconds after frame 0.
    pub at: u32,
    /// On which nodes; those that do not run are left out.
    pub nodes: &'static [u8],
    /// What.
    pub act: Act,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Arguments of `lab-guest work`; `DIR` stands for the recording's directory.
    Work(&'static str),
    /// The node's power is cut.
    PowerCut,
}

const fn work(at: u32, nodes: &'static [u8], arguments: &'static str) -> Scene {
    Scene { at, nodes, act: Act::Work(arguments) }
}

const ALL: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8];

/// A tree that the nodes know different parts of.
const TREE: &[Scene] = &[
    work(0, &[1], "mass DIR/tree --files 500"),
    work(0, &[2], "mass DIR/tree --files 300 --do stat"),
    work(0, &[3], "mass DIR/tree --files 100 --do stat"),
];

/// Several processes on a node and few names: so the directory's own lock is what is fought for, also on fast nodes.
const HOT_DIRECTORY: &str = "hot DIR/dir --names 12 --pause-ms 2 --seconds 55 --until-eof";

const HOT: &[Scene] = &[
    work(15, ALL, HOT_DIRECTORY),
    work(15, ALL, HOT_DIRECTORY),
    work(15, ALL, HOT_DIRECTORY),
    work(72, ALL, "append DIR/log --flock --pause-ms 20 --seconds 32 --until-eof"),
    work(125, &[2], "hold DIR/log --seconds 40 --until-eof"),
    work(129, &[1], "hold DIR/log --seconds 1 --until-eof"),
    work(132, &[3], "hold DIR/log --seconds 1 --until-eof"),
    work(135, &[3], "hold DIR/log --seconds 1 --until-eof"),
    work(188, &[3], "scan DIR --until-eof"),
    work(206, &[3], "scan DIR --until-eof"),
];

const HOT_ABOUT: &str = "0-15 s quiet, 15-70 s create/append/unlink in one directory by three processes on each node, 72-104 s append under flock to \
one file, quiet, 125-165 s node 2 holds an EX flock on that file while node 1 (from 129 s) and node 3 (two processes, from 132 s and \
135 s) wait, 188 s node 3 scans the tree (cold), 206 s again (warm).";

const DEATH: &[Scene] = &[
    work(6, ALL, "hot DIR/dir --pause-ms 500 --until-eof"),
    work(6, ALL, "append DIR/log --flock --pause-ms 500 --until-eof"),
    work(50, &[3], "hold DIR/deathlock --until-eof"),
    work(54, &[1], "hold DIR/deathlock --seconds 1 --until-eof"),
    work(56, &[2], "hold DIR/deathlock --seconds 1 --until-eof"),
    Scene { at: 60, nodes: &[3], act: Act::PowerCut },
];

const DEATH_ABOUT: &str = "Light load from 6 s on (create/append/unlink in one directory, append under flock); node 3 takes an EX \
flock at 50 s, node 1 waits for it from 54 s, node 2 from 56 s; node 3's power is cut at 60 s, its stream ends there; the others go on \
to the end, through the recovery.";

impl Name {
    /// The story.
    pub fn scenario(self) -> Scenario {
        match self {
            Name::Ocfs2Hot => Scenario { about: HOT_ABOUT, file_system: Some(FileSystem::Ocfs2), seconds: 231, before: TREE, scenes: HOT },
            Name::Gfs2Hot => Scenario { file_system: Some(FileSystem::Gfs2), ..Name::Ocfs2Hot.scenario() },
            Name::NodeDeath => {
                Scenario { about: DEATH_ABOUT, file_system: Some(FileSystem::Ocfs2), seconds: 213, before: TREE, scenes: DEATH }
            }
            Name::Quiet => Scenario { about: "Nothing is done.", file_system: None, seconds: 60, before: &[], scenes: &[] },
        }
    }
}

impl Scene {
    /// The command line of `lab-guest`, if it is one.
    pub fn command_line(&self, directory: &str) -> Option<String> {
        match self.act {
            Act::Work(arguments) => Some(format!("work {}", arguments.replace("DIR", directory))),
            Act::PowerCut => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_are_in_order_and_within_their_story() {
        for name in Name::value_variants() {
            let scenario = name.scenario();
            assert!(scenario.scenes.is_sorted_by_key(|scene| scene.at), "{name:?}");
            assert!(scenario.scenes.iter().all(|scene| scene.at < scenario.seconds), "{name:?}");
            // Nothing may outlive the recording.
            let bounded = |scene: &Scene| scene.command_line("/d").is_none_or(|line| line.ends_with(" --until-eof"));
            assert!(scenario.scenes.iter().all(bounded), "{name:?}");
            assert!(scenario.before.iter().all(|scene| !scene.command_line("/d").unwrap().contains("DIR")), "{name:?}");
        }
    }
}
