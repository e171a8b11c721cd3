//! What firewalls let in, by the files in which they keep their rules: firewalld and ufw.
//!
//! Files say what a firewall was told to keep. What was changed in the kernel only, or loaded by other programs, is not in them.

pub mod firewalld;
mod scope;
pub mod ufw;

pub use scope::{Net, Scope};

use std::net::Ipv4Addr;

/// A TCP connection over IPv4 that wants in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Who connects.
    pub from: Ipv4Addr,
    /// This machine's address.
    pub to: Ipv4Addr,
    /// This machine's port.
    pub port: u16,
}

/// What a firewall does with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It lets it in.
    Accept,
    /// It keeps it out.
    Deny,
    /// The files do not tell: why.
    Unsure(String),
}

/// What one rule does with what it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Deny,
    Accept,
}

/// Rules in the order in which they are asked, each with whether it fits (`Err`: the files do not tell, why), then what happens to
/// what none of them fits. A rule that may fit matters only if the outcome without it is another one.
fn decide<'a>(rules: impl IntoIterator<Item = (Action, Result<bool, String>)> + 'a, otherwise: Option<Action>) -> Option<Verdict> {
    let mut doubts: Vec<(Action, String)> = Vec::new();
    let mut outcome = otherwise;
    for (action, fits) in rules {
        match fits {
            Ok(true) => {
                outcome = Some(action);
                break;
            }
            Ok(false) => {}
            Err(why) => doubts.push((action, why)),
        }
    }
    if let Some((_, why)) = doubts.into_iter().find(|(action, _)| Some(*action) != outcome) {
        return Some(Verdict::Unsure(why));
    }
    outcome.map(|action| match action {
        Action::Accept => Verdict::Accept,
        Action::Deny => Verdict::Deny,
    })
}

/// Whether all of these are so. What surely is not needs no further question.
fn all_of(parts: impl IntoIterator<Item = Result<bool, String>>) -> Result<bool, String> {
    let mut doubt = None;
    for part in parts {
        match part {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    doubt.map_or(Ok(true), Err)
}

/// Whether one of these is so.
fn any_of(parts: impl IntoIterator<Item = Result<bool, String>>) -> Result<bool, String> {
    let not = |part: Result<bool, String>| part.map(|is| !is);
    not(all_of(parts.into_iter().map(not)))
}

/// Whether a port is in `7777`, `7000-8000` with `dash` as the sign between; `None`: it is neither.
fn in_range(text: &str, dash: char, port: u16) -> Option<bool> {
    let number = |text: &str| text.trim().parse::<u16>().ok();
    match text.split_once(dash) {
        Some((low, high)) => Some((number(low)?..=number(high)?).contains(&port)),
        None => Some(number(text)? == port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_counts_only_where_it_could_turn_the_outcome() {
        let doubt = || Err::<bool, _>("why".to_owned());
        let accept = (Action::Accept, Ok(true));
        assert_eq!(decide([(Action::Accept, doubt()), accept.clone()], None), Some(Verdict::Accept));
        assert_eq!(decide([(Action::Deny, doubt()), accept.clone()], None), Some(Verdict::Unsure("why".to_owned())));
        assert_eq!(decide([accept, (Action::Deny, doubt())], None), Some(Verdict::Accept), "the first that fits decides");
        assert_eq!(decide([(Action::Deny, doubt())], Some(Action::Deny)), Some(Verdict::Deny));
        assert_eq!(decide([(Action::Deny, Ok(false))], None), None);
    }

    #[test]
    fn ports_and_ranges() {
        assert_eq!(in_range("7777", '-', 7777), Some(true));
        assert_eq!(in_range("7000-8000", '-', 7777), Some(true));
        assert_eq!(in_range("7000:7776", ':', 7777), Some(false));
        assert_eq!(in_range("http", '-', 80), None);
        assert_eq!(in_range("70000", '-', 80), None);
    }
}
