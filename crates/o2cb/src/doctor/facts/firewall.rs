//! Rules of this machine's packet filter about the cluster's port: a hint, not a proof. Programs that list rules make the kernel load
//! what they ask for; so each is run only if that is loaded already.

use crate::kernel::Look;
use crate::program::answer_of;
use std::process::Command;
use std::time::Duration;

/// How long a program may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// What is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firewall {
    /// Rules that drop or reject, or that name the port.
    pub rules: Vec<String>,
    /// What was asked, and why not all could be.
    pub asked: Vec<String>,
}

/// Asks for them.
pub fn look(look: &dyn Look, port: u16) -> Firewall {
    let mut firewall = Firewall::default();
    let loaded = |module: &str| look.list(&format!("/sys/module/{module}")).is_ok();
    if loaded("nf_tables") {
        firewall.ask("nft", &["list", "ruleset"], port);
    }
    let tables = look.read("/proc/net/ip_tables_names").map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    if tables.lines().any(|table| table == "filter") {
        firewall.ask("iptables-save", &["-t", "filter"], port);
    }
    firewall
}

impl Firewall {
    fn ask(&mut self, program: &str, arguments: &[&str], port: u16) {
        let asked = format!("{program} {}", arguments.join(" "));
        match answer_of(Command::new(program).args(arguments), DEADLINE) {
            Ok(answer) if answer.is_ok() => {
                self.rules.extend(of_interest(&answer.stdout, port).into_iter().map(|rule| format!("{program}: {rule}")));
                self.asked.push(asked);
            }
            Ok(answer) => self.asked.push(format!("{asked}: {}", answer.complaint())),
            Err(error) => self.asked.push(format!("{asked}: {error}")),
        }
    }
}

/// Rules that name the port, and policies and rules for everything that do not accept.
fn of_interest(rules: &str, port: u16) -> Vec<String> {
    const MOST: usize = 20;
    let port = port.to_string();
    let names_port = |line: &str| line.split(|c: char| !c.is_ascii_digit()).any(|word| word == port);
    let refuses = |line: &str| {
        let lower = line.to_ascii_lowercase();
        lower.contains("policy drop")
            || lower.contains("policy reject")
            || line.starts_with(":INPUT DROP")
            || line.starts_with(":OUTPUT DROP")
    };
    rules.lines().map(str::trim).filter(|line| names_port(line) || refuses(line)).take(MOST).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn rules_that_matter() {
        let rules = "table inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n  tcp dport 22 accept\n  tcp dport 7777 drop\n  tcp dport 17777 accept\n";
        let told = super::of_interest(rules, 7777);
        assert_eq!(told, ["type filter hook input priority 0; policy drop;", "tcp dport 7777 drop"]);
        assert_eq!(super::of_interest(":INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n", 7777), [":INPUT DROP [0:0]"]);
    }
}
