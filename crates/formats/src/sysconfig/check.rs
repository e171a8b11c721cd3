//! What the variables say, held against the rules.

use super::shell::{Assignment, Code};
use super::{OWN_VARIABLES, Sysconfig, Timeout, TimeoutValue, VARIABLES, Value, rules};
use crate::config_problem::{Problem, Rule};
use std::collections::HashMap;

/// A timeout as the kernel reads it: the threshold in base 10, others in C's base 0. `None`: refused or ignored.
pub(super) fn timeout(timeout: Timeout, text: &str) -> Option<u32> {
    let value = number(timeout, text)?;
    let least = if timeout == Timeout::Threshold { 3 } else { 1 };
    u32::try_from(value).ok().filter(|value| (least..u32::MAX).contains(value))
}

fn number(timeout: Timeout, text: &str) -> Option<u64> {
    // The shell that writes it cuts blanks around it.
    let text = text.trim_matches([' ', '\t', '\n']);
    let base_0 = timeout != Timeout::Threshold;
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if base_0 => (digits, 16),
        _ if base_0 && text.len() > 1 && text.starts_with('0') => (text, 8),
        _ => (text, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

struct Check<'a> {
    file: &'a Sysconfig,
    problems: Vec<Problem>,
}

pub(super) fn problems(file: &Sysconfig, clusters: Option<&[&str]>) -> Vec<Problem> {
    let mut check = Check { file, problems: Vec::new() };
    check.code();
    check.names();
    check.boot();
    check.configured(clusters);
    for timeout in Timeout::ALL {
        check.timeout(timeout);
    }
    check.idle();
    let mut problems = check.problems;
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

impl Check<'_> {
    fn tell(&mut self, at: usize, rule: Rule, what: impl Into<String>, fix: impl Into<String>) {
        let before = self.file.text.get(..at).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() as u32 + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        self.problems.push(Problem { line, column: (at - start) as u32 + 1, rule, what: what.into(), fix: fix.into() });
    }

    fn code(&mut self) {
        let file = self.file;
        for &(at, code) in &file.script.code {
            match code {
                Code::Command => self.tell(
                    at,
                    rules::SHELL_CODE,
                    "a line that is no assignment: it is not executed here, but it is by the init script of ocfs2-tools",
                    "leave assignments only",
                ),
                Code::OpenQuote => {
                    self.tell(at, rules::OPEN_QUOTE, "a quote without its end: nothing after it is read", "close or remove it");
                }
                Code::Expansion => {
                    let inside = |assignment: &&Assignment| (assignment.raw.start..assignment.raw.end).contains(&at);
                    let assignment = file.script.assignments.iter().find(inside);
                    let ours = assignment.is_some_and(|assignment| VARIABLES.iter().any(|name| name.as_bytes() == file.name(assignment)));
                    let rule = if ours { rules::EXPANSION } else { rules::SHELL_CODE };
                    self.tell(at, rule, "a value that only a shell could tell: nothing is executed here", "write the value itself");
                }
            }
        }
    }

    fn names(&mut self) {
        let file = self.file;
        let mut seen: HashMap<&[u8], &Assignment> = HashMap::new();
        for assignment in &file.script.assignments {
            let name = file.name(assignment);
            let known = VARIABLES.iter().chain(&OWN_VARIABLES).any(|known| known.as_bytes() == name);
            let shown = String::from_utf8_lossy(name);
            if !known && name.starts_with(b"O2CB_") {
                let what = format!("nobody reads the variable {shown}");
                self.tell(assignment.name.start, rules::UNKNOWN_VARIABLE, what, format!("O2CB's are {}", VARIABLES.join(", ")));
            }
            if let Some(earlier) = seen.insert(name, assignment)
                && known
            {
                let what = format!("{shown} is assigned again further down, and that counts");
                self.tell(earlier.name.start, rules::REPEATED_VARIABLE, what, "remove one of them");
            }
        }
    }

    /// Where a variable's value is.
    fn at(&self, variable: &str) -> usize {
        self.file.assignment(variable).map_or(0, |assignment| assignment.raw.start)
    }

    fn boot(&mut self) {
        let file = self.file;
        if let Value::Text(text) = file.get("O2CB_ENABLED")
            && !matches!(text, "true" | "false" | "")
        {
            let what = format!("O2CB_ENABLED '{}' does not start the cluster", text.escape_debug());
            self.tell(self.at("O2CB_ENABLED"), rules::ENABLED_TEXT, what, "write 'true' or 'false'");
        }
        let cluster = file.get("O2CB_BOOTCLUSTER");
        if file.enabled() == Some(true) && matches!(cluster, Value::Unset | Value::Text("")) {
            let what = "the cluster is started at boot, but O2CB_BOOTCLUSTER does not say which";
            self.tell(self.at("O2CB_ENABLED"), rules::NO_BOOT_CLUSTER, what, "set O2CB_BOOTCLUSTER to the cluster's name");
        }
        if let Value::Text(text) = cluster
            && (text.len() > 16 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            let what = format!("no cluster has a name such as '{}'", text.escape_debug());
            self.tell(self.at("O2CB_BOOTCLUSTER"), rules::BOOT_CLUSTER_NAME, what, "write the cluster's name: 1 to 16 letters and digits");
        }
        if let Value::Text(text) = file.get("O2CB_STACK")
            && !text.is_empty()
            && text.len() != 4
        {
            let what = format!("no cluster stack has a name such as '{}'", text.escape_debug());
            self.tell(self.at("O2CB_STACK"), rules::STACK_NAME, what, "write 'o2cb'");
        }
    }

    /// Whether the cluster that is started at boot is one of those that are configured.
    fn configured(&mut self, clusters: Option<&[&str]>) {
        if let (Value::Text(text), Some(clusters)) = (self.file.get("O2CB_BOOTCLUSTER"), clusters)
            && !text.is_empty()
            && !clusters.contains(&text)
        {
            let what = format!("no cluster '{}' is configured", text.escape_debug());
            let fix = format!("clusters are: {}", if clusters.is_empty() { "none".to_owned() } else { clusters.join(", ") });
            self.tell(self.at("O2CB_BOOTCLUSTER"), rules::BOOT_CLUSTER_UNKNOWN, what, fix);
        }
    }

    fn timeout(&mut self, timeout: Timeout) {
        let name = timeout.variable();
        let Value::Text(text) = self.file.get(name) else { return };
        if text.is_empty() {
            return;
        }
        let (at, default, least) = (self.at(name), timeout.default_value(), timeout.least());
        let shown = text.escape_debug();
        let fix = format!("write a number, {least} or more; the kernel's own is {default}");
        match (self::timeout(timeout, text), number(timeout, text)) {
            (Some(value), _) => {
                if value.to_string() != text {
                    let what = format!("{name} '{shown}' is read as {value} by the kernel");
                    self.tell(at, rules::ODD_TIMEOUT, what, format!("write {value}"));
                }
                if value < least {
                    self.tell(at, rules::TIMEOUT_LOW, format!("{name} {value} is below {least}: nodes fence for little"), fix);
                }
            }
            (None, None) => self.tell(at, rules::TIMEOUT_TEXT, format!("{name} '{shown}' is no number"), fix),
            (None, Some(value)) => {
                let how = if timeout == Timeout::Threshold && value < 3 { "is ignored" } else { "is refused" };
                self.tell(at, rules::TIMEOUT_RANGE, format!("{name} {value} {how} by the kernel"), fix);
            }
        }
    }

    fn idle(&mut self) {
        let value = |timeout: Timeout| match self.file.timeout(timeout) {
            TimeoutValue::Set(value) => Some(value),
            TimeoutValue::Unset => Some(timeout.default_value()),
            TimeoutValue::Unusable => None,
        };
        let (Some(idle), Some(keepalive)) = (value(Timeout::Idle), value(Timeout::Keepalive)) else { return };
        if idle <= keepalive {
            let longer = if self.file.assignment(Timeout::Idle.variable()).is_some() { Timeout::Idle } else { Timeout::Keepalive };
            let what = format!("the idle timeout, {idle} ms, is not longer than the keepalive delay, {keepalive} ms");
            self.tell(self.at(longer.variable()), rules::IDLE_BELOW_KEEPALIVE, what, "the kernel refuses that: make it longer");
        }
    }
}
