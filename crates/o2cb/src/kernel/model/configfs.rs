//! The node manager's and the heartbeat's items.

use super::{
    EADDRINUSE, EADDRNOTAVAIL, EBUSY, EEXIST, EFBIG, EINVAL, EIO, ENAMETOOLONG, ENOSPC, ENOTEMPTY, ERANGE, ModelKernel, errno, missing,
};
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    pub name: String,
    pub idle: u32,
    pub keepalive: u32,
    pub reconnect: u32,
    pub fence: &'static str,
    pub nodes: BTreeMap<String, Node>,
    pub regions: BTreeMap<String, Region>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub port: Option<u16>,
    pub address: Option<Ipv4Addr>,
    pub number: Option<u8>,
    pub local: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    pub block_bytes: u32,
    pub start_block: u64,
    pub blocks: u32,
    pub device: Option<String>,
}

impl Cluster {
    fn new(name: &str) -> Cluster {
        let (nodes, regions) = (BTreeMap::new(), BTreeMap::new());
        Cluster { name: name.to_owned(), idle: 30000, keepalive: 2000, reconnect: 2000, fence: "reset", nodes, regions }
    }

    pub fn has_local(&self) -> bool {
        self.nodes.values().any(|node| node.local)
    }

    fn beats(&self) -> bool {
        self.regions.values().any(|region| region.device.is_some())
    }
}

/// `simple_strtoul` with base 0; the text ends there, or with one newline.
fn number(value: &str) -> io::Result<u64> {
    let text = value.strip_suffix('\n').unwrap_or(value);
    let parsed = if let Some(hex) = text.strip_prefix("0x") {
        u64::from_str_radix(hex, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        u64::from_str_radix(text, 8)
    } else if text.starts_with('+') {
        return errno(EINVAL);
    } else {
        text.parse()
    };
    parsed.map_or_else(|_| errno(EINVAL), Ok)
}

fn milliseconds(value: &str) -> io::Result<u32> {
    match number(value)? {
        0 => errno(EINVAL),
        value if value >= u64::from(u32::MAX) => errno(ERANGE),
        value => Ok(value as u32),
    }
}

impl ModelKernel {
    fn own(&mut self, name: &str) -> io::Result<&mut Cluster> {
        if !self.has_clusters() {
            return missing();
        }
        self.cluster.as_mut().filter(|cluster| cluster.name == name).map_or_else(missing, Ok)
    }

    pub fn has_clusters(&self) -> bool {
        self.modules.contains("ocfs2_nodemanager") && self.is_mounted("configfs")
    }

    pub(super) fn make_item(&mut self, place: &str) -> io::Result<()> {
        let parts: Vec<&str> = place.split('/').collect();
        let global = self.global;
        match parts.as_slice() {
            [name] => {
                if !self.has_clusters() {
                    return missing();
                }
                match &self.cluster {
                    Some(cluster) if cluster.name == *name => errno(EEXIST),
                    Some(_) => errno(ENOSPC),
                    None => {
                        self.cluster = Some(Cluster::new(name));
                        Ok(())
                    }
                }
            }
            [name, "node", node] => {
                let cluster = self.own(name)?;
                if node.len() > 64 {
                    return errno(ENAMETOOLONG);
                }
                if cluster.nodes.contains_key(*node) {
                    return errno(EEXIST);
                }
                cluster.nodes.insert((*node).to_owned(), Node::default());
                Ok(())
            }
            [name, "heartbeat", region] => {
                let cluster = self.own(name)?;
                if region.len() > 32 {
                    return errno(ENAMETOOLONG);
                }
                if cluster.regions.contains_key(*region) {
                    return errno(EEXIST);
                }
                if global && cluster.regions.len() >= 32 {
                    return errno(EFBIG);
                }
                cluster.regions.insert((*region).to_owned(), Region::default());
                Ok(())
            }
            _ => errno(1),
        }
    }

    pub(super) fn remove_item(&mut self, place: &str) -> io::Result<()> {
        let parts: Vec<&str> = place.split('/').collect();
        let pinned = match parts.as_slice() {
            [_, "heartbeat", region] => self.is_pinned(region),
            _ => false,
        };
        let connected = self.connected.clone();
        match parts.as_slice() {
            [name] => {
                let cluster = self.own(name)?;
                if !cluster.nodes.is_empty() || !cluster.regions.is_empty() {
                    return errno(ENOTEMPTY);
                }
                self.cluster = None;
                Ok(())
            }
            [name, "node", node] => {
                let cluster = self.own(name)?;
                let beats = cluster.beats();
                let Some(found) = cluster.nodes.get(*node) else { return missing() };
                let remote = found.number.is_some_and(|number| !found.local && connected.contains(&number));
                if (found.local && beats) || remote {
                    return errno(EBUSY);
                }
                if found.local {
                    self.connected.clear();
                }
                self.own(name)?.nodes.remove(*node);
                Ok(())
            }
            [name, "heartbeat", region] => {
                let cluster = self.own(name)?;
                if !cluster.regions.contains_key(*region) {
                    return missing();
                }
                if pinned {
                    return errno(EBUSY);
                }
                cluster.regions.remove(*region);
                if !cluster.beats() {
                    self.connected.clear();
                    self.live.clear();
                }
                Ok(())
            }
            _ => errno(1),
        }
    }

    /// Local mode: the region whose name is a domain. Global mode: all, while there is a domain and at most 3 quorum regions.
    pub fn is_pinned(&self, region: &str) -> bool {
        if self.global { !self.domains().is_empty() && self.quorum_regions().len() <= 3 } else { self.domains().contains(region) }
    }

    pub fn quorum_regions(&self) -> Vec<String> {
        let Some(cluster) = self.cluster.as_ref().filter(|_| self.global) else { return Vec::new() };
        let started = cluster.regions.iter().filter(|(uuid, region)| region.device.is_some() && !self.no_quorum.contains(*uuid));
        started.map(|(uuid, _)| uuid.clone()).collect()
    }

    pub(super) fn write_attribute(&mut self, place: &str, value: &str) -> io::Result<()> {
        if value.is_empty() {
            return errno(14);
        }
        let parts: Vec<&str> = place.split('/').collect();
        let peers = !self.connected.is_empty();
        match parts.as_slice() {
            [name, "idle_timeout_ms"] => {
                let cluster = self.own(name)?;
                let value = milliseconds(value)?;
                if value <= cluster.keepalive || (peers && value != cluster.idle) {
                    return errno(EINVAL);
                }
                cluster.idle = value;
            }
            [name, "keepalive_delay_ms"] => {
                let cluster = self.own(name)?;
                let value = milliseconds(value)?;
                if value >= cluster.idle || (peers && value != cluster.keepalive) {
                    return errno(EINVAL);
                }
                cluster.keepalive = value;
            }
            [name, "reconnect_delay_ms"] => self.own(name)?.reconnect = milliseconds(value)?,
            [name, "fence_method"] => {
                let cluster = self.own(name)?;
                cluster.fence = match value.to_ascii_lowercase().as_str() {
                    "reset\n" => "reset",
                    "panic\n" => "panic",
                    _ => return errno(EINVAL),
                };
            }
            [name, "heartbeat", "dead_threshold"] => {
                let idle = self.own(name)?.regions.is_empty();
                let text = value.strip_suffix('\n').unwrap_or(value);
                let Ok(value) = text.parse::<u64>() else { return errno(EINVAL) };
                // Ignored in silence otherwise.
                if idle && value as u32 > 2 {
                    self.threshold = value as u32;
                }
            }
            [name, "heartbeat", "mode"] => {
                let idle = self.own(name)?.regions.is_empty();
                let word = value.trim_end().to_ascii_lowercase();
                let global = match word.as_str() {
                    "" => return errno(EINVAL),
                    word if "local".starts_with(word) => false,
                    word if "global".starts_with(word) => true,
                    _ => return errno(EINVAL),
                };
                if idle {
                    self.global = global;
                }
            }
            [name, "node", node, attribute] => return self.write_node(name, node, attribute, value),
            [name, "heartbeat", region, attribute] => {
                let Some(region) = self.own(name)?.regions.get_mut(*region) else { return missing() };
                if region.device.is_some() {
                    return errno(EINVAL);
                }
                let value = number(value)?;
                match *attribute {
                    "block_bytes" if !(512..=4096).contains(&value) => return errno(ERANGE),
                    "block_bytes" if !value.is_power_of_two() => return errno(EINVAL),
                    "block_bytes" => region.block_bytes = value as u32,
                    "start_block" => region.start_block = value,
                    "blocks" if !(1..=255).contains(&value) => return errno(ERANGE),
                    "blocks" => region.blocks = value as u32,
                    _ => return missing(),
                }
            }
            _ => return missing(),
        }
        Ok(())
    }

    fn write_node(&mut self, name: &str, node: &str, attribute: &str, value: &str) -> io::Result<()> {
        let (addresses, busy) = (self.addresses.clone(), self.busy_ports.clone());
        let cluster = self.own(name)?;
        let others = cluster.nodes.clone();
        let Some(own) = cluster.nodes.get_mut(node) else { return missing() };
        match attribute {
            "ipv4_port" => match number(value)? {
                0 => return errno(EINVAL),
                65535.. => return errno(ERANGE),
                _ if own.port.is_some() => return errno(EBUSY),
                port => own.port = Some(port as u16),
            },
            "ipv4_address" => {
                let Ok(address) = value.trim_end().parse() else { return errno(EINVAL) };
                if others.values().any(|node| node.address == Some(address)) {
                    return errno(EEXIST);
                }
                if own.address.is_some() {
                    return errno(EBUSY);
                }
                own.address = Some(address);
            }
            "num" => match number(value)? {
                255.. => return errno(ERANGE),
                _ if own.address.is_none() || own.port.is_none() => return errno(EINVAL),
                number if others.values().any(|node| node.number == Some(number as u8)) => return errno(EEXIST),
                _ if own.number.is_some() => return errno(EBUSY),
                number => own.number = Some(number as u8),
            },
            "local" => {
                let (Some(address), Some(port), Some(_)) = (own.address, own.port, own.number) else { return errno(EINVAL) };
                let wanted = number(value)? != 0;
                if wanted && others.iter().any(|(other, found)| other != node && found.local) {
                    return errno(EBUSY);
                }
                if wanted && !own.local && !addresses.contains(&address) {
                    return errno(EADDRNOTAVAIL);
                }
                if wanted && !own.local && busy.contains(&(address, port)) {
                    return errno(EADDRINUSE);
                }
                own.local = wanted;
            }
            _ => return missing(),
        }
        Ok(())
    }

    pub(super) fn start(&mut self, place: &str, device: &str) -> io::Result<()> {
        let Some(&sector) = self.devices.get(device) else { return missing() };
        let parts: Vec<&str> = place.split('/').collect();
        let [name, "heartbeat", uuid] = parts.as_slice() else { return missing() };
        let cluster = self.own(name)?;
        let local = cluster.has_local();
        let Some(region) = cluster.regions.get_mut(*uuid) else { return missing() };
        if region.device.is_some() || !local || region.start_block == 0 || region.blocks == 0 || region.block_bytes != sector {
            return errno(EINVAL);
        }
        if device.contains("stalled") {
            return errno(EIO);
        }
        region.device = device.strip_prefix("/dev/").map(str::to_owned);
        Ok(())
    }
}
