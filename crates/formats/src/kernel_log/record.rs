//! One record of the log, as the kernel wrote it.

/// When something was said. At least one of them is known of most records; old syslogs without a year tell neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Microseconds since the kernel started, as `printk` stamps them.
    pub boot_us: Option<u64>,
    /// Microseconds since 1970.
    pub wall_us: Option<i64>,
}

impl Stamp {
    /// Microseconds from `earlier` to this, by a clock that both have; `None` if they have none in common.
    pub fn since(self, earlier: Stamp) -> Option<i64> {
        match (self.boot_us, earlier.boot_us, self.wall_us, earlier.wall_us) {
            (Some(here), Some(there), ..) => Some(i64::try_from(here).ok()?.saturating_sub(i64::try_from(there).ok()?)),
            (.., Some(here), Some(there)) => Some(here.saturating_sub(there)),
            _ => None,
        }
    }
}

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Stamp,
    /// Which start of the kernel it belongs to, counted from 0 within one text.
    pub boot: u32,
    /// What, without stamps, host and program.
    pub text: String,
}
