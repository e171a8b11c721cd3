//! `LS_toss`, format 4: inactive resources and the directory (`print_format4`, `fs/dlm/debug_fs.c`, since 3.10).
//!
//! ```text
//! version 4 rsb 2
//! rsb 000000007c751959 2 2 1 1 4295102162 0 24 str        3            37cc
//!     pointer          │ │ │ │ toss time  flags
//!                      │ │ │ └ we
//!                      │ │ └ directory node
//!                      │ └ master node
//!                      └ 0 mastered here, else the master
//! ```
//!
//! The first line became `rsb ptr nodeid master_nodeid …` with 6.8. A line is a resource without locks that will be freed after
//! `toss_secs`, or a directory record: every node keeps those of the names that hash to it, so that they are a uniform sample of
//! the lockspace's resources with their masters.

use super::ResourceName;
use super::master::{Master, node};
use super::words::Words;
use crate::problem::LineProblem;

/// The first line up to 6.5.
pub const HEADER_VERSION: &[u8] = b"version 4 rsb 2";
/// The first line since 6.8.
pub const HEADER_COLUMNS: &[u8] = b"rsb ptr nodeid master_nodeid dir_nodeid our_nodeid toss_time flags len str|hex name";

/// An inactive resource or a directory record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TossLine {
    /// Who masters it, as its locks would say.
    pub resource_node: Master,
    /// The master node; `None` if not known (0 or -1).
    pub master: Option<u32>,
    /// The node that keeps its directory record; `None` if not known (0 or -1).
    pub directory: Option<u32>,
    /// The node whose file it is; `None` if the DLM has no address of its own yet (0).
    pub our: Option<u32>,
    /// When it became inactive, jiffies of this node; 0 if it is not to be freed (directory records of 6.12).
    pub toss_jiffies: u64,
    /// `RSB_*`; see [`super::flags::resource_flag_words`].
    pub flags: u64,
    /// Its name.
    pub name: ResourceName,
}

impl TossLine {
    /// Whether it is a directory record: this node keeps the directory, another one is the master.
    pub fn is_directory_record(&self) -> bool {
        self.our.is_some() && self.directory == self.our && self.master.is_some() && self.master != self.our
    }
}

/// Reads one line (without its newline); `None` for the header of either generation.
#[inline]
pub fn parse_line(line: &[u8]) -> Result<Option<TossLine>, LineProblem> {
    let mut words = Words::new(line);
    match words.next() {
        Some(b"rsb") => {}
        Some(b"version") => return Ok(None),
        _ => return Err(words.problem("rsb")),
    }
    if words.next() == Some(b"ptr") {
        return Ok(None);
    }
    let number = words.signed("the master node")?;
    let resource_node = Master::from_number(number).ok_or_else(|| words.problem("0, a node, or -1"))?;
    let master = node(words.signed("the master node")?);
    let directory = node(words.signed("the directory node")?);
    let our = node(words.signed("this node")?);
    let toss_jiffies = words.decimal("a time in jiffies")?;
    let flags = words.hex("flags in hex")?;
    let name = words.name()?;
    Ok(Some(TossLine { resource_node, master, directory, our, toss_jiffies, flags, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_of_the_header() {
        assert_eq!((parse_line(HEADER_VERSION), parse_line(HEADER_COLUMNS)), (Ok(None), Ok(None)));
    }

    #[test]
    fn directory_records_and_inactive_resources() {
        let record = parse_line(b"rsb 000000007c751959 2 2 1 1 4295102162 0 24 str        3            37cc").unwrap().unwrap();
        assert!(record.is_directory_record());
        assert_eq!((record.master, record.toss_jiffies, record.name.to_string().as_str()), (Some(2), 4_295_102_162, "3/37cc"));
        let inactive = parse_line(b"rsb 000000005c83a355 1 1 1 2 4294971801 300 24 str        9               2").unwrap().unwrap();
        assert!(!inactive.is_directory_record());
        let own = parse_line(b"rsb 000000005c83a355 0 2 2 2 4294971801 300 3 hex 4e 00 01").unwrap().unwrap();
        assert!(!own.is_directory_record());
        assert_eq!(own.name.bytes(), b"N\0\x01");
        let unknown = parse_line(b"rsb 000000005c83a355 -1 0 2 2 0 300 1 str x").unwrap().unwrap();
        assert_eq!((unknown.resource_node, unknown.master, unknown.is_directory_record()), (Master::LookingUp, None, false));
    }

    #[test]
    fn a_problem_names_its_field() {
        assert_eq!(parse_line(b"").unwrap_err().field, 1);
        assert_eq!(parse_line(b"rsb 0 x").unwrap_err().field, 3);
        assert_eq!(parse_line(b"rsb 0 2 2 1 1 4295102162 0 24 str        3  ").unwrap_err().field, 11);
    }
}
