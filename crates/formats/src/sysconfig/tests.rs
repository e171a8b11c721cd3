use super::*;
use crate::config_problem::Rule;
use proptest::prelude::*;

const USUAL: &str = "#\n# This is a configuration file for automatic startup of the O2CB\n#\n\n# O2CB_ENABLED: 'true' means to load the driver on boot.\nO2CB_ENABLED=true\n\nO2CB_STACK=o2cb\nO2CB_BOOTCLUSTER=web\nO2CB_HEARTBEAT_THRESHOLD=61\nO2CB_IDLE_TIMEOUT_MS=\nO2CB_KEEPALIVE_DELAY_MS=\nO2CB_RECONNECT_DELAY_MS=\n";

fn told(text: &str) -> Vec<(Rule, u32)> {
    let clusters: &[&str] = &["web"];
    Sysconfig::parse(text.as_bytes()).problems(Some(clusters)).into_iter().map(|problem| (problem.rule, problem.line)).collect()
}

fn value(line: &str) -> Option<String> {
    match Sysconfig::parse(line.as_bytes()).get("A") {
        Value::Text(text) => Some(text.to_owned()),
        Value::Unset => Some("(unset)".to_owned()),
        Value::Unknown => None,
    }
}

#[test]
fn the_file_of_ocfs2_tools() {
    let file = Sysconfig::parse(USUAL.as_bytes());
    assert_eq!(file.enabled(), Some(true));
    assert_eq!(file.get("O2CB_BOOTCLUSTER"), Value::Text("web"));
    assert_eq!(file.timeout(Timeout::Threshold), TimeoutValue::Set(61));
    assert_eq!(file.timeout(Timeout::Idle), TimeoutValue::Unset);
    assert_eq!(told(USUAL), []);
}

#[test]
fn values_as_a_shell_reads_them() {
    for (line, expected) in [
        ("A=b", "b"),
        ("A=", ""),
        ("  A=b  # note", "b"),
        ("A=b#c", "b#c"),
        ("A='b c'\"d\"e", "b cde"),
        ("A=\"a\\\"b\\$c\\d\"", "a\"b$c\\d"),
        ("A=a\\ b", "a b"),
        ("A=a\\\nb", "ab"),
        ("A='a\nb'", "a\nb"),
        ("export A=b", "b"),
        ("export B=1 A=b", "b"),
        ("A=b; B=c", "b"),
        ("A=1\nA=2", "2"),
        ("A='$x `y`'", "$x `y`"),
        ("A=5$", "5$"),
        ("#A=b", "(unset)"),
        ("B=1", "(unset)"),
        ("export A", "(unset)"),
        ("AA=b", "(unset)"),
        ("A=true\r", "true\r"),
    ] {
        assert_eq!(value(line).as_deref(), Some(expected), "{line:?}");
    }
}

#[test]
fn what_only_a_shell_knows_is_unknown_and_not_executed() {
    for line in [
        "A=$x",
        "A=\"${x}\"",
        "A=$(touch /tmp/executed)",
        "A=`touch /tmp/executed`",
        "A=\"`id`\"",
        "A=$'\\n'",
        "A=~",
        "A=a:~/b",
        "A+=b",
        "A=b command",
        "A=b & B=c",
        "A=b > /tmp/executed",
        "A=(1 2)",
        "if true; then A=b; fi",
        "if true\nthen\nA=b\nfi",
        "f() {\nA=b\n}",
        "for x in 1; do\n A=b\ndone",
        "test x && A=b",
        "A='b",
        "A=\"b",
        "A=`b",
        "A=\u{0}",
        "(\nA=b\n)",
    ] {
        assert_eq!(value(line), None, "{line:?}");
    }
    assert_eq!(value("if true\nthen\nB=b\nfi\nA=c").as_deref(), Some("c"), "after the condition all is certain again");
}

#[test]
fn problems_have_lines() {
    for (text, expected) in [
        ("# x\nO2CB_ENABLED=$x\n", vec![(rules::EXPANSION, 2)]),
        ("X=$x\n", vec![(rules::SHELL_CODE, 1)]),
        ("\n. /etc/other\n", vec![(rules::SHELL_CODE, 2)]),
        ("O2CB_STACK='o2cb\n", vec![(rules::OPEN_QUOTE, 1)]),
        ("O2CB_IDLE_TIMEOUT=1\n", vec![(rules::UNKNOWN_VARIABLE, 1)]),
        ("O2CB_FENCE_METHOD=panic\nO2CB_FIREWALL=ufw\n", vec![]),
        ("O2CB_STACK=o2cb\nO2CB_STACK=pcmk\n", vec![(rules::REPEATED_VARIABLE, 1)]),
        ("O2CB_ENABLED=yes\n", vec![(rules::ENABLED_TEXT, 1)]),
        ("O2CB_ENABLED=true\r\nO2CB_BOOTCLUSTER=web\n", vec![(rules::ENABLED_TEXT, 1)]),
        ("O2CB_ENABLED=true\n", vec![(rules::NO_BOOT_CLUSTER, 1)]),
        ("O2CB_BOOTCLUSTER=we-b\n", vec![(rules::BOOT_CLUSTER_NAME, 1), (rules::BOOT_CLUSTER_UNKNOWN, 1)]),
        ("O2CB_BOOTCLUSTER=other\n", vec![(rules::BOOT_CLUSTER_UNKNOWN, 1)]),
        ("O2CB_STACK=user1\n", vec![(rules::STACK_NAME, 1)]),
        ("O2CB_HEARTBEAT_THRESHOLD=x\n", vec![(rules::TIMEOUT_TEXT, 1)]),
        ("O2CB_HEARTBEAT_THRESHOLD=0x1f\n", vec![(rules::TIMEOUT_TEXT, 1)]),
        ("O2CB_HEARTBEAT_THRESHOLD=2\n", vec![(rules::TIMEOUT_RANGE, 1)]),
        ("O2CB_HEARTBEAT_THRESHOLD=6\n", vec![(rules::TIMEOUT_LOW, 1)]),
        ("O2CB_RECONNECT_DELAY_MS=0\n", vec![(rules::TIMEOUT_RANGE, 1)]),
        ("O2CB_RECONNECT_DELAY_MS=4294967295\n", vec![(rules::TIMEOUT_RANGE, 1)]),
        ("O2CB_RECONNECT_DELAY_MS=4294967294\n", vec![]),
        ("O2CB_RECONNECT_DELAY_MS=1999\n", vec![(rules::TIMEOUT_LOW, 1)]),
        ("O2CB_IDLE_TIMEOUT_MS=0x4000\n", vec![(rules::ODD_TIMEOUT, 1)]),
        ("O2CB_IDLE_TIMEOUT_MS=030000\n", vec![(rules::ODD_TIMEOUT, 1)]),
        ("O2CB_IDLE_TIMEOUT_MS=-1\n", vec![(rules::TIMEOUT_TEXT, 1)]),
        ("\nO2CB_KEEPALIVE_DELAY_MS=30000\n", vec![(rules::IDLE_BELOW_KEEPALIVE, 2)]),
        ("O2CB_IDLE_TIMEOUT_MS=5000\nO2CB_KEEPALIVE_DELAY_MS=5001\n", vec![(rules::IDLE_BELOW_KEEPALIVE, 1)]),
    ] {
        assert_eq!(told(text), expected, "{text:?}");
    }
    let octal = Sysconfig::parse(b"O2CB_IDLE_TIMEOUT_MS=030000\n");
    assert_eq!(octal.timeout(Timeout::Idle), TimeoutValue::Set(0o30000));
}

#[test]
fn a_variable_is_set_in_its_place() {
    let set = |text: &str, variable: &str, value: &str| {
        let mut file = Sysconfig::parse(text.as_bytes());
        file.set(variable, value).map(|()| String::from_utf8(file.to_bytes()).unwrap())
    };
    assert_eq!(set(USUAL, "O2CB_ENABLED", "false").unwrap(), USUAL.replace("=true", "=false"));
    assert_eq!(set(USUAL, "O2CB_IDLE_TIMEOUT_MS", "10000").unwrap(), USUAL.replace("IDLE_TIMEOUT_MS=", "IDLE_TIMEOUT_MS=10000"));
    assert_eq!(set(USUAL, "O2CB_STACK", "o2cb").unwrap(), USUAL);
    assert_eq!(set("A=\"1\" # x", "A", "2").unwrap(), "A=\"2\" # x");
    assert_eq!(set("A='1'", "B", "it's").unwrap(), "A='1'\nB='it'\\''s'\n");
    assert_eq!(set("if x\nthen A=1\nfi", "A", "2").unwrap(), "if x\nthen A=1\nfi\nA=2\n");
    assert_eq!(set("B='", "A", "2"), Err(CannotSet));
    assert_eq!(set("", "A", "\0"), Err(CannotSet));
}

proptest! {
    #[test]
    fn a_value_that_is_set_is_read(text in "[A-B=$`'\"\\\\ ;#\n(){}~x1]{0,30}", value in "[ -~\n]{0,12}") {
        let mut file = Sysconfig::parse(text.as_bytes());
        prop_assert_eq!(file.to_bytes(), text.as_bytes());
        let _ = file.problems(None);
        if file.set("O2CB_STACK", &value).is_ok() {
            let again = Sysconfig::parse(&file.to_bytes());
            prop_assert_eq!(again.get("O2CB_STACK"), Value::Text(&value));
        }
    }
}
