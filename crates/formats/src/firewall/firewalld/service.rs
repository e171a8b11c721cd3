//! A service: ports under a name.

use super::super::{Connection, Scope, all_of, any_of};
use super::ruleset::Gate;
use super::{BadFile, elements};
use std::collections::BTreeMap;

/// How deep services may include each other; firewalld's own do so once.
const DEEPEST: u32 = 8;

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Ports and protocols.
    gates: Vec<Gate>,
    /// To which addresses of this machine.
    to: Scope,
    /// Services that it has in it.
    pub includes: Vec<String>,
}

impl Service {
    /// `<service>…<port protocol="tcp" port="5646-5647"/>…`
    pub fn parse(bytes: &[u8]) -> Result<Service, BadFile> {
        elements::with_root(bytes, "service", |root| {
            let included = |element| elements::attribute(element, "service").to_owned();
            let to = elements::child(root, "destination");
            Service {
                gates: elements::children(root).filter_map(Gate::of).collect(),
                // Without an IPv4 address it is about IPv6 only.
                to: to.map_or(Scope::Any, |to| to.attribute("ipv4").map_or(Scope::None, Scope::parse)),
                includes: elements::children(root).filter(|element| element.tag_name().name() == "include").map(included).collect(),
            }
        })
    }
}

/// Whether a service is what a connection wants.
pub(super) fn fits(name: &str, connection: &Connection, services: &BTreeMap<String, Service>) -> Result<bool, String> {
    fits_below(name, connection, services, DEEPEST)
}

fn fits_below(name: &str, connection: &Connection, services: &BTreeMap<String, Service>, depth: u32) -> Result<bool, String> {
    let Some(service) = services.get(name) else { return Err(format!("service {name} has no file that can be read")) };
    let Some(deeper) = depth.checked_sub(1) else { return Err(format!("service {name} includes others without end")) };
    let own = any_of(service.gates.iter().map(|gate| gate.fits(connection)));
    let own = all_of([service.to.has(connection.to), own]);
    any_of([own].into_iter().chain(service.includes.iter().map(|name| fits_below(name, connection, services, deeper))))
}
