use super::*;

#[test]
fn uuids_come_in_three_forms() {
    let uuid = "77D95EF51C0149D2823674FCC162CF8B";
    for text in [uuid, "77d95ef51c0149d2823674fcc162cf8b", "77d95ef5-1c01-49d2-8236-74fcc162cf8b"] {
        assert_eq!(as_uuid(text).as_deref(), Some(uuid));
    }
    for text in
        ["", "77D95EF51C0149D2823674FCC162CF8", "/dev/sdb1", "77d95ef51c01-49d2-8236-74fc-c162cf8b", "77D95EF51C0149D2823674FCC162CF8G"]
    {
        assert_eq!(as_uuid(text), None, "{text}");
    }
}

#[test]
fn problems_are_the_same_though_lines_move() {
    let problem = |line, what: &str| Problem { line, column: 1, rule: rules::DUPLICATE_NODE, what: what.to_owned(), fix: String::new() };
    assert!(same(&problem(3, "'a' is there twice: also in line 9"), &problem(5, "'a' is there twice: also in line 12")));
    assert!(!same(&problem(3, "'a' is there twice: also in line 9"), &problem(3, "'b' is there twice: also in line 9")));
}

#[test]
fn loopback_names_are_not_taken_for_the_clusters_network() {
    assert!(resolve("localhost").unwrap_err().to_string().contains("--ip"));
    assert!(resolve("no-such-host.invalid").unwrap_err().to_string().contains("--ip"));
    assert_eq!(resolve("10.0.0.9").unwrap(), Ipv4Addr::new(10, 0, 0, 9));
}
