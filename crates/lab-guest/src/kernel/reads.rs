//! Reading a kernel file in reads of chosen sizes: the sizes decide where `locking_state` loses records.

use crate::random::Random;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The kernel's page, which its text files are made in.
pub const PAGE: usize = 4096;
/// The smallest of the random sizes.
const SMALLEST: u64 = 1500;

/// How many bytes each read(2) asks for.
#[derive(Clone)]
pub enum Sizes {
    /// Always the same.
    Fixed(usize),
    /// 1500 to 4096, other ones each time.
    Random(Random),
    /// As `Random`, and one read of eight asks for 1 to 4 pages.
    Mixed(Random),
}

impl Sizes {
    fn next(&mut self) -> usize {
        let part_of_page = |random: &mut Random| SMALLEST + random.below(PAGE as u64 + 1 - SMALLEST);
        match self {
            Sizes::Fixed(size) => *size,
            Sizes::Random(random) => part_of_page(random) as usize,
            Sizes::Mixed(random) => match random.below(8) {
                0 => PAGE * (1 + random.below(4) as usize),
                _ => part_of_page(random) as usize,
            },
        }
    }

    fn largest(&self) -> usize {
        match self {
            Sizes::Fixed(size) => *size,
            Sizes::Random(_) => PAGE,
            Sizes::Mixed(_) => 4 * PAGE,
        }
    }
}

/// What a dump took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// How often read(2) was called, the last empty one included.
    pub reads: u64,
    /// How many bytes came.
    pub bytes: u64,
}

/// Opens the file and reads it to its end; `take` gets what each read brought. On an error, what came before stays taken.
pub fn read(path: &Path, mut sizes: Sizes, taken: &mut Taken, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    // Not one of the files is known to block on open; a pipe in their place would.
    let mut file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    let mut buffer = vec![0; sizes.largest()];
    loop {
        let wanted = buffer.get_mut(..sizes.next()).unwrap_or_default();
        let got = match file.read(wanted) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => result?,
        };
        taken.reads += 1;
        if got == 0 {
            return Ok(());
        }
        taken.bytes += got as u64;
        take(wanted.get(..got).unwrap_or_default());
    }
}

/// The whole file.
pub fn read_all(path: &Path, sizes: Sizes) -> io::Result<(Vec<u8>, Taken)> {
    let (mut text, mut taken) = (Vec::new(), Taken::default());
    read(path, sizes, &mut taken, |bytes| text.extend_from_slice(bytes))?;
    Ok((text, taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_in_their_range() {
        let mut random = Sizes::Random(Random::new(1));
        let mut mixed = Sizes::Mixed(Random::new(1));
        for _ in 0..1000 {
            assert!((1500..=4096).contains(&random.next()));
            let size = mixed.next();
            assert!((1500..=4096).contains(&size) || (size.is_multiple_of(PAGE) && size <= mixed.largest()));
        }
    }

    #[test]
    fn the_last_empty_read_counts() {
        let own = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let (text, taken) = read_all(own, Sizes::Fixed(1 << 20)).unwrap();
        assert_eq!((text.len() as u64, 2), (taken.bytes, taken.reads));
    }
}
