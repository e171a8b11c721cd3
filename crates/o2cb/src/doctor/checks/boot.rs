//! What happens at boot and at shutdown.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::boot::{FstabEntry, MountKind, Starter};

/// Why a check does not concern this machine.
fn no_cluster(facts: &Facts) -> Option<Verdict> {
    (facts.config.there != Ok(true)).then(|| Verdict::NotApplicable(format!("there is no {}", facts.config.path)))
}

pub fn boot_cluster(facts: &Facts) -> Verdict {
    if let Some(verdict) = no_cluster(facts) {
        return verdict;
    }
    let config = &facts.config;
    let names: Vec<&str> = config.config.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    let defaults = &facts.status.asked.file.defaults;
    let mut findings = Vec::new();
    match &defaults.boot_cluster {
        Some(name) if !names.contains(&name.as_str()) => {
            let finding =
                Finding::trouble(format!("O2CB_BOOTCLUSTER is '{name}', which {} does not have: it has {}", config.path, listed(&names)))
                    .seen(format!("{}: O2CB_BOOTCLUSTER={name}", config.defaults_path))
                    .because("the init script then starts nothing")
                    .fixed_by(format!("o2cb configure --cluster NAME, with one of {}", listed(&names)));
            findings.push(finding);
        }
        None if defaults.enabled && names.len() != 1 => {
            let finding = Finding::trouble(format!("no cluster is named to be started at boot; {} has {}", config.path, listed(&names)))
                .seen(format!("{}: O2CB_BOOTCLUSTER is not set", config.defaults_path))
                .because("`Cluster not known`: which one is meant cannot be told")
                .fixed_by(format!("O2CB_BOOTCLUSTER=NAME in {}", config.defaults_path));
            findings.push(finding);
        }
        _ => {}
    }
    Verdict::of(findings, format!("{} has {}", config.path, listed(&names)))
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "no cluster that can be used".to_owned() } else { names.join(", ") }
}

pub fn start(facts: &Facts) -> Verdict {
    if let Some(verdict) = no_cluster(facts) {
        return verdict;
    }
    let (boot, config) = (&facts.boot, &facts.config);
    let mut findings = Vec::new();
    let defaults = &facts.status.asked.file.defaults;
    if !defaults.enabled {
        let seen = if config.defaults_there { "O2CB_ENABLED is not true".to_owned() } else { "there is no such file".to_owned() };
        let finding = Finding::risk("the cluster is not started at boot")
            .seen(format!("{}: {seen}", config.defaults_path))
            .because("only the word `true` counts; the unit of ocfs2-tools writes `false` there at each shutdown (ExecStop=… disable)")
            .fixed_by(format!("o2cb enable (O2CB_ENABLED=true in {})", config.defaults_path));
        findings.push(finding);
    }
    for starter in boot.unit.iter().chain(&boot.script) {
        findings.extend(unit(facts, starter));
    }
    if boot.systemd {
        let enabled = [&boot.unit, &boot.script].into_iter().flatten().any(|starter| starter.enabled);
        let required =
            boot.fstab.iter().any(|entry| entry.requires_o2cb() && !entry.has("noauto")) && (boot.unit.is_some() || boot.script.is_some());
        if !enabled && !required && defaults.enabled {
            let finding = Finding::risk("nothing starts o2cb at boot")
                .seen("neither is o2cb.service wanted by a target below /etc/systemd/system, nor is the init script linked in /etc/rc?.d, nor does a line of /etc/fstab require it")
                .because("O2CB_ENABLED=true only says that a start succeeds; systemd must start it")
                .fixed_by("systemctl enable o2cb");
            findings.push(finding);
        }
        for entry in boot.fstab.iter().filter(|entry| !entry.requires_o2cb() && !boot.ordered(entry) && !entry.has("noauto")) {
            let finding = Finding::risk(format!("{} may be mounted before the cluster is online, and fail", entry.mount_point))
                .seen(place(entry))
                .because("without x-systemd.requires=o2cb.service systemd does not know that the mount needs o2cb, and no unit o2cb.service that is started at boot goes before all mounts of the network (Before= and Wants=remote-fs-pre.target)")
                .fixed_by(with(entry, "x-systemd.requires=o2cb.service"));
            findings.push(finding);
        }
    }
    Verdict::of(findings, format!("O2CB_ENABLED, {} line(s) of /etc/fstab, what starts o2cb", boot.fstab.len()))
}

fn place(entry: &FstabEntry) -> String {
    format!("/etc/fstab:{}: {} {} ocfs2 {}", entry.line, entry.what, entry.mount_point, entry.options.join(","))
}

fn with(entry: &FstabEntry, option: &str) -> String {
    let kept: Vec<&str> = entry.options.iter().map(String::as_str).filter(|own| *own != "defaults").chain([option]).collect();
    format!("/etc/fstab:{}: {} {} ocfs2 {} 0 0", entry.line, entry.what, entry.mount_point, kept.join(","))
}

fn unit(facts: &Facts, starter: &Starter) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !starter.path.ends_with(".service") {
        return findings;
    }
    if starter.names("Requires", "network.service") && !facts.boot.network_service {
        let finding = Finding::trouble(format!(
            "{} requires network.service, which this machine does not have: it never starts",
            starter.path
        ))
        .because("network.service is of distributions with sysconfig networking")
        .fixed_by(
            "systemctl edit --full o2cb: write Wants=network-online.target and After=network-online.target in place of it (a drop-in \
                     cannot take a dependency away)",
        );
        findings.push(finding);
    }
    if starter.names("ExecStop", "disable") {
        let finding = Finding::risk(format!("{} writes O2CB_ENABLED=false at each stop", starter.path))
            .seen("ExecStop=… disable")
            .because("after a shutdown that loses its start, the cluster stays offline")
            .fixed_by("install the o2cb.service of this project: it never writes to its configuration");
        findings.push(finding);
    }
    findings
}

pub fn shutdown_order(facts: &Facts) -> Verdict {
    if let Some(verdict) = no_cluster(facts) {
        return verdict;
    }
    let mut findings = Vec::new();
    let after =
        facts.cluster().and_then(|cluster| cluster.threshold.is()).map_or(66, |threshold| crate::status::quorum_after_s(*threshold));
    let mut unknown = Vec::new();
    for entry in facts.boot.fstab.iter().filter(|entry| !entry.has("_netdev")) {
        // Without systemd, scripts go by `_netdev` alone.
        match facts.boot.kind(entry).filter(|_| facts.boot.systemd) {
            Some(MountKind::Network) => continue,
            None if facts.boot.systemd => {
                unknown.push(format!(
                    "whether systemd takes {} for a mount of the network: it has no _netdev, and is noauto or not read by systemd yet ({})",
                    entry.mount_point,
                    place(entry)
                ));
                continue;
            }
            _ => {}
        }
        let finding = Finding::risk(format!("at shutdown the network may stop before {} is unmounted", entry.mount_point))
            .seen(place(entry))
            .because(format!("a node without its network and with a volume mounted fences itself some {after} s later, and takes its turn in the quorum until then"))
            .fixed_by(with(entry, "_netdev"));
        findings.push(finding);
    }
    let ordered = |unit: &Starter| unit.values("After").iter().any(|value| value.contains("network"));
    if let Some(unit) = facts.boot.unit.as_ref().filter(|unit| !ordered(unit)) {
        let finding = Finding::risk(format!("{} is not ordered after the network", unit.path))
            .seen("no After= names network-online.target or network.service")
            .because("systemd stops in the reverse order: the network may be gone while the cluster still runs")
            .fixed_by("systemctl edit o2cb: [Unit] Wants=network-online.target / After=network-online.target");
        findings.push(finding);
    }
    Verdict::of(findings, survivors(facts)).but_unknown((!unknown.is_empty()).then(|| unknown.join("; ")))
}

/// Who stays if the nodes lose sight of each other.
fn survivors(facts: &Facts) -> String {
    let mut numbers: Vec<u32> =
        facts.status.asked.cluster.iter().flat_map(|cluster| &cluster.nodes).map(|node| u32::from(node.number)).collect();
    numbers.sort_unstable();
    match numbers.as_slice() {
        [] | [_] => "one node: no quorum is needed".to_owned(),
        [lowest, other] => format!(
            "in a split of the two nodes {lowest} and {other}, node {other} fences, whichever is well: the half with the lowest number stays"
        ),
        [lowest, .., highest] if numbers.len().is_multiple_of(2) => {
            format!(
                "in a split into halves the one without node {lowest} fences; a smaller part always does ({} nodes, up to {highest})",
                numbers.len()
            )
        }
        _ => format!("in a split the part with fewer than {} of {} nodes fences", numbers.len() / 2 + 1, numbers.len()),
    }
}
