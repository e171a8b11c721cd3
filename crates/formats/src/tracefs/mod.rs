//! tracefs: what the kernel's tracers print.

pub mod hist;

pub use hist::{HistEntry, HistLine};
