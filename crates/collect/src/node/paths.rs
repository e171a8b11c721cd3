//! Paths of the inodes that the viewer looks at and no process has open: asked of the kernel by file handle, few at a time, and
//! remembered for a while.

use super::files::NodeFiles;
use super::handle_path::{Answer, deadline_s};
use formats::file_handle::FileHandle;
use formats::ocfs2::LockType;
use formats::ocfs2::lvb::MetaLvb;
use sample::message::FileSystemKind;
use sample::task::PathSample;
use sample::{FileSystem, Gfs2Sample, LockspaceSample, TasksSample};
use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, TryRecvError};

/// A path is asked for again after this, ns: files are renamed.
const PATH_FOR_NS: u64 = 300_000_000_000;
/// One that could not be told is asked for again after this, ns.
const NO_PATH_FOR_NS: u64 = 60_000_000_000;
/// Answers that are remembered, and generations.
const MOST_KNOWN: usize = 256;
/// Questions in one round.
const MOST_ASKED: usize = 4;

/// An inode: file system, number, and generation (GFS2: formal number), which tells it from a later one of the same number.
type Inode = (String, u64, u64);

/// See the module's text.
#[derive(Debug, Default)]
pub struct Paths {
    known: HashMap<Inode, (u64, Result<String, String>)>,
    /// OCFS2: generations that locks told, and when, by file system and inode.
    generations: HashMap<(String, u64), (u64, u32)>,
    /// File systems in which a child hangs: no other one is sent there.
    hanging: BTreeMap<String, Receiver<()>>,
}

impl Paths {
    /// Tells the paths of `inodes` as far as this node can: of those that it has a lock of. `told`: what processes have open.
    pub fn tell(
        &mut self,
        files: &dyn NodeFiles,
        now_ns: u64,
        inodes: &[u64],
        (file_systems, gfs2, lockspaces): (&[FileSystem], &[&Gfs2Sample], &[LockspaceSample]),
        told: &TasksSample,
    ) -> Vec<PathSample> {
        // A recording has no kernel to ask.
        if inodes.is_empty() || !files.can_repeat() {
            return Vec::new();
        }
        self.learn(now_ns, lockspaces);
        self.hanging.retain(|_, gone| gone.try_recv() != Err(TryRecvError::Disconnected));
        let (mut samples, mut asked) = (Vec::new(), 0);
        for file_system in file_systems {
            let Some(mount) = file_system.mount_points.first() else { continue };
            for &inode in inodes {
                let Some(handle) = self.handle(file_system, inode, gfs2, lockspaces) else { continue };
                if is_open(told, mount, inode) {
                    continue;
                }
                let sample = |told, ago_ns| PathSample { file_system: file_system.uuid.clone(), inode, told, ago_ns };
                let (generation, handle) = match handle {
                    Ok(handle) => handle,
                    Err(why) => {
                        samples.push(sample(Err(why), 0));
                        continue;
                    }
                };
                let key = (file_system.uuid.clone(), inode, generation);
                if !self.is_known(&key, now_ns) {
                    if self.hanging.contains_key(&file_system.uuid) {
                        let why = "an earlier question for a path of this file system hangs in the kernel still";
                        samples.push(sample(Err(why.to_owned()), 0));
                        continue;
                    }
                    if asked == MOST_ASKED {
                        continue;
                    }
                    asked += 1;
                    let answer = match files.path_of(mount, &handle) {
                        Answer::Told(told) => told,
                        Answer::Late(gone) => {
                            // One that hangs is enough for this round.
                            asked = MOST_ASKED;
                            self.hanging.insert(file_system.uuid.clone(), gone);
                            Err(format!("the kernel did not answer in {} s: a lock that it needs is not to be had", deadline_s()))
                        }
                    };
                    self.remember(key.clone(), now_ns, answer);
                }
                samples.extend(self.known.get(&key).map(|(at, told)| sample(told.clone(), now_ns.saturating_sub(*at))));
            }
        }
        samples
    }

    fn is_known(&self, key: &Inode, now_ns: u64) -> bool {
        self.known.get(key).is_some_and(|(at, told)| {
            let lasts = if told.is_ok() { PATH_FOR_NS } else { NO_PATH_FOR_NS };
            now_ns.saturating_sub(*at) < lasts
        })
    }

    fn remember(&mut self, key: Inode, now_ns: u64, answer: Result<String, String>) {
        self.known.insert(key, (now_ns, answer));
        forget_oldest(&mut self.known);
    }

    /// The handle of an inode and its generation; `Err`: it is here, but its generation is not told. `None`: nothing of it is here.
    fn handle(
        &self,
        file_system: &FileSystem,
        inode: u64,
        gfs2: &[&Gfs2Sample],
        lockspaces: &[LockspaceSample],
    ) -> Option<Result<(u64, FileHandle), String>> {
        match file_system.kind {
            FileSystemKind::Gfs2 => {
                let sample = gfs2.iter().find(|sample| sample.table == file_system.uuid)?;
                let facts = sample.glocks.iter().filter(|glock| glock.name.inode() == Some(inode)).find_map(|glock| glock.inode)?;
                Some(Ok((facts.formal, FileHandle::gfs2(facts.formal, facts.address))))
            }
            FileSystemKind::Ocfs2 => {
                if let Some((_, generation)) = self.generations.get(&(file_system.uuid.clone(), inode)) {
                    return Some(Ok((u64::from(*generation), FileHandle::ocfs2(inode, *generation))));
                }
                let of_file_system = lockspaces.iter().filter(|sample| sample.file_system.as_deref() == Some(&file_system.uuid));
                let is_here = of_file_system.flat_map(|sample| &sample.resources).any(|resource| resource.name.inode() == Some(inode));
                is_here.then(|| Err("neither a lock's name nor its value block tells the inode's generation here".to_owned()))
            }
        }
    }

    /// Generations of OCFS2's inodes: in the names of `W` and `F` locks, and in the value block of `M` locks.
    fn learn(&mut self, now_ns: u64, lockspaces: &[LockspaceSample]) {
        for sample in lockspaces {
            let Some(uuid) = &sample.file_system else { continue };
            for resource in &sample.resources {
                let Some(name) = resource.name.ocfs2() else { continue };
                let generation = match name.kind() {
                    LockType::RW | LockType::FLOCK => Some(name.low()),
                    LockType::META => resource.lvb.as_deref().and_then(lvb_generation),
                    _ => None,
                };
                if let Some((inode, generation)) = name.inode().zip(generation) {
                    self.generations.insert((uuid.clone(), inode), (now_ns, generation));
                }
            }
        }
        forget_oldest(&mut self.generations);
    }
}

/// Keeps the newest of values that came at a time.
fn forget_oldest<K: Clone + Eq + std::hash::Hash, V>(values: &mut HashMap<K, (u64, V)>) {
    while values.len() > MOST_KNOWN {
        let Some(oldest) = values.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone()) else { return };
        values.remove(&oldest);
    }
}

fn lvb_generation(hex: &str) -> Option<u32> {
    let mut lvb = [0u8; 64];
    for (at, byte) in lvb.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    MetaLvb::decode(&lvb).map(|lvb| lvb.generation)
}

/// Whether a process has it open: then its path is told without asking.
fn is_open(told: &TasksSample, mount: &str, inode: u64) -> bool {
    let mut files = told.tasks.iter().flat_map(|task| &task.files).filter(|file| file.inode == Some(inode));
    files.any(|file| file.path.as_ref().is_some_and(|path| path.starts_with(mount)))
}

#[cfg(test)]
#[path = "paths_tests.rs"]
mod tests;
