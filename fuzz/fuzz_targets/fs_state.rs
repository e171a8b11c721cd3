//! Arbitrary text as `fs_state`.

#![no_main]

use formats::ocfs2::FsState;
use formats::ocfs2::fs_state::is_uuid;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let state = FsState::parse(text);
    assert_eq!(state, FsState::parse(text));
    if let Some(uuid) = &state.uuid {
        assert!(!is_uuid(uuid) || !uuid.contains(['/', '.']), "a UUID that leads elsewhere: {uuid}");
    }
});
