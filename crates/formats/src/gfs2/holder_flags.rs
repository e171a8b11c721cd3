//! Letters of an `H:` line (`hflags2str`, `fs/gfs2/glock.c`). The same letters mean other things on a `G:` line.

use super::letters;
use std::fmt;

/// Flags of one holder: a set of letters. Bits 0 to 25 are A to Z, 26 to 51 are a to z, 63 anything else.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HolderFlags(pub u64);

/// Letter and meaning, in the order the kernel prints them. No letter of a holder changed its meaning.
const WORDS: [(u8, &str); 14] = [
    (b't', "try"),
    (b'T', "try with callback"),
    // LM_FLAG_NOEXP, called LM_FLAG_RECOVER since 7.0.
    (b'e', "for recovery"),
    (b'A', "any shared mode"),
    // Up to 6.5.
    (b'p', "priority"),
    (b'a', "asynchronous"),
    (b'E', "exact mode"),
    (b'c', "not cached"),
    (b'H', "granted"),
    (b'W', "waiting"),
    // Up to 5.10.
    (b'F', "first"),
    // Since 5.15.
    (b'n', "shared within the node"),
    // 5.15 to 6.1.
    (b'D', "may be demoted"),
    // Since 5.19.
    (b's', "no instantiation"),
];

/// The order of [`WORDS`].
const ORDER: &[u8] = b"tTeApaEcHWFnDs";

impl HolderFlags {
    /// Reads the letters after `f:`; there may be none.
    #[inline]
    pub fn parse(text: &[u8]) -> HolderFlags {
        HolderFlags(letters::set(text))
    }

    /// Whether this letter is among them.
    #[inline]
    pub fn has(self, letter: u8) -> bool {
        letter.is_ascii_alphabetic() && self.0 & letters::bit(letter) != 0
    }

    /// `H`: this process holds the lock.
    pub fn granted(self) -> bool {
        self.has(b'H')
    }

    /// `W`: this process waits for the grant.
    pub fn waiting(self) -> bool {
        self.has(b'W')
    }

    /// `t` or `T`: it fails instead of waiting for another node.
    pub fn tries(self) -> bool {
        self.has(b't') || self.has(b'T')
    }

    /// `e`: needed by recovery, so not held back by it.
    pub fn for_recovery(self) -> bool {
        self.has(b'e')
    }

    /// `a`: the process asked and does not sleep for it here (rename, quota).
    pub fn asynchronous(self) -> bool {
        self.has(b'a')
    }

    /// All flags in words, with a comma between; letters without a meaning as they stand.
    pub fn words(self) -> String {
        let word =
            |letter: char| WORDS.iter().find(|row| char::from(row.0) == letter).map_or_else(|| letter.to_string(), |row| row.1.into());
        letters::list(self.0, ORDER).map(word).collect::<Vec<String>>().join(", ")
    }
}

impl fmt::Display for HolderFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        letters::print(self.0, ORDER, f)
    }
}

impl fmt::Debug for HolderFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_every_generation_has_a_word() {
        let generations = [
            ("el6 el7 4.4 4.15 4.18 el8 5.4 5.10", "tTeApaEcHWF"),
            ("5.15", "tTeApaEcHWnD"),
            ("5.19", "tTeApaEcHWnDs"),
            ("6.1.192", "tTeAaEcHWnDs"),
            ("6.2 6.5", "tTeApaEcHWns"),
            ("6.8 6.12 6.14 6.17 7.0 7.3", "tTeAaEcHWns"),
        ];
        for (kernels, letters) in generations {
            let flags = HolderFlags::parse(letters.as_bytes());
            assert_eq!(flags.to_string(), letters, "{kernels}");
            assert!(flags.words().split(", ").all(|word| word.len() > 1), "{kernels}: {}", flags.words());
        }
        assert!(WORDS.iter().map(|row| row.0).eq(ORDER.iter().copied()));
    }

    #[test]
    fn letters_without_a_meaning_stay() {
        assert_eq!(HolderFlags::parse(b"HzQ").words(), "granted, Q, z");
        assert_eq!(HolderFlags::parse(b"W|").to_string(), "W?");
        assert_eq!((HolderFlags::parse(b"").words(), HolderFlags::parse(b"#").has(b'#')), (String::new(), false));
    }
}
