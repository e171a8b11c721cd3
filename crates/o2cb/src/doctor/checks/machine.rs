//! The machine around the cluster.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::found::{Filesystem, Seen};
use formats::kernel_log::Event;

/// Bits of `tainted` that tell of trouble (`Documentation/admin-guide/tainted-kernels.rst`), and what each means.
const STUMBLED: [(u64, &str, &str); 4] = [
    (1 << 4, "a machine check", "the hardware reported an error"),
    (1 << 5, "a page of memory was found bad", "the memory or what the kernel wrote of it is damaged"),
    (1 << 7, "the kernel died once (Oops)", "what the failed thread held stays held: this node may block the others while it seems alive"),
    (
        1 << 14,
        "a CPU hung (soft lockup)",
        "it did nothing else for 20 s or more: heartbeats and answers that wait so long cost a node its life",
    ),
];
/// That of an Oops.
const OOPS: u64 = 1 << 7;

pub fn kernel_health(facts: &Facts) -> Verdict {
    let Some(&tainted) = facts.kernel.tainted.is() else {
        return Verdict::Unknown(format!("/proc/sys/kernel/tainted: {}", facts.kernel.tainted.words(u64::to_string)), Vec::new());
    };
    let bits = || STUMBLED.iter().filter(|(bit, _, _)| tainted & bit != 0);
    let said: Vec<&str> = bits().map(|(_, words, _)| *words).collect();
    if said.is_empty() {
        return Verdict::Fine(format!("/proc/sys/kernel/tainted is {tainted}: no Oops, no lockup"));
    }
    let mut finding = Finding::trouble(format!("since this kernel started: {}", said.join(", ")))
        .seen(format!("/proc/sys/kernel/tainted is {tainted}"))
        .because(bits().map(|(_, _, meaning)| *meaning).collect::<Vec<_>>().join("; "))
        .fixed_by(if tainted & OOPS != 0 {
            "unmount the volumes of this node if that still works, and restart it; `dmesg` has the trace"
        } else {
            "`dmesg` has what it was; the mark stays until the next start"
        });
    for message in facts.now().iter().filter(|message| matches!(message.event, Some(Event::Oops))).take(3) {
        finding = finding.seen(format!("kernel log: {}", message.text));
    }
    Verdict::Findings(vec![finding])
}

pub fn crash_restart(facts: &Facts) -> Verdict {
    if facts.cluster().is_none() && facts.status.asked.cluster.is_none() {
        return Verdict::NotApplicable("no cluster is configured".to_owned());
    }
    let sysctls = &facts.status.found.sysctls;
    let mut findings = Vec::new();
    if sysctls.panic_on_oops.has(&0) {
        let finding = Finding::risk("after a crash in the kernel this node would stay half alive")
            .seen("kernel.panic_on_oops is 0")
            .because("a node that beats and does not answer blocks all others; only a dead one is recovered")
            .fixed_by("echo kernel.panic_on_oops=1 > /etc/sysctl.d/90-o2cb.conf; sysctl -p /etc/sysctl.d/90-o2cb.conf");
        findings.push(finding);
    }
    if sysctls.panic_s.has(&0) {
        let mut finding = Finding::risk("after a panic this node would stay down")
            .seen("kernel.panic is 0")
            .because("with 0 the kernel waits for somebody to restart it")
            .fixed_by("echo kernel.panic=30 >> /etc/sysctl.d/90-o2cb.conf; sysctl -p /etc/sysctl.d/90-o2cb.conf");
        if facts.cluster().is_some_and(|cluster| cluster.fence.has(&"panic".to_owned())) {
            finding = finding.seen("fence_method is panic: after a fence too");
        }
        findings.push(finding);
    }
    let fence = facts.cluster().map_or_else(String::new, |cluster| format!(", fence_method {}", cluster.fence.words(Clone::clone)));
    let seen = format!(
        "kernel.panic_on_oops {}, kernel.panic {}{fence}",
        sysctls.panic_on_oops.words(u32::to_string),
        sysctls.panic_s.words(i32::to_string)
    );
    let unknown = (sysctls.panic_on_oops.is_unknown() || sysctls.panic_s.is_unknown()).then(|| seen.clone());
    Verdict::of(findings, seen).but_unknown(unknown)
}

pub fn filesystems(facts: &Facts) -> Verdict {
    let found = &facts.status.found;
    if !facts.kernel.running {
        return Verdict::NotApplicable("nothing of the stack is loaded".to_owned());
    }
    let missing = |filesystem: &Filesystem| filesystem.mounted.has(&false);
    let mut findings = Vec::new();
    if missing(&found.configfs) {
        let finding = Finding::trouble("configfs is not mounted at /sys/kernel/config: no cluster can be registered or seen")
            .because("the tools say `Unable to access cluster service` then")
            .fixed_by("o2cb load");
        findings.push(finding);
    }
    if missing(&found.debugfs) {
        let finding = Finding::risk("debugfs is not mounted at /sys/kernel/debug: heartbeats, connections and domains cannot be seen")
            .because("the kernel tells them there only")
            .fixed_by("mount -t debugfs debugfs /sys/kernel/debug");
        findings.push(finding);
    }
    if facts.cluster().is_some() && missing(&found.dlmfs) && !found.dlmfs.folder {
        let finding = Finding::risk("dlmfs cannot be mounted: there is no folder /dlm")
            .because("Debian makes none; the init script makes it when it loads the stack")
            .fixed_by("mkdir /dlm, then `o2cb load`");
        findings.push(finding);
    }
    Verdict::of(findings, "configfs and debugfs are mounted")
}

pub fn online(facts: &Facts) -> Verdict {
    let found = &facts.status.found;
    if let (Some(other), Some(name)) = (found.cluster(), &facts.status.name)
        && other.name != *name
    {
        let finding = Finding::trouble(format!("cluster '{}' is registered, not '{name}'", other.name))
            .because("the kernel has room for one cluster")
            .fixed_by(format!("o2cb offline {}, then `o2cb online {name}`", other.name));
        return Verdict::Findings(vec![finding]);
    }
    if let Seen::Is(stack) = &found.stack
        && stack != "o2cb"
        && facts.status.asked.cluster.is_some()
    {
        let finding = Finding::trouble(format!("the cluster stack is '{stack}', not 'o2cb'"))
            .seen(format!("/sys/fs/ocfs2/cluster_stack is {stack}"))
            .because("a volume or domain of another stack (Pacemaker) was used first: `Cluster stack is invalid`")
            .fixed_by("unmount all volumes of the other stack, then `echo o2cb > /sys/fs/ocfs2/cluster_stack`");
        return Verdict::Findings(vec![finding]);
    }
    match facts.status.online() {
        Some(true) => Verdict::Fine(format!("cluster '{}' is online", facts.cluster_name())),
        None => Verdict::Unknown(format!("what is registered: {}", found.clusters.words(|_| String::new())), Vec::new()),
        Some(false) if facts.status.asked.file.defaults.enabled && facts.status.asked.cluster.is_some() => {
            let name = facts.cluster_name();
            let finding = Finding::trouble(format!("cluster '{name}' is offline, and is to be online"))
                .seen(format!("O2CB_ENABLED=true in {}", facts.config.defaults_path))
                .because("it was not started, or its start failed")
                .fixed_by(format!("o2cb online {name}"));
            Verdict::Findings(vec![finding])
        }
        Some(false) => Verdict::NotApplicable("no cluster is online, and none is to be started".to_owned()),
    }
}
