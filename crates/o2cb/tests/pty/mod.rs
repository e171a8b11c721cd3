//! What tests in a pseudo-terminal have in common.

use portable_pty::MasterPty;
use std::io::Read as _;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What comes out of a terminal, as it comes; closed when the terminal is.
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
pub fn output_of(master: &dyn MasterPty) -> Receiver<Vec<u8>> {
    let mut reader = master.try_clone_reader().unwrap();
    let (sender, output) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = reader.read(&mut bytes) {
            if sender.send(bytes[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    output
}
