//! The built-in recording: a real three-node cluster on Linux 6.1, 234 seconds: a directory hot on all nodes, a file
//! appended under flock, a flock that is held while two nodes wait for it, and tree scans.

use collect::recording::{Player, RecordingError};
use sample::message::Configuration;

/// The recording, as `cargo xtask cut` makes it.
pub const RECORDING: &[u8] = include_bytes!("../demo/ocfs2-hot.tar.zst");
/// Quiet frames at the start that the demo leaves out.
const QUIET_FRAMES: usize = 4;

/// A player of the demo.
pub fn player() -> Result<Player, RecordingError> {
    let mut player = Player::from_archive(RECORDING, "the built-in recording", Configuration::default())?;
    player.skip(QUIET_FRAMES);
    Ok(player)
}
