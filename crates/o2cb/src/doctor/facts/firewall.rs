//! What this machine's firewall may have to do with a connection that is missing: what the files of firewalld and ufw say, and rules of
//! the packet filter about the cluster's port. Rules are a hint, not a proof. Programs that list them make the kernel load what they ask
//! for; so each is run only if that is loaded already.

use crate::kernel::Look;
use crate::program::{Answer, answer_of};
use crate::status::{Blame, Status, blame};
use serde::Serialize;
use std::io;
use std::process::Command;
use std::time::Duration;

/// How long a program may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Rules that are shown with a finding.
const SHOWN: usize = 5;

/// What is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Firewall {
    /// Numbers of nodes that this machine's firewall keeps out or may keep out, by its files, and how.
    pub files: Vec<(u32, String)>,
    /// Rules and policies that drop or reject everything, and rules that name the port.
    pub rules: Vec<String>,
    /// What was asked, and what came of it.
    pub asked: Vec<String>,
}

/// Asks for them; nothing if no cluster is registered, or no node of it is this machine.
pub fn look(look: &dyn Look, status: &Status) -> Firewall {
    look_with(look, status, &mut |program, arguments| answer_of(Command::new(program).args(arguments), DEADLINE))
}

type Run<'a> = &'a mut dyn FnMut(&str, &[&str]) -> io::Result<Answer>;

fn look_with(look: &dyn Look, status: &Status, run: Run<'_>) -> Firewall {
    let mut firewall = Firewall::default();
    let Some(local) = status.cluster().and_then(|cluster| cluster.local()) else { return firewall };
    for node in status.lost().unwrap_or_default() {
        // Whose firewall is in question is told anyway, and rules are read below.
        if let (Some(number), Some(why @ (Blame::Closed(..) | Blame::Unsure(..)))) = (node.number.is(), blame(status, local, node)) {
            firewall.files.push((u32::from(*number), why.words()));
        }
    }
    let Some(&port) = local.port.is() else { return firewall };
    if look.list("/sys/module/nf_tables").is_ok() {
        firewall.ask(run, "nft", &["list", "ruleset"], port);
    }
    let tables = look.read("/proc/net/ip_tables_names").map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    if tables.lines().any(|table| table == "filter") {
        firewall.legacy(run, port);
    }
    firewall
}

impl Firewall {
    /// What there is to say of a connection with this node, some lines.
    pub fn about(&self, node: u32) -> Vec<String> {
        let files = self.files.iter().filter(|(number, _)| *number == node).map(|(_, words)| words.clone());
        let more = self.rules.len().checked_sub(SHOWN).filter(|more| *more > 0);
        let more = more.map(|more| format!("and {more} more rules that name the port, drop or reject"));
        files.chain(self.rules.iter().take(SHOWN).cloned()).chain(more).chain(self.asked.iter().cloned()).collect()
    }

    /// Tables of the old kernel interface. `iptables-save` may be the variant for `nf_tables`, which does not show these and makes the
    /// kernel load that.
    fn legacy(&mut self, run: Run<'_>, port: u16) {
        let version = |run: Run<'_>, program: &str| run(program, &["--version"]).ok().filter(Answer::is_ok).map(|answer| answer.stdout);
        let program = if version(run, "iptables-legacy-save").is_some() {
            "iptables-legacy-save"
        } else if version(run, "iptables-save").is_some_and(|version| !version.contains("nf_tables")) {
            // Before the variants there was one program, of the old interface.
            "iptables-save"
        } else {
            self.asked
                .push("rules of the old iptables are loaded, and no program is here that lists them: iptables-legacy-save".to_owned());
            return;
        };
        self.ask(run, program, &["-t", "filter"], port);
    }

    fn ask(&mut self, run: Run<'_>, program: &str, arguments: &[&str], port: u16) {
        let asked = format!("{program} {}", arguments.join(" "));
        let came = match run(program, arguments) {
            Ok(answer) if answer.is_ok() => {
                let rules = of_interest(&answer.stdout, port);
                let came = if rules.is_empty() {
                    format!("no rule names port {port}; no policy, and no rule for everything, drops or rejects")
                } else {
                    "see its rules".to_owned()
                };
                self.rules.extend(rules.into_iter().map(|rule| format!("{program}: {rule}")));
                came
            }
            Ok(answer) => format!("unknown: {}", answer.complaint()),
            Err(error) => format!("unknown: {error}"),
        };
        self.asked.push(format!("asked `{asked}`: {came}"));
    }
}

/// Rules that name the port, and policies and rules for everything that do not accept; without those of what is forwarded.
fn of_interest(rules: &str, port: u16) -> Vec<String> {
    const MOST: usize = 20;
    let port = port.to_string();
    let names_port = |line: &str| line.split(|c: char| !c.is_ascii_digit()).any(|word| word == port);
    let policy = |line: &str| {
        let lower = line.to_ascii_lowercase();
        lower.contains("policy drop")
            || lower.contains("policy reject")
            || line.starts_with(":INPUT DROP")
            || line.starts_with(":OUTPUT DROP")
    };
    let forwards = |chain: &str| chain.to_ascii_lowercase().contains("forward");
    // Of nft, whose rules do not say in which chain they are.
    let mut chain = "";
    let mut told = Vec::new();
    for line in rules.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("chain ").and_then(|rest| rest.strip_suffix('{')) {
            chain = name.trim();
        }
        if names_port(line) || policy(line) {
            told.push(line.to_owned());
        } else if let Some(chain) = iptables_refusal(line) {
            told.extend((!forwards(chain)).then(|| line.to_owned()));
        } else if nft_refusal(line) && !forwards(chain) {
            told.push(format!("chain {chain}: {line}"));
        }
    }
    told.truncate(MOST);
    told
}

/// The chain of a rule of `iptables-save` that drops or rejects whatever comes to it.
fn iptables_refusal(line: &str) -> Option<&str> {
    let (chain, mut rule) = line.strip_prefix("-A ")?.split_once(' ')?;
    if let Some(comment) = rule.strip_prefix("-m comment --comment ") {
        rule = after_word(comment)?;
    }
    matches!(rule.strip_prefix("-j ")?.split(' ').next(), Some("REJECT" | "DROP")).then_some(chain)
}

/// What comes after the first word, which is in quotes if it has blanks; quotes in it have a backslash.
fn after_word(text: &str) -> Option<&str> {
    let Some(quoted) = text.strip_prefix('"') else { return Some(text.split_once(' ')?.1) };
    let mut escaped = false;
    let ends = |(_, c): &(usize, char)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    };
    let (end, _) = quoted.char_indices().find(ends)?;
    quoted.get(end + 1..)?.strip_prefix(' ')
}

/// Whether a rule of `nft` drops or rejects whatever comes to it: nothing but counters stands before that.
fn nft_refusal(line: &str) -> bool {
    let mut words =
        line.split_whitespace().skip_while(|word| matches!(*word, "counter" | "packets" | "bytes") || word.parse::<u64>().is_ok());
    matches!(words.next(), Some("drop" | "reject"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::model::ModelKernel;
    use crate::plan::tests::{go_online, timeouts};
    use crate::stack::{Files, samples};
    use crate::volumes::testing::Machine;
    use formats::cluster_conf::HeartbeatMode;

    #[test]
    fn rules_that_matter() {
        let rules = "table inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n  tcp dport 22 accept\n  tcp dport 7777 drop\n  tcp dport 17777 accept\n";
        let told = of_interest(rules, 7777);
        assert_eq!(told, ["type filter hook input priority 0; policy drop;", "tcp dport 7777 drop"]);
        // What refuses all that no rule before it took, as firewalld and the old iptables services end their chains.
        let saved = "-A INPUT -i lo -j ACCEPT\n-A INPUT -m comment --comment \"the \\\"rest\\\" of it\" -j REJECT --reject-with icmp-host-prohibited\n-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n-A INPUT -m conntrack --ctstate INVALID -j DROP\n-A in -j DROP\n";
        assert_eq!(
            of_interest(saved, 7777),
            ["-A INPUT -m comment --comment \"the \\\"rest\\\" of it\" -j REJECT --reject-with icmp-host-prohibited", "-A in -j DROP"]
        );
        let listed = "table inet firewalld {\n chain filter_INPUT {\n  ct state { established, related } accept\n  ct state invalid drop\n  reject with icmpx admin-prohibited\n }\n chain filter_FORWARD {\n  reject with icmpx admin-prohibited\n }\n chain INPUT {\n  counter packets 5 bytes 300 drop\n }\n}\n";
        assert_eq!(
            of_interest(listed, 7777),
            ["chain filter_INPUT: reject with icmpx admin-prohibited", "chain INPUT: counter packets 5 bytes 300 drop"]
        );
        assert_eq!(of_interest(":INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n", 7777), [":INPUT DROP [0:0]"]);
    }

    /// `db1` does not see `db2`, which connects to it.
    fn kernel() -> ModelKernel {
        let mut kernel = samples::machine(1);
        go_online(&mut kernel, &samples::cluster(HeartbeatMode::Global, 3, 1), &timeouts(&[]));
        (kernel.live, kernel.connected) = ([2, 3].into(), [3].into());
        kernel
    }

    /// What is known, and which programs were run for it.
    fn seen(kernel: &ModelKernel, answer: impl Fn(&str, &[&str]) -> io::Result<Answer>) -> (Firewall, Vec<String>) {
        let status = Status::look(kernel, &Files::new(&Machine::new().place()), Some("web"));
        let mut ran = Vec::new();
        let firewall = look_with(kernel, &status, &mut |program, arguments| {
            ran.push(format!("{program} {}", arguments.join(" ")));
            answer(program, arguments)
        });
        (firewall, ran)
    }

    #[expect(clippy::unnecessary_wraps, reason = "what a program's run gives")]
    fn says(text: &str) -> io::Result<Answer> {
        Ok(Answer { code: Some(0), stdout: text.to_owned(), stderr: String::new() })
    }

    #[test]
    fn files_of_firewalld_are_asked_by_the_reader_of_status() {
        let mut kernel = kernel();
        kernel.install_firewalld(true);
        let (firewall, ran) = seen(&kernel, |_, _| says(""));
        assert!(firewall.about(2)[0].contains("firewalld here keeps 10.9.0.2 out of port 7777"), "{firewall:?}");
        assert_eq!((firewall.about(3), ran), (Vec::new(), Vec::new()), "nothing is loaded, so nothing is run");
    }

    #[test]
    fn the_variant_for_nf_tables_is_never_run_for_old_tables() {
        let mut kernel = kernel();
        kernel.put("/proc/net/ip_tables_names", "nat\nfilter\n");
        let missing = || Err(io::Error::from(io::ErrorKind::NotFound));
        let (firewall, ran) =
            seen(&kernel, |_, arguments| says(if arguments == ["--version"] { "v1.8.9 (legacy)" } else { ":INPUT DROP [0:0]" }));
        assert_eq!(ran, ["iptables-legacy-save --version", "iptables-legacy-save -t filter"]);
        assert_eq!(firewall.about(2), ["iptables-legacy-save: :INPUT DROP [0:0]", "asked `iptables-legacy-save -t filter`: see its rules"]);
        let variant =
            |program: &str, _: &[&str]| if program == "iptables-save" { says("iptables-save v1.8.9 (nf_tables)") } else { missing() };
        let (firewall, ran) = seen(&kernel, variant);
        assert!(!ran.contains(&"iptables-save -t filter".to_owned()) && firewall.about(2)[0].contains("no program is here"), "{ran:?}");
        let old = |program: &str, arguments: &[&str]| match (program, arguments) {
            ("iptables-save", ["--version"]) => says("iptables-save v1.4.21"),
            ("iptables-save", _) => says("-A INPUT -p tcp --dport 22 -j ACCEPT\n"),
            _ => missing(),
        };
        let (firewall, _) = seen(&kernel, old);
        assert_eq!(
            firewall.about(2),
            ["asked `iptables-save -t filter`: no rule names port 7777; no policy, and no rule for everything, drops or rejects"]
        );
    }
}
