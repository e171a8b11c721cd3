//! `/sys/kernel/debug/gfs2/TABLE/sbstats`: statistics of a whole file system by type of glock, per CPU
//! (`gfs2_sbstats_seq_show`, `fs/gfs2/glock.c`; the same from RHEL 6 to 7.3). A head and ten types of eight lines; a column per
//! CPU that may exist.
//!
//! ```text
//! type            cpu:               0               1
//! reserved       srtt:               0               0
//! …
//! inode           dlm:              33               4
//! inode         queue:             213              17
//! ```
//!
//! Times are smoothed per CPU, so they cannot be added up: see [`SbStats::weighted_srttb`]. The counters can.

use crate::problem::LineProblem;
use crate::scan::decimal;

/// Statistics since the file system was mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SbStats {
    /// Types in the order printed: number 0 (reserved) to 9 (journal).
    pub types: Vec<TypeStats>,
}

/// Statistics of the glocks of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeStats {
    /// Number of the type, told by its place: the first is 0.
    pub kind: u8,
    /// The kernel's name of the type.
    pub name: String,
    /// DLM requests, all CPUs.
    pub dlm: u64,
    /// Holders queued (lock calls of this node), all CPUs.
    pub queue: u64,
    /// Per CPU the smoothed times, ns, in the order of [`TIMES`]; those not printed are 0.
    pub times_ns: Vec<[u64; 6]>,
    /// DLM requests per CPU.
    pub dlm_per_cpu: Vec<u64>,
    /// Holders queued per CPU.
    pub queue_per_cpu: Vec<u64>,
}

/// Times of [`TypeStats::times_ns`]: mean and deviation of the DLM's round trip without waiting for other nodes, of the
/// round trip that may wait, and of the time between requests.
pub const TIMES: [&str; 6] = ["srtt", "srttvar", "srttb", "srttvarb", "sirt", "sirtvar"];

/// Index of the mean round trip that may wait for other nodes.
const SRTTB: usize = 2;

impl SbStats {
    /// Reads the whole file. A problem names the line in `field`: with one line wrong, the sums are.
    pub fn parse(text: &[u8]) -> Result<SbStats, LineProblem> {
        let mut lines = (1..).zip(text.split(|&byte| byte == b'\n'));
        let head = lines.next().and_then(|(_, line)| Row::of(line)).filter(|row| row.name == b"type" && row.what == b"cpu:");
        let head = head.ok_or(LineProblem { field: 1, expected: "type cpu: and the CPUs" })?;
        let cpus = head.values.len();
        let mut stats = SbStats::default();
        for (number, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
            let row = Row::of(line).ok_or(LineProblem { field: number, expected: "a type, a statistic and numbers" })?;
            if row.values.len() != cpus {
                return Err(LineProblem { field: number, expected: "a number per CPU" });
            }
            stats.add(row).ok_or(LineProblem { field: number, expected: "one of at most 256 types" })?;
        }
        Ok(stats)
    }

    fn add(&mut self, row: Row<'_>) -> Option<()> {
        if self.types.last().is_none_or(|last| last.name.as_bytes() != row.name) {
            let kind = u8::try_from(self.types.len()).ok()?;
            let name = String::from_utf8_lossy(row.name).into_owned();
            let times_ns = vec![[0; 6]; row.values.len()];
            self.types.push(TypeStats { kind, name, times_ns, ..TypeStats::default() });
        }
        let last = self.types.last_mut()?;
        let sum = |values: &[u64]| values.iter().fold(0, |sum: u64, &value| sum.wrapping_add(value));
        match row.what.strip_suffix(b":") {
            Some(b"dlm") => (last.dlm, last.dlm_per_cpu) = (sum(&row.values), row.values),
            Some(b"queue") => (last.queue, last.queue_per_cpu) = (sum(&row.values), row.values),
            Some(what) => {
                // A statistic of a later kernel is passed over.
                if let Some(at) = TIMES.iter().position(|time| time.as_bytes() == what) {
                    for (times, value) in last.times_ns.iter_mut().zip(row.values) {
                        if let Some(time) = times.get_mut(at) {
                            *time = value;
                        }
                    }
                }
            }
            None => return None,
        }
        Some(())
    }

    /// Per type of [`SbStats::types`] the mean DLM round trip of requests that may wait for other nodes, ns: that of each
    /// CPU, weighted by its DLM requests since `before`. `None` without requests, or if they do not follow `before`.
    ///
    /// `dlm` counts requests that cannot wait too, so it is the mean of where requests were made, not of each request.
    pub fn weighted_srttb(&self, before: &SbStats) -> Vec<Option<u64>> {
        let srttb = |now: &TypeStats| now.srttb(before.types.get(usize::from(now.kind)).filter(|then| then.name == now.name)?);
        self.types.iter().map(srttb).collect()
    }
}

impl TypeStats {
    fn srttb(&self, before: &TypeStats) -> Option<u64> {
        if self.dlm_per_cpu.len() != before.dlm_per_cpu.len() {
            return None;
        }
        let mut requests = 0u128;
        let mut time = 0u128;
        for ((now, then), times) in self.dlm_per_cpu.iter().zip(&before.dlm_per_cpu).zip(&self.times_ns) {
            let made = u128::from(now.checked_sub(*then)?);
            requests = requests.checked_add(made)?;
            time = time.checked_add(made.checked_mul(u128::from(*times.get(SRTTB)?))?)?;
        }
        u64::try_from(time.checked_div(requests)?).ok()
    }
}

/// One line: two words and numbers.
struct Row<'a> {
    name: &'a [u8],
    what: &'a [u8],
    values: Vec<u64>,
}

impl<'a> Row<'a> {
    fn of(line: &'a [u8]) -> Option<Row<'a>> {
        let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let (name, what) = (words.next()?, words.next()?);
        Some(Row { name, what, values: words.map(decimal).collect::<Option<Vec<u64>>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gfs2::GlockType;
    use proptest::prelude::*;

    fn two_cpus(srttb: [u64; 2], dlm: [u64; 2]) -> SbStats {
        let mut text = "type            cpu:               0               1\n".to_owned();
        text += &format!("{:<10} {:>8}: {:>15} {:>15}\n", "inode", "srttb", srttb[0], srttb[1]);
        text += &format!("{:<10} {:>8}: {:>15} {:>15}\n", "inode", "dlm", dlm[0], dlm[1]);
        SbStats::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn real_files_have_ten_types_of_eight_statistics() {
        for text in [&include_bytes!("../../testdata/gfs2/flock-node2/sbstats")[..], include_bytes!("../../testdata/gfs2/hot/sbstats")] {
            let stats = SbStats::parse(text).unwrap();
            assert_eq!(stats.types.len(), 10);
            for (kind, name, _) in GlockType::ALL {
                let found = &stats.types[usize::from(kind.0)];
                assert_eq!((found.kind, found.name.as_str()), (kind.0, name));
                assert_eq!(found.dlm_per_cpu.iter().sum::<u64>(), found.dlm);
                assert_eq!((found.times_ns.len(), found.queue_per_cpu.len()), (1, 1));
            }
            assert!(stats.types[2].dlm > 0 && stats.types[2].queue > 0 && stats.types[2].times_ns[0][SRTTB] > 0);
        }
    }

    #[test]
    fn the_mean_is_weighted_by_where_requests_were_made() {
        let before = two_cpus([0, 0], [100, 100]);
        let now = two_cpus([1000, 5000], [103, 101]);
        assert_eq!(now.weighted_srttb(&before), [Some(2000)]);
        assert_eq!(before.weighted_srttb(&before), [None]);
        assert_eq!(before.weighted_srttb(&now), [None]);
        assert_eq!(now.weighted_srttb(&SbStats::default()), [None]);
    }

    #[test]
    fn problems_name_their_line() {
        let line = |text: &str| SbStats::parse(text.as_bytes()).unwrap_err().field;
        assert_eq!(line(""), 1);
        assert_eq!(line("inode dlm: 1\n"), 1);
        assert_eq!(line("type cpu: 0 1\ninode dlm: 1\n"), 2);
        assert_eq!(line("type cpu: 0\ninode dlm: 1\ninode queue: x\n"), 3);
    }

    #[test]
    fn a_statistic_of_a_later_kernel_is_passed_over() {
        let stats = SbStats::parse(b"type cpu: 0\ninode new: 7\ninode dlm: 1\n").unwrap();
        assert_eq!((stats.types.len(), stats.types[0].dlm), (1, 1));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, tail: Vec<u8>) {
            let _ = SbStats::parse(&bytes);
            let mut text = b"type cpu: 0\ninode dlm: ".to_vec();
            text.extend(&tail);
            let _ = SbStats::parse(&text).map(|stats| stats.weighted_srttb(&stats));
        }
    }
}
