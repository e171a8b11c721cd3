//! Which firewalls work on this machine and what they were told, from their files. No program is asked, so rules that are in the
//! kernel only are not seen.

use super::Seen;
use super::holders::pids;
use super::machine::modules;
use crate::firewall::Firewall;
use crate::kernel::Look;
use formats::firewall::firewalld::{self, BadFile, Firewalld, Ruleset, Service, Wish};
use formats::firewall::ufw::{self, Ufw};
use formats::firewall::{Connection, Verdict};
use formats::proc::route;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

/// The firewalls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewalls {
    /// firewalld. Absent: it does not run, or is not installed.
    pub firewalld: Seen<Firewalld>,
    /// ufw. Absent: it is not enabled, or not installed.
    pub ufw: Seen<Ufw>,
    /// Whether something shows that rules of nftables or iptables may be loaded, of whatever program. They are not read.
    pub hint: Seen<bool>,
}

/// What one firewall does with connections from other nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Which.
    pub firewall: Firewall,
    /// Who does not come in.
    pub closed: Vec<Ipv4Addr>,
    /// Of whom it cannot be told, and why.
    pub unsure: Vec<(Ipv4Addr, String)>,
}

impl Firewalls {
    /// Looks at them.
    pub fn look(look: &dyn Look) -> Firewalls {
        Firewalls { firewalld: firewalld(look), ufw: ufw(look), hint: hint(look) }
    }

    /// What each that works, or may work, does with connections of `peers` to this machine's address and port.
    pub fn gates(&self, to: (Ipv4Addr, u16), peers: &[Ipv4Addr]) -> Vec<Gate> {
        let gate = |firewall: Firewall, verdict: &dyn Fn(&Connection) -> Verdict| {
            let mut gate = Gate { firewall, closed: Vec::new(), unsure: Vec::new() };
            for &from in peers {
                match verdict(&Connection { from, to: to.0, port: to.1 }) {
                    Verdict::Accept => {}
                    Verdict::Deny => gate.closed.push(from),
                    Verdict::Unsure(why) => gate.unsure.push((from, why)),
                }
            }
            gate
        };
        let mut gates = Vec::new();
        if self.firewalld != Seen::Absent {
            gates.push(gate(Firewall::Firewalld, &|connection| self.firewalld.verdict(|rules| rules.verdict(connection))));
        }
        if self.ufw != Seen::Absent {
            gates.push(gate(Firewall::Ufw, &|connection| self.ufw.verdict(|rules| rules.verdict(connection))));
        }
        gates
    }
}

impl<T> Seen<T> {
    /// What rules say, or that they cannot be seen.
    pub fn verdict(&self, of: impl FnOnce(&T) -> Verdict) -> Verdict {
        match self {
            Seen::Is(rules) => of(rules),
            Seen::Absent => Verdict::Unsure("it does not run".to_owned()),
            Seen::NeedsRoot => Verdict::Unsure("its files need root".to_owned()),
            Seen::Odd(why) => Verdict::Unsure(why.clone()),
        }
    }
}

/// A file; `None`: there is none. The error names it.
fn file(look: &dyn Look, path: &str) -> io::Result<Option<Vec<u8>>> {
    there(look.read(path)).map_err(|error| named(path, &error))
}

/// The names of the files in a folder; none where there is no folder.
fn files(look: &dyn Look, folder: &str) -> io::Result<Vec<String>> {
    let entries = there(look.list(folder)).map_err(|error| named(folder, &error))?.unwrap_or_default();
    Ok(entries.into_iter().filter(|entry| !entry.folder).map(|entry| entry.name).collect())
}

fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        result => result.map(Some),
    }
}

fn named(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{path}: {error}"))
}

fn read_as<T>(path: &str, bytes: &[u8], parse: impl FnOnce(&[u8]) -> Result<T, BadFile>) -> io::Result<T> {
    parse(bytes).map_err(|bad| io::Error::new(io::ErrorKind::InvalidData, format!("{path}: {bad}")))
}

/// Where firewalld keeps what it comes with, and what was changed; the latter takes the place of the former.
const FOLDERS: [&str; 2] = ["/usr/lib/firewalld", "/etc/firewalld"];

fn firewalld(look: &dyn Look) -> Seen<Firewalld> {
    if matches!(files(look, "/usr/lib/firewalld/zones"), Ok(zones) if zones.is_empty()) {
        return Seen::Absent;
    }
    match runs(look) {
        Ok(true) => Seen::of(read_firewalld(look)),
        Ok(false) => Seen::Absent,
        Err(error) => Seen::Odd(format!("whether it runs: {error}")),
    }
}

/// Under systemd firewalld leaves no pid file (`--nopid`), so it is looked for among the processes. One in another network namespace
/// is that of a container.
fn runs(look: &dyn Look) -> io::Result<bool> {
    let network = |process: &str| look.link(&format!("/proc/{process}/ns/net")).ok();
    let own = network("self");
    Ok(pids(look)?.into_iter().any(|pid| {
        let name = look.read(&format!("/proc/{pid}/comm")).unwrap_or_default();
        let elsewhere = || network(&pid.to_string()).zip(own.as_ref()).is_some_and(|(its, own)| its != *own);
        name.trim_ascii() == b"firewalld" && !elsewhere()
    }))
}

/// Zones or policies: name, path and content, of each the one that counts.
fn kept(look: &dyn Look, what: &str) -> io::Result<BTreeMap<String, (String, Vec<u8>)>> {
    let mut kept = BTreeMap::new();
    for folder in FOLDERS {
        for file_name in files(look, &format!("{folder}/{what}"))? {
            let path = format!("{folder}/{what}/{file_name}");
            if let (Some(name), Some(bytes)) = (file_name.strip_suffix(".xml"), file(look, &path)?) {
                kept.insert(name.to_owned(), (path, bytes));
            }
        }
    }
    Ok(kept)
}

fn read_firewalld(look: &dyn Look) -> io::Result<Firewalld> {
    let conf = file(look, "/etc/firewalld/firewalld.conf")?.unwrap_or_default();
    let direct = match file(look, "/etc/firewalld/direct.xml")? {
        Some(bytes) => read_as("/etc/firewalld/direct.xml", &bytes, firewalld::has_direct_rules)?,
        None => false,
    };
    let mut told = Firewalld {
        default_zone: firewalld::default_zone(&conf),
        direct_rules: direct,
        routes: route::parse(&file(look, "/proc/net/route")?.unwrap_or_default()),
        wishes: wishes(look)?,
        ..Firewalld::default()
    };
    for (name, (path, bytes)) in kept(look, "zones")? {
        told.zones.insert(name, read_as(&path, &bytes, Ruleset::zone)?);
    }
    for (name, (path, bytes)) in kept(look, "policies")? {
        told.policies.extend(read_as(&path, &bytes, Ruleset::policy)?.map(|policy| (name, policy)));
    }
    loop {
        let before = told.services.len();
        for name in told.missing_services() {
            // Names come from files: none leads out of the folder.
            if name.contains('/') {
                continue;
            }
            for path in FOLDERS.map(|folder| format!("{folder}/services/{name}.xml")) {
                if let Some(bytes) = file(look, &path)? {
                    told.services.insert(name.clone(), read_as(&path, &bytes, Service::parse)?);
                }
            }
        }
        // A service without a file stays missing; rules that name it are told as such.
        if told.services.len() == before {
            return Ok(told);
        }
    }
}

/// Zones that NetworkManager or the network scripts ask for.
fn wishes(look: &dyn Look) -> io::Result<Vec<Wish>> {
    type Parse = fn(&str, &[u8]) -> Option<Wish>;
    let folders: [(&str, &str, Parse); 4] = [
        ("/etc/NetworkManager/system-connections", "", firewalld::keyfile),
        ("/run/NetworkManager/system-connections", "", firewalld::keyfile),
        ("/usr/lib/NetworkManager/system-connections", "", firewalld::keyfile),
        ("/etc/sysconfig/network-scripts", "ifcfg-", firewalld::ifcfg),
    ];
    let mut wishes = Vec::new();
    for (folder, prefix, parse) in folders {
        for name in files(look, folder)?.into_iter().filter(|name| name.starts_with(prefix)) {
            let path = format!("{folder}/{name}");
            wishes.extend(file(look, &path)?.and_then(|bytes| parse(&path, &bytes)));
        }
    }
    Ok(wishes)
}

fn ufw(look: &dyn Look) -> Seen<Ufw> {
    let conf = match Seen::of(file(look, "/etc/ufw/ufw.conf")) {
        Seen::Is(Some(conf)) => conf,
        Seen::Is(None) | Seen::Absent => return Seen::Absent,
        Seen::NeedsRoot => return Seen::NeedsRoot,
        Seen::Odd(why) => return Seen::Odd(why),
    };
    match ufw::enabled(&conf) {
        Some(true) => Seen::of(read_ufw(look)),
        Some(false) => Seen::Absent,
        None => Seen::Odd("only a shell could tell what ENABLED of /etc/ufw/ufw.conf is".to_owned()),
    }
}

fn read_ufw(look: &dyn Look) -> io::Result<Ufw> {
    let defaults = file(look, "/etc/default/ufw")?.unwrap_or_default();
    // Before 0.35 it was the second one.
    let rules = match file(look, "/etc/ufw/user.rules")? {
        Some(rules) => Some(rules),
        None => file(look, "/lib/ufw/user.rules")?,
    };
    let rules = rules.ok_or_else(|| io::Error::other("there is no /etc/ufw/user.rules"))?;
    Ok(Ufw::parse(&defaults, &rules))
}

/// The module of nftables, or a table of iptables (`/proc/net/ip_tables_names`, which only root reads).
fn hint(look: &dyn Look) -> Seen<bool> {
    let loaded = modules(look);
    let has = |name: &str| loaded.is().is_some_and(|modules| modules.iter().any(|module| module.name == name));
    if has("nf_tables") {
        return Seen::Is(true);
    }
    match Seen::text(look, "/proc/net/ip_tables_names") {
        Seen::Absent => loaded.clone().map(|_| false),
        names => names.map(|names| !names.trim().is_empty()),
    }
}

#[cfg(test)]
#[path = "firewall_tests.rs"]
mod tests;
