//! `/proc/PID/status`: a task in words (`proc_pid_status`, `fs/proc/array.c`, since 2.0).
//!
//! ```text
//! Name:   python3
//! Umask:   0022
//! State:   D (disk sleep)
//! Tgid:   288
//! Pid:   288
//! PPid:   283
//! Uid:   0   0   0   0
//! ```

use crate::scan::decimal;

/// What is told of one task. A value that is not there, or not as expected, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaskStatus {
    /// Its name, with the kernel's escapes `\n` and `\\` undone; any bytes, shown as UTF-8.
    pub name: Option<String>,
    /// `R` runs, `S` sleeps, `D` sleeps and takes no signal, `T` is stopped, `Z` is a zombie, …
    pub state: Option<char>,
    /// Its process.
    pub tgid: Option<u32>,
    /// The task itself.
    pub pid: Option<u32>,
    /// Process of its parent; 0 for the first ones and for kernel threads' parent.
    pub ppid: Option<u32>,
    /// Real user.
    pub uid: Option<u32>,
}

impl TaskStatus {
    /// Reads the whole file. Lines it does not know are passed over.
    pub fn parse(text: &[u8]) -> TaskStatus {
        let mut status = TaskStatus::default();
        for line in text.split(|&byte| byte == b'\n') {
            let Some(at) = line.iter().position(|&byte| byte == b':') else { continue };
            let (label, value) = line.split_at(at);
            let value = value.get(1..).unwrap_or_default();
            let first = value.split(u8::is_ascii_whitespace).find(|word| !word.is_empty()).unwrap_or_default();
            let number = || decimal(first).and_then(|value| u32::try_from(value).ok());
            match label {
                b"Name" => status.name = Some(unescape(&String::from_utf8_lossy(value.strip_prefix(b"\t").unwrap_or(value)))),
                b"State" => status.state = first.first().map(|&byte| char::from(byte)),
                b"Tgid" => status.tgid = number(),
                b"Pid" => status.pid = number(),
                b"PPid" => status.ppid = number(),
                b"Uid" => status.uid = number(),
                _ => {}
            }
        }
        status
    }
}

/// Undoes what `proc_task_name` escapes.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = match characters.peek() {
            Some('n') if character == '\\' => Some('\n'),
            Some('\\') if character == '\\' => Some('\\'),
            _ => None,
        };
        if escaped.is_some() {
            characters.next();
        }
        plain.push(escaped.unwrap_or(character));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_real_task() {
        let status = TaskStatus::parse(include_bytes!("../../testdata/proc/fcntl-waiter-status"));
        assert_eq!((status.name.as_deref(), status.state, status.tgid), (Some("python3"), Some('S'), Some(288)));
        assert_eq!((status.pid, status.ppid, status.uid), (Some(288), Some(283), Some(0)));
    }

    #[test]
    fn names_with_blanks_colons_and_escapes() {
        let name = |text: &str| TaskStatus::parse(format!("Name:\t{text}\nState:\tD (disk sleep)\n").as_bytes()).name.unwrap();
        assert_eq!(name(" a) (b [c]: "), " a) (b [c]: ");
        assert_eq!(name(r"a\nState:\\n"), "a\nState:\\n");
        assert_eq!(TaskStatus::parse(b""), TaskStatus::default());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = TaskStatus::parse(&bytes);
        }
    }
}
