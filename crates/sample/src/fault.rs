//! Why a node, or a file system on it, gives no samples: named, with the remedy.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A reason, and what exactly was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which of the known reasons.
    pub kind: FaultKind,
    /// Evidence: the message of ssh or the kernel, with file and errno name.
    pub detail: String,
}

impl Fault {
    /// A fault with its evidence.
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Fault {
        Fault { kind, detail: detail.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() { write!(f, "{}", self.kind.words()) } else { write!(f, "{}: {}", self.kind.words(), self.detail) }
    }
}

/// The reasons that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The name of the node cannot be resolved.
    CannotResolve,
    /// The node refuses the connection.
    Refused,
    /// No route, or the network is down.
    Unreachable,
    /// No answer in time while connecting.
    TimedOut,
    /// The host key is unknown or changed.
    HostKey,
    /// The login was refused.
    Authentication,
    /// The connection was there and is lost.
    ConnectionLost,
    /// Connected, but nothing has come for longer than the node may be silent.
    Silent,
    /// What came is not this program's protocol, or another version of it.
    Protocol,
    /// Nothing could be run on the node.
    CannotRun,
    /// A file may not be read.
    NoPermission,
    /// debugfs is not mounted.
    NoDebugfs,
    /// The file system is not mounted on this node.
    NotMounted,
    /// What is mounted there is another file system than on the other nodes.
    OtherUuid,
    /// The mount is local (`-M local`) or its kernel offers no lock state.
    NoLockState,
    /// Reading failed in another way.
    ReadFailed,
    /// The node was killed, or its recording ends here.
    Ended,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [FaultKind; 17] = [
        FaultKind::CannotResolve,
        FaultKind::Refused,
        FaultKind::Unreachable,
        FaultKind::TimedOut,
        FaultKind::HostKey,
        FaultKind::Authentication,
        FaultKind::ConnectionLost,
        FaultKind::Silent,
        FaultKind::Protocol,
        FaultKind::CannotRun,
        FaultKind::NoPermission,
        FaultKind::NoDebugfs,
        FaultKind::NotMounted,
        FaultKind::OtherUuid,
        FaultKind::NoLockState,
        FaultKind::ReadFailed,
        FaultKind::Ended,
    ];

    /// A few words for a node's row.
    pub fn words(self) -> &'static str {
        match self {
            FaultKind::CannotResolve => "cannot resolve name",
            FaultKind::Refused => "connection refused",
            FaultKind::Unreachable => "unreachable",
            FaultKind::TimedOut => "connection timed out",
            FaultKind::HostKey => "host key not accepted",
            FaultKind::Authentication => "login refused",
            FaultKind::ConnectionLost => "connection lost",
            FaultKind::Silent => "no answer",
            FaultKind::Protocol => "another protocol",
            FaultKind::CannotRun => "cannot run collector",
            FaultKind::NoPermission => "no permission",
            FaultKind::NoDebugfs => "debugfs not mounted",
            FaultKind::NotMounted => "not mounted here",
            FaultKind::OtherUuid => "another file system here",
            FaultKind::NoLockState => "no lock state",
            FaultKind::ReadFailed => "read failed",
            FaultKind::Ended => "recording ended",
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            FaultKind::CannotResolve => "check the node's name; `ssh NODE` must resolve it",
            FaultKind::Refused => "is sshd running on the node, on this port?",
            FaultKind::Unreachable => "check the network between here and the node",
            FaultKind::TimedOut => "is the node up? a firewall may drop the packets",
            FaultKind::HostKey => "run `ssh NODE` once by hand and compare the host key",
            FaultKind::Authentication => "set up a key or agent that logs in without a password: ssh-copy-id NODE",
            FaultKind::ConnectionLost => "reconnecting; if it stays so, look at the node's console",
            FaultKind::Silent => "the node may hang or be fenced; look at its console",
            FaultKind::Protocol => "install the same version of dlmtop on the node, or let it be uploaded",
            FaultKind::CannotRun => "the login needs /bin/sh; see --no-upload for nodes where nothing may be run",
            FaultKind::NoPermission => "log in as root, or use --sudo",
            FaultKind::NoDebugfs => "on the node: mount -t debugfs debugfs /sys/kernel/debug",
            FaultKind::NotMounted => "mount the file system on the node, or leave the node out",
            FaultKind::OtherUuid => "is this node of another cluster? compare with mounted.ocfs2 -d",
            FaultKind::NoLockState => "local mounts have no cluster locks; else the kernel lacks OCFS2's debugfs files",
            FaultKind::ReadFailed => "look at the node's kernel log",
            FaultKind::Ended => "the recording holds nothing later for this node",
        }
    }
}
