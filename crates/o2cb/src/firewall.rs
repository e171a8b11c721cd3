//! The port of O2CB in this machine's firewall: TCP, from the addresses of the other nodes.
//!
//! Only their addresses are let in, one rule for each: o2net asks nobody who he is, and closes what comes from elsewhere only after
//! the connection stands (`o2net_accept_one`, `fs/ocfs2/cluster/tcp.c`). A node that is added later is let in by the next `online`.

use crate::found::Firewalls;
use crate::kernel::Look;
use formats::firewall::{Connection, Verdict};
use serde::Serialize;
use std::net::Ipv4Addr;

/// A firewall whose rules are read and written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Firewall {
    /// firewalld.
    Firewalld,
    /// ufw.
    Ufw,
}

impl Firewall {
    /// Both.
    pub const ALL: [Firewall; 2] = [Firewall::Firewalld, Firewall::Ufw];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Firewall::Firewalld => "firewalld",
            Firewall::Ufw => "ufw",
        }
    }
}

/// Where a rule goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Those of a zone that firewalld keeps.
    Kept(String),
    /// Those of a zone that the kernel has now.
    Running(String),
    /// ufw's, which are both.
    Ufw,
}

/// Rules that let other nodes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Where they go.
    pub rules: Rules,
    /// This machine's address and port.
    pub to: (Ipv4Addr, u16),
    /// Who is let in.
    pub peers: Vec<Ipv4Addr>,
}

/// A program and its arguments.
pub type Command = (&'static str, Vec<String>);

impl Opening {
    /// What adds the rules, or (`open` is false) removes them again.
    pub fn commands(&self, open: bool) -> Vec<Command> {
        let (zone, kept) = match &self.rules {
            Rules::Kept(zone) => (zone, true),
            Rules::Running(zone) => (zone, false),
            Rules::Ufw => return self.peers.iter().map(|peer| self.ufw(*peer, open)).collect(),
        };
        let verb = if open { "add" } else { "remove" };
        let rule = |peer: &Ipv4Addr| {
            format!("--{verb}-rich-rule=rule family=\"ipv4\" source address=\"{peer}\" port port=\"{}\" protocol=\"tcp\" accept", self.to.1)
        };
        let first = kept.then(|| "--permanent".to_owned()).into_iter().chain([format!("--zone={zone}")]);
        vec![("/usr/bin/firewall-cmd", first.chain(self.peers.iter().map(rule)).collect())]
    }

    fn ufw(&self, peer: Ipv4Addr, open: bool) -> Command {
        let (peer, port) = (peer.to_string(), self.to.1.to_string());
        let words = ["allow", "proto", "tcp", "from", &peer, "to", "any", "port", &port];
        let delete = (!open).then_some("delete");
        ("/usr/sbin/ufw", delete.into_iter().chain(words).map(str::to_owned).collect())
    }

    /// The commands for a person to read or repeat.
    pub fn shown(&self, open: bool) -> String {
        let quoted = |word: &String| if word.contains(['"', ' ']) { format!("'{word}'") } else { word.clone() };
        let line =
            |(program, words): &Command| [(*program).to_owned()].into_iter().chain(words.iter().map(quoted)).collect::<Vec<_>>().join(" ");
        self.commands(open).iter().map(line).collect::<Vec<_>>().join("; ")
    }

    /// Whether the firewall's files now say so. What only the kernel has is in no file: there the program's word counts.
    pub fn check(&self, look: &dyn Look, open: bool) -> Result<(), String> {
        if matches!(self.rules, Rules::Running(_)) {
            return Ok(());
        }
        let found = Firewalls::look(look);
        for peer in &self.peers {
            let connection = Connection { from: *peer, to: self.to.0, port: self.to.1 };
            let verdict = match self.rules {
                Rules::Ufw => found.ufw.verdict(|ufw| ufw.verdict(&connection)),
                _ => found.firewalld.verdict(|firewalld| firewalld.verdict(&connection)),
            };
            match (verdict, open) {
                (Verdict::Accept, true) | (Verdict::Deny, false) => {}
                (Verdict::Accept, false) => return Err(format!("its files still let {peer} in to port {}", self.to.1)),
                (Verdict::Deny, true) => return Err(format!("its files still keep {peer} out of port {}", self.to.1)),
                (Verdict::Unsure(why), _) => return Err(format!("whether {peer} comes in to port {} cannot be told: {why}", self.to.1)),
            }
        }
        Ok(())
    }
}

/// Addresses as people list them.
pub fn listed(addresses: &[Ipv4Addr]) -> String {
    addresses.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_words_and_their_opposites_name_the_same_rule() {
        let opening = |rules: Rules| Opening {
            rules,
            to: (Ipv4Addr::new(10, 9, 0, 1), 7777),
            peers: vec![Ipv4Addr::new(10, 9, 0, 2), Ipv4Addr::new(10, 9, 0, 3)],
        };
        let [(program, words)] = opening(Rules::Kept("public".to_owned())).commands(true).try_into().unwrap();
        assert_eq!((program, words.len()), ("/usr/bin/firewall-cmd", 4));
        assert_eq!(words[2], "--add-rich-rule=rule family=\"ipv4\" source address=\"10.9.0.2\" port port=\"7777\" protocol=\"tcp\" accept");
        let [(_, closing)] = opening(Rules::Running("public".to_owned())).commands(false).try_into().unwrap();
        assert_eq!(closing.join("\n"), words[1..].join("\n").replace("--add", "--remove"));
        assert_eq!(
            opening(Rules::Ufw).shown(false),
            "/usr/sbin/ufw delete allow proto tcp from 10.9.0.2 to any port 7777; /usr/sbin/ufw delete allow proto tcp from 10.9.0.3 to any port 7777"
        );
    }
}
