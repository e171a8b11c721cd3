//! The only kernel aid that is ever written: an own tracefs instance, in which the kernel counts what GFS2's trace events tell.
//! Nothing else in dlmtop writes to a kernel; `--no-trace` forbids this, too.
//!
//! What is written: a directory `dlmtop-PIDNS-PID-START-N` in `instances` of a tracefs that is mounted already (nothing is ever
//! mounted), named by the process that made it; and in it `buffer_size_kb` and the `trigger` files of two events. Events of other
//! instances and the global trace buffer are not touched.
//!
//! What it leaves: nothing after an ordinary end, nor after SIGTERM, SIGHUP or a lost connection: the directory is removed, and
//! with it triggers and buffers. After SIGKILL the directory stays, and the kernel goes on counting for nobody (some 10 MB and a
//! fraction of a microsecond for each DLM reply) until the next dlmtop on the node removes it, or
//! `rmdir /sys/kernel/tracing/instances/dlmtop-*`, or the next boot.

use super::files::{NodeFiles, RootFiles};
use formats::proc::TaskStat;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// An instance whose files are being read cannot be removed, and one that is being made must be made before: for so long an end
/// waits at most.
const END_WAITS: Duration = Duration::from_secs(2);
/// Time between two attempts.
const AGAIN_AFTER: Duration = Duration::from_millis(10);
/// With what the names of all our instances begin.
const PREFIX: &str = "dlmtop-";

/// Whose an instance is: a process, named for as long as the machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Inode of its pid namespace: pids of others mean nothing here.
    pub namespace: u64,
    /// Process.
    pub pid: u32,
    /// When it started, ticks after boot: pids are used again.
    pub start_ticks: u64,
}

/// Name of an instance: its owner, and a number that tells the owner's instances apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceName {
    /// Who made it.
    pub owner: Owner,
    /// Counts the owner's instances from 1.
    pub number: u32,
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Owner { namespace, pid, start_ticks } = self.owner;
        write!(f, "{PREFIX}{namespace}-{pid}-{start_ticks}-{}", self.number)
    }
}

impl FromStr for InstanceName {
    type Err = ();

    fn from_str(name: &str) -> Result<InstanceName, ()> {
        let mut parts = name.strip_prefix(PREFIX).ok_or(())?.splitn(4, '-');
        let mut next = || parts.next().ok_or(());
        let namespace = next()?.parse().map_err(drop)?;
        let pid = next()?.parse().map_err(drop)?;
        let start_ticks = next()?.parse().map_err(drop)?;
        let number = next()?.parse().map_err(drop)?;
        Ok(InstanceName { owner: Owner { namespace, pid, start_ticks }, number })
    }
}

impl Owner {
    /// This process, by its `/proc`; `None` if that does not tell.
    pub fn this_process(files: &dyn NodeFiles) -> Option<Owner> {
        let stat = TaskStat::parse(&files.read("/proc/self/stat", 4096).ok()?)?;
        // `pid:[4026531836]`
        let link = files.link("/proc/self/ns/pid").ok()?;
        let namespace = link.strip_prefix("pid:[")?.strip_suffix(']')?.parse().ok()?;
        Some(Owner { namespace, pid: stat.pid, start_ticks: stat.start_ticks })
    }

    /// Whether `other` is surely gone. What cannot be told lives.
    pub fn knows_dead(&self, other: &Owner, files: &dyn NodeFiles) -> bool {
        if other.namespace != self.namespace {
            return false;
        }
        match files.read(&format!("/proc/{}/stat", other.pid), 4096) {
            Ok(text) => TaskStat::parse(&text).is_some_and(|stat| stat.start_ticks != other.start_ticks),
            // No such process: ENOENT, or ESRCH if it ends while it is read.
            Err(error) => matches!(error.raw_os_error(), Some(2 | 3)),
        }
    }
}

/// The three ways to write.
pub trait TraceFs: Send {
    /// Makes an instance.
    fn make(&self, path: &Path) -> io::Result<()>;
    /// Writes to a file that is there.
    fn write(&self, path: &Path, text: &str) -> io::Result<()>;
    /// Removes an instance.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The kernel's tracefs.
struct Kernel;

impl TraceFs for Kernel {
    fn make(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        // One write(2): the kernel takes each as a command of its own.
        OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }
}

/// Makes and removes instances; shared by whoever may end the process.
#[derive(Clone)]
pub struct TraceKeeper(Arc<Mutex<Kept>>);

struct Kept {
    /// `None`: nothing may be written.
    tracefs: Option<Box<dyn TraceFs>>,
    /// Instances that were made and not removed.
    made: Vec<String>,
}

impl TraceKeeper {
    /// A keeper that writes to this machine's kernel, if `files` are this machine's.
    pub fn of(files: &RootFiles) -> TraceKeeper {
        TraceKeeper::new(files.is_this_machine().then(|| Box::new(Kernel) as Box<dyn TraceFs>))
    }

    /// A keeper that writes in this way; `None`: never.
    pub fn new(tracefs: Option<Box<dyn TraceFs>>) -> TraceKeeper {
        TraceKeeper(Arc::new(Mutex::new(Kept { tracefs, made: Vec::new() })))
    }

    /// Whether anything may be written.
    pub fn may_write(&self) -> bool {
        self.kept().tracefs.is_some()
    }

    /// Makes an instance in the folder `instances`; returns its path.
    pub fn make(&self, instances: &str, name: InstanceName) -> io::Result<String> {
        let mut kept = self.kept();
        let path = format!("{instances}/{name}");
        kept.tracefs()?.make(Path::new(&path))?;
        kept.made.push(path.clone());
        Ok(path)
    }

    /// Writes to a file of an instance that was made.
    pub fn write(&self, instance: &str, file: &str, text: &str) -> io::Result<()> {
        let kept = self.kept();
        if !kept.made.iter().any(|made| made == instance) {
            return Err(io::ErrorKind::NotFound.into());
        }
        kept.tracefs()?.write(Path::new(&format!("{instance}/{file}")), text)
    }

    /// Removes an instance that was made.
    pub fn remove(&self, instance: &str) -> io::Result<()> {
        let mut kept = self.kept();
        kept.tracefs()?.remove(Path::new(instance))?;
        kept.made.retain(|made| made != instance);
        Ok(())
    }

    /// Removes what a process that is gone has left.
    pub fn remove_left(&self, instances: &str, name: InstanceName) -> io::Result<()> {
        self.kept().tracefs()?.remove(Path::new(&format!("{instances}/{name}")))
    }

    /// Removes all instances; from now on none is made. To be called before the process ends, from any of its threads. Gives up
    /// after two seconds: an end must not hang on a kernel that hangs.
    pub fn close(&self) {
        let deadline = Instant::now() + END_WAITS;
        loop {
            if let Ok(mut kept) = self.0.try_lock() {
                let Kept { tracefs, made } = &mut *kept;
                if let Some(tracefs) = tracefs {
                    made.retain(|path| match tracefs.remove(Path::new(path)) {
                        Ok(()) => false,
                        Err(error) => error.kind() != io::ErrorKind::NotFound,
                    });
                }
                if made.is_empty() {
                    *tracefs = None;
                    return;
                }
            }
            if Instant::now() >= deadline {
                return;
            }
            std::thread::sleep(AGAIN_AFTER);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A thread that panicked cannot have left it half changed.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Kept {
    fn tracefs(&self) -> io::Result<&dyn TraceFs> {
        self.tracefs.as_deref().ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}
