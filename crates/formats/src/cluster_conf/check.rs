//! What the stanzas say, held against the rules of the reader, the kernel and experience.

mod cluster;
mod node;
mod region;

use super::document::{Attribute, Document, Stanza};
use super::host::Host;
use super::rules;
use super::syntax::show;
use super::value::{self, NoNumber};
use super::{Cluster, Config};
use crate::config_problem::{Problem, Rule};
use std::borrow::Cow;
use std::collections::HashMap;

/// Names that are stanzas, and the attributes that are read in each.
const KNOWN: [(&str, &[&str]); 3] = [
    ("cluster", &["name", "heartbeat_mode", "node_count"]),
    ("node", &["cluster", "number", "ip_port", "ip_address", "name"]),
    ("heartbeat", &["cluster", "region"]),
];

/// The attributes of a stanza, in the order in which ocfs2-tools writes them. Empty if the stanza is unknown.
pub(super) fn known_attributes(stanza: &[u8]) -> &'static [&'static str] {
    KNOWN.iter().find(|(name, _)| name.as_bytes() == stanza).map_or(&[], |(_, attributes)| attributes)
}

impl Document {
    /// All problems, in the file's order. `host`: facts of the host that the file is for.
    pub fn problems(&self, host: Option<&Host>) -> Vec<Problem> {
        self.judge(host).1
    }

    /// What the file says.
    ///
    /// # Errors
    /// What is refused in it, by whomever.
    pub fn config(&self) -> Result<Config, Vec<Problem>> {
        let (config, mut problems) = self.judge(None);
        problems.retain(Problem::is_error);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// What the file says as far as it is sound, and all its problems: clusters, nodes and regions that are refused are left out.
    pub fn judge(&self, host: Option<&Host>) -> (Config, Vec<Problem>) {
        let mut problems = Vec::new();
        self.line_problems(&mut problems);
        let mut check = Check { document: self, host, problems };
        check.stanzas();
        let config = check.clusters();
        let mut problems = check.problems;
        problems.sort_by_key(|problem| (problem.line, problem.column));
        (config, problems)
    }
}

/// A judgement that is being made.
struct Check<'a> {
    document: &'a Document,
    host: Option<&'a Host>,
    problems: Vec<Problem>,
}

/// A value and its attribute.
struct Given<'a> {
    attribute: &'a Attribute,
    value: Cow<'a, [u8]>,
}

impl Given<'_> {
    fn at(&self) -> usize {
        self.attribute.value.start
    }

    /// What a comment or quotes in a value are taken for.
    fn fix(&self, fix: &str) -> String {
        if self.value.contains(&b'#') {
            format!("{fix}; a comment is a line of its own, with '#' in the first column")
        } else if self.value.contains(&b'"') || self.value.contains(&b'\'') {
            format!("{fix}; without quotes: they are taken as part of the value")
        } else {
            fix.to_owned()
        }
    }
}

impl<'a> Check<'a> {
    fn tell(&mut self, at: usize, rule: Rule, what: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(self.document.problem(at, rule, what.into(), fix.into()));
    }

    fn given(&self, stanza: &'a Stanza, name: &str) -> Option<Given<'a>> {
        let attribute = self.document.attribute(stanza, name)?;
        Some(Given { attribute, value: self.document.meaning(attribute) })
    }

    /// A value that must be there and not be empty.
    fn required(&mut self, stanza: &'a Stanza, name: &str, example: &str) -> Option<Given<'a>> {
        let Some(given) = self.given(stanza, name) else {
            // It may stand in a line that is not understood.
            if !stanza.damaged {
                let kind = show(self.document.name_of(stanza));
                let what = format!("the {kind} has no {name}");
                self.tell(stanza.name.start, rules::MISSING_ATTRIBUTE, what, format!("add '{name} = {example}'"));
            }
            return None;
        };
        if given.value.is_empty() {
            self.tell(given.attribute.name.start, rules::EMPTY_VALUE, format!("{name} is empty"), format!("write '{name} = {example}'"));
            return None;
        }
        Some(given)
    }

    /// A number below `limit`, as the reader takes it.
    fn number(&mut self, stanza: &'a Stanza, name: &str, example: &str, limit: u64) -> Option<(u64, Given<'a>)> {
        let given = self.required(stanza, name, example)?;
        let text = show(&given.value);
        match value::number(&given.value) {
            Ok(number) if number.value < limit => {
                if !number.plain {
                    let what = format!("{name} '{text}' is read as {}, but not by every program", number.value);
                    self.tell(given.at(), rules::ODD_NUMBER, what, format!("write {}", number.value));
                }
                Some((number.value, given))
            }
            Ok(_) | Err(NoNumber::Range) => {
                self.tell(
                    given.at(),
                    rules::NUMBER_TOO_LARGE,
                    format!("{name} '{text}' is out of range"),
                    format!("write '{name} = {example}'"),
                );
                None
            }
            Err(NoNumber::Text) => {
                let fix = given.fix(&format!("write '{name} = {example}'"));
                self.tell(given.at(), rules::NOT_A_NUMBER, format!("{name} '{text}' is not a decimal number"), fix);
                None
            }
        }
    }

    /// What is ignored: unknown stanzas and attributes, those given twice, nodes and regions of no cluster.
    fn stanzas(&mut self) {
        let document = self.document;
        let clusters: Vec<Cow<'_, [u8]>> =
            document.stanzas_of("cluster", None).filter_map(|stanza| document.value(stanza, "name")).collect();
        for stanza in &document.stanzas {
            let name = document.name_of(stanza);
            let known = known_attributes(name);
            if known.is_empty() {
                let fix = match KNOWN.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name)) {
                    Some((known, _)) => format!("write '{known}:': capitals count"),
                    None => "stanzas are cluster, node and heartbeat; make it a comment if it is one".to_owned(),
                };
                self.tell(stanza.name.start, rules::UNKNOWN_STANZA, format!("the stanza '{}' is ignored", show(name)), fix);
                continue;
            }
            self.attributes(stanza, known);
            if name != b"cluster" {
                self.orphan(stanza, &clusters);
            }
        }
    }

    fn attributes(&mut self, stanza: &'a Stanza, known: &[&str]) {
        let document = self.document;
        let mut seen: HashMap<&[u8], &Attribute> = HashMap::new();
        for attribute in &stanza.attributes {
            let name = document.bytes(&attribute.name);
            if !known.iter().any(|known| known.as_bytes() == name) {
                let what = format!("the attribute '{}' is ignored", show(name));
                self.tell(attribute.name.start, rules::UNKNOWN_ATTRIBUTE, what, format!("attributes here are {}", known.join(", ")));
            }
            if let Some(earlier) = seen.insert(name, attribute) {
                let (line, _) = document.place(attribute.name.start);
                let what = format!("{} is given again in line {line}, and that counts", show(name));
                self.tell(earlier.name.start, rules::REPEATED_ATTRIBUTE, what, "remove one of them");
            }
        }
    }

    fn orphan(&mut self, stanza: &'a Stanza, clusters: &[Cow<'_, [u8]>]) {
        // Headers that are not understood may be that cluster's.
        if stanza.damaged || !self.document.is_understood() {
            return;
        }
        let kind = show(self.document.name_of(stanza));
        match self.given(stanza, "cluster") {
            None => {
                let what = format!("the {kind} belongs to no cluster and is ignored");
                self.tell(stanza.name.start, rules::ORPHAN, what, "add 'cluster = NAME'");
            }
            Some(given) if !clusters.contains(&given.value) => {
                let what = format!("the {kind} is ignored: there is no cluster '{}'", show(&given.value));
                let fix = match clusters {
                    [only] => format!("write 'cluster = {}'", show(only)),
                    _ => "name a cluster that the file has".to_owned(),
                };
                let fix = given.fix(&fix);
                self.tell(given.at(), rules::ORPHAN, what, fix);
            }
            Some(_) => {}
        }
    }

    fn clusters(&mut self) -> Config {
        let document = self.document;
        let mut seen: HashMap<Cow<'_, [u8]>, u32> = HashMap::new();
        let mut config = Config::default();
        for stanza in document.stanzas_of("cluster", None) {
            let (line, _) = document.place(stanza.name.start);
            let Some(name) = self.given(stanza, "name") else {
                self.required(stanza, "name", "mycluster");
                continue;
            };
            if let Some(earlier) = seen.get(&name.value) {
                let what = format!("the cluster '{}' is there twice: also in line {earlier}", show(&name.value));
                self.tell(name.at(), rules::DUPLICATE_CLUSTER, what, "remove one of them, or give it another name");
                // The reader stops here; its nodes have been judged.
                self.cluster_head(stanza);
                continue;
            }
            seen.insert(name.value.clone(), line);
            config.clusters.extend(self.cluster(stanza, &name));
        }
        self.this_host(&config);
        config
    }

    fn cluster(&mut self, stanza: &'a Stanza, name: &Given<'a>) -> Option<Cluster> {
        let text = self.cluster_name(name);
        let head = self.cluster_head(stanza);
        let mode = head.as_ref().map(|head| head.0).unwrap_or_default();
        let nodes = self.nodes(&name.value);
        let regions = self.regions(stanza, &name.value, mode);
        let (name, (mode, node_count)) = (text?, head?);
        Some(Cluster { name, node_count, mode, nodes, regions })
    }
}
