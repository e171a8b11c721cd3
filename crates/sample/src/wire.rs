//! Frames on a pipe: `length (u32 BE) | CRC-32 of the payload (u32 BE) | payload (JSON of one message)`.
//!
//! A frame is at most [`MOST_BYTES`] long, so a stream that is not ours is noticed at its first eight bytes and never
//! fills memory.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// Longest payload: 5000 locks are about 3 MB.
pub const MOST_BYTES: usize = 16 << 20;
/// Bytes before the payload.
const HEADER: usize = 8;

/// What came is no frame of this protocol.
#[derive(Debug, PartialEq, Eq)]
pub enum WireError {
    /// The length is beyond [`MOST_BYTES`]: another program talks.
    TooLong(u32),
    /// The payload does not match its checksum.
    Checksum,
    /// The payload is not a message that this version knows.
    Message(String),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::TooLong(length) => write!(f, "a frame of {length} bytes is announced: not the collector's protocol"),
            WireError::Checksum => f.write_str("a frame does not match its checksum"),
            WireError::Message(why) => write!(f, "a frame holds no message of protocol {}: {why}", crate::message::PROTOCOL),
        }
    }
}

impl std::error::Error for WireError {}

/// One message as a frame. Fails only if the message is longer than [`MOST_BYTES`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, WireError> {
    let mut frame = vec![0; HEADER];
    serde_json::to_writer(&mut frame, message).map_err(|error| WireError::Message(error.to_string()))?;
    let payload = frame.get(HEADER..).unwrap_or_default();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    if payload.len() > MOST_BYTES {
        return Err(WireError::TooLong(length));
    }
    let checksum = crc32fast::hash(payload);
    if let Some(header) = frame.first_chunk_mut::<HEADER>() {
        let (head, tail) = header.split_at_mut(4);
        head.copy_from_slice(&length.to_be_bytes());
        tail.copy_from_slice(&checksum.to_be_bytes());
    }
    Ok(frame)
}

/// Puts frames together from pieces of a stream.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
}

impl Decoder {
    /// Adds the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message; `None` until more bytes come. After an error the stream cannot be trusted further.
    pub fn message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, WireError> {
        let waiting = self.buffer.get(self.start..).unwrap_or_default();
        let Some((&[l0, l1, l2, l3, c0, c1, c2, c3], rest)) = waiting.split_first_chunk::<HEADER>() else { return Ok(None) };
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        if length as usize > MOST_BYTES {
            return Err(WireError::TooLong(length));
        }
        let Some(payload) = rest.get(..length as usize) else { return Ok(None) };
        if crc32fast::hash(payload) != u32::from_be_bytes([c0, c1, c2, c3]) {
            return Err(WireError::Checksum);
        }
        let message = serde_json::from_slice(payload).map_err(|error| WireError::Message(error.to_string()))?;
        self.start += HEADER + length as usize;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{FromNode, Hello};
    use proptest::prelude::*;

    fn hello(host: &str) -> FromNode {
        FromNode::Hello(Hello { protocol: 1, version: "0".to_owned(), host: host.to_owned(), kernel: String::new() })
    }

    #[test]
    fn another_program_is_noticed_at_once() {
        let mut decoder = Decoder::default();
        decoder.push(b"Welcome to node1\n");
        assert!(matches!(decoder.message::<FromNode>(), Err(WireError::TooLong(_))));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut frame = encode(&hello("n")).unwrap();
        let last = frame.len() - 3;
        frame[last] ^= 1;
        let mut decoder = Decoder::default();
        decoder.push(&frame);
        assert_eq!(decoder.message::<FromNode>(), Err(WireError::Checksum));
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_however_the_stream_is_cut(hosts: Vec<String>, cuts in proptest::collection::vec(1usize..40, 1..50)) {
            let stream: Vec<u8> = hosts.iter().flat_map(|host| encode(&hello(host)).unwrap()).collect();
            let mut decoder = Decoder::default();
            let mut read = Vec::new();
            let mut rest = &stream[..];
            for cut in cuts.iter().cycle() {
                while let Some(message) = decoder.message::<FromNode>().unwrap() {
                    read.push(message);
                }
                if rest.is_empty() {
                    break;
                }
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                decoder.push(piece);
                rest = tail;
            }
            let sent: Vec<FromNode> = hosts.iter().map(|host| hello(host)).collect();
            prop_assert_eq!(read, sent);
        }

        #[test]
        fn no_bytes_panic(pieces: Vec<Vec<u8>>) {
            let mut decoder = Decoder::default();
            for piece in pieces {
                decoder.push(&piece);
                if decoder.message::<FromNode>().is_err() {
                    break;
                }
            }
        }
    }
}
