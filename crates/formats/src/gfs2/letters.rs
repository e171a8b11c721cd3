//! Sets of letters in one word: what both kinds of flags are made of.

use std::fmt;

/// Set if the text held anything but a letter.
pub(crate) const OTHER: u64 = 1 << 63;

/// The bit of every byte: A to Z are 0 to 25, a to z are 26 to 51.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const BITS: [u64; 256] = {
    let mut bits = [OTHER; 256];
    // A blank ends the letters: it may pad them.
    bits[b' ' as usize] = 0;
    let mut at = 0;
    while at < 26 {
        bits[b'A' as usize + at] = 1 << at;
        bits[b'a' as usize + at] = 1 << (at + 26);
        at += 1;
    }
    bits
};

/// The bit of a letter; [`OTHER`] for any other byte.
#[inline]
pub(crate) fn bit(letter: u8) -> u64 {
    BITS.get(usize::from(letter)).copied().unwrap_or(OTHER)
}

/// The set of these letters, for constants.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
pub(crate) const fn of(letters: &[u8]) -> u64 {
    let (mut bits, mut at) = (0, 0);
    while at < letters.len() {
        bits |= BITS[letters[at] as usize];
        at += 1;
    }
    bits
}

/// All letters of a text, in a set.
#[inline]
pub(crate) fn set(text: &[u8]) -> u64 {
    text.iter().fold(0, |bits, &byte| bits | bit(byte))
}

/// The letters of a set: those of `order` first, the others by the alphabet.
pub(crate) fn list(bits: u64, order: &'static [u8]) -> impl Iterator<Item = char> {
    let ordered = order.iter().copied().filter(move |&letter| bits & bit(letter) != 0);
    let mut others = bits & !set(order) & !OTHER;
    let others = std::iter::from_fn(move || {
        let at = others.trailing_zeros() as u8;
        others &= others.wrapping_sub(1);
        match at {
            0..=25 => Some(b'A' + at),
            26..=51 => Some(b'a' + at - 26),
            _ => None,
        }
    });
    ordered.chain(others).map(char::from).chain((bits & OTHER != 0).then_some('?'))
}

/// Prints the letters of a set; [`OTHER`] as `?`.
pub(crate) fn print(bits: u64, order: &'static [u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    list(bits, order).try_for_each(|letter| fmt::Write::write_char(f, letter))
}
