//! The kernel's log about O2CB, o2dlm and OCFS2: what a node said before it fenced itself, and what the others saw of it.
//!
//! ```text
//! bytes ─► parse ─► records ─► join ─► messages ─► recognise ─► events
//! ```
//!
//! Bytes may be of `/dev/kmsg`, `dmesg`, `journalctl -k`, a console, netconsole or pstore; each line tells what it is.

mod about;
mod event;
mod join;
mod journal;
mod line;
mod message;
mod parse;
mod parts;
mod pattern;
mod pstore;
mod recognise;
mod record;

#[cfg(test)]
mod tests;

pub use event::Event;
pub use join::join;
pub use message::Message;
pub use parse::parse;
pub use parts::{FenceMethod, Peer, Setting, Side, Slot, SlotFault};
pub use pstore::order as pstore_order;
pub use recognise::recognise;
pub use record::{Record, Stamp};
