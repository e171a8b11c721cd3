//! Arbitrary pieces of a stream into the decoder; arbitrary text inside of valid frames, so that the fuzzer gets behind the
//! checksum.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sample::wire::{Decoder, encode};
use sample::{FromNode, ToNode};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

#[derive(Arbitrary, Debug)]
enum Piece<'a> {
    /// As it is.
    Raw(&'a [u8]),
    /// As the payload of a frame.
    Framed(&'a str),
    /// A frame in two pieces.
    Cut(&'a str, u8),
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    from_node: bool,
    pieces: Vec<Piece<'a>>,
}

fuzz_target!(|input: Input<'_>| {
    let mut decoder = Decoder::default();
    for piece in &input.pieces {
        match *piece {
            Piece::Raw(bytes) => decoder.push(bytes),
            Piece::Framed(text) => decoder.push(&frame(text)),
            Piece::Cut(text, at) => {
                let frame = frame(text);
                let (head, tail) = frame.split_at(usize::from(at).min(frame.len()));
                decoder.push(head);
                while same_again(&mut decoder, input.from_node) {}
                decoder.push(tail);
            }
        }
        while same_again(&mut decoder, input.from_node) {}
    }
});

fn frame(text: &str) -> Vec<u8> {
    let mut frame = (text.len() as u32).to_be_bytes().to_vec();
    frame.extend(crc32fast::hash(text.as_bytes()).to_be_bytes());
    frame.extend(text.as_bytes());
    frame
}

/// Whether a message came; it encodes to a frame that decodes to the same.
fn same_again(decoder: &mut Decoder, from_node: bool) -> bool {
    if from_node { same_message::<FromNode>(decoder) } else { same_message::<ToNode>(decoder) }
}

fn same_message<T: Serialize + DeserializeOwned + PartialEq + Debug>(decoder: &mut Decoder) -> bool {
    let Ok(Some(message)) = decoder.message::<T>() else { return false };
    let mut again = Decoder::default();
    again.push(&encode(&message).expect("a message that came fits into a frame"));
    assert_eq!(again.message::<T>(), Ok(Some(message)));
    true
}
