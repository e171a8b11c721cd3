//! ufw: `ufw.conf`, `/etc/default/ufw`, and the rules in `user.rules`. Above each of its rules for the kernel ufw keeps what it was
//! told as a comment (ufw 0.36, `backend_iptables.py`, `_write_rules` and `_read_rules`):
//!
//! ```text
//! ### tuple ### allow tcp 7777 10.9.0.1 any 10.9.0.2 in
//! ### tuple ### allow tcp 80,443 0.0.0.0/0 any 0.0.0.0/0 Nginx%20Full - in_eth0 comment=…
//! ```
//!
//! Action, protocol, port and address here, port and address there, perhaps two names of applications, direction with interfaces.
//! The first that fits decides. Files that ufw has executed before and after these (`before.rules`, `after.rules`) are not read.

use super::{Action, Connection, Scope, Verdict, all_of, any_of, decide, in_range};
use crate::sysconfig::{Sysconfig, Value};

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    action: Action,
    /// Ports: `any`, or `7777`, `80,443`, `7000:8000`.
    ports: String,
    to: Scope,
    from: Scope,
    /// The port of the other side and the interface: what is not `any`, in words.
    only: Option<String>,
}

/// What ufw was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ufw {
    rules: Vec<Rule>,
    /// What happens to what no rule fits; `None`: only a shell could tell.
    policy: Option<Action>,
}

/// `ufw.conf`: whether it is started at boot and, as `ufw enable` and `ufw disable` do both at once, whether it works now. `None`:
/// only a shell could tell.
pub fn enabled(conf: &[u8]) -> Option<bool> {
    match Sysconfig::parse(conf).get("ENABLED") {
        Value::Unset => Some(false),
        // As ufw's init script and ufw itself compare it.
        Value::Text(text) => Some(text.eq_ignore_ascii_case("yes")),
        Value::Unknown => None,
    }
}

impl Ufw {
    /// From `/etc/default/ufw` (empty: there is none) and `user.rules`.
    pub fn parse(defaults: &[u8], user_rules: &[u8]) -> Ufw {
        let policy = match Sysconfig::parse(defaults).get("DEFAULT_INPUT_POLICY") {
            Value::Text(text) if text.eq_ignore_ascii_case("accept") => Some(Action::Accept),
            Value::Text(_) | Value::Unset => Some(Action::Deny),
            Value::Unknown => None,
        };
        let text = String::from_utf8_lossy(user_rules);
        Ufw { rules: text.lines().filter_map(|line| rule(line.strip_prefix("### tuple ###")?)).collect(), policy }
    }

    /// What it does with a connection.
    pub fn verdict(&self, connection: &Connection) -> Verdict {
        let rules = self.rules.iter().map(|rule| (rule.action, rule.fits(connection)));
        let unknown = (Action::Accept, Err("DEFAULT_INPUT_POLICY of /etc/default/ufw is told by a shell only".to_owned()));
        let policy = self.policy.is_none().then_some(unknown);
        decide(rules.chain(policy), Some(self.policy.unwrap_or(Action::Deny))).unwrap_or(Verdict::Deny)
    }

    /// The same after `ufw allow proto tcp from FROM to any port PORT`, which comes after all rules.
    #[must_use]
    pub fn with(mut self, connection: &Connection) -> Ufw {
        let (ports, from) = (connection.port.to_string(), Scope::parse(&connection.from.to_string()));
        self.rules.push(Rule { action: Action::Accept, ports, to: Scope::Any, from, only: None });
        self
    }
}

/// A rule for what comes in over TCP; `None`: it is about something else, or not one.
fn rule(tuple: &str) -> Option<Rule> {
    let tuple = tuple.split_once(" comment=").map_or(tuple, |(tuple, _)| tuple);
    let fields: Vec<&str> = tuple.split_whitespace().collect();
    let [action, protocol, ports, to, their_ports, from, rest @ ..] = fields.as_slice() else { return None };
    // Rules of older versions end here, or after the names: they are about what comes in.
    let direction = match rest {
        [] | [_, _] => "in",
        [direction] | [_, _, direction] => direction,
        _ => return None,
    };
    let interface = match direction.split_once('_') {
        None if direction == "in" => None,
        Some(("in", interface)) if !interface.contains('!') => Some(format!("what comes in by {interface}")),
        _ => return None,
    };
    (matches!(*protocol, "tcp" | "any")).then_some(())?;
    // `route:allow` is about what passes through; `allow_log` and `allow_log-all` are allow.
    let action = match action.split('_').next().unwrap_or_default() {
        "allow" | "limit" => Action::Accept,
        "deny" | "reject" => Action::Deny,
        _ => return None,
    };
    let their_port = (*their_ports != "any").then(|| format!("connections from port {their_ports}"));
    Some(Rule { action, ports: (*ports).to_owned(), to: Scope::parse(to), from: Scope::parse(from), only: interface.or(their_port) })
}

impl Rule {
    fn fits(&self, connection: &Connection) -> Result<bool, String> {
        let one =
            |part: &str| in_range(part, ':', connection.port).ok_or_else(|| format!("which port '{part}' of a rule is cannot be told"));
        let port = if self.ports == "any" { Ok(true) } else { any_of(self.ports.split(',').map(one)) };
        let only = self.only.as_ref().map_or(Ok(true), |only| Err(format!("a rule is about {only} only")));
        all_of([port, self.to.has(connection.to), self.from.has(connection.from), only])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HEAD: &str = "*filter\n:ufw-user-input - [0:0]\n:ufw-user-limit-accept - [0:0]\n### RULES ###\n";
    const DROP: &[u8] = b"# /etc/default/ufw\nIPV6=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\nIPT_MODULES=\"\"\n";

    fn told(tuples: &[&str]) -> Verdict {
        let rules = tuples.iter().fold(HEAD.to_owned(), |text, tuple| {
            text + &format!("\n### tuple ### {tuple}\n-A ufw-user-input -p tcp --dport 7777 -j ACCEPT\n")
        });
        Ufw::parse(DROP, (rules + "\n### END RULES ###\nCOMMIT\n").as_bytes()).verdict(&peer())
    }

    fn peer() -> Connection {
        Connection { from: Ipv4Addr::new(10, 9, 0, 2), to: Ipv4Addr::new(10, 9, 0, 1), port: 7777 }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        for open in [
            "allow tcp 7777 0.0.0.0/0 any 0.0.0.0/0 in",
            "allow any 7777 0.0.0.0/0 any 10.9.0.0/24 in",
            "allow tcp 7777 10.9.0.1 any 10.9.0.2 in comment=6f326362",
            "allow tcp 80,443,7000:8000 0.0.0.0/0 any 0.0.0.0/0 Own%20App - in",
            "allow_log tcp 7777 0.0.0.0/0 any 0.0.0.0/0",
            "limit tcp any 0.0.0.0/0 any 10.9.0.2 in",
        ] {
            assert_eq!(told(&[open]), Verdict::Accept, "{open}");
            assert_eq!(told(&["deny any any 0.0.0.0/0 any 10.9.0.2 in", open]), Verdict::Deny, "{open}");
        }
        for other in [
            "allow udp 7777 0.0.0.0/0 any 0.0.0.0/0 in",
            "allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in",
            "allow tcp 7777 0.0.0.0/0 any 10.9.1.0/24 in",
            "allow tcp 7777 10.9.0.3 any 0.0.0.0/0 in",
            "allow tcp 7777 0.0.0.0/0 any 0.0.0.0/0 out",
            "route:allow tcp 7777 0.0.0.0/0 any 0.0.0.0/0 in_eth0!out_eth1",
            "allow tcp 7777 ::/0 any ::/0 in",
            "nonsense",
            "",
        ] {
            assert_eq!(told(&[other]), Verdict::Deny, "{other}");
        }
    }

    #[test]
    fn what_the_files_do_not_tell_is_unsure() {
        assert!(matches!(told(&["allow tcp 7777 0.0.0.0/0 any 0.0.0.0/0 in_eth1"]), Verdict::Unsure(why) if why.contains("eth1")));
        assert!(matches!(told(&["allow tcp 7777 0.0.0.0/0 1023 0.0.0.0/0 in"]), Verdict::Unsure(_)));
        let ufw = Ufw::parse(b"DEFAULT_INPUT_POLICY=$(x)\n", b"");
        assert!(matches!(ufw.verdict(&peer()), Verdict::Unsure(_)));
        assert_eq!(ufw.with(&peer()).verdict(&peer()), Verdict::Accept);
    }

    #[test]
    fn the_policy_and_the_switch() {
        assert_eq!(Ufw::parse(b"DEFAULT_INPUT_POLICY=\"ACCEPT\"\n", b"").verdict(&peer()), Verdict::Accept);
        assert_eq!(Ufw::parse(b"", b"").verdict(&peer()), Verdict::Deny);
        assert_eq!(enabled(b"# x\nENABLED=yes\nLOGLEVEL=low\n"), Some(true));
        assert_eq!((enabled(b"ENABLED=no\n"), enabled(b""), enabled(b"ENABLED=$x\n")), (Some(false), Some(false), None));
    }
}
