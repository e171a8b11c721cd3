//! The text that goes into a recording: what it is and how it is laid out.

use crate::lab::{Lab, names};
use std::collections::BTreeMap;

/// What is to be said.
pub struct Readme<'r> {
    /// The recording's name.
    pub name: &'r str,
    /// The lab.
    pub lab: &'r Lab,
    /// What `/proc/version` says.
    pub version: &'r str,
    /// When frame 0 was due, UTC as text.
    pub date: &'r str,
    /// What the story is.
    pub about: &'r str,
    /// Where the workloads were.
    pub directory: &'r str,
    /// Seconds from frame to frame.
    pub every: f64,
    /// Frames by node.
    pub frames: &'r BTreeMap<u8, u64>,
    /// How each node's recorder ended.
    pub ends: &'r BTreeMap<u8, String>,
    /// How far the nodes' clocks are ahead of the host's, and how sure that is, seconds.
    pub clocks: &'r BTreeMap<u8, (f64, f64)>,
    /// Whether o2dlm's `locking_state` was read.
    pub with_o2dlm_locking_state: bool,
}

impl Readme<'_> {
    /// The text.
    pub fn text(&self) -> String {
        let plan = &self.lab.plan;
        let file_systems: Vec<String> = plan.file_systems.iter().map(|file_system| format!("{file_system:?}").to_lowercase()).collect();
        let mut text = format!(
            "{}: raw kernel files of a real {}-node cluster: {} (stack {:?}, heartbeat threshold {}, idle timeout {} ms)\n{}\n",
            self.name,
            plan.nodes,
            file_systems.join(" + "),
            plan.stack,
            plan.timeouts.threshold,
            plan.timeouts.idle_ms,
            self.about,
        );
        text += &format!(
            "Workloads in {}; {} with {}, {} MiB a node, one processor; recorded {} (host's clock) by `cargo xtask lab record`.\nKernel: {}\n\n",
            self.directory,
            match plan.engine {
                crate::plan::Engine::Uml => "User Mode Linux",
                crate::plan::Engine::Qemu => "QEMU (emulated)",
            },
            names(&self.lab.nodes()),
            plan.memory,
            self.date,
            self.version.trim(),
        );
        text += &format!(
            "frames/<seq>/<node>/<path>  file contents byte for byte. Frame <seq> was due at T0 + {}*seq seconds (T0: first line of events.txt).\n",
            self.every
        );
        for (node, frames) in self.frames {
            let end = self.ends.get(node).map_or("", String::as_str);
            text += &format!("  node{node}: {frames} complete frames{}\n", if end.is_empty() { String::new() } else { format!("; {end}") });
        }
        text += "  locking_state      one fresh open, read(4096) until 0.   locking_state.rnd  a second fresh open right after, random read \
                 sizes 1500..4096.\n  All other files: fresh open, read(4096). A file whose read failed with no data is absent; the error \
                 is in meta.\n  Frame 0000 also has what does not change: configfs cluster and dlm trees, /sys/fs/ocfs2, o2cb and gfs2, \
                 config files, /uname, /proc/version.\n  /proc/<pid>/{comm,wchan,stack,status} of processes that wait (see pids in meta).\n";
        if !self.with_o2dlm_locking_state {
            text += "  o2dlm's locking_state was not read (--o2dlm-locking-state does): each pass makes the kernel log.\n";
        }
        text += "frames/<seq>/<node>/meta: realtime (start of the frame, node's CLOCK_REALTIME sec.nanos), uptime, slot_due (node's clock), \
                 one \"file\" line per read\n  (bytes, reads = number of read() calls including the last empty one, at = start after frame \
                 start in s, dur = s, err = errno text, seed = for .rnd), pids, frame_dur.\n  The files of one frame are NOT one atomic \
                 snapshot: they are read one after the other within frame_dur.\nevents.txt: what the workload did, host and node time. \
                 inodes.txt: fs, inode, hex, path, source. raw/dmesg-node*.txt: taken after the last frame.\nNodes' clocks against the \
                 host's at the start:";
        for (node, (ahead, doubt)) in self.clocks {
            text += &format!(" node{node} {ahead:+.3} s (+- {doubt:.3})");
        }
        text + "\n"
    }
}
