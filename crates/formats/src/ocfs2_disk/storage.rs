//! Where bytes of a volume come from.

/// A device or an image, or what is known of one.
pub trait Storage {
    /// Why bytes could not be read.
    type Error;

    /// Exactly `length` bytes (at most 1 MiB is asked for at a time) from byte `offset`.
    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, Self::Error>;
}

impl<S: Storage + ?Sized> Storage for &mut S {
    type Error = S::Error;

    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, S::Error> {
        (**self).read(offset, length)
    }
}
