//! How far a connection has come.

/// What an end of the connection means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// ssh connects and logs in; nothing of ours answers yet.
    Connecting,
    /// The shell answers, a collector is being started.
    Starting,
    /// Samples can come.
    Up,
}
