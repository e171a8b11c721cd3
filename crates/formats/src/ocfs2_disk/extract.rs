//! The few bytes of a volume that were read, as text: small enough for a report or a test, and read again as if it were the volume.
//!
//! ```text
//! # any comment
//! size 67108864
//! 1024 4f434653563200…
//! ```
//!
//! A line is a byte offset and what is there, in hexadecimal digits; everything else of the volume is 0.

use super::storage::Storage;
use crate::scan::decimal;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Bytes that one line of the text carries: a sector.
const LINE: usize = 512;
/// The most that is given at a time.
const MOST: usize = 1 << 20;

/// A volume of which only some bytes are known not to be 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extract {
    /// Size of the volume in bytes; nothing can be read beyond.
    pub size: u64,
    pieces: BTreeMap<u64, Vec<u8>>,
}

/// Why an extract does not give bytes, or its text is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtractProblem {
    /// Beyond the volume's end.
    End,
    /// A line (from 1) is not understood.
    Line(usize),
}

impl fmt::Display for ExtractProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExtractProblem::End => f.write_str("beyond the end"),
            ExtractProblem::Line(line) => write!(f, "line {line}: expected 'size BYTES' or 'OFFSET HEXADECIMAL-DIGITS'"),
        }
    }
}

impl std::error::Error for ExtractProblem {}

impl Extract {
    /// A volume of so many bytes, all 0.
    pub fn new(size: u64) -> Extract {
        Extract { size, pieces: BTreeMap::new() }
    }

    /// Reads the text.
    pub fn parse(text: &str) -> Result<Extract, ExtractProblem> {
        let mut extract = Extract::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once(' ').ok_or(ExtractProblem::Line(index + 1))?;
            let done = if key == "size" {
                decimal(value.as_bytes()).map(|size| extract.size = size)
            } else {
                decimal(key.as_bytes()).zip(unhex(value)).map(|(offset, bytes)| extract.put(offset, &bytes))
            };
            done.ok_or(ExtractProblem::Line(index + 1))?;
        }
        Ok(extract)
    }

    /// Says what is at `offset`.
    pub fn put(&mut self, offset: u64, bytes: &[u8]) {
        // Whole sectors, so that later ones replace earlier ones of the same place.
        let mut at = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let within = (at % LINE as u64) as usize;
            let (now, later) = rest.split_at(rest.len().min(LINE - within));
            let sector = self.pieces.entry(at - within as u64).or_insert_with(|| vec![0; LINE]);
            if let Some(place) = sector.get_mut(within..within + now.len()) {
                place.copy_from_slice(now);
            }
            let Some(next) = at.checked_add(now.len() as u64) else { return };
            (at, rest) = (next, later);
        }
    }

    /// What is not 0, by sectors of 512 bytes: byte offset, and the bytes up to the last that is not 0.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pieces.iter().filter_map(|(&offset, bytes)| {
            let last = bytes.iter().rposition(|&byte| byte != 0)?;
            Some((offset, bytes.get(..=last)?))
        })
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut text = format!("size {}\n", self.size);
        for (offset, bytes) in self.pieces() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{offset} ");
            for byte in bytes {
                let _ = write!(text, "{byte:02x}");
            }
            text.push('\n');
        }
        text
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.as_bytes().chunks(2).map(|pair| crate::scan::hex(pair).map(|value| value as u8)).collect()
}

impl Storage for Extract {
    type Error = ExtractProblem;

    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, ExtractProblem> {
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.size && length <= MOST).ok_or(ExtractProblem::End)?;
        let mut bytes = vec![0; length];
        for (&start, piece) in self.pieces.range(offset.saturating_sub(LINE as u64)..end) {
            for (at, &byte) in (start..end).zip(piece).filter(|(at, _)| *at >= offset) {
                if let Some(place) = bytes.get_mut((at - offset) as usize) {
                    *place = byte;
                }
            }
        }
        Ok(bytes)
    }
}

/// Hands on what another storage gives, and remembers it.
#[derive(Debug)]
pub struct Recorder<S> {
    storage: S,
    /// What was read so far.
    pub extract: Extract,
}

impl<S: Storage> Recorder<S> {
    /// Nothing was read yet; `size` is that of the whole in bytes.
    pub fn new(storage: S, size: u64) -> Self {
        Recorder { storage, extract: Extract::new(size) }
    }
}

impl<S: Storage> Storage for Recorder<S> {
    type Error = S::Error;

    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, S::Error> {
        let bytes = self.storage.read(offset, length)?;
        self.extract.put(offset, &bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_read_also_after_a_round_through_text(
            pieces in proptest::collection::vec((0u64..4000, proptest::collection::vec(any::<u8>(), 0..700)), 0..6)
        ) {
            let mut image = vec![0u8; 8192];
            let mut extract = Extract::new(8192);
            for (offset, bytes) in &pieces {
                image[*offset as usize..*offset as usize + bytes.len()].copy_from_slice(bytes);
                extract.put(*offset, bytes);
            }
            let mut again = Extract::parse(&extract.text()).unwrap();
            for (offset, length) in [(0, 8192), (511, 2), (100, 1000), (8191, 1), (8192, 0)] {
                let expected = &image[offset..offset + length];
                prop_assert_eq!(&extract.read(offset as u64, length).unwrap(), expected);
                prop_assert_eq!(&again.read(offset as u64, length).unwrap(), expected);
            }
            prop_assert_eq!(extract.read(8190, 3), Err(ExtractProblem::End));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = Extract::parse(&text);
        }
    }

    #[test]
    fn lines_that_are_not_understood_are_named() {
        assert_eq!(Extract::parse("size 5\n# x\n\n7 0\n"), Err(ExtractProblem::Line(4)));
        assert_eq!(Extract::parse("size five"), Err(ExtractProblem::Line(1)));
        assert_eq!(Extract::parse("seven 00"), Err(ExtractProblem::Line(1)));
        assert_eq!(Extract::new(10).read(u64::MAX, 2), Err(ExtractProblem::End));
    }
}
