//! The value block of a lock: 64 bytes that every holder sees (`dlmfs_file_read` and `dlmfs_file_write`,
//! `fs/ocfs2/dlmfs/dlmfs.c`).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Bytes of a value block: `DLM_LVB_LEN`.
pub const BYTES: usize = 64;

/// The value block; `None` if the DLM has no valid one. After the death of the node that wrote it, it is all zeros.
pub fn read(lock: &File) -> io::Result<Option<Vec<u8>>> {
    let mut block = [0; BYTES];
    let length = lock.read_at(&mut block, 0)?;
    Ok(block.get(..length).filter(|block| !block.is_empty()).map(<[u8]>::to_vec))
}

/// Writes the value block, which is filled up with zeros: else what a longer value left would stay behind it. The kernel writes to
/// its beginning whatever the position in the file is.
pub fn write(lock: &File, value: &[u8]) -> io::Result<()> {
    let mut block = [0; BYTES];
    match block.get_mut(..value.len()) {
        Some(place) => place.copy_from_slice(value),
        None => return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} bytes; the value block has {BYTES}", value.len()))),
    }
    match lock.write_at(&block, 0)? {
        BYTES => Ok(()),
        written => Err(io::Error::new(io::ErrorKind::WriteZero, format!("the kernel took {written} of {BYTES} bytes"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_value_leaves_nothing_of_a_longer_one() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(read(&file).unwrap(), None);
        write(&file, b"a longer value").unwrap();
        write(&file, b"short").unwrap();
        let block = read(&file).unwrap().unwrap();
        assert_eq!((block.len(), &block[..6]), (BYTES, &b"short\0"[..]));
        assert!(block[5..].iter().all(|byte| *byte == 0));
        assert!(write(&file, &[1; 65]).is_err());
        write(&file, &[1; 64]).unwrap();
    }
}
