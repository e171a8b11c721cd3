//! o2cb: operates and explains the O2CB cluster stack of OCFS2.

use std::process::ExitCode;

fn main() -> ExitCode {
    o2cb::run()
}
