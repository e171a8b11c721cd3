//! Changes of a file: what is changed is changed in the style of the file, and every other byte stays.

use super::document::{Document, Stanza};
use super::syntax::show;
use super::text::{self, Kind};
use super::{HeartbeatMode, Node};
use std::fmt;
use std::ops::Range;

/// Why a file cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// Some lines are not understood; a change could make them mean something else.
    NotUnderstood,
    /// There is such a cluster already.
    ClusterExists(String),
    /// There is no such cluster.
    UnknownCluster(String),
    /// There is such a node already.
    NodeExists(String),
    /// There is no such node.
    UnknownNode(String),
    /// There is such a region already.
    RegionExists(String),
    /// There is no such region.
    UnknownRegion(String),
    /// A text that the file's format cannot hold: blanks around it, line ends, a backslash at its end.
    CannotBeWritten(String),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditError::NotUnderstood => f.write_str("The file has lines that are not understood"),
            EditError::ClusterExists(name) => write!(f, "Cluster '{name}' already exists"),
            EditError::UnknownCluster(name) => write!(f, "Unknown cluster '{name}'"),
            EditError::NodeExists(name) => write!(f, "Node '{name}' already exists"),
            EditError::UnknownNode(name) => write!(f, "Unknown node '{name}'"),
            EditError::RegionExists(region) => write!(f, "Heartbeat region '{region}' already exists"),
            EditError::UnknownRegion(region) => write!(f, "Unknown heartbeat region '{region}'"),
            EditError::CannotBeWritten(text) => write!(f, "'{}' cannot be written to the file", show(text.as_bytes())),
        }
    }
}

impl std::error::Error for EditError {}

impl Document {
    /// Adds a cluster without nodes, in local mode.
    pub fn add_cluster(&mut self, name: &str) -> Result<(), EditError> {
        self.understood()?;
        writable(name)?;
        if self.stanzas_of("cluster", Some(name.as_bytes())).next().is_some() {
            return Err(EditError::ClusterExists(name.to_owned()));
        }
        let attributes: [(&str, &[u8]); 3] = [("name", name.as_bytes()), ("heartbeat_mode", b"local"), ("node_count", b"0")];
        let text = self.stanza_text("cluster", &attributes);
        self.insert(self.stanzas.last().cloned().as_ref(), text);
        Ok(())
    }

    /// Removes a cluster with its nodes and regions. Comments above them stay.
    pub fn remove_cluster(&mut self, name: &str) -> Result<(), EditError> {
        self.cluster(name)?;
        for kind in ["heartbeat", "node", "cluster"] {
            while let Some(stanza) = self.last(kind, name) {
                self.remove(&stanza);
            }
        }
        Ok(())
    }

    /// Adds a node to a cluster and counts its nodes.
    pub fn add_node(&mut self, cluster: &str, node: &Node) -> Result<(), EditError> {
        self.cluster(cluster)?;
        writable(&node.name)?;
        if self.find("node", cluster, "name", &node.name).is_some() {
            return Err(EditError::NodeExists(node.name.clone()));
        }
        let (number, port, address) = (node.number.to_string(), node.port.to_string(), node.address.to_string());
        let attributes: [(&str, &[u8]); 5] = [
            ("cluster", cluster.as_bytes()),
            ("number", number.as_bytes()),
            ("ip_port", port.as_bytes()),
            ("ip_address", address.as_bytes()),
            ("name", node.name.as_bytes()),
        ];
        let text = self.stanza_text("node", &attributes);
        self.insert(self.last_of(cluster, "node").as_ref(), text);
        self.count_nodes(cluster)
    }

    /// Removes a node from a cluster and counts its nodes.
    pub fn remove_node(&mut self, cluster: &str, name: &str) -> Result<(), EditError> {
        self.cluster(cluster)?;
        let stanza = self.find("node", cluster, "name", name).ok_or_else(|| EditError::UnknownNode(name.to_owned()))?;
        self.remove(&stanza);
        self.count_nodes(cluster)
    }

    /// Adds a heartbeat region to a cluster.
    pub fn add_region(&mut self, cluster: &str, region: &str) -> Result<(), EditError> {
        self.cluster(cluster)?;
        writable(region)?;
        if self.find("heartbeat", cluster, "region", region).is_some() {
            return Err(EditError::RegionExists(region.to_owned()));
        }
        let text = self.stanza_text("heartbeat", &[("cluster", cluster.as_bytes()), ("region", region.as_bytes())]);
        self.insert(self.last_of(cluster, "heartbeat").as_ref(), text);
        Ok(())
    }

    /// Removes a heartbeat region from a cluster.
    pub fn remove_region(&mut self, cluster: &str, region: &str) -> Result<(), EditError> {
        self.cluster(cluster)?;
        let stanza = self.find("heartbeat", cluster, "region", region).ok_or_else(|| EditError::UnknownRegion(region.to_owned()))?;
        self.remove(&stanza);
        Ok(())
    }

    /// Sets how a cluster's nodes beat.
    pub fn set_mode(&mut self, cluster: &str, mode: HeartbeatMode) -> Result<(), EditError> {
        let stanza = self.cluster(cluster)?;
        let same = match self.value(&stanza, "heartbeat_mode") {
            Some(value) => value.eq_ignore_ascii_case(mode.word().as_bytes()),
            None => mode == HeartbeatMode::default(),
        };
        if !same {
            self.set(&stanza, "heartbeat_mode", mode.word());
        }
        Ok(())
    }

    /// Sets what the file says of a cluster's number of nodes.
    pub fn set_node_count(&mut self, cluster: &str, count: u32) -> Result<(), EditError> {
        let stanza = self.cluster(cluster)?;
        let count = count.to_string();
        if self.value(&stanza, "node_count").is_none_or(|value| *value != *count.as_bytes()) {
            self.set(&stanza, "node_count", &count);
        }
        Ok(())
    }

    fn count_nodes(&mut self, cluster: &str) -> Result<(), EditError> {
        let count = self.stanzas_of("node", Some(cluster.as_bytes())).count();
        self.set_node_count(cluster, u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn understood(&self) -> Result<(), EditError> {
        if self.is_understood() { Ok(()) } else { Err(EditError::NotUnderstood) }
    }

    fn cluster(&self, name: &str) -> Result<Stanza, EditError> {
        self.understood()?;
        let stanza = self.stanzas_of("cluster", Some(name.as_bytes())).next();
        stanza.cloned().ok_or_else(|| EditError::UnknownCluster(name.to_owned()))
    }

    /// The last stanza of a cluster whose attribute has a value.
    fn find(&self, kind: &str, cluster: &str, attribute: &str, value: &str) -> Option<Stanza> {
        let mut stanzas = self.stanzas_of(kind, Some(cluster.as_bytes()));
        stanzas.rfind(|stanza| self.value(stanza, attribute).is_some_and(|given| *given == *value.as_bytes())).cloned()
    }

    fn last(&self, kind: &str, cluster: &str) -> Option<Stanza> {
        self.stanzas_of(kind, Some(cluster.as_bytes())).next_back().cloned()
    }

    /// The stanza after which one of a kind is put: the cluster's last of that kind, else its last.
    fn last_of(&self, cluster: &str, kind: &str) -> Option<Stanza> {
        let kinds = ["cluster", "node", "heartbeat"].into_iter();
        let of_cluster = || kinds.filter_map(|kind| self.last(kind, cluster)).max_by_key(|stanza| stanza.header);
        self.last(kind, cluster).or_else(of_cluster)
    }

    /// Puts a stanza after another one; without one, at the end.
    fn insert(&mut self, after: Option<&Stanza>, stanza: Vec<u8>) {
        let (at, blank, close) = match after {
            Some(after) => {
                let tail = self.tail(after);
                let next = self.lines.get(tail + 1).filter(|line| line.range.start < self.end());
                let close = next.is_some() && !self.is_blank(Some(tail + 1));
                (self.lines.get(tail).map_or(self.end(), |line| line.range.end), self.separates(), close && self.separates())
            }
            None => (self.end(), !self.lines.is_empty() && !self.is_blank(self.lines.len().checked_sub(1)), true),
        };
        let (end, newline) = self.ended(at);
        let mut text = newline.to_vec();
        if blank {
            text.push(b'\n');
        }
        text.extend(stanza);
        if close {
            text.push(b'\n');
        }
        self.replace(end..at, &text);
    }

    /// Where the text before a place must end so that the line there has an end, and what to put there. At the file's end a
    /// backslash says nothing; with a newline after it, it would join the next line.
    fn ended(&self, at: usize) -> (usize, &'static [u8]) {
        let before = self.text.get(..at).unwrap_or_default();
        let is_value = self.lines.iter().any(|line| line.range.end == at && matches!(line.kind, Kind::Attribute { .. }));
        match before {
            // Only at the file's end does a value end so: it waits for the line that it joins.
            [.., b'\\', b'\n'] if is_value => (at, b"\n"),
            [] | [.., b'\n'] => (at, b""),
            [rest @ .., b'\\'] if is_value => (rest.len(), if rest.ends_with(b"\\") { b" \n" } else { b"\n" }),
            _ => (at, b"\n"),
        }
    }

    /// Takes a stanza out, and one of the blank lines around it where there are two.
    fn remove(&mut self, stanza: &Stanza) {
        let (mut first, mut last) = (stanza.header, stanza.end());
        let before = first.checked_sub(1);
        let at_end = self.line_start(last + 1) >= self.end();
        if self.is_blank(Some(last + 1)) && (before.is_none() || self.is_blank(before)) {
            last += 1;
        } else if at_end && self.is_blank(before) {
            first -= 1;
        }
        self.replace(self.line_start(first)..self.line_start(last + 1), b"");
    }

    fn set(&mut self, stanza: &Stanza, name: &str, value: &str) {
        if let Some(attribute) = self.attribute(stanza, name) {
            let raw = self.bytes(&attribute.value);
            // Blanks at the end stay, unless they belong to a continued line.
            let end = if raw.contains(&b'\\') { raw.len() } else { text::meaning(raw).len() };
            let start = attribute.value.start;
            let blank = if raw.is_empty() && self.text.get(start - 1) == Some(&b'=') { " " } else { "" };
            self.replace(start..start + end, format!("{blank}{value}").as_bytes());
            return;
        }
        let line = self.style(Some(stanza)).line(name, value.as_bytes());
        let at = self.lines.get(stanza.end()).map_or(self.end(), |line| line.range.end);
        let (end, newline) = self.ended(at);
        self.replace(end..at, &[newline, &line].concat());
    }

    fn replace(&mut self, range: Range<usize>, with: &[u8]) {
        let (before, after) = (self.text.get(..range.start).unwrap_or_default(), self.text.get(range.end..).unwrap_or_default());
        *self = Document::parse(&[before, with, after].concat());
    }
}

fn writable(value: &str) -> Result<(), EditError> {
    let bytes = value.as_bytes();
    let kept = *text::meaning(bytes) == *bytes && !value.starts_with([' ', '\t']) && !value.contains(['\n', '\0']);
    if kept { Ok(()) } else { Err(EditError::CannotBeWritten(value.to_owned())) }
}
