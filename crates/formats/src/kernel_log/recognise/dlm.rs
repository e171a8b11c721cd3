//! `o2dlm: …` and `o2cb: …`, from `fs/ocfs2/dlm/` and `fs/ocfs2/stack_o2cb.c`.

use super::super::pattern::holes;
use super::super::{Event, Side};

pub fn recognise(said: &str) -> Option<Event> {
    membership(said).or_else(|| recovery(said)).or_else(|| check(said))
}

/// `D ( 1 2 ) 2 nodes`: a domain, and the nodes in it if they are told. Before 3.2 it was `D` alone.
fn domain(text: &str) -> (String, Option<Vec<u32>>) {
    let Some((domain, nodes)) = text.split_once('(') else { return (text.trim_end().to_owned(), None) };
    let list = nodes.split_once(')').map(|(list, _)| list.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>());
    (domain.trim_end().to_owned(), list.and_then(Result::ok))
}

fn membership(said: &str) -> Option<Event> {
    if let Some([named]) = holes("Joining domain {}", said) {
        let (domain, nodes) = domain(named);
        return Some(Event::Joining { domain, nodes });
    }
    if let Some([named]) = holes("Leaving domain {}", said) {
        return Some(Event::Leaving { domain: domain(named).0 });
    }
    if let Some([node, named]) = holes("Node {} joins domain {}", said) {
        let (domain, nodes) = domain(named);
        return Some(Event::Joined { node: node.parse().ok()?, domain, nodes });
    }
    if let Some([node, named]) = holes("Node {} leaves domain {}", said) {
        let (domain, nodes) = domain(named);
        return Some(Event::Left { node: node.parse().ok()?, domain, nodes });
    }
    let [node, domain] =
        holes("o2dlm has evicted node {} from domain {}", said).or_else(|| holes("o2dlm has evicted node {} from group {}", said))?;
    Some(Event::Evicted { node: node.parse().ok()?, domain: domain.to_owned() })
}

fn recovery(said: &str) -> Option<Event> {
    if let Some([domain, node]) = holes("Begin recovery on domain {} for node {}", said) {
        return Some(Event::RecoveryBegins { node: node.parse().ok()?, domain: domain.to_owned() });
    }
    if let Some([domain]) = holes("End recovery on domain {}", said) {
        return Some(Event::RecoveryEnds { domain: domain.to_owned() });
    }
    if let Some([node, who, dead, domain]) = holes("Node {} ({}) is the Recovery Master for the dead node {} in domain {}", said) {
        return Some(Event::RecoveryMaster {
            node: node.parse().ok()?,
            me: who == "me",
            dead: dead.parse().ok()?,
            domain: domain.to_owned(),
        });
    }
    if let Some([node, domain]) = holes("Waiting on the death of node {} in domain {}", said) {
        return Some(Event::WaitingForDeath { node: node.parse().ok()?, domain: domain.to_owned() });
    }
    let [node, domain] = holes("Waiting on the recovery of node {} in domain {}", said)?;
    Some(Event::WaitingForRecovery { node: node.parse().ok()?, domain: domain.to_owned() })
}

fn check(said: &str) -> Option<Event> {
    if let Some([nodes]) = holes("This node could not connect to nodes:{}", said) {
        let nodes = nodes.trim_end_matches('.').split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>();
        return Some(Event::CannotConnect { nodes: nodes.ok()? });
    }
    if let Some([mode]) = holes("{} heartbeat has not been started.", said) {
        return Some(Event::NotStarted { global: mode == "Global" });
    }
    match said {
        "Cluster check failed. Fix errors before retrying." => Some(Event::CheckFailed),
        "This node has not been configured." => Some(Event::NotConfigured),
        _ => None,
    }
}

/// What comes with the head of a logged error.
pub fn logged(said: &str) -> Option<Event> {
    if let Some([node]) = holes("link to {} went down!", said) {
        return Some(Event::LinkDown { node: node.parse().ok()? });
    }
    if let Some([_, node]) = holes("node mismatch {}, node {}", said) {
        return Some(Event::NodeMismatch { node: node.parse().ok()? });
    }
    if let Some([_, node]) = holes("Region mismatch {}, node {}", said) {
        return Some(Event::RegionMismatch { node: node.parse().ok()? });
    }
    if let Some([domain, ms]) = holes("Timed out joining dlm domain {} after {} msecs", said) {
        return Some(Event::JoinTimedOut { domain: domain.to_owned(), ms: ms.parse().ok()? });
    }
    let [domain, rest] = holes("Domain {}: {}", said)?;
    difference(domain.to_owned(), rest)
}

/// `dlm_match_nodes`, `dlm_match_regions` (`fs/ocfs2/dlm/dlmdomain.c`).
fn difference(domain: String, rest: &str) -> Option<Event> {
    let number = |text: &str| text.parse().ok();
    let modes = [
        (Side::Joining, "Joining node {} has global heartbeat enabled but local node {} does not"),
        (Side::Here, "Local node {} has global heartbeat enabled but joining node {} does not"),
    ];
    for (global, pattern) in modes {
        if let Some([first, second]) = holes(pattern, rest) {
            let (local, joining) = if global == Side::Here { (first, second) } else { (second, first) };
            return Some(Event::ModeDiffers { domain, global, local: number(local)?, joining: number(joining)? });
        }
    }
    let sides = [
        (Side::Joining, "{} registered in joining node {} but not in local node {}"),
        (Side::Here, "{} registered in local node {} but not in joining node {}"),
    ];
    for (on, pattern) in sides {
        let Some([what, first, second]) = holes(pattern, rest) else { continue };
        let (local, joining) = if on == Side::Here { (first, second) } else { (second, first) };
        let (local, joining) = (number(local)?, number(joining)?);
        if let Some([region]) = holes("Region '{}'", what) {
            return Some(Event::RegionDiffers { domain, region: region.to_owned(), on, local, joining });
        }
        let [node, address, port] = holes("Node {} ({}:{})", what)?;
        return Some(Event::NodeDiffers {
            domain,
            node: number(node)?,
            address: address.parse().ok()?,
            port: port.parse().ok()?,
            on,
            local,
            joining,
        });
    }
    None
}
