//! Rules, one by one.

use super::quorum::{Verdict, verdict};

#[test]
fn who_goes_on() {
    for (beating, connected, lowest, expected) in [
        (1, 1, true, Verdict::Alone),
        (2, 1, true, Verdict::Stays),
        (2, 1, false, Verdict::HalfWithoutLowest),
        (3, 2, false, Verdict::Stays),
        (3, 1, true, Verdict::Minority { needed: 2 }),
        (4, 2, true, Verdict::Stays),
        (4, 2, false, Verdict::HalfWithoutLowest),
        (4, 1, true, Verdict::Minority { needed: 2 }),
        (5, 3, false, Verdict::Stays),
        (5, 2, true, Verdict::Minority { needed: 3 }),
    ] {
        assert_eq!(verdict(beating, connected, lowest), expected, "{beating} beat, {connected} connected");
    }
}
