//! Odd `cluster.conf` files: every rule at every place where it can be broken.

mod stanzas;
mod values;

use formats::cluster_conf::rules;
use formats::config_problem::Rule;

/// A file and what is expected of it.
pub struct Odd {
    /// What was done to which file.
    pub name: String,
    /// Its text.
    pub text: Vec<u8>,
    /// All errors that it has, by rule and line; none: it is valid.
    pub errors: Vec<(Rule, u32)>,
    /// Warnings that it has among others.
    pub warnings: Vec<(Rule, u32)>,
}

impl Odd {
    fn new(name: String, text: impl Into<Vec<u8>>, expected: &[(Rule, usize)]) -> Odd {
        let (errors, warnings) = expected.iter().map(|&(rule, line)| (rule, line as u32)).partition(|(rule, _)| rule.refuser.is_some());
        Odd { name, text: text.into(), errors, warnings }
    }
}

/// Valid files of different styles, without any warning.
pub const BASES: [(&str, &str); 4] = [
    (
        "as ocfs2-tools write it",
        "cluster:\n\tname = web\n\theartbeat_mode = local\n\tnode_count = 2\n\nnode:\n\tcluster = web\n\tnumber = 0\n\tip_port = 7777\n\tip_address = 10.0.0.1\n\tname = n1\n\nnode:\n\tcluster = web\n\tnumber = 1\n\tip_port = 7777\n\tip_address = 10.0.0.2\n\tname = n2\n\n",
    ),
    (
        "global, by hand, with comments",
        "# the web cluster\n\nnode:\n    name = node1.example\n    number = 7\n# interconnect\n    ip_address = 192.168.0.107\n    ip_port = 7777\n    cluster = web\n\nheartbeat:\n    region = 77D95EF51C0149D2823674FCC162CF8B\n    cluster = web\nheartbeat:\n    region = DCDA2845177F4D59A0F2DCD8DE507CC3\n    cluster = web\nheartbeat:\n    region = BBA1DBD0F73F449384CE75197D9B7098\n    cluster = web\n\n# all of it\ncluster:\n    heartbeat_mode = global\n    name = web\n    node_count = 1\n",
    ),
    (
        "without blank lines, blanks or last newline",
        "cluster:\n node_count=1\n name=c\nnode:\n ip_port=65534\n ip_address=255.255.255.254\n number=254\n name=a\n cluster=c",
    ),
    (
        "two clusters",
        "cluster:\n\tname = a\n\tnode_count = 1\n\ncluster:\n\tname = B\n\theartbeat_mode = LOCAL\n\tnode_count = 1\n \t\nnode:\n\tname = x\n\tnumber = 1\n\tip_address = 10.0.0.1\n\tip_port = 1\n\tcluster = a\n\nnode:\n\tname = x\n\tnumber = 1\n\tip_address = 10.0.0.1\n\tip_port = 1\n\tcluster = B\n",
    ),
];

/// All odd files.
pub fn files() -> Vec<Odd> {
    let mut files = Vec::new();
    for (base, text) in BASES {
        files.push(Odd::new(base.to_owned(), text, &[]));
        lines(base, text, &mut files);
        values::values(base, text, &mut files);
        stanzas::stanzas(base, text, &mut files);
    }
    stanzas::whole_files(&mut files);
    files
}

/// A line of a file.
#[derive(Clone, Copy)]
struct At<'a> {
    base: &'a str,
    lines: &'a [&'a str],
    index: usize,
}

impl At<'_> {
    fn line(self) -> &'static str {
        // Lines of constants.
        Box::leak(self.lines[self.index].to_owned().into_boxed_str())
    }

    /// The file with other lines instead of this one.
    fn with(self, instead: &[&str]) -> String {
        [&self.lines[..self.index], instead, &self.lines[self.index + 1..]].concat().join("\n")
    }

    /// An odd file with `instead` of this line, whose problems lie `expected` lines after it.
    fn odd(self, name: &str, instead: &[&str], expected: &[(Rule, usize)]) -> Odd {
        let expected: Vec<(Rule, usize)> = expected.iter().map(|&(rule, after)| (rule, self.index + 1 + after)).collect();
        Odd::new(format!("{name}, line {} of the file {}", self.index + 1, self.base), self.with(instead), &expected)
    }

    /// The line, from 1, of the header of this line's stanza.
    fn header(self) -> usize {
        self.lines[..=self.index].iter().rposition(|line| line.ends_with(':') && !line.starts_with('#')).expect("a stanza") + 1
    }

    fn stanza(self) -> &'static str {
        Box::leak(self.lines[self.header() - 1].trim_end_matches(':').to_owned().into_boxed_str())
    }
}

fn places<'a>(base: &'a str, lines: &'a [&'a str]) -> impl Iterator<Item = At<'a>> {
    (0..lines.len()).map(move |index| At { base, lines, index })
}

fn lines(base: &str, text: &str, files: &mut Vec<Odd>) {
    let all: Vec<&str> = text.split('\n').collect();
    for at in places(base, &all) {
        let line = at.line();
        if line.starts_with([' ', '\t']) && line.contains('=') {
            attribute_line(at, line, files);
        } else if line.ends_with(':') {
            header_line(at, line, files);
        } else {
            other_line(at, line, files);
        }
    }
    files.push(Odd::new(format!("byte order mark, {base}"), format!("\u{feff}{text}"), &[(rules::BYTE_ORDER_MARK, 1)]));
    let crlf = text.replace('\n', "\r\n");
    let first = all.iter().position(|line| line.is_empty() || line.trim_end() != *line || line.ends_with(':')).unwrap_or(0) + 1;
    files.push(Odd::new(format!("CRLF, {base}"), crlf, &[(rules::CARRIAGE_RETURN, first)]));
}

fn header_line(at: At<'_>, line: &str, files: &mut Vec<Odd>) {
    let name = line.trim_end_matches(':');
    for (what, instead, rule) in [
        ("no colon", name.to_owned(), rules::NO_COLON),
        ("other character", format!("{name};"), rules::NO_COLON),
        ("dash in the name", format!("x-{name}:"), rules::NO_COLON),
        ("blank before the colon", format!("{name} :"), rules::BLANK_BEFORE_COLON),
        ("tab before the colon", format!("{name}\t:"), rules::BLANK_BEFORE_COLON),
        ("text after the colon", format!("{name}: x"), rules::TEXT_AFTER_COLON),
        ("comment after the colon", format!("{name}: # x"), rules::TEXT_AFTER_COLON),
        ("two colons", format!("{name}::"), rules::TEXT_AFTER_COLON),
        ("carriage return", format!("{name}:\r"), rules::CARRIAGE_RETURN),
        ("indented header", format!("\t{name}:"), rules::INDENTED_HEADER),
        ("indented header and blank", format!(" {name} :"), rules::INDENTED_HEADER),
        ("bracket", format!("[{name}]"), rules::START_OF_LINE),
        ("high byte", format!("é{name}:"), rules::START_OF_LINE),
        ("form feed", format!("\x0c{name}:"), rules::START_OF_LINE),
        ("equals", format!("{name} = x"), rules::NOT_INDENTED),
    ] {
        files.push(at.odd(what, &[&instead], &[(rule, 0)]));
    }
    for (what, instead) in [("blanks after the colon", format!("{line} \t ")), ("comment before", format!("#\n{line}"))] {
        files.push(at.odd(what, &[&instead], &[]));
    }
    files.push(at.odd("comment after the header", &[line, "#x"], &[]));
    files.push(at.odd("blank after the header", &[line, ""], &[(rules::OUTSIDE_STANZA, 2)]));
}

fn attribute_line(at: At<'_>, line: &str, files: &mut Vec<Odd>) {
    let trimmed = line.trim_start();
    let name = trimmed.split([' ', '=']).next().expect("a name");
    for (what, instead, rule) in [
        ("first column", trimmed.to_owned(), rules::NOT_INDENTED),
        ("no equals", line.replace('=', ""), rules::NO_EQUALS),
        ("colon for equals", line.replace('=', ":"), rules::INDENTED_HEADER),
        ("dash in the name", line.replacen(name, &format!("{name}-x"), 1), rules::ATTRIBUTE_NAME),
        ("no name", line.replacen(name, "", 1), rules::ATTRIBUTE_NAME),
        ("high byte in the name", line.replacen(name, &format!("{name}é"), 1), rules::ATTRIBUTE_NAME),
        ("name only", format!("\t{name}"), rules::NO_EQUALS),
        ("name and carriage return", format!("\t{name}\r"), rules::NO_EQUALS),
    ] {
        if what == "no equals" && !line.contains(" = ") {
            continue;
        }
        files.push(at.odd(what, &[&instead], &[(rule, 0)]));
    }
    files.push(at.odd("indented comment before", &["\t# x", line], &[(rules::INDENTED_COMMENT, 0)]));
    files.push(at.odd("blank line before", &["", line], &[(rules::OUTSIDE_STANZA, 1)]));
    files.push(at.odd("line of blanks before", &[" \t", line], &[(rules::OUTSIDE_STANZA, 1)]));
    files.push(at.odd("junk before", &["\t-", line], &[(rules::ATTRIBUTE_NAME, 0)]));
    files.push(at.odd("carriage return before", &["\r", line], &[(rules::CARRIAGE_RETURN, 0)]));
    files.push(at.odd("comment before", &["# x", line], &[]));
    files.push(at.odd("unknown attribute before", &["\tx = y", line], &[(rules::UNKNOWN_ATTRIBUTE, 0)]));
    files.push(at.odd("given twice", &[line, line], &[(rules::REPEATED_ATTRIBUTE, 0)]));
    let capital = line.replacen(name, &name.to_uppercase(), 1);
    files.push(at.odd("in capitals too", &[&capital, line], &[(rules::UNKNOWN_ATTRIBUTE, 0)]));
    for (what, end) in
        [("blank", " "), ("tabs", "\t\t"), ("carriage return", "\r"), ("form feed", "\x0c"), ("continued by nothing", "\\\n")]
    {
        files.push(at.odd(&format!("{what} at the end"), &[&format!("{line}{end}")], &[]));
    }
    files.push(at.odd("blanks around", &[&format!(" \t {}", trimmed.replacen('=', "\t =\t ", 1))], &[]));
}

fn other_line(at: At<'_>, line: &str, files: &mut Vec<Odd>) {
    for (what, added, rule) in [
        ("indented comment", "  # x", rules::INDENTED_COMMENT),
        ("stray word", "web", rules::NO_COLON),
        ("stray dash", "--", rules::START_OF_LINE),
        ("stray brace", "}", rules::START_OF_LINE),
        ("stray carriage return", "\r", rules::CARRIAGE_RETURN),
        ("carriage return after blanks", " \t\r", rules::CARRIAGE_RETURN),
        ("stray equals", " = x", rules::ATTRIBUTE_NAME),
    ] {
        files.push(at.odd(what, &[added, line], &[(rule, 0)]));
    }
    files.push(at.odd("comment", &["#\t\u{fffd}\\", line], &[]));
}
