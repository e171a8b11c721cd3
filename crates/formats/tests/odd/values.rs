//! Odd values of each attribute.

use super::{At, Odd, places};
use formats::cluster_conf::rules;
use formats::config_problem::Rule;

pub(super) fn values(base: &str, text: &str, files: &mut Vec<Odd>) {
    let all: Vec<&str> = text.split('\n').collect();
    for at in places(base, &all).filter(|at| at.line().starts_with([' ', '\t']) && at.line().contains('=')) {
        let (start, name, value) = split(at.line());
        let global = text.contains("global");
        for (odd, rule) in odd_values(at.stanza(), &name, global) {
            // A cluster's name that is wrong there only makes orphans of its nodes.
            let orphans = at.stanza() == "cluster" && name == "name" && !matches!(rule, Some(rule) if rule == rules::EMPTY_VALUE);
            let expected: Vec<(Rule, usize)> = rule.map(|rule| (rule, 0)).into_iter().collect();
            if !orphans || rule.is_some() {
                files.push(at.odd(&format!("{name} {odd:?}"), &[&format!("{start}{odd}")], &expected));
            }
        }
        for odd in [format!("{value} # a note"), format!("\"{value}\""), format!("{value}\\\n\tx"), format!("{value};")] {
            let rule = noted(at.stanza(), &name, &odd);
            files.push(at.odd(&format!("{name} {odd:?}"), &[&format!("{start}{odd}")], &[(rule, 0)]));
        }
        missing(at, &name, files);
    }
}

fn split(line: &str) -> (String, String, String) {
    let (name, value) = line.split_once('=').expect("an attribute");
    let value = value.trim_start();
    (line[..line.len() - value.len()].to_owned(), name.trim().to_owned(), value.to_owned())
}

fn missing(at: At<'_>, name: &str, files: &mut Vec<Odd>) {
    let up = at.header();
    let rule = match (at.stanza(), name) {
        (_, "heartbeat_mode") => return,
        (_, "cluster") => rules::ORPHAN,
        _ => rules::MISSING_ATTRIBUTE,
    };
    let odd = Odd::new(format!("no {name} in line {} of the file {}", up, at.base), at.with(&[]), &[(rule, up)]);
    files.push(odd);
}

/// What a value with something after it breaks.
fn noted(stanza: &str, name: &str, odd: &str) -> Rule {
    match (stanza, name) {
        ("cluster", "name") => rules::CLUSTER_NAME,
        (_, "heartbeat_mode") => rules::HEARTBEAT_MODE,
        (_, "node_count" | "number" | "ip_port") => rules::NOT_A_NUMBER,
        (_, "ip_address") => rules::NOT_AN_ADDRESS,
        (_, "cluster") => rules::ORPHAN,
        // In global mode the region becomes a folder of at most 32 bytes.
        (_, "region") if odd.len() > 32 => rules::REGION_NAME,
        (_, "region") => rules::NOT_A_UUID,
        _ => rules::ODD_NAME,
    }
}

/// Values and the rule that each breaks.
fn odd_values(stanza: &str, name: &str, global: bool) -> Vec<(String, Option<Rule>)> {
    let table: &[(&str, Option<Rule>)] = match (stanza, name) {
        ("cluster", "name") => &[
            ("", Some(rules::CLUSTER_NAME)),
            ("my cluster-1", Some(rules::CLUSTER_NAME)),
            ("web_1", Some(rules::CLUSTER_NAME)),
            ("a/b", Some(rules::CLUSTER_NAME)),
            ("é", Some(rules::CLUSTER_NAME)),
            ("abcdefghijklmnopq", Some(rules::CLUSTER_NAME)),
            ("..", Some(rules::CLUSTER_NAME)),
        ],
        (_, "heartbeat_mode") => &[
            ("", Some(rules::HEARTBEAT_MODE)),
            ("glo", Some(rules::HEARTBEAT_MODE)),
            ("globally", Some(rules::HEARTBEAT_MODE)),
            ("0", Some(rules::HEARTBEAT_MODE)),
            ("local global", Some(rules::HEARTBEAT_MODE)),
        ],
        (_, "node_count") => &[
            ("", Some(rules::EMPTY_VALUE)),
            ("two", Some(rules::NOT_A_NUMBER)),
            ("0x2", Some(rules::NOT_A_NUMBER)),
            ("1.0", Some(rules::NOT_A_NUMBER)),
            ("-1", Some(rules::NUMBER_TOO_LARGE)),
            ("4294967296", Some(rules::NUMBER_TOO_LARGE)),
            ("18446744073709551616", Some(rules::NUMBER_TOO_LARGE)),
            ("4294967295", Some(rules::NODE_COUNT)),
            ("0", Some(rules::NODE_COUNT)),
            ("99", Some(rules::NODE_COUNT)),
        ],
        (_, "number") => &[
            ("", Some(rules::EMPTY_VALUE)),
            ("x", Some(rules::NOT_A_NUMBER)),
            ("0x1", Some(rules::NOT_A_NUMBER)),
            ("1 2", Some(rules::NOT_A_NUMBER)),
            ("+", Some(rules::NOT_A_NUMBER)),
            ("+-1", Some(rules::NOT_A_NUMBER)),
            ("1e1", Some(rules::NOT_A_NUMBER)),
            ("\u{b}", Some(rules::NOT_A_NUMBER)),
            ("-1", Some(rules::NUMBER_TOO_LARGE)),
            ("-2", Some(rules::NUMBER_TOO_LARGE)),
            ("2147483647", Some(rules::NUMBER_TOO_LARGE)),
            ("99999999999999999999", Some(rules::NUMBER_TOO_LARGE)),
            ("2147483646", Some(rules::NODE_NUMBER)),
            ("255", Some(rules::NODE_NUMBER)),
            ("256", Some(rules::NODE_NUMBER)),
            ("300000", Some(rules::NODE_NUMBER)),
            ("010", Some(rules::ODD_NUMBER)),
            ("+3", Some(rules::ODD_NUMBER)),
            ("-18446744073709551613", Some(rules::ODD_NUMBER)),
            ("\u{b}5", Some(rules::ODD_NUMBER)),
            ("\\\n6", Some(rules::ODD_NUMBER)),
            ("00000000000000000000000000000000000000000009", Some(rules::ODD_NUMBER)),
            ("253", None),
        ],
        (_, "ip_port") => &[
            ("", Some(rules::EMPTY_VALUE)),
            ("http", Some(rules::NOT_A_NUMBER)),
            ("0x1e61", Some(rules::NOT_A_NUMBER)),
            ("-5", Some(rules::NUMBER_TOO_LARGE)),
            ("4294967296", Some(rules::NUMBER_TOO_LARGE)),
            ("4294967295", Some(rules::PORT)),
            ("0", Some(rules::PORT)),
            ("65535", Some(rules::PORT)),
            ("65536", Some(rules::PORT)),
            ("70000", Some(rules::PORT)),
            ("07777", Some(rules::ODD_NUMBER)),
            ("1", None),
        ],
        (_, "ip_address") => &[
            ("", Some(rules::EMPTY_VALUE)),
            ("localhost", Some(rules::NOT_AN_ADDRESS)),
            ("::1", Some(rules::NOT_AN_ADDRESS)),
            ("10.0.0", Some(rules::NOT_AN_ADDRESS)),
            ("10.0.0.1.", Some(rules::NOT_AN_ADDRESS)),
            ("10.0.0.256", Some(rules::NOT_AN_ADDRESS)),
            ("10.0.0.01", Some(rules::NOT_AN_ADDRESS)),
            ("10.0.0.1/24", Some(rules::NOT_AN_ADDRESS)),
            ("10.0.0.1:7777", Some(rules::NOT_AN_ADDRESS)),
            ("10. 0.0.1", Some(rules::NOT_AN_ADDRESS)),
            ("1000.0.0.1", Some(rules::NOT_AN_ADDRESS)),
            ("0x0a.0.0.1", Some(rules::NOT_AN_ADDRESS)),
            ("0.0.0.0", Some(rules::UNSPECIFIED_ADDRESS)),
            ("127.0.1.1", Some(rules::ODD_ADDRESS)),
            ("224.0.0.1", Some(rules::ODD_ADDRESS)),
            ("255.255.255.255", Some(rules::ODD_ADDRESS)),
            ("172.16.31.1", None),
        ],
        ("node", "name") => &[
            ("", Some(rules::EMPTY_VALUE)),
            ("a/b", Some(rules::NODE_NAME)),
            (".", Some(rules::NODE_NAME)),
            ("..", Some(rules::NODE_NAME)),
            ("sixty-five-bytes-sixty-five-bytes-sixty-five-bytes-sixty-five-byt", Some(rules::NODE_NAME)),
            ("sixty-four-bytes-sixty-four-bytes-sixty-four-bytes-sixty-four-by", None),
            ("two words", Some(rules::ODD_NAME)),
            ("knoten-ä", Some(rules::ODD_NAME)),
            ("a=b", Some(rules::ODD_NAME)),
            ("a\\b", Some(rules::ODD_NAME)),
            ("x\u{b}", Some(rules::ODD_NAME)),
            ("n9.example.com", None),
        ],
        (_, "region") if global => &[
            ("", Some(rules::EMPTY_VALUE)),
            ("/dev/sdb1", Some(rules::REGION_NAME)),
            ("..", Some(rules::REGION_NAME)),
            ("77D95EF51C0149D2823674FCC162CF8B0", Some(rules::REGION_NAME)),
            ("77D95EF5-1C01-49D2-8236-74FCC162CF8B", Some(rules::REGION_NAME)),
            ("77d95ef51c0149d2823674fcc162cf8b", Some(rules::NOT_A_UUID)),
            ("77D95EF51C0149D2823674FCC162CF8", Some(rules::NOT_A_UUID)),
            ("77D95EF51C0149D2823674FCC162CF8G", Some(rules::NOT_A_UUID)),
            ("00000000000000000000000000000000", None),
        ],
        (_, "cluster") => {
            &[("", Some(rules::ORPHAN)), ("other", Some(rules::ORPHAN)), ("WEB", Some(rules::ORPHAN)), ("web1", Some(rules::ORPHAN))]
        }
        _ => &[],
    };
    table.iter().map(|(value, rule)| ((*value).to_owned(), *rule)).collect()
}
