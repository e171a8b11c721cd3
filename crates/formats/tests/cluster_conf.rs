//! Every odd `cluster.conf` is refused with its line and reason, or means what it says and round-trips.

#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod odd;

use formats::cluster_conf::Document;
use formats::config_problem::{Problem, Rule};
use std::collections::HashSet;

fn told(problems: &[Problem]) -> Vec<(Rule, u32)> {
    problems.iter().map(|problem| (problem.rule, problem.line)).collect()
}

#[test]
fn every_odd_file_is_judged() {
    let files = odd::files();
    assert!(files.len() > 900, "{} files", files.len());
    let mut broken = HashSet::new();
    let mut wrong = Vec::new();
    for file in &files {
        let document = Document::parse(&file.text);
        assert_eq!(document.to_bytes(), file.text, "{}", file.name);
        let problems = document.problems(None);
        let errors: Vec<Problem> = problems.iter().filter(|problem| problem.is_error()).cloned().collect();
        let mut expected = file.errors.clone();
        expected.sort_by_key(|(_, line)| *line);
        let warned = file.warnings.iter().all(|warning| told(&problems).contains(warning));
        if told(&errors) != expected || !warned {
            let ids = |told: &[(Rule, u32)]| told.iter().map(|(rule, line)| format!("{}:{line}", rule.id)).collect::<Vec<_>>();
            let (found, wanted) = (ids(&told(&problems)), ids(&[&expected[..], &file.warnings].concat()));
            wrong.push(format!("{}: wanted {wanted:?}, found {found:?}", file.name));
        }
        assert_eq!(document.config().err().unwrap_or_default(), errors, "{}", file.name);
        assert!(
            problems.iter().all(|problem| problem.line > 0 && problem.column > 0 && !problem.what.is_empty() && !problem.fix.is_empty())
        );
        broken.extend(problems.iter().map(|problem| problem.rule.id));
    }
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), files.len(), wrong.join("\n"));
    // Rules that only a host's facts can break have a test of their own.
    let host = ["not-this-host", "address-not-here", "region-not-here"];
    for rule in formats::cluster_conf::rules::ALL {
        assert!(broken.contains(rule.id) || host.contains(&rule.id), "no file breaks {}", rule.id);
    }
}

#[test]
fn the_plain_files_have_no_problem() {
    for (name, text) in odd::BASES {
        assert_eq!(Document::parse(text.as_bytes()).problems(None), [], "{name}");
    }
}
