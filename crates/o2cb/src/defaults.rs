//! What `/etc/sysconfig/o2cb` or `/etc/default/o2cb` asks for.
//!
//! Seven variables are those of the init script. Four are ours, and the C tools do not know them: `O2CB_FENCE_METHOD`
//! (`reset` or `panic`), `O2CB_PANIC_ON_OOPS` (`0` or `1`), `O2CB_PANIC` (seconds; `kernel.panic`) and `O2CB_FIREWALL` (`firewalld` or
//! `ufw`).

use crate::firewall::Firewall;
use serde::Serialize;
use std::fmt;

/// Timeouts as they are asked for; `None`: the kernel's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// Reads of a slot without change until its node is dead, each 2 s; the kernel takes 3 and more.
    pub threshold: Option<u32>,
    /// Silence on a connection that starts the quorum decision, milliseconds.
    pub idle_ms: Option<u32>,
    /// Silence after which a keepalive is sent, milliseconds.
    pub keepalive_ms: Option<u32>,
    /// Time between attempts to connect, milliseconds.
    pub reconnect_ms: Option<u32>,
}

/// The kernel's defaults (`O2HB_DEFAULT_DEAD_THRESHOLD`, `O2NET_*_DEFAULT`).
pub const KERNEL_TIMEOUTS: Timeouts =
    Timeouts { threshold: Some(31), idle_ms: Some(30000), keepalive_ms: Some(2000), reconnect_ms: Some(2000) };

/// What a node does to itself when it must not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fence {
    /// It restarts at once.
    Reset,
    /// It panics: kdump gets its picture.
    Panic,
}

impl Fence {
    /// The kernel's word.
    pub fn word(self) -> &'static str {
        match self {
            Fence::Reset => "reset",
            Fence::Panic => "panic",
        }
    }
}

/// The variables of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Defaults {
    /// `O2CB_ENABLED` is `true`: `start` does something.
    pub enabled: bool,
    /// `O2CB_STACK`; `None`: `o2cb`.
    pub stack: Option<String>,
    /// `O2CB_BOOTCLUSTER`: the cluster where none is named.
    pub boot_cluster: Option<String>,
    /// Timeouts.
    pub timeouts: Timeouts,
    /// `O2CB_FENCE_METHOD`; `None`: it is left as it is.
    pub fence: Option<Fence>,
    /// `O2CB_PANIC_ON_OOPS`; `None`: it is left as it is.
    pub panic_on_oops: Option<u32>,
    /// `O2CB_PANIC`, seconds; `None`: it is left as it is.
    pub panic_s: Option<i32>,
    /// `O2CB_FIREWALL`: which firewall lets the other nodes in; `None`: it is left as it is.
    pub firewall: Option<Firewall>,
}

/// A variable whose value cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it must be.
    pub must: &'static str,
}

impl fmt::Display for BadVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}: it must be {}", self.name, self.value, self.must)
    }
}

impl Defaults {
    /// From the assignments of the file, in its order: of the same variable the last one counts, as in a shell. An empty value
    /// is none.
    pub fn of<'a>(assignments: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Defaults, Vec<BadVariable>) {
        let (mut defaults, mut bad) = (Defaults::default(), Vec::new());
        for (name, value) in assignments {
            if let Err(must) = defaults.set(name, value) {
                bad.push(BadVariable { name: name.to_owned(), value: value.to_owned(), must });
            }
        }
        (defaults, bad)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match name {
            // Only this word counts; the init script compares it so.
            "O2CB_ENABLED" => self.enabled = value == "true",
            "O2CB_STACK" if value.is_empty() || value.len() == 4 => self.stack = text(),
            "O2CB_STACK" => return Err("4 characters: o2cb"),
            "O2CB_BOOTCLUSTER" => self.boot_cluster = text(),
            "O2CB_HEARTBEAT_THRESHOLD" => self.timeouts.threshold = number(value, 3)?,
            "O2CB_IDLE_TIMEOUT_MS" => self.timeouts.idle_ms = number(value, 1)?,
            "O2CB_KEEPALIVE_DELAY_MS" => self.timeouts.keepalive_ms = number(value, 1)?,
            "O2CB_RECONNECT_DELAY_MS" => self.timeouts.reconnect_ms = number(value, 1)?,
            "O2CB_FENCE_METHOD" => {
                self.fence = match value {
                    "" => None,
                    "reset" => Some(Fence::Reset),
                    "panic" => Some(Fence::Panic),
                    _ => return Err("reset or panic"),
                }
            }
            "O2CB_PANIC_ON_OOPS" => match number(value, 0)? {
                Some(2..) => return Err("0 or 1"),
                value => self.panic_on_oops = value,
            },
            "O2CB_PANIC" if value.is_empty() => self.panic_s = None,
            "O2CB_PANIC" => self.panic_s = Some(value.parse().map_err(|_| "a number of seconds")?),
            "O2CB_FIREWALL" => {
                let named = |firewall: &Firewall| firewall.word() == value;
                self.firewall = Firewall::ALL.into_iter().find(named);
                if self.firewall.is_none() && !value.is_empty() {
                    return Err("firewalld or ufw");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn number(value: &str, least: u32) -> Result<Option<u32>, &'static str> {
    if value.is_empty() {
        return Ok(None);
    }
    match value.parse() {
        Ok(number) if (least..u32::MAX).contains(&number) => Ok(Some(number)),
        _ if least == 3 => Err("a decimal number of 3 or more (the kernel ignores less in silence)"),
        _ => Err("a decimal number from 1 to 4294967294"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_the_file() {
        let pairs = [
            ("O2CB_ENABLED", "true"),
            ("O2CB_STACK", "o2cb"),
            ("O2CB_BOOTCLUSTER", "web"),
            ("O2CB_HEARTBEAT_THRESHOLD", "61"),
            ("O2CB_IDLE_TIMEOUT_MS", ""),
            ("O2CB_FENCE_METHOD", "panic"),
            ("O2CB_FIREWALL", "ufw"),
            ("SOMETHING", "else"),
        ];
        let (defaults, bad) = Defaults::of(pairs);
        assert!(bad.is_empty() && defaults.enabled);
        assert_eq!((defaults.timeouts.threshold, defaults.timeouts.idle_ms, defaults.fence), (Some(61), None, Some(Fence::Panic)));
        assert_eq!((defaults.boot_cluster.as_deref(), defaults.firewall), (Some("web"), Some(Firewall::Ufw)));
        let (defaults, bad) = Defaults::of([("O2CB_FIREWALL", "ufw"), ("O2CB_FIREWALL", "iptables")]);
        assert_eq!((defaults.firewall, bad.len()), (None, 1));
    }

    #[test]
    fn what_cannot_be_meant_is_named_and_not_used() {
        let (defaults, bad) =
            Defaults::of([("O2CB_HEARTBEAT_THRESHOLD", "2"), ("O2CB_ENABLED", "yes"), ("O2CB_IDLE_TIMEOUT_MS", "4294967295")]);
        assert_eq!((defaults.enabled, defaults.timeouts), (false, Timeouts::default()));
        assert_eq!(bad.len(), 2);
        assert!(bad[0].to_string().starts_with("O2CB_HEARTBEAT_THRESHOLD=2: it must be"));
    }
}
