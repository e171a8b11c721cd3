//! Faults as arguments name them: `1,2/3,4`, `*@db2:40s`, `db3+10s`.

use super::cluster::Cluster;
use super::fault::{Fault, Spot, What};
use std::collections::BTreeSet;

/// The arguments that name faults.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// `--split`.
    pub splits: &'a [String],
    /// `--stall`.
    pub stalls: &'a [String],
    /// `--io-error`.
    pub io_errors: &'a [String],
    /// `--kill`.
    pub kills: &'a [String],
}

impl Asked<'_> {
    /// The faults, by the time they begin. The error says what is wrong with an argument.
    pub fn faults(&self, cluster: &Cluster) -> Result<Vec<Fault>, String> {
        let mut faults = Vec::new();
        for text in self.splits {
            let timed = Timed::of(text)?;
            faults.push(timed.fault(What::Split(groups(cluster, timed.text)?)));
        }
        for text in self.stalls {
            let timed = Timed::of(text)?;
            faults.push(timed.fault(What::Stall(spot(cluster, timed.text)?)));
        }
        for text in self.io_errors {
            let timed = Timed::of(text)?;
            faults.push(timed.fault(What::IoError(spot(cluster, timed.text)?)));
        }
        for text in self.kills {
            let timed = Timed::of(text)?;
            if timed.lasts_ms.is_some() {
                return Err(format!("'{text}': a killed node stays away in a forecast; say NODE or NODE+START"));
            }
            faults.push(timed.fault(What::Kill(node(cluster, timed.text)?)));
        }
        faults.sort_by_key(|fault| fault.start_ms);
        Ok(faults)
    }
}

/// `TEXT[:DURATION][+START]`.
struct Timed<'a> {
    text: &'a str,
    lasts_ms: Option<i64>,
    start_ms: i64,
}

impl<'a> Timed<'a> {
    fn of(whole: &'a str) -> Result<Timed<'a>, String> {
        let (rest, start_ms) = match whole.rsplit_once('+') {
            Some((rest, start)) => (rest, duration(start)?),
            None => (whole, 0),
        };
        let (text, lasts_ms) = match rest.rsplit_once(':') {
            Some((text, lasts)) => (text, Some(duration(lasts)?)),
            None => (rest, None),
        };
        if lasts_ms == Some(0) {
            return Err(format!("'{whole}': a fault of 0 s is none"));
        }
        Ok(Timed { text, lasts_ms, start_ms })
    }

    fn fault(&self, what: What) -> Fault {
        Fault { what, start_ms: self.start_ms, end_ms: self.lasts_ms.map(|lasts| self.start_ms + lasts) }
    }
}

/// At most a day: what is longer is as good as for ever.
const DURATION_MAX_MS: f64 = 86_400_000.0;

/// `40s`, `1500ms`, `2m`, `1h`, `40` (seconds), `1.5s`.
fn duration(text: &str) -> Result<i64, String> {
    let units = [("ms", 1.0), ("s", 1000.0), ("m", 60_000.0), ("h", 3_600_000.0), ("", 1000.0)];
    let parsed = units.iter().find_map(|(unit, ms)| {
        let number = text.strip_suffix(unit)?;
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        Some(number.parse::<f64>().ok().filter(|_| plain)? * ms)
    });
    match parsed {
        Some(ms) if ms <= DURATION_MAX_MS => Ok(ms.round() as i64),
        Some(_) => Err(format!("'{text}': more than a day is not forecast; without a duration the fault stays")),
        None => Err(format!("'{text}' is no duration; say 40s, 1500ms, 2m or 1h")),
    }
}

/// A node by name or number.
pub(super) fn node(cluster: &Cluster, named: &str) -> Result<usize, String> {
    let known = || cluster.nodes.iter().map(|node| format!("{} ({})", node.name, node.number)).collect::<Vec<_>>().join(", ");
    cluster.node(named).ok_or_else(|| format!("cluster '{}' has no beating node '{named}'; it has {}", cluster.name, known()))
}

fn groups(cluster: &Cluster, text: &str) -> Result<Vec<BTreeSet<usize>>, String> {
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    for part in text.split('/') {
        let mut group = BTreeSet::new();
        for named in part.split(',') {
            let node = node(cluster, named)?;
            if groups.iter().any(|group| group.contains(&node)) || !group.insert(node) {
                return Err(format!("'{text}': node {named} is named twice"));
            }
        }
        groups.push(group);
    }
    let rest: BTreeSet<usize> = (0..cluster.nodes.len()).filter(|node| !groups.iter().any(|group| group.contains(node))).collect();
    match (groups.len(), rest.is_empty()) {
        (1, true) => Err(format!("'{text}': all nodes are in one group, so nothing is split; say for example 1/2,3")),
        (1, false) => {
            groups.push(rest);
            Ok(groups)
        }
        (_, true) => Ok(groups),
        (_, false) => Err(format!("'{text}': {} in no group; every node that beats must be in one", cluster.names_of(&rest))),
    }
}

fn spot(cluster: &Cluster, text: &str) -> Result<Spot, String> {
    let Some((region, nodes)) = text.rsplit_once('@') else {
        return Err(format!("'{text}': say REGION@NODE; * stands for all regions, or all nodes"));
    };
    let nodes = match nodes {
        "*" | "all" => (0..cluster.nodes.len()).collect(),
        nodes => nodes.split(',').map(|named| node(cluster, named)).collect::<Result<_, _>>()?,
    };
    let regions = match region {
        "*" | "all" => (0..cluster.regions.len()).collect(),
        regions => regions.split(',').map(|named| self::region(cluster, named)).collect::<Result<_, _>>()?,
    };
    let spot = Spot { regions, nodes };
    // A node that does not use a volume does not notice.
    let members = |region: &usize| cluster.regions.get(*region).map(|region| &region.members);
    if spot.regions.iter().filter_map(members).all(|members| members.is_disjoint(&spot.nodes)) {
        return Err(format!("'{text}': none of these nodes beats in such a region"));
    }
    Ok(spot)
}

/// A region by UUID, the beginning of one, or device.
fn region(cluster: &Cluster, named: &str) -> Result<usize, String> {
    let device = named.strip_prefix("/dev/").unwrap_or(named);
    let upper = named.to_ascii_uppercase();
    let fits = |region: &super::cluster::Region| {
        let by_uuid = upper.len() >= 4 && region.uuid.as_ref().is_some_and(|uuid| uuid.starts_with(&upper));
        // The volumes of a local-mode configuration are not named: any may be meant.
        let any = region.uuid.is_none() && formats::cluster_conf::is_region(upper.as_bytes());
        by_uuid || any || region.device.as_deref() == Some(device)
    };
    let found: Vec<usize> = cluster.regions.iter().enumerate().filter(|(_, region)| fits(region)).map(|(index, _)| index).collect();
    let known: Vec<String> = cluster.regions.iter().filter_map(|region| region.uuid.clone()).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] if known.is_empty() => Err(format!("region '{named}' is not known: no region is; say *")),
        [] => Err(format!("cluster '{}' has no region '{named}'; it has {}", cluster.name, known.join(", "))),
        _ => Err(format!("region '{named}' may be any of {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::tests::testing::{cluster, global};

    fn faults(splits: &[&str], stalls: &[&str], kills: &[&str]) -> Result<Vec<Fault>, String> {
        let [splits, stalls, kills] = [splits, stalls, kills].map(|texts| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        Asked { splits: &splits, stalls: &stalls, io_errors: &[], kills: &kills }.faults(&global(4, 3))
    }

    #[test]
    fn what_arguments_mean() {
        let split = faults(&["1,db2/3,4:40s+1m"], &[], &[]).unwrap();
        assert_eq!(split, [Fault { what: What::Split(vec![[0, 1].into(), [2, 3].into()]), start_ms: 60_000, end_ms: Some(100_000) }]);
        assert_eq!(faults(&["3"], &[], &[]).unwrap()[0].what, What::Split(vec![[2].into(), [0, 1, 3].into()]));
        let stall = faults(&[], &["77d95EF51C0149D2823674FCC162CF01@2,3:1.5s"], &[]).unwrap();
        assert_eq!(
            stall[0],
            Fault { what: What::Stall(Spot { regions: [1].into(), nodes: [1, 2].into() }), start_ms: 0, end_ms: Some(1500) }
        );
        assert_eq!(faults(&[], &["*@all"], &["db4+5"]).unwrap()[0].what, What::Stall(Spot::everywhere(&global(4, 3))));
        assert_eq!(faults(&[], &[], &["db4+5"]).unwrap()[0], Fault { what: What::Kill(3), start_ms: 5000, end_ms: None });
        assert!(faults(&[], &["/dev/vdb@1", "vdc@db1"], &[]).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (splits, stalls, kills, words) in [
            (&["1/2"][..], &[][..], &[][..], "db3, db4 in no group"),
            (&["1,2,3,4"], &[], &[], "nothing is split"),
            (&["1,1/2,3,4"], &[], &[], "named twice"),
            (&["9"], &[], &[], "no beating node '9'; it has db1 (1), db2 (2), db3 (3), db4 (4)"),
            (&["1:soon"], &[], &[], "'soon' is no duration"),
            (&["1:0s"], &[], &[], "is none"),
            (&["1:48h"], &[], &[], "more than a day"),
            (&[], &["db2"], &[], "say REGION@NODE"),
            (&[], &["77D9@2"], &[], "may be any of"),
            (&[], &["nope@2"], &[], "no region 'nope'"),
            (&[], &[], &["db2:4s"], "stays away"),
            (&[], &[], &["+4s"], "no beating node ''"),
        ] {
            let told = faults(splits, stalls, kills).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
        let stalls = ["77D9@1".to_owned()];
        let told = Asked { stalls: &stalls, ..Asked::default() }.faults(&cluster(2)).unwrap_err();
        assert!(told.contains("say *"), "{told}");
    }
}
