//! Setting the variables of the defaults' file.

use super::{Io, Sources, sources::variables};
use crate::FAILED;
use crate::defaults::Defaults;
use clap::Args;

/// The variables to set; an empty value unsets one.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Configure {
    /// `O2CB_ENABLED`: whether `start` does something: true or false
    #[arg(long, value_name = "BOOL")]
    enabled: Option<String>,
    /// `O2CB_BOOTCLUSTER`: the cluster where none is named
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,
    /// `O2CB_HEARTBEAT_THRESHOLD`: reads of a slot without change until its node is dead, each 2 s
    #[arg(long, value_name = "COUNT")]
    threshold: Option<String>,
    /// `O2CB_IDLE_TIMEOUT_MS`: silence on a connection that starts the quorum decision
    #[arg(long, value_name = "MS")]
    idle_ms: Option<String>,
    /// `O2CB_KEEPALIVE_DELAY_MS`: silence after which a keepalive is sent
    #[arg(long, value_name = "MS")]
    keepalive_ms: Option<String>,
    /// `O2CB_RECONNECT_DELAY_MS`: time between attempts to connect
    #[arg(long, value_name = "MS")]
    reconnect_ms: Option<String>,
    /// `O2CB_FENCE_METHOD`: reset or panic
    #[arg(long, value_name = "METHOD")]
    fence: Option<String>,
    /// `O2CB_PANIC_ON_OOPS`: `kernel.panic_on_oops`, 0 or 1
    #[arg(long, value_name = "BOOL")]
    panic_on_oops: Option<String>,
    /// `O2CB_PANIC`: `kernel.panic`, seconds
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    panic: Option<String>,
    /// `O2CB_FIREWALL`: which firewall `online` has let the other nodes in: firewalld or ufw
    #[arg(long, value_name = "FIREWALL")]
    firewall: Option<String>,
}

/// What is asked for each variable.
const QUESTIONS: [(&str, &str); 10] = [
    ("O2CB_ENABLED", "Start the cluster stack on boot (true/false)"),
    ("O2CB_BOOTCLUSTER", "Cluster to start on boot"),
    ("O2CB_HEARTBEAT_THRESHOLD", "Heartbeat dead threshold (7 and more; seconds / 2 + 1)"),
    ("O2CB_IDLE_TIMEOUT_MS", "Network idle timeout in ms (5000 and more)"),
    ("O2CB_KEEPALIVE_DELAY_MS", "Network keepalive delay in ms (1000 and more)"),
    ("O2CB_RECONNECT_DELAY_MS", "Network reconnect delay in ms (2000 and more)"),
    ("O2CB_FENCE_METHOD", "Fence method (reset/panic)"),
    ("O2CB_PANIC_ON_OOPS", "kernel.panic_on_oops (0/1)"),
    ("O2CB_PANIC", "kernel.panic, seconds"),
    ("O2CB_FIREWALL", "Firewall that lets the other nodes in (firewalld/ufw)"),
];

impl Configure {
    fn changes(&self) -> Vec<(&'static str, String)> {
        let options = [
            ("O2CB_ENABLED", &self.enabled),
            ("O2CB_BOOTCLUSTER", &self.cluster),
            ("O2CB_HEARTBEAT_THRESHOLD", &self.threshold),
            ("O2CB_IDLE_TIMEOUT_MS", &self.idle_ms),
            ("O2CB_KEEPALIVE_DELAY_MS", &self.keepalive_ms),
            ("O2CB_RECONNECT_DELAY_MS", &self.reconnect_ms),
            ("O2CB_FENCE_METHOD", &self.fence),
            ("O2CB_PANIC_ON_OOPS", &self.panic_on_oops),
            ("O2CB_PANIC", &self.panic),
            ("O2CB_FIREWALL", &self.firewall),
        ];
        options.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

/// What is wrong with a value, if anything.
fn wrong(name: &str, value: &str) -> Option<String> {
    let is_boolean = matches!(value, "true" | "false");
    match name {
        "O2CB_ENABLED" => (!is_boolean).then(|| format!("{name}={value}: it must be true or false")),
        "O2CB_BOOTCLUSTER" => {
            let is_name = value.len() <= 16 && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
            (!is_name).then(|| format!("{name}={value}: a cluster's name has at most 16 letters and digits"))
        }
        _ => Defaults::of([(name, value)]).1.first().map(ToString::to_string),
    }
}

/// Sets what the options say; without options asks for each on a terminal. What the kernel would refuse is not written.
pub fn configure(sources: &dyn Sources, options: &Configure, io: &mut Io<'_>) -> anyhow::Result<u8> {
    let mut changes = options.changes();
    if changes.is_empty() {
        let before = variables(&sources.defaults()?.defaults);
        for (name, question) in QUESTIONS {
            let now = before.iter().find(|(variable, _)| *variable == name).map_or("", |(_, value)| value.as_str());
            loop {
                let Some(answer) = (io.ask)(&format!("{question} [{now}], - for none: "))? else {
                    writeln!(io.err, "o2cb: nobody is there to ask: name what to set, see `o2cb configure --help`")?;
                    return Ok(FAILED);
                };
                let value = if answer == "-" { String::new() } else { answer };
                // Enter keeps what is.
                if value.is_empty() && now.is_empty() || value == now {
                    break;
                }
                let Some(what) = wrong(name, &value) else {
                    changes.push((name, value));
                    break;
                };
                writeln!(io.err, "{what}")?;
            }
        }
    }
    let wrongs: Vec<String> = changes.iter().filter_map(|(name, value)| wrong(name, value)).collect();
    if !wrongs.is_empty() {
        writeln!(io.err, "o2cb: {}; nothing was written", wrongs.join("; "))?;
        return Ok(FAILED);
    }
    write(sources, &changes, io)
}

/// Sets `O2CB_ENABLED`. Unlike the init script it starts and stops nothing.
pub fn enable(sources: &dyn Sources, enabled: bool, io: &mut Io<'_>) -> anyhow::Result<u8> {
    write(sources, &[("O2CB_ENABLED", enabled.to_string())], io)
}

fn write(sources: &dyn Sources, changes: &[(&'static str, String)], io: &mut Io<'_>) -> anyhow::Result<u8> {
    if changes.is_empty() {
        writeln!(io.out, "Nothing to change")?;
        return Ok(0);
    }
    let path = sources.set_defaults(changes)?;
    writeln!(io.out, "Writing O2CB configuration: OK")?;
    for (name, value) in changes {
        writeln!(io.out, "  {name}={value}")?;
    }
    writeln!(io.err, "o2cb: {} is written; `o2cb online` brings it to the kernel", path.display())?;
    Ok(0)
}
