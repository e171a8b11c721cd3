//! Walks the `key:value` fields of a glock line.

use super::glock_flags::GlockFlags;
use super::glock_name::{GlockName, GlockType};
use super::glock_state::GlockState;
use super::letters;
use crate::problem::LineProblem;
use crate::scan::{decimal, hex8};

/// Where in the line the reader is. Each method takes what it reads, or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    line: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Starts in `line` behind what was read of it already.
    #[inline]
    pub(crate) fn new(line: &'a [u8], rest: &'a [u8]) -> Self {
        Cursor { line, rest }
    }

    /// What was not taken yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// What was not taken yet, without the blank before it.
    #[inline]
    pub(crate) fn tail(&self) -> &'a [u8] {
        self.rest.strip_prefix(b" ").unwrap_or(self.rest)
    }

    /// Takes a blank (or several), this letter and a colon.
    #[inline]
    pub(crate) fn key(&mut self, key: u8) -> bool {
        if let [b' ', letter, b':', rest @ ..] = self.rest
            && *letter == key
        {
            self.rest = rest;
            return true;
        }
        self.key_after_blanks(key)
    }

    #[inline]
    fn key_after_blanks(&mut self, key: u8) -> bool {
        let [b' ', b' ', rest @ ..] = self.rest else { return false };
        match rest.trim_ascii_start() {
            [letter, b':', rest @ ..] if *letter == key => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes this byte.
    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes these bytes.
    #[inline]
    pub(crate) fn text(&mut self, text: &[u8]) -> bool {
        self.rest.strip_prefix(text).map(|rest| self.rest = rest).is_some()
    }

    /// Takes the fields from `d:` to `v:` of a glock that nobody wants and that has nothing to write: most are so.
    #[inline]
    pub(crate) fn idle(&mut self) -> bool {
        match self.rest.strip_prefix(b" d:EX/0 a:0 v:0") {
            Some(rest @ ([] | [b' ', ..])) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Whether the field ends here.
    #[inline]
    pub(crate) fn at_end(&self) -> bool {
        matches!(self.rest, [] | [b' ', ..])
    }

    /// Takes two letters of a state.
    #[inline]
    pub(crate) fn state(&mut self) -> Option<GlockState> {
        let [a, b, rest @ ..] = self.rest else { return None };
        let state = GlockState::of(*a, *b)?;
        self.rest = rest;
        Some(state)
    }

    /// Takes decimal digits up to any other byte.
    #[inline]
    pub(crate) fn digits(&mut self) -> Option<u64> {
        if let Some((value, taken)) = self.rest.first_chunk().and_then(|eight| short_decimal(*eight)) {
            self.rest = self.rest.get(taken..)?;
            return Some(value);
        }
        // Times in ns have more: eight at once, then the rest.
        let (mut value, mut taken) = match self.rest.first_chunk().and_then(|eight| eight_digits(*eight)) {
            Some(value) => (value, 8),
            None => (0, 0),
        };
        if let Some((low, more)) = self.rest.get(taken..).and_then(|rest| rest.first_chunk()).and_then(|eight| short_decimal(*eight)) {
            self.rest = self.rest.get(taken + more..)?;
            return Some(value * 10u64.pow(more as u32) + low);
        }
        for &byte in self.rest.get(taken..)? {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            taken += 1;
        }
        let (text, rest) = self.rest.split_at_checked(taken)?;
        // 19 digits always fit; longer ones are read again with care.
        let value = if taken > 19 { decimal(text)? } else { value };
        self.rest = rest;
        (taken > 0).then_some(value)
    }

    /// Takes 1 to 15 decimal digits, up to any other byte, without their value. Not at the very end of the text: 16 bytes are
    /// looked at.
    #[inline]
    pub(crate) fn skip_number(&mut self) -> bool {
        match self.rest.first_chunk().and_then(|bytes| leading_digits(*bytes)).and_then(|taken| self.rest.get(taken..)) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a decimal value and no more than that.
    #[inline]
    pub(crate) fn decimal(&mut self) -> Option<u64> {
        // Most counts have one digit.
        if let [digit @ b'0'..=b'9', rest @ ..] = self.rest
            && matches!(rest, [] | [b' ', ..])
        {
            self.rest = rest;
            return Some(u64::from(digit - b'0'));
        }
        let value = self.digits()?;
        self.at_end().then_some(value)
    }

    /// Takes decimal digits that may carry a minus sign, up to any other byte.
    #[inline]
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let negative = self.byte(b'-');
        let digits = self.digits()?;
        if negative { 0i64.checked_sub_unsigned(digits) } else { i64::try_from(digits).ok() }
    }

    /// Takes 1 to 16 hexadecimal digits up to any other byte.
    #[inline]
    pub(crate) fn hex(&mut self) -> Option<u64> {
        let mut value = 0u64;
        let mut taken = 0;
        for &byte in self.rest {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                _ => break,
            };
            value = value << 4 | u64::from(digit);
            taken += 1;
        }
        self.rest = self.rest.get(taken..)?;
        (taken > 0 && taken <= 16).then_some(value)
    }

    /// Takes a hexadecimal value and no more than that.
    #[inline]
    pub(crate) fn whole_hex(&mut self) -> Option<u64> {
        let value = self.hex()?;
        self.at_end().then_some(value)
    }

    /// Takes a name such as `2/183f3`.
    #[inline]
    pub(crate) fn name(&mut self) -> Option<GlockName> {
        let kind = if let [digit @ b'0'..=b'9', b'/', rest @ ..] = self.rest {
            self.rest = rest;
            digit - b'0'
        } else {
            let kind = u8::try_from(self.digits()?).ok()?;
            self.byte(b'/').then_some(kind)?
        };
        let number = match self.rest.first_chunk().and_then(|eight| short_hex(*eight)) {
            Some((number, taken)) => {
                self.rest = self.rest.get(taken..)?;
                number
            }
            None => self.whole_hex()?,
        };
        Some(GlockName::new(GlockType(kind), number))
    }

    /// Takes letters up to a blank; there may be none.
    #[inline]
    pub(crate) fn letters(&mut self) -> u64 {
        // Padding adds no bit, so all eight are looked up without asking where they end.
        if let Some((padded, taken)) = self.rest.first_chunk().and_then(|eight| padded_word(*eight)) {
            self.rest = self.rest.get(taken..).unwrap_or_default();
            return letters::set(&padded);
        }
        let mut bits = 0;
        let mut taken = 0;
        for &byte in self.rest {
            if byte == b' ' {
                break;
            }
            bits |= letters::bit(byte);
            taken += 1;
        }
        self.rest = self.rest.get(taken..).unwrap_or_default();
        bits
    }

    /// Takes a glock's flags.
    #[inline]
    pub(crate) fn glock_flags(&mut self) -> GlockFlags {
        GlockFlags(self.letters())
    }

    /// Takes a field of `key` with a decimal value, if the line goes on with it.
    #[inline]
    pub(crate) fn optional(&mut self, key: u8, expected: &'static str) -> Result<Option<u64>, LineProblem> {
        if !self.key(key) {
            return Ok(None);
        }
        match self.decimal() {
            Some(value) => Ok(Some(value)),
            None => Err(self.problem(expected)),
        }
    }

    /// Takes one field whatever it is.
    pub(crate) fn skip_field(&mut self) {
        let rest = self.rest.trim_ascii_start();
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        self.rest = rest.get(end..).unwrap_or_default();
    }

    /// What was expected in the field that comes next, or that is being read.
    #[cold]
    pub(crate) fn problem(&self, expected: &'static str) -> LineProblem {
        let taken = self.line.len().saturating_sub(self.rest.len());
        let taken = self.line.get(..taken).unwrap_or_default();
        let words = taken.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).count() as u32;
        let last = taken.last().copied().unwrap_or(b' ');
        let in_value = words > 1 && matches!(last, b':' | b'/');
        let inside = in_value || last != b' ' && !self.at_end();
        LineProblem { field: if inside { words } else { words + 1 }, expected }
    }
}

/// The same byte eight times.
const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The high bit of each byte that is at least `least` (1 to 128).
#[inline]
fn at_least(word: u64, least: u8) -> u64 {
    // The lower seven bits of a byte and 127 at most: nothing is carried into the next byte.
    (((word & eight(0x7f)) + eight(0x80 - least)) | word) & eight(0x80)
}

/// A decimal number of 1 to 7 digits and its length, without a branch per digit.
#[inline]
fn short_decimal(text: [u8; 8]) -> Option<(u64, usize)> {
    let digits = u64::from_le_bytes(text) ^ eight(b'0');
    let length = at_least(digits, 10).trailing_zeros() / 8;
    if length == 0 || length == 8 {
        return None;
    }
    // The number's end comes to the end of the word, zeros before it.
    Some((joined(digits << (64 - 8 * length)), length as usize))
}

/// A decimal number of which these are the first eight digits; `None` if it has fewer.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    let digits = u64::from_le_bytes(text) ^ eight(b'0');
    (at_least(digits, 10) == 0).then(|| joined(digits))
}

/// How many digits stand first, 1 to 15, without a branch per digit.
#[inline]
fn leading_digits(text: [u8; 16]) -> Option<usize> {
    const LOW: u128 = u128::from_ne_bytes([0x7f; 16]);
    let word = u128::from_le_bytes(text) ^ u128::from_ne_bytes([b'0'; 16]);
    // As in `at_least`, of 16 bytes.
    let others = (((word & LOW) + u128::from_ne_bytes([0x80 - 10; 16])) | word) & !LOW;
    let length = others.trailing_zeros() / 8;
    (1..16).contains(&length).then_some(length as usize)
}

/// The number of eight digits, the first one lowest in the word: neighbours are joined to pairs, to fours, to eight.
#[inline]
fn joined(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// A hexadecimal number of 1 to 7 digits before a blank, and its length.
#[inline]
fn short_hex(text: [u8; 8]) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(text);
    let length = blank(word);
    if length == 0 || length == 8 {
        return None;
    }
    let padded = word << (64 - 8 * length) | eight(b'0') >> (8 * length);
    Some((u64::from(hex8(&padded.to_le_bytes())?), length as usize))
}

/// Up to 7 bytes before a blank, with blanks after them, and their number.
#[inline]
fn padded_word(text: [u8; 8]) -> Option<([u8; 8], usize)> {
    let word = u64::from_le_bytes(text);
    let length = blank(word);
    if length == 8 {
        return None;
    }
    let keep = (1u64 << (8 * length)) - 1;
    Some(((word & keep | eight(b' ') & !keep).to_le_bytes(), length as usize))
}

/// How many bytes stand before the first blank; 8 if there is none.
#[inline]
fn blank(word: u64) -> u32 {
    (!at_least(word ^ eight(b' '), 1) & eight(0x80)).trailing_zeros() / 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_end_where_they_end(value: u64, shift in 0u32..64, end in prop::sample::select(vec!["", " ", "/1", " x:1 y:2", "/xxxxxxxxxx"])) {
            let value = value >> shift;
            let text = format!("{value}{end}");
            let mut cursor = Cursor::new(text.as_bytes(), text.as_bytes());
            prop_assert_eq!((cursor.digits(), cursor.rest()), (Some(value), end.as_bytes()));
            let padded = format!("{text}:{:16}", "");
            let mut cursor = Cursor::new(padded.as_bytes(), padded.as_bytes());
            let digits = value.to_string().len();
            prop_assert_eq!(cursor.skip_number(), digits < 16);
            prop_assert_eq!(cursor.rest().len(), if digits < 16 { padded.len() - digits } else { padded.len() });
        }

        #[test]
        fn names_read_as_the_slow_way_reads_them(kind: u8, number: u64, shift in 0u32..64, end in prop::sample::select(vec!["", " ", " f:x t:y", "z", "/ 12345678"])) {
            let name = format!("{kind}/{:x}", number >> shift);
            let text = format!("{name}{end}");
            let read = Cursor::new(text.as_bytes(), text.as_bytes()).name();
            let whole = end.is_empty() || end.starts_with(' ');
            prop_assert_eq!(read, GlockName::parse(name.as_bytes()).filter(|_| whole));
        }

        #[test]
        fn letters_read_as_the_slow_way_reads_them(text in "[A-Za-z?|]{0,12}", end in prop::sample::select(vec!["", " ", " t:SH d:EX/0"])) {
            let line = format!("{text}{end}");
            let mut cursor = Cursor::new(line.as_bytes(), line.as_bytes());
            prop_assert_eq!((cursor.letters(), cursor.rest()), (letters::set(text.as_bytes()), end.as_bytes()));
        }

        #[test]
        fn eight_bytes_of_any_kind(bytes: [u8; 8]) {
            let position = bytes.iter().position(|&byte| byte == b' ').unwrap_or(8);
            prop_assert_eq!(blank(u64::from_le_bytes(bytes)) as usize, position);
            let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let sixteen: [u8; 16] = std::array::from_fn(|at| bytes[at % 8]);
            let all = sixteen.iter().take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert_eq!(leading_digits(sixteen), (1..16).contains(&all).then_some(all));
            prop_assert_eq!(short_decimal(bytes).map(|read| read.1), (1..8).contains(&digits).then_some(digits));
        }
    }
}
