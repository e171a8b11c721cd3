//! OCFS2: what `fs/ocfs2/dlmglue.c` prints into debugfs, and the names of its locks.

pub mod fs_state;
pub mod lock_name;
pub mod lock_state;
pub mod locking_state;
pub mod lvb;
pub mod print;

pub use fs_state::FsState;
pub use lock_name::{LockName, LockType};
pub use lock_state::{Action, Flags, Level, LockState, UnlockAction};
pub use locking_state::{Record, Stats};
