//! What nobody knows beforehand: where in its 2 s each node's beat is, how late timers fire, when the last message came.

use super::cluster::Cluster;

/// One way things may stand. Parts of a thousand, from 0 to 1000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chance {
    /// The same for all that a node does.
    Chosen(Vec<NodeChance>),
    /// Everything drawn by itself, from a seed: half of it at an end of its range.
    Drawn(u64),
}

/// How things stand at a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeChance {
    /// Age of its last beat at the beginning; a node with one more beats 1 ms after.
    pub age: i64,
    /// How much of the beat is added, so that the order of beats can be chosen, milliseconds.
    pub age_ms: i64,
    /// How late its timers are, and how slow its beat.
    pub late: i64,
    /// Age of the last message that it received when a connection breaks.
    pub silence: i64,
    /// How long TCP waits until it sends again over a link that is healed.
    pub resend: i64,
}

const WHOLE: i64 = 1000;

/// What is asked for; part of the draw's seed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// The age of the last beat of a node in a region.
    Age(usize),
    /// How slow a node beats.
    Beat,
    /// Where the count of ticks of a node is, which is where the wheel of its timers is.
    Jiffies,
    /// The age of the last message from a node.
    Silence(usize),
    /// How long until something from a node arrives again.
    Resend(usize),
}

impl Chance {
    /// The part of `range` that falls to a node.
    pub(super) fn of(&self, node: usize, of: Of, range: i64) -> i64 {
        match self {
            Chance::Chosen(nodes) => {
                let chance = nodes.get(node).copied().unwrap_or_default();
                let part = match of {
                    Of::Age(_) => return (range * chance.age / WHOLE + chance.age_ms).clamp(0, range),
                    Of::Beat => chance.late,
                    Of::Silence(_) => chance.silence,
                    Of::Jiffies => 0,
                    Of::Resend(_) => chance.resend,
                };
                range * part / WHOLE
            }
            Chance::Drawn(seed) => {
                let (kind, with) = match of {
                    Of::Age(region) => (1, region),
                    Of::Beat => (2, 0),
                    Of::Jiffies => (3, 0),
                    Of::Silence(peer) => (4, peer),
                    Of::Resend(peer) => (5, peer),
                };
                let drawn = mixed(mixed(mixed(*seed) ^ ((node as u64) << 32 | with as u64)) ^ kind);
                match drawn & 3 {
                    0 => 0,
                    1 => range,
                    _ => (drawn >> 8).cast_signed().rem_euclid(range.max(0) + 1),
                }
            }
        }
    }

    /// When a timer fires that is set `now` for `delay` later and may be `grain` late.
    pub(super) fn fires(&self, node: usize, now: i64, delay: i64, grain: i64) -> i64 {
        match self {
            Chance::Chosen(nodes) => now + delay + grain * nodes.get(node).map_or(0, |chance| chance.late) / WHOLE,
            // At the next turn of that level of the wheel: all timers of a node turn together.
            Chance::Drawn(_) => {
                let (grain, jiffies) = (grain.max(1), self.of(node, Of::Jiffies, 1 << 20));
                ((jiffies + now + delay).div_euclid(grain) + 1) * grain - jiffies
            }
        }
    }
}

/// A number that looks like chance (the finalizer of splitmix64).
fn mixed(number: u64) -> u64 {
    let mut number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// With more nodes than this, ways in which beats stand anywhere between are left to the draws.
const MANY: usize = 16;

/// Where a node's last beat before its end stands depends on all that went before: beats that stand anywhere between each other's.
fn between(one: usize, count: usize) -> impl Iterator<Item = Chance> {
    const AGES: [i64; 5] = [0, WHOLE / 4, WHOLE / 2, WHOLE * 3 / 4, WHOLE];
    let ends = [0, WHOLE];
    let ages = AGES.into_iter().flat_map(move |age| AGES.map(|others| (age, others)));
    let lates = ages.flat_map(move |ages| ends.map(|late| (ages, late))).flat_map(move |before| ends.map(|late| (before, late)));
    let ways = lates.flat_map(move |before| ends.map(|silence| (before, silence)));
    ways.map(move |((((age, others), late), other_late), silence)| {
        let other = NodeChance { age: others, age_ms: 0, late: other_late, silence, resend: WHOLE };
        let mut nodes = vec![other; count];
        if let Some(node) = nodes.get_mut(one) {
            *node = NodeChance { age, age_ms: 0, late, silence, resend: 0 };
        }
        Chance::Chosen(nodes)
    })
}

/// The ways that are tried: all early, all late, the other ends of all ranges, each node in turn at one end and the others at the
/// other, beats just before and just after each other's, or anywhere between; and draws.
pub fn ways(cluster: &Cluster, draws: u64) -> Vec<Chance> {
    let count = cluster.nodes.len();
    let early = NodeChance { age: WHOLE, age_ms: 0, late: 0, silence: WHOLE, resend: 0 };
    let mut ends = vec![early, NodeChance { age: 0, age_ms: 0, late: WHOLE, silence: 0, resend: WHOLE }];
    for (late, silence) in [(0, WHOLE), (WHOLE, 0), (0, 0), (WHOLE, WHOLE)] {
        for resend in [0, WHOLE] {
            for age in [0, WHOLE] {
                let end = NodeChance { age, age_ms: 0, late, silence, resend };
                if !ends.contains(&end) {
                    ends.push(end);
                }
            }
        }
    }
    let mut ways: Vec<Chance> = ends.into_iter().map(|end| Chance::Chosen(vec![end; count])).collect();
    for one in 0..count {
        for (late, silence) in [(0, WHOLE), (WHOLE, 0)] {
            for (age, age_ms) in [(0, 1), (WHOLE, -1)] {
                // The others beat just before the one, or just after; and what is early with it is early or late with them.
                for (others, others_ms) in [(age, age_ms + 1), (age, age_ms - 1), (WHOLE - age, 0)] {
                    for other_late in [late, WHOLE - late] {
                        let other = NodeChance { age: others, age_ms: others_ms, late: other_late, silence, resend: WHOLE };
                        let mut nodes = vec![other; count];
                        if let Some(node) = nodes.get_mut(one) {
                            *node = NodeChance { age, age_ms, late, silence, resend: 0 };
                        }
                        ways.push(Chance::Chosen(nodes));
                    }
                }
            }
        }
    }
    if count <= MANY {
        ways.extend((0..count).flat_map(|one| between(one, count)));
    }
    ways.extend((0..draws).map(Chance::Drawn));
    ways
}
