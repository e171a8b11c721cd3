//! Limits that verdicts and counts go by.

/// What the verdicts go by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// A wait of this length is stuck, ns.
    pub stuck_after_ns: u64,
    /// Clocks that differ by more are told, µs.
    pub skew_us: i64,
    /// For programs that add counts up: a sample's counts are told at one tick only. A node without a new sample since the
    /// last tick then tells its waits, and no counts. Else the newest sample is told until the next one comes.
    pub each_sample_once: bool,
    /// The mount point that was asked for: nodes where another file system lies there are told.
    pub mount_point: Option<String>,
    /// A wait of this length is slow, ns.
    pub slow_after_ns: u64,
    /// A lockspace with more resources than this is looked at for who masters them.
    pub many_resources: u64,
    /// A node that masters more than its fair share times this has too many.
    pub unfair_factor: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            stuck_after_ns: 5_000_000_000,
            skew_us: 2_000_000,
            each_sample_once: false,
            mount_point: None,
            slow_after_ns: 1_000_000_000,
            many_resources: 1000,
            unfair_factor: 2.0,
        }
    }
}
