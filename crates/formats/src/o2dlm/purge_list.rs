//! `/sys/kernel/debug/o2dlm/DOMAIN/purge_list`: resources without locks that will be dropped (`debug_purgelist_print`,
//! `fs/ocfs2/dlm/dlmdebug.c`, since 2.6.27).
//!
//! ```text
//! Dumping Purgelist for Domain: 248913AEBE3841519A0C7B255385761E
//! F00000000000000000033831b4e4e09   2
//! Total on list: 1
//! ```
//!
//! One page: what does not fit is left out before the last line, and counted there all the same.

use crate::dlm::ResourceName;
use crate::problem::{LineProblem, ProblemCount};
use crate::scan::decimal;

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgeList {
    /// The domain.
    pub domain: Option<String>,
    /// Each resource printed and for how many seconds it has been unused, longest first.
    pub resources: Vec<(ResourceName, u64)>,
    /// How many there are; `None` if the last line is missing.
    pub total: Option<u64>,
    /// Lines that were not understood.
    pub problems: ProblemCount,
}

impl PurgeList {
    /// Reads the whole file. A bad line costs itself.
    pub fn parse(text: &[u8]) -> PurgeList {
        let mut list = PurgeList::default();
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            if let Err(problem) = list.line(line) {
                list.problems.add(number as u64 + 1, problem, line);
            }
        }
        list
    }

    /// Whether resources are missing: the page was full, or the text is cut.
    pub fn cut(&self) -> bool {
        self.total != Some(self.resources.len() as u64)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), LineProblem> {
        if let Some(at) = line.iter().rposition(|&byte| byte == b'\t') {
            let (name, seconds) = line.split_at(at);
            let name = ResourceName::new(name).ok_or(LineProblem { field: 1, expected: "a name" })?;
            let seconds = seconds.strip_prefix(b"\t").and_then(decimal).ok_or(LineProblem { field: 2, expected: "seconds" })?;
            self.resources.push((name, seconds));
        } else if let Some(domain) = line.strip_prefix(b"Dumping Purgelist for Domain: ") {
            self.domain = Some(String::from_utf8_lossy(domain).into_owned());
        } else if let Some(total) = line.strip_prefix(b"Total on list: ") {
            self.total = Some(decimal(total).ok_or(LineProblem { field: 1, expected: "a number" })?);
        } else {
            return Err(LineProblem { field: 1, expected: "a name and seconds" });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_real_list_that_the_page_cut() {
        let list = PurgeList::parse(include_bytes!("../../testdata/o2dlm/purge_list"));
        assert_eq!((list.problems.lines, list.cut(), list.total, list.resources.len()), (0, true, Some(120), 119));
        assert!(list.resources.iter().all(|(name, seconds)| name.ocfs2().is_some() && *seconds < 60));
    }

    #[test]
    fn what_the_page_left_out_is_seen() {
        assert!(PurgeList::parse(b"Dumping Purgelist for Domain: D\nx\t2\nTotal on list: 3\n").cut());
        assert!(PurgeList::parse(b"Dumping Purgelist for Domain: D\nx\t2\n").cut());
        assert_eq!(PurgeList::parse(b"x\t-1\ny\n\t3\nTotal on list: 0\n").problems.lines, 3);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = PurgeList::parse(&bytes);
        }
    }
}
