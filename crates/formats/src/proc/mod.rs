//! Of `/proc`: which process holds or waits, where in the kernel, with which files open.

pub mod comm;
pub mod fdinfo;
pub mod fib_trie;
pub mod locks;
pub mod net_tcp;
pub mod route;
pub mod stack;
pub mod stat;
pub mod status;

pub use fdinfo::FdInfo;
pub use locks::{FileLock, LockKind};
pub use route::Route;
pub use stack::Frame;
pub use stat::TaskStat;
pub use status::TaskStatus;
