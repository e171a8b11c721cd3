//! Arbitrary text as `dlm_state`: what was read prints and reads the same again, but for what was not told.

#![no_main]

use formats::o2dlm::{DlmState, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let state = DlmState::parse(text);
    let again = DlmState::parse(print::dlm_state(&state).as_bytes());
    assert_eq!((state.dead_node, state.recovery_active, state.cut), (again.dead_node, again.recovery_active, again.cut));
    assert_eq!((&state.domain_map, &state.live_map, &state.recovery_map), (&again.domain_map, &again.live_map, &again.recovery_map));
    assert_eq!(state.in_recovery(), again.in_recovery());
});
