//! What the kernel's text files say, read and parsed without the project's own crates.

pub mod locking_state;
pub mod o2dlm;
pub mod reads;
pub mod union;
