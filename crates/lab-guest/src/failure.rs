//! Errors as tests read them: what was touched, and the errno by name.

use nix::errno::Errno;
use std::io;

/// `EEXIST` and the like; the kind of errors that did not come from the kernel.
pub fn name(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("{:?}", Errno::from_raw(number)),
        None => format!("{:?}", error.kind()),
    }
}

/// The whole chain, with the errno's name at the end.
pub fn text(error: &anyhow::Error) -> String {
    let errno = error.chain().find_map(|cause| {
        let of_nix = cause.downcast_ref::<Errno>().map(|errno| format!(" [{errno:?}]"));
        of_nix.or_else(|| cause.downcast_ref::<io::Error>().map(|error| format!(" [{}]", name(error))))
    });
    format!("{error:#}{}", errno.unwrap_or_default())
}
