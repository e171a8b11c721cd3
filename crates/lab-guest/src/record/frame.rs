//! One frame: all files one after the other. It is no snapshot of one moment; `meta` tells each file's own.

use super::files::{self, Wanted};
use super::meta::{FileMeta, Meta};
use super::reader::{Reader, error_text};
use super::waiters;
use crate::kernel::reads::{PAGE, Sizes};
use crate::random::Random;
use nix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// A frame's files.
pub struct Frame {
    /// Its number.
    pub seq: u64,
    /// The node's name in the recording.
    pub node: String,
    /// When it began, whole seconds since the epoch.
    pub realtime: u64,
    /// How much later than due it began, seconds.
    pub late: f64,
    /// Path on the node, bytes. The last one is `/meta`.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Takes frames.
pub struct Recorder {
    node: String,
    with_o2dlm_locking_state: bool,
    random: Random,
    reader: Reader,
}

/// A frame that is being taken.
struct Taking {
    began: Instant,
    files: Vec<(String, Vec<u8>)>,
    metas: Vec<FileMeta>,
}

fn clock(clock: ClockId) -> Duration {
    clock_gettime(clock).map(Duration::from).unwrap_or_default()
}

impl Recorder {
    /// A recorder of this node.
    pub fn new(node: String, with_o2dlm_locking_state: bool, random: Random) -> Recorder {
        Recorder { node, with_o2dlm_locking_state, random, reader: Reader::new() }
    }

    /// Takes a frame, now.
    pub fn take(&mut self, seq: u64, due: f64) -> Frame {
        let (realtime, uptime) = (clock(ClockId::CLOCK_REALTIME), clock(ClockId::CLOCK_BOOTTIME));
        let mut taking = Taking { began: Instant::now(), files: Vec::new(), metas: Vec::new() };
        for wanted in files::of_frame(seq == 0, self.with_o2dlm_locking_state) {
            self.read(&wanted, &mut taking);
        }
        let is_glocks = |path: &String| path.ends_with("/glocks");
        let glocks = taking.files.iter().filter(|(path, _)| is_glocks(path)).flat_map(|(_, text)| waiters::of_glocks(text));
        let mut pids: Vec<(u32, &'static str)> = glocks.map(|pid| (pid, "glock-W")).collect();
        pids.extend(waiters::of_workloads().into_iter().map(|pid| (pid, "workload-waiter")));
        for pid in pids.iter().map(|&(pid, _)| pid).filter(|&pid| pid != 0) {
            for name in ["comm", "wchan", "stack", "status"] {
                self.read(&Wanted { path: format!("/proc/{pid}/{name}"), is_random: false }, &mut taking);
            }
        }
        if seq == 0 {
            taking.files.push(("/uname".to_owned(), uname()));
        }
        let meta = Meta { seq, node: &self.node, realtime, uptime, due, files: &taking.metas, pids: &pids, took: taking.began.elapsed() };
        let text = meta.text().into_bytes();
        taking.files.push(("/meta".to_owned(), text));
        let late = (realtime.as_secs_f64() - due).max(0.0);
        Frame { seq, node: self.node.clone(), realtime: realtime.as_secs(), late, files: taking.files }
    }

    fn read(&mut self, wanted: &Wanted, taking: &mut Taking) {
        let seed = wanted.is_random.then(|| self.random.next() >> 32);
        let sizes = seed.map_or(Sizes::Fixed(PAGE), |seed| Sizes::Random(Random::new(seed)));
        let at = taking.began.elapsed();
        let reading = self.reader.read(&wanted.path, sizes);
        let took = taking.began.elapsed().saturating_sub(at);
        let path = if wanted.is_random { format!("{}.rnd", wanted.path) } else { wanted.path.clone() };
        let bytes = reading.bytes.len() as u64;
        let error = reading.error.as_ref().map(error_text);
        taking.metas.push(FileMeta { path: path.clone(), bytes, reads: reading.reads, at, took, seed, error });
        // An empty file is one; a file that could not be read is none.
        if reading.error.is_none() || bytes > 0 {
            taking.files.push((path, reading.bytes));
        }
    }
}

/// The kernel's name and version.
fn uname() -> Vec<u8> {
    let Ok(name) = nix::sys::utsname::uname() else { return Vec::new() };
    let parts = [name.sysname(), name.nodename(), name.release(), name.version(), name.machine()];
    let parts: Vec<_> = parts.iter().map(|part| part.to_string_lossy()).collect();
    format!("{}\n", parts.join(" ")).into_bytes()
}
