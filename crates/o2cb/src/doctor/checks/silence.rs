//! Connections over which nothing comes any more. The kernel keeps such a one, and the node stays in `connected_nodes` until it is
//! evicted: only TCP itself tells, and the kernel's log, which does not say that a message came after all.

use crate::doctor::check::Finding;
use crate::doctor::facts::Facts;
use crate::doctor::facts::disks::Pulse;
use crate::found::FoundCluster;
use formats::kernel_log::{Event, Message};

/// Silence is said again after each idle timeout (`o2net_idle_timer`, `fs/ocfs2/cluster/tcp.c`), and this much may pass until it is in the
/// log, ms.
const LATE_MS: u64 = 5000;
/// The log is searched so far back, seconds: a decision may be older than the last word of the silence.
const BACK_S: u64 = 86_400;

/// How long a node has been silent.
struct Silence<'a> {
    /// Since something came, ms.
    ms: u64,
    /// Since the kernel took note, which is when it began to wait for the quorum's decision, ms.
    noted_ms: u64,
    /// What the log says of it.
    said: Vec<&'a Message>,
    /// Whether TCP tells it. Else something may have come since the log's last word, so many ms ago.
    last_said_ms: Option<u64>,
}

/// Whether a node that beats and is connected, both times that this was read, has fallen silent.
pub fn judge(facts: &Facts, cluster: &FoundCluster, node: u32) -> Option<Finding> {
    let found = &facts.status.found;
    let connected = found.beats.live.is()?.contains(&node) && found.connected.is()?.contains(&node);
    (connected && facts.again.as_ref().is_none_or(|again| again.connected(node))).then_some(())?;
    let idle_ms = cluster.idle_ms.is().map(|idle_ms| u64::from(*idle_ms));
    let recent = facts.since_registered(BACK_S);
    let silence = match facts.again.as_ref().and_then(|again| again.silent_ms(node)).zip(idle_ms) {
        Some((ms, idle_ms)) => of_tcp(facts, &recent, node, ms, idle_ms)?,
        None => of_log(facts, &recent, node, idle_ms)?,
    };
    let threshold = cluster.threshold.is().copied();
    let name = facts.node(node);
    let decided = recent.iter().any(|message| {
        let is = matches!(message.event, Some(Event::NotFencing { .. }));
        is && ago_ms(facts, message).is_some_and(|ago_ms| ago_ms < silence.noted_ms)
    });
    let decides = if decided {
        let dead = threshold.map_or_else(|| "long enough".to_owned(), |threshold| format!("{} s", crate::status::dead_after_s(threshold)));
        format!("the quorum has decided: this node stays; the other one counts as dead once it has not beaten on disk for {dead}")
    } else {
        let left = threshold.map(|threshold| crate::status::quorum_after_s(threshold).saturating_sub(silence.noted_ms / 1000));
        match left {
            None => "the quorum decides soon who fences".to_owned(),
            Some(0) => "the quorum decides now who fences".to_owned(),
            Some(left) => format!("in {left} s the quorum decides who fences"),
        }
    };
    let what = match silence.last_said_ms {
        None => format!("nothing has come from {name} over the network for {} s; {decides}", silence.ms / 1000),
        Some(ago_ms) => format!(
            "nothing had come from {name} over the network for {} s when the kernel last said so, {} s ago; if nothing came since, {decides}",
            silence.ms.saturating_sub(ago_ms) / 1000,
            ago_ms / 1000
        ),
    };
    let mut finding =
        Finding::trouble(what).seen("/sys/kernel/debug/o2net/connected_nodes still has it: the connection is kept until it counts as dead");
    finding = match (silence.last_said_ms, facts.again.as_ref().map(|again| &again.tcp)) {
        (None, _) => finding.seen(format!("TCP (sock_diag): data came last {} s ago", silence.ms / 1000)),
        (Some(_), Some(Err(why))) => finding.seen(format!("TCP was not asked: {why}")),
        (Some(_), _) => finding,
    };
    for message in silence.said.iter().rev().take(2).rev() {
        finding = finding.seen(format!("kernel log: {}", message.text));
    }
    let cancels = if decided { "" } else { ". A message in time cancels it" };
    let cause = match facts.pulse(node) {
        Some(Pulse::Beats) => format!("it still beats on disk: the network between the two is cut or overloaded{cancels}"),
        Some(Pulse::Silent { .. }) => "it does not beat on disk either: it died or stands still".to_owned(),
        None => format!("the network between the two is cut or overloaded, or the node died or stands still{cancels}"),
    };
    Some(finding.because(cause).fixed_by(format!("look at the network to {name} now: links, switch, `ping`; and at the node itself")))
}

/// Why silence could not be seen, if one of the nodes may be silent unseen.
pub fn unknown(facts: &Facts, nodes: &[u32]) -> Option<String> {
    let told = |node: &u32| facts.again.as_ref().is_some_and(|again| !again.connected(*node) || again.silent_ms(*node).is_some());
    if nodes.iter().all(told) {
        return None;
    }
    facts.log_unknown().map(|why| format!("whether connected nodes are silent: {why}"))
}

fn ago_ms(facts: &Facts, message: &Message) -> Option<u64> {
    Some(facts.logs.uptime_us?.saturating_sub(message.at.boot_us?) / 1000)
}

/// As TCP tells it: the kernel takes note after the idle timeout.
fn of_tcp<'a>(facts: &Facts, recent: &[&'a Message], node: u32, ms: u64, idle_ms: u64) -> Option<Silence<'a>> {
    let noted_ms = ms.checked_sub(idle_ms)?;
    let mut said = said(recent, node, Some(idle_ms));
    said.retain(|message| ago_ms(facts, message).is_some_and(|ago_ms| ago_ms < ms));
    Some(Silence { ms, noted_ms, said, last_said_ms: None })
}

/// As the log tells it: it is said, and neither contradicted since nor overdue to be said again.
fn of_log<'a>(facts: &Facts, recent: &[&'a Message], node: u32, idle_ms: Option<u64>) -> Option<Silence<'a>> {
    let said = said(recent, node, idle_ms);
    let (first, last) = (said.first()?, said.last()?);
    let (Some(Event::Idle { ms: before_ms, .. }), Some(Event::Idle { ms, .. })) = (&first.event, &last.event) else { return None };
    let (noted_ms, last_said_ms) = (ago_ms(facts, first)?, ago_ms(facts, last)?);
    // A message that came ends it without a word, and starts the clock anew.
    if last_said_ms > idle_ms.unwrap_or(*ms).saturating_add(LATE_MS) {
        return None;
    }
    Some(Silence { ms: noted_ms.saturating_add(*before_ms), noted_ms, said, last_said_ms: Some(last_said_ms) })
}

/// The last run of messages that a node is silent: each within one idle timeout of the one before, and none of a connection since.
fn said<'a>(recent: &[&'a Message], node: u32, idle_ms: Option<u64>) -> Vec<&'a Message> {
    let mut run: Vec<&Message> = Vec::new();
    for message in recent {
        let Some(event) = message.event.as_ref().filter(|event| event.node() == Some(node)) else { continue };
        match event {
            Event::Idle { ms, .. } => {
                let within = i64::try_from(idle_ms.unwrap_or(*ms).saturating_add(LATE_MS).saturating_mul(1000)).unwrap_or(i64::MAX);
                let goes_on = run.last().and_then(|last| message.at.since(last.at)).is_none_or(|us| us <= within);
                if !goes_on {
                    run.clear();
                }
                run.push(message);
            }
            Event::Connected { .. }
            | Event::Disconnected { .. }
            | Event::Shutdown { .. }
            | Event::Left { .. }
            | Event::Evicted { .. }
            | Event::RecoveryBegins { .. } => run.clear(),
            _ => {}
        }
    }
    run
}
