//! Recordings: raw files of nodes, played as if the nodes answered.
//!
//! Three layouts, each as a folder or inside a tar, tar.zst, tar.bz2 or tar.xz:
//! - one node: `sys/kernel/debug/ocfs2/…`
//! - one moment of several nodes: `NODE/sys/kernel/debug/ocfs2/…`
//! - a time series: `frames/SEQ/NODE/sys/…`, with `frames/SEQ/NODE/meta` for clocks and read counts. A second dump,
//!   `locking_state.rnd`, belongs to the same sample: it holds what the first one's reads lost.
//!
//! And what `gfs2_lockcapture` and sos make: see `foreign`. A folder may hold several of their archives, one of each node.

pub mod archive;
pub mod cut;
pub mod files;
pub mod foreign;
mod frame;
pub mod layout;
pub mod meta;
pub mod player;

pub use frame::{Frame, FrameEvent};
pub use player::Player;

use std::path::PathBuf;

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file or folder cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// Nothing of the three layouts is there.
    #[error(
        "{0}: no lock state in it: expected sys/kernel/debug/ocfs2/UUID/locking_state or sys/kernel/debug/gfs2/TABLE/glocks, the same below NODE/, or below frames/SEQ/NODE/; or run1/NODE/gfs2/TABLE/glocks (gfs2_lockcapture)"
    )]
    Empty(PathBuf),
}
