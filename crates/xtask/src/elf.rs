//! Whether an ELF file is static: no program header names an interpreter.

use anyhow::{Context as _, bail};

/// Type of the program header that names the dynamic loader.
const PT_INTERP: u32 = 3;

/// Whether a 64-bit little-endian ELF file asks for a dynamic loader.
pub fn has_interpreter(file: &[u8]) -> anyhow::Result<bool> {
    // e_ident: magic, class 2 (64 bit), data 1 (little-endian).
    if file.get(..6) != Some(b"\x7fELF\x02\x01") {
        bail!("no 64-bit little-endian ELF file");
    }
    let table = usize::try_from(u64::from_le_bytes(take(file, 32)?))?;
    let size = usize::from(u16::from_le_bytes(take(file, 54)?));
    let count = usize::from(u16::from_le_bytes(take(file, 56)?));
    for header in 0..count {
        let at = table.checked_add(header * size).context("the program headers lie beyond the file")?;
        if u32::from_le_bytes(take(file, at)?) == PT_INTERP {
            return Ok(true);
        }
    }
    Ok(false)
}

fn take<const N: usize>(file: &[u8], at: usize) -> anyhow::Result<[u8; N]> {
    let rest = file.get(at..).and_then(|rest| rest.first_chunk::<N>());
    rest.copied().context("the ELF file is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(kind: u32) -> Vec<u8> {
        let mut file = vec![0; 64 + 56];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[32] = 64;
        file[54] = 56;
        file[56] = 1;
        file[64..68].copy_from_slice(&kind.to_le_bytes());
        file
    }

    #[test]
    fn an_interpreter_is_found() {
        assert!(has_interpreter(&elf(PT_INTERP)).unwrap());
        assert!(!has_interpreter(&elf(1)).unwrap());
        assert!(has_interpreter(b"#!/bin/sh").is_err());
        assert!(has_interpreter(&elf(1)[..60]).is_err());
    }
}
