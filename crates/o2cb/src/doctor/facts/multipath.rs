//! How long multipathd's files let a device wait without a path (multipath.conf(5)).

use super::storage::{Long, Wait};
use crate::kernel::Look;
use std::io;
use std::path::Path;

/// What multipathd checks paths by where nothing else is said, seconds.
const POLLING_S: u64 = 5;
/// Where it is.
const FILE: &str = "/etc/multipath.conf";
/// More files, read after it by name; the last that says something counts.
const MORE: &str = "/etc/multipath/conf.d";

/// The files, each with its text, in their order.
pub type Texts = Vec<(String, String)>;

/// Reads them; the error says why not all could be read.
pub fn texts(look: &dyn Look) -> Result<Texts, String> {
    let absent = |error: &io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    let mut texts = Vec::new();
    let mut read = |path: String| match look.read(&path) {
        Ok(text) => {
            texts.push((path, String::from_utf8_lossy(&text).into_owned()));
            Ok(())
        }
        Err(error) if absent(&error) => Ok(()),
        Err(error) => Err(format!("{path}: {error}")),
    };
    read(FILE.to_owned())?;
    match look.list(MORE) {
        Ok(entries) => {
            for entry in entries.iter().filter(|entry| Path::new(&entry.name).extension().is_some_and(|kind| kind == "conf")) {
                read(format!("{MORE}/{}", entry.name))?;
            }
        }
        Err(error) if absent(&error) => {}
        Err(error) => return Err(format!("{MORE}: {error}")),
    }
    Ok(texts)
}

/// A setting: its file, its line there from 1, the sections that it stands in, its name and value.
#[derive(Debug)]
struct Setting<'a> {
    file: &'a str,
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

/// What the files say of the time without a path. A section for some arrays or volumes is not held against the device: which it is for,
/// only multipathd knows; its own table for arrays outranks `defaults`, too. So only `overrides` settle that the time is short.
/// `fence_s`: the time that would be too long, seconds.
pub fn wait(region: &str, texts: &Result<Texts, String>, fence_s: Option<u64>) -> Wait {
    let fix = format!("in {FILE} choose no_path_retry so that it times polling_interval is at most {{}} s, then `multipathd reconfigure`");
    let wait = |long, evidence| Wait { device: region.to_owned(), layer: "multipath", long, one_try: false, evidence, fix };
    let unknown = |why: String| (Long::Unknown(why.clone()), why);
    let (long, evidence) = match texts {
        Ok(texts) => said(texts, fence_s).unwrap_or_else(unknown),
        Err(why) => unknown(why.clone()),
    };
    wait(long, evidence)
}

/// For how long, and by which line; or why that is not known.
fn said(texts: &Texts, fence_s: Option<u64>) -> Result<(Long, String), String> {
    const TELLS: &str = "`multipathd show config` tells it";
    let settings: Vec<Setting<'_>> = texts.iter().flat_map(|(file, text)| settings(file, text)).collect();
    let in_section = |name: &'static str| settings.iter().filter(move |setting| setting.sections == [name]);
    // Old versions take their further files from there; new ones ignore it.
    let elsewhere = |setting: &&Setting<'_>| setting.key == "config_dir" && setting.value.trim_end_matches('/') != MORE;
    if let Some(setting) = in_section("defaults").find(elsewhere) {
        return Err(format!("{}:{} names another folder of settings: {TELLS}", setting.file, setting.line));
    }
    let polling = in_section("defaults")
        .filter(|setting| setting.key == "polling_interval")
        .filter_map(|setting| setting.value.parse().ok())
        .next_back();
    let polling = polling.unwrap_or(POLLING_S);
    // `no_path_retry` wins over the feature, and the last of each.
    let last = |name: &'static str| {
        let of = |key: &'static str| in_section(name).rfind(move |setting| setting.key == key && setting.long(polling).is_some());
        let setting = of("no_path_retry").or_else(|| of("features"))?;
        let words = format!("{}:{}: {} {}, polling_interval {polling} s", setting.file, setting.line, setting.key, setting.value);
        Some((setting.long(polling)?, words))
    };
    let overrides = last("overrides");
    let special = settings.iter().find(|setting| {
        let section = setting.sections.first().copied().unwrap_or_default();
        setting.long(polling).is_some() && (section == "multipaths" || (section == "devices" && overrides.is_none()))
    });
    if let Some(special) = special {
        return Err(format!(
            "{}:{} sets {} for some devices: `multipathd show config` tells for which",
            special.file, special.line, special.key
        ));
    }
    if let Some(overrides) = overrides {
        return Ok(overrides);
    }
    match last("defaults") {
        Some((long, words)) if long == Long::Forever || matches!((&long, fence_s), (Long::Seconds(s), Some(fence)) if *s >= fence) => {
            Ok((long, format!("{words}; multipathd's own table for the array may say otherwise")))
        }
        Some((_, words)) => Err(format!("{words}, and multipathd's own table for the array may say otherwise: {TELLS}")),
        None => Err(format!("{FILE} says nothing of it, and multipathd's own table for the array may: {TELLS}")),
    }
}

fn settings<'a>(file: &'a str, text: &'a str) -> Vec<Setting<'a>> {
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
            (value, Some((of, key))) if of == line => settings.push(Setting { file, line, sections: sections.clone(), key, value }),
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
    use crate::kernel::model::ModelKernel;

    fn files(texts: &[&str]) -> Texts {
        texts.iter().enumerate().map(|(number, text)| (format!("/etc/{number}"), (*text).to_owned())).collect()
    }

    fn long(text: &str) -> Long {
        wait("dm-3", &Ok(files(&[text])), Some(60)).long
    }

    #[track_caller]
    fn unknown(text: &str, words: &str) {
        let Long::Unknown(why) = long(text) else { panic!("it is known") };
        assert!(why.contains(words), "{why}");
    }

    #[test]
    fn only_what_is_for_all_devices_is_believed() {
        assert_eq!(long("defaults {\n polling_interval 10 # s\n no_path_retry 12\n}\n"), Long::Seconds(120));
        assert_eq!(long("defaults { no_path_retry queue\n}\noverrides {\n no_path_retry fail }\n"), Long::Seconds(0));
        assert_eq!(long("defaults {\n features \"1 queue_if_no_path\"\n}\n"), Long::Forever);
        assert_eq!(long("overrides {\n features \"1 queue_if_no_path\"\n no_path_retry 2\n}\n"), Long::Seconds(10));
        // Another array's section is no word about this device.
        let device = "devices {\n device {\n  vendor \"X\"\n  no_path_retry queue\n }\n}\n";
        let defaults = "defaults {\n no_path_retry 1\n}\n";
        unknown(&format!("{defaults}{device}"), "/etc/0:7 sets no_path_retry for some devices");
        // `overrides` outranks arrays' sections, and volumes' sections outrank all.
        let overrides = "overrides {\n no_path_retry 2\n}\n";
        assert_eq!(long(&format!("{device}{overrides}")), Long::Seconds(10));
        let volume = "multipaths {\n multipath {\n  wwid 3600\n  no_path_retry queue\n }\n}\n";
        unknown(&format!("{overrides}{volume}"), "for some devices");
    }

    #[test]
    fn multipathds_own_table_may_queue_where_the_defaults_do_not() {
        unknown("# no_path_retry queue\nblacklist {\n devnode \"^sd\"\n}\n", "says nothing of it");
        unknown("defaults {\n no_path_retry fail\n}\n", "/etc/0:2: no_path_retry fail, polling_interval 5 s, and multipathd's own table");
        unknown("defaults {\n no_path_retry 11\n}\n", "own table");
        let too_long = wait("dm-3", &Ok(files(&["defaults {\n no_path_retry 12\n}\n"])), Some(60));
        assert!(too_long.long == Long::Seconds(60) && too_long.evidence.contains("own table"), "{too_long:?}");
    }

    #[test]
    fn further_files_come_after_and_by_name() {
        let overrides = |number: u8| format!("overrides {{\n no_path_retry {number}\n}}\n");
        let mut kernel = ModelKernel::new();
        assert_eq!(texts(&kernel), Ok(Vec::new()));
        for (path, number) in
            [("multipath/conf.d/b.conf", 3), ("multipath.conf", 1), ("multipath/conf.d/a.conf", 2), ("multipath/conf.d/c.txt", 4)]
        {
            kernel.put(&format!("/etc/{path}"), &overrides(number));
        }
        let wait = wait("dm-3", &texts(&kernel), Some(60));
        assert_eq!(wait.long, Long::Seconds(15));
        assert!(wait.evidence.starts_with("/etc/multipath/conf.d/b.conf:2: no_path_retry 3"), "{}", wait.evidence);
        unknown(&format!("defaults {{\n config_dir \"/else\"\n}}\n{}", overrides(1)), "/etc/0:2 names another folder");
        let Long::Unknown(why) = super::wait("dm-3", &Err("x: Permission denied".to_owned()), Some(60)).long else { panic!("it is known") };
        assert_eq!(why, "x: Permission denied");
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
            "overrides {}} no_path_retry 3",
            "overrides {\n no_path_retry\n 3 }",
        ] {
            unknown(text, "says nothing of it");
        }
    }
}
