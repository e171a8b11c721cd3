//! Numbers and addresses as the reader of ocfs2-tools takes them: C's `strtoul` in base 10, and `inet_pton`.

use std::net::Ipv4Addr;

/// A number that the C reader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// Its value.
    pub(super) value: u64,
    /// Whether it is written in digits alone, without leading zeros: everybody reads such a number alike.
    pub(super) plain: bool,
}

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoNumber {
    /// Not decimal.
    Text,
    /// Beyond 64 bits; -1 also counts as that.
    Range,
}

/// `strtoul(text, …, 10)` that must use up the whole text: white space, a sign, digits. A minus wraps around.
pub(super) fn number(text: &[u8]) -> Result<Number, NoNumber> {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | 9..=13)).ok_or(NoNumber::Text)?;
    let unsigned = text.get(start..).unwrap_or_default();
    let (negative, digits) = match unsigned {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NoNumber::Text);
    }
    let value = crate::scan::decimal(digits).ok_or(NoNumber::Range)?;
    let value = if negative { value.wrapping_neg() } else { value };
    // ULONG_MAX is how strtoul tells of an overflow.
    if value == u64::MAX {
        return Err(NoNumber::Range);
    }
    let plain = digits.len() == text.len() && (digits.len() == 1 || digits.first() != Some(&b'0'));
    Ok(Number { value, plain })
}

/// Dotted IPv4: four numbers without leading zeros.
pub(super) fn address(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_strtoul_reads_them() {
        let value = |text: &str| number(text.as_bytes()).map(|number| number.value);
        for (text, expected) in [
            ("010", Ok(10)),
            ("+3", Ok(3)),
            ("-0", Ok(0)),
            ("-18446744073709551613", Ok(3)),
            ("\x0b\n 5", Ok(5)),
            ("18446744073709551614", Ok(u64::MAX - 1)),
            ("18446744073709551615", Err(NoNumber::Range)),
            ("99999999999999999999", Err(NoNumber::Range)),
            ("-1", Err(NoNumber::Range)),
            ("", Err(NoNumber::Text)),
            ("+", Err(NoNumber::Text)),
            ("+-1", Err(NoNumber::Text)),
            ("0x1", Err(NoNumber::Text)),
            ("1 2", Err(NoNumber::Text)),
            ("\x0b", Err(NoNumber::Text)),
        ] {
            assert_eq!(value(text), expected, "{text:?}");
        }
        assert!(number(b"0").is_ok_and(|number| number.plain));
        assert!(number(b"00").is_ok_and(|number| !number.plain));
        assert!(number(b"+1").is_ok_and(|number| !number.plain));
    }

    #[test]
    fn addresses_have_four_plain_numbers() {
        assert_eq!(address(b"10.0.0.1"), Some(Ipv4Addr::new(10, 0, 0, 1)));
        for text in ["10.0.0.01", "10.0.0.256", "10.0.1", "10.0.0.1 ", "host", "::1", "00.0.0.1", ""] {
            assert_eq!(address(text.as_bytes()), None, "{text}");
        }
    }
}
