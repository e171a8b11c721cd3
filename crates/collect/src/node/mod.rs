//! Reading on a node: finding file systems, reading dumps at a bearable pace, forming samples.

pub mod activity;
pub mod child;
pub mod clock;
pub mod collector;
mod current_glock;
pub mod discover;
pub mod discover_gfs2;
pub mod dlm_reader;
pub mod dump;
pub mod files;
mod glock_pass;
pub mod glock_reader;
mod groups;
pub mod growth;
pub mod handle_path;
pub mod lines;
pub mod lockspaces;
pub mod o2cb_network;
pub mod o2cb_reader;
pub mod o2cb_slots;
pub mod o2dlm_reader;
pub mod openers;
pub mod pace;
pub mod paths;
pub mod round;
pub mod task_reader;
pub mod tcp_sockets;
pub mod trace_events;
pub mod trace_figures;
pub mod trace_instance;
pub mod trace_table;
pub mod tracing;

pub use collector::Collector;
pub use files::{NodeFiles, RootFiles};
pub use trace_instance::TraceKeeper;
