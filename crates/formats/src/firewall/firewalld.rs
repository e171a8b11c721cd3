//! firewalld: `firewalld.conf`, zones, policies and services (`firewalld.zone(5)`, `firewalld.policy(5)`, `firewalld.service(5)`,
//! `firewalld.richlanguage(5)`; 1.3). A file in `/etc/firewalld` takes the place of that in `/usr/lib/firewalld` with its name.
//!
//! A connection belongs to the zone that has its source, else to the zone of the interface by which it comes, else to the default
//! zone. There the order is: rich rules of negative priority; of those with priority 0 the ones that deny; ports, services and rich
//! rules that accept; rich rules of positive priority; the zone's target.

mod elements;
mod ruleset;
mod service;
mod wishes;

#[cfg(test)]
mod tests;

pub use ruleset::{Ruleset, Target};
pub use service::Service;
pub use wishes::{Wish, ifcfg, keyfile};

use super::{Action, Connection, Verdict, decide};
use crate::proc::route::{Route, interface_to};
use std::collections::BTreeMap;
use std::fmt;

/// A file that cannot be read as what it should be: what is wrong, with line and column where known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile(pub String);

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadFile {}

/// `firewalld.conf`: the zone of what belongs to no other one. Without the line: `public`, as firewalld has it.
pub fn default_zone(conf: &[u8]) -> String {
    let text = String::from_utf8_lossy(conf);
    let value = |line: &str| line.strip_prefix("DefaultZone=").map(|zone| zone.trim().to_owned());
    text.lines().rev().find_map(value).filter(|zone| !zone.is_empty()).unwrap_or_else(|| "public".to_owned())
}

/// `direct.xml`: whether rules for the kernel are in it that bypass zones.
pub fn has_direct_rules(direct: &[u8]) -> Result<bool, BadFile> {
    elements::with_root(direct, "direct", |root| {
        elements::children(root).any(|element| matches!(element.tag_name().name(), "rule" | "passthrough"))
    })
}

/// What firewalld was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firewalld {
    /// The zone of what belongs to no other one.
    pub default_zone: String,
    /// Zones by name.
    pub zones: BTreeMap<String, Ruleset>,
    /// Policies about what comes to this machine, by name.
    pub policies: BTreeMap<String, Ruleset>,
    /// The services that zones and policies name.
    pub services: BTreeMap<String, Service>,
    /// Zones that the network's configuration asks for.
    pub wishes: Vec<Wish>,
    /// Which interface leads where.
    pub routes: Vec<Route>,
    /// Direct rules, which bypass zones.
    pub direct_rules: bool,
}

impl Firewalld {
    /// Names of services that rules name and that are not known yet, each once. Services may include others.
    pub fn missing_services(&self) -> Vec<String> {
        let rulesets = self.zones.values().chain(self.policies.values()).flat_map(Ruleset::services);
        let included = self.services.values().flat_map(|service| service.includes.iter().map(String::as_str));
        let mut names: Vec<String> =
            rulesets.chain(included).filter(|name| !self.services.contains_key(*name)).map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The zone of a connection. The error says why the files do not tell.
    pub fn zone_of(&self, connection: &Connection) -> Result<&str, String> {
        let mut by_source = Vec::new();
        for (name, zone) in &self.zones {
            for source in &zone.sources {
                if source.has(connection.from)? {
                    by_source.push(name.as_str());
                }
            }
        }
        by_source.dedup();
        match by_source.as_slice() {
            [] => self.zone_of_interface(connection),
            [zone] => Ok(zone),
            zones => Err(format!("zones {} both have {} among their sources", zones.join(" and "), connection.from)),
        }
    }

    fn zone_of_interface(&self, connection: &Connection) -> Result<&str, String> {
        let bound = self.zones.values().any(|zone| !zone.interfaces.is_empty());
        if !bound && self.wishes.iter().all(|wish| wish.zone == self.default_zone) {
            return Ok(&self.default_zone);
        }
        let Some(interface) = interface_to(&self.routes, connection.from) else {
            return Err(format!("no route of /proc/net/route leads to {}, so its interface and zone are not known", connection.from));
        };
        let own = |zone: &Ruleset| zone.interfaces.iter().any(|own| own == interface);
        let zone = self.zones.iter().find(|(_, zone)| own(zone)).map_or(self.default_zone.as_str(), |(name, _)| name);
        match self.wishes.iter().find(|wish| wish.interface.as_deref().is_none_or(|named| named == interface)) {
            None => Ok(zone),
            Some(wish) if wish.zone == zone || wish.interface.is_some() => Ok(&wish.zone),
            Some(wish) => Err(format!("{} asks for zone {} and does not say for which interface", wish.file, wish.zone)),
        }
    }

    /// What it does with a connection.
    pub fn verdict(&self, connection: &Connection) -> Verdict {
        match self.zone_of(connection) {
            Ok(zone) => self.verdict_in(zone, connection),
            Err(why) => Verdict::Unsure(why),
        }
    }

    fn verdict_in(&self, name: &str, connection: &Connection) -> Verdict {
        if self.direct_rules {
            return Verdict::Unsure("direct rules exist, which are not read here".to_owned());
        }
        let Some(zone) = self.zones.get(name) else { return Verdict::Unsure(format!("zone {name} has no file")) };
        for (policy, rules) in &self.policies {
            if self.decide(rules, connection).is_some() {
                return Verdict::Unsure(format!("policy {policy} may come before the zone"));
            }
        }
        self.decide(zone, connection).unwrap_or(Verdict::Deny)
    }

    fn decide(&self, rules: &Ruleset, connection: &Connection) -> Option<Verdict> {
        let otherwise = match rules.target {
            Target::Accept => Some(Action::Accept),
            Target::Deny => Some(Action::Deny),
            Target::Continue => None,
        };
        decide(rules.ordered().map(|rule| (rule.action, rule.fits(connection, &self.services))), otherwise)
    }

    /// The same after the rich rule `rule family="ipv4" source address="FROM" port port="PORT" protocol="tcp" accept` was added to a
    /// zone.
    #[must_use]
    pub fn with(mut self, zone: &str, connection: &Connection) -> Firewalld {
        if let Some(zone) = self.zones.get_mut(zone) {
            zone.accept(connection);
        }
        self
    }
}
