//! How a viewer is joined to a node.

use crate::Fault;
use serde::{Deserialize, Serialize};
use std::fmt;

/// State of the way to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Being set up, for the so-manieth time (from 1).
    Connecting(u32),
    /// A collector answers.
    Up(Way),
    /// Broken; tried again after `retry_in_ms`, if told.
    Down {
        /// Why.
        fault: Fault,
        /// Time until the next attempt, ms; `None`: no further attempt.
        retry_in_ms: Option<u64>,
    },
}

/// Which way data comes from a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// Read by this process.
    Local,
    /// By ssh, from the dlmtop that is installed there.
    Installed,
    /// By ssh, from this program, sent there and unlinked as soon as it ran.
    Uploaded,
    /// By ssh, raw text from a POSIX shell; why nothing better.
    Shell(String),
    /// From a recording.
    Recording,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Local => "local",
            Way::Installed => "ssh",
            Way::Uploaded => "ssh, uploaded",
            Way::Shell(_) => "ssh, shell",
            Way::Recording => "recording",
        })
    }
}
