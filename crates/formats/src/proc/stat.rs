//! `/proc/PID/stat`: a task in numbers (`do_task_stat`, `fs/proc/array.c`). Field 2 is the name in parentheses and may hold blanks
//! and parentheses itself.
//!
//! ```text
//! 288 (python3) S 283 288 283 0 -1 4194304 1391 0 0 0 5 1 0 0 20 0 1 0 9612 16719872 …
//! ```
//!
//! A pid is used again after a while; with the start time it names one task until the next boot.

use crate::scan::decimal;

/// What is told of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaskStat {
    /// Field 1.
    pub pid: u32,
    /// Field 2 without its parentheses; any bytes, shown as UTF-8.
    pub comm: String,
    /// Field 3: `R`, `S`, `D`, `T`, `Z`, …
    pub state: char,
    /// Field 4: process of the parent.
    pub ppid: u32,
    /// Field 22: start after boot, ticks of `sysconf(_SC_CLK_TCK)`, mostly 100 a second.
    pub start_ticks: u64,
}

impl TaskStat {
    /// Reads the whole file; `None` if it is not as expected.
    pub fn parse(text: &[u8]) -> Option<TaskStat> {
        let open = text.iter().position(|&byte| byte == b'(')?;
        let close = text.iter().rposition(|&byte| byte == b')')?;
        let pid = narrow(text.get(..open)?.trim_ascii())?;
        let comm = String::from_utf8_lossy(text.get(open + 1..close)?).into_owned();
        let mut fields = text.get(close + 1..)?.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
        let state = fields.next()?;
        let ppid = narrow(fields.next()?)?;
        // Fields 5 to 21 are passed over.
        let start_ticks = decimal(fields.nth(17)?)?;
        let &[state] = state else { return None };
        Some(TaskStat { pid, comm, state: char::from(state), ppid, start_ticks })
    }
}

fn narrow(text: &[u8]) -> Option<u32> {
    decimal(text).and_then(|value| u32::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REST: &str = "283 288 283 0 -1 4194304 1391 0 0 0 5 1 0 0 20 0 1 0 9612 16719872 2649 18446744073709551615 1 1 0";

    #[test]
    fn the_start_is_field_22() {
        let stat = TaskStat::parse(format!("288 (python3) S {REST}\n").as_bytes()).unwrap();
        assert_eq!((stat.pid, stat.state, stat.ppid, stat.start_ticks), (288, 'S', 283, 9612));
    }

    #[test]
    fn a_text_cut_short_is_none() {
        let text = format!("288 (python3) S {REST}");
        let start_ends = text.find("9612").unwrap() + 1;
        assert!((0..start_ends).all(|end| TaskStat::parse(&text.as_bytes()[..end]).is_none()));
    }

    proptest! {
        #[test]
        fn the_name_may_be_anything(comm in "[ ()\\[\\]a-zé\n0-9]{0,15}") {
            let stat = TaskStat::parse(format!("7 ({comm}) D {REST}").as_bytes()).unwrap();
            prop_assert_eq!((stat.comm, stat.state, stat.start_ticks), (comm, 'D', 9612));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "[()0-9 S]{0,80}") {
            let _ = (TaskStat::parse(&bytes), TaskStat::parse(text.as_bytes()));
        }
    }
}
