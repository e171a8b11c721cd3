//! Fields that are separated by one blank, as most DLM files have them, and bytes printed in hex.
//!
//! ```text
//! rsb 000000005d00c147 0 0 0 0 0 0 24 str        2            1b35
//! rsb 00000000a1b2c3d4 0 0 0 0 0 0 31 hex 4e 30 30 …
//! lvb 9 32 00 00 00 …
//! ```

use super::ResourceName;
use crate::problem::LineProblem;
use crate::scan;

/// Walks the fields of one line.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    rest: &'a [u8],
    taken: u32,
}

impl<'a> Words<'a> {
    /// Starts at the first field of `line` (without its newline).
    pub(super) fn new(line: &'a [u8]) -> Self {
        Words { rest: line, taken: 0 }
    }

    /// What follows the fields taken so far.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes the next field; `None` at the end of the line.
    #[inline]
    pub(super) fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.taken += 1;
        // Fields are a few bytes long: a plain loop beats a vector search per field.
        match self.rest.iter().position(|&byte| byte == b' ') {
            Some(end) => {
                let (field, rest) = self.rest.split_at(end);
                self.rest = rest.get(1..).unwrap_or_default();
                Some(field)
            }
            None => Some(std::mem::take(&mut self.rest)),
        }
    }

    /// Takes an unsigned decimal.
    #[inline]
    pub(super) fn decimal(&mut self, expected: &'static str) -> Result<u64, LineProblem> {
        let field = self.next();
        field.and_then(scan::decimal).ok_or_else(|| self.problem(expected))
    }

    /// Takes an unsigned decimal of 32 bits.
    #[inline]
    pub(super) fn decimal32(&mut self, expected: &'static str) -> Result<u32, LineProblem> {
        let value = self.decimal(expected)?;
        u32::try_from(value).map_err(|_| self.problem(expected))
    }

    /// Takes a decimal that may carry a minus sign.
    #[inline]
    pub(super) fn signed(&mut self, expected: &'static str) -> Result<i64, LineProblem> {
        let field = self.next();
        field.and_then(signed).ok_or_else(|| self.problem(expected))
    }

    /// Takes a hexadecimal number without a prefix.
    #[inline]
    pub(super) fn hex(&mut self, expected: &'static str) -> Result<u64, LineProblem> {
        let field = self.next();
        field.and_then(scan::hex).ok_or_else(|| self.problem(expected))
    }

    /// Takes a hexadecimal number of 32 bits without a prefix.
    #[inline]
    pub(super) fn hex32(&mut self, expected: &'static str) -> Result<u32, LineProblem> {
        let value = self.hex(expected)?;
        u32::try_from(value).map_err(|_| self.problem(expected))
    }

    /// Takes a `0` or a `1`.
    #[inline]
    pub(super) fn bit(&mut self, expected: &'static str) -> Result<bool, LineProblem> {
        match self.next() {
            Some(b"0") => Ok(false),
            Some(b"1") => Ok(true),
            _ => Err(self.problem(expected)),
        }
    }

    /// Takes a name's length, `str` or `hex`, and the name; what a later kernel prints after it is left.
    #[inline]
    pub(super) fn name(&mut self) -> Result<ResourceName, LineProblem> {
        let length = self.decimal("the length of the name")? as usize;
        let kind = self.next();
        let name = match kind {
            Some(b"str") => self.take(length).and_then(ResourceName::new),
            Some(b"hex") => {
                let bytes = HexBytes::parse(self.rest, length).filter(|_| length <= super::resource_name::MOST_BYTES);
                bytes.and_then(|bytes| ResourceName::new(&bytes.to_vec())).inspect(|_| {
                    self.take(length * 3 - 1);
                })
            }
            _ => return Err(self.problem("str or hex")),
        };
        self.taken += 1;
        name.ok_or_else(|| self.problem("a name of that length, 1 to 64 bytes"))
    }

    /// Takes `length` bytes as they stand.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A problem with the field that was taken last, or that is missing.
    #[cold]
    pub(super) fn problem(&self, expected: &'static str) -> LineProblem {
        LineProblem { field: self.taken.max(1), expected }
    }
}

/// A decimal that may carry a minus sign.
#[inline]
pub(super) fn signed(field: &[u8]) -> Option<i64> {
    let (negative, digits) = match field {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let value = i64::try_from(scan::decimal(digits)?).ok()?;
    Some(if negative { -value } else { value })
}

/// Bytes as the line prints them: two hex digits each, a blank between. Checked when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexBytes<'a>(&'a [u8]);

impl<'a> HexBytes<'a> {
    /// The first `length` bytes that `text` prints; `None` if they are fewer, or no bytes.
    pub fn parse(text: &'a [u8], length: usize) -> Option<HexBytes<'a>> {
        let printed = length.checked_mul(3)?.saturating_sub(1);
        let bytes = HexBytes(text.get(..printed)?);
        let separated =
            bytes.0.chunks(3).all(|chunk| matches!(chunk, [a, b, b' '] | [a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()));
        // The last byte has ended.
        (separated && text.get(printed).is_none_or(|&byte| byte == b' ')).then_some(bytes)
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.0.len().div_ceil(3)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.0.chunks(3).filter_map(|chunk| scan::hex(chunk.get(..2)?).map(|byte| byte as u8))
    }

    /// The bytes in memory of their own.
    pub fn to_vec(&self) -> Vec<u8> {
        self.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_hex_end_where_their_length_says() {
        let bytes = HexBytes::parse(b"4e 00 ff", 2).unwrap();
        assert_eq!((bytes.len(), bytes.to_vec()), (2, vec![0x4e, 0]));
        assert_eq!(HexBytes::parse(b"4e 00 f", 3), None);
        assert_eq!(HexBytes::parse(b"4e 00 ff", 4), None);
        assert_eq!(HexBytes::parse(b"4e 0x", 2), None);
        assert_eq!(HexBytes::parse(b"4e 000", 2), None);
        assert_eq!(HexBytes::parse(b"4e", usize::MAX), None);
        assert!(HexBytes::parse(b"", 0).unwrap().is_empty());
    }

    #[test]
    fn names_are_text_or_hex() {
        let name = |line: &[u8]| Words::new(line).name().map(|name| name.bytes().to_vec());
        assert_eq!(name(b"24 str        2            1b35").unwrap(), b"       2            1b35");
        assert_eq!(name(b"3 hex 4e 00 01").unwrap(), b"N\0\x01");
        assert_eq!(name(b"24 str        2            1b3").unwrap_err().field, 3);
        assert_eq!(name(b"3 hex 4e 00").unwrap_err().field, 3);
        assert_eq!(name(b"3 bin 4e 00").unwrap_err().field, 2);
        assert!(name(b"0 str ").is_err());
        assert!(name(b"65 str aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").is_err());
    }
}
