//! Volumes and heartbeats that fuzzing starts from, in the forms that the targets `ocfs2_disk` and `o2hb` read.

use formats::ocfs2_disk::Extract;

/// Images that are small enough for an input.
const IMAGES: [&str; 7] = [
    include_str!("../../../formats/testdata/ocfs2_disk/local512.txt"),
    include_str!("../../../formats/testdata/ocfs2_disk/o2cb512.txt"),
    include_str!("../../../formats/testdata/ocfs2_disk/o2cb1k.txt"),
    include_str!("../../../formats/testdata/ocfs2_disk/global2k.txt"),
    include_str!("../../../formats/testdata/ocfs2_disk/extents-plain.txt"),
    include_str!("../../../formats/testdata/ocfs2_disk/extents-metaecc-indexed.txt"),
    include_str!("../../../formats/testdata/ocfs2_disk/heartbeat-only.txt"),
];

/// Volumes as sector number (4 bytes), length (2) and bytes of each sector that is not empty.
pub(super) fn volumes() -> anyhow::Result<Vec<Vec<u8>>> {
    let mut volumes = Vec::new();
    for text in IMAGES {
        let mut seed = Vec::new();
        for (offset, bytes) in Extract::parse(text)?.pieces() {
            seed.extend(u32::try_from(offset / 512)?.to_le_bytes());
            seed.extend(u16::try_from(bytes.len())?.to_le_bytes());
            seed.extend(bytes);
        }
        volumes.push(seed);
    }
    Ok(volumes)
}

/// Slots as a number, then readings: seconds since the last, 1 for a right checksum, and 32 bytes of a block.
pub(super) fn heartbeats() -> Vec<Vec<u8>> {
    let reading = |after: u8, mend: u8, seq: u64, node: u8, generation: u64, dead_ms: u32| {
        let mut reading = vec![after, mend];
        reading.extend(seq.to_le_bytes());
        reading.extend([node, 0, 0, 0, 0, 0, 0, 0]);
        reading.extend(generation.to_le_bytes());
        reading.extend(dead_ms.to_le_bytes());
        reading.extend([0; 4]);
        reading
    };
    let seed = |slot: u8, readings: &[Vec<u8>]| [vec![slot], readings.concat()].concat();
    vec![
        seed(1, &[reading(0, 1, 10, 1, 5, 14_000), reading(4, 1, 14, 1, 5, 14_000), reading(9, 1, 14, 1, 5, 14_000)]),
        seed(2, &[reading(0, 1, 10, 2, 5, 62_000), reading(2, 1, 12, 2, 0, 62_000)]),
        seed(3, &[reading(0, 1, 10, 3, 5, 62_000), reading(1, 1, 11, 3, 6, 62_000), reading(1, 1, 12, 3, 5, 62_000)]),
        seed(4, &[reading(0, 0, 10, 4, 5, 62_000), reading(4, 0, 0, 0, 0, 0), reading(4, 1, 0, 0, 0, 0)]),
    ]
}
