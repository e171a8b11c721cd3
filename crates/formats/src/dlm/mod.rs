//! The kernel's DLM: what `fs/dlm/debug_fs.c` prints, and the names of its resources.
//!
//! | file in `/sys/kernel/debug/dlm/` | module | since |
//! |---|---|---|
//! | `LS` | [`text`] (format 1) | always |
//! | `LS_locks` | [`locks`] (format 2) | 2.6.32 |
//! | `LS_all` | [`all`] (format 3) | 2.6.32 |
//! | `LS_toss` | [`toss`] (format 4) | 3.10 |
//! | `LS_waiters` | [`waiters`] | 2.6.32 |
//! | `LS_queued_asts` | [`queued_asts`] (format 5) | only about 6.6 to 6.9 |
//! | `comms/NODE/{state,flags}` | [`recovery`] | 5.15 |
//!
//! `LS` is the lockspace's name. The kernel's version is no key to a format, as distributions port changes back: every
//! parser goes by what the line says.

pub mod all;
#[cfg(test)]
mod captures;
pub mod configfs;
pub mod flags;
pub mod lock;
pub mod locks;
pub mod lvb;
pub mod master;
pub mod print;
pub mod queued_asts;
pub mod recovery;
pub mod resource_name;
pub mod text;
pub mod toss;
pub mod waiters;
pub mod words;

pub use lock::{Age, Lock, Queue, Whose};
pub use master::Master;
pub use resource_name::ResourceName;
