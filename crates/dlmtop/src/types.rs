//! Types of locks as users name them: OCFS2's by their letters, GFS2's by the numbers before a glock's slash or by the kernel's words.
//! No letter is a number, and no word is made of letters that are types, so one list can name both.

use formats::gfs2::GlockType;
use formats::ocfs2::LockType;

/// What can be named, for messages.
pub const KNOWN: &str = "OCFS2's letters (MWOF), GFS2's numbers or names (2 or inode, 3 or rgrp, 5 or iopen, 6 or flock)";

/// Types that were chosen. Those of one file system choose nothing on the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Types {
    /// OCFS2's, in the order given; empty: all.
    pub locks: Vec<LockType>,
    /// GFS2's, in the order given; empty: all.
    pub glocks: Vec<GlockType>,
}

impl Types {
    /// Whether none was chosen.
    pub fn is_empty(&self) -> bool {
        self.locks.is_empty() && self.glocks.is_empty()
    }

    /// Reads `MW`, `m,w`, `25`, `inode,rgrp`, `M,2`: parts divided by commas or blanks, each a word or a run of letters and digits.
    /// The error is the part that is neither.
    pub fn parse(text: &str) -> Result<Types, String> {
        let mut types = Types::default();
        for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
            types.add_part(part).ok_or_else(|| part.to_owned())?;
        }
        Ok(types)
    }

    /// Takes in what another list chose.
    pub fn add(&mut self, other: &Types) {
        other.locks.iter().for_each(|kind| once(&mut self.locks, *kind));
        other.glocks.iter().for_each(|kind| once(&mut self.glocks, *kind));
    }

    /// The list that [`Types::parse`] reads back.
    pub fn words(&self) -> String {
        let locks = self.locks.iter().map(ToString::to_string);
        locks.chain(self.glocks.iter().map(|kind| kind.word().to_owned())).collect::<Vec<_>>().join(",")
    }

    fn add_part(&mut self, part: &str) -> Option<()> {
        if let Some(kind) = glock_word(part) {
            once(&mut self.glocks, kind);
            return Some(());
        }
        for character in part.chars() {
            match character.to_digit(10) {
                Some(digit) => once(&mut self.glocks, glock_number(digit)?),
                None => once(&mut self.locks, lock_letter(character)?),
            }
        }
        Some(())
    }
}

/// The glock type of this word of the kernel's.
pub fn glock_word(word: &str) -> Option<GlockType> {
    GlockType::ALL.iter().find(|row| row.1.eq_ignore_ascii_case(word)).map(|row| row.0)
}

fn glock_number(digit: u32) -> Option<GlockType> {
    GlockType::ALL.iter().map(|row| row.0).find(|kind| u32::from(kind.0) == digit)
}

fn lock_letter(letter: char) -> Option<LockType> {
    LockType::ALL.iter().map(|row| row.0).find(|kind| kind.letter() == letter.to_ascii_uppercase())
}

fn once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_numbers_and_words_of_one_list() {
        let types = Types::parse("MW,m 2,rgrp,25 IOPEN").unwrap();
        assert_eq!(types.locks, [LockType::META, LockType::RW]);
        assert_eq!(types.glocks, [GlockType::INODE, GlockType::RGRP, GlockType::IOPEN]);
        assert_eq!(types.words(), "M,W,inode,rgrp,iopen");
        assert_eq!(Types::parse(&types.words()), Ok(types));
        assert_eq!(Types::parse(" , "), Ok(Types::default()));
    }

    #[test]
    fn what_is_no_type_is_named() {
        for (text, part) in [("M,X", "X"), ("0", "0"), ("inodes", "inodes"), ("2/183f3", "2/183f3"), ("MWx,2", "MWx")] {
            assert_eq!(Types::parse(text), Err(part.to_owned()));
        }
    }

    #[test]
    fn no_word_of_a_glock_type_reads_as_letters() {
        for (kind, word, _) in GlockType::ALL {
            assert!(!word.chars().all(|letter| lock_letter(letter).is_some()), "{word}");
            assert_eq!(Types::parse(word).unwrap().glocks, [kind]);
            assert_eq!(Types::parse(&kind.0.to_string()).unwrap().glocks, [kind]);
        }
    }
}
