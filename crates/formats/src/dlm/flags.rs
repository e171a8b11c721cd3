//! Words for the flags of locks and resources. Bits that no table has are shown in hex.
//!
//! `DLM_LKF_*` are from `include/uapi/linux/dlmconstants.h`, `DLM_IFL_*` and `RSB_*` from `fs/dlm/dlm_internal.h`.

use std::fmt;

/// Internal flag: the line is a lock of another node, recorded here because this node is the master (`DLM_IFL_MSTCPY`).
pub const MSTCPY: u32 = 0x1_0000;
/// Flag of the call: do not queue the request (`DLM_LKF_NOQUEUE`), a try.
pub const NOQUEUE: u32 = 0x1;
/// Flag of a resource: its LVB is not valid (`RSB_VALNOTVALID`).
pub const VALNOTVALID: u64 = 0x2;

const EXFLAGS: [(u64, &str); 19] = [
    (0x1, "NOQUEUE"),
    (0x2, "CANCEL"),
    (0x4, "CONVERT"),
    (0x8, "VALBLK"),
    (0x10, "QUECVT"),
    (0x20, "IVVALBLK"),
    (0x40, "CONVDEADLK"),
    (0x80, "PERSISTENT"),
    (0x100, "NODLCKWT"),
    (0x200, "NODLCKBLK"),
    (0x400, "EXPEDITE"),
    (0x800, "NOQUEUEBAST"),
    (0x1000, "HEADQUE"),
    (0x2000, "NOORDER"),
    (0x4000, "ORPHAN"),
    (0x8000, "ALTPR"),
    (0x1_0000, "ALTCW"),
    (0x2_0000, "FORCEUNLOCK"),
    (0x4_0000, "TIMEOUT"),
];

const FLAGS: [(u64, &str); 11] = [
    (0x1, "USER"),
    (0x2, "ORPHAN"),
    (MSTCPY as u64, "MSTCPY"),
    (0x2_0000, "RESEND"),
    (0x4_0000, "DEAD"),
    (0x8_0000, "OVERLAP_UNLOCK"),
    (0x10_0000, "OVERLAP_CANCEL"),
    (0x20_0000, "ENDOFLIFE"),
    (0x40_0000, "WATCH_TIMEWARN"),
    (0x80_0000, "TIMEOUT_CANCEL"),
    (0x100_0000, "DEADLOCK_CANCEL"),
];

const RESOURCE_FLAGS: [(u64, &str); 10] = [
    (0x1, "MASTER_UNCERTAIN"),
    (VALNOTVALID, "VALNOTVALID"),
    (0x4, "VALNOTVALID_PREV"),
    (0x8, "NEW_MASTER"),
    (0x10, "NEW_MASTER2"),
    (0x20, "RECOVER_CONVERT"),
    (0x40, "RECOVER_GRANT"),
    (0x80, "RECOVER_LVB_INVAL"),
    (0x100, "INACTIVE"),
    (0x200, "HASHED"),
];

/// Flags in words, blanks between, unknown bits in hex at the end; "none" if no bit is set.
#[derive(Clone, Copy, Debug)]
pub struct FlagWords {
    bits: u64,
    table: &'static [(u64, &'static str)],
}

/// Words for the flags of the last call (`exflags`).
pub fn exflag_words(bits: u32) -> FlagWords {
    FlagWords { bits: bits.into(), table: &EXFLAGS }
}

/// Words for a lock's internal flags (`flags`). Since 6.5 only the upper 16 bits are printed.
pub fn flag_words(bits: u32) -> FlagWords {
    FlagWords { bits: bits.into(), table: &FLAGS }
}

/// Words for a resource's flags. INACTIVE and HASHED came with 6.12.
pub fn resource_flag_words(bits: u64) -> FlagWords {
    FlagWords { bits, table: &RESOURCE_FLAGS }
}

impl fmt::Display for FlagWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == 0 {
            return f.write_str("none");
        }
        let mut unknown = self.bits;
        let mut blank = "";
        for (bit, word) in self.table {
            if self.bits & bit != 0 {
                write!(f, "{blank}{word}")?;
                blank = " ";
                unknown &= !bit;
            }
        }
        if unknown != 0 {
            write!(f, "{blank}{unknown:#x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_bits_are_words_and_others_hex() {
        assert_eq!(exflag_words(0x1c).to_string(), "CONVERT VALBLK QUECVT");
        assert_eq!(flag_words(0x4001_0000).to_string(), "MSTCPY 0x40000000");
        assert_eq!(flag_words(0x8000_0000).to_string(), "0x80000000");
        assert_eq!(resource_flag_words(0x202).to_string(), "VALNOTVALID HASHED");
        assert_eq!(resource_flag_words(0).to_string(), "none");
    }
}
