//! A zone or a policy.

use super::super::{Action, Connection, Scope, all_of, in_range};
use super::service::{self, Service};
use super::{BadFile, elements};
use roxmltree::Node;
use std::collections::BTreeMap;

/// What happens to what no rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// It comes in.
    Accept,
    /// It stays out.
    Deny,
    /// Others decide: of policies.
    Continue,
}

/// Through which port, or over which protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// A port or a range of TCP.
    Port(String),
    /// All of TCP.
    Tcp,
}

impl Gate {
    /// `<port port="7777" protocol="tcp"/>` or `<protocol value="tcp"/>`; `None`: nothing of TCP.
    pub(super) fn of(element: Node<'_, '_>) -> Option<Gate> {
        let tcp = |name: &str| elements::attribute(element, name).eq_ignore_ascii_case("tcp");
        match element.tag_name().name() {
            // A service without a port is all of its protocol, as files of old versions had it.
            "port" if tcp("protocol") && elements::attribute(element, "port").is_empty() => Some(Gate::Tcp),
            "port" if tcp("protocol") => Some(Gate::Port(elements::attribute(element, "port").to_owned())),
            "protocol" if tcp("value") || elements::attribute(element, "value") == "6" => Some(Gate::Tcp),
            _ => None,
        }
    }

    pub(super) fn fits(&self, connection: &Connection) -> Result<bool, String> {
        match self {
            Gate::Tcp => Ok(true),
            Gate::Port(port) => in_range(port, '-', connection.port).ok_or_else(|| format!("which port '{port}' is cannot be told")),
        }
    }
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Everything,
    Gate(Gate),
    Service(String),
    /// Ports of the other side.
    TheirPorts(String),
}

/// A rule that accepts or denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    priority: i32,
    pub(super) action: Action,
    from: Scope,
    to: Scope,
    what: What,
}

/// A zone or a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruleset {
    /// What happens to what no rule fits.
    pub target: Target,
    /// Interfaces that a zone is bound to.
    pub interfaces: Vec<String>,
    /// Addresses that a zone is bound to.
    pub sources: Vec<Scope>,
    rules: Vec<Rule>,
}

impl Ruleset {
    /// A zone. Its usual target is to reject.
    pub fn zone(bytes: &[u8]) -> Result<Ruleset, BadFile> {
        elements::with_root(bytes, "zone", |root| read(root, Target::Deny))
    }

    /// A policy; `None`: it is not about what comes to this machine. Its usual target is to leave the decision to others.
    pub fn policy(bytes: &[u8]) -> Result<Option<Ruleset>, BadFile> {
        elements::with_root(bytes, "policy", |root| {
            let leads = |element: Node<'_, '_>| {
                element.tag_name().name() == "egress-zone" && matches!(elements::attribute(element, "name"), "HOST")
            };
            elements::children(root).any(leads).then(|| read(root, Target::Continue))
        })
    }

    /// The services that its rules name.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter_map(|rule| match &rule.what {
            What::Service(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Its rules in the order in which they are asked.
    pub(super) fn ordered(&self) -> impl Iterator<Item = &Rule> {
        let mut rules: Vec<&Rule> = self.rules.iter().collect();
        rules.sort_by_key(|rule| (rule.priority, rule.action));
        rules.into_iter()
    }

    pub(super) fn accept(&mut self, connection: &Connection) {
        let from = Scope::parse(&connection.from.to_string());
        let what = What::Gate(Gate::Port(connection.port.to_string()));
        self.rules.push(Rule { priority: 0, action: Action::Accept, from, to: Scope::Any, what });
    }
}

fn read(root: Node<'_, '_>, usual: Target) -> Ruleset {
    let target = match elements::attribute(root, "target") {
        "ACCEPT" => Target::Accept,
        "DROP" | "REJECT" | "%%REJECT%%" => Target::Deny,
        "CONTINUE" => Target::Continue,
        _ => usual,
    };
    let mut ruleset = Ruleset { target, interfaces: Vec::new(), sources: Vec::new(), rules: Vec::new() };
    for element in elements::children(root) {
        match element.tag_name().name() {
            "interface" => ruleset.interfaces.push(elements::attribute(element, "name").to_owned()),
            "source" => ruleset.sources.push(scope(element)),
            "rule" => ruleset.rules.extend(rich_rule(element)),
            _ => {
                let accept = |what| Rule { priority: 0, action: Action::Accept, from: Scope::Any, to: Scope::Any, what };
                ruleset.rules.extend(what(element).map(accept));
            }
        }
    }
    ruleset
}

fn what(element: Node<'_, '_>) -> Option<What> {
    match element.tag_name().name() {
        "service" => Some(What::Service(elements::attribute(element, "name").to_owned())),
        "source-port" if elements::attribute(element, "protocol") == "tcp" => {
            Some(What::TheirPorts(elements::attribute(element, "port").to_owned()))
        }
        _ => Gate::of(element).map(What::Gate),
    }
}

/// `<source address="10.9.0.0/24" invert="True"/>`, or with `mac` or `ipset`.
fn scope(element: Node<'_, '_>) -> Scope {
    let attribute = |name: &str| Some(elements::attribute(element, name)).filter(|value| !value.is_empty());
    let scope = match (attribute("address"), attribute("ipset"), attribute("mac")) {
        (Some(address), ..) => Scope::parse(address),
        (_, Some(set), _) => Scope::Unknown(format!("the set {set}")),
        (.., Some(mac)) => Scope::Unknown(format!("the hardware address {mac}")),
        _ => Scope::Unknown("a source without an address".to_owned()),
    };
    let inverted = matches!(elements::attribute(element, "invert").to_ascii_lowercase().as_str(), "true" | "yes" | "1");
    if inverted { scope.inverted() } else { scope }
}

/// A rule that accepts or denies something of TCP over IPv4; `None`: it does something else.
fn rich_rule(rule: Node<'_, '_>) -> Option<Rule> {
    if elements::attribute(rule, "family") == "ipv6" {
        return None;
    }
    let mut action = None;
    let (mut from, mut to, mut about) = (Scope::Any, Scope::Any, Some(What::Everything));
    for element in elements::children(rule) {
        match element.tag_name().name() {
            "source" => from = scope(element),
            "destination" => to = scope(element),
            "accept" => action = Some(Action::Accept),
            "reject" | "drop" => action = Some(Action::Deny),
            "log" | "nflog" | "audit" => {}
            _ => about = what(element),
        }
    }
    Some(Rule { priority: elements::attribute(rule, "priority").parse().unwrap_or(0), action: action?, from, to, what: about? })
}

impl Rule {
    pub(super) fn fits(&self, connection: &Connection, services: &BTreeMap<String, Service>) -> Result<bool, String> {
        let what = match &self.what {
            What::Everything => Ok(true),
            What::Gate(gate) => gate.fits(connection),
            What::Service(name) => service::fits(name, connection, services),
            What::TheirPorts(ports) => Err(format!("a rule is about connections from port {ports} only")),
        };
        all_of([self.from.has(connection.from), self.to.has(connection.to), what])
    }
}
