//! Volumes made of anything: no walk panics or reads without end.

use super::*;
use proptest::prelude::*;

/// Counts what is read.
struct Counting(Extract, usize);

impl Storage for Counting {
    type Error = ExtractProblem;
    fn read(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, ExtractProblem> {
        self.1 += length;
        self.0.read(offset, length)
    }
}

proptest! {
    #[test]
    fn damage_anywhere_ends_the_walk(
        name in prop::sample::select(vec!["local512", "o2cb1k", "extents-metaecc-indexed", "extents-plain", "heartbeat-only", "metaecc4kn"]),
        damage in proptest::collection::vec((0u64..40_000, proptest::collection::vec(any::<u8>(), 1..9)), 1..6),
    ) {
        let mut extract = image(name);
        for (offset, bytes) in &damage {
            extract.put(*offset, bytes);
        }
        let mut counting = Counting(extract, 0);
        let _ = walk(&mut counting);
        prop_assert!(counting.1 <= 2048 * 4096 + 3 * 255 * 4096);
    }
}
