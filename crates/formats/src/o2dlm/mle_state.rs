//! `/sys/kernel/debug/o2dlm/DOMAIN/mle_state`: resources whose owner is being found or changed (`debug_mle_print`, `dump_mle`,
//! `fs/ocfs2/dlm/dlmdebug.c`, since 2.6.27).
//!
//! ```text
//! Dumping MLEs for Domain: 248913AEBE3841519A0C7B255385761E
//! M0000000000000000000019c568eade   MAS   mas=255   new=255   evt=1   use=1   ref=  2
//! Maybe=2
//! Vote=1
//! Response=
//! Node=1
//!
//! Total: 1, Longest: 1
//! ```
//!
//! One page: what does not fit is left out before the last line, and counted there all the same.

use super::{node, node_list, number32};
use crate::dlm::ResourceName;
use crate::problem::{LineProblem, ProblemCount};
use crate::scan::decimal;

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MleKind {
    /// `BLK`: another node is finding the owner, this one waits.
    Block,
    /// `MAS`: this node is finding the owner.
    Master,
    /// `MIG`: the resource moves to another owner.
    Migration,
}

/// One master list entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mle {
    /// The resource.
    pub name: ResourceName,
    /// What for.
    pub kind: MleKind,
    /// The owner found; `None` if not found yet (255).
    pub master: Option<u32>,
    /// The owner to be, in a migration; `None` if none (255).
    pub new_master: Option<u32>,
    /// Whether it is told of nodes that come and go.
    pub takes_events: bool,
    /// Whether it is in use.
    pub in_use: bool,
    /// References within the kernel.
    pub refs: Option<u32>,
    /// Nodes that may become the owner.
    pub maybe: Vec<u32>,
    /// Nodes asked.
    pub vote: Vec<u32>,
    /// Nodes that answered: one asked and not in here is waited for.
    pub response: Vec<u32>,
    /// Nodes that live.
    pub node_map: Vec<u32>,
}

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MleState {
    /// The domain.
    pub domain: Option<String>,
    /// The entries printed.
    pub mles: Vec<Mle>,
    /// How many there are; `None` if the last line is missing.
    pub total: Option<u64>,
    /// The longest hash chain; `None` if the last line is missing.
    pub longest: Option<u64>,
    /// Lines that were not understood.
    pub problems: ProblemCount,
}

impl Mle {
    /// Nodes that were asked and have not answered.
    pub fn awaited(&self) -> Vec<u32> {
        self.vote.iter().copied().filter(|node| !self.response.contains(node)).collect()
    }
}

impl MleState {
    /// Reads the whole file. A bad line costs itself.
    pub fn parse(text: &[u8]) -> MleState {
        let mut state = MleState::default();
        // Maps after a name that was not understood belong to nobody.
        let mut named = false;
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            if let Err(problem) = state.line(line, &mut named) {
                state.problems.add(number as u64 + 1, problem, line);
            }
        }
        state
    }

    /// Whether entries are missing: the page was full, or the text is cut.
    pub fn cut(&self) -> bool {
        self.total != Some(self.mles.len() as u64)
    }

    fn line(&mut self, line: &[u8], named: &mut bool) -> Result<(), LineProblem> {
        if line.contains(&b'\t') {
            *named = false;
            self.mles.push(head(line)?);
            *named = true;
            return Ok(());
        }
        if let Some(domain) = line.strip_prefix(b"Dumping MLEs for Domain: ") {
            self.domain = Some(String::from_utf8_lossy(domain).into_owned());
            return Ok(());
        }
        if let Some(totals) = line.strip_prefix(b"Total: ") {
            let at = totals.iter().position(|&byte| byte == b',').unwrap_or(totals.len());
            let (total, longest) = totals.split_at(at);
            self.total = decimal(total);
            self.longest = longest.strip_prefix(b", Longest: ").and_then(decimal);
            return self.longest.map(|_| ()).ok_or(LineProblem { field: 1, expected: "two numbers" });
        }
        let unknown = LineProblem { field: 1, expected: "a map such as Vote=" };
        let at = line.iter().position(|&byte| byte == b'=').ok_or(unknown.clone())?;
        let (key, nodes) = line.split_at_checked(at + 1).ok_or(unknown.clone())?;
        let nodes = node_list::parse(nodes).ok_or(LineProblem { field: 1, expected: "node numbers" })?;
        let Some(mle) = self.mles.last_mut().filter(|_| *named) else { return Ok(()) };
        match key {
            b"Maybe=" => mle.maybe = nodes,
            b"Vote=" => mle.vote = nodes,
            b"Response=" => mle.response = nodes,
            b"Node=" => mle.node_map = nodes,
            _ => return Err(unknown),
        }
        Ok(())
    }
}

fn head(line: &[u8]) -> Result<Mle, LineProblem> {
    let mut fields = line.split(|&byte| byte == b'\t');
    let name = fields.next().and_then(ResourceName::new).ok_or(LineProblem { field: 1, expected: "a name" })?;
    let kind = match fields.next() {
        Some(b"BLK") => MleKind::Block,
        Some(b"MAS") => MleKind::Master,
        Some(b"MIG") => MleKind::Migration,
        _ => return Err(LineProblem { field: 2, expected: "BLK, MAS or MIG" }),
    };
    let mut mle = Mle {
        name,
        kind,
        master: None,
        new_master: None,
        takes_events: false,
        in_use: false,
        refs: None,
        maybe: Vec::new(),
        vote: Vec::new(),
        response: Vec::new(),
        node_map: Vec::new(),
    };
    for (number, field) in fields.enumerate() {
        let problem = LineProblem { field: number as u32 + 3, expected: "a value such as mas=255" };
        let (key, value) = field.split_at_checked(4).ok_or(problem.clone())?;
        let value = decimal(value.trim_ascii_start()).ok_or(problem)?;
        match key {
            b"mas=" => mle.master = node(Some(value)),
            b"new=" => mle.new_master = node(Some(value)),
            b"evt=" => mle.takes_events = value != 0,
            b"use=" => mle.in_use = value != 0,
            b"ref=" => mle.refs = number32(value.to_string().as_bytes()),
            // What a later kernel adds.
            _ => {}
        }
    }
    Ok(mle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_entry_tells_who_has_not_answered() {
        let state = MleState::parse(include_bytes!("../../testdata/o2dlm/node-death/43-node2-mle_state"));
        assert_eq!((state.problems.lines, state.total, state.longest, state.cut()), (0, Some(1), Some(1), false));
        assert_eq!(state.domain.as_deref(), Some("248913AEBE3841519A0C7B255385761E"));
        let mle = &state.mles[0];
        assert_eq!((mle.name.to_string().as_str(), mle.kind), ("M0000000000000000000019c568eade", MleKind::Master));
        assert_eq!((mle.master, mle.new_master, mle.takes_events, mle.in_use, mle.refs), (None, None, true, true, Some(2)));
        assert_eq!((&mle.maybe[..], &mle.vote[..], &mle.response[..], &mle.node_map[..]), (&[2][..], &[1][..], &[][..], &[1][..]));
        assert_eq!(mle.awaited(), [1]);
    }

    #[test]
    fn what_the_page_left_out_is_seen() {
        let full = b"Dumping MLEs for Domain: D\nx\tBLK\tmas=  3\tnew=255\tevt=0\tuse=1\tref=  1\nMaybe=\nVote=\nResponse=\nNode=1 \n\n";
        assert!(MleState::parse(full).cut());
        assert!(MleState::parse(&[full, &b"Total: 2, Longest: 1\n"[..]].concat()).cut());
        let whole = MleState::parse(&[full, &b"Total: 1, Longest: 1\n"[..]].concat());
        assert_eq!((whole.cut(), whole.mles[0].master, whole.problems.lines), (false, Some(3), 0));
    }

    #[test]
    fn a_bad_name_costs_its_entry_only() {
        let state = MleState::parse(b"x\tXXX\tmas=1\nVote=7 \n\ny\tMIG\tmas=  1\tnew=  2\nVote=1 \nTotal: 2, Longest: 1\n");
        assert_eq!((state.problems.lines, state.mles.len()), (1, 1));
        assert_eq!((state.mles[0].new_master, &state.mles[0].vote[..]), (Some(2), &[1][..]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "([MDx=\t ,:0-9\n]|Total: |Vote=|\tMAS\t|mas=){0,40}") {
            let _ = (MleState::parse(&bytes), MleState::parse(text.as_bytes()));
        }
    }
}
