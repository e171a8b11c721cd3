//! `/proc/PID/comm`: the name of a task, at most 15 bytes, for kernel threads more (`comm_show`, `fs/proc/base.c`, since 2.6.33).
//! Any bytes: blanks, brackets, newlines too.
//!
//! ```text
//! ocfs2dc-248913A
//! ```

/// The name: all but the one newline at the end, as UTF-8 with replacements. `None` if there is no byte: the task is gone.
pub fn parse(text: &[u8]) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    Some(String::from_utf8_lossy(text.strip_suffix(b"\n").unwrap_or(text)).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_brackets_and_newlines_belong_to_the_name() {
        assert_eq!(parse(b"a) (b [c]\n").as_deref(), Some("a) (b [c]"));
        assert_eq!(parse(b"a\n\n").as_deref(), Some("a\n"));
        assert_eq!((parse(b""), parse(b"\n").as_deref()), (None, Some("")));
    }
}
