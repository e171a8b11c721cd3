//! The trace events that are counted (`fs/gfs2/trace_gfs2.h`), and how.

use super::trace_table::Reading;

/// One event.
#[derive(Debug)]
pub struct Event {
    /// Its name.
    pub name: &'static str,
    /// What it tells, in words.
    pub tells: &'static str,
    /// The hist trigger. `dev` is the mount's number as the kernel has it (`dev_t`), a plain number to a trigger.
    pub trigger: &'static str,
    /// The field whose sum is wanted, beside the count.
    pub value: Option<&'static str>,
    /// Glocks for which the table has room: the trigger's `size`, a power of two.
    pub size: usize,
    /// Fields that the trigger names.
    fields: &'static [&'static str],
}

/// All. The kernel makes room for a whole table at once, about half a KB for each glock.
pub const EVENTS: [Event; 2] = [
    Event {
        name: "gfs2_glock_lock_time",
        tells: "DLM waits",
        trigger: "hist:keys=dev,gltype,glnum:vals=tdiff:size=16384",
        value: Some("tdiff"),
        size: 16384,
        fields: &["dev", "gltype", "glnum", "tdiff"],
    },
    Event {
        name: "gfs2_demote_rq",
        tells: "remote demotes",
        trigger: "hist:keys=dev,gltype,glnum:size=4096 if remote == 1",
        value: None,
        size: 4096,
        fields: &["dev", "gltype", "glnum", "remote"],
    },
];

impl Event {
    /// The path of one of its files below an instance.
    pub fn relative(&self, file: &str) -> String {
        format!("events/gfs2/{}/{file}", self.name)
    }

    /// The whole path of one of its files.
    pub fn file(&self, instance: &str, file: &str) -> String {
        format!("{instance}/{}", self.relative(file))
    }

    /// A field that its trigger names and its `format` file (`f_show`, `kernel/trace/trace_events.c`) does not:
    /// `\tfield:u64 glnum;\toffset:16;\tsize:8;\tsigned:0;`.
    pub fn lacking(&self, format: &[u8]) -> Option<&'static str> {
        let text = String::from_utf8_lossy(format);
        let told: Vec<&str> =
            text.lines().filter_map(|line| line.trim().strip_prefix("field:")?.split(';').next()?.split_whitespace().last()).collect();
        self.fields.iter().copied().find(|field| !told.contains(field))
    }

    /// Whether its table has no room, or soon will have none: it is better made anew before.
    pub fn is_full(&self, reading: &Reading) -> bool {
        reading.dropped > 0 || reading.counts.len() >= self.size / 4 * 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_an_old_kernel_lacks_is_named() {
        let format = "name: gfs2_demote_rq\nID: 1\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
                      \tfield:dev_t dev;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:u64 glnum;\toffset:16;\tsize:8;\tsigned:0;\n\
                      \tfield:u32 gltype;\toffset:24;\tsize:4;\tsigned:0;\n\nprint fmt: \"remote\"\n";
        assert_eq!(EVENTS[1].lacking(format.as_bytes()), Some("remote"));
        let new = format.replace("\n\nprint", "\n\tfield:bool remote;\toffset:48;\tsize:1;\tsigned:0;\n\nprint");
        assert_eq!(EVENTS[1].lacking(new.as_bytes()), None);
    }

    #[test]
    fn the_size_is_the_triggers() {
        for event in &EVENTS {
            assert!(event.trigger.contains(&format!(":size={}", event.size)) && event.size.is_power_of_two());
        }
    }
}
