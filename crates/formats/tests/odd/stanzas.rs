//! Odd stanzas, and odd files as a whole.

use super::Odd;
use formats::cluster_conf::rules;
use formats::config_problem::Rule;

const CLUSTER: &str = "cluster:\n\tname = c\n\tnode_count = 0\n\n";

pub(super) fn stanzas(base: &str, text: &str, files: &mut Vec<Odd>) {
    let lines: Vec<&str> = text.split('\n').collect();
    let headers: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].ends_with(':')).collect();
    for &header in &headers {
        let end = (header + 1..lines.len()).find(|&index| lines[index].is_empty() || lines[index].ends_with(':')).unwrap_or(lines.len());
        let stanza: Vec<&str> = lines[header..end].iter().filter(|line| !line.starts_with('#')).copied().collect();
        let kind = stanza[0].trim_end_matches(':');
        let line_of = |name: &str| lines.len() + 2 + stanza.iter().position(|line| line.trim().starts_with(name)).unwrap_or(0);
        let expected: Vec<(Rule, usize)> = match kind {
            "cluster" => vec![(rules::DUPLICATE_CLUSTER, line_of("name"))],
            "node" => vec![
                (rules::DUPLICATE_NODE, line_of("name")),
                (rules::DUPLICATE_NUMBER, line_of("number")),
                (rules::DUPLICATE_ADDRESS, line_of("ip_address")),
            ],
            _ => vec![(rules::DUPLICATE_REGION, line_of("region"))],
        };
        let twice = format!("{text}\n\n{}\n", stanza.join("\n"));
        files.push(Odd::new(format!("the stanza of line {} twice, {base}", header + 1), twice, &expected));
        for (what, instead, rule) in [
            ("capital", kind.to_uppercase(), rules::UNKNOWN_STANZA),
            ("other name", format!("{kind}s"), rules::UNKNOWN_STANZA),
            ("digits for a name", "1".to_owned(), rules::UNKNOWN_STANZA),
        ] {
            let mut odd: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            odd[header] = format!("{instead}:");
            files.push(Odd::new(format!("{what}, line {} of the file {base}", header + 1), odd.join("\n"), &[(rule, header + 1)]));
        }
    }
    for cut in 1..text.len() {
        if text.is_char_boundary(cut) && text.as_bytes()[cut] == b'=' {
            // The rest is not there: the name has no equals sign.
            let line = text[..cut].matches('\n').count() + 1;
            files.push(Odd::new(format!("cut after {cut} bytes, {base}"), &text[..cut], &[(rules::NO_EQUALS, line)]));
            let nul = format!("{}\0{}", &text[..cut], &text[cut..]);
            files.push(Odd::new(format!("NUL after {cut} bytes, {base}"), nul, &[(rules::NO_EQUALS, line), (rules::NUL_BYTE, line)]));
        }
    }
}

/// A node that breaks no rule with others whose number differs.
fn node(cluster: &str, number: usize) -> String {
    format!(
        "node:\n\tcluster = {cluster}\n\tname = n{number}\n\tnumber = {number}\n\tip_address = 10.0.{}.{}\n\tip_port = 7777\n\n",
        number / 256,
        number % 256
    )
}

fn region(number: usize) -> String {
    format!("heartbeat:\n\tcluster = c\n\tregion = {number:032X}\n\n")
}

pub(super) fn whole_files(files: &mut Vec<Odd>) {
    let mut add = |name: &str, text: Vec<u8>, expected: &[(Rule, usize)]| files.push(Odd::new(name.to_owned(), text, expected));
    add("empty", Vec::new(), &[]);
    add("a newline", b"\n".to_vec(), &[]);
    add("blanks", b" \t \n\n ".to_vec(), &[]);
    add("a comment without newline", b"# x".to_vec(), &[]);
    add("a NUL byte", b"\0cluster: x".to_vec(), &[(rules::NUL_BYTE, 1)]);
    add("a cluster alone", CLUSTER.into(), &[(rules::NO_NODES, 1)]);
    add("a header alone", b"cluster:".to_vec(), &[(rules::MISSING_ATTRIBUTE, 1)]);
    add("two headers", b"cluster:\ncluster:\n\tname = c\n\tnode_count = 0\n".to_vec(), &[(rules::MISSING_ATTRIBUTE, 1)]);
    add("an attribute alone", b"\tname = c\n".to_vec(), &[(rules::OUTSIDE_STANZA, 1)]);
    add("two runs of attributes", b"\ta = c\n\tb = c\n\n\ta = c\n".to_vec(), &[(rules::OUTSIDE_STANZA, 1), (rules::OUTSIDE_STANZA, 4)]);
    add("a word", b"cluster".to_vec(), &[(rules::NO_COLON, 1)]);
    add("JSON", b"{\n\"cluster\": 1\n}\n".to_vec(), &[(rules::START_OF_LINE, 1), (rules::START_OF_LINE, 2), (rules::START_OF_LINE, 3)]);
    add("a backslash at the end", b"cluster:\n\tnode_count = 0\n\tname = c\\".to_vec(), &[(rules::NO_NODES, 1)]);
    add("a backslash in a name", b"cluster:\n\tnode_count = 0\n\tname = c\\x\n".to_vec(), &[(rules::CLUSTER_NAME, 3)]);
    add("a name that starts with a newline", b"cluster:\n\tnode_count = 0\n\tname = \\\nc\n".to_vec(), &[(rules::CLUSTER_NAME, 3)]);
    let swallowed = b"cluster:\n\tnode_count = 0\n\tx = c\\\\\n\tname = c\n".to_vec();
    add("two backslashes join lines too", swallowed, &[(rules::MISSING_ATTRIBUTE, 1), (rules::UNKNOWN_ATTRIBUTE, 3)]);
    add("a long name", [&b"x".repeat(5000)[..], b":\n", CLUSTER.as_bytes()].concat(), &[(rules::UNKNOWN_STANZA, 1)]);
    add(
        "bytes that are no text",
        b"#\xff\xfe\n\ncluster:\n\tname = c\n\tnode_count = 0\n\tx = \xff\n".to_vec(),
        &[(rules::UNKNOWN_ATTRIBUTE, 6)],
    );
    let name = [CLUSTER.as_bytes(), node("c", 1).replace("n1", "@").as_bytes()].concat();
    let name: Vec<u8> = name.into_iter().map(|byte| if byte == b'@' { 0xff } else { byte }).collect();
    add("a node's name that is no text", name, &[(rules::NODE_NAME_TEXT, 7)]);
    let beyond = 4 + 255 * 7 + 1;
    for (count, errors) in [(255, vec![]), (256, vec![(rules::TOO_MANY_NODES, beyond), (rules::NODE_NUMBER, beyond + 3)])] {
        let nodes: String = (0..count).map(|number| node("c", number)).collect();
        let text = format!("cluster:\n\tname = c\n\tnode_count = {count}\n\n{nodes}");
        add(&format!("{count} nodes"), text.into(), &errors);
    }
    for (mode, count, expected) in [
        ("global", 32, vec![]),
        ("global", 33, vec![(rules::TOO_MANY_REGIONS, 5 + 32 * 4 + 1)]),
        ("local", 33, vec![]),
        ("global", 0, vec![(rules::FEW_REGIONS, 1)]),
        ("global", 1, vec![(rules::FEW_REGIONS, 1)]),
        ("global", 2, vec![(rules::FEW_REGIONS, 1)]),
    ] {
        let regions: String = (0..count).map(region).collect();
        let text = format!("cluster:\n\tname = c\n\tnode_count = 0\n\theartbeat_mode = {mode}\n\n{regions}");
        add(&format!("{count} regions in {mode} mode"), text.into(), &expected);
    }
    let pair = |second: String| format!("cluster:\n\tname = c\n\tnode_count = 2\n\n{}{second}", node("c", 1)).into_bytes();
    add("one number twice", pair(node("c", 2).replace("number = 2", "number = 1")), &[(rules::DUPLICATE_NUMBER, 15)]);
    add("one number in two ways", pair(node("c", 2).replace("number = 2", "number = 01")), &[(rules::DUPLICATE_NUMBER, 15)]);
    add("one address twice", pair(node("c", 2).replace("10.0.0.2", "10.0.0.1")), &[(rules::DUPLICATE_ADDRESS, 16)]);
    add("one name twice", pair(node("c", 2).replace("n2", "n1")), &[(rules::DUPLICATE_NODE, 14)]);
    add("one name in two cases", pair(node("c", 2).replace("n2", "N1")), &[(rules::SAME_HOST, 14)]);
}
