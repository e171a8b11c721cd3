//! Checksums of metadata blocks (`fs/ocfs2/blockcheck.c`, feature `metaecc`): a CRC-32 that starts from all ones and is not inverted
//! at its end, and a Hamming code by which one wrong bit is put right. Both are computed with the 8-byte field that holds them as 0.

use super::bytes::{u16_at, u32_at};

/// What a block's checksum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The block is as it was written.
    Good,
    /// One bit was wrong; the kernel puts it right when it reads the block, and so do we.
    Mended,
    /// More is wrong than the code can mend: the kernel refuses the block.
    Bad,
}

/// Bytes of the field: `bc_crc32e` (u32), `bc_ecc` (u16), 2 reserved.
const FIELD: usize = 8;

/// Checks `block`, whose check field is at byte `field`; a single wrong bit is put right. `Bad` too if the field is beyond the block.
pub(super) fn verify(block: &mut [u8], field: usize) -> Check {
    let (Some(stored), Some(stored_ecc)) = (u32_at(block, field), u16_at(block, field + 4)) else { return Check::Bad };
    let Some(original) = block.get(field..field + FIELD).map(<[u8]>::to_vec) else { return Check::Bad };
    set(block, field, &[0; FIELD]);
    let check = verify_bare(block, stored, stored_ecc);
    set(block, field, &original);
    check
}

fn verify_bare(block: &mut [u8], stored: u32, stored_ecc: u16) -> Check {
    if crc(block) == stored {
        return Check::Good;
    }
    let Some(bit) = data_bit(u32::from(stored_ecc) ^ parity(block)) else { return Check::Bad };
    let mask = 1u8 << (bit % 8);
    let Some(byte) = block.get_mut(bit / 8) else { return Check::Bad };
    *byte ^= mask;
    if crc(block) == stored {
        return Check::Mended;
    }
    if let Some(byte) = block.get_mut(bit / 8) {
        *byte ^= mask;
    }
    Check::Bad
}

fn set(block: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(field) = block.get_mut(at..at + bytes.len()) {
        field.copy_from_slice(bytes);
    }
}

/// `crc32_le(~0, block)`.
fn crc(block: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(0);
    hasher.update(block);
    !hasher.finalize()
}

/// The Hamming code's parity: the numbers of all bits that are set, counted as the code counts them, added without carry.
fn parity(block: &[u8]) -> u32 {
    let mut parity = 0;
    for (index, &byte) in block.iter().enumerate() {
        for bit in (0..8).filter(|bit| byte >> bit & 1 == 1) {
            parity ^= code_bit((index * 8 + bit) as u32);
        }
    }
    parity
}

/// Number that data bit `bit` (from 0) has in the code, which counts from 1 and keeps the powers of two for itself.
fn code_bit(bit: u32) -> u32 {
    let mut number = bit + 1;
    let mut power = 0;
    while 1 << power <= number {
        number += 1;
        power += 1;
    }
    number
}

/// The data bit whose number in the code is `number`; `None` for 0 and powers of two, which are none.
fn data_bit(number: u32) -> Option<usize> {
    if number == 0 || number.is_power_of_two() {
        return None;
    }
    Some((number - 1 - (number.ilog2() + 1)) as usize)
}

#[cfg(test)]
pub(super) fn seal(block: &mut [u8], field: usize) {
    set(block, field, &[0; FIELD]);
    let (crc, ecc) = (crc(block), parity(block) as u16);
    set(block, field, &crc.to_le_bytes());
    set(block, field + 4, &ecc.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn code_bits_are_numbered_past_the_powers_of_two() {
        assert_eq!((0..8).map(code_bit).collect::<Vec<_>>(), [3, 5, 6, 7, 9, 10, 11, 12]);
        for bit in 0..4096 * 8 {
            assert_eq!(data_bit(code_bit(bit)), Some(bit as usize));
        }
    }

    proptest! {
        #[test]
        fn one_wrong_bit_is_mended_and_two_are_told(
            mut block in proptest::collection::vec(any::<u8>(), 512), first in 0usize..4096, second in 0usize..4096
        ) {
            const AT: usize = 0x80;
            let data = |bit: usize| !(AT * 8..(AT + 8) * 8).contains(&bit);
            prop_assume!(data(first) && data(second) && first != second);
            seal(&mut block, AT);
            let sealed = block.clone();
            prop_assert_eq!(verify(&mut block, AT), Check::Good);
            block[first / 8] ^= 1 << (first % 8);
            let mut twice = block.clone();
            prop_assert_eq!(verify(&mut block, AT), Check::Mended);
            prop_assert_eq!(&block, &sealed);
            twice[second / 8] ^= 1 << (second % 8);
            let damaged = twice.clone();
            prop_assert_eq!(verify(&mut twice, AT), Check::Bad);
            prop_assert_eq!(&twice, &damaged);
        }

        #[test]
        fn no_bytes_panic(mut block: Vec<u8>, field in 0usize..600) {
            let _ = verify(&mut block, field);
        }
    }
}
