//! CPU time and memory of processes.

use crate::event;
use crate::processes::{self, Process};
use anyhow::Context as _;
use clap::Args;
use nix::unistd::{SysconfVar, sysconf};
use serde_json::{Value, json};

/// Which processes.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct Options {
    /// Process numbers. Those that are not there are in `absent`.
    pids: Vec<u32>,
    /// All processes of this name: the kernel's name for it, or the last part of what it was started as.
    #[arg(long)]
    name: Option<String>,
}

/// Tells it.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let ticks = sysconf(SysconfVar::CLK_TCK)?.context("no clock ticks")? as f64;
    let mut wanted: Vec<Process> = options.pids.iter().filter_map(|&pid| Process::of(pid)).collect();
    if let Some(name) = &options.name {
        let own = std::process::id();
        let same = |process: &Process| process.pid != own && (process.comm == *name || process.program() == name);
        wanted.extend(processes::all()?.into_iter().filter(|process| same(process) && !options.pids.contains(&process.pid)));
    }
    let told: Vec<Value> = wanted.iter().filter_map(|process| tell(process, ticks)).collect();
    let is_told = |pid: u32| told.iter().any(|process| process.get("pid").and_then(Value::as_u64) == Some(pid.into()));
    let absent: Vec<u32> = options.pids.iter().copied().filter(|&pid| !is_told(pid)).collect();
    Ok(event::emit("usage", &json!({ "ticks_per_second": ticks, "processes": told, "absent": absent }))?)
}

/// `None` if it has ended.
fn tell(process: &Process, ticks: f64) -> Option<Value> {
    let stat = std::fs::read_to_string(process.file("stat")).ok()?;
    let status = std::fs::read_to_string(process.file("status")).ok()?;
    let stat = Stat::parse(&stat)?;
    let kib = |key: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        value.trim().trim_end_matches("kB").trim().parse::<u64>().ok()
    };
    Some(json!({
        "pid": process.pid,
        "comm": process.comm,
        "argv0": process.argv0,
        "state": stat.state,
        "user_ticks": stat.user,
        "system_ticks": stat.system,
        "user_seconds": stat.user as f64 / ticks,
        "system_seconds": stat.system as f64 / ticks,
        "children_user_seconds": stat.children_user as f64 / ticks,
        "children_system_seconds": stat.children_system as f64 / ticks,
        "started_seconds": stat.started as f64 / ticks,
        "threads": stat.threads,
        "rss_kib": kib("VmRSS"),
        "peak_rss_kib": kib("VmHWM"),
    }))
}

/// What is wanted of `/proc/PID/stat`; times in ticks.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: String,
    user: u64,
    system: u64,
    children_user: u64,
    children_system: u64,
    threads: u64,
    /// After boot.
    started: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Stat> {
        // The name may have blanks and parentheses in it: the fields are counted from the last one, which ends field 2.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse().ok();
        Some(Stat {
            state: (*fields.first()?).to_owned(),
            user: number(14)?,
            system: number(15)?,
            children_user: number(16)?,
            children_system: number(17)?,
            threads: number(20)?,
            started: number(22)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_parenthesis() {
        let text = "283 (a) b) S 1 283 283 0 -1 4194304 1 2 3 4 51 62 7 8 20 0 3 0 15311 1 2 18446744073709551615";
        let expected = Stat { state: "S".into(), user: 51, system: 62, children_user: 7, children_system: 8, threads: 3, started: 15311 };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("1 (x) S 1"), None);
    }
}
