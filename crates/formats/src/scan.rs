//! Tab-separated fields and numbers, read quickly without `unsafe`: the one clever file.

use memchr::memchr;

/// Walks the fields of one line. A field ends at a tab or at the end of the line.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
    taken: u32,
}

impl<'a> Fields<'a> {
    /// Starts at the first field of `line` (without its newline).
    pub fn new(line: &'a [u8]) -> Self {
        Fields { rest: line, taken: 0 }
    }

    /// How many fields `line` has; at least 1.
    pub fn count(line: &[u8]) -> u32 {
        memchr::memchr_iter(b'\t', line.strip_suffix(b"\t").unwrap_or(line)).count() as u32 + 1
    }

    /// How many fields were taken so far; the number (from 1) of the field taken last.
    pub fn taken(&self) -> u32 {
        self.taken
    }

    /// What follows the fields taken so far.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes the next field; `None` at the end of the line. A tab after the last field opens no further one.
    #[inline]
    pub fn next_field(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.taken += 1;
        // Fields are a few bytes long: a plain loop beats a vector search per field.
        match self.rest.iter().position(|&b| b == b'\t') {
            Some(end) => {
                let (field, rest) = self.rest.split_at(end);
                self.rest = rest.get(1..).unwrap_or_default();
                Some(field)
            }
            None => Some(std::mem::take(&mut self.rest)),
        }
    }

    /// Takes an unsigned decimal field and its tab in one walk. `None` if the field is missing, empty, not decimal or beyond `u64`.
    #[inline]
    pub fn next_decimal(&mut self) -> Option<u64> {
        self.taken += 1;
        // Half of all counters are 0.
        if let [b'0', b'\t', rest @ ..] = self.rest {
            self.rest = rest;
            return Some(0);
        }
        let mut rest = self.rest;
        let mut value: u64 = 0;
        // Times and sums are long: eight digits at a step.
        while let Some((eight, tail)) = rest.split_first_chunk::<8>() {
            let Some(digits) = decimal8(*eight) else { break };
            value = value.checked_mul(100_000_000)?.checked_add(digits)?;
            rest = tail;
        }
        let mut bytes = rest.iter();
        for &byte in bytes.by_ref() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                if byte != b'\t' {
                    return None;
                }
                break;
            }
            value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        }
        // A field that starts with its tab, or with nothing, is empty.
        let empty = self.rest.first().is_none_or(|byte| !byte.is_ascii_digit());
        self.rest = bytes.as_slice();
        (!empty).then_some(value)
    }

    /// Takes a decimal field that may carry a minus sign.
    #[inline]
    pub fn next_signed(&mut self) -> Option<i64> {
        let negative = self.rest.first() == Some(&b'-');
        if negative {
            self.rest = self.rest.get(1..)?;
        }
        let value = i64::try_from(self.next_decimal()?).ok()?;
        Some(if negative { -value } else { value })
    }

    /// Takes a hexadecimal field written `0x…`.
    #[inline]
    pub fn next_hex(&mut self) -> Option<u64> {
        prefixed_hex(self.next_field()?)
    }

    /// Takes a field of `length` bytes and its tab if that is how the line goes on.
    #[inline]
    pub fn next_of_length(&mut self, length: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.rest.split_at_checked(length)?;
        let ([b'\t', rest @ ..], false) = (rest, field.contains(&b'\t')) else { return None };
        self.rest = rest;
        self.taken += 1;
        Some(field)
    }

    /// Takes one byte printed as `0x0` to `0xff`, or sign-extended (`0xffffff80` to `0xffffffff`), and its tab.
    #[inline]
    pub fn skip_hex_byte(&mut self) -> bool {
        let hex = u8::is_ascii_hexdigit;
        let rest = match self.rest {
            [b'0', b'x', a, b'\t', rest @ ..] if hex(a) => rest,
            [b'0', b'x', a, b, b'\t', rest @ ..] if hex(a) && hex(b) => rest,
            [b'0', b'x', b'f', b'f', b'f', b'f', b'f', b'f', a, b, b'\t', rest @ ..] if hex(a) && hex(b) => rest,
            _ => return false,
        };
        self.rest = rest;
        self.taken += 1;
        true
    }

    /// Takes exactly `bytes` bytes as they stand if the line continues with them.
    #[inline]
    pub fn skip_exact(&mut self, bytes: &[u8], fields: u32) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(bytes.len())?;
        if head != bytes {
            return None;
        }
        self.rest = tail;
        self.taken += fields;
        Some(head)
    }
}

/// Eight decimal digits at once, as one word; `None` if any byte is no digit.
#[inline]
fn decimal8(eight: [u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(eight);
    // Digits are 0x30 to 0x39: the upper nibble is 3, also after adding 6.
    let upper = 0xf0f0_f0f0_f0f0_f0f0;
    let threes = 0x3030_3030_3030_3030;
    if word & upper != threes || word.wrapping_add(0x0606_0606_0606_0606) & upper != threes {
        return None;
    }
    // Neighbours are joined: digits to pairs, to fours, to eight.
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(2561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32)
}

/// `0x1f` as a number: 1 to 16 digits of either case after the prefix.
#[inline]
pub fn prefixed_hex(field: &[u8]) -> Option<u64> {
    hex(field.strip_prefix(b"0x")?)
}

/// 1 to 16 hexadecimal digits as a number.
#[inline]
pub fn hex(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let mut value = 0u64;
    for &digit in digits {
        value = value << 4 | u64::from(hex_digit(digit)?);
    }
    Some(value)
}

#[inline]
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// 8 hexadecimal digits at once, as one word: the names of locks are made of them.
#[inline]
pub fn hex8(digits: &[u8]) -> Option<u32> {
    let word = u64::from_be_bytes(digits.try_into().ok()?);
    if word & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    // The high bit of each byte that is at least `start` and below `end`; no byte is above 0x7f, so none overflows.
    let within = |word: u64, start: u8, end: u8| {
        (word + u64::from_ne_bytes([0x80 - start; 8])) & !(word + u64::from_ne_bytes([0x80 - end; 8])) & 0x8080_8080_8080_8080
    };
    let letters = within(word | 0x2020_2020_2020_2020, b'a', b'f' + 1);
    if letters | within(word, b'0', b'9' + 1) != 0x8080_8080_8080_8080 {
        return None;
    }
    // The low nibble of a letter is 9 less than its value.
    let nibbles = (word & 0x0f0f_0f0f_0f0f_0f0f) + (letters >> 7) * 9;
    let pairs = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    Some((quads | quads >> 16) as u32)
}

/// Unsigned decimal text as a number. `None` if empty, not decimal or beyond `u64`.
pub fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Splits off the first line: `(line without newline, what follows)`. `None` if no newline is there.
#[inline]
pub fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b'\n', bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tab_after_the_last_field_opens_no_further_field() {
        let mut fields = Fields::new(b"a\t\tb\t");
        assert_eq!(fields.next_field(), Some(&b"a"[..]));
        assert_eq!(fields.next_field(), Some(&b""[..]));
        assert_eq!(fields.next_field(), Some(&b"b"[..]));
        assert_eq!(fields.next_field(), None);
        assert_eq!(fields.taken(), 3);
    }

    #[test]
    fn decimals_end_at_the_largest_u64() {
        assert_eq!(Fields::new(b"18446744073709551615\t").next_decimal(), Some(u64::MAX));
        assert_eq!(Fields::new(b"18446744073709551616\t").next_decimal(), None);
        assert_eq!(Fields::new(b"\t").next_decimal(), None);
        assert_eq!(Fields::new(b"12x\t").next_decimal(), None);
        assert_eq!(Fields::new(b"-1\t").next_signed(), Some(-1));
        assert_eq!(Fields::new(b"-\t").next_signed(), None);
    }

    proptest! {
        #[test]
        fn numbers_read_back(value: u64, word: u32) {
            prop_assert_eq!(Fields::new(format!("{value}\t").as_bytes()).next_decimal(), Some(value));
            prop_assert_eq!(decimal(value.to_string().as_bytes()), Some(value));
            prop_assert_eq!(prefixed_hex(format!("{value:#x}").as_bytes()), Some(value));
            prop_assert_eq!(hex8(format!("{word:08x}").as_bytes()), Some(word));
            prop_assert_eq!(hex8(format!("{word:08X}").as_bytes()), Some(word));
        }

        #[test]
        fn hex8_agrees_with_the_slow_way(bytes in proptest::collection::vec(any::<u8>(), 8)) {
            let slow = hex(&bytes).map(|value| value as u32);
            prop_assert_eq!(hex8(&bytes), slow);
        }
    }
}
