//! How long `/etc/multipath.conf` lets a device wait without a path (multipath.conf(5)).

use super::storage::{Long, Wait};

/// What multipathd checks paths by where nothing else is said, seconds.
const POLLING_S: u64 = 5;
/// Where it is.
const FILE: &str = "/etc/multipath.conf";

/// A setting: its line from 1, the sections that it stands in, its name and value.
#[derive(Debug)]
struct Setting<'a> {
    line: usize,
    sections: Vec<&'a str>,
    key: &'a str,
    value: &'a str,
}

impl Setting<'_> {
    fn long(&self, polling_s: u64) -> Option<Long> {
        match (self.key, self.value) {
            ("no_path_retry", "queue") => Some(Long::Forever),
            ("no_path_retry", "fail") => Some(Long::Seconds(0)),
            ("no_path_retry", number) => number.parse::<u64>().ok().map(|number| Long::Seconds(number.saturating_mul(polling_s))),
            ("features", features) if features.contains("queue_if_no_path") => Some(Long::Forever),
            _ => None,
        }
    }
}

/// What the file says of the time without a path, if anything. A section for some arrays or volumes is not held against the device: which
/// it is for, only multipathd knows.
pub fn wait(region: &str, text: &str) -> Option<Wait> {
    let settings = settings(text);
    let in_section = |name: &'static str| settings.iter().filter(move |setting| setting.sections == [name]);
    let polling = in_section("defaults")
        .filter(|setting| setting.key == "polling_interval")
        .filter_map(|setting| setting.value.parse().ok())
        .next_back();
    let polling = polling.unwrap_or(POLLING_S);
    // `no_path_retry` wins over the feature, and the last of each.
    let said = |name: &'static str| {
        let of = |key: &'static str| in_section(name).rfind(move |setting| setting.key == key && setting.long(polling).is_some());
        of("no_path_retry").or_else(|| of("features"))
    };
    let (overrides, defaults) = (said("overrides"), said("defaults"));
    let special = settings.iter().find(|setting| {
        let section = setting.sections.first().copied().unwrap_or_default();
        setting.long(polling).is_some() && (section == "multipaths" || (section == "devices" && overrides.is_none()))
    });
    let fix = format!("in {FILE} choose no_path_retry so that it times polling_interval is at most {{}} s, then `multipathd reconfigure`");
    let wait = |long, evidence| Wait { device: region.to_owned(), layer: "multipath", long, one_try: false, evidence, fix };
    if let Some(special) = special {
        let why = format!("{FILE}:{} sets {} for some devices: `multipathd show config` tells for which", special.line, special.key);
        return Some(wait(Long::Unknown(why.clone()), why));
    }
    let of_defaults = if overrides.is_none() { "; multipathd's own table for the array may say otherwise" } else { "" };
    let setting = overrides.or(defaults)?;
    let evidence = format!("{FILE}:{}: {} {}, polling_interval {polling} s{of_defaults}", setting.line, setting.key, setting.value);
    Some(wait(setting.long(polling)?, evidence))
}

fn settings(text: &str) -> Vec<Setting<'_>> {
    let mut settings = Vec::new();
    let mut sections: Vec<&str> = Vec::new();
    let mut word: Option<(usize, &str)> = None;
    for (line, token) in text.lines().enumerate().flat_map(|(index, line)| tokens(line).into_iter().map(move |token| (index + 1, token))) {
        match (token, word.take()) {
            ("{", Some((_, name))) => sections.push(name),
            ("}", _) => {
                sections.pop();
            }
            ("{", None) => {}
            (value, Some((of, key))) if of == line => settings.push(Setting { line, sections: sections.clone(), key, value }),
            (name, _) => word = Some((line, name)),
        }
    }
    settings
}

/// Words, quoted texts without their quotes, and braces; `#` and `!` begin a comment.
fn tokens(line: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with(['#', '!']) {
        let (token, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.split_once('"').unwrap_or((quoted, ""))
        } else if rest.starts_with(['{', '}']) {
            rest.split_at(1)
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '"' | '#' | '!')).unwrap_or(rest.len());
            rest.split_at(end)
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(text: &str) -> Option<Long> {
        wait("dm-3", text).map(|wait| wait.long)
    }

    #[test]
    fn only_what_is_for_all_devices_is_believed() {
        assert_eq!(long("defaults {\n polling_interval 10 # s\n no_path_retry 12\n}\n"), Some(Long::Seconds(120)));
        assert_eq!(long("defaults { no_path_retry queue\n}\noverrides {\n no_path_retry fail }\n"), Some(Long::Seconds(0)));
        assert_eq!(long("defaults {\n features \"1 queue_if_no_path\"\n}\n"), Some(Long::Forever));
        assert_eq!(long("defaults {\n features \"1 queue_if_no_path\"\n no_path_retry 2\n}\n"), Some(Long::Seconds(10)));
        assert_eq!(long("# no_path_retry queue\nblacklist {\n devnode \"^sd\"\n}\n"), None);
        // Another array's section is no word about this device.
        let device = "devices {\n device {\n  vendor \"X\"\n  no_path_retry queue\n }\n}\n";
        let defaults = "defaults {\n no_path_retry 1\n}\n";
        let Some(Long::Unknown(why)) = long(&format!("{defaults}{device}")) else { panic!("it is for some devices") };
        assert!(why.contains("/etc/multipath.conf:7 sets no_path_retry for some devices"), "{why}");
        // `overrides` outranks arrays' sections, and volumes' sections outrank all.
        let overrides = "overrides {\n no_path_retry 2\n}\n";
        assert_eq!(long(&format!("{device}{overrides}")), Some(Long::Seconds(10)));
        let volume = "multipaths {\n multipath {\n  wwid 3600\n  no_path_retry queue\n }\n}\n";
        assert!(matches!(long(&format!("{overrides}{volume}")), Some(Long::Unknown(_))));
    }

    #[test]
    fn odd_files_do_no_harm() {
        for text in [
            "",
            "}",
            "{ }",
            "defaults",
            "defaults {",
            "\"",
            "a \"b",
            "no_path_retry queue",
            "defaults {}} no_path_retry 3",
            "defaults {\n no_path_retry\n 3 }",
        ] {
            assert_eq!(long(text), None, "{text}");
        }
    }
}
