//! The viewer's time: handed in, never asked for.

/// A moment by the viewer's clocks; in a recording, by the frame's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViewTime {
    /// Does not jump; µs from any start.
    pub monotonic_us: u64,
    /// Time of day, µs since the epoch; `None` in a capture that does not tell.
    pub realtime_us: Option<u64>,
}

impl ViewTime {
    /// Time since `earlier`, µs.
    pub fn since_us(self, earlier: ViewTime) -> u64 {
        self.monotonic_us.saturating_sub(earlier.monotonic_us)
    }
}
