//! A whole message with what it means.

use super::record::{Record, Stamp};
use super::{Event, join, parse, recognise};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: Stamp,
    /// Which start of the kernel it belongs to, counted from 0 within one log.
    pub boot: u32,
    /// What it says.
    pub text: String,
    /// What it means; `None`: nothing about the cluster.
    pub event: Option<Event>,
}

impl Message {
    /// All messages of a log in any form.
    pub fn all_of(log: &[u8]) -> Vec<Message> {
        join(parse(log)).into_iter().map(Message::of).collect()
    }

    fn of(record: Record) -> Message {
        Message { event: recognise(&record.text), at: record.at, boot: record.boot, text: record.text }
    }
}
