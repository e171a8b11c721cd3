//! `/sys/kernel/debug/o2dlm/DOMAIN/dlm_state`: one domain as one node sees it (`debug_state_print`,
//! `fs/ocfs2/dlm/dlmdebug.c`, since 2.6.27; one page).
//!
//! ```text
//! Domain: 248913AEBE3841519A0C7B255385761E  Key: 0xf77ed279  Protocol: 1.3
//! Thread Pid: 190  Node: 1  State: JOINED
//! Number of Joins: 1  Joining Node: 255
//! Domain Map: 1 2
//! Exit Domain Map:
//! Live Map: 1 2
//! Lock Resources: 1153 (2962)
//! MLEs: 0 (2331)
//!   Blocking: 0 (76)
//!   Mastery: 0 (2255)
//!   Migration: 0 (0)
//! Lists: Dirty=Empty  Purge=InUse  PendingASTs=Empty  PendingBASTs=Empty
//! Purge Count: 1  Refs: 1
//! Dead Node: 3
//! Recovery Pid: 191  Master: 1  State: ACTIVE
//! Recovery Map: 3
//! Recovery Node State:
//!         1 - DONE
//!         2 - DONE
//! ```

use super::{node, node_list};
use crate::scan::{decimal, prefixed_hex};

/// How many there are now, and how many there were since the node joined.
pub type Count = (u64, u64);

/// Lines that are not known, and nodes of a recovery, kept at most.
const MOST_KEPT: usize = 256;

/// What is told of one domain. A value that is not there, or not as expected, is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DlmState {
    /// Name: the UUID of the volume, or a directory of dlmfs.
    pub domain: Option<String>,
    /// Checksum of the name: the key of its messages, see [`super::Sending`].
    pub key: Option<u32>,
    /// Protocol agreed on, as printed: `1.3`.
    pub protocol: Option<String>,
    /// Pid of the DLM thread.
    pub thread_pid: Option<u32>,
    /// This node.
    pub node: Option<u32>,
    /// `NEW`, `JOINED`, `SHUTDOWN`, `LEAVING`, as printed.
    pub state: String,
    /// How many users of this node joined.
    pub joins: Option<u32>,
    /// The node that is joining now; `None` if none (255).
    pub joining_node: Option<u32>,
    /// Nodes in the domain.
    pub domain_map: Vec<u32>,
    /// Nodes that are leaving (Linux 3.0).
    pub exit_domain_map: Vec<u32>,
    /// Nodes with a heartbeat.
    pub live_map: Vec<u32>,
    /// Lock resources.
    pub resources: Option<Count>,
    /// Master list entries: resources whose owner is being found.
    pub mles: Option<Count>,
    /// Of these: another node is finding the owner.
    pub mles_blocking: Option<Count>,
    /// Of these: this node is finding the owner.
    pub mles_mastery: Option<Count>,
    /// Of these: moving to another owner.
    pub mles_migration: Option<Count>,
    /// The lists by name, and whether anything stands in them.
    pub lists: Vec<(String, bool)>,
    /// Resources to be dropped.
    pub purge_count: Option<u32>,
    /// References within the kernel.
    pub refs: Option<u32>,
    /// The node being recovered now; `None` if none (255).
    pub dead_node: Option<u32>,
    /// Pid of the recovery thread.
    pub recovery_pid: Option<u32>,
    /// The node that leads the recovery; `None` if none (255).
    pub recovery_master: Option<u32>,
    /// Whether this node takes part in the recovery as its leader right now.
    pub recovery_active: bool,
    /// Dead nodes that are still to be recovered.
    pub recovery_map: Vec<u32>,
    /// On the leader: each living node and how far it is: `INIT`, `REQUESTING`, `DEAD`, `RECEIVING`, `REQUESTED`, `DONE`,
    /// `FINALIZE-SENT`, `BAD`, as printed.
    pub recovery_nodes: Vec<(u32, String)>,
    /// Whether the last label is missing: the page was full, or the text is cut.
    pub cut: bool,
    /// Lines that are not known, at most 256.
    pub unknown_lines: Vec<String>,
}

impl DlmState {
    /// Reads the whole file.
    pub fn parse(text: &[u8]) -> DlmState {
        let text = String::from_utf8_lossy(text);
        let mut state = DlmState { cut: true, ..DlmState::default() };
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            state.line(line);
        }
        state
    }

    /// Whether a dead node is still to be recovered, or is being recovered: locks may be kept back meanwhile.
    pub fn in_recovery(&self) -> bool {
        self.recovery_active || self.dead_node.is_some() || !self.recovery_map.is_empty()
    }

    fn line(&mut self, line: &str) {
        let Some((label, values)) = line.split_once(':') else {
            return self.recovery_node(line);
        };
        let first = values.split_whitespace().next();
        match label.trim_start() {
            "Domain" => {
                // A directory of dlmfs may hold blanks.
                let (domain, values) = values.rsplit_once("  Key:").unwrap_or((values, ""));
                self.domain = Some(domain.strip_prefix(' ').unwrap_or(domain).to_owned()).filter(|domain| !domain.is_empty());
                self.key = values.split_whitespace().next().and_then(hex32);
                self.protocol = value(values, "Protocol:").map(str::to_owned);
            }
            "Thread Pid" => {
                self.thread_pid = first.and_then(number);
                self.node = value(values, "Node:").and_then(number);
                value(values, "State:").unwrap_or_default().clone_into(&mut self.state);
            }
            "Number of Joins" => {
                self.joins = first.and_then(number);
                self.joining_node = node_or_none(value(values, "Joining Node:"));
            }
            "Domain Map" => self.domain_map = nodes(values),
            "Exit Domain Map" => self.exit_domain_map = nodes(values),
            "Live Map" => self.live_map = nodes(values),
            "Lock Resources" => self.resources = count(values),
            "MLEs" => self.mles = count(values),
            "Blocking" => self.mles_blocking = count(values),
            "Mastery" => self.mles_mastery = count(values),
            "Migration" => self.mles_migration = count(values),
            "Lists" => {
                let lists = values.split_whitespace().take(MOST_KEPT).filter_map(|list| list.split_once('='));
                self.lists = lists.map(|(name, use_)| (name.to_owned(), use_ != "Empty")).collect();
            }
            "Purge Count" => {
                self.purge_count = first.and_then(number);
                self.refs = value(values, "Refs:").and_then(number);
            }
            "Dead Node" => self.dead_node = node_or_none(first),
            "Recovery Pid" => {
                self.recovery_pid = first.and_then(number);
                self.recovery_master = node_or_none(value(values, "Master:"));
                self.recovery_active = value(values, "State:") == Some("ACTIVE");
            }
            "Recovery Map" => self.recovery_map = nodes(values),
            "Recovery Node State" => self.cut = false,
            _ => self.unknown(line),
        }
    }

    fn recovery_node(&mut self, line: &str) {
        let parts = line.trim().split_once(" - ").and_then(|(node, state)| Some((number(node)?, state.to_owned())));
        match parts {
            Some(node) if self.recovery_nodes.len() < MOST_KEPT => self.recovery_nodes.push(node),
            _ => self.unknown(line),
        }
    }

    fn unknown(&mut self, line: &str) {
        if self.unknown_lines.len() < MOST_KEPT {
            self.unknown_lines.push(line.to_owned());
        }
    }
}

/// The word after `key`.
fn value<'a>(values: &'a str, key: &str) -> Option<&'a str> {
    values.split_once(key)?.1.split_whitespace().next()
}

fn number(text: &str) -> Option<u32> {
    super::number32(text.as_bytes())
}

fn hex32(text: &str) -> Option<u32> {
    prefixed_hex(text.as_bytes()).and_then(|value| u32::try_from(value).ok())
}

fn node_or_none(text: Option<&str>) -> Option<u32> {
    node(text.and_then(|text| decimal(text.as_bytes())))
}

fn nodes(values: &str) -> Vec<u32> {
    node_list::parse(values.as_bytes()).unwrap_or_default()
}

/// `0 (2331)`.
fn count(values: &str) -> Option<Count> {
    let (now, total) = values.trim().split_once(" (")?;
    Some((decimal(now.as_bytes())?, decimal(total.strip_suffix(')')?.as_bytes())?))
}
