//! Why there is no lock, with the exit code that flock(1) would give: those of `sysexits.h`.

use crate::errno::{self, Deed};
use std::io;

/// `EX_USAGE`: the arguments make no sense.
pub const USAGE: u8 = 64;
/// `EX_NOINPUT`: the lock cannot be reached, as for flock(1) a file that cannot be opened.
pub const NO_LOCK: u8 = 66;
/// `EX_UNAVAILABLE`: the command cannot be run.
pub const NO_COMMAND: u8 = 69;
/// `EX_OSERR`: the system fails, or the lock was lost.
pub const SYSTEM: u8 = 71;
/// `EX_CANTCREAT`: a file of this node's own cannot be made.
pub const NO_FILE: u8 = 73;

/// Why there is no lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The exit code.
    pub code: u8,
    /// For people, in one line.
    pub words: String,
}

impl Refusal {
    /// A refusal for a reason of our own.
    pub fn new(code: u8, words: impl Into<String>) -> Refusal {
        Refusal { code, words: words.into() }
    }

    /// The kernel's: file, errno and meaning.
    pub fn of(code: u8, deed: Deed, path: &str, error: &io::Error) -> Refusal {
        let meaning = errno::meaning(deed, path, error).map(|meaning| format!(": {meaning}")).unwrap_or_default();
        Refusal::new(code, format!("{path}: {}{meaning}", errno::shown(error)))
    }
}
