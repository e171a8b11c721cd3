//! One line of OCFS2's `locking_state`: a lock as the file system sees it. Tabs after each field, also the last:
//!
//! version, name, level, flags, action, unlock action, shared holders, exclusive holders, requested, blocking, 64 LVB bytes,
//! then pairs of PR and EX: gets, failed gets, total wait, longest wait; disk refreshes; from version 4 on the two last
//! acquisitions and the start of the first waiter.

use serde::Serialize;

/// Fields before the LVB.
const HEAD: usize = 10;
/// Bytes of the LVB, a field each.
const LVB: usize = 64;
/// Fields that version 2 and 3 have.
const WITH_COUNTERS: usize = 83;

/// A lock. What the version does not have is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// As the kernel prints it; dentry locks too are printable text: `N`, the parent's block, 8 hex digits of the inode.
    pub name: String,
    /// First letter of the name.
    #[serde(rename = "type")]
    pub letter: char,
    /// Inode number, for the types whose name holds one. For dentries its lowest 32 bits.
    pub inode: Option<u64>,
    /// Inode of a dentry's directory.
    pub parent: Option<u64>,
    /// Version of the line.
    pub version: u32,
    /// Granted: -1 none, 0 NL, 3 PR, 5 EX.
    pub level: i32,
    /// The kernel's `l_flags`.
    pub flags: u64,
    /// 0 none, 1 attach, 2 convert, 3 downconvert.
    pub action: u32,
    /// 0 none, 1 cancel convert, 2 drop.
    pub unlock_action: u32,
    /// Shared holders on this node now.
    pub ro_holders: u32,
    /// Exclusive holders on this node now.
    pub ex_holders: u32,
    /// Level of the last or pending request.
    pub requested: i32,
    /// Highest level that another node wants; -1 or 0 none.
    pub blocking: i32,
    /// Counters.
    #[serde(flatten)]
    pub counters: Option<Counters>,
    /// What came with version 4.
    #[serde(flatten)]
    pub times: Option<Times>,
}

/// Cumulative counters of a lock. `wait` includes the local fast path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counters {
    pub pr_gets: u64,
    pub ex_gets: u64,
    pub pr_fails: u64,
    pub ex_fails: u64,
    pub pr_wait_ns: u64,
    pub ex_wait_ns: u64,
    /// µs; ns in version 2.
    pub pr_longest: u64,
    /// µs; ns in version 2.
    pub ex_longest: u64,
    /// How often the disk was read since the LVB was not valid.
    pub refreshes: u64,
}

/// Moments by the node's clock, µs since the epoch; 0 never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Times {
    #[serde(rename = "pr_last_us")]
    pub pr_last: u64,
    #[serde(rename = "ex_last_us")]
    pub ex_last: u64,
    /// Start of the first waiter of now.
    #[serde(rename = "waiting_since_us")]
    pub waiting_since: u64,
}

/// Why a line is no lock.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    /// A version that this program does not know.
    Version(String),
    /// A field is missing or no number; counted from 1 as in the kernel's source.
    Field(usize),
}

/// The fields of a line, by the kernel's counting from 1.
struct Fields<'l>(Vec<&'l str>);

impl Fields<'_> {
    fn text(&self, field: usize) -> Result<&str, Problem> {
        self.0.get(field - 1).copied().ok_or(Problem::Field(field))
    }

    fn number<T: std::str::FromStr>(&self, field: usize) -> Result<T, Problem> {
        self.text(field)?.parse().map_err(|_| Problem::Field(field))
    }

    fn hex(&self, field: usize) -> Result<u64, Problem> {
        let digits = self.text(field)?.strip_prefix("0x").ok_or(Problem::Field(field))?;
        u64::from_str_radix(digits, 16).map_err(|_| Problem::Field(field))
    }
}

/// Reads a line, without its line feed.
pub fn parse(line: &[u8]) -> Result<Lock, Problem> {
    let text = String::from_utf8_lossy(line);
    // What stands after the last tab is not a field.
    let fields = Fields(text.strip_suffix('\t').unwrap_or(&text).split('\t').collect());
    let version = fields.hex(1)? as u32;
    if !(1..=4).contains(&version) {
        return Err(Problem::Version(fields.text(1)?.to_owned()));
    }
    let name = fields.text(2)?.to_owned();
    let letter = name.chars().next().ok_or(Problem::Field(2))?;
    let (inode, parent) = inodes(&name);
    // Version 1 has no counters; every field of its line is there all the same.
    if fields.0.len() < if version == 1 { HEAD + LVB } else { WITH_COUNTERS } {
        return Err(Problem::Field(fields.0.len() + 1));
    }
    let counters = |fields: &Fields| -> Result<Counters, Problem> {
        Ok(Counters {
            pr_gets: fields.number(75)?,
            ex_gets: fields.number(76)?,
            pr_fails: fields.number(77)?,
            ex_fails: fields.number(78)?,
            pr_wait_ns: fields.number(79)?,
            ex_wait_ns: fields.number(80)?,
            pr_longest: fields.number(81)?,
            ex_longest: fields.number(82)?,
            refreshes: fields.number(83)?,
        })
    };
    let times = |fields: &Fields| -> Result<Times, Problem> {
        Ok(Times { pr_last: fields.number(84)?, ex_last: fields.number(85)?, waiting_since: fields.number(86)? })
    };
    Ok(Lock {
        letter,
        inode,
        parent,
        version,
        level: fields.number(3)?,
        flags: fields.hex(4)?,
        action: fields.hex(5)? as u32,
        unlock_action: fields.hex(6)? as u32,
        ro_holders: fields.number(7)?,
        ex_holders: fields.number(8)?,
        requested: fields.number(9)?,
        blocking: fields.number(10)?,
        counters: if version >= 2 { Some(counters(&fields)?) } else { None },
        times: if version >= 4 { Some(times(&fields)?) } else { None },
        name,
    })
}

/// The name of a line, without parsing the rest.
pub fn name(line: &[u8]) -> Option<&[u8]> {
    line.split(|&byte| byte == b'\t').nth(1)
}

/// The inode and the parent's inode that a name holds.
///
/// `M` `000000` 16 digits of the block 8 of the generation, the same for most types; `N` 16 digits of the parent's block, 8 of
/// the inode's lowest 32 bits. Types without an inode have other things in the place of the block.
fn inodes(name: &str) -> (Option<u64>, Option<u64>) {
    let hex = |range| name.get(range).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match name.as_bytes().first() {
        Some(b'M' | b'D' | b'W' | b'O' | b'F') => (hex(7..23), None),
        Some(b'N') => (hex(17..25), hex(1..17)),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = include_str!("../../tests/data/locking_state");

    fn locks() -> Vec<Lock> {
        REAL.lines().map(|line| parse(line.as_bytes()).unwrap()).collect()
    }

    #[test]
    fn a_dentry_of_a_real_dump() {
        let locks = locks();
        let lock = locks.iter().find(|lock| lock.letter == 'N').unwrap();
        assert_eq!(lock.name, "N000000000000fc020000fc0d");
        assert_eq!((lock.parent, lock.inode, lock.level), (Some(0xfc02), Some(0xfc0d), 3));
        let counters = lock.counters.as_ref().unwrap();
        assert_eq!((counters.pr_gets, counters.ex_gets, counters.pr_wait_ns, counters.pr_longest), (1, 0, 61_484_308, 61_484));
        assert_eq!(lock.times.as_ref().unwrap().pr_last, 1_795_295_017_317_358);
    }

    #[test]
    fn an_inode_and_one_without() {
        let locks = locks();
        let of = |letter| locks.iter().find(|lock| lock.letter == letter).unwrap();
        assert_eq!((of('F').inode, of('F').level, of('F').flags), (Some(0xfc05), 5, 0xa41));
        assert_eq!((of('S').inode, of('P').inode), (None, None));
    }

    #[test]
    fn as_json() {
        let locks = locks();
        let json = serde_json::to_string(&locks.iter().find(|lock| lock.letter == 'N').unwrap()).unwrap();
        assert!(json.starts_with(r#"{"name":"N000000000000fc020000fc0d","type":"N","inode":64525,"parent":64514,"version":4,"level":3,"#));
        assert!(json.contains(r#""pr_gets":1,"ex_gets":0,"#));
    }

    #[test]
    fn other_versions_and_broken_lines() {
        let line = REAL.lines().next().unwrap();
        let three = line.replacen("0x4", "0x3", 1);
        assert!(parse(three.as_bytes()).unwrap().times.is_none());
        assert_eq!(parse(line.replacen("0x4", "0x5", 1).as_bytes()), Err(Problem::Version("0x5".into())));
        assert_eq!(parse(b"0x4\tM"), Err(Problem::Field(3)));
        assert!(parse(b"").is_err());
        let (short, _) = line.split_at(line.len() / 2);
        assert!(matches!(parse(short.as_bytes()), Err(Problem::Field(_))));
    }
}
