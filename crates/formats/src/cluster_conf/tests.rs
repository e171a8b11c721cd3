//! Changes keep every other byte; the usual form means the same.

use super::*;
use proptest::prelude::*;

const FILE: &str = "# clusters\n\ncluster:\n    name = web\n    heartbeat_mode = LOCAL \n    node_count = 9\n    colour = red\n\n# first\nnode:\n    name = a\n    cluster = web\n    number = 1\n    ip_address = 10.0.0.1\n    ip_port = 7777\n# end of a\n\nother:\n    x = y\n";

fn node(name: &str, number: u8) -> Node {
    Node { name: name.to_owned(), number, address: Ipv4Addr::new(10, 0, 1, number), port: 7777 }
}

fn edited(text: &str, edit: impl FnOnce(&mut Document) -> Result<(), EditError>) -> String {
    let mut document = Document::parse(text.as_bytes());
    edit(&mut document).unwrap();
    String::from_utf8(document.to_bytes()).unwrap()
}

#[test]
fn a_node_is_added_in_the_style_of_the_last_one() {
    let added = edited(FILE, |document| document.add_node("web", &node("b", 2)));
    let stanza = "\nnode:\n    name = b\n    cluster = web\n    number = 2\n    ip_address = 10.0.1.2\n    ip_port = 7777\n";
    assert_eq!(added, FILE.replace("# end of a\n", &format!("# end of a\n{stanza}")).replace("node_count = 9", "node_count = 2"));
    assert_eq!(edited(&added, |document| document.remove_node("web", "b")), FILE.replace("= 9", "= 1"));
}

#[test]
fn a_region_is_added_after_the_cluster_it_belongs_to() {
    let added = edited(FILE, |document| document.add_region("web", "AB"));
    assert_eq!(added, FILE.replace("# end of a\n", "# end of a\n\nheartbeat:\n    cluster = web\n    region = AB\n"));
    assert_eq!(edited(&added, |document| document.remove_region("web", "AB")), FILE);
}

#[test]
fn a_value_is_set_in_its_place() {
    assert_eq!(edited(FILE, |document| document.set_mode("web", HeartbeatMode::Local)), FILE);
    assert_eq!(edited(FILE, |document| document.set_mode("web", HeartbeatMode::Global)), FILE.replace("LOCAL", "global"));
    assert_eq!(edited(FILE, |document| document.set_node_count("web", 1)), FILE.replace('9', "1"));
    let without = "cluster:\n name=web\n node_count =\n";
    assert_eq!(edited(without, |document| document.set_node_count("web", 1)), "cluster:\n name=web\n node_count = 1\n");
    let added = edited(without, |document| document.set_mode("web", HeartbeatMode::Global));
    assert_eq!(added, "cluster:\n name=web\n node_count =\n heartbeat_mode = global\n");
    // The last of several counts; a continued value goes as a whole.
    let twice = "cluster:\n\tname = web\n\tnode_count = 1\n\tnode_count = 1\\\n";
    assert_eq!(edited(twice, |document| document.set_node_count("web", 2)), "cluster:\n\tname = web\n\tnode_count = 1\n\tnode_count = 2");
}

#[test]
fn a_cluster_goes_with_all_that_is_its_own() {
    let two = edited(FILE, |document| document.add_cluster("x").and_then(|()| document.add_node("x", &node("a", 1))));
    assert_eq!(edited(&two, |document| document.remove_cluster("x")), FILE);
    let left = edited(&two, |document| document.remove_cluster("web"));
    assert!(left.starts_with("# clusters\n\n# first\n# end of a\n\nother:\n    x = y\n\ncluster:\n"), "{left}");
}

#[test]
fn a_new_file_is_as_ocfs2_tools_write_it() {
    let new = edited("", |document| document.add_cluster("c"));
    assert_eq!(new, "cluster:\n\tname = c\n\theartbeat_mode = local\n\tnode_count = 0\n\n");
    assert_eq!(edited(&new, |document| document.remove_cluster("c")), "");
    // A value that ends in a backslash and the file's last newline must not take what is added for its next line.
    let text = "cluster:\n\tname = c\n\tnode_count = 0\n\tx = y\\\n";
    let added = edited(text, |document| document.add_cluster("d"));
    assert!(added.starts_with(&format!("{text}\n\ncluster:\n\tname = d\n")), "{added:?}");
    let set = edited(text, |document| document.set_mode("c", HeartbeatMode::Global));
    assert_eq!(set, format!("{text}\n\theartbeat_mode = global\n"));
    assert_eq!(Document::parse(set.as_bytes()).config().map(|config| config.clusters[0].mode), Ok(HeartbeatMode::Global));
    // A backslash at the file's end says nothing, and must not join lines.
    for (open, closed) in [("\\", "\n"), ("\\\\", "\\ \n")] {
        let text = format!("cluster:\n\tname = c\n\tnode_count = 0\n\tx = y{open}");
        let added = edited(&text, |document| document.add_cluster("d"));
        assert!(added.starts_with(&format!("{}{closed}\ncluster:\n", text.trim_end_matches('\\'))), "{added:?}");
        let set = edited(&text, |document| document.set_mode("c", HeartbeatMode::Global));
        assert_eq!(set, format!("{}{closed}\theartbeat_mode = global\n", text.trim_end_matches('\\')));
    }
    // Without last newline; without blank lines; before a NUL byte.
    let open = "cluster:\n\tname = c\n\tnode_count = 0";
    assert!(edited(open, |document| document.add_cluster("d")).starts_with(&format!("{open}\n\ncluster:\n\tname = d\n")));
    let dense = "cluster:\n name=a\n node_count=0\ncluster:\n name=b\n node_count=0\n";
    assert_eq!(
        edited(dense, |document| document.add_cluster("c")),
        format!("{dense}cluster:\n name=c\n node_count=0\n heartbeat_mode=local\n")
    );
    let nul = edited("# x\0y", |document| document.add_cluster("c"));
    assert!(nul.starts_with("# x\n\ncluster:\n") && nul.ends_with("\n\0y"), "{nul:?}");
}

#[test]
fn what_cannot_be_done_is_told() {
    let mut document = Document::parse(FILE.as_bytes());
    let text = |name: &str| name.to_owned();
    assert_eq!(document.add_cluster("web"), Err(EditError::ClusterExists(text("web"))));
    assert_eq!(document.remove_cluster("x"), Err(EditError::UnknownCluster(text("x"))));
    assert_eq!(document.add_node("x", &node("a", 1)), Err(EditError::UnknownCluster(text("x"))));
    assert_eq!(document.add_node("web", &node("a", 1)), Err(EditError::NodeExists(text("a"))));
    assert_eq!(document.remove_node("web", "z"), Err(EditError::UnknownNode(text("z"))));
    assert_eq!(document.remove_region("web", "z"), Err(EditError::UnknownRegion(text("z"))));
    for name in ["a\nb", " a", "a ", "a\\", "a\0b", "\ta"] {
        assert_eq!(document.add_node("web", &node(name, 1)), Err(EditError::CannotBeWritten(text(name))));
    }
    assert_eq!(document.to_bytes(), FILE.as_bytes());
    assert_eq!(Document::parse(b"cluster :\n").add_cluster("a"), Err(EditError::NotUnderstood));
}

#[test]
fn facts_of_a_host_are_compared() {
    let text = "cluster:\n\tname = web\n\tnode_count = 1\n\theartbeat_mode = global\n\nnode:\n\tcluster = web\n\tname = n1\n\tnumber = 1\n\tip_address = 10.0.0.1\n\tip_port = 7777\n\nheartbeat:\n\tcluster = web\n\tregion = 77D95EF51C0149D2823674FCC162CF8B\n";
    let document = Document::parse(text.as_bytes());
    let told = |host: &Host| {
        let problems = document.problems(Some(host)).into_iter().filter(|problem| problem.rule != rules::FEW_REGIONS);
        problems.map(|problem| (problem.rule, problem.line)).collect::<Vec<_>>()
    };
    assert_eq!(told(&Host::default()), []);
    let other = Host { name: Some("n2".to_owned()), addresses: Some(vec![]), volumes: Some(vec![]), cluster: None };
    assert_eq!(told(&other), [(rules::NOT_THIS_HOST, 1), (rules::REGION_NOT_HERE, 15)]);
    let here = Host { name: Some("N1.example".to_owned()), ..other.clone() };
    assert_eq!(told(&here), [(rules::ADDRESS_NOT_HERE, 10), (rules::REGION_NOT_HERE, 15)]);
    let right = Host {
        addresses: Some(vec![Ipv4Addr::new(10, 0, 0, 1)]),
        volumes: Some(vec!["77D95EF51C0149D2823674FCC162CF8B".to_owned()]),
        ..here
    };
    assert_eq!(told(&right), []);
    // A cluster that another one on this host is not.
    let two = Document::parse(format!("{text}\ncluster:\n\tname = b\n\tnode_count = 1\n\nnode:\n\tcluster = b\n\tname = z\n\tnumber = 1\n\tip_address = 10.0.0.1\n\tip_port = 7777\n").as_bytes());
    let not_here = |host: &Host| two.problems(Some(host)).iter().filter(|problem| problem.rule == rules::NOT_THIS_HOST).count();
    assert_eq!(not_here(&right), 0);
    assert_eq!(not_here(&Host { cluster: Some("b".to_owned()), ..right }), 1);
}

#[test]
fn the_usual_form_keeps_comments_with_what_they_stand_before() {
    let usual = String::from_utf8(Document::parse(FILE.as_bytes()).canonical().unwrap()).unwrap();
    assert_eq!(
        usual,
        "# clusters\n\ncluster:\n\tname = web\n\theartbeat_mode = LOCAL\n\tnode_count = 9\n\tcolour = red\n\n# first\nnode:\n\tcluster = web\n\tnumber = 1\n\tip_port = 7777\n\tip_address = 10.0.0.1\n\tname = a\n# end of a\n\nother:\n\tx = y\n\n"
    );
    assert_eq!(Document::parse(b"\tx\n").canonical(), Err(EditError::NotUnderstood));
    assert_eq!(Document::parse(b"# x").canonical().unwrap(), b"# x\n");
}

/// Lines that files are made of.
fn line() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "cluster:\n",
        "node:\n",
        "heartbeat: \n",
        "x:\n",
        "\n",
        " \t\n",
        "# c\n",
        "#\n",
        "\tname = a\n",
        "\tname = b\n",
        " name=c \n",
        "\tcluster = a\n",
        "\tcluster = b\n",
        "\tnumber = 1\n",
        "\tnumber = 02\n",
        "\tnode_count = 1\n",
        "\tip_address = 10.0.0.1\n",
        "\tip_port = 7777\n",
        "\tregion = AB\n",
        "\tregion = A\\\nB\n",
        "\theartbeat_mode = global\n",
        "\tx =\n",
        "\ty = z\\",
        "\tz = \\ \n",
        "\0",
    ])
}

/// A file that is understood: attributes only in stanzas.
fn file() -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), proptest::collection::vec(line(), 0..40)).prop_map(|(sound, lines)| {
        let mut open = sound;
        let mut text = String::from(if sound { "cluster:\n\tname = a\n\tnode_count = 1\n" } else { "" });
        for line in lines {
            let attribute = line.contains('=');
            if attribute && !open {
                continue;
            }
            open = attribute || line.contains(':') || (open && line.starts_with('#'));
            text.push_str(line);
        }
        text.into_bytes()
    })
}

proptest! {
    #[test]
    fn every_text_round_trips(text: Vec<u8>) {
        prop_assert_eq!(Document::parse(&text).to_bytes(), text);
    }

    #[test]
    fn the_usual_form_means_the_same_and_is_usual(text in file()) {
        let document = Document::parse(&text);
        prop_assume!(document.is_understood());
        let usual = document.canonical().unwrap();
        let again = Document::parse(&usual);
        prop_assert!(again.is_understood());
        let shown = String::from_utf8_lossy(&usual).into_owned();
        prop_assert_eq!(String::from_utf8_lossy(&again.canonical().unwrap()).into_owned(), shown);
        let sorted = |document: &Document| document.config().map(|mut config| {
            config.clusters.iter_mut().for_each(|cluster| cluster.nodes.sort_by_key(|node| node.number));
            config
        });
        prop_assert_eq!(sorted(&document).ok(), sorted(&again).ok());
        let comments = |text: &[u8]| text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"#")).count();
        prop_assert_eq!(comments(&text), comments(&usual));
    }

    #[test]
    fn what_is_added_and_removed_leaves_the_rest(text in file(), number in 0u8..255) {
        let document = Document::parse(&text);
        prop_assume!(document.is_understood());
        let (before, _) = document.judge(None);
        let Some(cluster) = before.clusters.first().map(|cluster| cluster.name.clone()) else { return Ok(()) };
        let mut changed = document.clone();
        changed.add_node(&cluster, &node("new", number)).unwrap();
        changed.add_region(&cluster, "NEW").unwrap();
        changed.add_cluster("other").unwrap();
        prop_assert!(changed.is_understood(), "{}", String::from_utf8_lossy(&changed.to_bytes()));
        // Every line is still there, in its order, but for the count of nodes.
        let added = changed.to_bytes();
        let mut lines = added.split(|byte| *byte == b'\n');
        // A backslash at the file's end says nothing and goes.
        let (read, unread) = text.split_at(text.iter().position(|byte| *byte == 0).unwrap_or(text.len()));
        prop_assert!(added.ends_with(unread));
        let text = read.strip_suffix(b"\\").unwrap_or(read);
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"\tnode_count")) {
            let kept = lines.any(|other| other == line);
            prop_assert!(kept, "{:?} in {}", String::from_utf8_lossy(line), String::from_utf8_lossy(&added));
        }
        let (after, _) = changed.judge(None);
        let found = after.clusters.iter().find(|known| known.name == cluster).unwrap();
        prop_assert!(found.regions.contains(&"NEW".to_owned()));
        changed.remove_node(&cluster, "new").unwrap();
        changed.remove_region(&cluster, "NEW").unwrap();
        changed.remove_cluster("other").unwrap();
        let (mut restored, _) = changed.judge(None);
        for (cluster, old) in restored.clusters.iter_mut().zip(&before.clusters) {
            cluster.node_count = old.node_count;
        }
        prop_assert_eq!(restored, before);
    }
}
