//! Whole forecasts: what holds for any cluster, what was measured, what the manual shows.

mod depends;
mod measured;
mod pictures;
mod properties;
mod source;
pub mod testing;
