//! `meta` of a frame.

use std::fmt::Write as _;
use std::time::Duration;

/// How the reading of one file went.
pub struct FileMeta {
    /// Path on the node, or the name that a second reading has in the recording.
    pub path: String,
    /// Bytes that came.
    pub bytes: u64,
    /// Calls of read(2), the last empty one included.
    pub reads: u64,
    /// Start after the frame's.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// Seed of the read sizes, where they were random.
    pub seed: Option<u64>,
    /// Errno as text and number, if it ended with one.
    pub error: Option<String>,
}

/// What a frame tells of itself.
pub struct Meta<'m> {
    /// Frame's number.
    pub seq: u64,
    /// Node's name.
    pub node: &'m str,
    /// Node's clock at the frame's start, after the epoch.
    pub realtime: Duration,
    /// Time since boot then.
    pub uptime: Duration,
    /// When it was due, seconds since the epoch.
    pub due: f64,
    /// Its files, in the order of reading.
    pub files: &'m [FileMeta],
    /// Processes that wait, and how that was seen.
    pub pids: &'m [(u32, &'static str)],
    /// How long the frame took.
    pub took: Duration,
}

fn nanos(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

impl Meta<'_> {
    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "seq {}\nnode {}\ncollector_pid {}", self.seq, self.node, std::process::id())?;
        writeln!(text, "realtime {}\nuptime {:.6}\nslot_due {:.3}", nanos(self.realtime), self.uptime.as_secs_f64(), self.due)?;
        for file in self.files {
            write!(text, "file {} bytes={} reads={}", file.path, file.bytes, file.reads)?;
            write!(text, " at={:.6} dur={:.6}", file.at.as_secs_f64(), file.took.as_secs_f64())?;
            if let Some(error) = &file.error {
                write!(text, " err={error}")?;
            }
            if let Some(seed) = file.seed {
                write!(text, " seed={seed}")?;
            }
            text.push('\n');
        }
        let pids: Vec<String> = self.pids.iter().map(|(pid, why)| format!("{pid}:{why}")).collect();
        writeln!(text, "pids {}", if pids.is_empty() { "-".to_owned() } else { pids.join(" ") })?;
        writeln!(text, "realtime_end {}\nframe_dur {:.6}", nanos(self.realtime + self.took), self.took.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_first_recordings_have_it() {
        let file = |path: &str, seed, error: Option<&str>| FileMeta {
            path: path.to_owned(),
            bytes: 344_722,
            reads: 123,
            at: Duration::from_micros(104_253),
            took: Duration::from_micros(52_532),
            seed,
            error: error.map(str::to_owned),
        };
        let meta = Meta {
            seq: 42,
            node: "node2",
            realtime: Duration::new(1_795_299_889, 2_085_216),
            uptime: Duration::from_millis(282_940),
            due: 1_795_299_889.0,
            files: &[file("/a.rnd", Some(7), None), file("/b", None, Some("Permission_denied(13)"))],
            pids: &[(0, "glock-W"), (287, "workload-waiter")],
            took: Duration::from_micros(252_836),
        };
        let pid = std::process::id();
        let expected = format!(
            "seq 42\nnode node2\ncollector_pid {pid}\nrealtime 1795299889.002085216\nuptime 282.940000\nslot_due 1795299889.000\n\
             file /a.rnd bytes=344722 reads=123 at=0.104253 dur=0.052532 seed=7\n\
             file /b bytes=344722 reads=123 at=0.104253 dur=0.052532 err=Permission_denied(13)\n\
             pids 0:glock-W 287:workload-waiter\nrealtime_end 1795299889.254921216\nframe_dur 0.252836\n"
        );
        assert_eq!(meta.text(), expected);
    }
}
