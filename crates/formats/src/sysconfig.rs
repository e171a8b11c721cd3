//! `/etc/sysconfig/o2cb` or `/etc/default/o2cb`: whether and with which timeouts the cluster is started. The init script of
//! ocfs2-tools has bash execute this file as root; here it is read as what it is meant to be, assignments, and nothing is executed.

mod check;
pub mod rules;
mod shell;

#[cfg(test)]
mod tests;

use crate::config_problem::Problem;
use shell::{Assignment, Script};

/// Variables that the init script reads.
pub const VARIABLES: [&str; 7] = [
    "O2CB_ENABLED",
    "O2CB_STACK",
    "O2CB_BOOTCLUSTER",
    "O2CB_HEARTBEAT_THRESHOLD",
    "O2CB_IDLE_TIMEOUT_MS",
    "O2CB_KEEPALIVE_DELAY_MS",
    "O2CB_RECONNECT_DELAY_MS",
];

/// Variables that `o2cb` of this project reads too; the init script does not know them.
pub const OWN_VARIABLES: [&str; 4] = ["O2CB_FENCE_METHOD", "O2CB_PANIC_ON_OOPS", "O2CB_PANIC", "O2CB_FIREWALL"];

/// A file with every byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sysconfig {
    text: Vec<u8>,
    script: Script,
}

/// What a file says of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nothing.
    Unset,
    /// This.
    Text(&'a str),
    /// Only a shell could tell.
    Unknown,
}

/// Timeouts of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timeout {
    /// Reads of a node's slot without change after which it is dead; a read every 2 s.
    Threshold,
    /// Silence after which a connection is lost, in ms.
    Idle,
    /// Silence after which a keepalive is sent, in ms.
    Keepalive,
    /// Wait before a connection is tried again, in ms.
    Reconnect,
}

impl Timeout {
    /// All of them, in the order of the file that ocfs2-tools write.
    pub const ALL: [Timeout; 4] = [Timeout::Threshold, Timeout::Idle, Timeout::Keepalive, Timeout::Reconnect];

    /// Its variable.
    pub fn variable(self) -> &'static str {
        match self {
            Timeout::Threshold => "O2CB_HEARTBEAT_THRESHOLD",
            Timeout::Idle => "O2CB_IDLE_TIMEOUT_MS",
            Timeout::Keepalive => "O2CB_KEEPALIVE_DELAY_MS",
            Timeout::Reconnect => "O2CB_RECONNECT_DELAY_MS",
        }
    }

    /// What the kernel starts with (`fs/ocfs2/cluster/ocfs2_heartbeat.h`, `tcp.h`).
    pub fn default_value(self) -> u32 {
        match self {
            Timeout::Threshold => 31,
            Timeout::Idle => 30_000,
            Timeout::Keepalive | Timeout::Reconnect => 2_000,
        }
    }

    /// The least that ocfs2-tools' `configure` offers.
    pub fn least(self) -> u32 {
        match self {
            Timeout::Threshold => 7,
            Timeout::Idle => 5_000,
            Timeout::Keepalive => 1_000,
            Timeout::Reconnect => 2_000,
        }
    }
}

/// What a file says of a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutValue {
    /// Nothing: the kernel's value stays.
    Unset,
    /// A number that the kernel takes.
    Set(u32),
    /// Something that the kernel refuses or ignores, or that only a shell could tell: see the problems.
    Unusable,
}

impl Sysconfig {
    /// Reads a file. Every file can be read: what is wrong with it is told by [`Sysconfig::problems`].
    pub fn parse(bytes: &[u8]) -> Sysconfig {
        Sysconfig { text: bytes.to_vec(), script: shell::read(bytes) }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.text.clone()
    }

    /// What is wrong, in the file's order. `clusters`: names of those that are configured, if that is known.
    pub fn problems(&self, clusters: Option<&[&str]>) -> Vec<Problem> {
        check::problems(self, clusters)
    }

    /// What the file says of a variable; of several assignments the last counts.
    pub fn get(&self, variable: &str) -> Value<'_> {
        match self.assignment(variable) {
            None => Value::Unset,
            Some(assignment) => assignment.value.as_deref().map_or(Value::Unknown, Value::Text),
        }
    }

    /// Whether the cluster is started at boot: only the word `true` says so. `None`: only a shell could tell.
    pub fn enabled(&self) -> Option<bool> {
        match self.get("O2CB_ENABLED") {
            Value::Unset => Some(false),
            Value::Text(text) => Some(text == "true"),
            Value::Unknown => None,
        }
    }

    /// A timeout.
    pub fn timeout(&self, timeout: Timeout) -> TimeoutValue {
        match self.get(timeout.variable()) {
            Value::Unset | Value::Text("") => TimeoutValue::Unset,
            Value::Text(text) => check::timeout(timeout, text).map_or(TimeoutValue::Unusable, TimeoutValue::Set),
            Value::Unknown => TimeoutValue::Unusable,
        }
    }

    /// Sets a variable: where it is assigned last, with the quotes that are there; else in a line at the end. All else stays.
    ///
    /// # Errors
    /// The file cannot be added to: a quote is open at its end, or `value` holds a NUL byte. The value would not be what is read.
    pub fn set(&mut self, variable: &str, value: &str) -> Result<(), CannotSet> {
        let mut text = self.text.clone();
        match self.assignment(variable) {
            Some(Assignment { value: Some(given), .. }) if given == value => return Ok(()),
            // One that is assigned under a condition, or by appending, is assigned anew.
            Some(Assignment { raw, value: Some(_), .. }) => {
                let quote = self.text.get(raw.start).copied().filter(|byte| matches!(byte, b'"' | b'\''));
                text.splice(raw.clone(), quoted(value, quote).into_bytes());
            }
            _ => {
                if text.last().is_some_and(|byte| *byte != b'\n') {
                    text.push(b'\n');
                }
                text.extend(format!("{variable}={}\n", quoted(value, None)).into_bytes());
            }
        }
        let changed = Sysconfig::parse(&text);
        if changed.get(variable) != Value::Text(value) {
            return Err(CannotSet);
        }
        *self = changed;
        Ok(())
    }

    fn assignment(&self, variable: &str) -> Option<&Assignment> {
        self.script.assignments.iter().rev().find(|assignment| self.name(assignment) == variable.as_bytes())
    }

    fn name(&self, assignment: &Assignment) -> &[u8] {
        self.text.get(assignment.name.clone()).unwrap_or_default()
    }
}

/// A variable cannot be set in this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotSet;

impl std::fmt::Display for CannotSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a shell would not read the value as it is meant: correct the file by hand first")
    }
}

impl std::error::Error for CannotSet {}

/// A value for a shell, in quotes of a kind where they are wanted or needed.
fn quoted(value: &str, quote: Option<u8>) -> String {
    let safe = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:,@%".contains(&byte));
    match quote {
        Some(b'"') if safe => format!("\"{value}\""),
        Some(b'\'') if safe => format!("'{value}'"),
        _ if safe => value.to_owned(),
        _ => format!("'{}'", value.replace('\'', "'\\''")),
    }
}
