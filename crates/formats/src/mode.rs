//! Lock modes, the same numbers in both DLMs (`DLM_LOCK_*`, `include/uapi/linux/dlmconstants.h`; `LKM_*MODE`,
//! `fs/ocfs2/dlm/dlmapi.h`).

use std::fmt;

/// What a lock is granted, or asks for. OCFS2 calls it the level.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mode(pub i8);

impl Mode {
    /// Invalid: not attached to the DLM, or nothing granted yet.
    pub const IV: Mode = Mode(-1);
    /// Null: attached, nothing held.
    pub const NL: Mode = Mode(0);
    /// Concurrent read.
    pub const CR: Mode = Mode(1);
    /// Concurrent write. GFS2 maps its state DF to it.
    pub const CW: Mode = Mode(2);
    /// Protected read: shared with other readers. GFS2's state SH.
    pub const PR: Mode = Mode(3);
    /// Protected write.
    pub const PW: Mode = Mode(4);
    /// Exclusive.
    pub const EX: Mode = Mode(5);

    /// The mode of this number; `None` for a number that no kernel uses.
    pub fn from_number(number: i64) -> Option<Mode> {
        i8::try_from(number).ok().filter(|number| (-1..=5).contains(number)).map(Mode)
    }

    /// The mode's two letters; "?" for a number that no kernel uses.
    pub fn word(self) -> &'static str {
        match self.0 {
            -1 => "IV",
            0 => "NL",
            1 => "CR",
            2 => "CW",
            3 => "PR",
            4 => "PW",
            5 => "EX",
            _ => "?",
        }
    }

    /// The mode of these two letters, as format 1 of the kernel's DLM prints it; `--` is [`Mode::IV`].
    pub fn from_word(word: &[u8]) -> Option<Mode> {
        match word {
            b"--" => Some(Mode::IV),
            _ => (-1..=5).map(Mode).find(|mode| mode.word().as_bytes() == word),
        }
    }

    /// Whether two locks of these modes can be granted at once (`__dlm_compat_matrix`, `fs/dlm/lock.c`). What is not granted
    /// excludes nothing.
    pub fn is_compatible_with(self, other: Mode) -> bool {
        let (low, high) = if self <= other { (self, other) } else { (other, self) };
        match high {
            Mode::IV | Mode::NL | Mode::CR => true,
            Mode::CW => low <= Mode::CW,
            Mode::PR => low <= Mode::CR || low == Mode::PR,
            Mode::PW => low <= Mode::CR,
            _ => low <= Mode::NL,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            "?" => write!(f, "{}", self.0),
            word => f.write_str(word),
        }
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compatibility_matrix_is_the_kernels() {
        // Rows and columns NL CR CW PR PW EX.
        let rows = ["111111", "111110", "111000", "110100", "110000", "100000"];
        for (a, row) in (0..).zip(rows) {
            for (b, cell) in (0..).zip(row.chars()) {
                assert_eq!(Mode(a).is_compatible_with(Mode(b)), cell == '1', "{} {}", Mode(a), Mode(b));
            }
        }
    }

    #[test]
    fn words_and_numbers_go_both_ways() {
        for number in -1..=5 {
            let mode = Mode::from_number(number).unwrap();
            assert_eq!(Mode::from_word(mode.word().as_bytes()), Some(mode));
        }
        assert_eq!((Mode::from_word(b"--"), Mode::from_number(6), Mode::from_word(b"XX")), (Some(Mode::IV), None, None));
    }
}
