//! `/sys/fs/gfs2/TABLE/status`: flags and counters of a mounted file system (`status_show`, `fs/gfs2/sys.c`). Which
//! lines there are differs by kernel.
//!
//! ```text
//! Journal Live:             1
//! Journal ID:               0
//! Withdrawn:                0
//! FS Frozen:                0
//! ```

/// Names and values, in the order printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Name without its colon, value without blanks around it.
    pub fields: Vec<(String, String)>,
}

impl Status {
    /// Reads the whole file. Lines without a colon are passed over.
    pub fn parse(text: &[u8]) -> Status {
        let text = String::from_utf8_lossy(text);
        let field = |line: &str| line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        Status { fields: text.lines().filter_map(field).collect() }
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }

    /// A name's value as yes or no: anything but 0 is yes.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(|value| value.parse::<u64>().ok()).map(|value| value != 0)
    }

    /// This node's journal, from 0. `None` if not told.
    pub fn journal_id(&self) -> Option<u32> {
        self.get("Journal ID").and_then(|value| value.parse().ok())
    }

    /// Whether the file system gave up after an error.
    pub fn withdrawn(&self) -> Option<bool> {
        self.flag("Withdrawn")
    }

    /// Whether the file system is frozen.
    pub fn frozen(&self) -> Option<bool> {
        self.flag("FS Frozen")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_real_file() {
        let status = Status::parse(include_bytes!("../../testdata/gfs2/flock-node2/status"));
        assert!(status.journal_id().is_some_and(|id| id < 3));
        assert_eq!((status.withdrawn(), status.frozen()), (Some(false), Some(false)));
        assert_eq!((status.flag("Journal Live"), status.get("sd_log_error")), (Some(true), Some("0")));
        assert_eq!(status.fields.len(), 28);
        let later = Status::parse(include_bytes!("../../testdata/gfs2/linux-6.12/status"));
        assert_eq!((later.journal_id(), later.flag("Killing"), later.fields.len()), (Some(0), Some(false), 33));
    }

    #[test]
    fn what_is_not_told_is_not_zero() {
        let status = Status::parse(b"Withdrawn: 1\nnonsense\nJournal ID: x\n");
        assert_eq!((status.withdrawn(), status.frozen(), status.journal_id()), (Some(true), None, None));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Status::parse(&bytes);
        }
    }
}
