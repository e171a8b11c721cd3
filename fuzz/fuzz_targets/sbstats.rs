//! Arbitrary text as two states of GFS2's `sbstats`, with an empty line between.

#![no_main]

use formats::gfs2::SbStats;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let split = text.windows(2).position(|pair| pair == b"\n\n").unwrap_or(text.len());
    let (before, now) = text.split_at(split);
    let before = SbStats::parse(before).unwrap_or_default();
    let Ok(now) = SbStats::parse(now.trim_ascii_start()) else { return };
    assert_eq!(now.weighted_srttb(&before).len(), now.types.len());
    // Without requests there is no mean.
    assert!(now.weighted_srttb(&now).iter().all(Option::is_none));
});
