//! Reading on a node: finding file systems, reading dumps at a bearable pace, forming samples.

pub mod clock;
pub mod collector;
pub mod discover;
pub mod dump;
pub mod files;
pub mod pace;
pub mod round;

pub use collector::Collector;
pub use files::{NodeFiles, RootFiles};
