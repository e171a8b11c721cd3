//! What kernels print about cluster locks, as records.
//!
//! Every parser here is pure: bytes in, records and problems out. No file is opened, no clock is read, and the hot
//! parsers allocate nothing per line. Unknown versions, letters and trailing fields are kept and shown, never fatal.

pub mod cluster_conf;
pub mod cluster_nodes;
pub mod config_problem;
pub mod dlm;
pub mod file_handle;
pub mod firewall;
pub mod gfs2;
pub mod kernel_log;
pub mod mode;
pub mod mounts;
pub mod o2dlm;
pub mod o2hb;
pub mod ocfs2;
pub mod ocfs2_disk;
pub mod problem;
pub mod proc;
pub mod scan;
pub mod sock_diag;
pub mod sysconfig;
pub mod tracefs;

pub use mode::Mode;
pub use problem::{LineProblem, ProblemCount};
