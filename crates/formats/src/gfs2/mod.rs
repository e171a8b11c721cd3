//! GFS2: what `fs/gfs2/glock.c` and `fs/gfs2/sys.c` print, and the names of its glocks.
//!
//! The release of a kernel does not tell which letters and fields it prints (distributions take over later changes), so
//! every parser here goes by what stands on the line.

mod cursor;
pub mod dialect;
pub mod glock_flags;
pub mod glock_name;
pub mod glock_state;
pub mod glockfd;
pub mod glocks;
pub mod glstats;
pub mod holder;
pub mod holder_flags;
pub mod idle;
mod letters;
pub mod objects;
pub mod print;
pub mod sbstats;
pub mod status;

pub use dialect::{Dialect, Meaning};
pub use glock_flags::GlockFlags;
pub use glock_name::{GlockName, GlockType};
pub use glock_state::GlockState;
pub use glockfd::OpenFile;
pub use glocks::{Glock, Line, is_background};
pub use glstats::GlockStats;
pub use holder::Holder;
pub use holder_flags::HolderFlags;
pub use idle::{Idle, idle_glock};
pub use objects::{InodeObject, Reservation, RgrpLvb, RgrpObject};
pub use sbstats::SbStats;
pub use status::Status;
