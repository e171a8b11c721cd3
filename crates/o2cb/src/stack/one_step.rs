//! One step at the kernel's own files of a cluster, for experts: done, read back, and its errno told in words.
//!
//! No plan stands around it: nothing is checked before the kernel is asked, and nothing is taken back.

use super::{Change, Io};
use crate::FAILED;
use crate::apply::{Voice, apply};
use crate::kernel::{CLUSTERS, Kernel};
use crate::plan::Plan;
use crate::step::{Action, Step, Undo};
use anyhow::bail;
use clap::{Args, Subcommand};

/// One step below `/sys/kernel/config/cluster`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Paths are below /sys/kernel/config/cluster: `o2cb step write web/reconnect_delay_ms 2000`, \
                        `o2cb step remove web/node/db3`.\nNothing is checked before the kernel is asked: `online` and `offline` \
                        are the safe ways.")]
pub struct OneStep {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Clone, Debug, Subcommand)]
enum Deed {
    /// Write a value to an attribute, and read it back
    Write {
        /// Attribute: CLUSTER/FILE, CLUSTER/node/NAME/FILE, CLUSTER/heartbeat/FILE, CLUSTER/heartbeat/UUID/FILE
        path: String,
        /// Value
        #[arg(allow_hyphen_values = true)]
        value: String,
        #[command(flatten)]
        change: Change,
    },
    /// Make a folder: a cluster, a node, a region
    Make {
        /// Folder
        path: String,
        #[command(flatten)]
        change: Change,
    },
    /// Remove a folder: a region's heartbeat stops, a node is disconnected
    Remove {
        /// Folder
        path: String,
        #[command(flatten)]
        change: Change,
    },
    /// Start the heartbeat of a region whose folder has its numbers
    Start {
        /// Folder
        path: String,
        /// Block device
        device: String,
        #[command(flatten)]
        change: Change,
    },
}

impl OneStep {
    /// How it is done.
    pub(super) fn change(&self) -> &Change {
        match &self.deed {
            Deed::Write { change, .. } | Deed::Make { change, .. } | Deed::Remove { change, .. } | Deed::Start { change, .. } => change,
        }
    }

    /// The plan of this step alone.
    pub(super) fn plan(&self) -> anyhow::Result<Plan> {
        let (what, action) = match &self.deed {
            Deed::Write { path, value, .. } => {
                let file = below(path)?;
                // The kernel compares the fence method with its newline.
                let value = if file.ends_with("/fence_method") { format!("{value}\n") } else { value.clone() };
                (format!("write {path}"), Action::write(file, value))
            }
            Deed::Make { path, .. } => (format!("make {path}"), Action::MakeFolder(below(path)?)),
            Deed::Remove { path, .. } => (format!("remove {path}"), Action::RemoveFolder(below(path)?)),
            Deed::Start { path, device, .. } => {
                (format!("start {path}"), Action::StartRegion { folder: below(path)?, device: device.clone() })
            }
        };
        let step = Step { action, what, line: None, undo: Undo::Stays("a single step is not taken back"), optional: false };
        Ok(Plan { steps: vec![step], ..Plan::default() })
    }
}

/// The whole path, which never leaves the folder of clusters.
fn below(path: &str) -> anyhow::Result<String> {
    let relative = path.strip_prefix(CLUSTERS).unwrap_or(path).trim_start_matches('/');
    if relative.is_empty() || relative.split('/').any(|part| part.is_empty() || part == "." || part == "..") || relative.contains('\0') {
        bail!("'{path}' is no path below {CLUSTERS}");
    }
    Ok(format!("{CLUSTERS}/{relative}"))
}

/// Takes it.
pub fn take(machine: &mut dyn Kernel, options: &OneStep, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let plan = options.plan()?;
    let result = apply(machine, &plan, &mut Voice::new(&mut *io.out, &mut *io.err, io.verbose))?;
    match result {
        Ok(()) => Ok(0),
        Err(failure) => {
            writeln!(io.err, "o2cb: {}", failure.words)?;
            Ok(FAILED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_step_stays_below_the_clusters() {
        assert_eq!(below("web/node/db1/num").unwrap(), "/sys/kernel/config/cluster/web/node/db1/num");
        assert_eq!(below("/sys/kernel/config/cluster/web").unwrap(), "/sys/kernel/config/cluster/web");
        for path in ["", "/", "..", "web/../../x", "web//num", "./web", "/etc/passwd/../x", "web/\0"] {
            assert!(below(path).is_err(), "{path:?}");
        }
    }
}
